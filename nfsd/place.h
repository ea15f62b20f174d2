/*
 * place.h - places for connections: so many in all, and for each who comes.
 *
 * Own are connections of root (the kernel's client) and of the server's own
 * user, who may take all places.  Guests are everyone else: one of them (a
 * user, or an address) has a quarter of the places at most, and all of them
 * together leave a quarter free.  So no guest keeps another out, and all guests
 * together not the owner.
 *
 * Threads: any.
 */
#ifndef NFSD_PLACE_H
#define NFSD_PLACE_H

#include <stdbool.h>
#include <stdint.h>

struct gate_peer;
struct place_table;

struct place_table *place_table_new(unsigned max);	/* NULL: no memory */
void place_table_free(struct place_table *t);		/* NULL is ignored */

/* A place for p; it is given back once.  false: there is none. */
bool place_take(struct place_table *t, const struct gate_peer *p);
void place_give(struct place_table *t, const struct gate_peer *p);

#endif /* NFSD_PLACE_H */
