#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "nfsd/export.h"
#include "nfsd/fattr.h"
#include "vault/dir.h"
#include "vault/file.h"

/* NFSv3 has 32 unsigned bits of seconds (RFC 1813 2.6). */
struct nfs3_time
fattr_time(const struct timespec *ts)
{
	struct nfs3_time t;

	t.nsec = (uint32_t)ts->tv_nsec;
	if (ts->tv_sec < 0)
		t.sec = t.nsec = 0;
	else if ((uint64_t)ts->tv_sec > UINT32_MAX)
		t.sec = UINT32_MAX;
	else
		t.sec = (uint32_t)ts->tv_sec;
	return t;
}

void
fattr_set(struct nfs3_attr *out, const struct export *x,
    const struct vattr *a)
{
	static const enum ftype3 types[] = {
		[VTYPE_FILE] = NF3REG,
		[VTYPE_DIR] = NF3DIR,
		[VTYPE_SYMLINK] = NF3LNK,
	};
	struct nfs3_fattr *f = &out->a;
	struct vattr own = *a;

	export_owner(x, &own);
	out->present = true;
	f->type = types[a->type];
	f->mode = a->mode;
	f->nlink = a->nlink;
	f->uid = own.uid;
	f->gid = own.gid;
	f->size = a->size;
	f->used = a->used;
	f->rdev_major = f->rdev_minor = 0;
	f->fsid = x->fsid;
	f->fileid = a->fileid;
	f->atime = fattr_time(&a->atime);
	f->mtime = fattr_time(&a->mtime);
	f->ctime = fattr_time(&a->ctime);
}

void
fattr_before(struct nfs3_wcc *out, const struct vattr *a)
{
	out->have_before = true;
	out->size = a->size;
	out->mtime = fattr_time(&a->mtime);
	out->ctime = fattr_time(&a->ctime);
}

void
fattr_dir_change(struct nfs3_wcc *out, const struct export *x,
    const struct dir_change *ch)
{
	if (ch->have_before)
		fattr_before(out, &ch->before);
	if (ch->have_after)
		fattr_set(&out->after, x, &ch->after);
}

void
fattr_file_change(struct nfs3_wcc *out, const struct export *x,
    const struct file_change *ch)
{
	if (ch->have_before)
		fattr_before(out, &ch->before);
	if (ch->have_after)
		fattr_set(&out->after, x, &ch->after);
}

static enum nfsstat3
time_to_set(enum nfs3_time_how how, const struct nfs3_time *t, unsigned bit,
    struct timespec *ts, unsigned *mask)
{
	if (how == NFS3_DONT_CHANGE)
		return NFS3_OK;
	*mask |= bit;
	ts->tv_sec = 0;
	ts->tv_nsec = UTIME_NOW;
	if (how == NFS3_SET_TO_SERVER_TIME)
		return NFS3_OK;
	if (t->nsec >= 1000000000)
		return NFS3ERR_INVAL;
	ts->tv_sec = t->sec;
	ts->tv_nsec = (long)t->nsec;
	return NFS3_OK;
}

enum nfsstat3
fattr_to_set(const struct nfs3_sattr *s, struct vset *out)
{
	enum nfsstat3 status;

	memset(out, 0, sizeof(*out));
	if (s->set_mode) {
		out->mask |= VSET_MODE;
		out->mode = s->mode & 07777;
	}
	if (s->set_uid) {
		out->mask |= VSET_UID;
		out->uid = s->uid;
	}
	if (s->set_gid) {
		out->mask |= VSET_GID;
		out->gid = s->gid;
	}
	if (s->set_size) {
		out->mask |= VSET_SIZE;
		out->size = s->size;
	}
	status = time_to_set(s->atime_how, &s->atime, VSET_ATIME, &out->atime,
	    &out->mask);
	if (status != NFS3_OK)
		return status;
	return time_to_set(s->mtime_how, &s->mtime, VSET_MTIME, &out->mtime,
	    &out->mask);
}
