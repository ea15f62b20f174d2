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

/* -- Resource Type Check */

Test(check, an_empty_node_is_removed)
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

Test(check, a_shortened_node_with_nothing_but_its_name_is_removed)
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

Test(check, a_node_of_unknown_type_with_something_in_it_stays)
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

Test(check, a_node_of_two_types_is_ambiguous)
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

Test(check, what_is_no_file_is_reported)
{
	char name[NAME_DISK_MAX], *p;

	name_any(&b, b.root, "pipe", 4, name);
	p = in(dir_path(b.root), name);
	cr_assert_eq(mkfifo(box_disk(&b, p), 0644), 0);
	look_at(&b, true, true);
	look_expect(CHECK_NOT_A_FILE, CHECK_CRITICAL, false, "");
	free(p);
}

/* -- Shortened Names Check */

Test(check, trailing_bytes_in_a_name_file_are_cut)
{
	char *entry = rel_of(&b, "/" LONG_FILE, 1), *p, *raw;
	char *before = box_tree(&b, b.root);
	size_t len, n;

	p = in(entry, "name.c9s");
	raw = get_bytes(&b, p, &len);
	raw[len] = '\n';
	put_bytes(&b, p, raw, len + 1);
	look_at(&b, false, false);
	look_expect(CHECK_TRAILING_BYTES, CHECK_WARN, true, "/" LONG_FILE);
	mend_all_of(CHECK_TRAILING_BYTES, before);
	free(raw);
	raw = get_bytes(&b, p, &n);
	cr_expect_eq(n, len);
	free(raw);
	free(p);
	free(entry);
}

static void
mismatch(const char *clear, int up)
{
	char *before = box_tree(&b, b.root), *wrong;
	char *entry = up > 0 ? rel_of(&b, clear, up) : rel_link(&b, clear);

	wrong = box_text("%s/AAAAAAAAAAAAAAAAAAAAAAAAAAA=.c9s",
	    dir_path(b.root));
	move_to(&b, entry, wrong);
	box_reopen(&b);
	look_at(&b, false, false);
	look_expect(CHECK_LONG_SHORT_MISMATCH, CHECK_WARN, true, clear);
	mend_all_of(CHECK_LONG_SHORT_MISMATCH, before);
	cr_expect(is_there(&b, entry));
	free(entry);
	free(wrong);
}

Test(check, a_wrong_short_name_of_a_file_is_put_right)
{
	mismatch("/" LONG_FILE, 1);
}

Test(check, a_wrong_short_name_of_a_symlink_is_put_right)
{
	mismatch("/" LONG_LINK, 1);
}

Test(check, a_wrong_short_name_of_a_directory_is_put_right)
{
	mismatch("/" LONG_DIR, 0);
}

Test(check, a_missing_long_name_is_critical)
{
	char *entry = rel_of(&b, "/" LONG_FILE, 1), *p = in(entry, "name.c9s");

	remove_it(&b, p);
	look_at(&b, true, true);
	look_expect(CHECK_MISSING_LONG_NAME, CHECK_CRITICAL, false, "");
	free(p);
	free(entry);
}

static void
bad_name(const void *data, size_t len, enum check_kind kind)
{
	char *entry = rel_of(&b, "/" LONG_FILE, 1), *p = in(entry, "name.c9s");

	put_bytes(&b, p, data, len);
	look_at(&b, true, true);
	look_expect(kind, CHECK_CRITICAL, false, "");
	free(p);
	free(entry);
}

Test(check, a_name_file_over_10240_bytes_is_obese)
{
	char big[10241];

	memset(big, 'x', sizeof(big));
	bad_name(big, sizeof(big), CHECK_OBESE_NAME_FILE);
}

Test(check, a_name_file_without_a_name_is_not_decodable)
{
	bad_name("no suffix", 9, CHECK_NOT_DECODABLE_LONG_NAME);
	bad_name("not base64.c9r", 14, CHECK_NOT_DECODABLE_LONG_NAME);
	bad_name("", 0, CHECK_NOT_DECODABLE_LONG_NAME);
}

/* -- names */

