/*
 * power.h - the power is cut: what a disk may hold, and what must be there.
 *
 * A workload runs in this process on a vault with a journal.  Every change
 * that reaches the system (host_set_recorder()), and every store into the
 * journal's mapped heads, becomes an event of a log; every change as the client
 * sees it, and every COMMIT, becomes a step of a model.  Then the power is cut
 * behind any event, many times in different ways, each time in a new folder:
 * power_build() makes what the disk may hold, and power_judge() opens it as the
 * next server does, checks it, reads all of it and compares it with the model.
 *
 * What a disk may hold (POSIX; ext4, xfs, apfs do no worse):
 * - What was synced is there: the contents and the length of a file whose
 *   descriptor was synced, the names in a folder that was.  Nothing else is.  A
 *   sync of a file does not make its name durable, nor one of a folder what is
 *   inside its files.
 * - Of what was written to a file since its sync, each page of 4096 bytes is as
 *   it was after any of the writes, independently of its neighbours; a page may
 *   be torn between two of these states, in sectors of 512 bytes.  A page that
 *   never came is zeros.  The length is one that the file had, or between.
 * - Cuts (truncations) come in their order, and what a cut took away does not
 *   come back once a later length is seen.
 * - A page that is mapped and stored into while it is written may be torn
 *   between any two states, in words of 8 bytes: nobody orders those stores.
 * - Changes of names are whole, each of them, and in order: some of the first
 *   of those that were not synced (a journaling file system); and none is there
 *   without the bytes that were ordered before it (host_order()).  In the harsh
 *   way only those that touch a common folder are in order, where the removal
 *   of a folder touches that folder, too, and bytes have no order with names.
 *
 * What must be there (RFC 1813, 3.3.21): the bytes of a file as of its last
 * COMMIT, or what was written over them since; every name as of the last COMMIT
 * of any file, or a later state of it.  Everything else may be there or not.
 */
#ifndef TESTS_POWER_POWER_H
#define TESTS_POWER_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/box.h"
#include "vault/check.h"
#include "vault/keys.h"

#define POWER_PAGE	4096u
#define POWER_SECTOR	512u
#define POWER_WORD	8u

/* -- the log */

enum power_kind {
	POWER_WRITE, POWER_STORE, POWER_CUT, POWER_NAMES, POWER_SYNC,
	POWER_SYNC_ALL, POWER_ORDER,
};

/* A name in a folder becomes that of obj; -1: of nothing. */
struct power_set {
	int	 dir;
	char	 name[256];
	int	 obj;
	int	 gone;		/* the folder that is removed by it, or -1 */
};

struct power_event {
	enum power_kind	 kind;
	int		 obj;		/* not of POWER_NAMES */
	uint64_t	 off;		/* POWER_CUT: the length */
	size_t		 len;
	uint8_t		*data;
	unsigned	 sets;
	struct power_set set[2];
};

/* A file or folder; what it was when the log began is durable. */
struct power_obj {
	bool		 dir;
	uint64_t	 ino;
	uint32_t	 gen;
	uint8_t		*base;
	size_t		 size;
	struct power_set *live;		/* names in it, as they are now */
	unsigned	 n_live;
	struct power_set *first;	/* as they were */
	unsigned	 n_first;
};

#define POWER_ROOT	0		/* the vault's folder */
#define POWER_STATE	1		/* the state directory */
#define POWER_JOURNAL	2

struct power_log {
	struct power_obj	*obj;
	int			 objs;
	struct power_event	*ev;
	unsigned		 n;
};

/* power_record.c: the log of b's vault, with a journal, begins; and ends. */
void power_record(struct power_log *l, struct box *b, const char *state);
void power_record_end(struct power_log *l);
void power_log_free(struct power_log *l);

/* -- states */

/* What of the changes that were not synced is there. */
enum power_how { POWER_NOTHING, POWER_ALL, POWER_MIXED, POWER_HARSH };

