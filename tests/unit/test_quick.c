/*
 * What an event loop may do itself: changes that take a few system calls, and
 * writes that need nothing but memory.  All else is VERR_BUSY and leaves
 * everything as it was.
 */
#include "config.h"

#include <pthread.h>
#include <time.h>

#include "tests/unit/dirty_box.h"
#include "vault/file_int.h"

static const struct dir_change quick = { .quick = true };
static struct dir_change ch;
static struct entry ent;

static void
setup(void)
{
	begin("SIV_GCM", 64 * C);
}

TestSuite(quick, .init = setup, .fini = teardown);

static enum verr_code
create(const char *name)
{
	ch = quick;
	return BOX_CODE(&b, dir_create(b.root, b.a, name, strlen(name), NULL,
	    &ent, &ch, &b.e));
}

static enum verr_code
unlink_it(const char *name)
{
	ch = quick;
	return BOX_CODE(&b, dir_unlink(b.root, b.a, name, strlen(name), &ch,
	    &b.e));
}

static enum verr_code
rename_to(struct dir *to, const char *name, const char *new_name)
{
	struct dir_change also = quick;

	ch = quick;
	return BOX_CODE(&b, dir_rename(b.root, to, b.a, name, strlen(name),
	    new_name, strlen(new_name), &ent, &ch, &also, &b.e));
}

static struct dir *
make_dir(const char *name)
{
	struct entry made;

	cr_assert_eq(dir_mkdir(b.root, b.a, name, strlen(name), NULL, &made,
	    NULL, &b.e), 0, "%s", b.e.text);
	return made.dir;
}

static void
expect_as_it_was(const char *before, const char *what)
{
	char *now = box_tree(&b, b.root);

	cr_expect_str_eq(now, before, "%s has changed something", what);
	free(now);
}

Test(quick, a_file_is_made_renamed_and_removed)
{
	struct timespec mtime;

	cr_assert_eq(create("new"), VERR_NONE, "%s", b.e.text);
	cr_expect(ch.have_before && ch.have_after);
	cr_expect_eq(ent.attr.size, 0);
	cr_expect_eq(ent.attr.mode & 07777, 0644);
	cr_expect_str_eq(ent.name, "new");
	cr_expect_eq(create("new"), VERR_EXIST);
	cr_expect_str_eq(ent.name, "new");
	mtime = ch.before.mtime;
	cr_expect_eq(rename_to(b.root, "new", "newer"), VERR_NONE);
	cr_expect_str_eq(ent.name, "newer");
	cr_expect_neq(memcmp(&mtime, &ch.after.mtime, sizeof(mtime)), 0);
	cr_expect_eq(rename_to(b.root, "newer", "file"), VERR_NONE);
	cr_expect_eq(unlink_it("file"), VERR_NONE);
	cr_expect_eq(unlink_it("file"), VERR_NOENT);
}

Test(quick, modes_are_what_was_asked_for_whatever_the_umask)
{
	static const mode_t modes[] = { 0, 0444, 0600, 0666, 0777, 04755 };
	mode_t old = umask(077);
	struct vset set = { .mask = VSET_MODE };
	char name[8] = "f0";
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++, name[1]++) {
		set.mode = modes[i];
		ch = quick;
		cr_assert_eq(dir_create(b.root, b.a, name, 2, &set, &ent, &ch,
		    &b.e), 0, "%s", b.e.text);
		cr_expect_eq(ent.attr.mode & 07777, modes[i], "%o", modes[i]);
		cr_expect_eq(dir_lookup(b.root, b.a, name, 2, &ent, &b.e), 0);
		cr_expect_eq(ent.attr.mode & 07777, modes[i], "%o", modes[i]);
	}
	(void)umask(old);
}

Test(quick, what_takes_many_steps_is_left_to_others)
{
	static uint8_t big[2 * 1024 * 1024];
	struct dir *sub = make_dir("sub");
	char *before;
	struct file *f;

	put(0, "x", 1);
	cr_assert_eq(sync_file(), 0);
	cr_assert_eq(dir_symlink(b.root, b.a, "link", 4, "x", 1, NULL, NULL,
	    NULL, &b.e), 0);
	cr_assert_eq(create("big"), VERR_NONE);
	f = file_open(b.v, &ent.loc, ent.attr.fileid, true, &b.e);
	cr_assert_eq(file_write(f, 0, big, sizeof(big), NULL, &b.e), 0);
	cr_assert_eq(file_sync(f, &b.e), 0);
	file_put(f);
	before = box_tree(&b, b.root);

	cr_expect_eq(create(BOX_LONG), VERR_BUSY);
	expect_as_it_was(before, "a long name");
	cr_expect_eq(unlink_it("link"), VERR_BUSY);
	expect_as_it_was(before, "unlink of a symlink");
	cr_expect_eq(unlink_it("big"), VERR_BUSY);
	expect_as_it_was(before, "unlink of a large file");
	cr_expect_eq(rename_to(sub, "file", "file"), VERR_BUSY);
	expect_as_it_was(before, "rename to another directory");
	cr_expect_eq(rename_to(b.root, "file", BOX_LONG), VERR_BUSY);
	expect_as_it_was(before, "rename to a long name");
	cr_expect_eq(rename_to(b.root, "file", "big"), VERR_BUSY);
	expect_as_it_was(before, "rename over a large file");
	cr_expect_eq(rename_to(b.root, "file", "link"), VERR_BUSY);
	expect_as_it_was(before, "rename over a symlink");
	cr_expect_eq(rename_to(b.root, "sub", "bus"), VERR_BUSY);
	expect_as_it_was(before, "rename of a directory");
	cr_expect_eq(unlink_it("sub"), VERR_ISDIR);
	expect_as_it_was(before, "unlink of a directory");
	free(before);
	dir_put(sub);
}

