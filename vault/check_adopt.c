/*
 * LOST+FOUND: where things go that have lost their place.
 *
 * As Cryptomator's health check makes it (vault-format 7.9): a directory of
 * the root with the fixed id "recovery".  An orphan becomes a directory in it
 * that is called by its 32-character hash.  If the orphan's id is known, a link
 * to it is all that it takes: nothing in it is touched, every name stays.  If
 * not, its names are lost; its entries move to a new directory, as file1_RUN,
 * directory1_RUN, symlink1_RUN and so on, where RUN differs from run to run.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/entropy.h"
#include "vault/check_int.h"
#include "vault/cipher.h"

#define TRIES	10000	/* names, until one is free */

/* The id that the link called clear in d has: its length, 0: no such link. */
static ssize_t
link_id(struct check *c, struct dir *d, const char *clear,
    char id[NAME_DIRID_MAX + 1])
{
	struct diskname dn;
	char path[VLOC_MAX];
	struct host_stat st;
	ssize_t n;

	if (dir_disk_name(d, clear, strlen(clear), &dn, &c->why) == -1)
		return -1;
	dir_entry_path(d, dn.entry, dn.entry_len, NULL, path);
	if (host_stat(c->v->root, path, &st) == -1)
		return errno == ENOENT ? 0 : check_fails(c, "stat", path);
	dir_entry_path(d, dn.entry, dn.entry_len, "dir.c9r", path);
	n = host_read_file(c->v->root, path, id, NAME_DIRID_MAX);
	if (n == 0)
		errno = EINVAL;
	if (n <= 0)
		return check_fails(c, "use", path);
	id[n] = '\0';
	return n;
}

/* The link in a folder of its own, ready to be renamed. */
static int
fill_link(struct check *c, const char *tmp, const struct diskname *dn,
    const char *id, size_t len)
{
	char path[CHECK_PATH_MAX];
	int root = c->v->root;

	if (host_mkdir(root, tmp, 0755) == -1)
		return check_fails(c, "make folder", tmp);
	check_join(path, tmp, "dir.c9r", NULL);
	if (host_write_file(root, path, id, len, 0644, HOST_DURABLE) == -1)
		return check_fails(c, "write", path);
	if (dn->is_long) {
		check_join(path, tmp, "name.c9s", NULL);
		if (host_write_file(root, path, dn->full, dn->full_len, 0644,
		    HOST_DURABLE) == -1)
			return check_fails(c, "write", path);
	}
	return check_sync_parent(c, path);
}

static int
make_link(struct check *c, struct dir *d, const char *clear, const char *id,
    size_t len)
{
	char tmp[CHECK_PATH_MAX], entry[VLOC_MAX];
	struct diskname dn;
	struct verr why;
	int err;

	if (dir_disk_name(d, clear, strlen(clear), &dn, &c->why) == -1 ||
	    check_tmp(c, d->path, tmp) == -1)
		return -1;
	dir_entry_path(d, dn.entry, dn.entry_len, NULL, entry);
	if (fill_link(c, tmp, &dn, id, len) == 0 &&
	    check_rename(c, tmp, entry) == 0)
		return 0;
	err = errno;
	why = c->why;
	(void)check_remove_node(c, tmp);
	c->why = why;
	errno = err;
	return -1;
}

/* All of it: an id may hold any bytes. */
static bool
is_lost_id(const char *id, ssize_t len)
{
	return len == (ssize_t)strlen(CHECK_LOST_ID) &&
	    memcmp(id, CHECK_LOST_ID, (size_t)len) == 0;
}

bool
check_lost_usable(struct check *c)
{
	char id[NAME_DIRID_MAX + 1];
	ssize_t n = link_id(c, c->v->root_dir, CHECK_LOST, id);

	return n == 0 || is_lost_id(id, n);
}

bool
check_is_lost(const struct check_dir *cd)
{
	return cd->id != NULL && is_lost_id(cd->id, (ssize_t)cd->id_len);
}

int
check_lost_open(struct check *c)
{
	const char *lost = CHECK_LOST_ID;
	char id[NAME_DIRID_MAX + 1];
	ssize_t n;

	if (c->lost != NULL)
		return 0;
	if ((n = link_id(c, c->v->root_dir, CHECK_LOST, id)) == -1)
		return -1;
	if (n > 0 && !is_lost_id(id, n))
		return verr_fail(&c->why, VERR_EXIST, CHECK_LOST " is not "
		    "Cryptomator's: it has another id than \"%s\"", lost);
	if (check_make_content(c, lost, strlen(lost)) == -1)
		return -1;
	if (n == 0 && make_link(c, c->v->root_dir, CHECK_LOST, lost,
	    strlen(lost)) == -1)
		return -1;
	if (check_dir_made(c, lost, strlen(lost)) == NULL)
		return -1;
	c->lost = dir_by_id(c->v, lost, strlen(lost), &c->why);
	return c->lost == NULL ? -1 : 0;
}

/* A name in LOST+FOUND after the hash in d's path; attempt 1: a second one. */
static void
name_of(const struct check *c, const struct check_dir *cd, int attempt,
    char out[64])
{
	char hash[NAME_HASH_LEN + 1];

	base32_encode(cd->hash, CHECK_HASH_LEN, hash);
	(void)snprintf(out, 64, "%s%s%s", hash, attempt > 0 ? "_" : "",
	    attempt > 0 ? c->run : "");
}

