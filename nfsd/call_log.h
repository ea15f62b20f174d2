/*
 * call_log.h - calls that fail, in the log at --log-level debug.
 */
#ifndef NFSD_CALL_LOG_H
#define NFSD_CALL_LOG_H

struct request;

/*
 * One line for the call, whose status is an error: procedure, number of the
 * status, uid, and the names in its arguments as log_name() has them.  Its
 * thread.
 */
void call_log(const struct request *rq);

#endif /* NFSD_CALL_LOG_H */
