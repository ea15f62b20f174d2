/*
 * test_links.c - a file that gets a second name at the moment when its first
 * one goes: it stays one file to everybody, also to those who have it open.
 *
 * If it became two, each with what it believes to be on disk, a chunk that one
 * of them writes would be damage to the other.
 */
#include "config.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/dirty_box.h"

TestSuite(links, .fini = teardown);

static struct dir *sub;
static struct entry second;
static enum host_op moment;
static bool linked;

static void *
link_it(void *arg)
{
	struct arena *a = arena_new(1 << 20);
	struct verr e;

	(void)arg;
	linked = dir_link(sub, a, "second", 6, &loc, fileid, &second, NULL,
	    &e) == 0;
	/* its strings are the arena's, which stays until the process ends */
	return NULL;
}

/* Another client's LINK, when the names have been counted. */
static int
at_the_moment(void *ctx, enum host_op op, const char *path)
{
	pthread_t t;

	(void)ctx;
	(void)path;
	if (op == moment && !linked) {
		moment = HOST_STATFS;		/* its own calls */
		cr_assert_eq(pthread_create(&t, NULL, link_it, NULL), 0);
		(void)pthread_join(t, NULL);
	}
	return 0;
}

static void
write_to(struct file *f, uint64_t off, size_t len)
{
	cr_assert_eq(file_write(f, off, pattern + off, len, NULL, &b.e), 0,
	    "%s", b.e.text);
}

/* It is open, and has what is not written yet; then its name goes. */
static void
play(int (*remove)(void))
{
	struct file *f, *g;
	struct box *x = &b;

	begin(NULL, 4 * C);
	sub = box_mkdir(x, b.root, "sub");
	put(0, pattern, C + 1000);
	cr_assert_eq(sync_file(), 0);
	f = open_file();
	write_to(f, C + 500, 1000);
	host_set_hook(at_the_moment, NULL);
	cr_assert_eq(remove(), 0, "%s", b.e.text);
	host_set_hook(NULL, NULL);
	cr_assert(linked);
	loc = second.loc;
	g = file_open(b.v, &loc, fileid, true, &b.e);
	cr_assert_not_null(g, "%s", b.e.text);
	cr_expect_eq(f, g, "there are two of it");
	write_to(f, C + 1500, 1000);
	write_to(g, C + 2500, 1000);
	cr_expect_eq(file_sync(g, &b.e), 0, "%s", b.e.text);
	cr_expect_eq(file_sync(f, &b.e), 0, "%s", b.e.text);
	file_put(f);
	file_put(g);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(C + 3500));
	cr_expect_eq(memcmp(is, pattern, C + 3500), 0);
	dir_put(sub);
	box_reopen(x);
	cr_expect_eq(contents_in(b.v, is), (ssize_t)(C + 3500));
	cr_expect_eq(memcmp(is, pattern, C + 3500), 0);
}

static int
unlink_it(void)
{
	moment = HOST_UNLINK;
	return dir_unlink(b.root, b.a, "file", 4, NULL, &b.e);
}

static int
rename_over_it(void)
{
	struct entry ent;
	struct vloc l;
	uint64_t id;

	make_file("other", &l, &id);
	moment = HOST_RENAME;
	return dir_rename(b.root, b.root, b.a, "other", 5, "file", 4, &ent,
	    NULL, NULL, &b.e);
}

Test(links, a_file_that_gets_a_name_while_its_last_one_goes_stays_one)
{
	play(unlink_it);
}

Test(links, a_file_that_gets_a_name_while_it_is_replaced_stays_one)
{
	play(rename_over_it);
}

Test(links, a_file_whose_last_name_went_is_forgotten)
{
	struct file *f, *g;
	struct vloc l;
	uint64_t id;

	begin(NULL, 4 * C);
	f = open_file();
	cr_assert_eq(dir_unlink(b.root, b.a, "file", 4, NULL, &b.e), 0);
	make_file("file", &l, &id);
	cr_assert_not_null(g = file_open(b.v, &l, id, true, &b.e));
	cr_expect_neq(f, g);
	file_put(f);
	file_put(g);
}

/* Another client's REMOVE and MKDIR, at the moment of link(2). */
static int
replace_by_folder(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	(void)path;
	if (op == HOST_LINK) {
		cr_assert_eq(unlinkat(b.v->root, loc.path, 0), 0);
		cr_assert_eq(mkdirat(b.v->root, loc.path, 0755), 0);
	}
	return 0;
}

Test(links, a_file_whose_place_a_directory_took_is_stale)
{
	begin(NULL, 4 * C);
	host_set_hook(replace_by_folder, NULL);
	cr_expect_eq(BOX_CODE(&b, dir_link(b.root, b.a, "second", 6, &loc,
	    fileid, NULL, NULL, &b.e)), VERR_STALE);
	host_set_hook(NULL, NULL);
}
