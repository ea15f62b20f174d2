/*
 * The power is cut: a process records what happens to a file of the vault and
 * to the journal, and at some moment makes of both what a disk may hold.  What
 * was synced is there; of what was written since, each page has the contents
 * that it had after any of the writes, independently of its neighbours.  Then
 * the next server opens the vault: every byte that was committed is there.
 *
 * The file keeps its length here, and its name.
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include "base/tune.h"
#include "tests/unit/box.h"
#include "vault/cipher.h"
#include "vault/journal.h"
#include "vault/vault_int.h"

#define C	((size_t)CIPHER_CHUNK)
#define RECORDS	(7 * C / 16 + 1000)	/* of 16 bytes */
#define PAGE	4096u
#define EVENTS	4000u
#define HEADS	(64u * PAGE)		/* of the journal, which are mapped */

static struct box b;
static char state[4096], journal[8192];
static struct vloc loc;
static uint64_t fileid;
static uint32_t seed;

/* What the parent knows of the child. */
struct shared {
	uint32_t	gen;		/* last one begun */
	bool		full;		/* more happened than was recorded */
	uint32_t	written[RECORDS], synced[RECORDS];
};

static struct shared *sh;

static uint32_t
draw(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * n >> 32);
}

/* -- what a disk holds */

struct event {
	uint64_t	 off;
	size_t		 len;
	uint8_t		*data;
};

/* One file: what is durable, and what happened since. */
struct shadow {
	uint64_t	 ino;
	int		 fd;
	uint8_t		*durable;
	size_t		 size;
	struct event	 ev[EVENTS];
	unsigned	 n;
};

static struct shadow disk[2];		/* the file, the journal */
static unsigned left;			/* events until the power is cut */

static void
shadow_open(struct shadow *s, int dir, const char *path)
{
	struct stat st;

	s->fd = openat(dir, path, O_RDWR);
	if (s->fd == -1 || fstat(s->fd, &st) == -1)
		_exit(10);
	s->ino = st.st_ino;
	s->size = (size_t)st.st_size;
	s->durable = malloc(s->size + 64 * 1024 * 1024);
	if (pread(s->fd, s->durable, s->size, 0) != st.st_size)
		_exit(11);
}

static void
apply(uint8_t *image, size_t *size, const struct event *e)
{
	if (e->off + e->len > *size) {
		memset(image + *size, 0, e->off + e->len - *size);
		*size = e->off + e->len;
	}
	memcpy(image + e->off, e->data, e->len);
}

/* What is mapped is not written by calls: as it is now. */
static void
catch_heads(struct shadow *s, uint8_t *image)
{
	if (s == &disk[1] && pread(s->fd, image, HEADS, 0) != HEADS)
		_exit(12);
}

static void
make_durable(struct shadow *s)
{
	unsigned i;

	for (i = 0; i < s->n; i++) {
		apply(s->durable, &s->size, &s->ev[i]);
		free(s->ev[i].data);
	}
	s->n = 0;
	catch_heads(s, s->durable);
}

/* Page by page, any of the states since the last sync. */
static void
write_crashed(struct shadow *s)
{
	size_t at, page, from, to, size = s->size;
	uint8_t now[HEADS];
	unsigned i, k;

	for (i = 0; i < s->n; i++)
		if (s->ev[i].off + s->ev[i].len > size) {
			memset(s->durable + size, 0, s->ev[i].off +
			    s->ev[i].len - size);
			size = s->ev[i].off + s->ev[i].len;
		}
	if (s == &disk[1]) {
		catch_heads(s, now);
		for (page = 0; page < HEADS; page += PAGE)
			if (draw(2) == 0)
				memcpy(s->durable + page, now + page, PAGE);
	}
	for (page = 0; page < size; page += PAGE) {
		k = draw(s->n + 1);
		for (i = 0; i < k; i++) {
			from = s->ev[i].off > page ? s->ev[i].off : page;
			to = s->ev[i].off + s->ev[i].len;
			if (to > page + PAGE)
				to = page + PAGE;
			if (from < to)
				memcpy(s->durable + from, s->ev[i].data +
				    (from - s->ev[i].off), to - from);
		}
	}
	for (at = 0; at < size; at += 1024 * 1024)
		if (pwrite(s->fd, s->durable + at, size - at < 1024 * 1024 ?
		    size - at : 1024 * 1024, (off_t)at) <= 0)
			_exit(13);
}

static void
recorder(void *ctx, const struct host_event *ev)
{
	struct shadow *s = NULL;
	struct stat st;
	unsigned i;

	(void)ctx;
	if (ev->fd == -1)
		return;
	if (fstat(ev->fd, &st) == -1)
		_exit(14);
	for (i = 0; i < 2; i++)
		if (disk[i].ino == st.st_ino)
			s = &disk[i];
	if (s == NULL)
		return;
	if (ev->op == HOST_SYNC)
		make_durable(s);
	else if (ev->op == HOST_WRITE && s->n < EVENTS) {
		s->ev[s->n].off = ev->off;
		s->ev[s->n].len = ev->len;
		s->ev[s->n].data = malloc(ev->len);
		memcpy(s->ev[s->n++].data, ev->data, ev->len);
	} else {
		sh->full = true;
		left = 1;
	}
	if (--left > 0)
		return;
	write_crashed(&disk[0]);
	write_crashed(&disk[1]);
	_exit(0);
}

/* -- what is done to the file */

static void
no_call(void *ctx)
{
	(void)ctx;
}

