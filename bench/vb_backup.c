/*
 * vb_backup.c - "Backup/Sync": a tree is made, copied, changed, compared,
 * copied again where it changed, and restored.  All of it is timed.
 *
 * Files of the three sets have the same index in each.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "bench/vb_loads.h"

#define DIGEST	32u

enum { SOURCE, COPY, RESTORED };

static const char *const roots[] = { "source", "backup", "restore" };

/* The same folder in all three trees, with n files. */
static bool
add_dir(struct vb_job *j, const char *dir, unsigned n)
{
	unsigned i, k;
	uint64_t key, size;

	for (k = 0; k < 3; k++) {
		if (!vb_io_mkdir(&j->io, "%s/%s", roots[k], dir))
			return false;
	}
	for (i = 0; i < n; i++) {
		key = vb_rng_next(&j->rng);
		size = vb_rng_range(&j->rng, 4096, 524288);
		for (k = 0; k < 3; k++)
			(void)vb_io_add(&j->io, &j->set[k], key, size,
			    "%s/%s/file_%03u.dat", roots[k], dir, i);
	}
	return true;
}

/* Every fourth folder has one in it. */
static bool
make(struct vb_job *j)
{
	unsigned n = (unsigned)vb_pair(j, 20, 5), d;
	unsigned files = (unsigned)vb_pair(j, 50, 10);
	unsigned nested = (unsigned)vb_pair(j, 5, 2);
	char dir[64];

	for (d = 0; d < 3; d++) {
		if (!vb_io_mkdir(&j->io, "%s", roots[d]))
			return false;
	}
	for (d = 0; d < n; d++) {
		(void)snprintf(dir, sizeof(dir), "dir_%02u", d);
		if (!add_dir(j, dir, files))
			return false;
		(void)snprintf(dir, sizeof(dir), "dir_%02u/nested", d);
		if (d % 4 == 0 && !add_dir(j, dir, nested))
			return false;
	}
	return vb_io_write_all(&j->io, &j->set[SOURCE], VB_SYNC | VB_EXCL);
}

static bool
copy_all(struct vb_job *j, int from, int to)
{
	size_t i;

	for (i = 0; i < j->set[from].n; i++) {
		if (!vb_io_copy(&j->io, &j->set[from].v[i],
		    &j->set[to].v[i], 0))
			return false;
	}
	return true;
}

/* One of twenty gets another content of the same size. */
static bool
change(struct vb_job *j)
{
	struct vb_set *s = &j->set[SOURCE];
	size_t n = s->n / 20 > 1 ? s->n / 20 : 1, i;
	struct vb_file *f;

	for (i = 0; i < n; i++) {
		f = &s->v[i * s->n / n];
		vb_io_rekey(f, vb_rng_next(&j->rng), f->size);
		if (!vb_io_write(&j->io, f, VB_BLOCK, VB_SYNC))
			return false;
	}
	return true;
}

/* The hash is part of the work, so the clock runs; no look at the content. */
static bool
hash(struct vb_job *j, EVP_MD_CTX *md, const struct vb_file *f, uint8_t *out)
{
	uint8_t *buf = vb_io_buf(&j->io, VB_BLOCK);
	ssize_t n;
	bool well;
	int fd;

	if (!vb_io_stat(&j->io, f) ||
	    (fd = vb_io_open(&j->io, f, O_RDONLY)) == -1)
		return false;
	well = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
	while (well && (n = read(fd, buf, VB_BLOCK)) != 0) {
		well = n > 0 && EVP_DigestUpdate(md, buf, (size_t)n) == 1;
		j->io.bytes += n > 0 ? (uint64_t)n : 0;
	}
	j->io.ops++;
	well = vb_io_close(&j->io, f, fd) && well &&
	    EVP_DigestFinal_ex(md, out, NULL) == 1;
	return well || vb_error(j->vb, "%s: cannot be hashed", f->path);
}

/* Copies what differs, and that must be exactly what was changed. */
static bool
sync_one(struct vb_job *j, EVP_MD_CTX *md, size_t i)
{
	const struct vb_file *src = &j->set[SOURCE].v[i];
	struct vb_file *copy = &j->set[COPY].v[i];
	uint8_t a[DIGEST], b[DIGEST];
	bool same;

	if (!hash(j, md, src, a) || !hash(j, md, copy, b))
		return false;
	same = memcmp(a, b, DIGEST) == 0;
	if (same != (src->key == copy->key))
		return vb_error(j->vb, "%s: its hash is%s that of its copy",
		    src->path, same ? "" : " not");
	return same || vb_io_copy(&j->io, src, copy, 0);
}

static bool
sync_changed(struct vb_job *j)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool well = md != NULL;
	size_t i;

	for (i = 0; well && i < j->set[SOURCE].n; i++)
		well = sync_one(j, md, i);
	EVP_MD_CTX_free(md);
	return well;
}

static bool
run(struct vb_job *j)
{
	return make(j) && copy_all(j, SOURCE, COPY) && change(j) &&
	    sync_changed(j) && copy_all(j, COPY, RESTORED);
}

static bool
check(struct vb_job *j)
{
	return vb_io_read_all(&j->io, &j->set[SOURCE]) &&
	    vb_io_read_all(&j->io, &j->set[COPY]) &&
	    vb_io_read_all(&j->io, &j->set[RESTORED]);
}

const struct vb_load vb_backup = {
	.name = "backup", .what = "make, copy, change, compare, sync, restore",
	.seed = 0xbac0dad,
	.steps = { { "backup", run, VB_ONCE } },
	.check = check,
};
