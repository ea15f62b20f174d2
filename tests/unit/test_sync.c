/*
 * What is made durable: the host's hook sees every fsync with its path (NULL
 * for that of an open file).
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/box.h"

static struct box b;

struct syncs {
	char	path[600][300];
	int	n, files, fail_at;
};
static struct syncs seen;

static int
note_syncs(void *ctx, enum host_op op, const char *path)
{
	struct syncs *s = ctx;

	if (op != HOST_SYNC)
		return 0;
	if (path == NULL) {
		s->files++;
		return 0;
	}
	cr_assert_lt(s->n, 600);
	(void)snprintf(s->path[s->n++], sizeof(s->path[0]), "%s", path);
	return s->n == s->fail_at ? EIO : 0;
}

static void
setup(void)
{
	box_make(&b, NULL, 0);
	host_set_hook(note_syncs, &seen);
}

static void
teardown(void)
{
	box_end(&b);
}

TestSuite(sync, .init = setup, .fini = teardown);

static void
sync_now(void)
{
	seen.n = seen.files = 0;
	cr_assert_eq(vault_sync_names(b.v, &b.e), 0, "%s", b.e.text);
}

static bool
synced(const char *path)
{
	for (int i = 0; i < seen.n; i++)
		if (strcmp(seen.path[i], path) == 0)
			return true;
	return false;
}

/* The entry on disk of name in the root: "d/XX/YYY/X.c9r" from a path in it. */
static const char *
entry_of(const char *name, const char *leaf)
{
	static char out[2][400];
	static int turn;
	struct entry ent;
	char *cmd, *slash;
	FILE *p;

	turn = !turn;
	cr_assert_eq(dir_lookup(b.root, b.a, name, strlen(name), &ent, &b.e),
	    0);
	if (ent.dir == NULL) {
		(void)snprintf(out[turn], 400, "%.*s", ent.loc.entry_len,
		    ent.loc.path);
	} else {
		size_t len;

		/* the only entry that holds this id */
		cmd = box_text("cd '%s' && grep -l %s %s/*/dir.c9r", b.path,
		    dir_id(ent.dir, &len), dir_path(b.root));
		p = popen(cmd, "r");
		cr_assert(p != NULL && fgets(out[turn], 300, p) != NULL);
		(void)pclose(p);
		slash = strrchr(out[turn], '/');
		*slash = '\0';
		free(cmd);
		dir_put(ent.dir);
	}
	if (leaf != NULL)
		(void)strcat(strcat(out[turn], "/"), leaf);
	return out[turn];
}

Test(sync, nothing_is_synced_when_nothing_changed)
{
	struct entry ent;

	sync_now();
	sync_now();
	cr_expect_eq(seen.n, 0);
	(void)box_find(&b, "/none", &ent);
	(void)box_unlink(&b, b.root, "none");
	sync_now();
	cr_expect_eq(seen.n, 0);
}

Test(sync, the_folder_of_a_new_or_lost_file_is_synced_once)
{
	box_file(&b, b.root, "a", "");
	box_file(&b, b.root, "b", "");
	sync_now();
	cr_expect_eq(seen.n, 1);
	cr_expect(synced(dir_path(b.root)));
	sync_now();
	cr_expect_eq(seen.n, 0);
	cr_assert_eq(box_unlink(&b, b.root, "a"), VERR_NONE);
	sync_now();
	cr_expect_eq(seen.n, 1);
	cr_expect(synced(dir_path(b.root)));
}

Test(sync, a_long_name_is_synced_with_all_that_makes_it)
{
	box_file(&b, b.root, BOX_LONG, "");
	sync_now();
	cr_expect(synced(dir_path(b.root)));
	cr_expect(synced(entry_of(BOX_LONG, NULL)));
	cr_expect(synced(entry_of(BOX_LONG, "name.c9s")));
}

Test(sync, a_new_directory_is_synced_with_its_id_and_all_folders)
{
	struct dir *d = box_mkdir(&b, b.root, "d");
	char upper[8];

	sync_now();
	(void)snprintf(upper, sizeof(upper), "%.4s", dir_path(d));
	cr_expect(synced(dir_path(b.root)), "the link's folder");
	cr_expect(synced(entry_of("d", NULL)), "the link");
	cr_expect(synced(entry_of("d", "dir.c9r")), "the id in it");
	cr_expect(synced("d"));
	cr_expect(synced(upper));
	cr_expect(synced(dir_path(d)), "the content");
	cr_assert_eq(box_rmdir(&b, b.root, "d"), VERR_NONE);
	sync_now();
	cr_expect(synced(dir_path(b.root)));
	dir_put(d);
}

