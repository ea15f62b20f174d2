/*
 * Making, finding, listing and taking away.  Names that no writer of ours
 * makes: test_dir_odd.c.  Finding by inode and hash: test_dir_find.c.
 */
#include "config.h"

#include <utime.h>

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"
#include "vault/name.h"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(dir, .fini = teardown);

/* -- all kinds of objects in all kinds of names */

/* Names that are short and long at a threshold of 36 and of 220. */
static const char *const names[] = {
	"a", "name.txt", "ten-bytes!", "fifteen bytes..", "sixteen bytes...",
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	BOX_N50 BOX_N50 "46 bytes more to make it one hundred forty six",
	BOX_N50 BOX_N50 "47 bytes more to make it one hundred forty seve",
	BOX_LONG,
	BOX_LONG "and fifty-five bytes more, which makes it the longest..",
};
#define N_NAMES	(sizeof(names) / sizeof(names[0]))

static void
make_all(struct dir *d)
{
	char name[300];
	struct dir *sub;

	for (size_t i = 0; i < N_NAMES; i++) {
		(void)snprintf(name, sizeof(name), "F%.254s", names[i]);
		box_file(&b, d, name, names[i]);
		name[0] = 'L';
		box_symlink(&b, d, name, names[i]);
		name[0] = 'D';
		sub = box_mkdir(&b, d, name);
		box_file(&b, sub, names[i], "inside");
		dir_put(sub);
	}
}

static void
drop_all(struct dir *d)
{
	char name[300], path[600];
	struct dir *sub;

	for (size_t i = 0; i < N_NAMES; i++) {
		(void)snprintf(name, sizeof(name), "F%.254s", names[i]);
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NOTDIR);
		cr_expect_eq(box_unlink(&b, d, name), VERR_NONE);
		cr_expect_eq(box_unlink(&b, d, name), VERR_NOENT);
		name[0] = 'L';
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NOTDIR);
		cr_expect_eq(box_unlink(&b, d, name), VERR_NONE);
		name[0] = 'D';
		(void)snprintf(path, sizeof(path), "/%s", name);
		cr_expect_eq(box_unlink(&b, d, name), VERR_ISDIR);
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NOTEMPTY);
		sub = box_dir(&b, path);
		cr_expect_eq(box_unlink(&b, sub, names[i]), VERR_NONE);
		dir_put(sub);
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NONE, "%s",
		    b.e.text);
		cr_expect_eq(box_rmdir(&b, d, name), VERR_NOENT);
	}
}

/* Files and folders in the vault's folder d, at any depth. */
static int
count_disk(void)
{
	char *cmd = box_text("find '%s/d' | wc -l", b.path);
	FILE *p = popen(cmd, "r");
	int n = -1;

	cr_assert(p != NULL && fscanf(p, "%d", &n) == 1);
	(void)pclose(p);
	free(cmd);
	return n;
}

static void
make_and_drop(const char *cipher, int threshold)
{
	char *tree;

	box_make(&b, cipher, threshold);
	make_all(b.root);
	tree = box_tree(&b, b.root);
	box_reopen(&b);
	box_expect_tree(&b, b.root, tree);
	cr_expect_eq(vault_hidden(b.v), 0);
	free(tree);
	oracle_agrees(&b);
	drop_all(b.root);
	box_expect_tree(&b, b.root, "");
	oracle_agrees(&b);
	/* d, the root's two folders and its dirid.c9r; and empty d/XX */
	cr_expect_leq(count_disk(), 4 + (int)N_NAMES);
}

Test(dir, all_kinds_of_objects_come_and_go_at_a_threshold_of_220)
{
	make_and_drop("SIV_GCM", 220);
}

Test(dir, all_kinds_of_objects_come_and_go_at_a_threshold_of_36)
{
	make_and_drop("SIV_CTRMAC", 36);
}