int
check_adopt_linked(struct check *c, const struct check_dir *cd)
{
	char name[64];

	if (check_lost_open(c) == -1)
		return -1;
	if (check_is_lost(cd))
		return 0;
	name_of(c, cd, 0, name);
	if (make_link(c, c->lost, name, cd->id, cd->id_len) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	name_of(c, cd, 1, name);
	return make_link(c, c->lost, name, cd->id, cd->id_len);
}

/* -- entries one by one */

static int
place_numbered(struct check *c, const char *path, enum check_shape shape,
    enum vtype type, struct dir *to)
{
	static const char *const words[] = { "file", "directory", "symlink" };
	unsigned *number = &c->numbers[type - VTYPE_FILE];
	struct diskname dn;
	char name[64];
	int i;

	for (i = 0; i < TRIES; i++) {
		(void)snprintf(name, sizeof(name), "%s%u_%s",
		    words[type - VTYPE_FILE], ++*number, c->run);
		if (check_place(c, path, shape, to, name, strlen(name),
		    &dn) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

int
check_adopt(struct check *c, const char *path, enum check_shape shape,
    enum vtype type, const void *clear, size_t len)
{
	struct diskname dn;

	if (check_lost_open(c) == -1)
		return -1;
	if (clear != NULL && check_place(c, path, shape, c->lost, clear, len,
	    &dn) == 0)
		return 0;
	if (clear != NULL && errno != EEXIST && errno != EINVAL)
		return -1;
	return place_numbered(c, path, shape, type, c->lost);
}

int
check_adopt_bytes(struct check *c, const char *path)
{
	char tmp[CHECK_PATH_MAX];
	uint8_t *data = c->buf + CHECK_BUF / 2;	/* sealing needs no c->buf */
	ssize_t n;
	int r;

	if (check_lost_open(c) == -1)
		return -1;
	n = host_read_file(c->v->root, path, data, CIPHER_CHUNK);
	if (n == -1)
		return check_fails(c, "read", path);
	if (check_tmp(c, c->lost->path, tmp) == -1)
		return -1;
	r = check_write_sealed(c, tmp, data, (size_t)n);
	if (r == 0)
		r = place_numbered(c, tmp, CHECK_FILE, VTYPE_FILE, c->lost);
	if (r == -1)
		(void)host_unlink(c->v->root, tmp);
	return r;
}

/* The directory that the orphan's entries move to. */
static struct dir *
step_parent(struct check *c, const struct check_dir *cd)
{
	char name[64], id[NAME_DIRID_MAX + 1];
	ssize_t n;

	if (check_lost_open(c) == -1)
		return NULL;
	name_of(c, cd, 0, name);
	if ((n = link_id(c, c->lost, name, id)) == -1)
		return NULL;
	if (n == 0) {
		if (!entropy_uuid(id)) {
			verr_fail(&c->why, VERR_NOMEM, "no random bytes");
			return NULL;
		}
		n = 36;
		if (check_make_content(c, id, 36) == -1 ||
		    make_link(c, c->lost, name, id, 36) == -1)
			return NULL;
	}
	return dir_by_id(c->v, id, (size_t)n, &c->why);
}

static int
move_entry(struct check *c, const char *folder, const char *name,
    struct dir *to)
{
	char path[CHECK_PATH_MAX], raw[CHECK_PATH_MAX];
	struct check_node n = { .dir = false };
	struct host_stat st;

	check_join(path, folder, name, NULL);
	check_join(raw, to->path, name, NULL);
	if (host_stat(c->v->root, path, &st) == -1 ||
	    (S_ISDIR(st.mode) && check_list_node(c, path, &n) == -1))
		return check_fails(c, "look at", path);
	if (check_is_entry(name) && S_ISREG(st.mode))
		return place_numbered(c, path, CHECK_FILE, VTYPE_FILE, to);
	if (check_is_entry(name) && (n.dir || n.link))
		return place_numbered(c, path, CHECK_NODE, n.dir ? VTYPE_DIR :
		    VTYPE_SYMLINK, to);
	if (check_is_entry(name) && n.contents && n.others == 0)
		return place_numbered(c, path, CHECK_LONG_FILE, VTYPE_FILE,
		    to);
	/* Whatever else: it moves along as it is. */
	return check_rename(c, path, raw);
}

/* Nothing is left in it but a dirid.c9r that is not its own. */
static int
forget_folder(struct check *c, const char *folder)
{
	char path[CHECK_PATH_MAX];
	struct host_stat st;

	check_join(path, folder, VAULT_DIRID_FILE, NULL);
	if (host_stat(c->v->root, path, &st) == 0 && st.size > 0 &&
	    check_adopt_bytes(c, path) == -1)
		return -1;
	return check_remove_node(c, folder);
}

int
check_adopt_entries(struct check *c, const struct check_dir *cd,
    struct check_dir **dest)
{
	char folder[NAME_DIRPATH_LEN + 1];
	struct host_dirent de;
	struct host_dir *hd;
	struct dir *to;
	int r;

	check_folder(cd->hash, folder);
	if ((to = step_parent(c, cd)) == NULL)
		return -1;
	*dest = check_dir_made(c, to->id, to->id_len);
	memset(c->numbers, 0, sizeof(c->numbers));
	if ((hd = host_opendir(c->v->root, folder)) == NULL) {
		dir_put(to);
		return check_fails(c, "read", folder);
	}
	while ((r = host_readdir(hd, &de)) == 1)
		if (strcmp(de.name, VAULT_DIRID_FILE) != 0 &&
		    move_entry(c, folder, de.name, to) == -1) {
			r = -2;
			break;
		}
	if (r == -1)
		check_fails(c, "read", folder);
	host_closedir(hd);
	dir_put(to);
	if (r < 0)
		return -1;
	return forget_folder(c, folder);
}
