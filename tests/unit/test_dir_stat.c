/* dir_stat.c: folders that stay open while they are changed. */
#include "config.h"

#include <time.h>

#include "tests/unit/box.h"
#include "vault/file.h"
#include "vault/vault_int.h"

static struct box b;
static unsigned by_path;

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(dir_stat, .fini = teardown);

static int
count(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	by_path += op == HOST_STAT && strncmp(path, "d/", 2) == 0;
	return 0;
}

static void
make(struct dir *d, const char *name)
{
	cr_assert_eq(dir_create(d, b.a, name, strlen(name), NULL, NULL, NULL,
	    &b.e), 0, "%s", b.e.text);
}

static struct vattr
told(int (*fn)(struct dir *, struct vattr *, struct verr *), struct dir *d)
{
	struct vattr a;

	cr_assert_eq(fn(d, &a, &b.e), 0, "%s", b.e.text);
	return a;
}

static uint64_t
id_of(struct dir *d)
{
	return told(dir_attr_again, d).fileid;
}

static void
move(const char *from, const char *to)
{
	cr_assert_eq(renameat(b.v->root, from, b.v->root, to), 0, "%s", from);
}

/* A folder of the same name as d's takes its place; d's own is at "aside". */
static void
replace(struct dir *d)
{
	move(dir_path(d), "aside");
	cr_assert_eq(mkdirat(b.v->root, dir_path(d), 0755), 0);
}

/* The folder is older than a tick of the clock: what is read of it is kept. */
Test(dir_stat, only_the_first_changes_walk_the_path)
{
	struct timespec ticks = { 0, 100000000 };

	box_make(&b, "SIV_GCM", 0);
	(void)nanosleep(&ticks, NULL);
	make(b.root, "one");
	make(b.root, "two");
	host_set_hook(count, NULL);
	make(b.root, "three");
	cr_expect_eq(by_path, 0);
}

Test(dir_stat, what_is_seen_by_a_descriptor_is_what_the_path_says)
{
	struct vattr kept, real;
	struct verr e;

	box_make(&b, "SIV_GCM", 0);
	make(b.root, "one");
	make(b.root, "two");
	cr_assert_eq(fchmodat(b.v->root, dir_path(b.root), 0751, 0), 0);
	cr_assert_eq(dir_attr_again(b.root, &kept, &e), 0);
	cr_assert_eq(dir_attr(b.root, &real, &e), 0);
	cr_expect_eq(memcmp(&kept, &real, sizeof(real)), 0);
	cr_expect_eq(kept.mode, 0751);
}

Test(dir_stat, a_folder_that_is_gone_is_gone_at_once)
{
	struct vattr a;
	struct dir *d;
	char junk[128];

	box_make(&b, "SIV_GCM", 0);
	d = box_mkdir(&b, b.root, "d");
	(void)id_of(d);
	(void)id_of(d);
	(void)snprintf(junk, sizeof(junk), "%s/" VAULT_DIRID_FILE,
	    dir_path(d));
	(void)unlinkat(b.v->root, junk, 0);
	cr_assert_eq(unlinkat(b.v->root, dir_path(d), AT_REMOVEDIR), 0);
	cr_expect_eq(BOX_CODE(&b, dir_attr_again(d, &a, &b.e)), VERR_STALE);
	dir_put(d);
}

Test(dir_stat, a_folder_in_the_place_of_another_is_seen_within_a_second)
{
	struct timespec second = { 1, 50000000 };
	uint64_t was;
	struct dir *d;

	box_make(&b, "SIV_GCM", 0);
	d = box_mkdir(&b, b.root, "d");
	was = id_of(d);
	cr_assert_eq(id_of(d), was);
	replace(d);
	(void)nanosleep(&second, NULL);
	cr_expect_neq(id_of(d), was);
	cr_expect_neq(id_of(d), was);
	dir_put(d);
}

