/* dir_path.c and dirmap.c: from paths on disk to directories and names. */
#include "config.h"

#include "tests/unit/box.h"
#include "vault/dirmap.h"

static struct box b;
static struct dirmap *map;

static void
teardown(void)
{
	dirmap_free(map);
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(dir_path, .fini = teardown);

/* -- helpers */

static struct entry
found(const char *path)
{
	struct entry ent;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE, "%s", path);
	dir_put(ent.dir);
	return ent;
}

/* Is the directory of this folder the one at the clear path? */
static void
expect_dir(const char *folder, bool may_search, const char *clear)
{
	struct dir *want = box_dir(&b, clear), *d;

	d = dir_by_path(b.v, b.a, folder, may_search, &b.e);
	cr_expect_eq(d, want, "%s is not %s", folder, clear);
	dir_put(d);
	dir_put(want);
}

static void
expect_name(struct dir *d, const char *entry, const char *want)
{
	const char *name = "";
	size_t len = 0;

	b.e.code = VERR_NONE;
	cr_expect_eq(dir_clear_name(d, b.a, entry, strlen(entry), &name, &len,
	    &b.e), 0, "%s: %d %s", entry, b.e.code, b.e.text);
	cr_expect_str_eq(name, want);
	cr_expect_eq(len, strlen(want));
}

/* The entry's part of a path on disk. */
static char *
entry_of(const struct entry *ent)
{
	return strndup(ent->loc.path + NAME_DIRPATH_LEN + 1,
	    (size_t)ent->loc.entry_len - NAME_DIRPATH_LEN - 1);
}

static void
make_tree(void)
{
	struct dir *a, *c;

	box_make(&b, "SIV_GCM", 0);
	a = box_mkdir(&b, b.root, "a");
	c = box_mkdir(&b, a, BOX_LONG);
	box_file(&b, c, "file", "x");
	box_file(&b, a, BOX_LONG "f", "x");
	box_symlink(&b, c, "link", "to");
	dir_put(c);
	dir_put(a);
}

/* -- directories */

Test(dir_path, a_folder_is_found_by_its_dirid_without_a_search)
{
	char folder[64];

	make_tree();
	(void)strcpy(folder, found("/a/" BOX_LONG).loc.path);
	box_reopen(&b);
	expect_dir(folder, false, "/a/" BOX_LONG);
	expect_dir(dir_path(b.root), false, "/");
}

Test(dir_path, a_dirid_that_is_another_folders_is_not_believed)
{
	char folder[64], other[64], id[100], other_id[100];

	make_tree();
	(void)strcpy(folder, found("/a/" BOX_LONG).loc.path);
	(void)strcpy(other, found("/a").loc.path);
	(void)snprintf(id, sizeof(id), "%s/dirid.c9r", folder);
	(void)snprintf(other_id, sizeof(other_id), "%s/dirid.c9r", other);
	cr_assert_eq(unlink(box_disk(&b, id)), 0);
	cr_assert_eq(rename(box_disk(&b, other_id), box_disk(&b, id)), 0);
	box_reopen(&b);
	b.e.code = VERR_NONE;
	cr_expect_null(dir_by_path(b.v, b.a, folder, false, &b.e));
	cr_expect_eq(b.e.code, VERR_BUSY);
	expect_dir(folder, true, "/a/" BOX_LONG);
}

Test(dir_path, without_a_dirid_the_vault_is_searched)
{
	char folder[64], id[100];

	make_tree();
	(void)strcpy(folder, found("/a/" BOX_LONG).loc.path);
	(void)snprintf(id, sizeof(id), "%s/dirid.c9r", folder);
	cr_assert_eq(unlink(box_disk(&b, id)), 0);
	box_reopen(&b);
	cr_expect_null(dir_by_path(b.v, b.a, folder, false, NULL));
	expect_dir(folder, true, "/a/" BOX_LONG);
}