Test(dir, a_name_is_shortened_if_it_is_longer_than_the_threshold)
{
	char name[200];
	const char *disk;

	box_make(&b, NULL, 220);
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[147] = '\0';			/* 146 bytes */
	box_file(&b, b.root, name + 1, "");
	disk = box_disk_of(&b, name);
	cr_expect_str_eq(disk + strlen(disk) - 4, ".c9r");
	cr_expect_eq(strlen(strrchr(disk, '/') + 1), 220);
	name[147] = 'x';
	name[148] = '\0';			/* 147 bytes */
	box_file(&b, b.root, name + 1, "");
	disk = box_disk_of(&b, name);
	cr_expect_str_eq(strrchr(disk, '/'), "/contents.c9r");
	cr_expect_not_null(strstr(disk, ".c9s/"));
}

/* -- names */

static enum verr_code
try_create(const char *name, size_t len)
{
	enum verr_code c[3];

	c[0] = BOX_CODE(&b, dir_create(b.root, b.a, name, len, NULL, NULL,
	    NULL, &b.e));
	c[1] = BOX_CODE(&b, dir_mkdir(b.root, b.a, name, len, NULL, NULL,
	    NULL, &b.e));
	c[2] = BOX_CODE(&b, dir_symlink(b.root, b.a, name, len, "t", 1, NULL,
	    NULL, NULL, &b.e));
	cr_expect(c[1] == c[2]);
	cr_expect(c[0] == c[1] || (c[0] == VERR_NONE && c[1] == VERR_EXIST));
	return c[0];
}

Test(dir, names_that_cannot_be_served_are_not_made_nor_found)
{
	static const struct {
		const char	*name;
		size_t		 len;
		enum verr_code	 make, find;
	} bad[] = {
		{ "", 0, VERR_INVAL, VERR_NOENT },
		{ ".", 1, VERR_INVAL, VERR_NOENT },
		{ "..", 2, VERR_INVAL, VERR_NOENT },
		{ "a/b", 3, VERR_INVAL, VERR_NOENT },
		{ "a\0b", 3, VERR_INVAL, VERR_NOENT },
		{ "/", 1, VERR_INVAL, VERR_NOENT },
		{ BOX_LONG BOX_N50 BOX_N50, 256, VERR_NAMETOOLONG,
		    VERR_NAMETOOLONG },
	};
	struct entry ent;

	box_make(&b, NULL, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(try_create(bad[i].name, bad[i].len), bad[i].make,
		    "%zu", i);
		cr_expect_eq(BOX_CODE(&b, dir_lookup(b.root, b.a, bad[i].name,
		    bad[i].len, &ent, &b.e)), bad[i].find, "%zu", i);
	}
	cr_expect_eq(try_create("...", 3), VERR_NONE);
	cr_expect_eq(try_create("\\*?<>|:\"\n\t ", 11), VERR_NONE);
	cr_expect_eq(try_create("\xff\xfe", 2), VERR_NONE, "not UTF-8");
	cr_expect(box_has(&b, "/\xff\xfe"));
	cr_expect(box_has(&b, "/..."));
	cr_expect_not(box_has(&b, "/...."));
}

Test(dir, a_name_is_one_in_all_its_forms)
{
	static const char nfc[] = "\xc3\xa9t\xc3\xa9", nfd[] =
	    "e\xcc\x81te\xcc\x81";
	struct entry ent;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, nfd, "summer");	/* written composed */
	cr_expect_eq(try_create(nfc, strlen(nfc)), VERR_EXIST);
	cr_expect_eq(try_create(nfd, strlen(nfd)), VERR_EXIST);
	cr_expect(box_has(&b, "/\xc3\xa9t\xc3\xa9"));
	cr_assert_eq(dir_lookup(b.root, b.a, nfd, strlen(nfd), &ent, &b.e), 0);
	cr_expect_eq(ent.name_len, strlen(nfc));
	cr_expect_arr_eq(ent.name, nfc, strlen(nfc), "as it was found");
	oracle_agrees(&b);
	cr_expect_eq(box_rename(&b, b.root, nfd, b.root, nfc), VERR_NONE);
	cr_expect(box_has(&b, "/\xc3\xa9t\xc3\xa9"));
	cr_expect_eq(box_unlink(&b, b.root, nfd), VERR_NONE);
	box_expect_tree(&b, b.root, "");
}