/* A client that is told NOENT forgets the file. */
Test(dir_stat, an_entry_is_not_missing_because_its_folder_is)
{
	struct dir *d;

	box_make(&b, "SIV_GCM", 0);
	d = box_mkdir(&b, b.root, "d");
	make(d, "one");
	make(d, "two");
	move(dir_path(d), "aside");
	cr_expect_eq(BOX_CODE(&b, dir_unlink(d, b.a, "one", 3, NULL, &b.e)),
	    VERR_STALE);
	cr_expect_eq(BOX_CODE(&b, dir_create(d, b.a, "new", 3, NULL, NULL,
	    NULL, &b.e)), VERR_STALE);
	cr_expect_eq(BOX_CODE(&b, dir_rename(d, d, b.a, "one", 3, "x", 1, NULL,
	    NULL, NULL, &b.e)), VERR_STALE);
	move("aside", dir_path(d));
	cr_expect_eq(dir_unlink(d, b.a, "one", 3, NULL, &b.e), 0);
	dir_put(d);
}

static uint32_t
mode_left(struct dir *d)
{
	return told(dir_attr_left, d).mode;
}

/* A change of ours, and somebody else's behind it.  What is left then? */
static uint32_t
mode_behind_both(unsigned i, mode_t theirs, const struct timespec *pause)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "f%u", i);
	make(b.root, name);
	cr_assert_eq(fchmodat(b.v->root, dir_path(b.root), theirs, 0), 0);
	if (pause != NULL)
		(void)nanosleep(pause, NULL);
	return mode_left(b.root);
}

/* Ten microseconds may pass anywhere: so it is tried until they do not. */
Test(dir_stat, how_a_change_left_it_is_how_the_next_one_finds_it)
{
	unsigned i;

	box_make(&b, "SIV_GCM", 0);
	make(b.root, "one");
	for (i = 0; i < 2000; i++)
		if (mode_behind_both(i, 0700 | (i & 1), NULL) !=
		    (0700u | (i & 1)))
			break;
	cr_expect_lt(i, 2000);
}

Test(dir_stat, and_after_ten_microseconds_it_is_looked_at)
{
	static const struct timespec pause = { 0, 10000 };
	unsigned i;

	box_make(&b, "SIV_GCM", 0);
	make(b.root, "one");
	for (i = 0; i < 200; i++)
		cr_assert_eq(mode_behind_both(i, 0700 | (i & 1), &pause),
		    0700 | (i & 1));
}

Test(dir_stat, what_we_set_is_seen_by_the_next_change)
{
	struct vset set = { .mask = VSET_MODE };
	struct vloc loc = { .type = VTYPE_DIR };
	unsigned i;
	char name[16];

	box_make(&b, "SIV_GCM", 0);
	make(b.root, "one");
	strcpy(loc.path, dir_path(b.root));
	for (i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "f%u", i);
		make(b.root, name);
		set.mode = 0700 | (i & 1);
		cr_assert_eq(loc_set(b.v, &loc, id_of(b.root), &set, NULL,
		    &b.e), 0, "%s", b.e.text);
		cr_assert_eq(mode_left(b.root), set.mode);
	}
}

Test(dir_stat, few_folders_are_open)
{
	struct dir *d[3 * VAULT_DIR_FDS];
	char name[16];
	int fds;
	size_t i;

	box_make(&b, "SIV_GCM", 0);
	for (i = 0; i < 3 * VAULT_DIR_FDS; i++) {
		(void)snprintf(name, sizeof(name), "d%zu", i);
		d[i] = box_mkdir(&b, b.root, name);
	}
	fds = box_fds();
	for (i = 0; i < 3 * VAULT_DIR_FDS; i++) {
		(void)id_of(d[i]);
		(void)id_of(d[i]);
	}
	cr_expect_leq(box_fds(), fds + (int)VAULT_DIR_FDS);
	for (i = 0; i < 3 * VAULT_DIR_FDS; i++) {
		cr_expect_eq(id_of(d[i]), id_of(d[i]));
		dir_put(d[i]);
	}
}
