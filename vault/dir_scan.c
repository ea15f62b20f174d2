/*
 * What is in a directory's folder: read it, decrypt the names.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/base64.h"
#include "vault/dir_build.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

void
dir_listing_put(struct vault *v, struct listing *l)
{
	if (l == NULL || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	atomic_fetch_sub(&v->list_bytes, l->bytes);
	secret_drop(l, l->bytes);
}

/* One entry of the folder: its clear name into b, if it has one. */
static int
add_entry(struct build *b, struct dir *d, struct kctx *c,
    const struct host_dirent *de)
{
	size_t len = strlen(de->name);

	if (len < NAME_DISK_MIN || len > 255)
		return 0;		/* vault-format 4.5, 1 */
	if (strcmp(de->name + len - 4, ".c9r") == 0)
		return build_plain(b, d, c, de->name, len, de->ino);
	if (strcmp(de->name + len - 4, ".c9s") == 0)
		return build_long(b, d, c, de->name, len, de->ino);
	return 0;
}

/* A long name is a file of its own: as much work as so many short ones. */
#define LONG_COST	8

static bool
is_shortened(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".c9s") == 0;
}

static int
read_folder(struct build *b, struct dir *d, size_t limit, struct verr *e)
{
	size_t cost = 0;
	struct host_dirent de;
	struct host_dir *hd;
	struct kctx *c;
	int r;

	if ((hd = host_opendir(d->v->root, d->path)) == NULL) {
		if (errno == ENOENT)
			return verr_code(e, VERR_STALE);
		return verr_sys(e, "cannot open folder %s", d->path);
	}
	if ((c = keys_take(d->v->keys)) == NULL) {
		host_closedir(hd);
		return verr_fail(e, VERR_NOMEM, "out of memory for a listing");
	}
	while ((r = host_readdir(hd, &de)) == 1) {
		cost += is_shortened(de.name) ? LONG_COST : 1;
		if (limit > 0 && cost > limit) {
			r = verr_code(e, VERR_BUSY) - 1;
			break;
		}
		if (add_entry(b, d, c, &de) == -1) {
			r = verr_sys(e, "cannot read %s/%s", d->path,
			    de.name) - 1;
			break;
		}
	}
	if (r == -1)
		verr_sys(e, "cannot read folder %s", d->path);
	keys_drop(d->v->keys, c);
	host_closedir(hd);
	return r == 0 ? 0 : -1;
}

int
dir_scan(struct dir *d, size_t limit, struct listing **all,
    struct listing **odd, struct verr *e)
{
	struct build b;
	int r = -1;

	build_init(&b);
	if (read_folder(&b, d, limit, e) == -1)
		goto out;
	if (build_resolve(&b, d) == -1 ||
	    (*all = build_listing(&b, d->v, false)) == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for a listing");
		goto out;
	}
	if ((*odd = build_listing(&b, d->v, true)) == NULL) {
		dir_listing_put(d->v, *all);
		verr_fail(e, VERR_NOMEM, "out of memory for a listing");
		goto out;
	}
	if (b.hidden > 0) {
		atomic_fetch_add(&d->v->hidden, b.hidden);
		log_debug("%s: %zu entries cannot be shown", d->path,
		    b.hidden);
	}
	r = 0;
out:
	build_fini(&b);
	return r;
}

bool
dir_scan_name(struct dir *d, const char *entry, char *out, size_t *len)
{
	struct host_dirent de = { .name = entry };
	struct build b;
	struct kctx *c;
	bool ok;

	if ((c = keys_take(d->v->keys)) == NULL)
		return false;
	build_init(&b);
	ok = add_entry(&b, d, c, &de) == 0 && b.n == 1 && !b.v[0].odd;
	keys_drop(d->v->keys, c);
	if (ok) {
		*len = b.v[0].name_len;
		memcpy(out, b.text + b.v[0].name, *len + 1);
	}
	build_fini(&b);
	return ok;
}
