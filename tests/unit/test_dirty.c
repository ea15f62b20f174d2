/*
 * Writes that stay in memory for a while: what everybody sees of them, how many
 * there may be, and what becomes of them when the disk refuses.
 */
#include "config.h"

#include <sys/resource.h>

#include "tests/unit/dirty_box.h"

TestSuite(dirty, .fini = teardown);

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
	cr_assert_eq(vault_sync_names(b.v, &b.e), 0);
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

static bool
looks_the_same(const struct vattr *x, const struct vattr *y)
{
	return x->size == y->size &&
	    memcmp(&x->mtime, &y->mtime, sizeof(x->mtime)) == 0 &&
	    memcmp(&x->ctime, &y->ctime, sizeof(x->ctime)) == 0;
}

/* To a client another ctime is somebody else's change. */
Test(dirty, once_it_is_told_to_be_durable_it_looks_as_when_opened_anew)
{
	struct file_change ch;
	struct vattr seen;
	struct file *f;

	begin("SIV_GCM", 8 * C);
	put(0, pattern, 10);
	seen = attr();
	(void)nanosleep(&(struct timespec){ 0, 30000000 }, NULL);
	f = open_file();
	cr_assert_eq(file_sync_attr(f, &ch, &b.e), 0);
	file_put(f);
	cr_assert(ch.have_before && ch.have_after);
	cr_expect(looks_the_same(&ch.before, &seen));
	seen = attr();
	cr_expect(looks_the_same(&ch.after, &seen));
	box_reopen(&b);
	seen = attr();
	cr_expect(looks_the_same(&ch.after, &seen));
}

Test(dirty, each_write_has_another_ctime)
{
	struct vattr last, a;
	int i;

	begin("SIV_GCM", 8 * C);
	last = attr();
	for (i = 0; i < 100; i++) {
		put((uint64_t)i, pattern, 10);
		if (i % 10 == 9)
			cr_assert_eq(sync_file(), 0);
		a = attr();
		cr_expect(a.ctime.tv_sec > last.ctime.tv_sec ||
		    (a.ctime.tv_sec == last.ctime.tv_sec &&
		    a.ctime.tv_nsec > last.ctime.tv_nsec), "%d", i);
		last = a;
	}
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

/* More files of half a chunk each, until n are there. */
static void
put_files(unsigned from, unsigned n)
{
	char name[16];

	for (; from < n; from++) {
		(void)snprintf(name, sizeof(name), "f%u", from);
		make_file(name, &loc, &fileid);
		put(0, pattern + from, C / 2);
	}
}

Test(dirty, when_it_gets_crowded_somebody_is_told_and_makes_room)
{
	begin("SIV_GCM", 8 * C);
	put_files(0, 11);
	cr_expect_eq(crowded, 0);
	put_files(11, 15);
	cr_expect_eq(crowded, 1, "once: %u", crowded);
	cr_expect_eq(vault_dirty(b.v), 15 * C / 2, "nothing is written yet");
	vault_write_down(b.v);
	cr_expect_eq(vault_dirty(b.v), 7 * C / 2);
	put_files(15, 19);
	cr_expect_eq(crowded, 1);
	put_files(19, 20);
	cr_expect_eq(crowded, 2);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(C / 2));
	cr_expect_eq(memcmp(is, pattern + 19, C / 2), 0);
	cr_expect_eq(lost, 0);
}

Test(dirty, room_that_cannot_be_made_is_asked_for_again)
{
	begin("SIV_GCM", 8 * C);
	put_files(0, 13);
	cr_expect_eq(crowded, 1);
	fail_with = ENOSPC;
	host_set_hook(fail_writes, NULL);
	vault_write_down(b.v);
	host_set_hook(NULL, NULL);
	cr_expect_eq(vault_dirty(b.v), 13 * C / 2);
	put(0, "x", 1);
	cr_expect_eq(crowded, 2);
	vault_write_down(b.v);
	cr_expect_eq(vault_dirty(b.v), 7 * C / 2);
	cr_expect_eq(lost, 0);
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

/* Each of them has a descriptor, however few bytes are in it. */
Test(dirty, many_small_files_leave_descriptors_for_others)
{
	struct rlimit was, few = { 400, 400 };
	unsigned i, most = 0;
	struct file *f;
	char name[16];

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	few.rlim_max = was.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	begin("SIV_GCM", 64 * 1024 * 1024);
	for (i = 0; i < 390; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		make_file(name, &loc, &fileid);
		f = open_file();
		cr_assert_eq(file_write(f, 0, "x", 1, NULL, &b.e), 0, "%u: %s",
		    i, b.e.text);
		file_put(f);
		if (b.v->ndirty_files > most)
			most = b.v->ndirty_files;
	}
	cr_expect_eq(most, 99);
	cr_expect_eq(crowded, 1);
	cr_assert_eq(vault_write_out(b.v, 0, &i, &b.e), 0);
	cr_expect_eq(b.v->ndirty_files, 0);
	cr_expect_eq(on_disk(is), 1);
	(void)setrlimit(RLIMIT_NOFILE, &was);
}
