/*
 * What our own operations leave when they are stopped, made by hand: told,
 * what is superfluous goes, and what holds data is in LOST+FOUND afterwards.
 */
#include "config.h"

#include "tests/unit/check_box.h"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
	b.dir = NULL;
}

TestSuite(check_repair, .fini = teardown);

/* -- leftovers, made by hand */

static char *
leftover(void)
{
	return in(dir_path(b.root), "vnfs-0123456789abc.tmp");
}

static void
expect_left(enum check_severity s, char *before)
{
	char *p = leftover();

	box_reopen(&b);
	look_at(&b, true, false);
	look_expect(CHECK_LEFTOVER, s, true, "");
	look_mend(&b, CHECK_LEFTOVER);
	cr_expect_not(is_there(&b, p));
	free(p);
	if (before != NULL)
		box_expect_tree(&b, b.root, before);
	free(before);
}

Test(check_repair, an_empty_leftover_is_removed)
{
	char *p, *before;

	look_make(&b, "SIV_GCM");
	p = leftover();
	before = box_tree(&b, b.root);
	put_bytes(&b, p, "", 0);
	expect_left(CHECK_INFO, strdup(before));
	make_folder(&b, p);
	expect_left(CHECK_INFO, strdup(before));
	put_bytes(&b, p, "half a header", 13);
	expect_left(CHECK_INFO, before);
	free(p);
}

Test(check_repair, a_long_name_on_its_way_is_a_copy)
{
	char *entry, *name, *p, *before, *raw;
	size_t len;

	look_make(&b, "SIV_GCM");
	before = box_tree(&b, b.root);
	entry = rel_of(&b, "/" LONG_FILE, 1);
	name = in(entry, "name.c9s");
	raw = get_bytes(&b, name, &len);
	p = leftover();
	put_bytes(&b, p, raw, len);
	expect_left(CHECK_INFO, before);
	free(raw);
	free(p);
	free(name);
	free(entry);
}

Test(check_repair, a_dirid_on_its_way_is_a_copy)
{
	struct dir *d;
	char *p, *q, *raw;
	size_t len;

	look_make(&b, "SIV_GCM");
	d = box_dir(&b, "/sub");
	p = in(dir_path(d), "dirid.c9r");
	q = in(dir_path(d), "vnfs-0123456789abc.tmp");
	dir_put(d);
	raw = get_bytes(&b, p, &len);
	put_bytes(&b, q, raw, len);
	look_at(&b, true, false);
	look_expect(CHECK_LEFTOVER, CHECK_INFO, true, "");
	look_mend(&b, CHECK_LEFTOVER);
	free(raw);
	free(p);
	free(q);
}

Test(check_repair, a_link_that_is_known_elsewhere_is_a_copy)
{
	char *link, *from, *p, *to, *raw, *before;
	size_t len;

	look_make(&b, "SIV_GCM");
	before = box_tree(&b, b.root);
	link = rel_link(&b, "/sub");
	from = in(link, "dir.c9r");
	raw = get_bytes(&b, from, &len);
	p = leftover();
	make_folder(&b, p);
	to = in(p, "dir.c9r");
	put_bytes(&b, to, raw, len);
	expect_left(CHECK_INFO, before);
	free(raw);
	free(to);
	free(p);
	free(from);
	free(link);
}

/* The first path in LOST+FOUND that starts so. */
static char *
lost_path(const char *prefix)
{
	struct dir *d = box_dir(&b, "/LOST+FOUND");
	char *tree = box_tree(&b, d), *line, *path = NULL;

	for (line = strtok(tree, "\n"); line != NULL && path == NULL;
	    line = strtok(NULL, "\n"))
		if (strncmp(line + 1, prefix, strlen(prefix)) == 0)
			path = box_text("/LOST+FOUND%.*s",
			    (int)strcspn(line, " "), line);
	cr_assert_not_null(path, "no %s", prefix);
	dir_put(d);
	free(tree);
	return path;
}

/* The object at a clear path becomes a leftover, and then is in LOST+FOUND. */
static void
lose(const char *clear, bool is_dir, int up, const char *lost)
{
	char *from = is_dir ? rel_link(&b, clear) : rel_of(&b, clear, up);
	char *p = leftover(), *was, *is, *path;
	struct entry ent;

	cr_assert_eq(box_find(&b, clear, &ent), VERR_NONE);
	was = is_dir ? box_tree(&b, ent.dir) : box_line(&b, "X", &ent);
	path = is_dir ? box_text("%.2s%s", dir_path(ent.dir) + 2,
	    dir_path(ent.dir) + 5) : NULL;
	dir_put(ent.dir);
	move_to(&b, from, p);
	expect_left(CHECK_WARN, NULL);
	if (lost == NULL)
		lost = path;
	free(p);
	p = lost_path(lost);
	cr_assert_eq(box_find(&b, p, &ent), VERR_NONE, "%s", p);
	is = is_dir ? box_tree(&b, ent.dir) : box_line(&b, "X", &ent);
	dir_put(ent.dir);
	cr_expect_str_eq(is, was);
	free(path);
	free(was);
	free(is);
	free(p);
	free(from);
}

