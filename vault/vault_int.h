/*
 * vault_int.h - inside of struct vault and struct dir: for vault/ alone.
 *
 * Order of locks: base/lock.h.  What each guards stands at the members.
 */
#ifndef VAULT_VAULT_INT_H
#define VAULT_VAULT_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/lock.h"
#include "base/lru.h"
#include "base/verr.h"
#include "vault/chunks.h"
#include "vault/dir.h"
#include "vault/host.h"
#include "vault/name.h"
#include "vault/vault.h"

struct cipher;
struct index;
struct keys;
struct listing;
struct names;

/* Directories and open files that nobody refers to but are kept. */
#define VAULT_DIRS_IDLE		4096u
#define VAULT_FILES_IDLE	256u
#define VAULT_DIRTY_FILES	4096u
#define VAULT_DIR_FDS		8u

/* Clear bytes of a file that goes without anybody noticing the time. */
#define VAULT_QUICK_SIZE	(1024u * 1024)

/* Files that may be given their first header side by side. */

/* Paths awaiting fsync before everything is synced instead. */
#define VAULT_SYNC_MAX		256u

#define VAULT_DIRID_FILE	"dirid.c9r"
#define VAULT_TMP_PREFIX	"vnfs-"
#define VAULT_TMP_SUFFIX	".tmp"

/* A folder, for dir_stat.c. */
struct dir_fd {
	char		path[NAME_DIRPATH_LEN + 1];
	int		fd;			/* or -1 */
	int64_t		since_ns;		/* it was at path then */
	int64_t		seen_ns;		/* and had attr then; 0: none */
	struct vattr	attr;
};

struct sync_path {
	uint64_t	hash;
	char		path[VLOC_MAX];
};

TAILQ_HEAD(dir_list, dir);
TAILQ_HEAD(file_list, file);

struct vault {
	/* constant after vault_open() */
	int			 root;		/* descriptor of the folder */
	bool			 read_only;
	bool			 sync_each;	/* names, before the reply */
	int			 format;
	int			 threshold;	/* bytes, vault-format 4.4 */
	size_t			 cache_bytes;
	struct keys		*keys;
	const struct cipher	*cipher;
	struct dir		*root_dir;	/* a reference */

	struct journal		*journal;	/* or NULL */
	struct vault_write_back	 wb;		/* constant in use */
	struct chunks		 chunks;	/* has its own lock */

	struct lock		 rename_lock;	/* moves between directories */

	struct lock		 dirs_lock;
	struct lru		 dirs;		/* guarded by dirs_lock */
	size_t			 dirs_idle;	/* guarded by dirs_lock */
	struct dir_list		 kept;		/* guarded by dirs_lock: have
						   listings; oldest first */

	struct lock		 search_lock;	/* guards the search's */
	struct index		*index;		/* or NULL */
	bool			 index_whole;	/* all files are in it */
	bool			 searching;
	pthread_cond_t		 search_end;
	int64_t			 search_until;	/* no other before that */

	struct lock		 dir_fds_lock;
	struct dir_fd		 dir_fds[VAULT_DIR_FDS]; /* guarded by it */
	unsigned		 dir_fds_next;	/* guarded by it */

	struct rwlock		 header_lock;	/* file_int.h */
	struct lock		 turns_lock;	/* file_ahead.c */
	pthread_cond_t		 turns_cond;
	struct lock		 files_lock;
	struct lru		 files;		/* guarded by files_lock */
	size_t			 files_idle;	/* guarded by files_lock */
	struct file_list	 dirty_files;	/* guarded by files_lock: have
						   unwritten chunks; oldest
						   first */
	_Atomic unsigned	 ndirty_files;	/* written under files_lock */
	unsigned		 dirty_files_max; /* constant in use */
	_Atomic bool		 crowded;	/* wb.crowded() was called */
	_Atomic bool		 no_now;	/* file_reads_now() */
	_Atomic uint64_t	 flushes;	/* written under files_lock */
	_Atomic unsigned	 links;		/* names that LINK made, and
						   is making */

	struct lock		 sync_run;	/* held during a sync */
	struct lock		 sync_lock;	/* guards the rest */
	unsigned		 sync_count;
	bool			 sync_all;	/* more than the list holds */
	int64_t			 sync_ms;	/* since then something waits */
	struct sync_path	*sync_list;	/* VAULT_SYNC_MAX of them */