Test(dir, what_is_there_already_is_told_with_its_error)
{
	struct entry ent = { .dir = NULL };
	struct dir *d;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "text");
	d = box_mkdir(&b, b.root, BOX_LONG);
	cr_expect_eq(BOX_CODE(&b, dir_create(b.root, b.a, "f", 1, NULL, &ent,
	    NULL, &b.e)), VERR_EXIST);
	cr_expect_eq(ent.attr.type, VTYPE_FILE);
	cr_expect_eq(ent.attr.size, 4);
	cr_expect_str_eq(ent.name, "f");
	cr_expect_eq(BOX_CODE(&b, dir_mkdir(b.root, b.a, BOX_LONG,
	    strlen(BOX_LONG), NULL, &ent, NULL, &b.e)), VERR_EXIST);
	cr_expect_eq(ent.dir, d);
	dir_put(ent.dir);
	dir_put(d);
}

/* -- attributes of what is made */

Test(dir, what_is_made_has_the_attributes_that_were_asked_for)
{
	struct vset set = {
		.mask = VSET_MODE | VSET_ATIME | VSET_MTIME, .mode = 02751,
		.atime = { 1000000000, 5 }, .mtime = { 1100000000, 7 },
	};
	struct entry ent[3];

	box_make(&b, NULL, 0);
	cr_assert_eq(dir_create(b.root, b.a, "f", 1, &set, &ent[0], NULL,
	    &b.e), 0);
	cr_assert_eq(dir_mkdir(b.root, b.a, "d", 1, &set, &ent[1], NULL,
	    &b.e), 0);
	cr_assert_eq(dir_symlink(b.root, b.a, BOX_LONG, 200, "f", 1, &set,
	    &ent[2], NULL, &b.e), 0);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(ent[i].attr.type, i == 0 ? VTYPE_FILE :
		    i == 1 ? VTYPE_DIR : VTYPE_SYMLINK);
		cr_expect_eq(ent[i].attr.mode, i == 2 ? 0777 : 02751);
		cr_expect_eq(ent[i].attr.atime.tv_sec, 1000000000);
		cr_expect_eq(ent[i].attr.mtime.tv_sec, 1100000000);
		cr_expect_eq(ent[i].attr.mtime.tv_nsec, 7);
		cr_expect_eq(ent[i].attr.uid, geteuid());
		dir_put(ent[i].dir);
	}
}

Test(dir, a_mode_that_was_not_asked_for_does_not_depend_on_the_umask)
{
	struct entry f, d;

	box_make(&b, NULL, 0);
	(void)umask(0);
	cr_assert_eq(dir_create(b.root, b.a, "f", 1, NULL, &f, NULL, &b.e),
	    0);
	cr_assert_eq(dir_mkdir(b.root, b.a, "d", 1, NULL, &d, NULL, &b.e), 0);
	cr_expect_eq(f.attr.mode, 0644);
	cr_expect_eq(d.attr.mode, 0755);
	dir_put(d.dir);
	(void)umask(077);
	cr_assert_eq(dir_create(b.root, b.a, "g", 1, NULL, &f, NULL, &b.e),
	    0);
	cr_assert_eq(dir_mkdir(b.root, b.a, "e", 1, NULL, &d, NULL, &b.e), 0);
	cr_expect_eq(f.attr.mode, 0644);
	cr_expect_eq(d.attr.mode, 0755);
	dir_put(d.dir);
}

Test(dir, links_keep_their_target_byte_for_byte)
{
	static const char *const good[] = {
		"a", "/", "a//b/./../", "e\xcc\x81", "\xff", " ",
	};
	const char *target;
	struct entry ent;
	char big[4097];
	size_t len;

	box_make(&b, NULL, 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		box_symlink(&b, b.root, "l", good[i]);
		cr_assert_eq(box_find(&b, "/l", &ent), VERR_NONE);
		cr_expect_eq(ent.attr.size, strlen(good[i]));
		cr_assert_eq(symlink_read(b.v, b.a, &ent.loc, &target, &len,
		    &b.e), 0);
		cr_expect_str_eq(target, good[i]);
		cr_expect_eq(len, strlen(good[i]));
		cr_expect_eq(box_unlink(&b, b.root, "l"), VERR_NONE);
	}
	memset(big, 'x', sizeof(big));
	cr_expect_eq(BOX_CODE(&b, dir_symlink(b.root, b.a, "l", 1, big, 4095,
	    NULL, NULL, NULL, &b.e)), VERR_NONE);
	cr_expect_eq(BOX_CODE(&b, dir_symlink(b.root, b.a, "m", 1, big, 4096,
	    NULL, NULL, NULL, &b.e)), VERR_NAMETOOLONG);
	cr_expect_eq(BOX_CODE(&b, dir_symlink(b.root, b.a, "m", 1, "a\0b", 3,
	    NULL, NULL, NULL, &b.e)), VERR_INVAL);
	cr_expect_eq(BOX_CODE(&b, dir_symlink(b.root, b.a, "m", 1, "", 0,
	    NULL, NULL, NULL, &b.e)), VERR_NOENT);
}

