/*
 * verifier.h - the write verifier (RFC 1813 3.3.7, writeverf3).
 *
 * Eight random bytes, new with every start of the server, and changed when
 * unstable data may have been lost while it runs.  A client that sees another
 * verifier at COMMIT than at WRITE sends its data again.  Any thread.
 */
#ifndef NFSD_VERIFIER_H
#define NFSD_VERIFIER_H

#include <stdint.h>

#include "xdr/nfs3.h"

struct server;

void verifier_change(struct server *s);
void verifier_get(struct server *s, uint8_t verf[NFS3_VERFSIZE]);

#endif /* NFSD_VERIFIER_H */
