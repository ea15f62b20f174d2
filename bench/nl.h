/*
 * nl.h - inside of nfsload: a run, its connections, its operations.
 *
 * An operation is one call, or a few in a row (CREATE, WRITE, COMMIT).  A
 * connection has `depth' slots, each with one operation under way.  A kind of
 * operation is a struct nl_work: it writes the next call of a slot and reads
 * the reply; nl_load.c does the rest.
 *
 * Threads: a connection with its slots belongs to one thread.  What all share
 * is constant while threads run, but for the atomics and the errors.
 */
#ifndef BENCH_NL_H
#define BENCH_NL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bench/nl_hist.h"
#include "bench/nl_opt.h"
#include "bench/nl_wire.h"
#include "xdr/nfs3_types.h"

struct xin;
struct xout;
struct nl_conn;
struct nl_run;

#define NL_NAME_MAX	32
#define NL_IOV		512		/* pieces waiting to be sent */
#define NL_HEAD		(256u * 1024)	/* bytes of calls waiting */
#define NL_STALL_MS	60000		/* no reply: something hangs */
#define NL_PROCS	22u		/* RFC 1813 section 3.3 */

/* A file, link or directory that was prepared. */
struct nl_obj {
	struct nfs3_fh	fh;
	uint64_t	fileid;
	char		name[NL_NAME_MAX];
};

/* What an operation needs in the export. */
enum {
	NL_NEED_FILES = 0x01,	/* opt->files of them */
	NL_NEED_LINKS = 0x02,
	NL_NEED_BIG = 0x04,	/* one with content, to read */
	NL_NEED_LIST = 0x08,	/* a directory of opt->entries */
	NL_NEED_VICTIMS = 0x10,	/* opt->entries empty files */
	NL_NEED_TURNS = 0x20,	/* one file for each slot */
	NL_NEED_OUT = 0x40,	/* for each connection a file to write, */
	NL_NEED_FULL = 0x80,	/* with content already */
	NL_NEED_DIRS = 0x100,	/* for each connection a directory */
	NL_NEED_NOTHING = 0x200,	/* not even the export */
};

struct nl_tree {
	struct nfs3_fh	 root, top;	/* of the export; ours in it */
	bool		 have_top;
	char		 top_name[NL_NAME_MAX];
	struct nl_obj	 dir, victims, list, big;
	struct nl_obj	*file, *link;	/* nfiles of each */
	uint64_t	 nfiles;	/* opt->files, or lines of --paths */
	struct nfs3_fh	*in;		/* the directory of each file, or
					   NULL: dir */
	uint64_t	 big_size;
	uint32_t	 rtmax, wtmax;
};

struct nl_slot {
	struct nl_conn	*conn;
	const struct nl_work *work;
	unsigned	 n;		/* its number in the connection */
	uint32_t	 xid, proc;	/* of the call under way */
	int64_t		 t_op, t_rpc;	/* ns: they began */

	unsigned	 step;		/* of the operation: 0, 1, ... */
	uint64_t	 index;		/* of the operation, in the run */

	/* for the works */
	uint64_t	 off;
	uint32_t	 len;
	struct nfs3_fh	 fh;
	bool		 turned;	/* rename: it has its other name */
	uint64_t	 cookie, entries;
	uint8_t		 cookieverf[NFS3_VERFSIZE];
	uint8_t		*seen;		/* a bit for each entry, or NULL */
};

enum nl_next {
	NL_AGAIN,	/* one more call for the same operation */
	NL_DONE,
	NL_BAD,		/* nl_load_error() was called */
};

struct nl_work {
	const char	*name;
	unsigned	 needs;
	/* A new operation: sl->step is 0, sl->index set; may be NULL. */
	void		(*begin)(struct nl_slot *sl);
	/* nl_load_call() and the arguments. */
	void		(*call)(struct nl_slot *sl, struct xout *o);
	/* Results, after an RPC header that says success. */
	enum nl_next	(*reply)(struct nl_slot *sl, struct xin *in);
	/* When all is done, once on each connection and timed; or NULL. */
	const struct nl_work *last;
	/* Afterwards: is in the export what should be?  NULL: not looked at. */
	bool		(*verify)(struct nl_run *run);
};

struct nl_conn {
	struct nl_run	*run;
	unsigned	 n;
	int		 fd;
	bool		 dead;
	struct nl_slot	*slot;		/* opt->depth of them */
	unsigned	 inflight;	/* calls */
	uint32_t	 generation;	/* of xids */
	uint64_t	 rng;

	/* slots to be encoded: a ring; those between operations too */
	struct nl_slot	**ready;
	unsigned	 ready_at, nready;
	unsigned	 idle;		/* operations not begun any more */
	uint64_t	 quota;		/* operations that it may begin */
	bool		 ended;		/* run->work->last is under way */

