/*
 * A new password for the keys of a vault (vault-format 1.5).
 *
 * Cryptomator moves the old masterkey file away before it makes the new one,
 * so a crash between the two leaves none.  Here the new file is written beside
 * the old one, put on stable storage, read again and unlocked with the new
 * password; the old one gets its backup name as a second link; and then one
 * rename(2) puts the new one in its place.
 *
 *   step                             a crash afterwards leaves
 *   NAME.tmp written and synced      the old password, a temporary
 *   NAME.XXXXXXXX.bkup linked        the same and a backup
 *   NAME.tmp renamed to NAME         the new or the old password
 *   the folder synced                the new password
 *
 * The next change takes the temporary away.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/verr.h"
#include "vault/base64.h"
#include "vault/digest.h"
#include "vault/host.h"
#include "vault/keys.h"
#include "vault/name.h"
#include "vault/papers.h"
#include "vault/vault.h"

/* Room for a path of a masterkey file and what is put behind it. */
#define PATH_ROOM	(sizeof(((struct token *)0)->masterkey) + 32)

_Static_assert(VAULT_KEY_LEN == KEYS_RAW_LEN, "one length of a raw key");

/* One change: the files it is about, below root. */
struct change {
	int		 root;
	const char	*name;			/* the masterkey file */
	char		 tmp[PATH_ROOM];	/* the new one */
	char		 backup[PATH_ROOM];	/* the old one's second name */
	bool		 backed_up;		/* we made it */
	bool		 have_old;
	struct host_stat old;
};

static bool
decrypts(struct kctx *c, const char *entry, size_t len)
{
	uint8_t clear[BASE64_BYTES(256)];
	size_t n;

	return len <= 255 && name_decrypt(c, "", 0, entry, len - 4, clear, &n);
}

/*
 * Does one of the names in the root's folder decrypt?  Where there are none,
 * nothing is lost by a wrong key either.
 */
static int
prove_by_names(int root, struct kctx *c, struct verr *e)
{
	char path[NAME_DIRPATH_LEN + 1];
	bool any = false, proven = false;
	struct host_dirent de;
	struct host_dir *hd;
	size_t len;
	int r;

	if (!name_dirpath(c, "", 0, path))
		return verr_fail(e, VERR_NOMEM, "out of memory for a name");
	if ((hd = host_opendir(root, path)) == NULL)
		return verr_sys(e, "cannot open the folder of the root, %s",
		    path);
	while (!proven && (r = host_readdir(hd, &de)) == 1) {
		len = strlen(de.name);
		if (len < NAME_DISK_MIN ||
		    memcmp(de.name + len - 4, ".c9r", 4) != 0)
			continue;
		any = true;
		proven = decrypts(c, de.name, len);
	}
	if (!proven && r == -1)
		r = verr_sys(e, "cannot read folder %s", path);
	else if (any && !proven)
		r = verr_fail(e, VERR_PASSWORD, "this is not the key of this "
		    "vault");
	else
		r = 0;
	host_closedir(hd);
	return r;
}

/*
 * In format 8 the token's signature proves the raw key.  In format 7 the MAC
 * of the version proves its one half, and names prove the other.
 */
static int
prove_key(int root, const struct papers *p, const uint8_t *raw,
    struct verr *e)
{
	struct keys *keys;
	struct kctx *c;
	int r;

	if (p->have_token)
		return token_verify(&p->token, p->text, p->text_len, raw, e);
	if (!masterkey_version_ok(&p->mk, raw))
		return verr_fail(e, VERR_PASSWORD, "this is not the key of "
		    "this vault");
	if ((keys = keys_new(raw, e)) == NULL)
		return -1;
	if ((c = keys_take(keys)) != NULL)
		r = prove_by_names(root, c, e);
	else
		r = verr_fail(e, VERR_NOMEM, "out of memory for a cipher");
	keys_drop(keys, c);
	keys_free(keys);
	return r;
}

/*
 * scrypt's N for r = 8: what it was, and never less work than before.  Where
 * another r makes that too much for one N, the work of both together counts.
 */
static uint32_t
cost_of(const struct papers *p, uint32_t min_cost)
{
	uint64_t n, work;

	if (!p->have_key)
		return min_cost > 0 ? min_cost : MASTERKEY_COST;
	n = p->mk.cost;
	work = n * p->mk.block;
	while (n * MASTERKEY_BLOCK < work || n < min_cost)
		n *= 2;
	while (n * MASTERKEY_BLOCK * 128 > MASTERKEY_SCRYPT_MAX)
		n /= 2;
	return (uint32_t)n;
}