	_Atomic size_t		 list_bytes;	/* in cached listings */
	_Atomic uint64_t	 hidden;
};

/* What a folder looked like when we knew what was in it. */
struct stamp {
	bool		valid;
	uint64_t	ino;
	struct timespec	mtime, ctime;
};

/* How far what we know of a folder can be believed; dir_scan.c. */
struct listed_as {
	struct stamp	 as_of;
	bool		 unsure;	/* to be read again when all is quiet */
	bool		 changing;	/* true when our change began */
};

struct dir {
	struct lru_node	 node;		/* guarded by v->dirs_lock */
	unsigned	 refs;		/* guarded by v->dirs_lock */
	struct dir	*parent;	/* a reference, or NULL: not known;
					   guarded by v->dirs_lock */
	char		*link;		/* name on disk of its link in parent,
					   "": not known; from malloc; guarded
					   likewise */

	/* constant */
	struct vault	*v;
	uint8_t		 hash[20];
	char		 path[NAME_DIRPATH_LEN + 1];
	size_t		 id_len;

	struct lock	 change;	/* one change of names at a time */
	bool		 gone;		/* removed by us; written under change
					   and v->dirs_lock */

	TAILQ_ENTRY(dir)  kept;		/* guarded by v->dirs_lock */
	bool		 is_kept;	/* guarded by v->dirs_lock */

	/* guarded by list_lock */
	struct lock	 list_lock;
	struct listed_as all;		/* all names */
	struct names	*names;		/* a reference, or NULL */
	struct listed_as few;		/* names that lookup cannot compute */
	struct listing	*odd;		/* a reference, or NULL */
	struct stamp	 own;		/* as our last change left it */
	uint64_t	 changes;	/* of ours that were begun */
	unsigned	 under_way;	/* of these, not ended */
	pthread_t	 changer;	/* whose they are */
	bool		 verifying;	/* somebody reads it anew */

	char		 id[];		/* constant; NUL-terminated */
};

/* -- dir.c */
void dir_table_free(struct vault *v);
void dir_ref_locked(struct dir *d);	/* dirs_lock is held */
void dir_set_parent(struct dir *d, struct dir *parent, const char *link);
/*
 * It was removed by us: its listing goes now, and d itself with the last
 * reference.  d->change is held.
 */
void dir_set_gone(struct dir *d);
bool dir_is_below(struct dir *d, const struct dir *ancestor);
/* Path of the entry in parent that links to d; false: it has another one. */
bool dir_link_path(struct dir *d, const struct dir *parent,
    char out[VLOC_MAX]);

/* -- dir_name.c: names of this directory on disk */
struct diskname {
	bool	is_long;
	size_t	entry_len;			/* bytes of entry */
	char	entry[NAME_DISK_MAX];		/* in the folder */
	size_t	full_len;
	char	full[NAME_DISK_MAX];		/* the long form, with ".c9r" */
};
/* VERR_INVAL, VERR_NAMETOOLONG, VERR_NOMEM. */
int dir_disk_name(struct dir *d, const char *clear, size_t len,
    struct diskname *dn, struct verr *e);
/* "d/XX/YYY/entry" or "d/XX/YYY/entry/leaf" (leaf may be NULL) in out. */
void dir_entry_path(const struct dir *d, const char *entry, size_t entry_len,
    const char *leaf, char out[VLOC_MAX]);
/* A name that nobody takes for an entry; entry_path of it in out. */
bool dir_tmp_path(const struct dir *d, char out[VLOC_MAX]);

/* -- dir_probe.c: what an entry on disk is */
/*
 * Fill loc, attr and dir of *ent from entry name on disk.  VERR_NOENT: nothing
 * is there; VERR_DAMAGED: something that cannot be shown (why is in e).
 */
int dir_probe(struct dir *d, const char *entry, size_t entry_len,
    struct entry *ent, struct verr *e);
/*
 * Does this error of dir_probe() tell something of the entry?  Others (no
 * memory, no descriptors, EIO) leave open whether it is there.
 */
bool dir_probe_tells(enum verr_code code);

