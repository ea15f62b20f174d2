/*
 * cmd_tune.c - the switches of experiments on the command line.
 *
 * The program is linked with an allocator that stands in for the C library's.
 * Where that is glibc, it comes first again if it is preloaded; so the program
 * executes itself once more, with the same words.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tune.h"
#include "base/verr.h"
#include "nfsd/cmd_tune.h"

#if defined(HAVE_MIMALLOC) && defined(__GLIBC__)

#include <dlfcn.h>

/* Set while we execute ourselves: the LD_PRELOAD that there was before. */
#define GUARD		"VAULTNFS_TUNE_PRELOAD"
#define CMDLINE_MAX	(1 << 20)	/* bytes of all words */

static void *
object_of(const char *symbol)
{
	void *p = dlsym(RTLD_DEFAULT, symbol);
	Dl_info info;

	return p != NULL && dladdr(p, &info) != 0 ? info.dli_fbase : NULL;
}

static bool
has_libc_malloc(void)
{
	void *libc = object_of("gnu_get_libc_version");

	return libc != NULL && object_of("malloc") == libc &&
	    object_of("free") == libc;
}

/* The words of our command line, as they were; NULL: errno. */
static char **
own_words(void)
{
	size_t len = 0, n = 1, i;
	char *text, **words;
	ssize_t got = -1;
	int fd;

	if ((text = malloc(CMDLINE_MAX)) == NULL)
		return NULL;
	if ((fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC)) != -1) {
		while (len < CMDLINE_MAX - 1 && (got = read(fd, text + len,
		    CMDLINE_MAX - 1 - len)) > 0)
			len += (size_t)got;
		(void)close(fd);
	}
	for (i = 0; i < len; i++)
		n += text[i] == '\0';
	text[len] = '\0';
	if (got != 0 || (words = calloc(n, sizeof(*words))) == NULL) {
		free(text);
		return NULL;
	}
	for (i = n = 0; i < len; i += strlen(text + i) + 1)
		words[n++] = text + i;
	return words;
}

/* As it was for whom we execute: a password command, for example. */
static void
restore_preload(const char *was)
{
	if (was[0] == '\0')
		(void)unsetenv("LD_PRELOAD");
	else
		(void)setenv("LD_PRELOAD", was, 1);
	(void)unsetenv(GUARD);
}

static enum cmd_exit
execute_again(void)
{
	const char *was = getenv("LD_PRELOAD");
	char exe[PATH_MAX], preload[PATH_MAX];
	char **words = own_words();
	ssize_t n;

	if (was == NULL)
		was = "";
	(void)snprintf(preload, sizeof(preload), "libc.so.6%s%s",
	    was[0] == '\0' ? "" : ":", was);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (words != NULL && n > 0 && setenv(GUARD, was, 1) == 0 &&
	    setenv("LD_PRELOAD", preload, 1) == 0) {
		exe[n] = '\0';
		(void)execv(exe, words);
	}
	cmd_error("--tune malloc=libc: cannot execute this program again: %s",
	    strerror(errno));
	return CMD_FAILED;
}

static enum cmd_exit
use_libc_malloc(void)
{
	const char *was = getenv(GUARD);
	char copy[PATH_MAX];

	if (was != NULL) {
		(void)snprintf(copy, sizeof(copy), "%s", was);
		restore_preload(copy);
	}
	if (has_libc_malloc())
		return CMD_DONE;
	if (was == NULL)
		return execute_again();
	cmd_error("--tune malloc=libc: preloading the C library did not bring "
	    "its allocator back (is the program set-user-id?)");
	return CMD_FAILED;
}

#else

static enum cmd_exit
use_libc_malloc(void)
{
#ifdef HAVE_MIMALLOC
	cmd_error("--tune malloc=libc: this system cannot change the "
	    "allocator of a program; configure --without-mimalloc can");
	return CMD_FAILED;
#else
	log_info("this program was built with the C library's allocator");
	return CMD_DONE;
#endif
}

#endif

enum cmd_exit
cmd_tune(const struct cmd_call *call, const char *list)
{
	enum cmd_exit rc = CMD_DONE;
	struct verr e;

	if (list == NULL)
		return CMD_DONE;
	if (tune_set(list, &e) == -1)
		return cmd_usage(call, "--tune: %s", e.text);
	if (tune_off(TUNE_MALLOC))
		rc = use_libc_malloc();
	if (rc == CMD_DONE)
		log_info("for measuring only: %s", list);
	return rc;
}
