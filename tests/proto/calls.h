/*
 * calls.h - each procedure as one function call, replies as plain values.
 *
 * Every function returns the nfsstat3 of the reply (an enum wire_nfsstat3), and
 * ends the process if there was none: what RPC answers is tested elsewhere.
 * Results are cleared first, so what a reply did not carry is zero.
 */
#ifndef TESTS_PROTO_CALLS_H
#define TESTS_PROTO_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/proto/fixture.h"

/* The call, as client_nfs(), which must be answered by a result. */
#define CALL(c, P, args, res)						\
	call_must(#P, client_nfs((c), P, (args), (res)))
void call_must(const char *what, enum clnt_stat st);

/* A reply about names: every procedure fills what it has. */
struct reply {
	bool		have_fh;
	struct fh	fh;
	post_op_attr	attr;		/* of the object */
	post_op_attr	dir_attr;	/* LOOKUP */
	wcc_data	wcc;		/* of the object, directory, "from" */
	wcc_data	wcc2;		/* RENAME: of "to" */
};

nfs_fh3 call_fh(const struct fh *fh);	/* refers to fh */
bool call_same_fh(const struct fh *a, const struct fh *b);
struct fh call_keep_fh(const nfs_fh3 *fh);

/* sattr3 with one thing set. */
sattr3 call_mode(uint32_t mode);
sattr3 call_size(uint64_t size);

int call_getattr(struct client *c, const struct fh *fh, fattr3 *a);
int call_setattr(struct client *c, const struct fh *fh, const sattr3 *s,
    const nfstime3 *guard, wcc_data *w);
int call_lookup(struct client *c, const struct fh *dir, const char *name,
    struct reply *r);
int call_access(struct client *c, const struct fh *fh, uint32_t want,
    uint32_t *granted, post_op_attr *a);
/* target: room for 8192 bytes; "" on failure. */
int call_readlink(struct client *c, const struct fh *fh, char *target,
    post_op_attr *a);

struct read_reply {
	uint32_t	count;
	bool		eof;
	post_op_attr	attr;
};
int call_read(struct client *c, const struct fh *fh, uint64_t off,
    uint32_t count, void *buf, struct read_reply *r);

struct write_reply {
	uint32_t	count;
	int		committed;
	char		verf[8];
	wcc_data	wcc;
};
int call_write(struct client *c, const struct fh *fh, uint64_t off,
    const void *data, uint32_t len, int stable, struct write_reply *r);
int call_commit(struct client *c, const struct fh *fh, struct write_reply *r);

/* how: UNCHECKED or GUARDED; s NULL: nothing set. */
int call_create(struct client *c, const struct fh *dir, const char *name,
    int how, const sattr3 *s, struct reply *r);
int call_exclusive(struct client *c, const struct fh *dir, const char *name,
    const char verf[8], struct reply *r);
int call_mkdir(struct client *c, const struct fh *dir, const char *name,
    const sattr3 *s, struct reply *r);
int call_symlink(struct client *c, const struct fh *dir, const char *name,
    const char *target, struct reply *r);
int call_mknod(struct client *c, const struct fh *dir, const char *name,
    int type, struct reply *r);
int call_remove(struct client *c, const struct fh *dir, const char *name,
    struct reply *r);
int call_rmdir(struct client *c, const struct fh *dir, const char *name,
    struct reply *r);
int call_rename(struct client *c, const struct fh *from, const char *name,
    const struct fh *to, const char *new_name, struct reply *r);
int call_link(struct client *c, const struct fh *fh, const struct fh *dir,
    const char *name, struct reply *r);

#endif /* TESTS_PROTO_CALLS_H */