Test(check, a_needlessly_shortened_file_gets_its_short_name)
{
	char *from = rel_of(&b, "/file", 0), *name = strrchr(from, '/') + 1;
	char hash[NAME_SHORT_LEN + 1], *entry, *p, *before;

	before = box_tree(&b, b.root);
	name_shorten(name, strlen(name), hash);
	entry = in(dir_path(b.root), hash);
	make_folder(&b, entry);
	p = in(entry, "name.c9s");
	put_bytes(&b, p, name, strlen(name));
	free(p);
	p = in(entry, "contents.c9r");
	move_to(&b, from, p);
	look_at(&b, true, false);
	look_expect(CHECK_NEEDLESSLY_SHORTENED, CHECK_WARN, true, "/file");
	mend_all_of(CHECK_NEEDLESSLY_SHORTENED, before);
	cr_expect(is_there(&b, from));
	cr_expect_not(is_there(&b, entry));
	free(p);
	free(entry);
	free(from);
}

Test(check, a_needlessly_shortened_directory_gets_its_short_name)
{
	char *from = rel_link(&b, "/sub"), *name = strrchr(from, '/') + 1;
	char hash[NAME_SHORT_LEN + 1], *entry, *p, *before;

	before = box_tree(&b, b.root);
	name_shorten(name, strlen(name), hash);
	entry = in(dir_path(b.root), hash);
	move_to(&b, from, entry);
	p = in(entry, "name.c9s");
	put_bytes(&b, p, name, strlen(name));
	box_reopen(&b);
	look_at(&b, true, false);
	look_expect(CHECK_NEEDLESSLY_SHORTENED, CHECK_WARN, true, "/sub");
	mend_all_of(CHECK_NEEDLESSLY_SHORTENED, before);
	cr_expect(is_there(&b, from));
	free(p);
	p = in(from, "name.c9s");
	cr_expect_not(is_there(&b, p));
	free(p);
	free(entry);
	free(from);
}

/* 155 bytes: 232 characters on disk, over the threshold but possible. */
#define NOT_SHORT	BOX_N50 BOX_N50 BOX_N50 "12345"

Test(check, a_name_that_should_be_short_is_shortened)
{
	char name[NAME_DISK_MAX], *to, *from, *p, *before;

	box_file(&b, b.root, NOT_SHORT, "unshortened");
	before = box_tree(&b, b.root);
	from = rel_of(&b, "/" NOT_SHORT, 0);
	name_any(&b, b.root, NOT_SHORT, strlen(NOT_SHORT), name);
	to = in(dir_path(b.root), name);
	move_to(&b, from, to);
	cut_leaf(from);
	p = in(from, "name.c9s");
	remove_it(&b, p);
	free(p);
	remove_it(&b, from);
	look_at(&b, false, false);
	look_expect(CHECK_NOT_SHORTENED, CHECK_WARN, true, "/" NOT_SHORT);
	mend_all_of(CHECK_NOT_SHORTENED, before);
	cr_expect_not(is_there(&b, to));
	free(to);
	free(from);
}

Test(check, an_entry_of_another_directory_is_undecryptable)
{
	char *from = rel_of(&b, "/sub/inner", 0), *to;

	to = in(dir_path(b.root), strrchr(from, '/') + 1);
	move_to(&b, from, to);
	look_at(&b, true, true);
	look_expect(CHECK_UNDECRYPTABLE_NAME, CHECK_CRITICAL, false, "");
	free(from);
	free(to);
}

Test(check, a_conflict_copy_of_a_file_is_left_to_its_owner)
{
	char *from = rel_of(&b, "/file", 0), *to, *raw;
	size_t len;

	raw = get_bytes(&b, from, &len);
	to = box_text("%.*s (Created by Alice).c9r", (int)strlen(from) - 4,
	    from);
	put_bytes(&b, to, raw, len);
	look_at(&b, true, true);
	look_expect(CHECK_CONFLICT_COPY, CHECK_WARN, false,
	    "/file (Created by Alice)");
	free(raw);
	free(from);
	free(to);
}

