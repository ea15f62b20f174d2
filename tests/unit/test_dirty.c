/*
 * Writes that stay in memory for a while: what everybody sees of them, how many
 * there may be, what becomes of them when the disk refuses, and that neither
 * the order of operations nor the end of the process makes a wrong file.
 */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/unit/box.h"
#include "vault/cipher.h"
#include "vault/vault_int.h"

#define C	((size_t)CIPHER_CHUNK)
#define MAX	(9 * C)			/* bytes of the model's file */

static struct box b;
static char state[4096];
static struct vloc loc;
static uint64_t fileid;
static unsigned told, lost;
static uint8_t is[MAX + C], pattern[MAX];

static void
on_dirty(void *ctx)
{
	(void)ctx;
	told++;
}

static void
on_lost(void *ctx)
{
	(void)ctx;
	lost++;
}

static void
keep_writes(size_t dirty_max)
{
	struct vault_write_back wb = { dirty_max, on_dirty, on_lost, NULL };
	unsigned n;

	cr_assert_eq(vault_journal(b.v, state, &n, &b.e), 0, "%s", b.e.text);
	vault_write_back(b.v, &wb);
	told = lost = 0;
}

static void
make_file(const char *name, struct vloc *l, uint64_t *id)
{
	struct entry ent;

	cr_assert_eq(dir_create(b.root, b.a, name, strlen(name), NULL, &ent,
	    NULL, &b.e), 0);
	*l = ent.loc;
	*id = ent.attr.fileid;
}

static void
begin(const char *cipher, size_t dirty_max)
{
	size_t i;

	box_make(&b, cipher, 0);
	(void)snprintf(state, sizeof(state), "%s/state", b.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	make_file("file", &loc, &fileid);
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 2654435761u >> 13);
	keep_writes(dirty_max);
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(dirty, .fini = teardown);

static struct file *
open_file(void)
{
	struct file *f = file_open(b.v, &loc, fileid, true, &b.e);

	cr_assert_not_null(f, "%s", b.e.text);
	return f;
}

static void
put(uint64_t off, const void *data, size_t len)
{
	struct file *f = open_file();

	cr_assert_eq(file_write(f, off, data, len, NULL, &b.e), 0, "%s",
	    b.e.text);
	file_put(f);
}

static int
sync_file(void)
{
	struct file *f = open_file();
	int r = file_sync(f, &b.e);

	file_put(f);
	return r;
}

/* All of the file as v has it; -1: it cannot be read. */
static ssize_t
contents_in(struct vault *v, uint8_t *out)
{
	struct file *f = file_open(v, &loc, fileid, false, &b.e);
	struct iolist io;
	bool eof = false;
	size_t len = 0;
	unsigned i;

	cr_assert_not_null(f, "%s", b.e.text);
	while (!eof) {
		if (file_read(f, len, 100000, &io, &eof, &b.e) == -1) {
			iolist_free(&io);
			file_put(f);
			return -1;
		}
		cr_assert_leq(len + io.total, MAX + C);
		for (i = 0; i < io.n; i++) {
			memcpy(out + len, io.piece[i].data, io.piece[i].len);
			len += io.piece[i].len;
		}
		iolist_free(&io);
	}
	file_put(f);
	return (ssize_t)len;
}

/* The same as another program finds it on disk. */
static ssize_t
on_disk(uint8_t *out)
{
	struct vault *v = vault_open(b.path, NULL, b.pass, strlen(b.pass),
	    &b.e);
	ssize_t n;

	cr_assert_not_null(v, "%s", b.e.text);
	n = contents_in(v, out);
	vault_close(v);
	return n;
}

static struct vattr
attr(void)
{
	struct vattr a;

	cr_assert_eq(loc_attr(b.v, &loc, fileid, &a, &b.e), 0);
	return a;
}

Test(dirty, a_part_of_a_chunk_is_on_disk_when_it_is_asked_for)
{
	begin("SIV_GCM", 8 * C);
	put(0, pattern, 100);
	cr_expect_eq(told, 1);
	cr_expect_eq(attr().size, 100);
	cr_expect_eq(on_disk(is), 0);
	cr_expect_eq(contents_in(b.v, is), 100);
	cr_expect_eq(memcmp(is, pattern, 100), 0);
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(on_disk(is), 100);
	cr_expect_eq(memcmp(is, pattern, 100), 0);
	cr_expect_eq(vault_dirty(b.v), 0);
}

Test(dirty, what_was_written_stays_known)
{
	struct chunks *cs;
	uint64_t misses;

	begin("SIV_GCM", 8 * C);
	cs = &b.v->chunks;
	put(0, pattern, 100);
	cr_assert_eq(sync_file(), 0);
	misses = cs->misses;
	cr_expect_eq(contents_in(b.v, is), 100);
	cr_expect_eq(cs->misses, misses);
}

Test(dirty, whole_chunks_at_the_end_go_through)
{
	begin("SIV_GCM", 64 * C);
	put(0, pattern, 3 * C + 10);
	cr_expect_eq(on_disk(is), (ssize_t)(3 * C));
	put(3 * C + 10, pattern + 3 * C + 10, 3 * C);
	cr_expect_eq(on_disk(is), (ssize_t)(6 * C), "the first tail, too");
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(6 * C + 10));
	cr_expect_eq(memcmp(is, pattern, 6 * C + 10), 0);
}

