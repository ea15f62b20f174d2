/*
 * Types of nodes as test_check.c has directories; and what stops a check.
 */
#include "config.h"

#include "tests/unit/check_box.h"

static struct box b;

static void
setup(void)
{
	look_make(&b, "SIV_GCM");
}

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(check_node, .init = setup, .fini = teardown);

/* What was to be seen before is to be seen again. */
static void
mend_all_of(enum check_kind kind, char *before)
{
	look_mend(&b, kind);
	box_expect_tree(&b, b.root, before);
	free(before);
}

/* The id of a directory, with its link taken away. */
static void
unlink_dir(const char *clear)
{
	char *link = rel_link(&b, clear), *p = in(link, "dir.c9r");

	remove_it(&b, p);
	remove_it(&b, link);
	free(p);
	free(link);
	box_reopen(&b);
}

/* -- Resource Type Check */

Test(check_node, an_empty_node_is_removed)
{
	char name[NAME_DISK_MAX], *p, *before = box_tree(&b, b.root);

	name_any(&b, b.root, "ghost", 5, name);
	p = in(dir_path(b.root), name);
	make_folder(&b, p);
	look_at(&b, false, false);
	look_expect(CHECK_UNKNOWN_TYPE, CHECK_CRITICAL, true, "/ghost");
	mend_all_of(CHECK_UNKNOWN_TYPE, before);
	cr_expect_not(is_there(&b, p));
	free(p);
}

Test(check_node, a_shortened_node_with_nothing_but_its_name_is_removed)
{
	char *entry = rel_of(&b, "/" LONG_FILE, 1), *before;
	char *p = in(entry, "contents.c9r");

	remove_it(&b, p);
	before = box_tree(&b, b.root);
	look_at(&b, false, false);
	look_expect(CHECK_UNKNOWN_TYPE, CHECK_CRITICAL, true, "/" LONG_FILE);
	mend_all_of(CHECK_UNKNOWN_TYPE, before);
	cr_expect_not(is_there(&b, entry));
	free(p);
	free(entry);
}

Test(check_node, a_node_of_unknown_type_with_something_in_it_stays)
{
	char name[NAME_DISK_MAX], *p, *q;

	name_any(&b, b.root, "ghost", 5, name);
	p = in(dir_path(b.root), name);
	make_folder(&b, p);
	q = in(p, "precious.txt");
	put_bytes(&b, q, "data", 4);
	look_at(&b, false, true);
	look_expect(CHECK_UNKNOWN_TYPE, CHECK_CRITICAL, false, "/ghost");
	cr_expect(is_there(&b, q));
	free(p);
	free(q);
}

Test(check_node, a_node_of_two_types_is_ambiguous)
{
	char *link = rel_link(&b, "/sub"), *p = in(link, "symlink.c9r");
	char *target = rel_of(&b, "/link", 0), *raw;
	size_t len;

	raw = get_bytes(&b, target, &len);
	put_bytes(&b, p, raw, len);
	look_at(&b, false, true);
	look_expect(CHECK_AMBIGUOUS_TYPE, CHECK_CRITICAL, false, "/sub");
	cr_expect_eq(look.sum.files, 7, "it is walked as a directory");
	free(raw);
	free(p);
	free(link);
	free(target);
}

Test(check_node, what_is_no_file_is_reported)
{
	char name[NAME_DISK_MAX], *p;

	name_any(&b, b.root, "pipe", 4, name);
	p = in(dir_path(b.root), name);
	cr_assert_eq(mkfifo(box_disk(&b, p), 0644), 0);
	look_at(&b, true, true);
	look_expect(CHECK_NOT_A_FILE, CHECK_CRITICAL, false, "");
	free(p);
}

/* -- what is too new, cannot be read, must not be written */

Test(check_node, what_is_new_is_not_judged_while_the_vault_is_used)
{
	struct check_options o = { .contents = true, .repair = true };
	char name[NAME_DISK_MAX], *p, *q;

	name_any(&b, b.root, "ghost", 5, name);
	p = in(dir_path(b.root), name);
	make_folder(&b, p);
	q = in(dir_path(b.root), "vnfs-0123456789abc.tmp");
	put_bytes(&b, q, "", 0);
	unlink_dir("/empty");
	cr_assert_eq(look_run(&b, o), 0);
	look_expect_nothing("so new");
	cr_expect_eq(look.sum.recent, 3);
	cr_expect(is_there(&b, p) && is_there(&b, q));
	free(p);
	free(q);
}

Test(check_node, a_read_only_vault_is_checked_but_not_repaired)
{
	struct vault_options ro = { .read_only = true };
	struct check_options o = { .repair = true };

	box_close(&b);
	box_open_as(&b, &ro);
	look_at(&b, true, false);
	look_expect_nothing("read-only");
	cr_expect_eq(look_run(&b, o), -1);
	cr_expect_eq(b.e.code, VERR_ROFS);
}

static bool
stop_at_once(void *ctx, uint64_t entries, uint64_t bytes)
{
	(void)ctx, (void)entries;
	return bytes == 0;
}

Test(check_node, progress_can_stop_it)
{
	struct check_options o = { .contents = true,
	    .progress = stop_at_once };

	cr_expect_eq(look_run(&b, o), -1);
	cr_expect_eq(b.e.code, VERR_IO);
}

static int
no_reading(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	return op == HOST_OPENDIR && path != NULL && strlen(path) == 35 &&
	    strcmp(path, dir_path(b.root)) != 0 ? EIO : 0;
}

Test(check_node, what_cannot_be_read_is_told_and_nothing_is_taken_for_an_orphan)
{
	look_at(&b, false, false);
	host_set_hook(no_reading, NULL);
	look_at(&b, false, true);
	host_set_hook(NULL, NULL);
	cr_expect_gt(look.n, 0);
	for (size_t i = 0; i < look.n; i++) {
		cr_expect_not(look.f[i].repaired);
		cr_expect_not(look.f[i].repairable);
		cr_expect(look.f[i].kind == CHECK_FAILED ||
		    look.f[i].kind == CHECK_ORPHAN_CONTENT_DIR);
	}
	look_at(&b, true, false);
	look_expect_nothing("afterwards");
}
