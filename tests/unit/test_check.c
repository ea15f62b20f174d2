/*
 * Each finding of a check, provoked alone: a small vault is broken in one way,
 * which is exactly what is found; where it can be mended, it is, nothing is
 * found then, and all that could be read can be read.
 */
#include "config.h"

#include "tests/unit/check_box.h"
#include "vault/size.h"

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

TestSuite(check, .init = setup, .fini = teardown);

/* What was to be seen before is to be seen again. */
static void
mend_all_of(enum check_kind kind, char *before)
{
	look_mend(&b, kind);
	box_expect_tree(&b, b.root, before);
	free(before);
}

Test(check, a_vault_of_ours_is_healthy)
{
	struct check_options o = { .contents = true, .offline = true,
	    .good = true };

	look_at(&b, true, false);
	look_expect_nothing("new");
	cr_expect_eq(look.sum.files, 7);
	cr_expect_eq(look.sum.symlinks, 2);
	cr_expect_eq(look.sum.dirs, 5);
	cr_expect_gt(look.sum.bytes, 4 * CIPHER_CHUNK);
	cr_expect_eq(look.sum.found[CHECK_GOOD], 5 + 7 + 3,
	    "directories, nodes, shortened names: %ju",
	    (uintmax_t)look.sum.found[CHECK_GOOD]);

	cr_assert_eq(look_run(&b, o), 0);
	cr_expect_eq(look.n, 5 + 7 + 3);
	cr_expect_eq(look.sum.found[CHECK_GOOD], look.n);
	look_at(&b, true, true);
	look_expect_nothing("repaired");
}

/* -- Directory Check */

Test(check, a_missing_dirid_is_written)
{
	struct dir *d = box_dir(&b, "/sub");
	char *p = in(dir_path(d), "dirid.c9r"), *before = box_tree(&b, b.root);
	size_t len;

	remove_it(&b, p);
	look_at(&b, true, false);
	look_expect(CHECK_MISSING_DIRID_BACKUP, CHECK_INFO, true, "/sub");
	dir_put(d);
	mend_all_of(CHECK_MISSING_DIRID_BACKUP, before);
	free(get_bytes(&b, p, &len));
	cr_expect_eq(len, 132, "vault-format 5.4");
	free(p);
}

Test(check, the_roots_dirid_is_written_too)
{
	char *p = in(dir_path(b.root), "dirid.c9r");

	remove_it(&b, p);
	look_at(&b, false, false);
	look_expect(CHECK_MISSING_DIRID_BACKUP, CHECK_INFO, true, "/");
	free(p);
	look_mend(&b, CHECK_MISSING_DIRID_BACKUP);
}

/* Of the two texts in LOST+FOUND, what one file says. */
static char *
lost_file(size_t *len)
{
	struct box_lines l = { .b = &b, .at = "" };
	struct dir *d = box_dir(&b, "/LOST+FOUND");
	char *path = NULL, *data;
	struct entry ent;

	cr_assert_eq(dir_list(d, b.a, 0, true, box_see, &l, &b.e), 0);
	dir_put(d);
	cr_assert_eq(l.n, 1);
	cr_assert_eq(sscanf(l.line[0], "%ms", &path), 1);
	cr_expect_eq(strncmp(path, "/file1_", 7), 0, "%s", path);
	free(l.line[0]);
	free(l.line);
	data = box_text("/LOST+FOUND%s", path);
	cr_assert_eq(box_find(&b, data, &ent), VERR_NONE);
	free(data);
	free(path);
	data = (char *)box_read(&b, &ent, len);
	cr_assert_not_null(data);
	return data;
}

Test(check, a_dirid_of_another_directory_is_replaced_and_kept)
{
	struct dir *d = box_dir(&b, "/sub"), *e = box_dir(&b, "/empty");
	char *p = in(dir_path(d), "dirid.c9r");
	char *q = in(dir_path(e), "dirid.c9r"), *raw, *kept;
	size_t len, n;

	dir_put(d);
	dir_put(e);
	raw = get_bytes(&b, q, &len);
	put_bytes(&b, p, raw, len);
	look_at(&b, false, false);
	look_expect(CHECK_WRONG_DIRID_BACKUP, CHECK_INFO, true, "/sub");
	look_mend(&b, CHECK_WRONG_DIRID_BACKUP);
	kept = lost_file(&n);
	cr_expect(n == len && memcmp(kept, raw, n) == 0, "nothing is lost");
	free(kept);
	free(raw);
	free(p);
	free(q);
}