Test(quick, nobody_waits_for_another_change)
{
	lock_take(&b.root->change);
	cr_expect_eq(pthread_mutex_trylock(&b.root->change.mtx), EBUSY);
	cr_expect_eq(create("new"), VERR_BUSY);
	cr_expect_eq(unlink_it("file"), VERR_BUSY);
	lock_drop(&b.root->change);
	cr_expect_eq(create("new"), VERR_NONE);
}

/* -- writes */

static enum verr_code
write_now(uint64_t off, size_t len)
{
	struct file *f = open_file();
	struct file_change fc;
	struct file_seen seen;
	struct vattr a;
	enum verr_code code;

	cr_assert_eq(file_see(f, &a, &seen, &b.e), 0);
	code = BOX_CODE(&b, file_write_now(f, &seen, off, pattern + off, len,
	    &fc, &b.e));
	cr_expect_eq(fc.have_after, code == VERR_NONE);
	file_put(f);
	return code;
}

static void
expect_contents(size_t len)
{
	cr_expect_eq(contents_in(b.v, is), (ssize_t)len);
	cr_expect_eq(memcmp(is, pattern, len), 0);
}

Test(quick, parts_of_chunks_are_taken_into_memory)
{
	cr_expect_eq(write_now(0, 100), VERR_NONE);
	cr_expect_eq(write_now(100, 20000), VERR_NONE);
	cr_expect_eq(write_now(20100, 20000), VERR_NONE, "into the next");
	cr_expect_eq(on_disk(is), 0);
	expect_contents(40100);
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(on_disk(is), 40100);
	cr_expect_eq(memcmp(is, pattern, 40100), 0);
}

Test(quick, what_has_to_be_read_first_is_left_to_others)
{
	put(0, pattern, 3 * C);
	cr_assert_eq(sync_file(), 0);
	box_reopen(&b);
	keep_writes(64 * C);
	cr_expect_eq(write_now(10, 10), VERR_BUSY, "no header yet");
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(3 * C));
	cr_expect_eq(write_now(10, 10), VERR_BUSY, "part of a chunk");
	cr_expect_eq(write_now(0, C), VERR_BUSY, "a whole one goes through");
	cr_expect_eq(write_now(4 * C, 10), VERR_BUSY, "a gap");
	cr_expect_eq(write_now(3 * C, 10), VERR_NONE, "at the end");
	put(5, pattern + 5, 1);
	cr_expect_eq(write_now(10, 10), VERR_NONE, "it is in memory now");
	expect_contents(3 * C + 10);
}

Test(quick, a_write_for_which_others_had_to_go_is_left_to_others)
{
	size_t off;

	keep_writes(6 * C);
	for (off = 0; off < MAX && write_now(off, 1000) == VERR_NONE;
	    off += 1000)
		cr_assert_leq(vault_dirty(b.v), 3 * C);
	cr_expect_leq(off, 3 * C);
	cr_expect_eq(b.e.code, VERR_BUSY);
	expect_contents(off);
}

Test(quick, a_removed_file_is_left_to_others)
{
	struct file *f = open_file();
	struct file_change fc;
	struct file_seen seen;
	struct vattr a;

	cr_assert_eq(dir_unlink(b.root, b.a, "file", 4, NULL, &b.e), 0);
	cr_assert_eq(file_see(f, &a, &seen, &b.e), 0);
	cr_expect_eq(BOX_CODE(&b, file_write_now(f, &seen, 0, "x", 1, &fc,
	    &b.e)), VERR_BUSY);
	file_put(f);
}

Test(quick, a_new_file_needs_no_second_open)
{
	struct file *f;

	cr_assert_eq(create("new"), VERR_NONE);
	f = file_open_now(b.v, ent.attr.fileid);
	cr_assert_not_null(f);
	cr_expect_eq(file_write(f, 0, "x", 1, NULL, &b.e), 0);
	file_put(f);
}

/* -- sizes */