Test(dir, a_change_tells_how_the_directory_was_and_is)
{
	struct dir_change ch = { .quick = false }, to = ch;
	struct vattr a;

	box_make(&b, NULL, 0);
	cr_assert_eq(dir_attr(b.root, &a, &b.e), 0);
	cr_assert_eq(dir_create(b.root, b.a, "f", 1, NULL, NULL, &ch, &b.e),
	    0);
	cr_expect(ch.have_before && ch.have_after);
	cr_expect_eq(ch.before.mtime.tv_nsec, a.mtime.tv_nsec);
	cr_assert_eq(dir_attr(b.root, &a, &b.e), 0);
	cr_expect_eq(ch.after.mtime.tv_nsec, a.mtime.tv_nsec);
	cr_expect_eq(ch.after.fileid, a.fileid);
	/* also if it failed */
	cr_assert_eq(dir_create(b.root, b.a, "f", 1, NULL, NULL, &ch, &b.e),
	    -1);
	cr_expect(ch.have_before && ch.have_after);
	cr_assert_eq(dir_unlink(b.root, b.a, "g", 1, &ch, &b.e), -1);
	cr_expect(ch.have_before && ch.have_after);
	cr_assert_eq(dir_rename(b.root, b.root, b.a, "f", 1, "g", 1, NULL,
	    &ch, &to, &b.e), 0);
	cr_expect(ch.have_before && to.have_before && ch.have_after &&
	    to.have_after);
	/* and what was not looked at is not claimed */
	memset(&ch, 1, sizeof(ch));
	cr_assert_eq(dir_symlink(b.root, b.a, "l", 1, "", 0, NULL, NULL, &ch,
	    &b.e), -1);
	cr_expect(!ch.have_before && !ch.have_after);
}

/* -- hard links */

Test(dir, a_file_may_have_two_names_and_is_one)
{
	static const char *const more[] = { "g", BOX_LONG };
	struct dir_change ch = { .quick = false };
	struct entry f, g, d;
	struct file *x;
	uint8_t *is;
	size_t len;

	box_make(&b, NULL, 0);
	dir_put(box_mkdir(&b, b.root, "d"));
	for (int k = 0; k < 2; k++) {
		box_file(&b, b.root, "f", "text");
		cr_assert_eq(box_find(&b, "/f", &f), VERR_NONE);
		cr_assert_eq(dir_link(b.root, b.a, more[k], strlen(more[k]),
		    &f.loc, f.attr.fileid, &g, &ch, &b.e), 0, "%s", b.e.text);
		cr_expect(ch.have_before && ch.have_after);
		cr_expect_eq(g.attr.fileid, f.attr.fileid);
		cr_expect_eq(g.attr.nlink, 2);
		x = file_open(b.v, &g.loc, g.attr.fileid, true, &b.e);
		cr_assert_eq(file_write(x, 0, "T", 1, NULL, &b.e), 0);
		file_put(x);
		is = box_read(&b, &f, &len);
		cr_expect(len == 4 && memcmp(is, "Text", 4) == 0);
		free(is);
		cr_expect_eq(BOX_CODE(&b, dir_link(b.root, b.a, "d", 1, &f.loc,
		    f.attr.fileid, NULL, &ch, &b.e)), VERR_EXIST);
		cr_expect_eq(BOX_CODE(&b, dir_link(b.root, b.a, "h", 1, &f.loc,
		    f.attr.fileid + 1, NULL, &ch, &b.e)), VERR_STALE);
		cr_expect(!ch.have_before && !ch.have_after);
		oracle_agrees(&b);
		cr_expect_eq(box_unlink(&b, b.root, "f"), VERR_NONE);
		is = box_read(&b, &g, &len);
		cr_expect(is != NULL && len == 4);
		free(is);
		cr_expect_eq(box_unlink(&b, b.root, more[k]), VERR_NONE);
	}
	cr_assert_eq(box_find(&b, "/d", &d), VERR_NONE);
	dir_put(d.dir);
	cr_expect_eq(BOX_CODE(&b, dir_link(b.root, b.a, "e", 1, &d.loc, 0,
	    NULL, NULL, &b.e)), VERR_ISDIR);
}