/* -- dir_lookup.c */
/* dir_lookup() or dir_lookup_quick(). */
int dir_look(struct dir *d, struct arena *a, const char *name, size_t len,
    bool quick, struct entry *ent, struct verr *e);
/*
 * Has one of the names that cannot be computed this normal form?  0: yes;
 * VERR_NOENT.
 */
int dir_look_odd(struct dir *d, struct arena *a, const char *nfc, size_t len,
    bool quick, struct verr *e);

/* -- dir_scan.c: reading a folder */
struct listed {
	uint32_t	 cookie;
	uint16_t	 name_len, entry_len;
	uint64_t	 ino;		/* of the entry in the folder */
	const char	*name;		/* clear, NUL-terminated */
	const char	*entry;		/* on disk, NUL-terminated */
};
struct listing {
	_Atomic unsigned refs;
	size_t		 bytes;		/* all of it, for the cache's bound */
	size_t		 n;
	struct listed	*entries;	/* by cookie */
	bool		 complete;	/* false: odd names only */
};
/* Read it; both are references.  limit: VERR_BUSY over so many; 0: none. */
int dir_scan(struct dir *d, size_t limit, struct listing **all,
    struct listing **odd, struct verr *e);
/* The clear name of one entry, which is a regular one, in out. */
bool dir_scan_name(struct dir *d, const char *entry, char *out, size_t *len);
void dir_listing_put(struct vault *v, struct listing *l);

/* -- dir_cache.c: what was read, kept for as long as it is true */
/*
 * References.  quick: VERR_BUSY where a large folder would have to be read, for
 * those who must not take long.
 */
struct names *dir_names(struct dir *d, bool quick, struct verr *e);
struct listing *dir_odd_names(struct dir *d, bool quick, struct verr *e);
/* As names_copy(); *seen is for dir_names_gone(): this one is not there. */
size_t dir_names_page(struct dir *d, const struct names *n, uint32_t after,
    struct listed *out, size_t max, char *buf, size_t cap, uint64_t *seen);
void dir_names_gone(struct dir *d, struct names *n, const struct listed *l,
    uint64_t seen);
/* A directory that we have just made holds nothing odd. */
void dir_listing_new(struct dir *d, const struct host_stat *st);
/*
 * We are going to change the folder; an entry has come ("d/XX/YYY/ENTRY"; what
 * goes is noticed by who looks for it); we did: before and after tell how it
 * looked.  d->change is held throughout.
 */
void dir_listing_begin(struct dir *d, const struct stamp *before);
void dir_listing_added(struct dir *d, const char *entry);
void dir_listing_changed(struct dir *d, const struct stamp *before,
    const struct stamp *after);
void dir_listing_forget(struct dir *d);
void dir_listing_fini(struct dir *d);

/* -- dir_stat.c */
void dir_fds_init(struct vault *v);
void dir_fds_fini(struct vault *v);
/* The folder at path was changed by us, other than by a change of names. */
void dir_attr_stale(struct vault *v, const char *path);

/* -- dir_told.c: for the index of dir_search.c */
/* A file or symlink has a name in another directory now; */
void dir_search_moved(struct vault *v, uint64_t fileid, const struct dir *to);
/* this directory is known to be in that one; */
void dir_search_parent(const struct dir *d, const struct dir *parent);
/* this one was removed. */
void dir_search_gone(const struct dir *d);

/* -- dir_frame.c */
/* "FOLDER/leaf" in out; a leaf is at most 12 bytes, as "contents.c9r". */
void dir_leaf_path(const char *folder, const char *leaf, char out[VLOC_MAX]);
struct change {
	struct dir		*d;
	struct dir_change	*ch;
	bool			 have_before;
	struct stamp		 before;
};
bool dir_is_quick(const struct dir_change *ch);	/* ch may be NULL */
void dir_change_meet(const struct dir_change *ch, uint64_t fileid);
/* A file or symlink lost this name; with the last one it is gone. */
void dir_change_lose(struct vault *v, struct dir_change *ch,
    const struct entry *ent);
/* A lock for a change; quick: VERR_BUSY if that would take time. */
int dir_change_take(struct lock *l, bool quick, struct verr *e);
/* d->change is held by the caller from begin to end. */
int dir_change_begin(struct change *c, struct dir *d, struct dir_change *ch,
    struct verr *e);
