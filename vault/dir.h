/*
 * dir.h - one directory of a vault: find, list and change what it holds.
 *
 * A struct dir is a directory by its id, which never changes: renaming or
 * moving it moves only the link to it.  They are counted references into a
 * bounded table of the vault, so that one directory is one object (and one
 * lock) however it was reached.
 *
 * Names are clear bytes.  A lookup encrypts the name as given, then its NFC
 * form, and asks the disk; only if both miss does it look through the listing
 * (for names that no writer of ours would make: conflict copies, names
 * shortened without need, other normal forms).  What is written is always NFC.
 *
 * An entry's place on disk is a struct vloc: the path of the object that
 * carries its attributes, relative to the vault's folder.  A vloc is a value;
 * it goes stale when the entry is renamed or removed, and whoever keeps one
 * checks the inode of what it finds there.
 *
 * Listings: every entry has a cookie, 8 to 2^31 - 1, unique in its directory
 * and made from its name on disk, so it is the same after a restart and does
 * not move when others come and go.  Entries come in the order of cookies.
 *
 * Threads: all functions may be called from any thread.  Functions that only
 * look take no lock across a system call.  Changes hold the directory's change
 * lock and may block.  Errors: as struct verr says; VERR_NOENT, VERR_EXIST and
 * their like carry no text.
 */
#ifndef VAULT_DIR_H
#define VAULT_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/attr.h"
#include "vault/name.h"

struct arena;
struct dir;
struct vault;
struct verr;

/* "d/XX/Y30/" + long name on disk at most 255 + "/contents.c9r" + NUL */
#define VLOC_MAX	(NAME_DIRPATH_LEN + 1 + 255 + 1 + 12 + 1)

#define DIR_COOKIE_MIN	8u	/* smaller ones are free for "." and ".." */

struct vloc {
	enum vtype	 type;
	uint16_t	 entry_len;	/* path's first bytes that are the entry
					   in its directory's folder; the rest
					   is "/contents.c9r" and its like; not
					   set for directories */
	char		 path[VLOC_MAX];/* object with the attributes */
};

struct entry {
	const char	*name;		/* clear; in the caller's arena */
	size_t		 name_len;
	uint32_t	 cookie;
	struct vloc	 loc;
	struct dir	*dir;		/* if it is one, a reference; or NULL */
	struct vattr	 attr;
};

/* References.  dir_by_id() makes no promise that the directory is linked. */
struct dir *dir_root(struct vault *v, struct verr *e);
struct dir *dir_by_id(struct vault *v, const char *id, size_t len,
    struct verr *e);
struct dir *dir_ref(struct dir *d);
void dir_put(struct dir *d);		/* NULL is ignored */

const char *dir_id(const struct dir *d, size_t *len);
const uint8_t *dir_hash(const struct dir *d);	/* 20 bytes, in its path */
const char *dir_path(const struct dir *d);	/* "d/XX/YYY", of its content */

/*
 * How many changes of ours there were: never 0, except while one is under way.
 */
uint64_t dir_changes(struct dir *d);

/* VERR_STALE: its content folder is gone. */
int dir_attr(struct dir *d, struct vattr *a, struct verr *e);
/*
 * The same for who changes it: that somebody moved the folder away may be
 * noticed a second late.
 */
int dir_attr_again(struct dir *d, struct vattr *a, struct verr *e);
/*
 * The same before a change: or how our last one left it, if that was less than
 * 10 microseconds ago.
 */
int dir_attr_left(struct dir *d, struct vattr *a, struct verr *e);

/*
 * The directory that holds d (the root: itself).  A reference.  Known if d was
 * ever reached through it; else every directory of the vault is searched,
 * which may take long: with may_search false that is VERR_BUSY instead.
 */
struct dir *dir_parent(struct dir *d, bool may_search, struct verr *e);

/*
 * The directory whose path on disk starts with these 16 bytes of SHA-1, for
 * ids that are no UUIDs (see nfsd/handle.h).  May search, as above.
 */
struct dir *dir_by_hash(struct vault *v, const uint8_t hash[16],
    bool may_search, struct verr *e);

/*
 * dir_path.c: the directory whose content folder is path, "d/XX/Y{30}": from
 * the table, by its dirid.c9r (vault-format 5.4), or by a search as above.
 * VERR_INVAL: no such path; VERR_NOENT.
 */
struct dir *dir_by_path(struct vault *v, struct arena *a, const char *path,
    bool may_search, struct verr *e);

/*
 * The clear name of the entry X.c9r or HASH.c9s in d's folder, in the arena,
 * as a listing shows it.  A plain X.c9r need not be there.  VERR_NOENT: none
 * that can be shown.
 */
int dir_clear_name(struct dir *d, struct arena *a, const char *entry,
    size_t len, const char **name, size_t *name_len, struct verr *e);

/*
 * Where the link to d is on disk, "d/XX/Y{30}/ENTRY", as far as it is known
 * (see dir_parent()).  false: it is not, or d is the root.
 */
bool dir_link_of(struct dir *d, char out[VLOC_MAX]);

/*
 * Find a name.  On success ent->dir holds a reference if it is a directory;
 * ent->name is the name as found (its NFC form may differ), ent->cookie is 0.
 * VERR_NOENT: there is none (also for "." and "..", which are the caller's).
 */
int dir_lookup(struct dir *d, struct arena *a, const char *name, size_t len,
    struct entry *ent, struct verr *e);

