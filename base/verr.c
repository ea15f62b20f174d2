#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/verr.h"

#define TEXT_MAX	(sizeof(((struct verr *)0)->text))

/*
 * strerror_r() returns the text in glibc and an int by POSIX; both may be had
 * on one system, depending on macros.  The type of the result decides.
 */
__attribute__((unused)) static const char *
pick_gnu(const char *res, const char *buf)
{
	(void)buf;
	return res;
}

__attribute__((unused)) static const char *
pick_posix(int res, const char *buf)
{
	return res == 0 ? buf : "unknown error";
}

#define STRERROR(sys, buf)						\
	_Generic(strerror_r(0, buf, 0),				\
	    char *: pick_gnu, int: pick_posix)				\
	    (strerror_r(sys, buf, sizeof(buf)), buf)

int
verr_fail(struct verr *e, enum verr_code code, const char *fmt, ...)
{
	int saved = errno;
	char text[TEXT_MAX];
	va_list ap;

	if (e != NULL) {
		/* by way of text[], for an argument may be e->text itself */
		va_start(ap, fmt);
		if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
			text[0] = '\0';
		va_end(ap);
		e->code = code;
		e->sys = 0;
		memcpy(e->text, text, sizeof(text));
	}
	errno = saved;
	return -1;
}

int
verr_sys(struct verr *e, const char *fmt, ...)
{
	int saved = errno;
	char buf[96], text[TEXT_MAX];
	const char *why;
	va_list ap;

	if (e != NULL) {
		va_start(ap, fmt);
		if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
			text[0] = '\0';
		va_end(ap);
		why = STRERROR(saved, buf);
		e->code = verr_of_errno(saved);
		e->sys = saved;
		/* a long sentence loses its end, not the reason */
		(void)snprintf(e->text, sizeof(e->text), "%.*s: %.*s",
		    (int)(TEXT_MAX - sizeof(buf) - 3), text,
		    (int)sizeof(buf), why);
	}
	errno = saved;
	return -1;
}

int
verr_code(struct verr *e, enum verr_code code)
{
	if (e != NULL) {
		e->code = code;
		e->sys = 0;
		e->text[0] = '\0';
	}
	return -1;
}

enum verr_code
verr_of_errno(int sys)
{
	/* a loop over a table: some of these are one number on some systems */
	static const struct {
		int sys;
		enum verr_code code;
	} map[] = {
		{ ENOENT,	VERR_NOENT },
		{ EEXIST,	VERR_EXIST },
		{ ENOTDIR,	VERR_NOTDIR },
		{ EISDIR,	VERR_ISDIR },
		{ ENOTEMPTY,	VERR_NOTEMPTY },
		{ EINVAL,	VERR_INVAL },
		{ ENAMETOOLONG,	VERR_NAMETOOLONG },
		{ EACCES,	VERR_ACCESS },
		{ EPERM,	VERR_PERM },
		{ EROFS,	VERR_ROFS },
		{ ENOSPC,	VERR_NOSPC },
		{ EDQUOT,	VERR_DQUOT },
		{ EFBIG,	VERR_FBIG },
		{ EOVERFLOW,	VERR_FBIG },
		{ ESTALE,	VERR_STALE },
		{ EXDEV,	VERR_XDEV },
		{ EMLINK,	VERR_MLINK },
		{ EBUSY,	VERR_BUSY },
		{ EAGAIN,	VERR_BUSY },
		{ EWOULDBLOCK,	VERR_BUSY },
		{ EMFILE,	VERR_BUSY },	/* descriptors come back */
		{ ENFILE,	VERR_BUSY },
		{ ENOMEM,	VERR_NOMEM },
		{ ENOBUFS,	VERR_NOMEM },
		{ ENOSYS,	VERR_UNSUPPORTED },
		{ ENOTSUP,	VERR_UNSUPPORTED },
		{ EOPNOTSUPP,	VERR_UNSUPPORTED },
	};
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].sys == sys)
			return map[i].code;
	return VERR_IO;
}
