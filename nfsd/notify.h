/*
 * notify.h - tell systemd, or whoever started us, how we are: sd_notify(3).
 *
 * A datagram of lines NAME=VALUE to the socket that NOTIFY_SOCKET names.
 * libsystemd would do it in one call, but would be one more library of which
 * we use nothing else, and for a sandbox the socket has to be there before.
 *
 * Threads: any; a datagram is sent whole.
 */
#ifndef NFSD_NOTIFY_H
#define NFSD_NOTIFY_H

/*
 * Connect to NOTIFY_SOCKET, which our children do not inherit then: -1 if there
 * is none, or it cannot be reached (logged).
 */
int notify_open(void);
void notify_close(int fd);		/* -1 is ignored */

/* Lines; nothing happens if fd is -1 or nobody listens.  Does not wait. */
void notify_say(int fd, const char *lines);

/* How often WATCHDOG=1 is wanted, in ms: half of WATCHDOG_USEC; 0: never. */
unsigned notify_watchdog_ms(void);

#endif /* NFSD_NOTIFY_H */
