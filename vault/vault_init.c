/*
 * A new vault of format 8 (vault-format 2.4).
 *
 *   step                                    a crash afterwards leaves
 *   the folder                              an empty folder
 *   vault.cryptomator.tmp, synced           a folder that says what it is
 *   d/XX/YYY/dirid.c9r, masterkey, synced   the same, and more in it
 *   the first renamed to vault.cryptomator  a vault
 *
 * Until the last step the folder is no vault, and a file stands in it that
 * nobody else makes: where that is, and nothing but what comes after it here,
 * another init takes all of it away and begins anew.  In the reverse order, so
 * that it may be stopped as well.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/entropy.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/cipher.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/masterkey.h"
#include "vault/token.h"
#include "vault/vault_int.h"

#define THRESHOLD_MIN	36
#define THRESHOLD_MAX	220

#define MARK		TOKEN_FILE ".tmp"

/* -- what an init that was interrupted has left */

/* What may be there of a vault without anything in it. */
struct ruin {
	bool	mark, other;
	char	dir[NAME_DIRPATH_LEN + 1];	/* of the root, as far as it
						   is: "", "d", "d/XX", ... */
};

/* The only entry of a folder; 0: none, 1: in *name, 2: several; -1: errno. */
static int
only_entry(int root, const char *folder, char name[256])
{
	struct host_dirent de;
	struct host_dir *hd;
	int r, n = 0;

	if ((hd = host_opendir(root, folder)) == NULL)
		return errno == ENOTDIR || errno == ELOOP ? 2 : -1;
	while (n < 2 && (r = host_readdir(hd, &de)) == 1) {
		n++;
		(void)snprintf(name, 256, "%s", de.name);
	}
	host_closedir(hd);
	return n < 2 && r == -1 ? -1 : n;
}

/* d with one folder, in which one folder is, in which at most dirid.c9r is. */
static int
look_at_tree(int root, struct ruin *ru)
{
	static const size_t lens[] = { 2, NAME_DIRPATH_LEN - 5 };
	char name[256];
	size_t i, at = 1;
	int n;

	(void)strcpy(ru->dir, "d");
	for (i = 0; i < 2; i++) {
		if ((n = only_entry(root, ru->dir, name)) <= 0)
			return n;
		if (n > 1 || strlen(name) != lens[i]) {
			ru->other = true;
			return 0;
		}
		ru->dir[at] = '/';
		memcpy(ru->dir + at + 1, name, lens[i] + 1);
		at += 1 + lens[i];
	}
	if ((n = only_entry(root, ru->dir, name)) == -1)
		return -1;
	ru->other = n > 1 || (n == 1 && strcmp(name, VAULT_DIRID_FILE) != 0);
	return 0;
}

static int
look_at_top(int root, struct ruin *ru)
{
	struct host_dirent de;
	struct host_dir *hd;
	bool tree = false;
	int r;

	memset(ru, 0, sizeof(*ru));
	if ((hd = host_opendir(root, ".")) == NULL)
		return -1;
	while ((r = host_readdir(hd, &de)) == 1) {
		if (strcmp(de.name, MARK) == 0)
			ru->mark = true;
		else if (strcmp(de.name, "d") == 0)
			tree = true;
		else if (strcmp(de.name, MASTERKEY_FILE) != 0)
			ru->other = true;
	}
	host_closedir(hd);
	if (r == -1 || ru->other || !ru->mark || !tree)
		return r;
	return look_at_tree(root, ru);
}

/* Gone already is as good. */
static int
drop(int root, const char *path, bool folder, struct verr *e)
{
	if ((folder ? host_rmdir(root, path) : host_unlink(root, path)) == 0 ||
	    errno == ENOENT)
		return 0;
	return verr_sys(e, "cannot remove %s", path);
}

/* dir: "", "d", "d/XX" or the root's folder; the mark is the last to go. */
static int
take_away(int root, const char *dir, struct verr *e)
{
	char path[NAME_DIRPATH_LEN + 1 + sizeof(VAULT_DIRID_FILE)];
	char *end;

	(void)snprintf(path, sizeof(path), "%s/" VAULT_DIRID_FILE, dir);
	if (strlen(dir) == NAME_DIRPATH_LEN &&
	    drop(root, path, false, e) == -1)
		return -1;
	while ((end = strrchr(path, '/')) != NULL && end != path) {
		*end = '\0';
		if (drop(root, path, true, e) == -1)
			return -1;
	}
	if (drop(root, MASTERKEY_FILE, false, e) == -1)
		return -1;
	return drop(root, MARK, false, e);
}

/* Empty, or made so. */
static int
clear_folder(int root, const char *path, struct verr *e)
{
	struct ruin ru;
	char name[256];
	int n;

	if ((n = only_entry(root, ".", name)) == 0)
		return 0;
	if (n == -1 || look_at_top(root, &ru) == -1)
		return verr_sys(e, "cannot read folder %s", path);
	if (ru.other || !ru.mark)
		return verr_fail(e, VERR_NOTEMPTY, "%s is not empty: a new "
		    "vault needs a folder of its own", path);
	log_info("%s holds what an init that was interrupted has left; it is "
	    "taken away", path);
	return take_away(root, ru.dir, e);
}

