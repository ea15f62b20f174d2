#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/verr.h"
#include "vault/host.h"
#include "vault/papers.h"

int
papers_root(const char *path, struct verr *e)
{
	int root;

	if ((root = host_root(path)) != -1)
		return root;
	if (errno == ENOENT || errno == ENOTDIR)
		return verr_fail(e, VERR_NOTVAULT, "%s is no vault: there is "
		    "no such folder", path);
	return verr_sys(e, "cannot open the vault's folder %s", path);
}

/* 1: read; 0: there is none; -1: error. */
static int
read_token(int root, struct papers *p, struct verr *e)
{
	ssize_t n;

	n = host_read_file(root, TOKEN_FILE, p->text, TOKEN_MAX);
	if (n == -1 && errno == ENOENT)
		return 0;
	if (n == -1 && errno == EFBIG)
		return verr_fail(e, VERR_DAMAGED, TOKEN_FILE " is longer than "
		    "any token");
	if (n == -1)
		return verr_sys(e, "cannot read " TOKEN_FILE);
	p->text[n] = '\0';
	p->text_len = (size_t)n;
	if (token_parse(&p->token, p->text, p->text_len, e) == -1)
		return -1;
	p->have_token = true;
	return 1;
}

static int
read_masterkey(int root, struct papers *p, const char *file, struct verr *e)
{
	char *json;
	ssize_t n;
	int r;

	if ((json = malloc(MASTERKEY_MAX)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a key file");
	/* openat() takes an absolute path as it is. */
	n = host_read_file(root, file, json, MASTERKEY_MAX);
	if (n == -1 && errno == ENOENT)
		r = verr_code(e, VERR_NOENT);
	else if (n == -1 && errno == EFBIG)
		r = verr_fail(e, VERR_DAMAGED, "%s is longer than any key file",
		    file);
	else if (n == -1)
		r = verr_sys(e, "cannot read %s", file);
	else
		r = masterkey_parse(&p->mk, json, (size_t)n, e);
	p->have_key = r == 0;
	free(json);
	return r;
}

/* Without a token: format 7, or why not. */
static int
judge_old(int root, const struct papers *p, struct verr *e)
{
	struct host_stat st;

	if (p->mk.version == MASTERKEY_VERSION_8)
		return verr_fail(e, VERR_DAMAGED, TOKEN_FILE " is missing: "
		    "restore it from its backup (" TOKEN_FILE ".*.bkup)");
	if (p->mk.version != 7)
		return verr_fail(e, VERR_UNSUPPORTED, "this is a vault of "
		    "format %d; open it once with Cryptomator, which migrates "
		    "it to format 8", (int)p->mk.version);
	if (host_stat(root, "d", &st) == -1 || !S_ISDIR(st.mode))
		return verr_fail(e, VERR_DAMAGED, "the vault's folder d is "
		    "missing");
	return 0;
}

int
papers_read(struct papers *p, int root, const char *path,
    const char *masterkey, struct verr *e)
{
	struct verr mine;

	if (e == NULL)
		e = &mine;
	memset(p, 0, sizeof(*p));
	if ((p->text = malloc(TOKEN_MAX + 1)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a token");
	if (read_token(root, p, e) == -1)
		return -1;
	if (masterkey == NULL)
		masterkey = p->have_token ? p->token.masterkey : MASTERKEY_FILE;
	p->mk_path = masterkey;
	if (read_masterkey(root, p, masterkey, e) == -1) {
		if (e->code != VERR_NOENT)
			return -1;
		if (p->have_token)
			return verr_fail(e, VERR_DAMAGED, "%s is missing: "
			    "restore it from its backup (" MASTERKEY_FILE
			    ".*.bkup)", masterkey);
		return verr_fail(e, VERR_NOTVAULT, "%s is no vault: it has "
		    "neither " TOKEN_FILE " nor " MASTERKEY_FILE, path);
	}
	return p->have_token ? 0 : judge_old(root, p, e);
}

void
papers_fini(struct papers *p)
{
	free(p->text);
}

int
papers_unlock(const struct papers *p, const char *pass, size_t passlen,
    uint8_t raw[KEYS_RAW_LEN], struct verr *e)
{
	bool mac_ok;

	if (masterkey_unlock(&p->mk, pass, passlen, raw, &mac_ok, e) == -1)
		return -1;
	if (p->have_token) {
		if (!mac_ok)
			log_warn("the version in the masterkey file is not "
			    "authentic; format 8 does not depend on it");
		return token_verify(&p->token, p->text, p->text_len, raw, e);
	}
	if (!mac_ok)
		return verr_fail(e, VERR_DAMAGED, "the version in "
		    MASTERKEY_FILE " is not authentic: somebody changed it");
	return 0;
}
