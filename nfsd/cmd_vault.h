/*
 * cmd_vault.h - what commands do with a vault: open it with a password, list
 * a directory in the order of names, walk it without running in circles, read
 * a file to its end.
 */
#ifndef NFSD_CMD_VAULT_H
#define NFSD_CMD_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nfsd/cmd.h"
#include "vault/attr.h"
#include "vault/dir.h"

struct arena;
struct dir;
struct vault;
struct vault_options;
struct verr;

/* Bytes an arena of ours may grow to: as one directory needs, 400 an entry. */
#define CMD_ARENA_MAX	((size_t)1 << 30)

/*
 * Say first whether path is a vault at all, so that nobody types a password
 * for nothing; then get the password and open.  NULL: the line is printed and
 * *rc is the exit.
 */
struct vault *cmd_open(const char *path, const struct pass_source *src,
    bool read_only, enum cmd_exit *rc);

/* The same with a password at hand. */
struct vault *cmd_open_with(const char *path, const struct pass *pass,
    const struct vault_options *o, enum cmd_exit *rc);

/* A warning when entries were left out of listings; then close. */
void cmd_close(struct vault *v);

/* One entry of a listing, to keep: no reference, no arena but the list's. */
struct cmd_item {
	const char	*name;		/* NUL-terminated */
	size_t		 len;
	struct vloc	 loc;
	struct vattr	 attr;
	const char	*dirid;		/* of a directory, else NULL */
	size_t		 dirid_len;
};

struct cmd_list {
	struct arena		 *a;	/* for as long as the list lives */
	struct cmd_item		**item;	/* in the order of names */
	size_t			  n, room;
};

/* The entries of d.  On failure l holds nothing. */
int cmd_list_read(struct cmd_list *l, struct dir *d, bool want_attr,
    struct verr *e);
void cmd_list_fini(struct cmd_list *l);	/* a zeroed one is ignored */

/* By hand.  add: the name is copied, the rest zero; NULL: no memory. */
bool cmd_list_init(struct cmd_list *l);
struct cmd_item *cmd_list_add(struct cmd_list *l, const char *name,
    size_t len);
void cmd_list_sort(struct cmd_list *l);

/*
 * The way down from the root of a walk.  A damaged or hostile vault can hold
 * a directory in itself; cmd_walk_enter() is VERR_DAMAGED then.
 */
#define CMD_WALK_DEPTH	2048

struct cmd_walk {
	const struct cmd_walk	*up;
	const uint8_t		*hash;
	unsigned		 depth;
};
int cmd_walk_enter(struct cmd_walk *w, const struct cmd_walk *up,
    const struct dir *d, struct verr *e);

/* path as the vault sees it: "/a/b", in the arena; NULL: no memory. */
const char *cmd_path(struct arena *a, const char *path);

/* The last part of such a path; "" for the root. */
const char *cmd_path_name(const char *path);

/*
 * Feed the contents of the file at loc to sink, in order, and the progress
 * bar; false from sink ends it with sink's error.  VERR_IO when
 * cmd_stopped().
 */
typedef bool cmd_sink(void *ctx, const void *data, size_t len,
    struct verr *e);
int cmd_read(struct vault *v, const struct vloc *loc, uint64_t fileid,
    cmd_sink *sink, void *ctx, struct verr *e);

/* A sink: ctx points to an int, a descriptor. */
bool cmd_sink_fd(void *ctx, const void *data, size_t len, struct verr *e);

#endif /* NFSD_CMD_VAULT_H */
