/*
 * nl_sync.h - one call after the other, for what is done before and after a
 * measurement.
 *
 * Errors: false, and s->err says what was asked and what came.  One user at a
 * time; a connection that failed stays failed.
 */
#ifndef BENCH_NL_SYNC_H
#define BENCH_NL_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/nl_wire.h"
#include "xdr/xin.h"

struct nl_opt;

struct nl_sync {
	int		 fd;
	struct nl_cred	 cred;
	uint32_t	 xid;
	uint8_t		*buf;
	size_t		 cap;		/* bytes */
	uint32_t	 status;	/* of the last reply */
	char		 err[200];
};

/* A connected socket, or -1 and text in err. */
int nl_sync_connect(const struct nl_opt *opt, char *err, size_t cap);

bool nl_sync_init(struct nl_sync *s, const struct nl_opt *opt);
void nl_sync_fini(struct nl_sync *s);

bool nl_sync_mnt(struct nl_sync *s, const struct nl_opt *opt,
    struct nfs3_fh *fh);
bool nl_sync_fsinfo(struct nl_sync *s, const struct nfs3_fh *fh,
    uint32_t *rtmax, uint32_t *wtmax);
bool nl_sync_lookup(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, struct nfs3_fh *fh, struct nfs3_attr *a);
bool nl_sync_getattr(struct nl_sync *s, const struct nfs3_fh *fh,
    struct nfs3_fattr *a);

/* All of them also find the handle if the server does not give it. */
bool nl_sync_create(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, struct nfs3_fh *fh, struct nfs3_attr *a);
bool nl_sync_mkdir(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, struct nfs3_fh *fh);
bool nl_sync_symlink(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, const char *target, struct nfs3_fh *fh);

/* One call; len within what the server takes. */
bool nl_sync_write(struct nl_sync *s, const struct nfs3_fh *fh, uint64_t off,
    const void *data, uint32_t len);
/* Exactly len bytes, which stay in s until the next call. */
bool nl_sync_read(struct nl_sync *s, const struct nfs3_fh *fh, uint64_t off,
    uint32_t len, const uint8_t **data);
bool nl_sync_commit(struct nl_sync *s, const struct nfs3_fh *fh);
bool nl_sync_remove(struct nl_sync *s, const struct nfs3_fh *dir,
    const char *name, bool is_dir);

/*
 * READDIR from *cookie (0 at first) on: fn for each name but "." and "..";
 * *eof: these were the last.
 */
typedef void nl_sync_name_fn(void *ctx, const char *name);
bool nl_sync_names(struct nl_sync *s, const struct nfs3_fh *dir,
    uint64_t *cookie, uint8_t verf[NFS3_VERFSIZE], bool *eof,
    nl_sync_name_fn *fn, void *ctx);

#endif /* BENCH_NL_SYNC_H */