Test(dir_path, what_is_no_folder_is_refused)
{
	static const char *const bad[] = {
		"", "d", "d/AA", "d/AA/B",
		"/d/AA/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
		"e/AA/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
		"d/AA/BBBBBBBBBBBBBBBBBBBBBBBBBBBBB1",
		"d/AA/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
	};

	box_make(&b, "SIV_GCM", 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b.e.code = VERR_NONE;
		cr_expect_null(dir_by_path(b.v, b.a, bad[i], true, &b.e));
		cr_expect_eq(b.e.code, VERR_INVAL, "%s", bad[i]);
	}
	cr_expect_null(dir_by_path(b.v, b.a,
	    "d/AA/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", true, &b.e));
	cr_expect_eq(b.e.code, VERR_NOENT);
}

Test(dir_path, the_link_of_a_directory_is_known_once_it_was_reached)
{
	char link[VLOC_MAX];
	struct dir *d;

	make_tree();
	cr_expect_not(dir_link_of(b.root, link));
	d = box_dir(&b, "/a");
	cr_assert(dir_link_of(d, link));
	cr_expect_eq(strncmp(link, dir_path(b.root), NAME_DIRPATH_LEN), 0);
	(void)strcat(link, "/dir.c9r");
	cr_expect_eq(access(box_disk(&b, link), R_OK), 0, "%s", link);
	dir_put(d);
}

/* -- names */

Test(dir_path, names_come_back_from_entries)
{
	struct entry file, link, long_file;
	struct dir *a, *c;
	char *s;

	make_tree();
	a = box_dir(&b, "/a");
	c = box_dir(&b, "/a/" BOX_LONG);
	file = found("/a/" BOX_LONG "/file");
	link = found("/a/" BOX_LONG "/link");
	long_file = found("/a/" BOX_LONG "f");
	expect_name(c, s = entry_of(&file), "file");
	free(s);
	expect_name(c, s = entry_of(&link), "link");
	free(s);
	expect_name(a, s = entry_of(&long_file), BOX_LONG "f");
	free(s);
	dir_put(c);
	dir_put(a);
}

Test(dir_path, a_plain_name_need_not_be_there_any_more)
{
	struct entry file;
	struct dir *c;
	char *s;

	make_tree();
	c = box_dir(&b, "/a/" BOX_LONG);
	file = found("/a/" BOX_LONG "/file");
	cr_assert_eq(box_unlink(&b, c, "file"), VERR_NONE);
	expect_name(c, s = entry_of(&file), "file");
	free(s);
	dir_put(c);
}

Test(dir_path, a_name_of_another_directory_is_not_one_of_this)
{
	struct entry file;
	const char *name;
	size_t len;
	char *s;

	make_tree();
	file = found("/a/" BOX_LONG "/file");
	s = entry_of(&file);
	b.e.code = VERR_NONE;
	cr_expect_eq(dir_clear_name(b.root, b.a, s, strlen(s), &name, &len,
	    &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOENT);
	cr_expect_eq(dir_clear_name(b.root, b.a, "x.c9r", 5, &name, &len,
	    &b.e), -1);
	cr_expect_eq(b.e.code, VERR_INVAL);
	free(s);
}

/* Every name of a listing comes back from its entry, odd ones too. */
static bool
comes_back(void *ctx, const struct entry *ent)
{
	struct dir *d = ctx;
	char path[VLOC_MAX];
	const char *entry;
	size_t len;

	if (ent->dir != NULL) {
		cr_assert(dir_link_of(ent->dir, path));
		entry = path + NAME_DIRPATH_LEN + 1;
		len = strlen(entry);
	} else {
		entry = ent->loc.path + NAME_DIRPATH_LEN + 1;
		len = (size_t)ent->loc.entry_len - NAME_DIRPATH_LEN - 1;
	}
	(void)snprintf(path, sizeof(path), "%.*s", (int)len, entry);
	expect_name(d, path, ent->name);
	return true;
}

static void
all_come_back(struct dir *d)
{
	struct arena *a = arena_new(16 * 1024 * 1024);

	cr_assert_eq(dir_list(d, a, 0, true, comes_back, d, &b.e), 0);
	arena_free(a);
}

/* Clear paths of all directories in a text of box_tree(). */
static unsigned
each_dir(const char *tree, void (*fn)(const char *path))
{
	const char *line, *end;
	unsigned n = 0;
	char *path;

	for (line = tree; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end - line < 5 || memcmp(end - 4, " dir", 4) != 0)
			continue;
		path = strndup(line, (size_t)(end - line) - 4);
		fn(path);
		free(path);
		n++;
	}
	return n;
}

