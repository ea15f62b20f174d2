/* dirid.c9r: the encrypted backup of a directory's id (vault-format 5.4). */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/check_int.h"
#include "vault/cipher.h"

ssize_t
check_own_id(struct check *c, const uint8_t hash[CHECK_HASH_LEN],
    char id[NAME_DIRID_MAX + 1])
{
	char folder[NAME_DIRPATH_LEN + 1], path[CHECK_PATH_MAX];
	uint8_t is[CHECK_HASH_LEN];
	const uint8_t *clear;
	ssize_t n;

	check_folder(hash, folder);
	check_join(path, folder, VAULT_DIRID_FILE, NULL);
	n = check_open_small(c, path, &clear);
	if (n <= 0 || n > NAME_DIRID_MAX)
		return -1;
	memcpy(id, clear, (size_t)n);
	id[n] = '\0';
	if (!check_hash_of(c, id, (size_t)n, is) ||
	    memcmp(is, hash, sizeof(is)) != 0)
		return -1;
	return n;
}

int
check_is_empty(struct check *c, const char *folder)
{
	struct host_dirent de;
	struct host_dir *hd;
	bool empty = true;
	int r, err;

	if ((hd = host_opendir(c->v->root, folder)) == NULL)
		return -1;
	while (empty && (r = host_readdir(hd, &de)) == 1)
		empty = strcmp(de.name, VAULT_DIRID_FILE) == 0 ||
		    check_is_junk(de.name);
	err = errno;
	host_closedir(hd);
	errno = err;
	return !empty ? 0 : r == -1 ? -1 : 1;
}

static void
replace(struct check_at *at, struct check_found *f, bool is_there)
{
	struct check *c = at->c;
	int r = 0;

	if (is_there)
		r = check_adopt_bytes(c, f->path);
	if (r == 0)
		r = check_write_dirid(c, at->d, is_there);
	check_mended(c, f, r);
}

/* What is wrong with it, CHECK_HEALTHY_DIR: nothing. */
static enum check_kind
judge(struct check_at *at, const char *path)
{
	struct check *c = at->c;
	const uint8_t *clear;
	ssize_t n;

	n = check_open_small(c, path, &clear);
	if (n == -1 && errno == ENOENT)
		return CHECK_MISSING_DIRID_BACKUP;
	if (n == -1)
		return errno == EBADMSG ? CHECK_BAD_DIRID_BACKUP :
		    CHECK_FAILED;
	if ((size_t)n != at->d->id_len || memcmp(clear, at->d->id,
	    (size_t)n) != 0)
		return CHECK_WRONG_DIRID_BACKUP;
	return CHECK_HEALTHY_DIR;
}

void
check_dirid(struct check_at *at)
{
	struct check *c = at->c;
	struct check_found f;
	enum check_kind kind;
	char path[CHECK_PATH_MAX];

	if (at->d == NULL)
		return;
	check_join(path, at->folder, VAULT_DIRID_FILE, NULL);
	kind = at->has_dirid ? judge(at, path) : CHECK_MISSING_DIRID_BACKUP;
	if (kind == CHECK_FAILED) {
		check_broken(c, at->folder, VAULT_DIRID_FILE, NULL);
		return;
	}
	check_begin(&f, kind, at->folder, kind == CHECK_HEALTHY_DIR ? NULL :
	    VAULT_DIRID_FILE, NULL);
	f.dir = at->cd;
	if (kind != CHECK_HEALTHY_DIR) {
		f.repairable = true;
		if (check_wants(c, &f))
			replace(at, &f, at->has_dirid);
	}
	check_report(c, &f);
}
