#include "config.h"

#include <string.h>

#include "vault/attr.h"
#include "vault/host.h"
#include "vault/size.h"

/*
 * Inode numbers are used again; with the time of birth they are not.  Folded
 * to 32 bits: two births of one inode number collide once in 2^32.
 */
static uint32_t
generation(const struct timespec *birth)
{
	uint64_t x;

	if (birth->tv_sec == 0 && birth->tv_nsec == 0)
		return 0;
	x = (uint64_t)birth->tv_sec * UINT64_C(1000000000) +
	    (uint64_t)birth->tv_nsec;
	x = (x ^ x >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(x >> 32) | 1;
}

void
attr_from_stat(struct vattr *a, enum vtype type, const struct cipher *cipher,
    const struct host_stat *st)
{
	enum size_class class = SIZE_GOOD;

	memset(a, 0, sizeof(*a));
	a->type = type;
	a->mode = (uint32_t)st->mode & 07777;
	a->nlink = st->nlink;
	a->uid = st->uid;
	a->gid = st->gid;
	a->size = type == VTYPE_DIR ? st->size :
	    size_clear(cipher, st->size, &class);
	a->used = st->used;
	a->damaged = class == SIZE_DAMAGED;
	a->fileid = st->ino;
	a->gen = generation(&st->btime);
	a->atime = st->atime;
	a->mtime = st->mtime;
	a->ctime = st->ctime;
	if (type == VTYPE_SYMLINK)
		a->mode = 0777;
}