static struct file *
open_file(void)
{
	return file_open(b.v, &loc, fileid, true, &b.e);
}

static void
write_and_sync(struct file *f)
{
	uint32_t rec[4], at, g, i, many;

	for (i = 0;; i++) {
		many = draw(6) == 0 ? 3000 : 1;
		at = i % 3 == 0 ? draw(RECORDS) : draw(40) * 400 % RECORDS;
		for (; many > 0 && at < RECORDS; many--, at++) {
			g = ++sh->gen;
			rec[0] = at;
			rec[1] = rec[2] = rec[3] = g;
			sh->written[at] = g;
			if (file_write(f, at * 16, rec, sizeof(rec), NULL,
			    NULL) == -1)
				_exit(15);
		}
		if (draw(5) == 0) {
			if (file_sync(f, NULL) == -1)
				_exit(16);
			memcpy(sh->synced, sh->written, sizeof(sh->synced));
		}
		if (draw(20) == 0 && journal_checkpoint(b.v->journal, 0,
		    NULL) == -1)
			_exit(17);
	}
}

static void
child(void)
{
	struct vault_write_back wb = { 6 * C, no_call, NULL, no_call, NULL };
	unsigned n;

	box_open_as(&b, NULL);
	if (vault_journal(b.v, state, &n, &b.e) == -1)
		_exit(18);
	vault_write_back(b.v, &wb);
	shadow_open(&disk[0], b.v->root, loc.path);
	shadow_open(&disk[1], AT_FDCWD, journal);
	host_set_recorder(recorder, NULL);
	write_and_sync(open_file());
}

/* How many records are lost, or cannot be read. */
static unsigned
look(void)
{
	struct file *f = open_file();
	uint32_t rec[4], at, bad = 0;
	struct iolist io;
	bool eof;

	for (at = 0; at < RECORDS; at++) {
		if (file_read(f, at * 16, 16, &io, &eof, &b.e) == -1 ||
		    io.total != 16) {
			iolist_free(&io);
			bad++;
			sh->written[at] = 0;
			continue;
		}
		memcpy(rec, io.piece[0].data, io.piece[0].len);
		if (io.n == 2)
			memcpy((uint8_t *)rec + io.piece[0].len,
			    io.piece[1].data, io.piece[1].len);
		iolist_free(&io);
		if (rec[0] != at || rec[1] != rec[2] || rec[2] != rec[3] ||
		    rec[1] < sh->synced[at] || rec[1] > sh->gen)
			bad++;
		sh->written[at] = rec[1];	/* the rest never was */
	}
	file_put(f);
	return bad;
}

static void
begin(const char *cipher)
{
	uint32_t at, rec[4] = { 0 };
	struct entry ent;
	struct file *f;
	unsigned n;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	box_make(&b, cipher, 0);
	(void)snprintf(state, sizeof(state), "%s/state", b.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	(void)snprintf(journal, sizeof(journal), "%s/journal-%08lx-0", state,
	    (unsigned long)vault_id(b.v));
	cr_assert_eq(dir_create(b.root, b.a, "file", 4, NULL, &ent, NULL,
	    &b.e), 0);
	loc = ent.loc;
	fileid = ent.attr.fileid;
	cr_assert_eq(vault_journal(b.v, state, &n, &b.e), 0);
	f = open_file();
	for (at = 0; at < RECORDS; at++) {
		rec[0] = at;
		cr_assert_eq(file_write(f, at * 16, rec, 16, NULL, &b.e), 0);
	}
	cr_assert_eq(file_sync(f, &b.e), 0);
	file_put(f);
}

/* Cut the power so many times; returns in how many something was lost. */
static unsigned
cuts(const char *cipher, unsigned rounds)
{
	unsigned i, n, bad = 0;
	pid_t pid;
	int st;

	begin(cipher);
	for (i = 0; i < rounds; i++) {
		box_close(&b);
		seed = i + 1;
		left = 1 + draw(i % 2 == 0 ? 40 : 400);
		if ((pid = fork()) == 0)
			child();
		cr_assert_eq(waitpid(pid, &st, 0), pid);
		cr_assert(WIFEXITED(st) && WEXITSTATUS(st) == 0,
		    "round %u: status %d", i, st);
		box_open_as(&b, NULL);
		cr_assert_eq(vault_journal(b.v, state, &n, &b.e), 0, "%s",
		    b.e.text);
		if (look() > 0) {
			bad++;
			if (!tune_off(TUNE_JOURNAL))
				cr_assert_fail("round %u: %s", i, b.e.text);
			break;
		}
	}
	cr_expect_not(sh->full);
	box_end(&b);
	memset(&b, 0, sizeof(b));
	(void)munmap(sh, sizeof(*sh));
	return bad;
}

static unsigned
rounds(unsigned few)
{
	return getenv("VAULTNFS_LONG") != NULL ? 100 * few : few;
}

Test(power, nothing_that_was_committed_is_lost, .timeout = 3600)
{
	cr_expect_eq(cuts("SIV_GCM", rounds(30)), 0);
	cr_expect_eq(cuts("SIV_CTRMAC", rounds(10)), 0);
}

Test(power, without_the_journal_it_would_be)
{
	unsigned i, bad = 0;

	cr_assert_eq(tune_set("no-journal", NULL), 0);
	for (i = 0; i < 3; i++)
		bad += cuts("SIV_GCM", 20);
	cr_expect_gt(bad, 0);
}
