/*
 * rpcbind.h - tell the host's rpcbind where NFS and MOUNT version 3 are.
 *
 * Only for clients that ask it; a mount that names its ports needs none of
 * this.  A registration made by others is neither replaced nor taken away.
 */
#ifndef NFSD_RPCBIND_H
#define NFSD_RPCBIND_H

#include <stdbool.h>
#include <stdint.h>

struct verr;

/*
 * Register both programs for TCP at this port of 127.0.0.1, or of ::1 if ip6.
 * VERR_EXIST: another server has registered one; VERR_IO: no rpcbind answers,
 * or it lets only root register.  After a failure nothing is registered.
 * Blocks.
 */
int rpcbind_set(uint16_t port, bool ip6, struct verr *e);

/* Take away what rpcbind_set() registered. */
void rpcbind_unset(bool ip6);

#endif /* NFSD_RPCBIND_H */
