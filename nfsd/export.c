#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/export.h"
#include "nfsd/storage.h"
#include "vault/attr.h"
#include "vault/cipher.h"
#include "vault/vault.h"

/* An export is constant, how quick its storage is is not. */
struct place {
	struct export	 x;
	struct storage	 storage;
};

struct export_table {
	size_t		 n;
	struct place	**v;
};

struct export_table *
export_table_new(void)
{
	return calloc(1, sizeof(struct export_table));
}

void
export_table_free(struct export_table *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	free(t);
}

static bool
name_is_good(const char *name)
{
	size_t i, len = strlen(name);

	if (len == 0 || len > EXPORT_NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] == '/' || (unsigned char)name[i] < 0x20 ||
		    name[i] == 0x7f)
			return false;
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int
export_add(struct export_table *t, struct vault *v, const char *name,
    bool multi_user, uint32_t slow_us, struct verr *e)
{
	struct place **grown, *p;
	struct export *x;
	size_t i;

	if (!name_is_good(name))
		return verr_fail(e, VERR_INVAL, "an export's name is 1 to %d "
		    "bytes without '/' or control characters",
		    EXPORT_NAME_MAX);
	for (i = 0; i < t->n; i++) {
		if (strcmp(t->v[i]->x.name, name) == 0)
			return verr_fail(e, VERR_EXIST, "two exports cannot "
			    "both be called /%s; use VAULT=NAME", name);
		if (t->v[i]->x.id == vault_id(v))
			return verr_fail(e, VERR_EXIST, "/%s and /%s are the "
			    "same vault, or copies of one: their file handles "
			    "could not be told apart", t->v[i]->x.name, name);
	}
	grown = realloc(t->v, (t->n + 1) * sizeof(*grown));
	if (grown == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for an export");
	t->v = grown;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for an export");
	x = &p->x;
	x->vault = v;
	x->id = vault_id(v);
	x->fsid = (uint64_t)x->id << 32 | 0x766e6673;
	x->multi_user = multi_user;
	x->read_only = vault_read_only(v);
	x->format = vault_format(v);
	x->cipher = vault_cipher(v)->name;
	x->uid = geteuid();
	x->gid = getegid();
	strcpy(x->name, name);
	x->storage = &p->storage;
	storage_init(x->storage, x->name, slow_us);
	t->v[t->n++] = p;
	return 0;
}

size_t
export_count(const struct export_table *t)
{
	return t->n;
}

const struct export *
export_at(const struct export_table *t, size_t i)
{
	return &t->v[i]->x;
}

void
export_set_vault(struct export_table *t, size_t i, struct vault *v)
{
	t->v[i]->x.vault = v;
}

const struct export *
export_by_id(const struct export_table *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->v[i]->x.id == id)
			return &t->v[i]->x;
	return NULL;
}

const struct export *
export_by_path(const struct export_table *t, const char *path, size_t len,
    const char **rest, size_t *rest_len)
{
	const char *end = path + len, *stop;
	size_t i;

	while (path < end && *path == '/')
		path++;
	for (stop = path; stop < end && *stop != '/'; stop++)
		;
	*rest = stop;
	*rest_len = (size_t)(end - stop);
	if (path == end)
		return t->n == 1 ? &t->v[0]->x : NULL;
	for (i = 0; i < t->n; i++)
		if (strlen(t->v[i]->x.name) == (size_t)(stop - path) &&
		    memcmp(t->v[i]->x.name, path, (size_t)(stop - path)) == 0)
			return &t->v[i]->x;
	return NULL;
}

void
export_owner(const struct export *x, struct vattr *a)
{
	if (x->multi_user)
		return;
	a->uid = x->uid;
	a->gid = x->gid;
}
