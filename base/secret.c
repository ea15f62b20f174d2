#include "config.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

/* OpenBSD's way to keep it out of a core. */
#ifndef MAP_CONCEAL
#define MAP_CONCEAL	0
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

#define LARGE	((size_t)1 << 20)	/* bytes; scrypt's, for a while */

static atomic_bool refused;		/* by RLIMIT_MEMLOCK */

bool
secret_is_locked(void)
{
	return !atomic_load(&refused);
}

/* Locked, and not dumped. */
static void *
protect(void *p, size_t size)
{
	if (mlock(p, size) == -1 && size <= LARGE)
		atomic_store(&refused, true);
#if defined(MADV_DONTDUMP)
	(void)madvise(p, size, MADV_DONTDUMP);
#elif defined(MADV_NOCORE)
	(void)madvise(p, size, MADV_NOCORE);
#endif
	return p;
}

static void *
map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_CONCEAL, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void *
secret_alloc(size_t len)
{
	size_t size = whole_pages(len);
	void *p;

	if (size == 0 || (p = map(size)) == NULL)
		return NULL;
	return protect(p, size);
}

void *
secret_pages(size_t len, size_t align)
{
	uintptr_t all, at;

	if (len > SIZE_MAX - align || (all = (uintptr_t)map(len + align)) == 0)
		return NULL;
	at = (all + align - 1) & ~(uintptr_t)(align - 1);
	if (at > all)
		(void)munmap((void *)all, at - all);
	(void)munmap((void *)(at + len), all + align - at);
	return protect((void *)at, len);
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
#ifdef HAVE_EXPLICIT_BZERO
	explicit_bzero(p, len);
#else
	OPENSSL_cleanse(p, len);
#endif
}

void
secret_drop(void *p, size_t len)
{
	if (p != NULL)
		secret_zero(p, len);
	free(p);
}

void *
secret_move(void *p, size_t len, size_t room)
{
	void *q;

	if ((q = malloc(room)) == NULL)
		return NULL;
	if (len > 0)
		memcpy(q, p, len);
	secret_drop(p, len);
	return q;
}

bool
secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

#define STACK_REACH	(128u * 1024)	/* bytes: deeper than calls go */

void
secret_zero_stack(void)
{
	uint8_t below[STACK_REACH];

	secret_zero(below, sizeof(below));
}

static void *
crypto_take(size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	return secret_take(len);
}

static void *
crypto_again(void *p, size_t len, const char *file, int line)
{
	(void)file;
	(void)line;
	if (len > 0)
		return secret_again(p, len);
	secret_give(p);
	return NULL;
}

static void
crypto_give(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	secret_give(p);
}

void
secret_process_init(void)
{
	const struct rlimit none = { 0, 0 };

	/* Refused if it has allocated something already. */
	(void)CRYPTO_set_mem_functions(crypto_take, crypto_again,
	    crypto_give);

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
