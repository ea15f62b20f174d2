/*
 * host_seam.c - where tests come in between us and the system.
 */
#include "config.h"

#include <errno.h>

#include "vault/host.h"
#include "vault/host_int.h"

static host_hook_fn	*hook;
static host_record_fn	*recorder;
static void		*hook_ctx, *recorder_ctx;

void
host_set_hook(host_hook_fn *fn, void *ctx)
{
	hook = fn;
	hook_ctx = ctx;
}

void
host_set_recorder(host_record_fn *fn, void *ctx)
{
	recorder = fn;
	recorder_ctx = ctx;
}

bool
host_hooked(enum host_op op, const char *path)
{
	int err;

	if (hook == NULL || (err = hook(hook_ctx, op, path)) == 0)
		return false;
	errno = err;
	return true;
}

void
host_record(const struct host_event *ev)
{
	int saved = errno;

	if (recorder != NULL)
		recorder(recorder_ctx, ev);
	errno = saved;
}

int
host_record_name(int r, enum host_op op, const char *path, const char *to)
{
	if (r == 0 && recorder != NULL)
		host_record(&(struct host_event){ .op = op, .fd = -1,
		    .path = path, .to = to });
	return r;
}

/* The first done bytes of the list have been written to off. */
void
host_record_write(int fd, const struct iovec *iov, size_t done, uint64_t off)
{
	struct host_event ev = { .op = HOST_WRITE, .fd = fd, .off = off };

	for (; recorder != NULL && done > 0; iov++) {
		ev.data = iov->iov_base;
		ev.len = iov->iov_len < done ? iov->iov_len : done;
		host_record(&ev);
		ev.off += ev.len;
		done -= ev.len;
	}
}
