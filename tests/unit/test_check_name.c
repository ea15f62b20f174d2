/*
 * Names and long names as test_check.c has directories: each finding alone.
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

TestSuite(check_name, .init = setup, .fini = teardown);

/* What was to be seen before is to be seen again. */
static void
mend_all_of(enum check_kind kind, char *before)
{
	look_mend(&b, kind);
	box_expect_tree(&b, b.root, before);
	free(before);
}

/* -- Shortened Names Check */

Test(check_name, trailing_bytes_in_a_name_file_are_cut)
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

Test(check_name, a_wrong_short_name_of_a_file_is_put_right)
{
	mismatch("/" LONG_FILE, 1);
}

Test(check_name, a_wrong_short_name_of_a_symlink_is_put_right)
{
	mismatch("/" LONG_LINK, 1);
}

Test(check_name, a_wrong_short_name_of_a_directory_is_put_right)
{
	mismatch("/" LONG_DIR, 0);
}

Test(check_name, a_missing_long_name_is_critical)
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

Test(check_name, a_name_file_over_10240_bytes_is_obese)
{
	char big[10241];

	memset(big, 'x', sizeof(big));
	bad_name(big, sizeof(big), CHECK_OBESE_NAME_FILE);
}

Test(check_name, a_name_file_without_a_name_is_not_decodable)
{
	bad_name("no suffix", 9, CHECK_NOT_DECODABLE_LONG_NAME);
	bad_name("not base64.c9r", 14, CHECK_NOT_DECODABLE_LONG_NAME);
	bad_name("", 0, CHECK_NOT_DECODABLE_LONG_NAME);
}

/* -- names */

Test(check_name, a_needlessly_shortened_file_gets_its_short_name)
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

Test(check_name, a_needlessly_shortened_directory_gets_its_short_name)
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

Test(check_name, a_name_that_should_be_short_is_shortened)
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

Test(check_name, an_entry_of_another_directory_is_undecryptable)
{
	char *from = rel_of(&b, "/sub/inner", 0), *to;

	to = in(dir_path(b.root), strrchr(from, '/') + 1);
	move_to(&b, from, to);
	look_at(&b, true, true);
	look_expect(CHECK_UNDECRYPTABLE_NAME, CHECK_CRITICAL, false, "");
	free(from);
	free(to);
}

Test(check_name, a_conflict_copy_of_a_file_is_left_to_its_owner)
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

Test(check_name, a_conflict_copy_that_is_the_same_link_is_removed)
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

Test(check_name, a_name_in_another_normal_form_is_renamed)
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

Test(check_name, a_name_whose_normal_form_is_taken_stays)
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

Test(check_name, names_that_cannot_be_served_are_told)
{
	odd_name("..", 2, CHECK_NOT_SERVABLE, "/..");
	odd_name(".", 1, CHECK_NOT_SERVABLE, "/.");
	odd_name("a/b", 3, CHECK_NOT_SERVABLE, "/a/b");
	odd_name("a\0b", 3, CHECK_NOT_SERVABLE, "/a");
	odd_name("\xff\xfe", 2, CHECK_NOT_UTF8, "/\xff\xfe");
}

Test(check_name, foreign_files_are_told_but_not_the_usual_litter)
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