Test(check, a_dirid_that_cannot_be_decrypted_is_replaced_and_kept)
{
	struct dir *d = box_dir(&b, "/sub");
	char *p = in(dir_path(d), "dirid.c9r"), *kept;
	size_t n;

	dir_put(d);
	put_bytes(&b, p, "rubbish", 7);
	look_at(&b, false, false);
	look_expect(CHECK_BAD_DIRID_BACKUP, CHECK_INFO, true, "/sub");
	look_mend(&b, CHECK_BAD_DIRID_BACKUP);
	kept = lost_file(&n);
	cr_expect(n == 7 && memcmp(kept, "rubbish", 7) == 0);
	free(kept);
	free(p);
}

Test(check, a_loose_dir_file_whose_id_is_known_is_removed)
{
	char *p = in(dir_path(b.root), "dir.c9r"), *before;
	struct dir *d = box_dir(&b, "/sub");
	const char *id;
	size_t len;

	before = box_tree(&b, b.root);
	id = dir_id(d, &len);
	put_bytes(&b, p, id, len);
	dir_put(d);
	look_at(&b, false, false);
	look_expect(CHECK_LOOSE_DIR_FILE, CHECK_INFO, true, "");
	mend_all_of(CHECK_LOOSE_DIR_FILE, before);
	cr_expect_not(is_there(&b, p));
	free(p);
}

Test(check, a_loose_dir_file_with_an_unknown_id_is_kept)
{
	char *kept;
	size_t n;

	put_bytes(&b, "d/dir.c9r", "who knows", 9);
	look_at(&b, false, false);
	look_expect(CHECK_LOOSE_DIR_FILE, CHECK_INFO, true, "");
	look_mend(&b, CHECK_LOOSE_DIR_FILE);
	kept = lost_file(&n);
	cr_expect(n == 9 && memcmp(kept, "who knows", 9) == 0);
	free(kept);
}