static unsigned writes;

static int
count_writes(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if (op == HOST_WRITE)
		writes++;
	return 0;
}

Test(dirty, writes_in_the_wrong_order_cost_nothing)
{
	begin("SIV_GCM", 64 * C);
	put(0, pattern, 1);		/* a header, and a chunk */
	cr_assert_eq(sync_file(), 0);
	put(0, pattern, C);
	cr_assert_eq(sync_file(), 0);
	host_set_hook(count_writes, NULL);
	put(3 * C, pattern + 3 * C, 2 * C);
	cr_expect_eq(writes, 0);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(5 * C));
	cr_expect_eq(is[C + 5], 0, "nothing is there yet");
	put(C, pattern + C, 2 * C);
	cr_expect_eq(writes, 2, "a note, and the chunks");
	put(5 * C, pattern + 5 * C, 2 * C);
	cr_expect_eq(writes, 4, "those that waited, and these");
	host_set_hook(NULL, NULL);
	cr_expect_eq(on_disk(is), (ssize_t)(7 * C));
	cr_expect_eq(memcmp(is, pattern, 7 * C), 0);
}

Test(dirty, what_never_came_is_zeros)
{
	begin("SIV_CTRMAC", 64 * C);
	put(0, pattern, 100);
	put(2 * C + 50, pattern, 100);
	put(5 * C, pattern, 10);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(5 * C + 10));
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(on_disk(is), (ssize_t)(5 * C + 10));
	cr_expect_eq(memcmp(is, pattern, 100), 0);
	cr_expect_eq(memcmp(is + 2 * C + 50, pattern, 100), 0);
	cr_expect_eq(memcmp(is + 5 * C, pattern, 10), 0);
	cr_expect_eq(is[100] | is[C] | is[2 * C + 49] | is[4 * C], 0);
}

Test(dirty, after_a_while_it_is_written_by_itself)
{
	unsigned next;

	begin("SIV_CTRMAC", 8 * C);
	cr_assert_eq(vault_write_out(b.v, 5000, &next, &b.e), 0);
	cr_expect_eq(next, VAULT_IDLE);
	put(0, pattern, 100);
	cr_assert_eq(vault_write_out(b.v, 60000, &next, &b.e), 0);
	cr_expect(next > 50000 && next <= 60000, "%u", next);
	cr_expect_eq(on_disk(is), 0);
	cr_assert_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
	cr_expect_eq(on_disk(is), 100);
	cr_assert_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
	cr_expect_eq(next, VAULT_IDLE);
}

Test(dirty, closing_the_vault_writes_it)
{
	begin("SIV_GCM", 8 * C);
	put(7, pattern, 100);
	box_reopen(&b);
	cr_expect_eq(contents_in(b.v, is), 107);
	cr_expect_eq(memcmp(is + 7, pattern, 100), 0);
}

Test(dirty, there_is_never_more_than_is_allowed)
{
	uint64_t most = 0;
	unsigned i;

	begin("SIV_GCM", 8 * C);
	put(0, pattern, MAX);
	for (i = 0; i < 500; i++) {
		put(i * 48271u % (MAX - 10), pattern, 10);
		if (vault_dirty(b.v) > most)
			most = vault_dirty(b.v);
	}
	cr_expect(most <= 8 * C && most >= 2 * C, "%llu",
	    (unsigned long long)most);
}

