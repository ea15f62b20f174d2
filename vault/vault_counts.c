/*
 * vault_counts.c - what a vault keeps in memory, and of what use it was.
 */
#include "config.h"

#include "vault/vault_int.h"

void
vault_counts(struct vault *v, struct vault_counts *c)
{
	struct chunks *cs = &v->chunks;

	lock_take(&cs->lock);
	c->chunk_hits = cs->hits;
	c->chunk_misses = cs->misses;
	c->chunk_bytes = cs->bytes;
	c->dirty_bytes = cs->dirty;
	lock_drop(&cs->lock);

	lock_take(&v->files_lock);
	c->files = v->files.count;
	lock_drop(&v->files_lock);

	lock_take(&v->dirs_lock);
	c->dirs = v->dirs.count;
	lock_drop(&v->dirs_lock);

	c->listing_bytes = atomic_load(&v->list_bytes);
	c->hidden = atomic_load(&v->hidden);
}
