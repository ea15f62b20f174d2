/*
 * stress_mix.c - clients that do everything at once; see stress_mix.h.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proto/list.h"
#include "tests/proto/raw.h"
#include "tests/stress/stress_mix.h"

enum { NAMES = 12, BLOCK = 5000, BLOCKS = 30 };

/* libtirpc reads the padding of every string into one static buffer. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
	return "called_from_lib:libtirpc.so";
}

struct mix mix;
static _Thread_local uint32_t seed;

void
mix_fail(const char *what, int status)
{
	(void)fprintf(stderr, "stress: %s: %d\n", what, status);
	atomic_fetch_add(&mix.failures, 1);
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
		atomic_fetch_add(&mix.done, 1);
		return true;
	case WIRE_NFS3ERR_NOENT:
	case WIRE_NFS3ERR_EXIST:
	case WIRE_NFS3ERR_NOTDIR:
	case WIRE_NFS3ERR_ISDIR:
	case WIRE_NFS3ERR_NOTEMPTY:
	case WIRE_NFS3ERR_STALE:
	case WIRE_NFS3ERR_INVAL:	/* a directory into itself */
		return false;
	case WIRE_NFS3ERR_JUKEBOX:
		if (mix.may_wait) {
			raw_sleep_ms(1);
			atomic_fetch_add(&mix.told_to_wait, 1);
			return false;
		}
		mix_fail(what, status);
		return false;
	default:
		mix_fail(what, status);
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
			mix_fail("a block is cut", (int)r.count);
		for (i = 1; i < r.count; i++)
			if (data[i] != data[0]) {
				mix_fail("a block is mixed at", (int)i);
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
	const struct fh *d = &mix.dirs[rnd(MIX_DIRS)];
	const struct fh *e = &mix.dirs[rnd(MIX_DIRS)];
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
	const struct fh *d = &mix.dirs[rnd(MIX_DIRS)];
	struct reply r;
	char n[256], target[8192];
	uint32_t bits;
	fattr3 a;

	if (!fair("LOOKUP", call_lookup(c, d, pick(n), &r)))
		return;
	(void)fair("GETATTR", call_getattr(c, &r.fh, &a));
	(void)fair("ACCESS", call_access(c, &r.fh, 63, &bits, NULL));
	if (!r.attr.attributes_follow)
		mix_fail("LOOKUP without attributes", 0);
	else if (r.attr.post_op_attr_u.attributes.type == WIRE_NF3REG) {
		use_file(c, &r.fh);
		if (rnd(10) == 0)
			(void)fair("COMMIT", call_commit(c, &r.fh, NULL));
	} else if (r.attr.post_op_attr_u.attributes.type == WIRE_NF3LNK)
		(void)fair("READLINK", call_readlink(c, &r.fh, target, NULL));
	else
		(void)fair("..", call_lookup(c, &r.fh, "..", NULL));
}

void
mix_client(struct client *c, uint32_t first, unsigned calls)
{
	struct reply r;
	char name[256];

	if (first != 0)
		seed = first;
	while (calls-- > 0 && atomic_load(&mix.failures) < 10)
		switch (rnd(6)) {
		case 0:
		case 1:
			if (fair("CREATE", call_create(c,
			    &mix.dirs[rnd(MIX_DIRS)], pick(name), UNCHECKED,
			    NULL, &r)) && r.have_fh)
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
			list(c, &mix.dirs[rnd(MIX_DIRS)]);
			break;
		}
}

/* All that is listed can be looked up, opened and read. */
size_t
mix_check_dir(struct client *c, const struct fh *dir)
{
	struct item *it;
	struct list l;
	size_t i, n = 0;
	fattr3 a;
	int st;

	if ((st = list_all(c, dir, 4096, 4096, &l)) != WIRE_NFS3_OK) {
		mix_fail("READDIRPLUS at the end", st);
		return 0;
	}
	for (i = 2; i < l.n; i++, n++) {
		it = &l.v[i];
		if ((st = call_lookup(c, dir, it->name, NULL)) !=
		    WIRE_NFS3_OK)
			mix_fail("LOOKUP of what is listed", st);
		if (!it->have_fh)
			mix_fail("no handle of what is listed", 0);
		else if ((st = call_getattr(c, &it->fh, &a)) !=
		    WIRE_NFS3_OK)
			mix_fail("GETATTR of what is listed", st);
		else if (a.type == WIRE_NF3DIR)
			n += mix_check_dir(c, &it->fh);
		else if (a.type == WIRE_NF3REG && (st = call_read(c,
		    &it->fh, 0, 1, NULL, NULL)) != WIRE_NFS3_OK)
			mix_fail("READ of what is listed", st);
	}
	list_free(&l);
	return n;
}

/* The same call twice at a time: it runs once, and both replies are it. */
void *
mix_twins(void *arg)
{
	int fd[2] = { raw_connect(mix.wire), raw_connect(mix.wire) };
	static uint8_t reply[2][512];
	struct raw r;
	ssize_t n[2];
	uint32_t xid;
	int i;

	(void)arg;
	for (xid = 0; !atomic_load(&mix.over); xid++) {
		raw_begin(&r, xid, 100003, 3, 12);	/* REMOVE */
		raw_auth_sys(&r, (uint32_t)geteuid());
		raw_u32(&r, mix.f->root.len);
		memcpy(r.b + r.len, mix.f->root.b, mix.f->root.len);
		r.len += mix.f->root.len;		/* 52 */
		raw_u32(&r, 4);
		raw_u32(&r, 0x6e6f6e65);	/* "none" */
		raw_end(&r);
		for (i = 0; i < 2; i++)
			if (!raw_send(fd[i], r.b, r.len))
				mix_fail("twins cannot send", 0);
		for (i = 0; i < 2; i++)
			n[i] = raw_reply(fd[i], reply[i], sizeof(reply[i]));
		/* the vault may be locked or unlocked between the two */
		if (n[0] < 28 || n[1] < 28 || (!mix.may_wait && (n[0] != n[1] ||
		    memcmp(reply[0], reply[1], (size_t)n[0]) != 0))) {
			mix_fail("twins are not answered alike", (int)n[0]);
			break;
		}
	}
	(void)close(fd[0]);
	(void)close(fd[1]);
	return NULL;
}

void
mix_expect_no_leftovers(void)
{
	char cmd[256], line[512];
	FILE *p;

	(void)snprintf(cmd, sizeof(cmd), "find %s/d -name '*.tmp'", mix.f->dir);
	if ((p = popen(cmd, "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), p) != NULL)
		mix_fail(line, 0);
	(void)pclose(p);
}

void
mix_begin(void)
{
	struct reply r;
	char name[16];
	int i;

	for (i = 0; i < MIX_DIRS; i++) {
		(void)snprintf(name, sizeof(name), "d%d", i);
		FIX_MUST(call_mkdir(mix.f->c, i == 2 ? &mix.dirs[0] :
		    &mix.f->root, name, NULL, &r) == WIRE_NFS3_OK);
		mix.dirs[i] = r.fh;
	}
}
