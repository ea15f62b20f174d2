/*
 * dir_told.c - what the index of searches (dir_search.c) is told of our own
 * changes, and of what is met without a search.
 */
#include "config.h"

#include "vault/dir_index.h"
#include "vault/vault_int.h"

void
dir_search_moved(struct vault *v, uint64_t fileid, const struct dir *to)
{
	uint32_t i;

	lock_take(&v->search_lock);
	if (v->index_whole) {
		i = index_add_dir(v->index, to->hash, to->id, to->id_len,
		    INDEX_NONE);
		v->index_whole = i != INDEX_NONE &&
		    index_add_file(v->index, fileid, i);
	}
	lock_drop(&v->search_lock);
}

void
dir_search_parent(const struct dir *d, const struct dir *parent)
{
	struct vault *v = d->v;
	uint32_t up;

	lock_take(&v->search_lock);
	if (v->index != NULL || (v->index = index_new()) != NULL) {
		up = index_add_dir(v->index, parent->hash, parent->id,
		    parent->id_len, INDEX_NONE);
		if (up != INDEX_NONE)
			(void)index_add_dir(v->index, d->hash, d->id,
			    d->id_len, up);
	}
	lock_drop(&v->search_lock);
}

void
dir_search_gone(const struct dir *d)
{
	struct vault *v = d->v;

	lock_take(&v->search_lock);
	if (v->index != NULL)
		index_forget_dir(v->index, d->hash);
	lock_drop(&v->search_lock);
}
