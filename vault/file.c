#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bufpool.h"
#include "base/secret.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

static bool
same_inode(const struct lru_node *n, const void *key)
{
	return LRU_OBJECT(n, const struct file, node)->fileid ==
	    *(const uint64_t *)key;
}

/* Those with references are held. */
static bool
is_idle(const struct lru_node *n)
{
	(void)n;
	return true;
}

/* One more reference to f, which is in the table; under files_lock. */
static void
ref_locked(struct file *f)
{
	struct vault *v = f->v;

	LOCK_ASSERT_HELD(&v->files_lock);
	if (f->refs++ > 0)
		return;
	v->files_idle--;
	lru_hold(&v->files, &f->node);
}

static void
insert_locked(struct file *f)
{
	struct vault *v = f->v;

	LOCK_ASSERT_HELD(&v->files_lock);
	lru_insert(&v->files, &f->node, f->fileid);
	lru_hold(&v->files, &f->node);
}

static void
file_free(struct file *f)
{
	(void)host_close(f->fd);
	rwlock_fini(&f->rw);
	secret_give(f);
}

/*
 * Open it although its mode forbids: what POSIX allows the owner of an open
 * descriptor, an NFS server must allow the owner of the file.
 */
static int
open_as_owner(struct vault *v, const char *path, int flags)
{
	struct host_stat st;
	int fd, saved;

	if (host_stat(v->root, path, &st) == -1)
		return -1;
	if (st.uid != geteuid() || !S_ISREG(st.mode)) {
		errno = EACCES;
		return -1;
	}
	if (host_chmod(v->root, path, (st.mode & 07777) | 0600) == -1)
		return -1;
	fd = host_open(v->root, path, flags, 0);
	saved = errno;
	(void)host_chmod(v->root, path, st.mode & 07777);
	errno = saved;
	return fd;
}

static int
open_fd(struct vault *v, const char *path, bool write, bool *writable,
    struct verr *e)
{
	int fd, flags;

	*writable = !v->read_only;
	flags = *writable ? O_RDWR : O_RDONLY;
	fd = host_open(v->root, path, flags, 0);
	if (fd == -1 && !write && *writable &&
	    (errno == EACCES || errno == EROFS || errno == EPERM)) {
		*writable = false;
		flags = O_RDONLY;
		fd = host_open(v->root, path, flags, 0);
	}
	if (fd == -1 && errno == EACCES && !v->read_only)
		fd = open_as_owner(v, path, flags);
	if (fd == -1) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return verr_code(e, VERR_STALE);
		return verr_sys(e, "cannot open %s", path);
	}
	return fd;
}

/* An open file with one reference, nothing known of it; fd becomes its own. */
static struct file *
alloc(struct vault *v, const char *path, uint64_t fileid, int fd,
    bool writable, struct verr *e)
{
	struct file *f;

	if ((f = secret_take(sizeof(*f))) == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for an open file");
		return NULL;
	}
	f->refs = 1;
	f->v = v;
	f->fileid = fileid;
	f->fd = fd;
	f->writable = writable;
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	rwlock_init(&f->rw, LOCK_FILE);
	TAILQ_INIT(&f->dirty);
	f->changes = 1;		/* of others before us, perhaps */
	return f;
}

static struct file *
file_new(struct vault *v, const struct vloc *loc, uint64_t fileid, bool write,
    struct verr *e)
{
	struct host_stat st;
	struct file *f;
	bool writable;
	int fd;

	if ((fd = open_fd(v, loc->path, write, &writable, e)) == -1)
		return NULL;
	if (host_fstat(fd, &st) == -1) {
		verr_sys(e, "cannot stat %s", loc->path);
		goto err;
	}
	if (st.ino != fileid || !S_ISREG(st.mode)) {
		verr_code(e, VERR_STALE);
		goto err;
	}
	if ((f = alloc(v, loc->path, fileid, fd, writable, e)) != NULL)
		return f;
err:
	(void)host_close(fd);
	return NULL;
}

struct file *
file_create(struct vault *v, const char *path, mode_t mode, struct verr *e)
{
	struct file *f = NULL;
	int fd;

	rwlock_take_read(&v->header_lock);
	fd = host_open(v->root, path, O_RDWR | O_CREAT | O_EXCL, mode & 0777);
	if (fd == -1) {
		if (errno == EEXIST)
			verr_code(e, VERR_EXIST);
		else
			verr_sys(e, "cannot make %s", path);
		goto out;
	}
	if ((f = alloc(v, path, 0, fd, true, e)) == NULL)
		(void)host_close(fd);
	else if (file_make_header(f, e) == -1) {
		file_free(f);
		f = NULL;
	} else if (host_fstat(fd, &f->st) == -1) {
		verr_sys(e, "cannot stat %s", path);
		file_free(f);
		f = NULL;
	} else
		f->fileid = f->st.ino;
	if (f == NULL)
		(void)host_unlink(v->root, path);
out:
	rwlock_drop(&v->header_lock);
	return f;
}