Test(dirty, many_small_files_share_the_bound)
{
	struct vloc l[60];
	uint64_t id[60], most = 0;
	char name[16];
	struct file *f;
	unsigned i;

	begin("SIV_GCM", 8 * C);
	for (i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		make_file(name, &l[i], &id[i]);
		f = file_open(b.v, &l[i], id[i], true, &b.e);
		cr_assert_eq(file_write(f, 0, pattern + i, 5000, NULL, &b.e),
		    0);
		file_put(f);
		if (vault_dirty(b.v) > most)
			most = vault_dirty(b.v);
	}
	cr_expect(most <= 8 * C, "%llu", (unsigned long long)most);
	for (i = 0; i < 60; i++) {
		loc = l[i];
		fileid = id[i];
		cr_assert_eq(contents_in(b.v, is), 5000);
		cr_expect_eq(memcmp(is, pattern + i, 5000), 0);
	}
}

Test(dirty, times_are_those_of_the_write)
{
	struct vattr before, after;
	struct vset set = { .mask = VSET_MTIME, .mtime = { 1000000, 5 } };

	begin("SIV_GCM", 8 * C);
	put(0, pattern, 10);
	before = attr();
	(void)nanosleep(&(struct timespec){ 0, 30000000 }, NULL);
	cr_assert_eq(sync_file(), 0);
	after = attr();
	cr_expect_eq(memcmp(&before.mtime, &after.mtime,
	    sizeof(after.mtime)), 0);
	cr_expect_eq(memcmp(&before.ctime, &after.ctime,
	    sizeof(after.ctime)), 0);
	put(5, pattern, 10);
	cr_assert_eq(loc_set(b.v, &loc, fileid, &set, NULL, &b.e), 0);
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(attr().mtime.tv_sec, 1000000);
	cr_expect_eq(attr().size, 15);
}

Test(dirty, setting_one_time_leaves_the_other)
{
	struct vset set = { .mask = VSET_MTIME | VSET_ATIME,
	    .atime = { 1000000, 5 }, .mtime = { 2000000, 6 } };

	begin("SIV_GCM", 8 * C);
	put(0, pattern, 10);
	cr_assert_eq(sync_file(), 0);
	cr_assert_eq(loc_set(b.v, &loc, fileid, &set, NULL, &b.e), 0);
	set.mask = VSET_MTIME;
	set.mtime.tv_sec = 1;
	cr_assert_eq(loc_set(b.v, &loc, fileid, &set, NULL, &b.e), 0);
	cr_expect_eq(attr().atime.tv_sec, 1000000);
	cr_expect_eq(attr().mtime.tv_sec, 1);
}

Test(dirty, a_removed_file_is_not_written)
{
	unsigned next;

	begin("SIV_GCM", 8 * C);
	put(0, pattern, 10);
	cr_assert_eq(dir_unlink(b.root, b.a, "file", 4, NULL, &b.e), 0);
	cr_assert_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
	cr_expect_eq(vault_dirty(b.v), 0);
	cr_expect_eq(next, VAULT_IDLE);
}

static int fail_with;

static int
fail_writes(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	return op == HOST_WRITE ? fail_with : 0;
}

Test(dirty, what_the_disk_refuses_is_told_once)
{
	begin("SIV_GCM", 8 * C);
	put(0, pattern, 2 * C + 50);
	cr_assert_eq(sync_file(), 0);
	put(C, "new", 3);
	put(2 * C + 50, pattern, 60);
	fail_with = ENOSPC;
	host_set_hook(fail_writes, NULL);
	cr_expect_eq(sync_file(), -1);
	cr_expect_eq(b.e.code, VERR_NOSPC);
	cr_expect_eq(lost, 1);
	cr_expect_eq(sync_file(), 0, "told once");
	host_set_hook(NULL, NULL);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(2 * C + 50));
	cr_expect_eq(memcmp(is, pattern, 2 * C + 50), 0);
	cr_expect_eq(attr().size, 2 * C + 50);
}

Test(dirty, what_cannot_be_written_now_can_be_later)
{
	unsigned next;

	begin("SIV_GCM", 8 * C);
	put(0, pattern, 2 * C + 50);
	put(5, "new", 3);
	fail_with = ENOSPC;
	host_set_hook(fail_writes, NULL);
	cr_expect_eq(vault_write_out(b.v, 0, &next, &b.e), -1);
	host_set_hook(NULL, NULL);
	cr_expect_eq(sync_file(), 0);
	cr_expect_eq(lost, 0);
	memcpy(pattern + 5, "new", 3);
	cr_expect_eq(on_disk(is), (ssize_t)(2 * C + 50));
	cr_expect_eq(memcmp(is, pattern, 2 * C + 50), 0);
}

