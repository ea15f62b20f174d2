/*
 * A write is cut off in the middle of a system call: a process is killed just
 * before one of its writes, and the test does a part of it, as a kernel does
 * that ends a write because of a signal.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/box.h"
#include "vault/cipher.h"
#include "vault/file_int.h"
#include "vault/journal_int.h"
#include "vault/size.h"
#include "vault/vault_int.h"

#define C	((size_t)CIPHER_CHUNK)

static struct box b;
static char state[4096];		/* the state directory */
static struct vloc loc;			/* of "file" */
static uint64_t fileid;
static uint8_t old[6 * CIPHER_CHUNK], new[6 * CIPHER_CHUNK],
    is[8 * CIPHER_CHUNK];

static void
fill(uint8_t *p, size_t len, unsigned seed)
{
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (uint8_t)(seed >> 16);
	}
}

static struct file *
open_file(void)
{
	struct file *f = file_open(b.v, &loc, fileid, true, &b.e);

	cr_assert_not_null(f, "%s", b.e.text);
	return f;
}

/* A vault with "file" of len bytes. */
static void
begin(const char *cipher, size_t len)
{
	struct entry ent;
	struct file *f;

	box_make(&b, cipher, 0);
	(void)snprintf(state, sizeof(state), "%s/state", b.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	fill(old, sizeof(old), 1);
	fill(new, sizeof(new), 2);
	cr_assert_eq(dir_create(b.root, b.a, "file", 4, NULL, &ent, NULL,
	    &b.e), 0);
	loc = ent.loc;
	fileid = ent.attr.fileid;
	f = open_file();
	cr_assert_eq(file_write(f, 0, old, len, NULL, &b.e), 0);
	file_put(f);
}

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(journal, .fini = teardown);

/* Changes until it is killed, after so many that are the journal's. */
static unsigned left, skip;

static int
kill_hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if ((op == HOST_WRITE || op == HOST_TRUNCATE) && skip > 0)
		skip--;
	else if ((op == HOST_WRITE || op == HOST_TRUNCATE) && --left == 0)
		(void)kill(getpid(), SIGKILL);
	return 0;
}

/* Write, or with len 0 cut to off, and be killed before change number k. */
static void
killed(uint64_t off, size_t len, unsigned k, unsigned journal)
{
	unsigned n;
	struct file *f;
	pid_t pid;
	int st;

	box_close(&b);
	if ((pid = fork()) == 0) {
		box_open_as(&b, NULL);
		if (vault_journal(b.v, state, &n, &b.e) == -1)
			_exit(1);
		f = open_file();
		left = k;
		skip = journal;
		host_set_hook(kill_hook, NULL);
		if (len > 0)
			(void)file_write(f, off, new, len, NULL, NULL);
		else
			(void)file_truncate(f, off, NULL, NULL);
		_exit(2);
	}
	cr_assert_eq(waitpid(pid, &st, 0), pid);
	cr_assert(WIFSIGNALED(st), "status %d", st);
	box_open_as(&b, NULL);
}

/* Bytes of the file on disk become others. */
static void
tear(uint64_t disk_off, size_t len)
{
	int fd = openat(b.v->root, loc.path, O_WRONLY);
	uint8_t *junk = malloc(len);

	fill(junk, len, 3);
	cr_assert_eq(pwrite(fd, junk, len, (off_t)disk_off), (ssize_t)len);
	(void)close(fd);
	free(junk);
}

static uint64_t
chunk_at(uint64_t index)
{
	return size_chunk_off(b.v->cipher, index);
}

static unsigned
next_server(void)
{
	unsigned n;

	cr_assert_eq(vault_journal(b.v, state, &n, &b.e), 0, "%s", b.e.text);
	return n;
}

/* The whole file as it is read now; -1: it cannot be. */
static ssize_t
contents(void)
{
	struct file *f = open_file();
	struct iolist io = { .n = 0 };
	size_t len = 0;
	bool eof = false;
	unsigned i;

	while (!eof && len < sizeof(is)) {
		if (file_read(f, len, C, &io, &eof, &b.e) == -1) {
			iolist_free(&io);
			file_put(f);
			return -1;
		}
		for (i = 0; i < io.n; i++) {
			memcpy(is + len, io.piece[i].data, io.piece[i].len);
			len += io.piece[i].len;
		}
		iolist_free(&io);
	}
	file_put(f);
	return (ssize_t)len;
}

