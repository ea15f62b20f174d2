/*
 * control_peer.h - who is at the other end of a local socket.
 */
#ifndef NFSD_CONTROL_PEER_H
#define NFSD_CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/* Its uid when it connected, or began to listen; false: not known. */
bool control_peer_uid(int fd, uid_t *uid);

/* Is it this user, or root? */
bool control_peer_ok(int fd);

#endif /* NFSD_CONTROL_PEER_H */