Test(dirty, a_full_disk_stops_writers_before_memory_is_full)
{
	struct file *f;
	unsigned i, bad = 0;

	begin("SIV_GCM", 8 * C);
	put(0, pattern, MAX);
	cr_assert_eq(sync_file(), 0);
	fail_with = ENOSPC;
	host_set_hook(fail_writes, NULL);
	f = open_file();
	for (i = 0; i < 60; i++)
		if (file_write(f, i % 9 * C + 10, "x", 1, NULL, &b.e) == -1)
			bad++;
	file_put(f);
	cr_expect_gt(bad, 0);
	cr_expect_leq(vault_dirty(b.v), 9 * C);
	host_set_hook(NULL, NULL);
	cr_expect_eq(sync_file(), 0);
}

Test(dirty, a_file_that_changed_underneath_keeps_both)
{
	struct vault *v;
	struct file *f;

	begin("SIV_GCM", 8 * C);
	put(0, pattern, 2 * C);
	cr_assert_eq(sync_file(), 0);
	put(10, "ours", 4);
	v = vault_open(b.path, NULL, b.pass, strlen(b.pass), &b.e);
	f = file_open(v, &loc, fileid, true, &b.e);
	cr_assert_eq(file_write(f, C + 10, "theirs", 6, NULL, &b.e), 0);
	file_put(f);
	vault_close(v);
	memcpy(pattern + 10, "ours", 4);
	memcpy(pattern + C + 10, "theirs", 6);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(2 * C));
	cr_expect_eq(memcmp(is, pattern, 2 * C), 0);
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(on_disk(is), (ssize_t)(2 * C));
	cr_expect_eq(memcmp(is, pattern, 2 * C), 0);
}

/* -- any order of operations, against a model */

static uint32_t seed;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

struct model {
	size_t	size;
	uint8_t	byte[MAX];
};

static size_t
draw_len(void)
{
	switch (draw(4)) {
	case 0:
		return 1 + draw(200);
	case 1:
		return 4096;
	case 2:
		return C;
	default:
		return 1 + draw(3 * (uint32_t)C);
	}
}

static size_t
draw_off(const struct model *m)
{
	switch (draw(4)) {
	case 0:
		return draw(9) * C;
	case 1:
		return m->size;
	case 2:
		return draw(9 * 8) * 4096;
	default:
		return draw(MAX);
	}
}

static void
model_write(struct file *f, struct model *m)
{
	size_t off = draw_off(m), len = draw_len(), i;
	uint8_t *data = malloc(len);

	if (off >= MAX || off + len > MAX) {
		free(data);
		return;
	}
	for (i = 0; i < len; i++)
		data[i] = (uint8_t)draw(255) + 1;
	cr_assert_eq(file_write(f, off, data, len, NULL, &b.e), 0, "%s",
	    b.e.text);
	if (off > m->size)
		memset(m->byte + m->size, 0, off - m->size);
	memcpy(m->byte + off, data, len);
	if (off + len > m->size)
		m->size = off + len;
	free(data);
}

static void
model_cut(struct file *f, struct model *m)
{
	size_t size = draw(8) == 0 ? 0 : draw_off(m);

	cr_assert_eq(file_truncate(f, size, NULL, &b.e), 0, "%s", b.e.text);
	if (size > m->size)
		memset(m->byte + m->size, 0, size - m->size);
	m->size = size;
}

static void
model_read(struct file *f, const struct model *m)
{
	size_t off = draw_off(m), len = draw_len(), want, at = off;
	struct iolist io;
	unsigned i;
	bool eof;

	cr_assert_eq(file_read(f, off, len, &io, &eof, &b.e), 0, "%s",
	    b.e.text);
	want = off >= m->size ? 0 : m->size - off < len ? m->size - off : len;
	cr_assert_eq(io.total, want);
	for (i = 0; i < io.n; i++) {
		cr_assert_eq(memcmp(io.piece[i].data, m->byte + at,
		    io.piece[i].len), 0, "at %zu", at);
		at += io.piece[i].len;
	}
	cr_assert_eq(eof, off + len >= m->size);
	iolist_free(&io);
}