void dir_change_end(struct change *c);
/* Nothing is known yet; ch may be NULL. */
void dir_change_none(struct dir_change *ch);
/*
 * At the very end, with no lock held: r, and if the change is to be durable
 * before anybody is told of it, it is.  -1: ent (or NULL) has no reference, and
 * VERR_NOENT means an entry: d's own folder is there.
 */
int dir_change_done(struct dir *d, int r, struct entry *ent, struct verr *e);
/* The last of it, for another directory. */
void dir_change_blame(struct dir *d, struct verr *e);
/*
 * An entry that is a folder got its name: what is inside is to be synced with
 * it.  leaf: dir.c9r or symlink.c9r, whose bytes count too, or NULL.
 */
void dir_sync_node(struct vault *v, const char *entry, const char *leaf,
    bool is_long);
void dir_remove_tree(struct vault *v, const char *path, bool is_dir);
/*
 * Does the folder X.c9r or HASH.c9s hold nothing, or nothing but its name?
 * Renames that a crash ended leave such ones: nobody's object, in the way of
 * that name.  1, 0 (also if it is no folder), or -1 and errno.
 */
int dir_is_husk(struct vault *v, const char *entry);
/* Rename to an entry of d where only a husk may be; -1 and errno. */
int dir_take_name(struct dir *d, const char *from, const char *entry);
/* A name of d means another object now, though its folder has not changed. */
void dir_touch(struct dir *d);

/* -- dir_remove.c: the change locks are held */
/* One system call takes it away, and the file system has little to do. */
bool dir_goes_quickly(const struct entry *ent);
/* Take away the entry of a file or symlink, and nothing else. */
int dir_remove_name(struct dir *d, const struct vloc *loc, struct verr *e);
struct removal {
	char	tmp[VLOC_MAX];	/* where the link is meanwhile, or "" */
	bool	lent;		/* the folder had the mode was */
	mode_t	was;
};
/* Is the child empty?  -1: no, or it could not be seen. */
int dir_remove_look(struct dir *child, struct removal *rm, struct verr *e);
/* Its link is put aside. */
int dir_remove_link(struct dir *d, const char *entry, struct removal *rm,
    struct verr *e);
/* The way back, as far as it went. */
void dir_remove_undo(struct dir *d, struct dir *child, const char *entry,
    const struct removal *rm);
/* All the rest; -1: not empty any more.  A link stays aside then. */
int dir_remove_rest(struct dir *d, struct dir *child,
    const struct removal *rm, struct verr *e);
/* A folder that holds nothing any more, or nothing but its name. */
void dir_remove_husk(struct dir *d, const char *entry);

/* -- vault_dirty.c */
/* Milliseconds of a clock that nobody sets. */
int64_t vault_now_ms(void);
int64_t vault_now_ns(void);
/* Are writes kept in memory, and is there room for more? */
bool vault_keeps_writes(struct vault *v);
/* Below the bound again, by writing; no file's lock is held. */
void vault_make_room(struct vault *v);
/* Something became dirty: is there still room enough? */
void vault_tell_crowded(struct vault *v);

/* -- vault_sync.c */
bool vault_sync_init(struct vault *v);
void vault_sync_fini(struct vault *v);
/* This folder or file changed: it is to be synced before the next COMMIT. */
void vault_sync_note(struct vault *v, const char *path);
/* What others did before us may not be durable: all of it before the next. */
void vault_sync_note_all(struct vault *v);
/* Does anything wait for a sync of names? */
bool vault_sync_waits(struct vault *v);
/*
 * Sync the names if some have waited for age_ms.  *left_ms: until that is so;
 * INT64_MAX: none wait.
 */
int vault_sync_aged(struct vault *v, unsigned age_ms, int64_t *left_ms,
    struct verr *e);

/* -- vault.c */
/*
 * A vault on the folder root, which it owns from then on, as it owns keys;
 * on failure too.  Without its root directory: dir_by_id(v, "", 0).
 */
struct vault *vault_assemble(int root, struct keys *keys,
    const struct cipher *cipher, int format, int threshold,
    const struct vault_options *o, struct verr *e);

#endif /* VAULT_VAULT_INT_H */