Test(check_repair, data_in_a_leftover_goes_to_lost_and_found)
{
	look_make(&b, "SIV_GCM");
	lose("/file", false, 0, "file1_");
	lose("/link", false, 1, "symlink1_");
	lose("/sub", true, 0, NULL);
	lose("/" LONG_FILE, false, 1, LONG_FILE);
	lose("/" LONG_LINK, false, 1, LONG_LINK);
	lose("/" LONG_DIR, true, 0, LONG_DIR);
}

Test(check_repair, an_empty_directory_that_was_being_removed_is)
{
	char *from, *p, *before, *folder;
	struct dir *d;

	look_make(&b, "SIV_GCM");
	d = box_dir(&b, "/empty");
	folder = strdup(dir_path(d));
	dir_put(d);
	from = rel_link(&b, "/empty");
	p = leftover();
	move_to(&b, from, p);
	box_reopen(&b);
	before = box_tree(&b, b.root);
	expect_left(CHECK_INFO, before);
	cr_expect_not(is_there(&b, folder));
	free(folder);
	free(p);
	free(from);
}

Test(check_repair, bytes_that_mean_nothing_are_kept_all_the_same)
{
	char rubbish[500], *p, *path;
	struct entry ent;
	uint8_t *data;
	size_t len;

	look_make(&b, "SIV_GCM");
	memset(rubbish, 'r', sizeof(rubbish));
	p = leftover();
	put_bytes(&b, p, rubbish, sizeof(rubbish));
	expect_left(CHECK_WARN, NULL);
	path = lost_path("file1_");
	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE);
	data = box_read(&b, &ent, &len);
	cr_assert_not_null(data);
	cr_expect(len == sizeof(rubbish) && memcmp(data, rubbish, len) == 0);
	free(data);
	free(path);
	free(p);
}

Test(check_repair, a_repair_goes_on_as_long_as_it_finds_something)
{
	/* bytes too many, a wrong hash, and a name that is not normalized */
	static const char clear[] = BOX_N50 BOX_N50 BOX_N50 "e\xcc\x81";
	static const char nfc[] = "/" BOX_N50 BOX_N50 BOX_N50 "\xc3\xa9";
	char name[NAME_DISK_MAX + 1], *from, *folder, *p;

	look_make(&b, "SIV_GCM");
	name_any(&b, b.root, clear, strlen(clear), name);
	(void)strcat(name, "\n");
	folder = in(dir_path(b.root), "BBBBBBBBBBBBBBBBBBBBBBBBBBB=.c9s");
	make_folder(&b, folder);
	p = in(folder, "name.c9s");
	put_bytes(&b, p, name, strlen(name));
	free(p);
	p = in(folder, "contents.c9r");
	from = rel_of(&b, "/file", 0);
	move_to(&b, from, p);
	look_at(&b, true, true);
	cr_expect_eq(look.sum.repaired, 3);
	cr_expect_eq(look.n, 3);
	look_at(&b, true, false);
	look_expect_nothing("after the repair");
	box_reopen(&b);
	cr_expect(box_has(&b, nfc));
	free(from);
	free(p);
	free(folder);
}

Test(check_repair, what_only_a_person_can_judge_stays)
{
	char *p, *q;

	look_make(&b, "SIV_GCM");
	p = leftover();
	make_folder(&b, p);
	q = in(p, "thesis.txt");
	put_bytes(&b, q, "years of work", 13);
	look_at(&b, true, true);
	look_expect(CHECK_LEFTOVER, CHECK_WARN, false, "");
	cr_expect(is_there(&b, q));
	free(p);
	free(q);
}

Test(check_repair, a_stale_name_in_a_short_entry_is_removed)
{
	char *link, *p, *before;

	look_make(&b, "SIV_GCM");
	before = box_tree(&b, b.root);
	link = rel_link(&b, "/sub");
	p = in(link, "name.c9s");
	put_bytes(&b, p, "whatever.c9r", 12);
	look_at(&b, true, false);
	look_expect(CHECK_LEFTOVER, CHECK_INFO, true, "/sub");
	look_mend(&b, CHECK_LEFTOVER);
	box_expect_tree(&b, b.root, before);
	free(before);
	free(p);
	free(link);
}
