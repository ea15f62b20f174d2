/*
 * check_int.h - insides of a check: for the files check_*.c alone.
 *
 * A pass goes through these steps:
 *   1  from the root along the links, directory by directory (check_walk.c)
 *   2  d/ for folders that step 1 did not reach; which of them are linked from
 *      others of them, or by leftovers (check_lost.c)
 *   3  those that nothing leads to, with all below them; then loops
 *   4  leftovers of ours and loose dir.c9r, which can be judged only when
 *      all links are known (check_left.c)
 */
#ifndef VAULT_CHECK_INT_H
#define VAULT_CHECK_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/verr.h"
#include "vault/base64.h"
#include "vault/check.h"
#include "vault/vault_int.h"

struct arena;
struct kctx;

/* "d/XX/Y30/" + entry + "/" + what is in it + NUL */
#define CHECK_PATH_MAX	(NAME_DIRPATH_LEN + 1 + 255 + 1 + 255 + 1)
#define CHECK_HASH_LEN	20
#define CHECK_CLEAR_MAX	BASE64_BYTES(NAME_LONG_MAX)
#define CHECK_RECENT	300	/* seconds: somebody may still be at work */
#define CHECK_BUF	(1024u * 1024)
#define CHECK_LOST	"LOST+FOUND"
#define CHECK_LOST_ID	"recovery"	/* as Cryptomator has it */

/* A directory, whether a link leads to it or only its folder is there. */
struct check_dir {
	struct check_dir	*next;		/* in c->todo */
	struct check_dir	*next_unlinked;	/* in c->unlinked */
	struct check_dir	*next_left;	/* in c->left */
	const struct check_dir	*parent;	/* NULL: root, or unlinked */
	const char		*id;		/* NULL: not known */
	const char		*link;		/* its entry in parent */
	const char		*clear;		/* the same, or NULL */
	uint16_t		 id_len, clear_len;
	uint8_t			 hash[CHECK_HASH_LEN];
	bool			 reached;	/* by a link, or orphan */
	bool			 linked;	/* from one of those */
	bool			 held;		/* by a leftover of ours */
	bool			 left;		/* is in c->left */
	bool			 made;		/* by us, in this pass */
};

struct check_queue {
	struct check_dir	 *first, **last;
};

struct check {
	struct vault		*v;
	const struct check_options *o;
	check_report_fn		*fn;
	void			*ctx;
	struct check_summary	*sum;
	struct verr		*e;
	bool			 last_pass;	/* report what remains */
	uint64_t		 mended;	/* in this pass */
	bool			 failed;	/* *e says why; stop */
	bool			 doubt;		/* of some links */
	time_t			 now;
	struct kctx		*k;
	struct verr		 why;		/* of a failed repair */

	/* directories */
	struct arena		*a;		/* they and their texts */
	struct check_dir	**table;	/* open, by hash */
	size_t			 n, room;	/* room: a power of two */
	struct check_dir	*root;
	struct check_queue	 todo;		/* reached, not yet scanned */
	struct check_dir	*unlinked;	/* of step 2 */
	struct check_dir	*left;		/* have leftovers */

	/* scratch, used by one function at a time */
	struct arena		*tmp;		/* reset for each entry */
	uint8_t			*buf;		/* CHECK_BUF bytes */
	char			 path_buf[16 * 1024];

	/* LOST+FOUND (check_lost.c) */
	struct dir		*lost;		/* a reference, or NULL */
	char			 run[8];	/* in names of this run */
	unsigned		 numbers[3];	/* file, dir, link */
	bool			 loose_above;	/* in d/ or d/XX */
};

/* The directory that is being scanned. */
struct check_at {
	struct check		*c;
	struct check_dir	*cd;
	struct dir		*d;		/* NULL: id unknown */
	char			 folder[NAME_DIRPATH_LEN + 1];
	bool			 has_dirid;
};

/* One entry of it. */
struct check_item {
	struct check_at		*at;
	char			 entry[256];	/* its name now */
	size_t			 len;
	bool			 is_long;	/* HASH.c9s */
	struct host_stat	 st;
	bool			 renamed;	/* look again */
	bool			 gone;		/* nothing to look at */
	bool			 ambiguous;	/* of more than one type */
	bool			 have_clear;
	size_t			 clear_len;
	uint8_t			 clear[CHECK_CLEAR_MAX];
};