static void
model_op(struct file *f, struct model *m)
{
	unsigned next;

	switch (draw(16)) {
	case 0:
		model_cut(f, m);
		break;
	case 1:
		cr_assert_eq(file_sync(f, &b.e), 0);
		break;
	case 2:
		cr_assert_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
		break;
	case 3: case 4: case 5: case 6: case 7:
		model_read(f, m);
		break;
	default:
		model_write(f, m);
	}
	cr_assert_eq(attr().size, m->size);
}

static void
any_order(const char *cipher, unsigned rounds)
{
	struct model *m = calloc(1, sizeof(*m));
	struct file *f;
	unsigned i, k;

	begin(cipher, 6 * C);
	for (i = 0; i < rounds; i++) {
		seed = i + 1;
		f = open_file();
		for (k = 0; k < 60; k++)
			model_op(f, m);
		file_put(f);
		if (i % 4 == 3) {
			box_reopen(&b);
			keep_writes(6 * C);
		}
		cr_assert_eq(contents_in(b.v, is), (ssize_t)m->size);
		cr_assert_eq(memcmp(is, m->byte, m->size), 0);
	}
	free(m);
}

Test(dirty, any_order_of_operations_gives_the_right_file)
{
	unsigned rounds = getenv("VAULTNFS_LONG") != NULL ? 400 : 20;

	any_order("SIV_GCM", rounds);
	box_end(&b);
	memset(&b, 0, sizeof(b));
	any_order("SIV_CTRMAC", rounds);
}

/* -- the process is killed */

static unsigned left;

static int
kill_hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if ((op == HOST_WRITE || op == HOST_TRUNCATE || op == HOST_SYNC) &&
	    --left == 0)
		(void)kill(getpid(), SIGKILL);
	return 0;
}

/*
 * Write generation g of 16-byte records, each with its number and g, at random
 * places, and say in shared memory which were written, and which synced.
 */
struct shared {
	uint32_t	gen;		/* last one begun */
	uint32_t	written[MAX / 16], synced[MAX / 16];
};

static void
child(struct shared *s)
{
	uint32_t rec[4], at, g, i;
	struct file *f;

	box_open_as(&b, NULL);
	keep_writes(6 * C);
	f = open_file();
	host_set_hook(kill_hook, NULL);
	for (i = 0;; i++) {
		g = ++s->gen;
		at = i % 3 == 0 ? draw(MAX / 16) : draw(40) * 400;
		at %= MAX / 16;
		rec[0] = at;
		rec[1] = rec[2] = rec[3] = g;
		s->written[at] = g;
		if (file_write(f, at * 16, rec, sizeof(rec), NULL, NULL) == -1)
			_exit(3);
		if (i % 5 == 4) {
			if (file_sync(f, NULL) == -1)
				_exit(4);
			memcpy(s->synced, s->written, sizeof(s->synced));
		}
	}
}

static void
check_killed(struct shared *s)
{
	uint32_t rec[4], at;
	unsigned n;

	cr_assert_eq(vault_journal(b.v, state, &n, &b.e), 0);
	cr_assert_eq(contents_in(b.v, is), (ssize_t)MAX, "%s", b.e.text);
	for (at = 0; at < MAX / 16; at++) {
		memcpy(rec, is + at * 16, sizeof(rec));
		cr_assert_eq(rec[0], at);
		cr_assert(rec[1] == rec[2] && rec[2] == rec[3]);
		cr_assert_geq(rec[1], s->synced[at], "committed, and lost: "
		    "%u has %u, not %u; %u mended", at, rec[1], s->synced[at],
		    n);
		cr_assert_leq(rec[1], s->gen);
		s->written[at] = rec[1];	/* the rest never was */
	}
}

Test(dirty, a_killed_process_loses_nothing_that_was_committed)
{
	unsigned rounds = getenv("VAULTNFS_LONG") != NULL ? 1000 : 60, i;
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t rec[4] = { 0 };
	pid_t pid;
	int st;

	begin("SIV_GCM", 6 * C);
	for (i = 0; i < MAX / 16; i++) {
		rec[0] = i;
		memcpy(is + i * 16, rec, sizeof(rec));
	}
	put(0, is, MAX);
	cr_assert_eq(sync_file(), 0);
	for (i = 0; i < rounds; i++) {
		box_close(&b);
		seed = i;
		left = 1 + draw(120);
		if ((pid = fork()) == 0)
			child(s);
		cr_assert_eq(waitpid(pid, &st, 0), pid);
		cr_assert(WIFSIGNALED(st), "status %d", st);
		box_open_as(&b, NULL);
		check_killed(s);
	}
	(void)munmap(s, sizeof(*s));
}
