/*
 * From paths on disk back to directories and names.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/base64.h"
#include "vault/dir_names.h"
#include "vault/file.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define HASH_BYTES	20	/* of SHA-1 */

static int
base32_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* The hash that "d/XX/Y{30}" spells; false: it spells none. */
static bool
hash_of_path(const char *path, uint8_t hash[HASH_BYTES])
{
	unsigned bits = 0, have = 0;
	size_t i;
	int v;

	if (strlen(path) != NAME_DIRPATH_LEN || memcmp(path, "d/", 2) != 0 ||
	    path[4] != '/')
		return false;
	for (i = 2; i < NAME_DIRPATH_LEN; i++) {
		if (i == 4)
			continue;
		if ((v = base32_value(path[i])) == -1)
			return false;
		bits = bits << 5 | (unsigned)v;
		if ((have += 5) >= 8)
			*hash++ = (uint8_t)(bits >> (have -= 8));
	}
	return true;
}

/* By what its dirid.c9r says, if that is true; else NULL. */
static struct dir *
by_backup(struct vault *v, struct arena *a, const char *path)
{
	struct vloc loc = { .type = VTYPE_FILE };
	const char *id;
	struct dir *d;
	size_t len;

	(void)snprintf(loc.path, sizeof(loc.path), "%s/" VAULT_DIRID_FILE,
	    path);
	if (symlink_read(v, a, &loc, &id, &len, NULL) == -1 ||
	    len > NAME_DIRID_MAX || (d = dir_by_id(v, id, len, NULL)) == NULL)
		return NULL;
	if (strcmp(d->path, path) == 0)
		return d;
	dir_put(d);
	return NULL;
}

struct dir *
dir_by_path(struct vault *v, struct arena *a, const char *path,
    bool may_search, struct verr *e)
{
	uint8_t hash[HASH_BYTES];
	struct dir *d;

	if (!hash_of_path(path, hash)) {
		verr_fail(e, VERR_INVAL, "not the path of a folder of the "
		    "vault");
		return NULL;
	}
	if ((d = dir_by_hash(v, hash, false, NULL)) != NULL ||
	    (d = by_backup(v, a, path)) != NULL)
		return d;
	return dir_by_hash(v, hash, may_search, e);
}

/*
 * The clear name that entry decrypts to, if it is the entry that we would make
 * for it: then no other has this name.
 */
static bool
plain_name(struct dir *d, const char *entry, size_t len, char *full,
    size_t full_len, struct diskname *dn, uint8_t *clear, size_t *clear_len)
{
	struct kctx *c;
	bool ok;

	if (full_len < NAME_DISK_MIN || full_len >= NAME_DISK_MAX ||
	    memcmp(full + full_len - 4, ".c9r", 4) != 0 ||
	    (c = keys_take(d->v->keys)) == NULL)
		return false;
	ok = name_decrypt(c, d->id, d->id_len, full, full_len - 4, clear,
	    clear_len);
	keys_drop(d->v->keys, c);
	return ok && dir_disk_name(d, (char *)clear, *clear_len, dn,
	    NULL) == 0 && dn->entry_len == len &&
	    memcmp(dn->entry, entry, len) == 0;
}

/* What a listing calls it: conflict copies, odd forms. */
static int
listed_name(struct dir *d, struct arena *a, const char *entry, size_t len,
    const char **name, size_t *name_len, struct verr *e)
{
	struct names *names;
	struct listed l = { .cookie = 0 };
	char text[1024];
	uint64_t seen;
	bool found = false;

	if ((names = dir_names(d, false, e)) == NULL)
		return -1;
	while (!found && dir_names_page(d, names, l.cookie, &l, 1, text,
	    sizeof(text), &seen) == 1)
		found = l.entry_len == len &&
		    memcmp(l.entry, entry, len) == 0;
	names_put(d->v, names);
	if (!found)
		return verr_fail(e, VERR_NOENT, "%s holds no such entry that "
		    "can be shown", d->path);
	*name_len = l.name_len;
	*name = arena_strndup(a, l.name, *name_len);
	return *name != NULL ? 0 :
	    verr_fail(e, VERR_NOMEM, "out of memory for a name");
}

int
dir_clear_name(struct dir *d, struct arena *a, const char *entry, size_t len,
    const char **name, size_t *name_len, struct verr *e)
{
	char full[NAME_DISK_MAX], path[VLOC_MAX];
	uint8_t clear[BASE64_BYTES(NAME_DISK_MAX)];
	struct diskname dn;
	ssize_t n = (ssize_t)len;

	if (len < NAME_DISK_MIN || len > 255)
		return verr_fail(e, VERR_INVAL, "not the name of an entry");
	if (entry[len - 1] == 's') {
		dir_entry_path(d, entry, len, "name.c9s", path);
		n = host_read_file(d->v->root, path, full, sizeof(full));
	} else {
		memcpy(full, entry, len);
	}
	if (n <= 0 || !plain_name(d, entry, len, full, (size_t)n, &dn, clear,
	    name_len))
		return listed_name(d, a, entry, len, name, name_len, e);
	*name = arena_strndup(a, (char *)clear, *name_len);
	return *name != NULL ? 0 :
	    verr_fail(e, VERR_NOMEM, "out of memory for a name");
}

bool
dir_link_of(struct dir *d, char out[VLOC_MAX])
{
	struct dir *parent;
	bool known;

	if (d == d->v->root_dir || (parent = dir_parent(d, false,
	    NULL)) == NULL)
		return false;
	known = dir_link_path(d, parent, out);
	dir_put(parent);
	return known;
}
