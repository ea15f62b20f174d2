/*
 * A file is moved by one client in the very moment that another one uses it:
 * between the place where it was found and the system call that goes there.
 * Nobody removed it, so nobody may be told that it is gone.
 */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "tests/proto/check.h"
#include "vault/host.h"
#include "vault/tree.h"

static struct fh a, b, file, ln;
static atomic_int moment;	/* enum host_op at which to move, or -1 */
static const char *inside;	/* not NULL: no call can be served at that
				   moment, and this is what is moved */

/* The loop itself stands here: past the server, to the vault. */
static void
move_inside(void)
{
	struct arena *arena = arena_new(1u << 16);
	struct entry from, to;
	struct verr e;

	cr_assert_eq(tree_lookup(f.vault, arena, "a", &from, &e), 0);
	cr_assert_eq(tree_lookup(f.vault, arena, "b", &to, &e), 0);
	cr_assert_eq(dir_rename(from.dir, to.dir, arena, inside,
	    strlen(inside), "elsewhere", 9, NULL, NULL, NULL, &e), 0);
	dir_put(from.dir);
	dir_put(to.dir);
	arena_free(arena);
}

/* The first such call on a name, and none made by the move itself. */
static int
hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	if (path == NULL || strstr(path, "dir.c9r") != NULL ||
	    (op != HOST_LINK && strstr(path, "c9r") == NULL) ||
	    !atomic_compare_exchange_strong(&moment, &(int){ (int)op }, -1))
		return 0;
	if (inside != NULL)
		move_inside();
	else
		OK(call_rename(f.clients[1], &a, "file", &b, "elsewhere",
		    NULL));
	return 0;
}

static void
setup(void)
{
	struct fix_options o = { .workers = 3 };
	struct reply r;

	atomic_store(&moment, -1);
	host_set_hook(hook, NULL);
	fix_start(&f, &o);
	a = check_dir(&f.root, "a");
	b = check_dir(&f.root, "b");
	file = check_file(&a, "file");
	OK(call_write(f.c, &file, 0, "text", 4, UNSTABLE, NULL));
	OK(call_symlink(f.c, &a, "link", "target", &r));
	ln = r.fh;
	fix_restart(&f);		/* no file is open */
	OK(call_lookup(f.c, &a, "file", NULL));
	OK(call_lookup(f.c, &a, "link", NULL));
}

static void
teardown(void)
{
	cr_expect_eq(atomic_load(&moment), -1, "it was never moved");
	OK(call_lookup(f.c, &b, "elsewhere", NULL));
	fix_stop(&f);
}

TestSuite(moved, .init = setup, .fini = teardown);

Test(moved, a_file_that_is_read_is_not_stale)
{
	static char buf[100000];	/* so many are for a worker */

	atomic_store(&moment, HOST_OPEN);
	OK(call_read(f.c, &file, 0, sizeof(buf), buf, NULL));
	cr_expect_eq(memcmp(buf, "text", 4), 0);
}

Test(moved, a_file_that_is_opened_on_the_loop_is_not_stale)
{
	char buf[8];

	inside = "file";
	atomic_store(&moment, HOST_OPEN);
	OK(call_read(f.c, &file, 0, 4, buf, NULL));
	cr_expect_eq(memcmp(buf, "text", 4), 0);
}

Test(moved, a_file_that_is_written_is_not_stale)
{
	char buf[8];

	atomic_store(&moment, HOST_OPEN);
	OK(call_write(f.c, &file, 4, "ure", 3, FILE_SYNC, NULL));
	OK(call_read(f.c, &file, 0, 7, buf, NULL));
	cr_expect_eq(memcmp(buf, "texture", 7), 0);
}

Test(moved, a_file_that_is_committed_is_not_stale)
{
	atomic_store(&moment, HOST_OPEN);
	OK(call_commit(f.c, &file, NULL));
}

Test(moved, a_file_whose_size_is_set_is_not_stale)
{
	sattr3 s = call_size(2);
	wcc_data w;
	fattr3 at;

	atomic_store(&moment, HOST_OPEN);
	OK(call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->size, 2);
	OK(call_getattr(f.c, &file, &at));
	cr_expect_eq(at.size, 2);
}

Test(moved, a_file_whose_mode_is_set_is_not_stale)
{
	sattr3 s = call_mode(0600);
	fattr3 at;

	atomic_store(&moment, HOST_CHMOD);
	OK(call_setattr(f.c, &file, &s, NULL, NULL));
	OK(call_getattr(f.c, &file, &at));
	cr_expect_eq(at.mode, 0600);
}

Test(moved, a_link_that_is_read_is_not_stale)
{
	char target[8192];

	inside = "link";
	atomic_store(&moment, HOST_OPEN);
	OK(call_readlink(f.c, &ln, target, NULL));
	cr_expect_str_eq(target, "target");
}

Test(moved, a_file_that_gets_another_name_is_not_stale)
{
	/* The name to be made is temporary until it is linked. */
	atomic_store(&moment, HOST_LINK);
	OK(call_link(f.c, &file, &f.root, "third", NULL));
	OK(call_lookup(f.c, &f.root, "third", NULL));
}
