/*
 * steady.c - steady DIR PROCESSES OPERATIONS SEED: work in DIR that must not
 * see an error, whatever becomes of the server meanwhile.
 *
 * Each process works in a directory of its own and knows what must be there.
 * Nothing that it asks for is wrong, so every failure is one of the server: a
 * name that "exists" or is "not there" was made or removed twice.  Files are
 * written, appended to, cut and changed through mappings at random, synced now
 * and then, and compared with a copy in memory.
 * A file STOP in DIR ends it early.  Prints what was wrong, and counts.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES		4
#define SIZE_MAX_	200000u		/* bytes of one file */

static uint64_t state;

static unsigned
rnd(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 20) % n;
}

static unsigned errors, count;

/* rc of a call that cannot fail. */
static bool
must(const char *what, const char *name, long rc)
{
	if (rc != -1)
		return true;
	errors++;
	printf("error: %s %s: %s (operation %u)\n", what, name,
	    strerror(errno), count);
	(void)fflush(stdout);
	return false;
}

static void
wrong(const char *what, const char *name)
{
	errors++;
	printf("error: %s: %s (operation %u)\n", name, what, count);
	(void)fflush(stdout);
}

struct file {
	char	 name[64];
	int	 fd;
	size_t	 size;
	uint8_t	*copy;
};

static struct file files[FILES];

static void
open_file(struct file *f, unsigned i)
{
	(void)snprintf(f->name, sizeof(f->name), "data%u", i);
	f->copy = calloc(1, SIZE_MAX_);
	f->fd = open(f->name, O_RDWR | O_CREAT | O_EXCL, 0644);
	(void)must("create", f->name, f->fd);
}

static void
write_some(struct file *f)
{
	size_t len = 1 + rnd(rnd(2) ? 300 : 40000);
	size_t off = rnd((unsigned)(SIZE_MAX_ - len)), i;
	ssize_t n;

	for (i = 0; i < len; i++)
		f->copy[off + i] = (uint8_t)(rnd(256));
	n = pwrite(f->fd, f->copy + off, len, (off_t)off);
	if (must("write", f->name, n) && (size_t)n != len)
		wrong("short write", f->name);
	if (off + len > f->size)
		f->size = off + len;
}

/* By another descriptor, at the end. */
static void
append(struct file *f)
{
	size_t len = 1 + rnd(5000), i;
	ssize_t n;
	int fd;

	if (f->size + len > SIZE_MAX_)
		return;
	fd = open(f->name, O_WRONLY | O_APPEND);
	if (!must("open", f->name, fd))
		return;
	for (i = 0; i < len; i++)
		f->copy[f->size + i] = (uint8_t)rnd(256);
	n = write(fd, f->copy + f->size, len);
	if (must("append", f->name, n) && (size_t)n != len)
		wrong("short append", f->name);
	(void)must("close", f->name, close(fd));
	f->size += len;
}

/* Through a mapping, some pages. */
static void
store(struct file *f)
{
	size_t len, off, i;
	uint8_t *p;

	if (f->size < 10)
		return;
	p = mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (!must("mmap", f->name, p == MAP_FAILED ? -1 : 0))
		return;
	off = rnd((unsigned)f->size - 1);
	len = 1 + rnd((unsigned)(f->size - off));
	for (i = 0; i < len; i++)
		p[off + i] = f->copy[off + i] = (uint8_t)rnd(256);
	if (rnd(2))
		(void)must("msync", f->name, msync(p, f->size, MS_SYNC));
	(void)must("munmap", f->name, munmap(p, f->size));
}

static void
cut(struct file *f)
{
	size_t size = rnd(SIZE_MAX_);

	(void)must("truncate", f->name, ftruncate(f->fd, (off_t)size));
	if (size < f->size)
		memset(f->copy + size, 0, f->size - size);
	f->size = size;
}

static void
compare(struct file *f)
{
	static uint8_t buf[SIZE_MAX_ + 1];
	ssize_t n;
	size_t i;

	n = pread(f->fd, buf, sizeof(buf), 0);
	if (!must("read", f->name, n))
		return;
	if ((size_t)n != f->size) {
		wrong("another size", f->name);
		return;
	}
	for (i = 0; i < f->size; i++)
		if (buf[i] != f->copy[i]) {
			printf("error: %s: byte %zu of %zu differs "
			    "(operation %u)\n", f->name, i, f->size, count);
			errors++;
			return;
		}
}

/* New descriptors see what is there, not what was in a cache. */
static void
reopen(struct file *f)
{
	(void)must("fsync", f->name, fsync(f->fd));
	(void)must("close", f->name, close(f->fd));
	f->fd = open(f->name, O_RDWR);
	if (must("open", f->name, f->fd))
		compare(f);
}

