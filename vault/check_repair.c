/*
 * The steps of which repairs are made.
 *
 * Each ends in one rename, or removes what the step before made superfluous;
 * what it needs is on disk before, and it is on disk itself before the next
 * one starts.  So wherever it is stopped, the next repair goes on from there.
 */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/entropy.h"
#include "base/secret.h"
#include "vault/check_int.h"
#include "vault/cipher.h"
#include "vault/file_int.h"

int
check_fails(struct check *c, const char *what, const char *path)
{
	return verr_sys(&c->why, "cannot %s %s", what, path);
}

static int
sync_dir(struct check *c, const char *folder)
{
	if (host_sync_path(c->v->root, folder) == -1)
		return check_fails(c, "sync", folder);
	return 0;
}

int
check_sync_parent(struct check *c, const char *path)
{
	const char *end = strrchr(path, '/');
	char folder[CHECK_PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%.*s",
	    end == NULL ? 1 : (int)(end - path), end == NULL ? "." : path);
	return sync_dir(c, folder);
}

int
check_tmp(struct check *c, const char *folder, char out[CHECK_PATH_MAX])
{
	char name[64];
	uint64_t r;

	if (!entropy_fill(&r, sizeof(r)))
		return verr_fail(&c->why, VERR_NOMEM, "no random bytes");
	(void)snprintf(name, sizeof(name), VAULT_TMP_PREFIX "%013llx"
	    VAULT_TMP_SUFFIX, (unsigned long long)(r &
	    UINT64_C(0xfffffffffffff)));
	check_join(out, folder, name, NULL);
	return 0;
}

int
check_rename(struct check *c, const char *from, const char *to)
{
	if (host_rename_new(c->v->root, from, to) == -1) {
		if (errno == ENOTEMPTY)
			errno = EEXIST;
		return check_fails(c, "rename to", to);
	}
	if (check_sync_parent(c, to) == -1)
		return -1;
	return check_sync_parent(c, from);
}

int
check_remove_file(struct check *c, const char *path)
{
	if (host_unlink(c->v->root, path) == -1 && errno != ENOENT)
		return check_fails(c, "remove", path);
	return check_sync_parent(c, path);
}

static bool
is_ours(const char *name)
{
	static const char *const names[] = { "dir.c9r", "symlink.c9r",
	    "contents.c9r", "name.c9s", VAULT_DIRID_FILE };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return check_is_junk(name);
}

/* Look at all that is in it; the second time, take it away. */
static int
sweep(struct check *c, const char *folder, bool remove)
{
	char path[CHECK_PATH_MAX];
	struct host_dirent de;
	struct host_dir *hd;
	int r;

	if ((hd = host_opendir(c->v->root, folder)) == NULL)
		return check_fails(c, "read", folder);
	while ((r = host_readdir(hd, &de)) == 1) {
		check_join(path, folder, de.name, NULL);
		if (!is_ours(de.name)) {
			errno = ENOTEMPTY;
			r = -1;
			break;
		}
		if (remove && (r = host_unlink(c->v->root, path)) == -1)
			break;
	}
	if (r == -1)
		check_fails(c, "remove", folder);
	host_closedir(hd);
	return r;
}

int
check_remove_node(struct check *c, const char *path)
{
	if (sweep(c, path, false) == -1 || sweep(c, path, true) == -1)
		return -1;
	if (host_rmdir(c->v->root, path) == -1)
		return check_fails(c, "remove", path);
	return check_sync_parent(c, path);
}

int
check_write(struct check *c, const char *dir, const char *path,
    const void *data, size_t len)
{
	char tmp[CHECK_PATH_MAX];

	if (check_tmp(c, dir, tmp) == -1)
		return -1;
	if (host_write_file(c->v->root, tmp, data, len, 0644,
	    HOST_DURABLE) == -1)
		return check_fails(c, "write", tmp);
	if (host_rename(c->v->root, tmp, path) == -1) {
		check_fails(c, "rename to", path);
		(void)host_unlink(c->v->root, tmp);
		return -1;
	}
	return check_sync_parent(c, path);
}