/*
 * Format 8 does not depend on the version, and what is there is kept if it is
 * authentic: other programs look at it.
 */
static int32_t
version_of(const struct papers *p, const uint8_t *raw)
{
	if (p->have_key && masterkey_version_ok(&p->mk, raw))
		return p->mk.version;
	return MASTERKEY_VERSION_8;
}

/* The new file as it lies on the disk opens with the new password. */
static int
prove_file(const struct change *c, const uint8_t *raw, const char *pass,
    size_t passlen, struct verr *e)
{
	char *json = malloc(MASTERKEY_MAX);
	uint8_t *again = secret_alloc(KEYS_RAW_LEN);
	struct masterkey mk;
	bool mac_ok;
	ssize_t n;
	int r = -1;

	if (json == NULL || again == NULL)
		verr_fail(e, VERR_NOMEM, "out of memory for a key file");
	else if ((n = host_read_file(c->root, c->tmp, json,
	    MASTERKEY_MAX)) == -1)
		verr_sys(e, "cannot read %s again", c->tmp);
	else if (masterkey_parse(&mk, json, (size_t)n, e) == 0 &&
	    masterkey_unlock(&mk, pass, passlen, again, &mac_ok, e) == 0)
		r = mac_ok && secret_equal(raw, again, KEYS_RAW_LEN) ? 0 :
		    verr_fail(e, VERR_IO, "%s is not what was written there",
		    c->tmp);
	secret_free(again, KEYS_RAW_LEN);
	free(json);
	return r;
}

/* Who could read the old file can read the new one. */
static int
keep_access(const struct change *c, struct verr *e)
{
	struct host_stat st;

	if (!c->have_old)
		return 0;
	if (host_stat(c->root, c->tmp, &st) == -1)
		return verr_sys(e, "cannot stat %s", c->tmp);
	if ((st.uid != c->old.uid || st.gid != c->old.gid) &&
	    host_chown(c->root, c->tmp, c->old.uid, c->old.gid) == -1 &&
	    st.uid != c->old.uid)
		return verr_sys(e, "cannot keep the owner of %s", c->name);
	if (host_chmod(c->root, c->tmp, c->old.mode & 0777) == -1)
		return verr_sys(e, "cannot keep the mode of %s", c->name);
	return 0;
}

static int
write_new(const struct change *c, const char *json, struct verr *e)
{
	size_t len = strlen(json);

	/* what a change that was interrupted has left */
	if (host_unlink(c->root, c->tmp) == -1 && errno != ENOENT)
		return verr_sys(e, "cannot remove the old %s", c->tmp);
	if (host_write_file(c->root, c->tmp, json, len, 0600,
	    HOST_DURABLE) == -1)
		return verr_sys(e, "cannot write %s", c->tmp);
	return 0;
}

/* NAME.XXXXXXXX.bkup: the start of the content's SHA-256 (vault-format 1.6). */
static int
name_backup(struct change *c, const char *old, size_t len, struct verr *e)
{
	struct digest *d = digest_new();
	uint8_t sum[DIGEST_LEN];
	bool ok = d != NULL && digest_add(d, old, len) && digest_end(d, sum);

	digest_free(d);
	if (!ok)
		return verr_fail(e, VERR_NOMEM, "out of memory for a digest");
	(void)snprintf(c->backup, sizeof(c->backup),
	    "%s.%02X%02X%02X%02X.bkup", c->name, sum[0], sum[1], sum[2],
	    sum[3]);
	return 0;
}