	uint8_t		*head;		/* NL_HEAD bytes of calls */
	size_t		 head_used;
	struct iovec	 iov[NL_IOV];
	unsigned	 iov_at, niov;

	uint8_t		*in;
	size_t		 in_cap, in_off, in_end;

	/* for the works */
	struct nl_obj	 dir, out;
	uint64_t	 pos;		/* next block */
	uint8_t		*written;	/* a bit for each block of out */
	uint8_t		 verf[NFS3_VERFSIZE];
	bool		 have_verf;

	uint64_t	 ops, bytes, rpcs, entries;
	struct nl_hist	 all;
	struct nl_hist	*by_proc;	/* NL_PROCS of them */
};

struct nl_run {
	const struct nl_opt *opt;
	struct nl_cred	 cred;
	uint32_t	 id;		/* unlike other runs', also when their
					   process had the same number */
	const struct nl_work *work;
	struct nl_tree	 tree;
	struct nl_conn	*conn;		/* opt->connections of them */
	uint64_t	 count;		/* operations at most */
	int64_t		 deadline;	/* ns, or INT64_MAX */
	_Atomic uint64_t issued, rounds;
	unsigned	 passes;	/* over new files: nl_pass.c */
	atomic_bool	 stop;

	pthread_mutex_t	 error_lock;	/* guards the rest */
	uint64_t	 errors;
	char		 first[256];
};

/* -- nl_load.c */
int64_t nl_load_now(void);			/* ns */

/* From the first call to the last reply. */
void nl_load_run(struct nl_run *run);

/* For the works: the header of the slot's next call. */
void nl_load_call(struct nl_slot *sl, struct xout *o, uint32_t proc);

/* Count one; the first one's text is kept.  Gives NL_BAD. */
enum nl_next nl_load_error(struct nl_run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The status of a reply: NFS3_OK or want, or else an error.  UINT32_MAX: an
 * error, already counted.
 */
uint32_t nl_load_status(struct nl_slot *sl, struct xin *in, uint32_t want);

/* The end of a reply: NL_DONE or next; an error unless it was right. */
enum nl_next nl_load_end(struct nl_slot *sl, struct xin *in, bool ok,
    enum nl_next next);

/* -- nl_conn.c.  false: an error is counted. */
bool nl_conn_init(struct nl_run *run);
/* Only these are open while the server is measured. */
bool nl_conn_open(struct nl_run *run);
void nl_conn_close(struct nl_run *run);
void nl_conn_fini(struct nl_run *run);

/* A new pass: all slots are ready, and may begin quota operations. */
void nl_conn_again(struct nl_run *run, uint64_t quota);

/* -- nl_works.c: by name, or NULL; what there is, as a text. */
const struct nl_work *nl_works_find(const char *name);
const char *nl_works_names(void);

/* -- nl_meta.c, nl_data.c, nl_name.c, nl_list.c, nl_mix.c */
extern const struct nl_work nl_meta_null, nl_meta_tcp, nl_meta_getattr,
    nl_meta_lookup, nl_meta_absent, nl_meta_access, nl_meta_readlink;
extern const struct nl_work nl_data_read, nl_data_write, nl_data_write_commit;
extern const struct nl_work nl_name_create, nl_name_create_write,
    nl_name_create_write_commit, nl_name_remove, nl_name_rename,
    nl_name_rename_each,
    nl_name_come_and_go;
extern const struct nl_work nl_list_plus;
extern const struct nl_work nl_mix;

/* Blocks of --size in a file that is read or written; at least 1. */
uint64_t nl_data_blocks(const struct nl_run *run);

/* The name of the file that operation number index makes. */
void nl_name_new(const struct nl_run *run, uint64_t index,
    char name[NL_NAME_MAX]);

/*
 * -- nl_pass.c: the measured part.  Writing in order is always into files that
 * are new and empty: after --file-size bytes come another file and another
 * pass, and what is between them is not timed.
 */
struct nl_times;
void nl_pass_all(struct nl_run *run, struct nl_times *t);

/* -- nl_paths.c: objects that are there already */
struct nl_sync;
/* From the export's root; in: the directory that it is in, or NULL. */
bool nl_paths_find(struct nl_run *run, struct nl_sync *s, const char *path,
    struct nl_obj *o, struct nfs3_fh *in, struct nfs3_fattr *a);
/* All of --paths, into run->tree; and what was made beside them, away. */
bool nl_paths_read(struct nl_run *run, struct nl_sync *s);
bool nl_paths_remove(struct nl_run *run, struct nl_sync *s);

/* -- nl_prep.c: the export before and after.  false: an error is counted. */
bool nl_prep_make(struct nl_run *run);
bool nl_prep_remove(struct nl_run *run);
/* Each connection's file is replaced by another one, which is empty. */
bool nl_prep_again(struct nl_run *run);

#endif /* BENCH_NL_H */
