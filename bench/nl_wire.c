#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bench/nl_wire.h"
#include "xdr/mount3.h"
#include "xdr/nfs3.h"
#include "xdr/rpcmsg.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define RPC_CALL	0	/* RFC 5531 section 9 */
#define RPC_REPLY	1
#define RPC_VERSION	2
#define MACHINE		"nfsload"

void
nl_wire_call(struct xout *o, const struct nl_cred *c, uint32_t xid,
    uint32_t prog, uint32_t proc)
{
	uint32_t mlen = (uint32_t)strlen(MACHINE);

	xout_begin_record(o);
	xout_u32(o, xid);
	xout_u32(o, RPC_CALL);
	xout_u32(o, RPC_VERSION);
	xout_u32(o, prog);
	xout_u32(o, prog == MOUNT3_PROGRAM ? MOUNT3_VERSION : NFS3_VERSION);
	xout_u32(o, proc);
	if (c == NULL) {
		xout_u32(o, RPCMSG_AUTH_NONE);
		xout_u32(o, 0);
	} else {
		xout_u32(o, RPCMSG_AUTH_SYS);
		/* stamp, length, name and padding, uid, gid, no gids */
		xout_u32(o, 4 + 4 + ((mlen + 3) & ~3u) + 4 + 4 + 4);
		xout_u32(o, 0);
		xout_opaque(o, MACHINE, mlen);
		xout_u32(o, c->uid);
		xout_u32(o, c->gid);
		xout_u32(o, 0);
	}
	xout_u32(o, RPCMSG_AUTH_NONE);
	xout_u32(o, 0);
}

static const char *
denied(struct xin *in)
{
	uint32_t why, stat;

	if (!xin_u32(in, &why) || !xin_u32(in, &stat))
		return "a reply cut short";
	if (why == 0)
		return "RPC_MISMATCH";
	switch (stat) {
	case RPCMSG_AUTH_BADCRED:
		return "AUTH_BADCRED";
	case RPCMSG_AUTH_REJECTEDCRED:
		return "AUTH_REJECTEDCRED";
	case RPCMSG_AUTH_TOOWEAK:
		return "AUTH_TOOWEAK: this user is not admitted";
	default:
		return "AUTH_ERROR";
	}
}

const char *
nl_wire_reply(struct xin *in, uint32_t *xid)
{
	static const char *const accepted[] = { NULL, "PROG_UNAVAIL",
		"PROG_MISMATCH", "PROC_UNAVAIL", "GARBAGE_ARGS",
		"SYSTEM_ERR" };
	uint32_t type, stat, flavor, why;
	struct slice verf;

	*xid = 0;
	if (!xin_u32(in, xid) || !xin_u32(in, &type) || type != RPC_REPLY ||
	    !xin_enum(in, 1, &stat))
		return "no RPC reply";
	if (stat == 1)
		return denied(in);
	if (!xin_u32(in, &flavor) || !xin_slice(in, RPCMSG_AUTH_MAX, &verf) ||
	    !xin_enum(in, 5, &why))
		return "a reply cut short";
	return accepted[why];
}

void
nl_wire_put_fh(struct xout *o, const struct nfs3_fh *fh)
{
	xout_opaque(o, fh->data, fh->len);
}

void
nl_wire_put_name(struct xout *o, const struct nfs3_fh *dir, const char *name)
{
	nl_wire_put_fh(o, dir);
	xout_opaque(o, name, (uint32_t)strlen(name));
}

void
nl_wire_put_mode(struct xout *o, uint32_t mode)
{
	int i;

	xout_bool(o, true);
	xout_u32(o, mode);
	for (i = 0; i < 5; i++)		/* uid, gid, size, atime, mtime */
		xout_u32(o, 0);
}

bool
nl_wire_get_fh(struct xin *in, struct nfs3_fh *fh)
{
	struct slice s;

	if (!xin_slice(in, NFS3_FHSIZE, &s))
		return false;
	fh->len = s.len;
	memcpy(fh->data, s.s, s.len);
	return true;
}

