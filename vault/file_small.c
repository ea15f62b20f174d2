#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define LINK_USUAL	4096u	/* bytes on disk, as a rule */
#define LINK_MAX_BYTES	32767u	/* vault-format 6 */

/* Header and chunk, ready to be written; their length, 0 on failure. */
static size_t
seal_small(struct vault *v, const void *data, size_t len, uint8_t *out)
{
	const struct cipher *c = v->cipher;
	struct filekey fk;
	struct kctx *k;
	bool ok;

	if ((k = keys_take(v->keys)) == NULL)
		return 0;
	ok = c->header_make(k, &fk, out) && (len == 0 ||
	    c->seal(k, &fk, 0, data, len, out + c->header_len));
	keys_drop(v->keys, k);
	secret_zero(&fk, sizeof(fk));
	if (!ok)
		return 0;
	return c->header_len + (len == 0 ? 0 : len + c->overhead);
}

int
file_make(struct vault *v, const char *path, mode_t mode, const void *data,
    size_t len, enum host_when when, struct verr *e)
{
	uint8_t *buf;
	size_t n;
	int r = 0;

	if (len > BUFPOOL_SIZE - CIPHER_HEADER_MAX - CIPHER_OVERHEAD_MAX)
		return verr_code(e, VERR_FBIG);
	if ((buf = bufpool_get()) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a file");
	if ((n = seal_small(v, data, len, buf)) == 0)
		r = verr_fail(e, VERR_NOMEM, "cannot encrypt a file");
	else if (host_write_file(v->root, path, buf, n, mode, when) == -1)
		r = verr_sys(e, "cannot write %s", path);
	bufpool_put(buf);
	return r;
}

void
file_write_dirid(struct vault *v, struct dir *d)
{
	char path[VLOC_MAX];

	dir_entry_path(d, VAULT_DIRID_FILE, strlen(VAULT_DIRID_FILE), NULL,
	    path);
	(void)file_make(v, path, 0644, d->id, d->id_len,
	    HOST_WHENEVER, NULL);
}

/* The one chunk of a link, opened in place. */
static int
open_link(struct vault *v, uint8_t *disk, size_t n, const char *path,
    const char **target, size_t *len, struct verr *e)
{
	const struct cipher *c = v->cipher;
	struct filekey fk;
	struct kctx *k;
	bool ok;

	if (n < c->header_len)
		return verr_fail(e, VERR_DAMAGED, "%s has only %zu bytes, too "
		    "few for a header", path, n);
	if ((k = keys_take(v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	ok = c->header_read(k, disk, &fk) && (n == c->header_len ||
	    (n >= c->header_len + c->overhead &&
	    c->open(k, &fk, 0, disk + c->header_len, n - c->header_len)));
	keys_drop(v->keys, k);
	secret_zero(&fk, sizeof(fk));
	if (!ok)
		return verr_fail(e, VERR_AUTH, "%s is not authentic", path);
	*len = n == c->header_len ? 0 : n - c->header_len - c->overhead;
	*target = (char *)disk + c->header_len + c->nonce_len;
	return 0;
}

int
symlink_read(struct vault *v, struct arena *a, const struct vloc *loc,
    const char **target, size_t *len, struct verr *e)
{
	size_t max = v->cipher->header_len + LINK_MAX_BYTES +
	    v->cipher->overhead;
	uint8_t *disk;
	size_t room;
	ssize_t n;

	/* Hardly a target is as long as it may be. */
	for (room = LINK_USUAL;; room = max) {
		if ((disk = arena_alloc(a, room + 1)) == NULL)
			return verr_fail(e, VERR_NOMEM, "out of memory for a "
			    "link");
		n = host_read_file(v->root, loc->path, disk, room);
		if (n != -1 || errno != EFBIG || room == max)
			break;
	}
	if (n == -1) {
		if (errno == EFBIG)
			return verr_fail(e, VERR_DAMAGED, "%s is too long for "
			    "a link", loc->path);
		if (errno == ENOENT || errno == ENOTDIR)
			return verr_code(e, VERR_STALE);
		return verr_sys(e, "cannot read %s", loc->path);
	}
	if (open_link(v, disk, (size_t)n, loc->path, target, len, e) == -1)
		return -1;
	*target = arena_strndup(a, *target, *len);
	if (*target == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a link");
	return 0;
}
