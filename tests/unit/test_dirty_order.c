/*
 * Writes that stay in memory for a while: neither the order of operations nor
 * the end of the process makes a wrong file.
 */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/unit/dirty_box.h"

TestSuite(dirty_order, .fini = teardown);

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

Test(dirty_order, any_order_of_operations_gives_the_right_file)
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

Test(dirty_order, a_killed_process_loses_nothing_that_was_committed)
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