Test(check, a_conflict_copy_that_is_the_same_link_is_removed)
{
	char *from = rel_link(&b, "/sub"), *to, *p, *q, *raw, *before;
	size_t len;

	before = box_tree(&b, b.root);
	p = in(from, "dir.c9r");
	raw = get_bytes(&b, p, &len);
	to = box_text("%.*s (1).c9r", (int)strlen(from) - 4, from);
	make_folder(&b, to);
	q = in(to, "dir.c9r");
	put_bytes(&b, q, raw, len);
	look_at(&b, true, false);
	look_expect(CHECK_CONFLICT_COPY, CHECK_WARN, true, "/sub (1)");
	mend_all_of(CHECK_CONFLICT_COPY, before);
	cr_expect(is_there(&b, p));
	cr_expect_not(is_there(&b, to));
	free(raw);
	free(from);
	free(to);
	free(p);
	free(q);
}

Test(check, a_name_in_another_normal_form_is_renamed)
{
	char name[NAME_DISK_MAX], *from = rel_of(&b, "/file", 0), *to;

	name_any(&b, b.root, "e\xcc\x81", 3, name);
	to = in(dir_path(b.root), name);
	move_to(&b, from, to);
	look_at(&b, false, false);
	look_expect(CHECK_NOT_NORMALIZED, CHECK_WARN, true, "/e\xcc\x81");
	look_mend(&b, CHECK_NOT_NORMALIZED);
	cr_expect_not(is_there(&b, to));
	name_any(&b, b.root, "\xc3\xa9", 2, name);
	free(to);
	to = in(dir_path(b.root), name);
	cr_expect(is_there(&b, to), "it has the name that Cryptomator makes");
	free(to);
	free(from);
}

Test(check, a_name_whose_normal_form_is_taken_stays)
{
	char name[NAME_DISK_MAX], *from = rel_of(&b, "/file", 0), *to;

	box_file(&b, b.root, "\xc3\xa9", "the other");
	name_any(&b, b.root, "e\xcc\x81", 3, name);
	to = in(dir_path(b.root), name);
	move_to(&b, from, to);
	look_at(&b, false, true);
	look_expect(CHECK_NOT_NORMALIZED, CHECK_WARN, false, "/e\xcc\x81");
	cr_expect(is_there(&b, to));
	free(to);
	free(from);
}

static void
odd_name(const void *clear, size_t len, enum check_kind kind,
    const char *shown)
{
	char name[NAME_DISK_MAX], *from = rel_of(&b, "/file", 0), *to;

	name_any(&b, b.root, clear, len, name);
	to = in(dir_path(b.root), name);
	move_to(&b, from, to);
	look_at(&b, false, true);
	look_expect(kind, CHECK_WARN, false, shown);
	move_to(&b, to, from);
	free(to);
	free(from);
}

Test(check, names_that_cannot_be_served_are_told)
{
	odd_name("..", 2, CHECK_NOT_SERVABLE, "/..");
	odd_name(".", 1, CHECK_NOT_SERVABLE, "/.");
	odd_name("a/b", 3, CHECK_NOT_SERVABLE, "/a/b");
	odd_name("a\0b", 3, CHECK_NOT_SERVABLE, "/a");
	odd_name("\xff\xfe", 2, CHECK_NOT_UTF8, "/\xff\xfe");
}

Test(check, foreign_files_are_told_but_not_the_usual_litter)
{
	static const char *const litter[] = { ".DS_Store", "desktop.ini",
	    "Thumbs.db", "._x", ".nfs0001",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==.c9u" };
	char *p;

	for (size_t i = 0; i < sizeof(litter) / sizeof(litter[0]); i++) {
		p = in(dir_path(b.root), litter[i]);
		put_bytes(&b, p, "x", 1);
		free(p);
	}
	p = in(dir_path(b.root), "readme.txt");
	put_bytes(&b, p, "x", 1);
	look_at(&b, true, true);
	look_expect(CHECK_FOREIGN, CHECK_INFO, false, "");
	cr_expect(is_there(&b, p));
	free(p);
}

Test(check, what_is_new_is_not_judged_while_the_vault_is_used)
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

Test(check, a_read_only_vault_is_checked_but_not_repaired)
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

Test(check, progress_can_stop_it)
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

Test(check, what_cannot_be_read_is_told_and_nothing_is_taken_for_an_orphan)
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