static void
both(void (*fn)(const char *cipher))
{
	fn("SIV_GCM");
	box_end(&b);
	memset(&b, 0, sizeof(b));
	fn("SIV_CTRMAC");
}

static void
overwritten(const char *cipher)
{
	begin(cipher, 5 * C);
	killed(C + 100, 2 * C, 1, 4);		/* chunks 1 to 3 */
	tear(chunk_at(2), 5000);
	cr_expect_eq(contents(), -1, "it is torn");
	cr_expect_eq(next_server(), 3, "all that was in the journal");
	cr_expect_eq(contents(), (ssize_t)(5 * C));
	memcpy(old + C + 100, new, 2 * C);
	cr_expect_eq(memcmp(is, old, 5 * C), 0);
}

Test(journal, a_chunk_that_was_half_overwritten_gets_its_new_contents)
{
	both(overwritten);
}

static void
appended(const char *cipher)
{
	size_t size = C + 20000;

	begin(cipher, size);
	killed(size, 3 * C, 1, 3);
	/* the last chunk is half written, and so is one behind it */
	tear(chunk_at(1) + 4096, C);
	cr_expect_eq(next_server(), 2, "the last chunk, and the end");
	cr_expect_eq(contents(), (ssize_t)(2 * C));
	memcpy(old + size, new, 2 * C - size);
	cr_expect_eq(memcmp(is, old, 2 * C), 0);
}

Test(journal, what_was_half_appended_is_cut_off)
{
	both(appended);
}

static void
fresh(const char *cipher)
{
	begin(cipher, 2 * C);
	killed(2 * C, 2 * C, 1, 1);
	tear(chunk_at(2), C / 2);
	cr_expect_eq(next_server(), 1);
	cr_expect_eq(contents(), (ssize_t)(2 * C));
	cr_expect_eq(memcmp(is, old, 2 * C), 0);
}

Test(journal, fresh_chunks_that_are_not_whole_go)
{
	both(fresh);
}

static void
cut_short(const char *cipher)
{
	begin(cipher, 3 * C);
	killed(C + 20000, 0, 2, 2);	/* cut behind it; then the chunk */
	tear(chunk_at(1), 8192);
	cr_expect_eq(next_server(), 1);
	cr_expect_eq(contents(), (ssize_t)(C + 20000));
	cr_expect_eq(memcmp(is, old, C + 20000), 0);
}

Test(journal, a_chunk_that_was_being_cut_is_cut)
{
	both(cut_short);
}

/* All of the file on disk; and as it was, again. */
static uint8_t saved[4 * (CIPHER_CHUNK + CIPHER_OVERHEAD_MAX)];

static ssize_t
on_disk(bool back, ssize_t len)
{
	int fd = openat(b.v->root, loc.path, O_RDWR);

	cr_assert_neq(fd, -1);
	if (back)
		cr_assert_eq(pwrite(fd, saved, (size_t)len, 0), len);
	else
		len = pread(fd, saved, sizeof(saved), 0);
	(void)close(fd);
	return len;
}

static void
not_cut_yet(const char *cipher)
{
	ssize_t len;

	begin(cipher, 3 * C);
	len = on_disk(false, 0);
	killed(C + 20000, 0, 4, 0);	/* cut behind it; the journal twice */
	(void)on_disk(true, len);	/* the cut was never durable */
	cr_expect_eq(next_server(), 1);
	cr_expect_eq(contents(), (ssize_t)(C + 20000));
	cr_expect_eq(memcmp(is, old, C + 20000), 0);
}

Test(journal, a_part_of_a_chunk_is_the_end_of_its_file)
{
	both(not_cut_yet);
}