/*
 * The same for those who must not take long: VERR_BUSY if only reading a large
 * folder can tell.
 */
int dir_lookup_quick(struct dir *d, struct arena *a, const char *name,
    size_t len, struct entry *ent, struct verr *e);

/*
 * Call fn for each entry whose cookie is over after, in order, until it
 * returns false.  The entry, its strings and its dir reference are fn's only
 * during the call (dir_ref() what is kept).  With want_attr false, attr holds
 * type and fileid only.  Entries that cannot be shown are counted and left out;
 * they do not fail the listing.
 */
typedef bool dir_list_fn(void *ctx, const struct entry *ent);
int dir_list(struct dir *d, struct arena *a, uint32_t after, bool want_attr,
    dir_list_fn *fn, void *ctx, struct verr *e);
/* The same; VERR_BUSY, before any call of fn, as dir_lookup_quick(). */
int dir_list_quick(struct dir *d, struct arena *a, uint32_t after,
    bool want_attr, dir_list_fn *fn, void *ctx, struct verr *e);

/*
 * The file or symlink in d with this inode and generation.  In a directory of
 * n entries: one pass over the folder, no stat for most.  VERR_NOENT.
 */
int dir_find(struct dir *d, struct arena *a, uint64_t fileid, uint32_t gen,
    struct entry *ent, struct verr *e);

/*
 * The same anywhere in the vault; *parent becomes a reference to where it
 * was.  Takes as long as the vault is large: for workers.
 */
int dir_find_anywhere(struct vault *v, struct arena *a, uint64_t fileid,
    uint32_t gen, struct entry *ent, struct dir **parent, struct verr *e);

/* Attributes of a directory before and after a change, under one lock. */
struct dir_change {
	/* from the caller: see below */
	bool		quick;
	void		(*meet)(void *ctx, uint64_t fileid);
	void		*ctx;
	const struct vattr *seen;	/* dir_attr() just now, or NULL */
	uint64_t	seen_as_of;	/* dir_changes() before that */

	bool		have_before, have_after;
	struct vattr	before, after;
	uint64_t	lost;		/* inode of a file or symlink that has
					   no name any more, or 0 */
	uint32_t	lost_gen;
};

/*
 * Changes.  Each fills *ent with the new entry (names as in dir_lookup) and
 * *ch as far as it came, also on failure; ent and ch may be NULL.  set gives
 * owner, mode and times of the new object (a mode not set becomes 0644 or 0755
 * without asking the umask; a size is for loc_set() afterwards).  VERR_ROFS on
 * a vault opened read-only, VERR_NAMETOOLONG over NAME_CLEAR_MAX bytes in NFC,
 * VERR_INVAL for names that are not servable (dir_lookup's "." and ".." too),
 * VERR_STALE if d is gone.
 * All are atomic for readers and for crashes; durable after
 * vault_sync_names().
 *
 * dir_create(), dir_unlink() and dir_rename() within one directory may run on
 * an event loop: with ch->quick (of the first one) they neither wait for other
 * changes nor search, and leave what takes many steps to others: VERR_BUSY,
 * and nothing has been done.  The last two call ch->meet, unless that is NULL,
 * with the inode that goes or moves when it is certain that it will be tried.
 * What the caller has seen of the directory is not looked at again then, unless
 * it was changed by us in between.
 */
int dir_create(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vset *set, struct entry *ent, struct dir_change *ch,
    struct verr *e);		/* a file that is not there yet: VERR_EXIST */
int dir_mkdir(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vset *set, struct entry *ent, struct dir_change *ch,
    struct verr *e);
int dir_symlink(struct dir *d, struct arena *a, const char *name, size_t len,
    const char *target, size_t target_len, const struct vset *set,
    struct entry *ent, struct dir_change *ch, struct verr *e);

/*
 * One more name for the file or symlink at loc, where the storage has hard
 * links (VERR_UNSUPPORTED if not, VERR_MLINK if it has enough of them,
 * VERR_ISDIR for a directory).  A vault synced elsewhere gets two files.
 */
int dir_link(struct dir *d, struct arena *a, const char *name, size_t len,
    const struct vloc *loc, uint64_t fileid, struct entry *ent,
    struct dir_change *ch, struct verr *e);

/* A file or symlink; VERR_ISDIR for a directory. */
int dir_unlink(struct dir *d, struct arena *a, const char *name, size_t len,
    struct dir_change *ch, struct verr *e);

/*
 * VERR_NOTDIR; VERR_NOTEMPTY, also if only entries that cannot be shown are
 * in it: nothing that the vault's owner has not seen is ever destroyed.
 */
int dir_rmdir(struct dir *d, struct arena *a, const char *name, size_t len,
    struct dir_change *ch, struct verr *e);

/*
 * rename(2): replaces a file or symlink by one, an empty directory by a
 * directory; VERR_NOTDIR, VERR_ISDIR, VERR_NOTEMPTY otherwise.  The same
 * object under both names: success and no change.  A directory into itself or
 * beneath: VERR_INVAL.  *ent: the object under its new name, a file with the
 * ctime that it had before.
 */
int dir_rename(struct dir *from, struct dir *to, struct arena *a,
    const char *name, size_t len, const char *new_name, size_t new_len,
    struct entry *ent, struct dir_change *ch_from, struct dir_change *ch_to,
    struct verr *e);

#endif /* VAULT_DIR_H */
