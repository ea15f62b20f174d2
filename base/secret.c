#include "config.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#elif defined(__FreeBSD__)
#include <sys/procctl.h>
#elif defined(__APPLE__)
#include <sys/ptrace.h>
#endif

#include <openssl/crypto.h>

#include "base/secret.h"

#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS	MAP_ANON
#endif

/* len in whole pages, at least one; 0 if that is no size_t. */
static size_t
whole_pages(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (len == 0)
		return page;
	if (len > SIZE_MAX - (page - 1))
		return 0;
	return (len + page - 1) / page * page;
}

void *
secret_alloc(size_t len)
{
	size_t size = whole_pages(len);
	void *p;

	if (size == 0)
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	(void)mlock(p, size);
#if defined(MADV_DONTDUMP)
	(void)madvise(p, size, MADV_DONTDUMP);
#elif defined(MADV_NOCORE)
	(void)madvise(p, size, MADV_NOCORE);
#endif
	return p;
}

void
secret_free(void *p, size_t len)
{
	size_t size = whole_pages(len);

	if (p == NULL)
		return;
	secret_zero(p, size);
	(void)munmap(p, size);		/* unlocks too */
}

void
secret_zero(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
secret_process_init(void)
{
	const struct rlimit none = { 0, 0 };

	/* best effort, each: memory is zeroed and locked all the same */
	(void)setrlimit(RLIMIT_CORE, &none);
#if defined(__linux__)
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#elif defined(__FreeBSD__)
	{
		int off = PROC_TRACE_CTL_DISABLE;

		(void)procctl(P_PID, getpid(), PROC_TRACE_CTL, &off);
	}
#elif defined(__APPLE__)
	(void)ptrace(PT_DENY_ATTACH, 0, NULL, 0);
#endif
}