static void
absent(const char *name)
{
	struct stat st;

	if (lstat(name, &st) == 0)
		wrong("is still there", name);
}

static void
present(const char *name)
{
	struct stat st;

	(void)must("stat", name, lstat(name, &st));
}

static void
make_and_remove(void)
{
	char name[64], other[64];
	int fd;

	(void)snprintf(name, sizeof(name), "new%u", count);
	(void)snprintf(other, sizeof(other), "%s%u",
	    rnd(2) ? "renamed" : "sub/renamed", count);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (!must("create", name, fd))
		return;
	(void)must("write", name, write(fd, name, strlen(name)));
	if (rnd(2))
		(void)must("fsync", name, fsync(fd));
	(void)must("close", name, close(fd));
	if (must("rename", name, rename(name, other))) {
		absent(name);
		present(other);
	}
	(void)must("chmod", other, chmod(other, 0640));
	if (rnd(2) && must("link", other, link(other, name)))
		(void)must("unlink", name, unlink(name));
	(void)must("unlink", other, unlink(other));
	absent(other);
}

static void
dirs_and_links(void)
{
	char name[64], other[64];

	(void)snprintf(name, sizeof(name), "dir%u", count);
	(void)snprintf(other, sizeof(other), "sub/dir%u", count);
	if (!must("mkdir", name, mkdir(name, 0755)))
		return;
	if (must("rename", name, rename(name, other)))
		absent(name);
	(void)must("rmdir", other, rmdir(other));
	if (must("symlink", name, symlink("target", name)))
		(void)must("unlink", name, unlink(name));
	absent(name);
}

/* What editors do: a new file over the old one. */
static void
replace(void)
{
	char text[32], back[32];
	int fd;
	ssize_t n, len;

	len = snprintf(text, sizeof(text), "state %u\n", count);
	fd = open("state.new", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (!must("create", "state.new", fd))
		return;
	(void)must("write", "state.new", write(fd, text, (size_t)len));
	(void)must("fsync", "state.new", fsync(fd));
	(void)must("close", "state.new", close(fd));
	(void)must("rename", "state.new", rename("state.new", "state"));
	if (!must("open", "state", fd = open("state", O_RDONLY)))
		return;
	n = read(fd, back, sizeof(back));
	if (n != len || memcmp(back, text, (size_t)len) != 0)
		wrong("has not what was renamed to it", "state");
	(void)close(fd);
}

static void
step(void)
{
	struct file *f = &files[rnd(FILES)];

	switch (rnd(12)) {
	case 0: case 1:
		write_some(f);
		break;
	case 2:
		append(f);
		break;
	case 3:
		store(f);
		break;
	case 4:
		cut(f);
		break;
	case 5:
		(void)must("fsync", f->name, fsync(f->fd));
		break;
	case 6:
		compare(f);
		break;
	case 7:
		reopen(f);
		break;
	case 8:
		replace();
		break;
	case 9:
		dirs_and_links();
		break;
	default:
		make_and_remove();
		break;
	}
}

static void
work(const char *top, unsigned id, unsigned limit, unsigned seed)
{
	char path[4096];
	unsigned i;

	state = 88172645463325252ull + seed * 1000003ull + id;
	(void)snprintf(path, sizeof(path), "%s/p%u", top, id);
	if (!must("mkdir", path, mkdir(path, 0755)) ||
	    !must("chdir", path, chdir(path)) ||
	    !must("mkdir", "sub", mkdir("sub", 0755)))
		exit(1);
	for (i = 0; i < FILES; i++)
		open_file(&files[i], i);
	for (count = 0; count < limit; count++) {
		if (count % 16 == 0 && access("../STOP", F_OK) == 0)
			break;
		step();
	}
	for (i = 0; i < FILES; i++)
		reopen(&files[i]);
	printf("process %u: %u operations, %u errors\n", id, count, errors);
	exit(errors != 0);
}

int
main(int argc, char **argv)
{
	unsigned n, i, bad = 0;
	int st;

	if (argc != 5) {
		(void)fprintf(stderr,
		    "usage: steady DIR PROCESSES OPERATIONS SEED\n");
		return 2;
	}
	n = (unsigned)atoi(argv[2]);
	for (i = 0; i < n; i++)
		if (fork() == 0)
			work(argv[1], i, (unsigned)atoi(argv[3]),
			    (unsigned)atoi(argv[4]));
	while (wait(&st) > 0)
		bad += st != 0;
	return bad != 0;
}
