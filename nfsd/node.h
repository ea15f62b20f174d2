/*
 * node.h - where files and symlinks were seen last.
 *
 * A bounded table from (export, inode) to a place on disk, so that a handle
 * is resolved by one stat.  It is a cache and nothing else: what falls out is
 * found again by looking through the directory that the handle names, and then
 * through the vault (obj.c).  Directories need no node: their handle says all.
 *
 * A node also remembers which directory stands in the object's handles.  That
 * stays as it is when the object moves, so that a client which holds a
 * handle is given the same bytes again.
 *
 * Threads: any; one lock, held for a hash look-up and a copy.
 */
#ifndef NFSD_NODE_H
#define NFSD_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/handle.h"
#include "vault/dir.h"

struct export;
struct node_table;

#define NODE_MAX	65536u	/* about 14 MiB when full */

struct node_table *node_table_new(size_t max_nodes);	/* NULL: no memory */
void node_table_free(struct node_table *t);		/* NULL is ignored */

/*
 * The object with these attributes is at loc in the directory parent.  hd goes
 * in as what its handle would name if it is seen for the first time, and comes
 * out as what its handle does name.
 */
void node_learn(struct node_table *t, const struct export *x,
    struct dir *parent, const struct vloc *loc, const struct vattr *a,
    struct handle_dir *hd);

/* True: *loc is where it was seen last, *parent a reference. */
bool node_find(struct node_table *t, const struct export *x, uint64_t fileid,
    uint32_t gen, struct vloc *loc, struct dir **parent);

/* This one is gone; another one that has its inode by now stays. */
void node_forget(struct node_table *t, const struct export *x,
    uint64_t fileid, uint32_t gen);

size_t node_count(struct node_table *t);

/* Forget all of them. */
void node_clear(struct node_table *t);

#endif /* NFSD_NODE_H */
