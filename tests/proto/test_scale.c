/*
 * What the server reads for one call does not grow with the vault.  Counted in
 * entries and folders, not in seconds.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "tests/proto/list.h"
#include "vault/host.h"

#define MANY	1500
#define FOLDERS	60

static struct fix f;
static _Atomic unsigned opened, entries;
static bool slow;

static int
count(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	if (op == HOST_READDIR)
		atomic_fetch_add(&entries, 1);
	if (op != HOST_OPENDIR)
		return 0;
	atomic_fetch_add(&opened, 1);
	if (slow)
		(void)nanosleep(&(struct timespec){ 0, 3000000 }, NULL);
	return 0;
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	fix_stop(&f);
}

TestSuite(scale, .fini = teardown);

static struct fh
make(const struct fh *dir, const char *name)
{
	struct reply r;

	cr_assert_eq(call_create(f.c, dir, name, GUARDED, NULL, &r),
	    WIRE_NFS3_OK, "%s", name);
	return r.fh;
}

static struct fh
make_dir(const char *name)
{
	struct reply r;

	cr_assert_eq(call_mkdir(f.c, &f.root, name, NULL, &r), WIRE_NFS3_OK);
	return r.fh;
}

/* As tar and git do it: is it there; make it; what else is there? */
Test(scale, files_made_in_a_large_directory_do_not_make_it_read_each_time)
{
	struct list l = { .n = 0 };
	uint64_t cookie = 0;
	char name[32];
	struct reply r;
	struct fh d;
	int i;

	fix_start(&f, NULL);
	d = make_dir("large");
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		(void)make(&d, name);
	}
	fix_down(&f);
	host_set_hook(count, NULL);
	fix_restart(&f);
	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "new-%d", i);
		cr_expect_eq(call_lookup(f.c, &d, name, &r),
		    WIRE_NFS3ERR_NOENT);
		(void)make(&d, name);
		cr_assert_eq(list_page(f.c, &d, cookie, 0, 2000, &l),
		    WIRE_NFS3_OK);
		cookie = l.eof ? 0 : l.v[l.n - 1].cookie;
	}
	list_free(&l);
	/* a few times, and once in each pause of a second there may be */
	cr_expect_lt(atomic_load(&entries), 20 * MANY, "%u entries of %d "
	    "were read", atomic_load(&entries), MANY);
	cr_expect_eq(list_all(f.c, &d, 0, 8000, &l), WIRE_NFS3_OK);
	cr_expect_eq(l.n, MANY + 100 + 2, "%zu are listed", l.n);
	list_free(&l);
}

Test(scale, handles_of_files_that_are_gone_cost_one_search_together)
{
	char name[32];
	struct fh d, gone[30];
	fattr3 a;
	int i;

	fix_start(&f, NULL);
	for (i = 0; i < FOLDERS; i++) {
		(void)snprintf(name, sizeof(name), "dir-%d", i);
		d = make_dir(name);
		(void)make(&d, "file");
	}
	for (i = 0; i < 30; i++) {
		gone[i] = make(&d, "gone");
		cr_assert_eq(call_remove(f.c, &d, "gone",
		    &(struct reply){ 0 }), WIRE_NFS3_OK);
	}
	slow = true;
	host_set_hook(count, NULL);
	for (i = 0; i < 30; i++)
		cr_expect_eq(call_getattr(f.c, &gone[i], &a),
		    WIRE_NFS3ERR_STALE);
	/* 30 looks into the directory, and one search or two */
	cr_expect_lt(atomic_load(&opened), 30 + 5 * FOLDERS,
	    "%u folders were read", atomic_load(&opened));
}

/* After a restart nothing is known of what is above a directory. */
Test(scale, the_parents_of_all_directories_are_found_by_one_search)
{
	struct fh d[FOLDERS];
	struct list l;
	char name[32];
	int i;

	fix_start(&f, NULL);
	for (i = 0; i < FOLDERS; i++) {
		(void)snprintf(name, sizeof(name), "dir-%d", i);
		d[i] = make_dir(name);
	}
	fix_down(&f);
	fix_restart(&f);
	slow = true;
	host_set_hook(count, NULL);
	for (i = 0; i < FOLDERS; i++) {
		cr_assert_eq(list_all(f.c, &d[i], 4096, 8192, &l),
		    WIRE_NFS3_OK);
		cr_expect(call_same_fh(&list_find(&l, "..")->fh, &f.root));
		list_free(&l);
	}
	cr_expect_lt(atomic_load(&opened), 5 * FOLDERS,
	    "%u folders were read", atomic_load(&opened));
}
