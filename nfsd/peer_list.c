/*
 * peer_list.c - a list from sysctl(3) into a buffer that grows with it.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/sysctl.h>

#include <errno.h>
#include <stdlib.h>

#include "nfsd/peer.h"
#include "nfsd/peer_list.h"

#define FIRST_SIZE	(64u * 1024)		/* bytes */
#define LIST_MAX	(32u * 1024 * 1024)	/* bytes; 50,000 sockets */

struct peer_finder {
	void	*buf;
	size_t	 cap;
};

struct peer_finder *
peer_new(void)
{
	return calloc(1, sizeof(struct peer_finder));
}

void
peer_free(struct peer_finder *f)
{
	if (f == NULL)
		return;
	free(f->buf);
	free(f);
}

static bool
grow(struct peer_finder *f)
{
	size_t cap = f->cap == 0 ? FIRST_SIZE : f->cap * 2;
	void *buf;

	if (cap > LIST_MAX || (buf = realloc(f->buf, cap)) == NULL)
		return false;
	f->buf = buf;
	f->cap = cap;
	return true;
}

const char *
peer_list_read(struct peer_finder *f, const char *name, size_t *len)
{
	while (f->cap > 0 || grow(f)) {
		*len = f->cap;
		if (sysctlbyname(name, f->buf, len, NULL, 0) == 0)
			return f->buf;
		if (errno != ENOMEM || !grow(f))
			break;
	}
	*len = 0;
	return f->buf;
}
