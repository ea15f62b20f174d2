/*
 * file_state.c - what we know of one open file, and how it looks from outside.
 */
#include "config.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/journal.h"
#include "vault/keys.h"
#include "vault/vault.h"
#include "vault/vault_int.h"

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
file_is_as_seen(const struct file *f, const struct file_seen *seen)
{
	return f->have_header && f->st.size == seen->size &&
	    same_time(&f->st.mtime, &seen->mtime) &&
	    same_time(&f->st.ctime, &seen->ctime);
}

/* Is all that we know of it still true, by a stat? */
static bool
is_known(const struct file *f, const struct host_stat *st)
{
	struct file_seen seen = { st->size, st->nlink, st->mtime, st->ctime };

	return file_is_as_seen(f, &seen);
}

bool
file_reads_now(const struct vault *v)
{
	return !atomic_load_explicit(&v->no_now, memory_order_relaxed);
}

ssize_t
file_readv_now(struct file *f, const struct iovec *iov, int n,
    uint64_t disk_off)
{
	ssize_t got;

	if (!file_reads_now(f->v)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	got = host_readv_now(f->fd, iov, n, disk_off);
	if (got == -1 && errno == EOPNOTSUPP)
		atomic_store(&f->v->no_now, true);
	return got;
}

/* The header's bytes from the page cache; false: it is not all there. */
static bool
read_header_now(struct file *f, uint8_t disk[CIPHER_HEADER_MAX])
{
	size_t len = f->v->cipher->header_len;
	struct iovec iov = { disk, len };

	return file_readv_now(f, &iov, 1, 0) == (ssize_t)len;
}

/*
 * Take the header over, of which n bytes were read (-1: errno says why not).
 * f->rw is held to write.
 */
static int
learn(struct file *f, const struct host_stat *st, const uint8_t *disk,
    ssize_t n, bool any_header, struct verr *e)
{
	const struct cipher *c = f->v->cipher;
	int saved = errno;
	struct kctx *k;
	bool ok;

	f->have_header = false;
	f->st = *st;
	file_new_epoch(f);
	errno = saved;
	if (st->size == 0)
		return 0;	/* none yet: an empty file */
	if (n == -1)
		return verr_sys(e, "cannot read the header of %s", f->path);
	if ((size_t)n < c->header_len) {
		if (any_header)
			return 0;
		return verr_fail(e, VERR_DAMAGED, "%s has only %zd bytes, too "
		    "few for a header", f->path, n);
	}
	if ((k = keys_take(f->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a header");
	ok = c->header_read(k, disk, &f->fk);
	keys_drop(f->v->keys, k);
	if (!ok && !any_header)
		return verr_fail(e, VERR_AUTH, "the header of %s is not "
		    "authentic", f->path);
	f->have_header = ok;
	return 0;
}

/* Read the header anew.  f->rw is held to write. */
static int
load_header(struct file *f, const struct host_stat *st, bool any_header,
    struct verr *e)
{
	uint8_t disk[CIPHER_HEADER_MAX];
	ssize_t n = 0;

	if (st->size > 0)
		n = host_read(f->fd, disk, f->v->cipher->header_len, 0);
	return learn(f, st, disk, n, any_header, e);
}

int
file_take(struct file *f, bool write, bool any_header, struct verr *e)
{
	struct host_stat st;

	if (write)
		rwlock_take_write(&f->rw);
	else
		rwlock_take_read(&f->rw);
	if (host_fstat(f->fd, &st) == -1)
		goto err;
	if (is_known(f, &st))
		return 0;
	if (!write) {
		/* Learning it anew needs the lock for ourselves. */
		rwlock_drop(&f->rw);
		rwlock_take_write(&f->rw);
		if (host_fstat(f->fd, &st) == -1)
			goto err;
		if (is_known(f, &st))
			return 0;
	}
	if (load_header(f, &st, any_header, e) == 0)
		return 0;
	rwlock_drop(&f->rw);
	return -1;
err:
	verr_sys(e, "cannot stat %s", f->path);
	rwlock_drop(&f->rw);
	return -1;
}

/* f->rw is held to write: is what we know of it still true, or in memory? */
static bool
learn_now(struct file *f)
{
	uint8_t disk[CIPHER_HEADER_MAX];
	struct host_stat st;

	if (host_fstat(f->fd, &st) == -1)
		return false;
	return is_known(f, &st) || (st.size > 0 && read_header_now(f, disk) &&
	    learn(f, &st, disk, (ssize_t)f->v->cipher->header_len, false,
	    NULL) == 0);
}

int
file_try(struct file *f, bool write, struct verr *e)
{
	struct host_stat st;

	if (!(write ? rwlock_try_write(&f->rw) : rwlock_try_read(&f->rw)))
		return verr_code(e, VERR_BUSY);
	if (host_fstat(f->fd, &st) == 0 && is_known(f, &st))
		return 0;
	rwlock_drop(&f->rw);
	/* Learning it needs the lock for ourselves; what fails, others tell. */
	if (!write && rwlock_try_write(&f->rw)) {
		if (learn_now(f))
			return 0;
		rwlock_drop(&f->rw);
	}
	return verr_code(e, VERR_BUSY);
}

void
file_drop(struct file *f)
{
	rwlock_drop(&f->rw);
}

/* -- attributes */

bool
file_time_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* Under files_lock. */
static void
put_face(const struct file *f, struct vattr *a)
{
	const struct file_face *face = &f->face;

	if (face->on) {
		a->size = face->clear_size;
		a->damaged = false;
		a->mtime = face->mtime;
		if (file_time_before(&a->ctime, &face->ctime))
			a->ctime = face->ctime;
	} else if (face->told && (same_time(&a->ctime, &face->real) ||
	    file_time_before(&a->ctime, &face->ctime)))
		a->ctime = face->ctime;
}

uint64_t
file_mark(struct vault *v)
{
	return atomic_load(&v->flushes);
}

bool
file_fix(struct vault *v, uint64_t mark, struct vattr *a)
{
	struct file *f;
	bool sure;

	if (v->wb.dirty_max == 0)
		return true;
	lock_take(&v->files_lock);
	sure = atomic_load(&v->flushes) == mark;
	if ((f = file_look(v, a->fileid)) != NULL) {
		sure |= f->face.on;
		put_face(f, a);
	} else
		sure = true;
	lock_drop(&v->files_lock);
	return sure;
}

void
file_fix_at(struct vault *v, uint64_t mark, const char *path, struct vattr *a)
{
	struct host_stat st;

	while (!file_fix(v, mark, a)) {
		mark = file_mark(v);
		if (host_stat(v->root, path, &st) == -1 ||
		    st.ino != a->fileid)
			return;		/* it is another one by now */
		attr_from_stat(a, VTYPE_FILE, v->cipher, &st);
	}
}

void
file_attr_held(struct file *f, struct vattr *a)
{
	attr_from_stat(a, VTYPE_FILE, f->v->cipher, &f->st);
	if (f->v->wb.dirty_max == 0)
		return;
	lock_take(&f->v->files_lock);
	put_face(f, a);
	lock_drop(&f->v->files_lock);
}

void
file_before(struct file *f, struct file_change *ch)
{
	if (ch == NULL)
		return;
	ch->have_before = true;
	ch->have_after = false;
	file_attr_held(f, &ch->before);
}

int
file_after(struct file *f, struct file_change *ch, struct verr *e)
{
	if (f->touched && host_fstat(f->fd, &f->st) == -1) {
		f->have_header = false;		/* nothing is known of it */
		return verr_sys(e, "cannot stat %s", f->path);
	}
	f->touched = false;
	if (ch != NULL) {
		ch->have_after = true;
		file_attr_held(f, &ch->after);
	}
	return 0;
}

int
file_attr(struct file *f, struct vattr *a, struct verr *e)
{
	struct file_seen seen;

	return file_see(f, a, &seen, e);
}

int
file_see(struct file *f, struct vattr *a, struct file_seen *seen,
    struct verr *e)
{
	struct host_stat st;
	uint64_t mark;

	do {
		mark = file_mark(f->v);
		if (host_fstat(f->fd, &st) == -1)
			return verr_sys(e, "cannot stat %s", f->path);
		attr_from_stat(a, VTYPE_FILE, f->v->cipher, &st);
	} while (!file_fix(f->v, mark, a));
	*seen = (struct file_seen){ st.size, st.nlink, st.mtime, st.ctime };
	return 0;
}

/* -- making durable */

/*
 * The ctime is from now on that of the disk; false: time would go back, since
 * the file system's clock is behind ours.
 */
static bool
show_real(struct file *f)
{
	bool is_real;

	lock_take(&f->v->files_lock);
	if (!file_time_before(&f->st.ctime, &f->face.ctime))
		f->face.told = false;
	is_real = !f->face.told;
	lock_drop(&f->v->files_lock);
	return is_real;
}

/*
 * What is dirty, to the disk or the journal; what fails is lost, and told.  ch
 * may be NULL: nobody is told how the file looks.  *real: its ctime is the
 * disk's.
 */
static int
write_dirty(struct file *f, uint64_t *changes, struct file_change *ch,
    bool *real, struct verr *e)
{
	struct vault *v = f->v;
	int r = 0;

	if (file_take(f, true, true, e) == -1)
		return -1;
	file_before(f, ch);
	if (file_flush(f, e) == -1) {
		file_lose(f);
		file_new_epoch(f);
		if (v->wb.lost != NULL)
			v->wb.lost(v->wb.ctx);
		r = -1;
	}
	*changes = f->changes;
	if (r == 0 && ch != NULL) {
		*real = show_real(f);
		r = file_after(f, ch, e);
	}
	file_drop(f);
	return r;
}

static void
note_synced(struct file *f, uint64_t changes)
{
	rwlock_take_write(&f->rw);
	if (f->synced < changes)
		f->synced = changes;
	rwlock_drop(&f->rw);
}

static bool
is_synced(struct file *f, uint64_t changes)
{
	bool is;

	rwlock_take_read(&f->rw);
	is = f->synced >= changes;
	rwlock_drop(&f->rw);
	return is;
}

/* What was cut away must not come back from the journal (journal.h). */
static int
sync_data(struct file *f, uint64_t changes, struct verr *e)
{
	struct journal *j = f->v->journal;
	uint64_t since = journal_now(j);
	bool cut = atomic_exchange(&f->cut, false);

	if (host_sync(f->fd) == -1) {
		verr_sys(e, "cannot sync %s", f->path);
		goto err;
	}
	journal_synced(j, f, since);
	if (cut && journal_settle(j, e) == -1)
		goto err;
	note_synced(f, changes);
	return 0;
err:
	if (cut)
		f->cut = true;
	return -1;
}

/*
 * Was all of it within one tick of the file system's clock, so that the old
 * ctime had to stay?  A sync later its clock has moved.
 */
static void
settle_ctime(struct file *f, struct file_change *ch)
{
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, 0 } };

	if (file_take(f, true, true, NULL) == -1)
		return;
	if (f->face.told && same_time(&f->st.ctime, &f->face.real)) {
		ts[1] = f->st.mtime;
		(void)host_futimes(f->fd, ts);
		f->touched = true;
		if (file_after(f, NULL, NULL) == 0) {
			(void)show_real(f);
			file_attr_held(f, &ch->after);
		}
	}
	file_drop(f);
}

int
file_sync(struct file *f, struct verr *e)
{
	return file_sync_attr(f, NULL, e);
}

int
file_sync_attr(struct file *f, struct file_change *ch, struct verr *e)
{
	struct vault *v = f->v;
	uint64_t changes;
	bool real = true;

	if (ch != NULL)
		ch->have_before = ch->have_after = false;
	if (v->read_only)
		return vault_sync_names(v, e);
	if (write_dirty(f, &changes, ch, &real, e) == -1)
		return -1;
	if ((!is_synced(f, changes) && sync_data(f, changes, e) == -1) ||
	    vault_sync_names(v, e) == -1)
		return -1;
	if (!real)
		settle_ctime(f, ch);
	return 0;
}
