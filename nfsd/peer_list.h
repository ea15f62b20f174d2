/*
 * peer_list.h - all TCP sockets of the host, as FreeBSD and macOS list them for
 * sysctl(3): inside of nfsd/peer_freebsd.c and peer_darwin.c.
 */
#ifndef NFSD_PEER_LIST_H
#define NFSD_PEER_LIST_H

#include <stddef.h>

struct peer_finder;

/*
 * The list called name, which the finder keeps until it is asked again; *len is
 * 0 if it cannot be had.
 */
const char *peer_list_read(struct peer_finder *f, const char *name,
    size_t *len);

#endif /* NFSD_PEER_LIST_H */