static bool
when(struct xin *in, struct nfs3_time *t)
{
	return xin_u32(in, &t->sec) && xin_u32(in, &t->nsec);
}

bool
nl_wire_get_fattr(struct xin *in, struct nfs3_fattr *a)
{
	uint32_t type;

	if (!xin_enum(in, NF3FIFO, &type))
		return false;
	a->type = type;
	return xin_u32(in, &a->mode) && xin_u32(in, &a->nlink) &&
	    xin_u32(in, &a->uid) && xin_u32(in, &a->gid) &&
	    xin_u64(in, &a->size) && xin_u64(in, &a->used) &&
	    xin_u32(in, &a->rdev_major) && xin_u32(in, &a->rdev_minor) &&
	    xin_u64(in, &a->fsid) && xin_u64(in, &a->fileid) &&
	    when(in, &a->atime) && when(in, &a->mtime) && when(in, &a->ctime);
}

bool
nl_wire_get_attr(struct xin *in, struct nfs3_attr *a)
{
	return xin_bool(in, &a->present) &&
	    (!a->present || nl_wire_get_fattr(in, &a->a));
}

bool
nl_wire_get_wcc(struct xin *in)
{
	struct nfs3_attr after;
	uint8_t before[24];
	bool have;

	return xin_bool(in, &have) &&
	    (!have || xin_fixed(in, before, sizeof(before))) &&
	    nl_wire_get_attr(in, &after);
}

bool
nl_wire_get_made(struct xin *in, struct nfs3_made *m)
{
	return xin_bool(in, &m->have_fh) &&
	    (!m->have_fh || nl_wire_get_fh(in, &m->obj)) &&
	    nl_wire_get_attr(in, &m->obj_attr) && nl_wire_get_wcc(in);
}

const char *
nl_wire_status(uint32_t status)
{
	static _Thread_local char other[32];
	static const struct {
		uint32_t	 n;
		const char	*text;
	} known[] = {
		{ NFS3_OK, "NFS3_OK" },
		{ NFS3ERR_PERM, "NFS3ERR_PERM" },
		{ NFS3ERR_NOENT, "NFS3ERR_NOENT" },
		{ NFS3ERR_IO, "NFS3ERR_IO" },
		{ NFS3ERR_ACCES, "NFS3ERR_ACCES" },
		{ NFS3ERR_EXIST, "NFS3ERR_EXIST" },
		{ NFS3ERR_NOTDIR, "NFS3ERR_NOTDIR" },
		{ NFS3ERR_ISDIR, "NFS3ERR_ISDIR" },
		{ NFS3ERR_INVAL, "NFS3ERR_INVAL" },
		{ NFS3ERR_FBIG, "NFS3ERR_FBIG" },
		{ NFS3ERR_NOSPC, "NFS3ERR_NOSPC" },
		{ NFS3ERR_ROFS, "NFS3ERR_ROFS" },
		{ NFS3ERR_NOTEMPTY, "NFS3ERR_NOTEMPTY" },
		{ NFS3ERR_STALE, "NFS3ERR_STALE" },
		{ NFS3ERR_BADHANDLE, "NFS3ERR_BADHANDLE" },
		{ NFS3ERR_NOTSUPP, "NFS3ERR_NOTSUPP" },
		{ NFS3ERR_TOOSMALL, "NFS3ERR_TOOSMALL" },
		{ NFS3ERR_SERVERFAULT, "NFS3ERR_SERVERFAULT" },
		{ NFS3ERR_JUKEBOX, "NFS3ERR_JUKEBOX" },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].n == status)
			return known[i].text;
	(void)snprintf(other, sizeof(other), "status %u", (unsigned)status);
	return other;
}

const char *
nl_wire_proc(uint32_t proc)
{
	static const char *const name[] = { "NULL", "GETATTR", "SETATTR",
		"LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE",
		"MKDIR", "SYMLINK", "MKNOD", "REMOVE", "RMDIR", "RENAME",
		"LINK", "READDIR", "READDIRPLUS", "FSSTAT", "FSINFO",
		"PATHCONF", "COMMIT" };

	return proc < sizeof(name) / sizeof(name[0]) ? name[proc] : "?";
}
