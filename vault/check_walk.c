/* Along the links from directory to directory; each entry is looked at once. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "vault/check_int.h"

void
check_join(char out[CHECK_PATH_MAX], const char *folder, const char *entry,
    const char *leaf)
{
	(void)snprintf(out, CHECK_PATH_MAX, "%s%s%s%s%s", folder,
	    entry == NULL ? "" : "/", entry == NULL ? "" : entry,
	    leaf == NULL ? "" : "/", leaf == NULL ? "" : leaf);
}

static bool
ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

/* What systems strew about; and .c9u, Cryptomator's own (vault-format 7.8). */
bool
check_is_junk(const char *name)
{
	return strcmp(name, ".DS_Store") == 0 ||
	    strcmp(name, "desktop.ini") == 0 ||
	    strcmp(name, "Thumbs.db") == 0 || strncmp(name, "._", 2) == 0 ||
	    strncmp(name, ".nfs", 4) == 0 || ends_in(name, ".c9u");
}

bool
check_is_leftover(const char *name)
{
	return strncmp(name, VAULT_TMP_PREFIX, strlen(VAULT_TMP_PREFIX)) ==
	    0 && ends_in(name, VAULT_TMP_SUFFIX);
}

bool
check_is_entry(const char *name)
{
	/* Names of the vault start with a letter; "._NAME" is a Mac's. */
	return strlen(name) >= NAME_DISK_MIN && name[0] != '.' &&
	    (ends_in(name, ".c9r") || ends_in(name, ".c9s"));
}

static bool
is_regular(struct check *c, const char *folder, const struct host_dirent *de)
{
	char path[CHECK_PATH_MAX];
	struct host_stat st;

	if (de->type != HOST_DT_UNKNOWN)
		return de->type == HOST_DT_FILE;
	check_join(path, folder, de->name, NULL);
	return host_stat(c->v->root, path, &st) == 0 && S_ISREG(st.mode);
}

static void
add_to_node(struct check *c, const char *path, const struct host_dirent *de,
    struct check_node *n)
{
	static const char *const names[] = { "dir.c9r", "symlink.c9r",
	    "contents.c9r", "name.c9s" };
	bool *const flags[] = { &n->dir, &n->link, &n->contents, &n->name };
	size_t i;

	if (check_is_junk(de->name))
		return;
	for (i = 0; i < 4; i++)
		if (strcmp(de->name, names[i]) == 0 &&
		    is_regular(c, path, de)) {
			*flags[i] = true;
			return;
		}
	if (n->others++ == 0)
		(void)snprintf(n->other, sizeof(n->other), "%s", de->name);
}

int
check_list_node(struct check *c, const char *path, struct check_node *n)
{
	struct host_dirent de;
	struct host_dir *hd;
	int r, err;

	memset(n, 0, sizeof(*n));
	if ((hd = host_opendir(c->v->root, path)) == NULL)
		return -1;
	while ((r = host_readdir(hd, &de)) == 1)
		add_to_node(c, path, &de, n);
	err = errno;
	host_closedir(hd);
	errno = err;
	return r;
}

/* Nothing of the vault; but a dir.c9r may lie in it. */
static void
foreign(struct check_at *at, const struct host_dirent *de)
{
	char path[CHECK_PATH_MAX];
	struct check_found f;
	struct host_stat st;

	if (de->type != HOST_DT_FILE) {
		check_join(path, at->folder, de->name, "dir.c9r");
		if (host_stat(at->c->v->root, path, &st) == 0 &&
		    S_ISREG(st.mode))
			check_dir_left(at->c, at->cd);
	}
	if (check_is_junk(de->name))
		return;
	check_begin(&f, CHECK_FOREIGN, at->folder, de->name, NULL);
	check_report(at->c, &f);
}

/* What is at it->entry now; false: nothing more can be said of it. */
static bool
look(struct check_item *it, struct check_node *n)
{
	struct check *c = it->at->c;
	char path[CHECK_PATH_MAX];

	check_join(path, it->at->folder, it->entry, NULL);
	if (host_stat(c->v->root, path, &it->st) == 0 &&
	    (!S_ISDIR(it->st.mode) || check_list_node(c, path, n) == 0))
		return true;
	if (errno != ENOENT)		/* else somebody took it away */
		check_broken(c, it->at->folder, it->entry, NULL);
	return false;
}

static void
entry(struct check_item *it)
{
	struct check *c = it->at->c;
	struct check_found f;
	struct check_node n;

	if (!look(it, &n))
		return;
	if (!S_ISDIR(it->st.mode) && (it->is_long || !S_ISREG(it->st.mode))) {
		check_begin_item(&f, CHECK_NOT_A_FILE, it, NULL);
		check_report(c, &f);
		return;
	}
	if (it->is_long)
		check_long_name(it, &n);
	else
		check_name(it, S_ISDIR(it->st.mode) ? &n : NULL);
	if (it->gone || (it->renamed && !look(it, &n)))
		return;
	if (S_ISDIR(it->st.mode))
		check_node_item(it, &n);
	else
		check_file(it, NULL);
}

static void
any_entry(struct check_item *it, const struct host_dirent *de)
{
	struct check_at *at = it->at;

	if (strcmp(de->name, VAULT_DIRID_FILE) == 0) {
		at->has_dirid = true;
	} else if (check_is_leftover(de->name) ||
	    strcmp(de->name, "dir.c9r") == 0) {
		check_dir_left(at->c, at->cd);
	} else if (!check_is_entry(de->name)) {
		foreign(at, de);
	} else {
		it->len = strlen(de->name);
		memcpy(it->entry, de->name, it->len + 1);
		it->is_long = it->entry[it->len - 1] == 's';
		it->have_clear = it->renamed = it->gone = false;
		it->ambiguous = false;
		entry(it);
	}
}

static void
scan(struct check_at *at)
{
	struct check *c = at->c;
	struct check_item it;
	struct host_dirent de;
	struct host_dir *hd;
	int r = 0;

	if ((hd = host_opendir(c->v->root, at->folder)) == NULL) {
		if (errno != ENOENT)
			check_broken(c, at->folder, NULL, NULL);
		return;
	}
	it.at = at;
	while (!c->failed && (r = host_readdir(hd, &de)) == 1) {
		arena_reset(c->tmp);
		if (check_seen(c, 1, 0))
			any_entry(&it, &de);
	}
	if (r == -1)
		check_broken(c, at->folder, NULL, NULL);
	host_closedir(hd);
	c->sum->dirs++;
	if (!c->failed && r == 0)
		check_dirid(at);
}

void
check_walk(struct check *c)
{
	struct check_at at;
	struct check_dir *cd;

	while (!c->failed && (cd = check_queue_take(&c->todo)) != NULL) {
		memset(&at, 0, sizeof(at));
		at.c = c;
		at.cd = cd;
		check_folder(cd->hash, at.folder);
		if (cd->id != NULL && (at.d = dir_by_id(c->v, cd->id,
		    cd->id_len, c->e)) == NULL) {
			c->failed = true;
			return;
		}
		scan(&at);
		dir_put(at.d);
	}
}