/* -- sealed files */

int
check_write_sealed(struct check *c, const char *path, const void *data,
    size_t len)
{
	int fd, r;

	if (file_make(c->v, path, 0644, data, len, HOST_WHENEVER,
	    &c->why) == -1)
		return -1;
	fd = host_open(c->v->root, path, O_RDONLY, 0);
	if (fd == -1)
		return check_fails(c, "open", path);
	if ((r = host_sync(fd)) == -1)
		check_fails(c, "sync", path);
	(void)host_close(fd);
	return r;
}

int
check_write_dirid(struct check *c, struct dir *d, bool replace)
{
	char tmp[CHECK_PATH_MAX], path[CHECK_PATH_MAX];
	int r;

	check_join(path, d->path, VAULT_DIRID_FILE, NULL);
	if (check_tmp(c, d->path, tmp) == -1)
		return -1;
	if (check_write_sealed(c, tmp, d->id, d->id_len) == -1)
		goto err;
	r = replace ? host_rename(c->v->root, tmp, path) :
	    host_rename_new(c->v->root, tmp, path);
	if (r == -1) {
		check_fails(c, "rename to", path);
		goto err;
	}
	return check_sync_parent(c, path);
err:
	(void)host_unlink(c->v->root, tmp);
	return -1;
}

/* One of d/XX and d/XX/YYY. */
static int
make_folder(struct check *c, const char *path)
{
	if (host_mkdir(c->v->root, path, 0755) == -1) {
		if (errno == EEXIST)
			return 0;
		return check_fails(c, "make folder", path);
	}
	return check_sync_parent(c, path);
}

int
check_make_content(struct check *c, const char *id, size_t len)
{
	struct host_stat st;
	char upper[5], path[CHECK_PATH_MAX];
	struct dir *d;
	int r = -1;

	if ((d = dir_by_id(c->v, id, len, &c->why)) == NULL)
		return -1;
	(void)snprintf(upper, sizeof(upper), "%.4s", d->path);
	check_join(path, d->path, VAULT_DIRID_FILE, NULL);
	if (make_folder(c, upper) == 0 && make_folder(c, d->path) == 0)
		r = host_stat(c->v->root, path, &st) == 0 ? 0 :
		    check_write_dirid(c, d, false);
	dir_put(d);
	return r;
}

/* A chunk less; the time of the last change is the user's, and stays. */
int
check_cut_chunk(struct check *c, const char *path, uint64_t size)
{
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, 0 } };
	struct host_stat st;
	int fd, r;

	fd = host_open(c->v->root, path, O_RDWR, 0);
	if (fd == -1)
		return check_fails(c, "open", path);
	if ((r = host_fstat(fd, &st)) == 0 &&
	    (r = host_truncate(fd, size)) == 0)
		r = host_sync(fd);
	if (r == -1)
		check_fails(c, "cut", path);
	(void)host_close(fd);
	if (r == 0) {
		ts[1] = st.mtime;
		(void)host_utimes(c->v->root, path, ts);
	}
	return r;
}

/*
 * A header and nothing else: wherever that is stopped, it is as empty as it
 * was.  The time of the last change is the user's, and stays.
 */
int
check_make_empty(struct check *c, const char *path)
{
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, 0 } };
	const struct cipher *ci = c->v->cipher;
	uint8_t disk[CIPHER_HEADER_MAX];
	struct host_stat st;
	struct filekey fk;
	int fd, r;

	if (!ci->header_make(c->k, &fk, disk))
		return verr_fail(&c->why, VERR_NOMEM, "no header");
	secret_zero(&fk, sizeof(fk));
	fd = host_open(c->v->root, path, O_RDWR, 0);
	if (fd == -1)
		return check_fails(c, "open", path);
	if ((r = host_fstat(fd, &st)) == 0 && st.size > ci->header_len) {
		errno = EBUSY;		/* somebody has just written to it */
		r = -1;
	}
	if (r == 0 && (r = host_truncate(fd, 0)) == 0 &&
	    (r = host_write(fd, disk, ci->header_len, 0)) == 0)
		r = host_sync(fd);
	if (r == -1)
		check_fails(c, "write", path);
	(void)host_close(fd);
	if (r == 0) {
		ts[1] = st.mtime;
		(void)host_utimes(c->v->root, path, ts);
	}
	return r;
}