void
file_discard(struct file *f)
{
	file_free(f);
}

struct file *
file_publish(struct file *f, bool changed, struct vattr *a, struct verr *e)
{
	struct vault *v = f->v;
	struct file *other;

	if (changed && host_fstat(f->fd, &f->st) == -1) {
		verr_sys(e, "cannot stat %s", f->path);
		file_free(f);
		return NULL;
	}
	f->touched = false;
	file_new_epoch(f);
	if (a != NULL)
		file_attr_held(f, a);
	lock_take(&v->files_lock);
	if ((other = file_look(v, f->fileid)) == NULL)
		insert_locked(f);
	else
		ref_locked(other);
	lock_drop(&v->files_lock);
	if (other == NULL)
		return f;
	file_free(f);		/* somebody has opened it meanwhile */
	return other;
}

/* Under files_lock: a reference to the open file, if it will do. */
static struct file *
find(struct vault *v, uint64_t fileid, bool write)
{
	struct lru_node *n;
	struct file *f;

	n = lru_find(&v->files, fileid, same_inode, &fileid);
	if (n == NULL)
		return NULL;
	f = LRU_OBJECT(n, struct file, node);
	if (write && !f->writable) {
		/* The next one is; users of this one finish with it. */
		lru_remove(&v->files, n);
		f->forgotten = true;
		if (f->refs == 0) {
			v->files_idle--;
			file_free(f);
		}
		return NULL;
	}
	ref_locked(f);
	return f;
}

struct file *
file_open(struct vault *v, const struct vloc *loc, uint64_t fileid, bool write,
    struct verr *e)
{
	struct file *f, *made;

	if (write && v->read_only) {
		verr_code(e, VERR_ROFS);
		return NULL;
	}
	lock_take(&v->files_lock);
	f = find(v, fileid, write);
	lock_drop(&v->files_lock);
	if (f != NULL)
		return f;

	if ((made = file_new(v, loc, fileid, write, e)) == NULL)
		return NULL;
	lock_take(&v->files_lock);
	if ((f = find(v, fileid, write)) == NULL)
		insert_locked(made);
	lock_drop(&v->files_lock);
	if (f == NULL)
		return made;
	file_free(made);	/* somebody else was faster */
	return f;
}

void
file_put(struct file *f)
{
	struct file *victim = NULL;
	struct lru_node *n;
	struct vault *v;

	if (f == NULL)
		return;
	v = f->v;
	lock_take(&v->files_lock);
	if (--f->refs == 0 && f->forgotten)
		victim = f;
	else if (f->refs == 0) {
		lru_release(&v->files, &f->node);
		if (++v->files_idle > VAULT_FILES_IDLE &&
		    (n = lru_victim(&v->files, is_idle)) != NULL) {
			lru_remove(&v->files, n);
			v->files_idle--;
			victim = LRU_OBJECT(n, struct file, node);
		}
	}
	lock_drop(&v->files_lock);
	if (victim != NULL)
		file_free(victim);
}

void
file_ref(struct file *f)
{
	lock_take(&f->v->files_lock);
	f->refs++;
	lock_drop(&f->v->files_lock);
}

struct file *
file_look(struct vault *v, uint64_t fileid)
{
	struct lru_node *n = lru_find(&v->files, fileid, same_inode, &fileid);

	return n == NULL ? NULL : LRU_OBJECT(n, struct file, node);
}

struct file *
file_open_now(struct vault *v, uint64_t fileid)
{
	struct file *f;

	lock_take(&v->files_lock);
	if ((f = file_look(v, fileid)) != NULL)
		ref_locked(f);
	lock_drop(&v->files_lock);
	return f;
}

/*
 * Has its last name gone?  LINK may have made another since they were counted,
 * and then it must stay one file: two would each write chunks where the other
 * has something else.  Storage that cannot make links need not count right.
 */
static bool
is_nameless(const struct file *f)
{
	struct host_stat st;

	return atomic_load(&f->v->links) == 0 ||
	    (host_fstat(f->fd, &st) == 0 && st.nlink == 0);
}

void
file_forget(struct vault *v, uint64_t fileid)
{
	struct file *f = file_open_now(v, fileid);

	if (f == NULL)
		return;
	if (is_nameless(f)) {
		lock_take(&v->files_lock);
		if (!f->forgotten)
			lru_remove(&v->files, &f->node);
		f->forgotten = true;
		lock_drop(&v->files_lock);
		journal_forget(v->journal, f);
	}
	file_put(f);		/* its last user closes it */
}

void
file_table_free(struct vault *v)
{
	struct lru_node *n;

	while ((n = lru_victim(&v->files, is_idle)) != NULL) {
		lru_remove(&v->files, n);
		file_free(LRU_OBJECT(n, struct file, node));
	}
	lru_fini(&v->files);
}