/* What lies in a folder NAME.c9r, HASH.c9s or vnfs-*.tmp. */
struct check_node {
	bool	dir, link, contents, name;
	unsigned others;		/* neither these nor junk */
	char	other[256];		/* the first of those */
};

/* A finding in the making. */
struct check_found {
	enum check_kind		 kind;
	enum check_severity	 severity;
	const struct check_dir	*dir;		/* of the clear path, or NULL */
	const void		*clear;		/* last part; NULL: dir */
	size_t			 clear_len;
	bool			 repairable, repaired;
	char			 path[CHECK_PATH_MAX];
	char			 note[640];	/* details for the sentence */
};

/* -- check.c */
int check_pass(struct check *c);
bool check_stop(struct check *c, enum verr_code code, const char *text);
/* One more entry (and bytes) seen; false: the pass is to end. */
bool check_seen(struct check *c, uint64_t entries, uint64_t bytes);
/* True: so new that somebody may be at work on it; it is counted. */
bool check_is_recent(struct check *c, const struct host_stat *st);

/* -- check_report.c */
enum check_severity check_kind_severity(enum check_kind k);
const char *check_kind_text(enum check_kind k);
void check_begin(struct check_found *f, enum check_kind kind,
    const char *folder, const char *entry, const char *leaf);
void check_begin_item(struct check_found *f, enum check_kind kind,
    const struct check_item *it, const char *leaf);