Test(journal, a_head_that_was_half_written_does_not_count)
{
	uint32_t word = 77;
	char path[8192];
	int fd;

	begin("SIV_GCM", 2 * C);
	killed(0, C, 1, 2);
	(void)snprintf(path, sizeof(path), "%s/journal-%08lx-0", state,
	    (unsigned long)vault_id(b.v));
	fd = open(path, O_RDWR);
	cr_assert_eq(pwrite(fd, &word, sizeof(word),
	    offsetof(struct jhead, seq)), (ssize_t)sizeof(word));
	(void)close(fd);
	cr_expect_eq(next_server(), 0);
	cr_expect_eq(contents(), (ssize_t)(2 * C));
	cr_expect_eq(memcmp(is, old, 2 * C), 0);
}

/* What the journal's sync and the file's writes came in. */
static char order[64];
static uint64_t journal_ino;

static void
on_event(void *ctx, const struct host_event *ev)
{
	struct stat st;

	(void)ctx;
	if (ev->fd == -1 || fstat(ev->fd, &st) == -1 ||
	    strlen(order) + 2 > sizeof(order))
		return;
	if (ev->op == HOST_SYNC && st.st_ino == journal_ino)
		(void)strcat(order, "s");
	else if (ev->op == HOST_WRITE && st.st_ino == fileid)
		(void)strcat(order, "w");
}

Test(journal, what_was_freed_cannot_come_back_under_what_is_appended)
{
	struct stat st;
	struct file *f;
	char path[8192];

	begin("SIV_GCM", 2 * C);
	(void)next_server();
	(void)snprintf(path, sizeof(path), "%s/journal-%08lx-0", state,
	    (unsigned long)vault_id(b.v));
	cr_assert_eq(stat(path, &st), 0);
	journal_ino = st.st_ino;
	f = open_file();
	cr_assert_eq(file_write(f, 0, new, C, NULL, &b.e), 0);
	cr_assert_eq(file_truncate(f, 0, NULL, &b.e), 0);
	host_set_recorder(on_event, NULL);
	cr_assert_eq(file_sync(f, &b.e), 0);	/* its slot is free */
	cr_expect_str_eq(order, "s", "before it is said: %s", order);
	cr_assert_eq(file_write(f, 0, new, C, NULL, &b.e), 0);
	cr_assert_eq(file_write(f, 0, new, C, NULL, &b.e), 0);
	cr_assert_eq(file_write(f, C, new, C, NULL, &b.e), 0);
	order[0] = '\0';
	cr_assert_eq(file_sync(f, &b.e), 0);	/* another one is */
	cr_assert_eq(file_write(f, 2 * C, new, C, NULL, &b.e), 0);
	cr_assert_eq(file_write(f, 3 * C, new, C, NULL, &b.e), 0);
	host_set_recorder(NULL, NULL);
	file_put(f);
	cr_expect_str_eq(order, "sww", "once is enough: %s", order);
}

/* Another thread syncs the file just before a chunk is written in place. */
static struct file *syncing;
static unsigned writes;
static uint64_t since;

static int
sync_before_it(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	if (op != HOST_WRITE || ++writes != 3)	/* the journal's are first */
		return 0;
	since = journal_now(b.v->journal);
	cr_assert_eq(fsync(syncing->fd), 0);
	return 0;
}

Test(journal, a_sync_that_began_too_early_frees_no_slot)
{
	begin("SIV_GCM", 2 * C);
	(void)next_server();
	syncing = open_file();
	host_set_hook(sync_before_it, NULL);
	cr_assert_eq(file_write(syncing, 0, new, C, NULL, &b.e), 0);
	host_set_hook(NULL, NULL);
	cr_assert_eq(writes, 3, "%u", writes);
	journal_synced(b.v->journal, syncing, since);
	cr_expect_eq(journal_waiting(b.v->journal), 1);
	journal_synced(b.v->journal, syncing, journal_now(b.v->journal));
	cr_expect_eq(journal_waiting(b.v->journal), 0);
	file_put(syncing);
}

Test(journal, chunks_that_were_not_reached_become_what_they_were_to_be)
{
	begin("SIV_GCM", 5 * C);
	killed(C, 2 * C, 1, 3);
	cr_expect_eq(next_server(), 2);
	cr_expect_eq(contents(), (ssize_t)(5 * C));
	memcpy(old + C, new, 2 * C);
	cr_expect_eq(memcmp(is, old, 5 * C), 0);
}