static void
names_of(const char *path)
{
	struct dir *d = box_dir(&b, path);

	all_come_back(d);
	dir_put(d);
}

Test(dir_path, in_the_edge_vault_every_name_shown_comes_back)
{
	char *tree;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	tree = box_tree(&b, b.root);
	all_come_back(b.root);
	cr_expect_gt(each_dir(tree, names_of), 10);
	free(tree);
}

/* -- the map */

static char *folders;	/* of all directories, one a line */

static void
note_folder(const char *path)
{
	char *s = box_text("%s%s %s\n", folders, found(path).loc.path, path);

	free(folders);
	folders = s;
}

static void
expect_map(const char *archive, const char *pass, unsigned min)
{
	const char *line, *end, *path;
	char folder[NAME_DIRPATH_LEN + 1], *tree, *want;
	struct dir *d;

	box_unpack(&b, archive, pass);
	tree = box_tree(&b, b.root);
	folders = box_text("%s /\n", dir_path(b.root));
	cr_expect_geq(each_dir(tree, note_folder), min);
	box_reopen(&b);
	map = dirmap_new(b.v, 1024 * 1024);
	cr_assert_not_null(map);
	for (line = folders; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		memcpy(folder, line, NAME_DIRPATH_LEN);
		folder[NAME_DIRPATH_LEN] = '\0';
		want = strndup(line + NAME_DIRPATH_LEN + 1,
		    (size_t)(end - line) - NAME_DIRPATH_LEN - 1);
		cr_assert_eq(dirmap_find(map, b.a, folder, &path, &d, &b.e),
		    0, "%s: %s", want, b.e.text);
		cr_expect_str_eq(path, want);
		cr_expect_str_eq(dir_path(d), folder);
		dir_put(d);
		free(want);
	}
	free(folders);
	free(tree);
}

Test(dir_path, the_map_knows_all_directories)
{
	expect_map("gen-cryptofs-sivgcm.tar.gz",
	    "p\xc3\xa4ssw\xc3\xb6rd 123", 3);
}

Test(dir_path, the_map_knows_all_directories_without_dirids)
{
	expect_map("gen-format7-sivctrmac.tar.gz", "pw", 1);
}

Test(dir_path, the_map_ends_in_a_vault_with_cycles)
{
	const char *path;
	struct dir *d;

	expect_map("edge-sivgcm.tar.gz", "edge", 10);
	b.e.code = VERR_NONE;
	cr_expect_eq(dirmap_find(map, b.a,
	    "d/AA/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBB", &path, &d, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOENT);
	cr_expect_eq(dirmap_find(map, b.a, "d", &path, &d, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_INVAL);
}

Test(dir_path, the_map_grows)
{
	char name[16], folder[64];
	const char *path;
	struct dir *d;

	box_make(&b, "SIV_GCM", 0);
	for (int i = 0; i < 700; i++) {
		(void)sprintf(name, "%d", i);
		dir_put(box_mkdir(&b, b.root, name));
	}
	(void)strcpy(folder, found("/555").loc.path);
	map = dirmap_new(b.v, 1024 * 1024);
	cr_assert_eq(dirmap_find(map, b.a, folder, &path, &d, &b.e), 0);
	cr_expect_str_eq(path, "/555");
	dir_put(d);
}

Test(dir_path, a_map_without_room_says_so)
{
	char folder[64], name[256];
	const char *path;
	struct dir *d;

	box_make(&b, "SIV_GCM", 0);
	for (int i = 0; i < 50; i++) {
		(void)sprintf(name, "%s%d", BOX_LONG, i);
		d = box_mkdir(&b, b.root, name);
		(void)strcpy(folder, dir_path(d));
		dir_put(d);
	}
	folder[6] = folder[6] == 'A' ? 'B' : 'A';
	map = dirmap_new(b.v, 4096);
	cr_assert_not_null(map);
	b.e.code = VERR_NONE;
	cr_expect_eq(dirmap_find(map, b.a, folder, &path, &d, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOMEM);
}