/* -- directories that go */

Test(dir, a_directory_that_is_gone_takes_no_more_changes)
{
	struct vattr a;
	struct dir *d;

	box_make(&b, NULL, 0);
	d = box_mkdir(&b, b.root, "d");
	cr_assert_eq(box_rmdir(&b, b.root, "d"), VERR_NONE);
	cr_expect_eq(BOX_CODE(&b, dir_attr(d, &a, &b.e)), VERR_STALE);
	cr_expect_eq(BOX_CODE(&b, dir_create(d, b.a, "f", 1, NULL, NULL, NULL,
	    &b.e)), VERR_STALE);
	cr_expect_eq(BOX_CODE(&b, dir_mkdir(d, b.a, "f", 1, NULL, NULL, NULL,
	    &b.e)), VERR_STALE);
	cr_expect_eq(box_unlink(&b, d, "f"), VERR_STALE);
	box_file(&b, b.root, "f", "x");
	cr_expect_eq(box_rename(&b, b.root, "f", d, "f"), VERR_STALE);
	cr_expect(box_has(&b, "/f"));
	dir_put(d);
}

static void
put(const char *path, const char *name)
{
	char *file = box_text("%s/%s", box_disk(&b, path), name);
	FILE *f = fopen(file, "w");

	cr_assert(f != NULL && fputs("x", f) >= 0 && fclose(f) == 0);
	free(file);
}

Test(dir, rmdir_destroys_nothing_that_cannot_be_shown)
{
	static const char *const foreign[] = {
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r", "notes.txt",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAA=.c9s", ".nfs000000000001",
		"x.tmp", "vnfs-.tm", "AAAAAAAAAAAAAAAAAAAAAAAA.c9r.part",
	};
	static const char *const junk[] = {
		".DS_Store", "desktop.ini", "Thumbs.db",
		"vnfs-0123456789abc.tmp",
	};
	char *file;
	struct dir *d;

	box_make(&b, NULL, 0);
	d = box_mkdir(&b, b.root, "d");
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		put(dir_path(d), junk[i]);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		put(dir_path(d), foreign[i]);
		cr_expect_eq(box_rmdir(&b, b.root, "d"), VERR_NOTEMPTY,
		    "%s", foreign[i]);
		file = box_text("%s/%s", dir_path(d), foreign[i]);
		cr_expect_eq(unlink(box_disk(&b, file)), 0, "%s", foreign[i]);
		free(file);
	}
	/* a failed one has not even swept (vault-format 7.3) */
	file = box_text("%s/%s", dir_path(d), "dirid.c9r");
	cr_expect_eq(access(box_disk(&b, file), F_OK), 0);
	free(file);
	file = box_text("%s/%s", dir_path(d), junk[0]);
	cr_expect_eq(access(box_disk(&b, file), F_OK), 0);
	free(file);
	cr_expect_eq(box_rmdir(&b, b.root, "d"), VERR_NONE, "%s", b.e.text);
	cr_expect_eq(access(box_disk(&b, dir_path(d)), F_OK), -1);
	dir_put(d);
}

/* -- listings */

struct seen {
	struct {
		uint32_t	cookie;
		char		name[300];
	}	e[400];
	size_t	n, stop;
};