Test(sync, a_new_link_is_synced_with_its_target)
{
	box_symlink(&b, b.root, "l", "to");
	sync_now();
	cr_expect(synced(dir_path(b.root)));
	cr_expect(synced(entry_of("l", NULL)));
	cr_expect(synced(entry_of("l", "symlink.c9r")));
}

Test(sync, both_ends_of_a_rename_are_synced)
{
	struct dir *d = box_mkdir(&b, b.root, "d");

	box_file(&b, b.root, "f", "");
	sync_now();
	cr_assert_eq(box_rename(&b, b.root, "f", d, "g"), VERR_NONE);
	sync_now();
	cr_expect(synced(dir_path(b.root)));
	cr_expect(synced(dir_path(d)));
	cr_assert_eq(box_rename(&b, d, "g", b.root, BOX_LONG), VERR_NONE);
	sync_now();
	cr_expect(synced(dir_path(b.root)));
	cr_expect(synced(dir_path(d)));
	cr_expect(synced(entry_of(BOX_LONG, NULL)));
	cr_expect(synced(entry_of(BOX_LONG, "name.c9s")));
	dir_put(d);
}

Test(sync, what_is_renamed_before_it_was_synced_is_synced_where_it_is)
{
	dir_put(box_mkdir(&b, b.root, "d"));
	cr_assert_eq(box_rename(&b, b.root, "d", b.root, "e"), VERR_NONE);
	sync_now();
	cr_expect(synced(entry_of("e", "dir.c9r")));
	cr_assert_eq(box_rename(&b, b.root, "e", b.root, BOX_LONG),
	    VERR_NONE);
	sync_now();
	cr_expect(synced(entry_of(BOX_LONG, "dir.c9r")));
	cr_expect(synced(entry_of(BOX_LONG, "name.c9s")));
}

Test(sync, what_is_gone_again_is_no_error)
{
	struct dir *d = box_mkdir(&b, b.root, "d");

	box_file(&b, d, "f", "");
	cr_assert_eq(box_unlink(&b, d, "f"), VERR_NONE);
	dir_put(d);
	cr_assert_eq(box_rmdir(&b, b.root, "d"), VERR_NONE);
	sync_now();
	cr_expect(synced(dir_path(b.root)));
}

Test(sync, a_sync_that_failed_is_told_and_done_again)
{
	struct dir *d = box_mkdir(&b, b.root, "d");
	int all;

	sync_now();
	all = seen.n;
	cr_assert_geq(all, 5);
	dir_put(d);
	for (int i = 1; i <= all; i++) {
		char name[20];

		(void)snprintf(name, sizeof(name), "d%d", i);
		dir_put(box_mkdir(&b, b.root, name));
		seen.n = 0;
		seen.fail_at = i;
		cr_expect_eq(BOX_CODE(&b, vault_sync_names(b.v, &b.e)),
		    VERR_IO);
		seen.fail_at = 0;
		sync_now();
		cr_expect_geq(seen.n, 1, "%d", i);
		cr_expect(i > 1 || synced(dir_path(b.root)));
		sync_now();
		cr_expect_eq(seen.n, 0);
	}
}

Test(sync, more_changes_than_are_noted_are_synced_together)
{
	char name[20];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		dir_put(box_mkdir(&b, b.root, name));
	}
	sync_now();		/* the whole file system, by one call */
	cr_expect_eq(seen.n, 0);
	box_file(&b, b.root, "f", "");
	sync_now();
	cr_expect_eq(seen.n, 1);
}

Test(sync, a_files_sync_takes_its_names_along)
{
	struct entry ent;
	struct file *f;

	box_file(&b, b.root, "f", "text");
	cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
	f = file_open(b.v, &ent.loc, ent.attr.fileid, true, &b.e);
	seen.n = seen.files = 0;
	cr_assert_eq(file_sync(f, &b.e), 0);
	cr_expect_eq(seen.files, 1);
	cr_expect(synced(dir_path(b.root)));
	seen.n = seen.files = 0;
	cr_assert_eq(file_sync(f, &b.e), 0);
	cr_expect_eq(seen.files, 0, "it has not changed since");
	cr_expect_eq(seen.n, 0);
	cr_assert_eq(file_write(f, 4, "more", 4, NULL, &b.e), 0);
	cr_assert_eq(file_sync(f, &b.e), 0);
	cr_expect_eq(seen.files, 1);
	cr_expect_eq(seen.n, 0);
	file_put(f);
}