void check_note(struct check_found *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Is it to be mended now?  Then do, and tell how it went. */
bool check_wants(const struct check *c, const struct check_found *f);
void check_mended(struct check *c, struct check_found *f, int result);
void check_report(struct check *c, struct check_found *f);
/* CheckFailed with errno. */
void check_broken(struct check *c, const char *folder, const char *entry,
    const char *leaf);
void check_good(struct check *c, enum check_kind kind,
    const struct check_item *it);

/* -- check_dirs.c */
bool check_dirs_init(struct check *c);
void check_dirs_fini(struct check *c);
struct check_dir *check_dir_find(const struct check *c, const uint8_t *hash);
/* NULL: no memory, the check is stopped. */
struct check_dir *check_dir_add(struct check *c, const uint8_t *hash);
bool check_dir_set_id(struct check *c, struct check_dir *d, const char *id,
    size_t len);
bool check_dir_set_link(struct check *c, struct check_dir *d,
    const struct check_item *it);
bool check_dir_is_above(const struct check_dir *a, const struct check_dir *d);
void check_dir_left(struct check *c, struct check_dir *d);
/* A directory that a repair has made: it is no orphan.  NULL: no memory. */
struct check_dir *check_dir_made(struct check *c, const char *id, size_t len);
bool check_hash_of(struct check *c, const char *id, size_t len,
    uint8_t hash[CHECK_HASH_LEN]);
bool check_hash_parse(const char *xx, const char *rest,
    uint8_t hash[CHECK_HASH_LEN]);
void check_folder(const uint8_t hash[CHECK_HASH_LEN],
    char out[NAME_DIRPATH_LEN + 1]);
void check_queue_init(struct check_queue *q);
void check_queue_add(struct check_queue *q, struct check_dir *d);
struct check_dir *check_queue_take(struct check_queue *q);
/* Clear path of a name in d (NULL: of d), in c->path_buf; NULL: not known. */
const char *check_clear(struct check *c, const struct check_dir *d,
    const void *name, size_t len, size_t *out_len);

/* -- check_walk.c */
void check_walk(struct check *c);		/* until c->todo is empty */
bool check_is_junk(const char *name);
bool check_is_leftover(const char *name);
bool check_is_entry(const char *name);		/* could be X.c9r, H.c9s */
/* What is in folder path; -1: errno. */
int check_list_node(struct check *c, const char *path, struct check_node *n);
void check_join(char out[CHECK_PATH_MAX], const char *folder,
    const char *entry, const char *leaf);

/* -- check_name.c: n is NULL for a plain file */
void check_name(struct check_item *it, const struct check_node *n);
void check_long_name(struct check_item *it, const struct check_node *n);
/*
 * The long name in the file at path, cut after its first ".c9r", NUL-
 * terminated.  Its length; 0: there is none in it; -1: errno.
 */
ssize_t check_read_long(struct check *c, const char *path,
    char out[NAME_LONG_MAX + 1], bool *trailing);

/* -- check_node.c: an entry that is a folder */
void check_node_item(struct check_item *it, const struct check_node *n);

/* -- check_data.c */
void check_file(struct check_item *it, const char *leaf);
/*
 * The first chunk of a file, in c->buf; its length.  -1: errno, EBADMSG if it
 * is not authentic.
 */
ssize_t check_open_small(struct check *c, const char *path,
    const uint8_t **clear);

/* -- check_dirid.c */
void check_dirid(struct check_at *at);
/* The id that dirid.c9r in a folder holds if it is the folder's; else -1. */
ssize_t check_own_id(struct check *c, const uint8_t hash[CHECK_HASH_LEN],
    char id[NAME_DIRID_MAX + 1]);
/* Nothing but dirid.c9r and junk is in it.  -1: errno */
int check_is_empty(struct check *c, const char *folder);

/* -- check_lost.c */
void check_unlinked(struct check *c);
/* A leftover is all that leads to d. */
bool check_is_held(const struct check_dir *d);

/* -- check_left.c */
void check_leftovers(struct check *c);
void check_left_files(struct check *c, struct check_dir *cd);

/* -- check_repair.c: all are synced when they return; -1: c->why */
enum check_shape { CHECK_FILE, CHECK_LONG_FILE, CHECK_NODE };
/*
 * Give the entry at path (d/XX/YYY/entry) this clear name in directory to.
 * *dn becomes its new name on disk.  errno EEXIST: the name is taken.
 */
int check_place(struct check *c, const char *path, enum check_shape shape,
    struct dir *to, const void *clear, size_t len, struct diskname *dn);
bool check_place_free(struct check *c, struct dir *to, const void *clear,
    size_t len);
int check_rename(struct check *c, const char *from, const char *to);
/* Take away a folder that holds nothing but the format's own files. */
int check_remove_node(struct check *c, const char *path);
int check_remove_file(struct check *c, const char *path);
/* Replace, or make, a small file in one step.  dir: where to put it first */
int check_write(struct check *c, const char *dir, const char *path,
    const void *data, size_t len);
int check_write_dirid(struct check *c, struct dir *d, bool replace);
/* A file of the vault at path, which is new, with these clear bytes. */
int check_write_sealed(struct check *c, const char *path, const void *data,
    size_t len);
int check_make_content(struct check *c, const char *id, size_t len);
int check_cut_chunk(struct check *c, const char *path, uint64_t size);
/* The file at path, in which nothing is, becomes an empty one of this vault. */
int check_make_empty(struct check *c, const char *path);
/* -1, with errno and c->why: "cannot WHAT PATH: ..." */
int check_fails(struct check *c, const char *what, const char *path);
/* A name below folder that nobody takes for an entry. */
int check_tmp(struct check *c, const char *folder, char out[CHECK_PATH_MAX]);
int check_sync_parent(struct check *c, const char *path);

/* -- check_adopt.c: into LOST+FOUND; -1: c->why */
bool check_lost_usable(struct check *c);
int check_lost_open(struct check *c);		/* c->lost is there then */
bool check_is_lost(const struct check_dir *cd);
/* The whole directory, whose id is known; or entry by entry. */
int check_adopt_linked(struct check *c, const struct check_dir *cd);
/* *dest: where they went, if it came so far. */
int check_adopt_entries(struct check *c, const struct check_dir *cd,
    struct check_dir **dest);
/* An entry, under its clear name if that is known and free. */
int check_adopt(struct check *c, const char *path, enum check_shape shape,
    enum vtype type, const void *clear, size_t len);
/* The bytes of a small file, whatever they are, as a file; it stays. */
int check_adopt_bytes(struct check *c, const char *path);

#endif /* VAULT_CHECK_INT_H */