Test(check, a_missing_content_folder_is_made)
{
	struct dir *d = box_dir(&b, "/empty");
	char *p = in(dir_path(d), "dirid.c9r"), *before = box_tree(&b, b.root);

	remove_it(&b, p);
	remove_it(&b, dir_path(d));
	dir_put(d);
	look_at(&b, false, false);
	look_expect(CHECK_MISSING_CONTENT_DIR, CHECK_WARN, true, "/empty");
	mend_all_of(CHECK_MISSING_CONTENT_DIR, before);
	free(p);
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

/* The name that "d/XX/YYY" gets in LOST+FOUND. */
static char *
lost_name(const char *folder)
{
	return box_text("/LOST+FOUND/%.2s%s", folder + 2, folder + 5);
}

Test(check, an_orphan_with_a_dirid_keeps_every_name)
{
	struct dir *d = box_dir(&b, "/sub");
	char *name = lost_name(dir_path(d)), *before, *after;
	uint64_t id;
	struct vattr a;

	before = box_tree(&b, d);
	cr_assert_eq(dir_attr(d, &a, &b.e), 0);
	id = a.fileid;
	dir_put(d);
	unlink_dir("/sub");
	look_at(&b, false, false);
	look_expect(CHECK_ORPHAN_CONTENT_DIR, CHECK_WARN, true, "");
	cr_expect_eq(look.sum.files, 7, "what is in it is looked at too");
	look_mend(&b, CHECK_ORPHAN_CONTENT_DIR);
	d = box_dir(&b, name);
	after = box_tree(&b, d);
	cr_expect_str_eq(after, before);
	cr_assert_eq(dir_attr(d, &a, &b.e), 0);
	cr_expect_eq(a.fileid, id, "it is the same directory");
	dir_put(d);
	d = box_dir(&b, "/LOST+FOUND");
	cr_expect_str_eq(dir_id(d, &(size_t){ 0 }), "recovery");
	dir_put(d);
	free(name);
	free(before);
	free(after);
}

/* Paths without their last part, which is what an orphan loses. */
static char *
without_names(const char *tree)
{
	struct box_lines l = { .n = 0 };
	char *text = strdup(tree), *line;
	const char *sp;

	for (line = strtok(text, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		sp = strchr(line + strcspn(line, " "), ' ');
		box_add(&l, strdup(sp));
	}
	free(text);
	return box_join(&l);
}

Test(check, an_orphan_without_dirid_loses_its_names_only)
{
	struct dir *d = box_dir(&b, "/sub");
	char *name = lost_name(dir_path(d)), *folder = strdup(dir_path(d));
	char *p = in(folder, "dirid.c9r"), *before, *after, *is, *was;

	box_file(&b, d, LONG_FILE, "a long one");
	box_symlink(&b, d, "s", "t");
	box_symlink(&b, d, LONG_LINK, "u");
	before = box_tree(&b, d);
	dir_put(d);
	remove_it(&b, p);
	free(p);
	p = in(folder, "notes.txt");
	put_bytes(&b, p, "foreign", 7);
	unlink_dir("/sub");
	look_at(&b, false, true);
	cr_expect_eq(look.sum.repaired, 1);
	cr_expect_eq(look.sum.found[CHECK_INFO], 1, "the foreign file");
	cr_expect_not(is_there(&b, folder), "the orphan is gone");
	box_reopen(&b);
	d = box_dir(&b, name);
	after = box_tree(&b, d);
	is = without_names(after);
	was = without_names(before);
	cr_expect_str_eq(is, was);
	free(p);
	p = box_text("%s/notes.txt", dir_path(d));
	cr_expect(is_there(&b, p), "it moved along");
	dir_put(d);
	look_at(&b, true, false);
	look_expect(CHECK_FOREIGN, CHECK_INFO, false, "");
	cr_expect_not_null(strstr(after, "/directory1_"));
	cr_expect_not_null(strstr(after, "/file1_"));
	cr_expect_not_null(strstr(after, "/file2_"));
	cr_expect_not_null(strstr(after, "/symlink1_"));
	free(p);
	free(is);
	free(was);
	free(before);
	free(after);
	free(folder);
	free(name);
}

Test(check, an_empty_orphan_is_removed)
{
	struct dir *d = box_dir(&b, "/empty");
	char *folder = strdup(dir_path(d)), *before;

	dir_put(d);
	unlink_dir("/empty");
	before = box_tree(&b, b.root);
	look_at(&b, false, false);
	look_expect(CHECK_ORPHAN_CONTENT_DIR, CHECK_WARN, true, "");
	mend_all_of(CHECK_ORPHAN_CONTENT_DIR, before);
	cr_expect_not(is_there(&b, folder));
	free(folder);
}

Test(check, a_loop_in_the_air_is_one_orphan)
{
	char *link = rel_link(&b, "/sub"), *p = in(link, "dir.c9r"), *q, *id;
	struct dir *d = box_dir(&b, "/sub/deep");
	char name[NAME_DISK_MAX];
	size_t len;

	/* sub's only link is in its own sub-directory */
	id = get_bytes(&b, p, &len);
	name_any(&b, d, "up", 2, name);
	q = in(dir_path(d), name);
	dir_put(d);
	make_folder(&b, q);
	free(p);
	p = in(q, "dir.c9r");
	put_bytes(&b, p, id, len);
	unlink_dir("/sub");
	look_at(&b, false, false);
	cr_assert_eq(look.n, 2);
	cr_expect_eq(look.f[0].kind, CHECK_ORPHAN_CONTENT_DIR);
	cr_expect_eq(look.f[1].kind, CHECK_DIRID_CYCLE);
	look_at(&b, false, true);
	cr_expect_eq(look.sum.repaired, 1);
	look_at(&b, false, false);
	cr_assert_eq(look.n, 1, "the loop is still there, but reachable");
	cr_expect_eq(look.sum.files, 7);
	free(id);
	free(p);
	free(q);
	free(link);
}

Test(check, a_foreign_lost_and_found_stops_the_rescue)
{
	char *before;

	dir_put(box_mkdir(&b, b.root, "LOST+FOUND"));
	unlink_dir("/sub");
	before = box_tree(&b, b.root);
	look_at(&b, false, true);
	look_expect(CHECK_ORPHAN_CONTENT_DIR, CHECK_WARN, false, "");
	box_expect_tree(&b, b.root, before);
	free(before);
}

static void
write_id(const char *clear, const void *id, size_t len)
{
	char *link = rel_link(&b, clear), *p = in(link, "dir.c9r");

	put_bytes(&b, p, id, len);
	free(link);
	free(p);
	box_reopen(&b);
}

/* Its folder is an orphan then. */
static void
expect_two(enum check_kind one, enum check_kind two)
{
	char *text = look_text();

	cr_assert_eq(look.n, 2, "%s", text);
	cr_expect_eq(look.f[0].kind, one, "%s", text);
	cr_expect_eq(look.f[1].kind, two, "%s", text);
	free(text);
}

Test(check, an_empty_dir_file_is_critical)
{
	write_id("/sub", "", 0);
	look_at(&b, false, false);
	expect_two(CHECK_EMPTY_DIR_FILE, CHECK_ORPHAN_CONTENT_DIR);
	cr_expect_eq(look.f[0].severity, CHECK_CRITICAL);
	cr_expect_not(look.f[0].repairable);
	cr_expect_str_eq(look.f[0].clear, "/sub");
}

Test(check, an_obese_dir_file_is_critical)
{
	char id[1001];

	memset(id, 'i', sizeof(id));
	write_id("/sub", id, 37);
	look_at(&b, false, false);
	expect_two(CHECK_OBESE_DIR_FILE, CHECK_ORPHAN_CONTENT_DIR);
	cr_expect_eq(look.f[0].severity, CHECK_CRITICAL);
	cr_expect_not(look.f[0].repairable, "nobody meant this folder");
}

Test(check, a_dir_file_over_1000_bytes_is_not_followed)
{
	char id[1001];

	memset(id, 'i', sizeof(id));
	write_id("/empty", id, sizeof(id));
	look_at(&b, false, false);
	expect_two(CHECK_OBESE_DIR_FILE, CHECK_ORPHAN_CONTENT_DIR);
}

Test(check, a_second_link_is_a_collision)
{
	char *link = rel_link(&b, "/sub"), *p = in(link, "dir.c9r"), *id;
	size_t len;

	id = get_bytes(&b, p, &len);
	write_id("/empty", id, len);
	look_at(&b, false, false);
	expect_two(CHECK_DIRID_COLLISION, CHECK_ORPHAN_CONTENT_DIR);
	cr_expect_eq(look.f[0].severity, CHECK_CRITICAL);
	cr_expect_not(look.f[0].repairable);
	cr_expect_not_null(strstr(look.f[0].text, "first link: d/"));
	free(id);
	free(p);
	free(link);
}

Test(check, a_link_to_an_ancestor_is_a_cycle)
{
	char *link = rel_link(&b, "/sub"), *p = in(link, "dir.c9r"), *id;
	size_t len;

	id = get_bytes(&b, p, &len);
	write_id("/sub/deep", id, len);
	look_at(&b, false, false);
	expect_two(CHECK_DIRID_CYCLE, CHECK_ORPHAN_CONTENT_DIR);
	cr_expect_eq(look.f[0].severity, CHECK_CRITICAL);
	cr_expect_str_eq(look.f[0].clear, "/sub/deep");
	free(id);
	free(p);
	free(link);
}

Test(check, a_loose_dir_file_rescues_the_names_of_its_orphan)
{
	struct dir *d = box_dir(&b, "/sub");
	char *name = lost_name(dir_path(d)), *p = in(dir_path(d), "dirid.c9r");
	char *link = rel_link(&b, "/sub"), *from = in(link, "dir.c9r"), *to;
	char *before = box_tree(&b, d), *after;

	dir_put(d);
	remove_it(&b, p);
	to = in(dir_path(b.root), "dir.c9r");
	move_to(&b, from, to);
	remove_it(&b, link);
	box_reopen(&b);
	look_at(&b, false, false);
	cr_expect_eq(look.n, 3, "the file, the orphan, and its dirid.c9r");
	look_at(&b, false, true);
	look_at(&b, true, false);
	look_expect_nothing("after the repair");
	cr_expect_not(is_there(&b, to));
	box_reopen(&b);
	d = box_dir(&b, name);
	after = box_tree(&b, d);
	cr_expect_str_eq(after, before, "real names");
	dir_put(d);
	free(before);
	free(after);
	free(name);
	free(link);
	free(from);
	free(to);
	free(p);
}
