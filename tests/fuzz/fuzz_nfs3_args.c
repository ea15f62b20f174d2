/*
 * fuzz_nfs3_args.c - arguments of NFSv3 calls; the first byte chooses which.
 *
 * Every slice of a call that was accepted must lie inside the record, and no
 * handle may say more than it holds.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "xdr/nfs3.h"

#define AT(x, m)	offsetof(struct nfs3_##x##_args, m)
#define NONE		SIZE_MAX
#define ROW(x, fh1, fh2, s1, s2)					\
	{ nfs3_args_##x, sizeof(struct nfs3_##x##_args), { fh1, fh2 },	\
	    { s1, s2 } }
#define ONE(x, m)	ROW(x, AT(x, m), NONE, NONE, NONE)
#define DIROP(x)	ROW(x, AT(x, dir), NONE, AT(x, name), NONE)

static const struct row {
	bool	(*decode)(struct xin *, void *);
	size_t	 size;
	size_t	 handle[2];	/* offsets in the struct, or NONE */
	size_t	 slice[2];
} rows[] = {
	{ nfs3_args_null, 0, { NONE, NONE }, { NONE, NONE } },
	ONE(getattr, obj), ONE(setattr, obj), DIROP(lookup),
	ONE(access, obj), ONE(readlink, obj), ONE(read, file),
	ROW(write, AT(write, file), NONE, AT(write, data), NONE),
	DIROP(create), DIROP(mkdir),
	ROW(symlink, AT(symlink, dir), NONE, AT(symlink, name),
	    AT(symlink, target)),
	DIROP(mknod), DIROP(remove), DIROP(rmdir),
	ROW(rename, AT(rename, from_dir), AT(rename, to_dir),
	    AT(rename, from_name), AT(rename, to_name)),
	ROW(link, AT(link, file), AT(link, dir), AT(link, name),
	    NONE),
	ONE(readdir, dir), ONE(readdirplus, dir), ONE(fsstat, obj),
	ONE(fsinfo, obj), ONE(pathconf, obj), ONE(commit, file),
};

static void
check_handle(const struct nfs3_fh *fh)
{
	if (fh->len > NFS3_FHSIZE)
		abort();
}

static void
check_slice(const struct slice *s, const uint8_t *from, const uint8_t *to)
{
	const uint8_t *p = (const uint8_t *)s->s;

	if (p < from || p > to || s->len > (size_t)(to - p))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct row *r;
	struct xin in;
	uint8_t *args;
	unsigned i;

	if (size == 0)
		return 0;
	r = &rows[data[0] % (sizeof(rows) / sizeof(rows[0]))];
	/* From the heap, so that ASan sees a decoder that takes another's. */
	args = malloc(r->size + 1);
	xin_init(&in, data + 1, size - 1);
	if (!r->decode(&in, args) || r->size == 0) {
		free(args);
		return 0;
	}
	for (i = 0; i < 2; i++) {
		if (r->handle[i] != NONE)
			check_handle((const void *)(args + r->handle[i]));
		if (r->slice[i] != NONE)
			check_slice((const void *)(args + r->slice[i]),
			    data + 1, data + size);
	}
	free(args);
	return 0;
}
