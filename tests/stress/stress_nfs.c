/*
 * stress_nfs.c - real procedures from several clients on one vault, for
 * ThreadSanitizer and for the locks.
 *
 * The clients share a few directories and a few names, so that they meet all
 * the time.  What must hold meanwhile: a block of a file, which is written by
 * one WRITE, is read as one; no error but those of losing a race; and at the
 * end all that is listed is there, also for a new server, and nothing else.
 *
 * Two rounds, with two loops: as it is, and with storage that counts as slow as
 * soon as a call takes half a millisecond.  Meanwhile somebody sends each of
 * his calls on two connections, of which each loop has one.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/proto/list.h"
#include "tests/proto/raw.h"

enum { DIRS = 3, NAMES = 12, BLOCK = 5000, BLOCKS = 30, SECONDS = 2 };

/* libtirpc reads the padding of every string into one static buffer. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
	return "called_from_lib:libtirpc.so";
}

static struct fix f;
static struct raw_server wire;		/* f's server, by its port */
static atomic_bool over;
static struct fh dirs[DIRS];
static atomic_uint failures, done;
static _Thread_local uint32_t seed;

static void
fail(const char *what, int status)
{
	(void)fprintf(stderr, "stress_nfs: %s: %d\n", what, status);
	atomic_fetch_add(&failures, 1);
}

static uint32_t
rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

/* Errors that a client may see because another one was faster. */
static bool
fair(const char *what, int status)
{
	switch (status) {
	case WIRE_NFS3_OK:
		atomic_fetch_add(&done, 1);
		return true;
	case WIRE_NFS3ERR_NOENT:
	case WIRE_NFS3ERR_EXIST:
	case WIRE_NFS3ERR_NOTDIR:
	case WIRE_NFS3ERR_ISDIR:
	case WIRE_NFS3ERR_NOTEMPTY:
	case WIRE_NFS3ERR_STALE:
	case WIRE_NFS3ERR_INVAL:	/* a directory into itself */
		return false;
	default:
		fail(what, status);
		return false;
	}
}

/* Some names are long, so that they are folders on disk. */
static const char *
pick(char name[256])
{
	uint32_t n = rnd(NAMES);

	if (n % 4 == 3) {
		memset(name, 'a' + (int)n, 200);
		name[200] = '\0';
	} else
		(void)snprintf(name, 256, "name %u", n);
	return name;
}

static void
use_file(struct client *c, const struct fh *fh)
{
	char data[BLOCK];
	struct read_reply r;
	sattr3 s;
	uint32_t i;

	switch (rnd(4)) {
	case 0:
	case 1:
		memset(data, (int)rnd(256), sizeof(data));
		(void)fair("WRITE", call_write(c, fh,
		    (uint64_t)rnd(BLOCKS) * BLOCK, data, BLOCK,
		    rnd(20) == 0 ? FILE_SYNC : UNSTABLE, NULL));
		break;
	case 2:
		if (!fair("READ", call_read(c, fh, (uint64_t)rnd(BLOCKS) *
		    BLOCK, BLOCK, data, &r)))
			break;
		if (r.count != 0 && r.count != BLOCK)
			fail("a block is cut", (int)r.count);
		for (i = 1; i < r.count; i++)
			if (data[i] != data[0]) {
				fail("a block is mixed at", (int)i);
				break;
			}
		break;
	case 3:
		s = call_size((uint64_t)rnd(BLOCKS) * BLOCK);
		if (rnd(2) == 0)
			s = call_mode(0600 | rnd(64));
		(void)fair("SETATTR", call_setattr(c, fh, &s, NULL, NULL));
		break;
	}
}

static void
list(struct client *c, const struct fh *dir)
{
	struct list l = { .n = 0 };
	uint64_t cookie = 0;
	uint32_t plus = rnd(2) * 2000;
	size_t i;

	do {
		if (!fair("READDIR", list_page(c, dir, cookie, plus, 2000,
		    &l)) || l.n == 0)
			break;
		cookie = l.v[l.n - 1].cookie;
	} while (!l.eof);
	for (i = 0; plus && i < l.n && i < 3; i++)
		if (l.v[i].have_fh && l.v[i].attr.attributes_follow &&
		    l.v[i].attr.post_op_attr_u.attributes.type == WIRE_NF3REG)
			use_file(c, &l.v[i].fh);
	list_free(&l);
}

