/*
 * dir_stat.c - how a directory looks, for those who change it again and again.
 *
 * A stat by its path d/XX/YYY... walks three names; by a descriptor it takes a
 * third of the time, and each change of names needs two.  But a folder that
 * others move away or replace is seen by its path alone.  So a descriptor is
 * believed for a second, then compared with what is at the path, and it is
 * made for the second change within that time.  Only changes use it: who just
 * asks (GETATTR, LOOKUP) gets what is at the path.
 *
 * Of many changes that come at once, one follows the other within three
 * microseconds, and how the first left the folder is how the next one finds it:
 * dir_attr_left() does not look again within JUST_NS.  That is shorter than any
 * client takes that waits for its reply, and in the time between the two looks
 * that each change takes others' changes cannot be told from ours anyway
 * (dir_cache.c).
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>

#include "base/verr.h"
#include "vault/vault_int.h"

#define BELIEF_NS	INT64_C(1000000000)
#define JUST_NS		INT64_C(10000)

static struct dir_fd *
find(struct vault *v, const struct dir *d)
{
	size_t i;

	LOCK_ASSERT_HELD(&v->dir_fds_lock);
	for (i = 0; i < VAULT_DIR_FDS; i++)
		if (memcmp(v->dir_fds[i].path, d->path, sizeof(d->path)) == 0)
			return &v->dir_fds[i];
	return NULL;
}

static void
drop(struct dir_fd *p)
{
	if (p->fd != -1)
		(void)host_close(p->fd);
	p->fd = -1;
	p->seen_ns = 0;
}

void
dir_fds_init(struct vault *v)
{
	size_t i;

	lock_init(&v->dir_fds_lock, LOCK_DIR_FDS);
	for (i = 0; i < VAULT_DIR_FDS; i++)
		v->dir_fds[i].fd = -1;
}

void
dir_fds_fini(struct vault *v)
{
	size_t i;

	for (i = 0; i < VAULT_DIR_FDS; i++)
		drop(&v->dir_fds[i]);
	lock_fini(&v->dir_fds_lock);
}

static bool
look(struct vault *v, struct dir_fd *p, int64_t now)
{
	struct host_stat st;

	p->seen_ns = 0;
	if (host_fstat(p->fd, &st) == -1 || st.nlink == 0)
		return false;
	attr_from_stat(&p->attr, VTYPE_DIR, v->cipher, &st);
	p->seen_ns = now;
	return true;
}

/* False: it is to be asked for by its path. */
static bool
attr_kept(struct dir *d, int64_t new_enough_ns, struct vattr *a)
{
	struct vault *v = d->v;
	int64_t now = vault_now_ns();
	struct dir_fd *p;
	bool is;

	lock_take(&v->dir_fds_lock);
	p = find(v, d);
	is = p != NULL && p->fd != -1 && now - p->since_ns < BELIEF_NS &&
	    (now - p->seen_ns < new_enough_ns || look(v, p, now));
	if (is)
		*a = p->attr;
	lock_drop(&v->dir_fds_lock);
	return is;
}

static bool
leads_to(int fd, uint64_t ino)
{
	struct host_stat st;

	return host_fstat(fd, &st) == 0 && st.ino == ino;
}

/* ino is at d's path now. */
static void
keep(struct dir *d, uint64_t ino)
{
	struct vault *v = d->v;
	struct dir_fd *p;
	int64_t now = vault_now_ns();

	lock_take(&v->dir_fds_lock);
	if ((p = find(v, d)) == NULL) {
		p = &v->dir_fds[v->dir_fds_next++ % VAULT_DIR_FDS];
		drop(p);
		memcpy(p->path, d->path, sizeof(p->path));
	} else {
		if (p->fd == -1 && now - p->since_ns < BELIEF_NS)
			p->fd = host_open(v->root, d->path,
			    O_RDONLY | O_DIRECTORY, 0);
		if (p->fd != -1 && !leads_to(p->fd, ino))
			drop(p);
	}
	p->since_ns = now;
	p->seen_ns = 0;
	lock_drop(&v->dir_fds_lock);
}

static int
attr_of(struct dir *d, int64_t new_enough_ns, struct vattr *a, struct verr *e)
{
	if (attr_kept(d, new_enough_ns, a))
		return 0;
	if (dir_attr(d, a, e) == -1)
		return -1;
	keep(d, a->fileid);
	return 0;
}

int
dir_attr_again(struct dir *d, struct vattr *a, struct verr *e)
{
	return attr_of(d, 0, a, e);
}

int
dir_attr_left(struct dir *d, struct vattr *a, struct verr *e)
{
	return attr_of(d, JUST_NS, a, e);
}

void
dir_attr_stale(struct vault *v, const char *path)
{
	size_t i;

	lock_take(&v->dir_fds_lock);
	for (i = 0; i < VAULT_DIR_FDS; i++)
		if (strcmp(v->dir_fds[i].path, path) == 0)
			v->dir_fds[i].seen_ns = 0;
	lock_drop(&v->dir_fds_lock);
}