/* The folder: made, or there and empty. */
static int
open_folder(const char *path, bool *made, struct verr *e)
{
	int root;

	*made = host_mkdir(AT_FDCWD, path, 0700) == 0;
	if (!*made && errno != EEXIST)
		return verr_sys(e, "cannot make folder %s", path);
	if ((root = host_root(path)) == -1)
		return verr_sys(e, "cannot open folder %s", path);
	if (*made)
		(void)host_sync_path(root, "..");	/* if it may be read */
	else if (clear_folder(root, path, e) == -1) {
		(void)close(root);
		return -1;
	}
	return root;
}

/* -- a new one */

static int
write_paper(int root, const char *name, const char *text, struct verr *e)
{
	if (host_write_file(root, name, text, strlen(text), 0600,
	    HOST_DURABLE) == -1)
		return verr_sys(e, "cannot write %s", name);
	return 0;
}

/* Nothing else may be there before this is. */
static int
write_mark(int root, const char *token, struct verr *e)
{
	if (write_paper(root, MARK, token, e) == -1)
		return -1;
	if (host_sync_path(root, ".") == -1)
		return verr_sys(e, "cannot sync the folder");
	return 0;
}

/* d, d/XX, d/XX/YYY and in it dirid.c9r. */
static int
make_tree(struct vault *v, struct verr *e)
{
	char upper[5], path[VLOC_MAX];
	struct dir *d;

	if ((d = v->root_dir = dir_by_id(v, "", 0, e)) == NULL)
		return -1;
	memcpy(upper, d->path, 4);
	upper[4] = '\0';
	if (host_mkdir(v->root, "d", 0755) == -1 ||
	    host_mkdir(v->root, upper, 0755) == -1 ||
	    host_mkdir(v->root, d->path, 0755) == -1)
		return verr_sys(e, "cannot make folder %s", d->path);
	dir_leaf_path(d->path, VAULT_DIRID_FILE, path);
	if (file_make(v, path, 0644, d->id, d->id_len, HOST_WHENEVER,
	    e) == -1)
		return -1;
	vault_sync_note(v, path);
	vault_sync_note(v, d->path);
	vault_sync_note(v, upper);
	vault_sync_note(v, "d");
	vault_sync_note(v, ".");
	return 0;
}

/* It becomes a vault. */
static int
finish(struct vault *v, struct verr *e)
{
	if (host_rename_new(v->root, MARK, TOKEN_FILE) == -1)
		return verr_sys(e, "cannot rename " MARK " to " TOKEN_FILE);
	vault_sync_note(v, ".");
	if (vault_sync_names(v, e) == 0)
		return 0;
	(void)host_rename_new(v->root, TOKEN_FILE, MARK);
	return -1;
}

/* Everything in the folder root, which is the vault's from here on. */
static int
fill(int root, const uint8_t *raw, const struct cipher *cipher,
    int threshold, const char *masterkey, const char *token, struct verr *e)
{
	struct keys *keys;
	struct vault *v;
	int r = -1;

	if ((keys = keys_new(raw, e)) == NULL) {
		(void)close(root);
		return -1;
	}
	v = vault_assemble(root, keys, cipher, TOKEN_FORMAT, threshold, NULL,
	    e);
	if (v == NULL)
		return -1;
	if (write_mark(root, token, e) == 0 && make_tree(v, e) == 0 &&
	    write_paper(root, MASTERKEY_FILE, masterkey, e) == 0 &&
	    vault_sync_names(v, e) == 0)
		r = finish(v, e);
	if (r == -1)
		(void)take_away(root, v->root_dir == NULL ? "" :
		    v->root_dir->path, NULL);
	vault_close(v);
	return r;
}

static int
check(const struct vault_new *n, const struct cipher **cipher, int *threshold,
    struct verr *e)
{
	const char *name = n->cipher == NULL ? "SIV_GCM" : n->cipher;

	if ((*cipher = cipher_by_name(name)) == NULL)
		return verr_fail(e, VERR_INVAL, "no such cipher: %s; there are "
		    "SIV_GCM and SIV_CTRMAC", name);
	*threshold = n->threshold == 0 ? TOKEN_THRESHOLD : n->threshold;
	if (*threshold < THRESHOLD_MIN || *threshold > THRESHOLD_MAX)
		return verr_fail(e, VERR_INVAL, "a shortening threshold of %d "
		    "is not in %d to %d", *threshold, THRESHOLD_MIN,
		    THRESHOLD_MAX);
	return 0;
}

int
vault_init(const char *path, const struct vault_new *n, const char *pass,
    size_t passlen, struct verr *e)
{
	char *masterkey = NULL, *token = NULL;
	const struct cipher *cipher;
	int r = -1, root, threshold = 0;
	uint8_t *raw;
	bool made;

	if (check(n, &cipher, &threshold, e) == -1)
		return -1;
	if ((raw = secret_alloc(KEYS_RAW_LEN)) == NULL ||
	    !entropy_fill(raw, KEYS_RAW_LEN)) {
		verr_fail(e, VERR_NOMEM, "cannot make random keys");
		goto out;
	}
	masterkey = masterkey_make(raw, pass, passlen,
	    n->cost == 0 ? MASTERKEY_COST : n->cost, MASTERKEY_VERSION_8, e);
	if (masterkey == NULL ||
	    (token = token_make(cipher, threshold, raw, e)) == NULL)
		goto out;
	if ((root = open_folder(path, &made, e)) != -1)
		r = fill(root, raw, cipher, threshold, masterkey, token, e);
	if (r == -1 && made)
		(void)host_rmdir(AT_FDCWD, path);
out:
	free(masterkey);
	free(token);
	secret_free(raw, KEYS_RAW_LEN);
	return r;
}