static void
change_names(struct client *c)
{
	const struct fh *d = &dirs[rnd(DIRS)], *e = &dirs[rnd(DIRS)];
	char n[256], m[256];
	struct reply r;

	switch (rnd(7)) {
	case 0:
		(void)fair("REMOVE", call_remove(c, d, pick(n), NULL));
		break;
	case 1:
		(void)fair("MKDIR", call_mkdir(c, d, pick(n), NULL, NULL));
		break;
	case 2:
		(void)fair("RMDIR", call_rmdir(c, d, pick(n), NULL));
		break;
	case 3:
		(void)fair("SYMLINK", call_symlink(c, d, pick(n), "to", NULL));
		break;
	case 4:
		if (fair("LOOKUP", call_lookup(c, d, pick(n), &r)))
			(void)fair("LINK", call_link(c, &r.fh, e, pick(m),
			    NULL));
		break;
	default:
		(void)fair("RENAME", call_rename(c, d, pick(n), e, pick(m),
		    NULL));
		break;
	}
}

static void
look(struct client *c)
{
	const struct fh *d = &dirs[rnd(DIRS)];
	struct reply r;
	char n[256], target[8192];
	uint32_t bits;
	fattr3 a;

	if (!fair("LOOKUP", call_lookup(c, d, pick(n), &r)))
		return;
	(void)fair("GETATTR", call_getattr(c, &r.fh, &a));
	(void)fair("ACCESS", call_access(c, &r.fh, 63, &bits, NULL));
	if (!r.attr.attributes_follow)
		fail("LOOKUP without attributes", 0);
	else if (r.attr.post_op_attr_u.attributes.type == WIRE_NF3REG) {
		use_file(c, &r.fh);
		if (rnd(10) == 0)
			(void)fair("COMMIT", call_commit(c, &r.fh, NULL));
	} else if (r.attr.post_op_attr_u.attributes.type == WIRE_NF3LNK)
		(void)fair("READLINK", call_readlink(c, &r.fh, target, NULL));
	else
		(void)fair("..", call_lookup(c, &r.fh, "..", NULL));
}

static void *
client_main(void *arg)
{
	int n = *(int *)arg;
	struct client *c = f.clients[n];
	time_t end = time(NULL) + SECONDS;
	struct reply r;
	char name[256];

	seed = (uint32_t)n * 7919 + 1;
	while (time(NULL) < end && atomic_load(&failures) < 10)
		switch (rnd(6)) {
		case 0:
		case 1:
			if (fair("CREATE", call_create(c, &dirs[rnd(DIRS)],
			    pick(name), UNCHECKED, NULL, &r)) && r.have_fh)
				use_file(c, &r.fh);
			break;
		case 2:
		case 3:
			look(c);
			break;
		case 4:
			change_names(c);
			break;
		case 5:
			list(c, &dirs[rnd(DIRS)]);
			break;
		}
	return NULL;
}

/* All that is listed can be looked up, opened and read. */
static size_t
check_dir(const struct fh *dir)
{
	struct item *it;
	struct list l;
	size_t i, n = 0;
	fattr3 a;
	int st;

	if ((st = list_all(f.c, dir, 4096, 4096, &l)) != WIRE_NFS3_OK) {
		fail("READDIRPLUS at the end", st);
		return 0;
	}
	for (i = 2; i < l.n; i++, n++) {
		it = &l.v[i];
		if ((st = call_lookup(f.c, dir, it->name, NULL)) !=
		    WIRE_NFS3_OK)
			fail("LOOKUP of what is listed", st);
		if (!it->have_fh)
			fail("no handle of what is listed", 0);
		else if ((st = call_getattr(f.c, &it->fh, &a)) !=
		    WIRE_NFS3_OK)
			fail("GETATTR of what is listed", st);
		else if (a.type == WIRE_NF3DIR)
			n += check_dir(&it->fh);
		else if (a.type == WIRE_NF3REG && (st = call_read(f.c,
		    &it->fh, 0, 1, NULL, NULL)) != WIRE_NFS3_OK)
			fail("READ of what is listed", st);
	}
	list_free(&l);
	return n;
}