Test(journal, what_somebody_else_wrote_since_is_left_alone)
{
	struct file *f;

	begin("SIV_GCM", 5 * C);
	killed(C, 2 * C, 1, 3);
	f = open_file();		/* without a journal: another program */
	cr_assert_eq(file_write(f, C + 5, "theirs", 6, NULL, &b.e), 0);
	file_put(f);
	cr_expect_eq(next_server(), 1, "the other chunk");
	cr_expect_eq(contents(), (ssize_t)(5 * C));
	memcpy(old + C + 5, "theirs", 6);
	memcpy(old + 2 * C, new + C, C);
	cr_expect_eq(memcmp(is, old, 5 * C), 0);
}

Test(journal, a_file_that_was_cut_off_since_stays_so)
{
	struct file *f;

	begin("SIV_GCM", 5 * C);
	killed(3 * C, 2 * C, 1, 3);
	f = open_file();
	cr_assert_eq(file_truncate(f, 2 * C, NULL, &b.e), 0);
	file_put(f);
	cr_expect_eq(next_server(), 0);
	cr_expect_eq(contents(), (ssize_t)(2 * C));
	cr_expect_eq(memcmp(is, old, 2 * C), 0);
}

Test(journal, it_is_done_once)
{
	begin("SIV_GCM", 5 * C);
	killed(C, C, 1, 2);
	cr_expect_eq(next_server(), 1);
	box_reopen(&b);
	tear(chunk_at(1), 100);		/* damage of another kind, later */
	cr_expect_eq(next_server(), 0);
	cr_expect_eq(contents(), -1);
}

Test(journal, damage_elsewhere_in_the_file_is_not_touched)
{
	struct vattr a;

	begin("SIV_GCM", 5 * C);
	killed(C, C, 1, 2);
	tear(chunk_at(1), 5000);
	tear(chunk_at(3), 10);
	cr_expect_eq(next_server(), 1);
	cr_expect_eq(contents(), -1);
	cr_assert_eq(loc_attr(b.v, &loc, fileid, &a, &b.e), 0);
	cr_expect_eq(a.size, (uint64_t)(5 * C));
}

Test(journal, a_file_that_was_moved_is_found)
{
	struct entry ent;

	begin("SIV_GCM", 2 * C);
	cr_assert_eq(dir_mkdir(b.root, b.a, "d", 1, NULL, &ent, NULL, &b.e),
	    0);
	dir_put(ent.dir);
	killed(0, C, 1, 2);
	tear(chunk_at(0), 5000);
	cr_assert_eq(dir_lookup(b.root, b.a, "d", 1, &ent, &b.e), 0);
	cr_assert_eq(dir_rename(b.root, ent.dir, b.a, "file", 4, "moved", 5,
	    NULL, NULL, NULL, &b.e), 0);
	dir_put(ent.dir);
	cr_expect_eq(next_server(), 1);
}

Test(journal, a_file_of_anything_does_no_harm)
{
	char path[8192];
	uint8_t *junk = malloc(4 * 1024 * 1024);
	FILE *out;

	begin("SIV_GCM", 5 * C);
	(void)snprintf(path, sizeof(path), "%s/journal-%08lx-0", state,
	    (unsigned long)vault_id(b.v));
	fill(junk, 4 * 1024 * 1024, 9);
	cr_assert_not_null(out = fopen(path, "w"));
	cr_assert_eq(fwrite(junk, 1024, 4096, out), 4096);
	(void)fclose(out);
	free(junk);
	cr_expect_eq(next_server(), 0);
	cr_expect_eq(contents(), (ssize_t)(5 * C));
}

Test(journal, servers_that_share_have_one_each)
{
	struct box other;
	unsigned n;

	begin("SIV_GCM", C);
	cr_expect_eq(next_server(), 0);
	other = b;
	box_open_as(&other, NULL);
	cr_expect_eq(vault_journal(other.v, state, &n, &b.e), 0);
	box_close(&other);
}