static bool
see(void *ctx, const struct entry *ent)
{
	struct seen *s = ctx;

	cr_assert_lt(s->n, 400);
	s->e[s->n].cookie = ent->cookie;
	(void)snprintf(s->e[s->n++].name, 300, "%.*s", (int)ent->name_len,
	    ent->name);
	return s->n != s->stop;
}

static void
list(struct dir *d, uint32_t after, size_t stop, struct seen *s)
{
	s->n = 0;
	s->stop = stop;
	cr_assert_eq(dir_list(d, b.a, after, false, see, s, &b.e), 0, "%s",
	    b.e.text);
}

static uint32_t
cookie_in(const struct seen *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->e[i].name, name) == 0)
			return s->e[i].cookie;
	return 0;
}

Test(dir, cookies_stay_while_entries_come_and_go_and_after_a_restart)
{
	static struct seen all, now;
	char name[20];
	uint32_t c;

	box_make(&b, NULL, 0);
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		box_file(&b, b.root, name, "");
	}
	list(b.root, 0, 0, &all);
	cr_assert_eq(all.n, 200);
	for (size_t i = 0; i < all.n; i++) {
		cr_expect_geq(all.e[i].cookie, DIR_COOKIE_MIN);
		cr_expect_lt(all.e[i].cookie, UINT32_C(1) << 31);
		cr_expect(i == 0 || all.e[i].cookie > all.e[i - 1].cookie);
	}
	for (int i = 0; i < 200; i += 2) {
		(void)snprintf(name, sizeof(name), "file-%d", i);
		cr_expect_eq(box_unlink(&b, b.root, name), VERR_NONE);
		(void)snprintf(name, sizeof(name), "new-%d", i);
		box_file(&b, b.root, name, "");
	}
	for (int again = 0; again < 2; again++) {
		list(b.root, 0, 0, &now);
		cr_expect_eq(now.n, 200);
		for (int i = 1; i < 200; i += 2) {
			(void)snprintf(name, sizeof(name), "file-%d", i);
			c = cookie_in(&now, name);
			cr_expect(c > 0 && c == cookie_in(&all, name));
		}
		box_reopen(&b);
	}
	/* in pieces it is the same */
	list(b.root, 0, 0, &all);
	c = 0;
	for (size_t i = 0; i < all.n; i += 7) {
		list(b.root, c, 7, &now);
		cr_assert_eq(now.n, all.n - i < 7 ? all.n - i : 7);
		cr_expect_str_eq(now.e[0].name, all.e[i].name);
		c = now.e[now.n - 1].cookie;
	}
	list(b.root, c, 0, &now);
	cr_expect_eq(now.n, 0);
}

Test(dir, what_others_change_is_listed_at_once)
{
	static struct seen s;
	char *from, *to;
	struct dir *d;

	box_make(&b, NULL, 0);
	d = box_mkdir(&b, b.root, "d");
	box_file(&b, d, "one", "1");
	box_file(&b, d, "two", "2");
	from = strdup(box_disk_of(&b, "/d/one"));
	to = box_text("%s/aside", b.dir);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(rename(from, to), 0);
		(void)usleep(i % 4 * 10000);
		list(d, 0, 0, &s);		/* may be kept, or not */
		cr_expect_eq(s.n, 1);
		cr_expect_not(box_has(&b, "/d/one"));
		cr_assert_eq(rename(to, from), 0);
		list(d, 0, 0, &s);
		cr_expect_eq(s.n, 2, "%d", i);
		cr_expect(box_has(&b, "/d/one"));
	}
	free(from);
	free(to);
	dir_put(d);
}

Test(dir, many_directories_and_listings_keep_within_their_bounds)
{
	struct vault_options o = { .cache_bytes = 2000 };
	char name[20];
	struct dir *d;

	box_make(&b, NULL, 0);
	box_close(&b);
	box_open_as(&b, &o);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		d = box_mkdir(&b, b.root, name);
		box_file(&b, d, name, name);
		dir_put(d);
	}
	(void)usleep(30000);			/* old enough to be kept */
	for (int i = 0; i < 3; i++) {
		char *t = box_tree(&b, b.root);

		cr_expect_gt(strlen(t), 60 * 70);
		free(t);
	}
}