/* A second link to the old file, or a copy where there are no links. */
static int
make_backup(struct change *c, struct verr *e)
{
	char *old = malloc(MASTERKEY_MAX);
	ssize_t n;
	int r = 0;

	if (old == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a key file");
	if ((n = host_read_file(c->root, c->name, old, MASTERKEY_MAX)) == -1)
		r = verr_sys(e, "cannot read %s", c->name);
	else
		r = name_backup(c, old, (size_t)n, e);
	if (r == 0 && host_link(c->root, c->name, c->backup) == 0)
		c->backed_up = true;
	else if (r == 0 && errno != EEXIST) {
		c->backed_up = host_write_file(c->root, c->backup, old,
		    (size_t)n, c->old.mode & 0777, HOST_DURABLE) == 0;
		if (!c->backed_up && errno != EEXIST)
			r = verr_sys(e, "cannot write the backup %s",
			    c->backup);
	}
	free(old);
	return r;
}

/* The moment: before it the old password is valid, after it the new one. */
static int
replace(const struct change *c, struct verr *e)
{
	char folder[PATH_ROOM];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", c->name);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)strcpy(folder, ".");
	else
		*slash = '\0';
	if (host_rename(c->root, c->tmp, c->name) == -1)
		return verr_sys(e, "cannot rename %s to %s", c->tmp, c->name);
	if (host_sync_path(c->root, folder) == -1) {
		verr_sys(e, "the new password is valid, but may be lost if the "
		    "power fails now: cannot sync the folder");
		return 1;
	}
	return 0;
}

/* Everything that touches the disk; json is the new file. */
static int
change_file(struct change *c, const char *json, const uint8_t *raw,
    const char *pass, size_t passlen, struct verr *e)
{
	int r;

	c->have_old = host_stat(c->root, c->name, &c->old) == 0;
	if (!c->have_old && errno != ENOENT)
		return verr_sys(e, "cannot stat %s", c->name);
	if (write_new(c, json, e) == -1)
		return -1;
	if (keep_access(c, e) == 0 &&
	    prove_file(c, raw, pass, passlen, e) == 0 &&
	    (!c->have_old || make_backup(c, e) == 0) &&
	    (r = replace(c, e)) >= 0)
		return r == 0 ? 0 : -1;
	(void)host_unlink(c->root, c->tmp);
	if (c->backed_up)
		(void)host_unlink(c->root, c->backup);
	return -1;
}

static int
set_password(int root, const struct papers *p, const uint8_t *raw,
    const char *pass, size_t passlen, uint32_t min_cost, struct verr *e)
{
	struct change c = { .root = root, .name = p->mk_path };
	char *json;
	int r;

	(void)snprintf(c.tmp, sizeof(c.tmp), "%s.tmp", c.name);
	json = masterkey_make(raw, pass, passlen, cost_of(p, min_cost),
	    version_of(p, raw), e);
	if (json == NULL)
		return -1;
	r = change_file(&c, json, raw, pass, passlen, e);
	free(json);
	return r;
}

int
vault_passwd_key(const char *path, const char *pass, size_t passlen,
    uint8_t raw[VAULT_KEY_LEN], struct verr *e)
{
	struct papers p;
	int r, root;

	if ((root = papers_root(path, e)) == -1)
		return -1;
	if ((r = papers_read(&p, root, path, NULL, e)) == 0)
		r = papers_unlock(&p, pass, passlen, raw, e);
	papers_fini(&p);
	(void)close(root);
	if (r == -1)
		secret_zero(raw, VAULT_KEY_LEN);
	return r;
}

/* A key file that is damaged or missing does not matter in format 8. */
static bool
may_do_without_key(const struct papers *p, const struct verr *e)
{
	return p->have_token && p->mk_path != NULL && !p->have_key &&
	    (e->code == VERR_DAMAGED || e->code == VERR_UNSUPPORTED);
}

int
vault_passwd_set(const char *path, const uint8_t raw[VAULT_KEY_LEN],
    const char *pass, size_t passlen, uint32_t min_cost, struct verr *e)
{
	struct papers p;
	struct verr mine;
	int r, root;

	if (e == NULL)
		e = &mine;
	if ((root = papers_root(path, e)) == -1)
		return -1;
	r = papers_read(&p, root, path, NULL, e);
	if (r == -1 && may_do_without_key(&p, e))
		r = 0;
	if (r == 0)
		r = prove_key(root, &p, raw, e);
	if (r == 0)
		r = set_password(root, &p, raw, pass, passlen, min_cost, e);
	papers_fini(&p);
	(void)close(root);
	return r;
}

int
vault_passwd(const char *path, const char *pass, size_t passlen,
    const char *new_pass, size_t new_len, struct verr *e)
{
	uint8_t *raw = secret_alloc(KEYS_RAW_LEN);
	int r;

	if (raw == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a key");
	r = vault_passwd_key(path, pass, passlen, raw, e);
	if (r == 0)
		r = vault_passwd_set(path, raw, new_pass, new_len, 0, e);
	secret_free(raw, KEYS_RAW_LEN);
	return r;
}