static enum verr_code
set_size_now(uint64_t size, unsigned more)
{
	struct vset set = { .mask = VSET_SIZE | more, .size = size,
	    .mtime = { 1000, 0 } };
	struct vattr a;
	enum verr_code code;

	code = BOX_CODE(&b, loc_set_now(b.v, &loc, fileid, &set, &a, &b.e));
	if (code == VERR_NONE) {
		cr_expect_eq(a.size, size);
		cr_expect(more == 0 || a.mtime.tv_sec == 1000);
	}
	return code;
}

Test(quick, an_open_file_is_emptied)
{
	put(0, pattern, 2 * C + 5);
	cr_assert_eq(sync_file(), 0);
	put(C, pattern, 100);
	cr_expect_eq(set_size_now(0, 0), VERR_NONE, "%s", b.e.text);
	cr_expect_eq(on_disk(is), 0);
	expect_contents(0);
	put(0, pattern, 10);
	cr_expect_eq(set_size_now(0, VSET_MTIME), VERR_NONE, "%s", b.e.text);
	expect_contents(0);
	put(0, pattern, 3 * C);
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(on_disk(is), (ssize_t)(3 * C));
	expect_contents(3 * C);
}

Test(quick, other_sizes_are_left_to_others)
{
	static uint8_t big[VAULT_QUICK_SIZE + 1];
	struct file *f;

	put(0, pattern, C);
	cr_assert_eq(sync_file(), 0);
	cr_expect_eq(set_size_now(1, 0), VERR_BUSY);
	cr_expect_eq(set_size_now(C, 0), VERR_BUSY);
	f = open_file();
	rwlock_take_read(&f->rw);
	cr_expect_eq(set_size_now(0, 0), VERR_BUSY, "somebody reads it");
	rwlock_drop(&f->rw);
	file_put(f);
	cr_expect_eq(on_disk(is), (ssize_t)C);
	box_reopen(&b);
	keep_writes(64 * C);
	cr_expect_eq(set_size_now(0, 0), VERR_BUSY, "it is not open");
	f = file_open(b.v, &loc, fileid, false, &b.e);
	cr_expect_eq(set_size_now(0, 0), VERR_BUSY, "its header was not read");
	file_put(f);
	expect_contents(C);
	f = file_open_now(b.v, fileid);
	f->writable = false;
	cr_expect_eq(set_size_now(0, 0), VERR_BUSY, "it is open to read");
	f->writable = true;
	file_put(f);
	cr_expect_eq(on_disk(is), (ssize_t)C);
	put(0, big, sizeof(big));
	cr_expect_eq(set_size_now(0, VSET_MTIME), VERR_BUSY, "it is large");
	put(0, pattern, C);
	cr_expect_eq(attr().size, sizeof(big));
}

/* -- somebody opens a new file before it is ready */

static bool armed;
static pthread_t other;

static void *
write_theirs(void *arg)
{
	struct arena *a = arena_new(1024 * 1024);
	struct entry found;
	struct verr e;
	struct file *f;

	(void)arg;
	cr_assert_eq(dir_lookup(b.root, a, "new", 3, &found, &e), 0);
	f = file_open(b.v, &found.loc, found.attr.fileid, true, &e);
	cr_assert_not_null(f);
	cr_expect_eq(file_write(f, 0, "theirs", 6, NULL, &e), 0);
	cr_expect_eq(file_sync(f, &e), 0);
	file_put(f);
	arena_free(a);
	return NULL;
}

/* Its maker is about to write the header; the other has time to do so, too. */
static int
other_writes(void *ctx, enum host_op op, const char *path)
{
	struct timespec while_ = { 0, 100000000 };

	(void)ctx;
	(void)path;
	if (!armed || op != HOST_WRITE)
		return 0;
	armed = false;
	cr_assert_eq(pthread_create(&other, NULL, write_theirs, NULL), 0);
	(void)nanosleep(&while_, NULL);
	return 0;
}

Test(quick, a_new_file_has_one_header_whoever_opens_it_first)
{
	struct iolist io;
	struct file *f;
	bool eof;

	armed = true;
	host_set_hook(other_writes, NULL);
	cr_assert_eq(create("new"), VERR_NONE, "%s", b.e.text);
	cr_assert_not(armed);
	(void)pthread_join(other, NULL);
	host_set_hook(NULL, NULL);
	f = file_open_now(b.v, ent.attr.fileid);
	cr_assert_not_null(f);
	cr_expect_eq(file_write(f, 6, " and ours", 9, NULL, &b.e), 0);
	cr_expect_eq(file_sync(f, &b.e), 0, "%s", b.e.text);
	file_put(f);
	box_reopen(&b);
	cr_assert_eq(dir_lookup(b.root, b.a, "new", 3, &ent, &b.e), 0);
	f = file_open(b.v, &ent.loc, ent.attr.fileid, false, &b.e);
	cr_assert_eq(file_read(f, 0, 100, &io, &eof, &b.e), 0, "%s",
	    b.e.text);
	cr_assert_eq(io.total, 15);
	cr_expect_eq(memcmp(io.piece[0].data, "theirs and ours", 15), 0);
	iolist_free(&io);
	file_put(f);
}
