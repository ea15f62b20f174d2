/*
 * A new vault of format 8, in the order of vault-format 2.4 but with
 * vault.cryptomator last: until it is there, the folder is no vault.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/entropy.h"
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

/* The folder: made, or there and empty. */
static int
open_folder(const char *path, bool *made, struct verr *e)
{
	struct host_dirent de;
	struct host_dir *hd;
	int r, root;

	*made = mkdir(path, 0700) == 0;
	if (!*made && errno != EEXIST)
		return verr_sys(e, "cannot make folder %s", path);
	if ((root = host_root(path)) == -1)
		return verr_sys(e, "cannot open folder %s", path);
	if ((hd = host_opendir(root, ".")) == NULL) {
		verr_sys(e, "cannot read folder %s", path);
		(void)close(root);
		return -1;
	}
	r = host_readdir(hd, &de);
	if (r == 1)
		verr_fail(e, VERR_NOTEMPTY, "%s is not empty: a new vault "
		    "needs a folder of its own", path);
	else if (r == -1)
		verr_sys(e, "cannot read folder %s", path);
	host_closedir(hd);
	if (r != 0) {
		(void)close(root);
		return -1;
	}
	return root;
}

static int
write_paper(int root, const char *name, const char *text, struct verr *e)
{
	char tmp[64];

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	if (host_write_file(root, tmp, text, strlen(text), 0600, true) == -1)
		return verr_sys(e, "cannot write %s", tmp);
	if (host_rename_new(root, tmp, name) == -1) {
		verr_sys(e, "cannot rename %s to %s", tmp, name);
		(void)host_unlink(root, tmp);
		return -1;
	}
	return 0;
}

/* d, d/XX, d/XX/YYY and in it dirid.c9r. */
static int
make_tree(struct vault *v, struct verr *e)
{
	char upper[5];

	if ((v->root_dir = dir_by_id(v, "", 0, e)) == NULL)
		return -1;
	memcpy(upper, v->root_dir->path, 4);
	upper[4] = '\0';
	if (host_mkdir(v->root, "d", 0755) == -1 ||
	    host_mkdir(v->root, upper, 0755) == -1 ||
	    host_mkdir(v->root, v->root_dir->path, 0755) == -1)
		return verr_sys(e, "cannot make folder %s", v->root_dir->path);
	file_write_dirid(v, v->root_dir);
	vault_sync_note(v, v->root_dir->path);
	vault_sync_note(v, upper);
	vault_sync_note(v, "d");
	vault_sync_note(v, ".");
	return 0;
}

static void
unmake(int root, const char *dir_path)
{
	char path[VLOC_MAX];

	(void)host_unlink(root, TOKEN_FILE);
	(void)host_unlink(root, MASTERKEY_FILE);
	if (dir_path != NULL) {
		(void)snprintf(path, sizeof(path), "%s/" VAULT_DIRID_FILE,
		    dir_path);
		(void)host_unlink(root, path);
		(void)host_rmdir(root, dir_path);
		(void)snprintf(path, sizeof(path), "%.4s", dir_path);
		(void)host_rmdir(root, path);
	}
	(void)host_rmdir(root, "d");
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
	if (make_tree(v, e) == 0 &&
	    write_paper(root, MASTERKEY_FILE, masterkey, e) == 0 &&
	    vault_sync_names(v, e) == 0 &&
	    write_paper(root, TOKEN_FILE, token, e) == 0) {
		vault_sync_note(v, ".");
		r = vault_sync_names(v, e);
	}
	if (r == -1)
		unmake(root, v->root_dir == NULL ? NULL : v->root_dir->path);
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
		(void)rmdir(path);
out:
	free(masterkey);
	free(token);
	secret_free(raw, KEYS_RAW_LEN);
	return r;
}
