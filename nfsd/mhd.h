/*
 * mhd.h - libmicrohttpd in a table of its calls, loaded for who wants metrics.
 *
 * It brings GnuTLS and eleven more libraries, 2.6 MiB of resident memory, which
 * a server without metrics has no use for.
 */
#ifndef NFSD_MHD_H
#define NFSD_MHD_H

#include <microhttpd.h>

struct verr;

#define MHD_CALLS(X)							\
	X(add_connection)						\
	X(add_response_header)						\
	X(create_response_from_buffer)					\
	X(destroy_response)						\
	X(get_daemon_info)						\
	X(get_timeout)							\
	X(is_feature_supported)						\
	X(queue_response)						\
	X(run)								\
	X(start_daemon)							\
	X(stop_daemon)

struct mhd {
#define MHD_MEMBER(call)	__typeof__(MHD_##call) *call;
	MHD_CALLS(MHD_MEMBER)
#undef MHD_MEMBER
};

/*
 * Stays for the life of the process; NULL and VERR_UNSUPPORTED: it is not
 * installed.  Reads files, so before the sandbox.  Threads: one.
 */
const struct mhd *mhd_load(struct verr *e);

#endif /* NFSD_MHD_H */