/* -- giving an entry another name */

static int
write_name(struct check *c, const char *folder, const struct diskname *dn)
{
	char path[CHECK_PATH_MAX], dir[NAME_DIRPATH_LEN + 1];

	memcpy(dir, folder, NAME_DIRPATH_LEN);
	dir[NAME_DIRPATH_LEN] = '\0';
	check_join(path, folder, "name.c9s", NULL);
	return check_write(c, dir, path, dn->full, dn->full_len);
}

/* The folder moves; its long name is put right before, or goes after. */
static int
place_node(struct check *c, const char *path, const char *entry,
    const struct diskname *dn)
{
	char name[CHECK_PATH_MAX];

	if (dn->is_long && write_name(c, path, dn) == -1)
		return -1;
	if (check_rename(c, path, entry) == -1)
		return -1;
	if (dn->is_long)
		return 0;
	check_join(name, entry, "name.c9s", NULL);
	return check_remove_file(c, name);
}

/* A plain file gets a folder, which stands ready before it moves. */
static int
place_in_folder(struct check *c, const char *path, const char *entry,
    const struct diskname *dn)
{
	char contents[CHECK_PATH_MAX];

	if (host_mkdir(c->v->root, entry, 0755) == -1)
		return check_fails(c, "make folder", entry);
	check_join(contents, entry, "contents.c9r", NULL);
	if (write_name(c, entry, dn) == 0 && check_sync_parent(c, entry) == 0 &&
	    check_rename(c, path, contents) == 0)
		return 0;
	(void)check_remove_node(c, entry);
	return -1;
}

static int
place_out_of_folder(struct check *c, const char *path, const char *entry)
{
	char contents[CHECK_PATH_MAX];

	check_join(contents, path, "contents.c9r", NULL);
	if (check_rename(c, contents, entry) == -1)
		return -1;
	return check_remove_node(c, path);
}

/* Where the name would be; false: it can be none. */
static bool
place_of(struct check *c, struct dir *to, const void *clear, size_t len,
    struct diskname *dn, char out[VLOC_MAX])
{
	c->why.text[0] = '\0';
	if (dir_disk_name(to, clear, len, dn, &c->why) == -1) {
		errno = EINVAL;
		return false;
	}
	dir_entry_path(to, dn->entry, dn->entry_len, NULL, out);
	return true;
}

int
check_place(struct check *c, const char *path, enum check_shape shape,
    struct dir *to, const void *clear, size_t len, struct diskname *dn)
{
	char entry[VLOC_MAX];
	struct host_stat st;

	if (!place_of(c, to, clear, len, dn, entry))
		return -1;
	if (host_stat(c->v->root, entry, &st) == 0) {
		errno = EEXIST;
		return check_fails(c, "rename to", entry);
	}
	if (shape == CHECK_NODE || (shape == CHECK_LONG_FILE && dn->is_long))
		return place_node(c, path, entry, dn);
	if (shape == CHECK_LONG_FILE)
		return place_out_of_folder(c, path, entry);
	if (dn->is_long)
		return place_in_folder(c, path, entry, dn);
	return check_rename(c, path, entry);
}

bool
check_place_free(struct check *c, struct dir *to, const void *clear,
    size_t len)
{
	struct diskname dn;
	struct host_stat st;
	char entry[VLOC_MAX];

	return place_of(c, to, clear, len, &dn, entry) &&
	    host_stat(c->v->root, entry, &st) == -1 && errno == ENOENT;
}