/*
 * What the server might do wrong.  The log is read as if it had: so it is known
 * that the states would show it.
 */
enum power_flaw {
	POWER_SOUND,
	POWER_NO_JOURNAL_SYNC,	/* what is replaced is not synced before */
	POWER_JOURNAL_LATE,	/* it is, but after it is in place */
	POWER_NO_FILE_SYNC,	/* COMMIT leaves the file's own sync out */
	POWER_NO_FOLDER_SYNC,	/* and those of names */
	POWER_NO_TAG,		/* half a head is believed */
	POWER_NO_NEWEST,	/* the newest record is not replayed */
	POWER_FLAWS
};

struct power_crash {
	unsigned	 at;		/* behind so many events */
	enum power_how	 how;
	uint32_t	 seed;
	enum power_flaw	 flaw;
};

/*
 * power_state.c: make DIR/vault and DIR/state.  Heads of the journal name their
 * files by inode: here these are others, so the heads are made out anew (with
 * k, where they were authentic).
 */
void power_build(const struct power_log *l, const struct power_crash *c,
    const char *dir, struct keys *k);

/* power_heads.c: that, in the file at path; objects became made, if done. */
void power_heads(const struct power_log *l, const struct power_crash *c,
    const char *path, const struct host_stat *made, const bool *done,
    struct keys *k);

/* -- the model */

enum power_verb {
	POWER_MAKE, POWER_PUT, POWER_TRIM, POWER_MOVE, POWER_DROP, POWER_COMMIT,
};

/* One call of the client. */
struct power_step {
	enum power_verb	 verb;
	int		 node;
	unsigned	 begin, end;	/* events before, and after it */
	int		 dir;		/* MAKE, MOVE: where to */
	char		 name[256];
	int		 over;		/* MOVE: what is replaced, or -1 */
	uint64_t	 off;		/* TRIM: the length */
	size_t		 len;
	uint8_t		*data;
};

/* A file, directory or symlink as the client knows it; 0 is the root. */
struct power_node {
	enum vtype	 type;
	char		 target[64];
	int		 dir;		/* where it is now; -1: nowhere */
	char		 name[256];
	struct dir	*d;		/* a reference, of a directory */
};

struct power_model {
	struct power_log	 log;
	struct box		 b;
	struct power_node	*node;
	int			 nodes;
	struct power_step	*step;
	unsigned		 n;
	uint32_t		 seed;
};

/* power_model.c: do it in the vault, and note it. */
void power_begin(struct power_model *m, const char *cipher, bool keep,
    uint32_t seed);
void power_end(struct power_model *m);		/* the workload */
void power_free(struct power_model *m);
int power_make(struct power_model *m, int dir, const char *name,
    enum vtype type);
void power_put(struct power_model *m, int node, uint64_t off, size_t len);
void power_trim(struct power_model *m, int node, uint64_t size);
void power_move(struct power_model *m, int node, int dir, const char *name);
void power_drop(struct power_model *m, int node);
void power_commit(struct power_model *m, int node);
void power_age(struct power_model *m);		/* what happens by itself */
uint32_t power_draw(uint32_t *seed, uint32_t n);

/* power_work.c: "overwrite", "append" ...; NULL behind the last. */
const char *power_work_name(unsigned which);
void power_work(struct power_model *m, unsigned which, unsigned rounds);

/* -- the judgement */

struct power_verdict {
	unsigned long	 lost;		/* states in which something was */
	unsigned long	 unclean;	/* in which check finds damage in what
					   was never committed */
	unsigned long	 states;
	unsigned long	 kinds[CHECK_KINDS];	/* of the damage */
	char		 first[600];	/* what was lost first */
};

/* power_judge.c: the state in DIR. */
void power_judge(const struct power_model *m, const struct power_crash *c,
    const char *dir, struct power_verdict *v);

#endif /* TESTS_POWER_POWER_H */