/* The same call twice at a time: it runs once, and both replies are it. */
static void *
twins_main(void *arg)
{
	int fd[2] = { raw_connect(&wire), raw_connect(&wire) };
	static uint8_t reply[2][512];
	struct raw r;
	ssize_t n[2];
	uint32_t xid;
	int i;

	(void)arg;
	for (xid = 0; !atomic_load(&over); xid++) {
		raw_begin(&r, xid, 100003, 3, 12);	/* REMOVE */
		raw_auth_sys(&r, (uint32_t)geteuid());
		raw_u32(&r, f.root.len);
		memcpy(r.b + r.len, f.root.b, f.root.len);
		r.len += f.root.len;		/* 52 */
		raw_u32(&r, 4);
		raw_u32(&r, 0x6e6f6e65);	/* "none" */
		raw_end(&r);
		for (i = 0; i < 2; i++)
			if (!raw_send(fd[i], r.b, r.len))
				fail("twins cannot send", 0);
		for (i = 0; i < 2; i++)
			n[i] = raw_reply(fd[i], reply[i], sizeof(reply[i]));
		if (n[0] < 28 || n[0] != n[1] ||
		    memcmp(reply[0], reply[1], (size_t)n[0]) != 0) {
			fail("twins are not answered alike", (int)n[0]);
			break;
		}
	}
	(void)close(fd[0]);
	(void)close(fd[1]);
	return NULL;
}

static void
expect_no_leftovers(void)
{
	char cmd[256], line[512];
	FILE *p;

	(void)snprintf(cmd, sizeof(cmd), "find %s/d -name '*.tmp'", f.dir);
	if ((p = popen(cmd, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), p) != NULL)
		fail(line, 0);
	(void)pclose(p);
}

static void
begin(uint32_t slow_us)
{
	struct fix_options o = { .workers = 3, .loops = 2,
	    .slow_us = slow_us, .more_workers = slow_us != 0 };
	struct reply r;
	char name[16];
	int i;

	fix_vault(&f, &o);
	fix_make(&f);
	FIX_MUST(server_listen(f.server, "127.0.0.1", 0, &wire.port,
	    NULL) == 0);
	fix_run(&f);
	wire.srv = f.server;
	for (i = 0; i < DIRS; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		FIX_MUST(call_mkdir(f.c, i == 2 ? &dirs[0] : &f.root, name,
		    NULL, &r) == WIRE_NFS3_OK);
		dirs[i] = r.fh;
	}
}

static void
run_all(void)
{
	pthread_t threads[FIX_CLIENTS], twins;
	int numbers[FIX_CLIENTS], i;

	atomic_store(&over, false);
	FIX_MUST(pthread_create(&twins, NULL, twins_main, NULL) == 0);
	for (i = 0; i < FIX_CLIENTS; i++) {
		numbers[i] = i;
		FIX_MUST(pthread_create(&threads[i], NULL, client_main,
		    &numbers[i]) == 0);
	}
	for (i = 0; i < FIX_CLIENTS; i++)
		FIX_MUST(pthread_join(threads[i], NULL) == 0);
	atomic_store(&over, true);
	FIX_MUST(pthread_join(twins, NULL) == 0);
}

int
main(void)
{
	static const uint32_t slow_us[] = { 0, 500 };
	size_t n = 0, m;
	int i;

	for (i = 0; i < 2; i++) {
		begin(slow_us[i]);
		run_all();
		n = check_dir(&f.root);
		fix_restart(&f);
		if ((m = check_dir(&f.root)) != n)
			fail("entries after a restart", (int)m);
		expect_no_leftovers();
		fix_stop(&f);
	}
	(void)printf("%u calls, %zu entries, %u failures\n",
	    atomic_load(&done), n, atomic_load(&failures));
	return atomic_load(&failures) == 0 ? 0 : 1;
}
