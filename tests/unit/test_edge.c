/*
 * Every entry of the edge vault, which was made full of defects (its maker,
 * tools/mkedge.py beside it, says what each is), and how it is served.  What a
 * check says of each is in test_check_vaults.c; vault/DESIGN.md has both as one
 * table.
 */
#include "config.h"

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"
#include "tests/unit/check_box.h"
#include "vault/base64.h"
#include "vault/siv.h"

#define C	CIPHER_CHUNK

static struct box b;

static void
setup(void)
{
	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
}

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
	b.dir = NULL;
}

TestSuite(edge, .init = setup, .fini = teardown);

enum served { DIRECTORY, FILE_, BAD_FILE, LINK_, BAD_LINK, UNLISTED, HIDDEN };

struct row {
	const char	*path;
	char		 c;		/* and this character ... */
	int		 times;		/* ... so many times */
	enum served	 as;
	uint64_t	 size;		/* clear bytes */
	const char	*content;	/* repeated; NULL: mkedge's pat() */
	enum verr_code	 code;		/* of reading it */
};

/*
 * Shown and whole, shown but unreadable, or not shown.  UNLISTED: a whole file
 * that is found by its name alone, as in Cryptomator: HASH.c9s proves the name,
 * but name.c9s does not tell it.
 */
#define D(path)			{ path, 0, 0, DIRECTORY, 0, NULL, 0 }
#define F(path, size, text)	{ path, 0, 0, FILE_, size, text, 0 }
#define FN(path, c, n, text)	{ path, c, n, FILE_, sizeof(text) - 1, text, 0 }
#define L(path, size, text)	{ path, 0, 0, LINK_, size, text, 0 }
#define BF(path, size, code)	{ path, 0, 0, BAD_FILE, size, NULL, code }
#define BL(path, size, code)	{ path, 0, 0, BAD_LINK, size, NULL, code }
#define H(path)			{ path, 0, 0, HIDDEN, 0, NULL, 0 }
#define HN(path, c, n)		{ path, c, n, HIDDEN, 0, NULL, 0 }

static const struct row rows[] = {
	D("/content"), D("/dirs"), D("/names"), D("/conflicts"),
	D("/symlinks"),

	/* sizes and contents (vault-format 3.4, 3.5) */
	F("/content/ok-0", 0, NULL),
	F("/content/ok-32768", C, NULL),
	F("/content/ok-70000", 70000, NULL),
	F("/content/zero-ciphertext", 0, NULL),
	BF("/content/header-truncated-10", 0, VERR_DAMAGED),
	BF("/content/header-minus-1", 0, VERR_DAMAGED),
	F("/content/remainder-5", 0, NULL),
	F("/content/remainder-overhead-minus-1", 0, NULL),
	F("/content/empty-chunk", 0, NULL),
	F("/content/full-plus-empty-chunk", C, NULL),
	F("/content/two-full-plus-empty-chunk", 2 * C, NULL),
	BF("/content/full-plus-remainder-overhead-garbage", C, VERR_AUTH),
	BF("/content/last-chunk-cut", 69000, VERR_AUTH),
	BF("/content/chunk1-bitflip", 70000, VERR_AUTH),
	BF("/content/chunks-swapped", 2 * C, VERR_AUTH),
	F("/content/chunk0-only-of-two", C, NULL),
	BF("/content/header-tag-bitflip", 100, VERR_AUTH),
	BF("/content/header-of-other-file", 100, VERR_AUTH),
	F("/content/reserved-0f", 50, NULL),
	F("/content/reserved-zero", 51, NULL),
	BF("/content/short-full-chunk-in-middle", 228, VERR_AUTH),

	/* directory ids (vault-format 5.2, 5.4); same-id-? is below */
	D("/dirs/good"), H("/dirs/no-type-file"), H("/dirs/empty-dir-file"),
	H("/dirs/missing-content"), D("/dirs/no-dirid-backup"),
	D("/dirs/wrong-dirid-backup"), D("/dirs/corrupt-dirid-backup"),
	D("/dirs/id-5-chars"), D("/dirs/id-100-chars"),
	D("/dirs/id-1000-chars"), H("/dirs/id-1001-chars"),
	D("/dirs/id-uppercase-uuid"), H("/dirs/id-trailing-newline"),
	H("/dirs/id-of-parent"), H("/dirs/dir-and-symlink"),
	D("/dirs/with-foreign-files"),
	F("/dirs/with-foreign-files/real", 4, "real"),
	H("/dirs/extra-file-in-node"),

	/* names (vault-format 4.3 to 4.5, 7.8) */
	F("/names/plain", 9, "name test"),
	H("/names/."), H("/names/.."), H("/names/a/b"), H("/names//"),
	H("/names/trailing/"),
	FN("/names/", 'x', 146, "name test"),
	F("/names/\xff\xfe not utf8", 9, "name test"),
	F("/names/e\xcc\x81-NFD.txt", 9, "name test"),
	F("/names/\xe1\x84\x80\xe1\x85\xa1-jamo", 9, "name test"),
	FN("/names/", 'u', 160, "name test"),
	FN("/names/", 'A', 147, "long"), FN("/names/", 'B', 255, "long"),
	HN("/names/", 'C', 300), HN("/names/", 'D', 5000),
	F("/names/needlessly-shortened", 4, "long"),
	{ "/names/", 'E', 170, UNLISTED, 4, "long", 0 },
	FN("/names/", 'F', 170, "long"),
	FN("/names/", 'G', 170, "long"), HN("/names/", 'H', 170),
	{ "/names/", 'I', 170, UNLISTED, 4, "long", 0 },
	FN("/names/", 'J', 170, "long"),
	HN("/names/", 'K', 170),
	{ "/names/", 'L', 170, LINK_, 4, "../x", 0 },
	HN("/names/", 'M', 170),
	F("/names/inuse.txt", 9, "name test"),

	/* sync clients' copies (vault-format 7.7) */
	F("/conflicts/report.txt", 9, "canonical"),
	F("/conflicts/report (Created by Alice).txt", 10, "conflict 1"),
	F("/conflicts/report (2).txt", 10, "conflict 2"),
	F("/conflicts/lonely.txt", 12, "no canonical"),
	F("/conflicts/prefixed.txt", 6, "prefix"),
	F("/conflicts/hidden.txt", 9, "canonical"),
	F("/conflicts/noext", 9, "canonical"),
	F("/conflicts/noext_conflict-20240101", 1, "x"),
	F("/conflicts/.dotfile", 9, "canonical"),
	F("/conflicts/.dotfile (1)", 1, "x"),
	D("/conflicts/dir-same"), D("/conflicts/dir-other"),
	D("/conflicts/dir-other (1)"),

	/* symlinks (vault-format 6) */
	L("/symlinks/ok", 15, "../content/ok-0"),
	L("/symlinks/empty-target", 0, ""),
	L("/symlinks/absolute", 11, "/etc/passwd"),
	L("/symlinks/escape", 28, "../../../../../../etc/passwd"),
	L("/symlinks/4096", 4096, "a/"), L("/symlinks/32767", 32767, "b"),
	BL("/symlinks/32768", 32768, VERR_DAMAGED),
	BL("/symlinks/40000", 40000, VERR_DAMAGED),
	{ "/symlinks/nul", 0, 0, LINK_, 3, "a\0b", 0 },
	L("/symlinks/not-utf8", 2, "\xff\xfe"),
	L("/symlinks/nfd", 3, "e\xcc\x81"),
	BL("/symlinks/zero-ciphertext", 0, VERR_DAMAGED),
	BL("/symlinks/corrupt", 24, VERR_AUTH),
	L("/symlinks/self", 4, "self"),
};
#define N_ROWS	(sizeof(rows) / sizeof(rows[0]))

/* Entries on disk that are nobody's name: never shown. */
static const struct {
	const char	*dir, *entry;
} strange[] = {
	{ "/names", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r" },
	{ "/names", "short.c9r" },
	{ "/names", "ZQTnjWAhUwBIy7iO8t9gRQ==.c9r" },	/* "" */
	{ "/names", "ewf_OF0Myv8_e0BFDwjerrOkVtBFMzPSkuY=.c9r" },  /* a NUL */
	/* names whose extension or padding was lost, one of /content */
	{ "/names", "8lciWE4zmz0m9MRUkZ4Py9mlaMU5LxPP" },
	{ "/names", "g5mdaFjZNfO0jr7OKgVCIj9DDi5jpMFKpZBSuJPJ.c9r" },
	{ "/names", "_Xm0Fa9J6ueapooNxOrdtEZogmXFwSkkTOgz-Q.c9r" },
	{ "/names", "_fHN59jcJcmNMbYN62XNC0k6szy7BSVfPA==.c9u" },
	{ "/conflicts", "._NDk_4T3govU15X-43vQkzvSpqVmk30KsWAo=.c9r" },
	{ "/conflicts", "bxpJHmz78NTRmgtmuvoOVP46Hhk6tm2P1lA=.c9r.bak" },
	{ "/conflicts", "sp4Z_PeYPBC_sWcl9D60BGeAFwt9FSCG (1).c9r" },
	{ "/dirs/with-foreign-files", ".DS_Store" },
	{ "/dirs/with-foreign-files", "desktop.ini" },
	{ "/dirs/with-foreign-files", ".nfs000000000001" },
	{ "/dirs/with-foreign-files", "CvyLsUk3S59L87-wgw5mc2onNn8Dfw==.tmp" },
};
#define N_STRANGE	(sizeof(strange) / sizeof(strange[0]))

static const char *
path_of(const struct row *r)
{
	static char path[6000];
	size_t n = strlen(strcpy(path, r->path));

	memset(path + n, r->c, (size_t)r->times);
	path[n + (size_t)r->times] = '\0';
	return path;
}

/* What the row's content is, from malloc. */
static char *
content_of(const struct row *r)
{
	size_t unit = r->content == NULL ? 0 : strlen(r->content), i;
	char *out = calloc(1, r->size + 1);

	cr_assert_not_null(out);
	if (r->content != NULL && r->size < unit + 3)
		unit = r->size;		/* there may be a NUL in it */
	for (i = 0; i < r->size; i++)
		out[i] = r->content == NULL ? (char)(7 * i + 1) :
		    r->content[i % unit];
	return out;
}

static void
expect_content(const struct row *r, const struct entry *ent)
{
	const char *is = NULL;
	uint8_t *data = NULL;
	char *want = content_of(r);
	size_t len;
	int ok;

	b.e.code = VERR_NONE;
	if (ent->attr.type == VTYPE_SYMLINK)
		ok = symlink_read(b.v, b.a, &ent->loc, &is, &len, &b.e) == 0;
	else {
		data = box_read(&b, ent, &len);
		is = (char *)data;
		ok = data != NULL;
	}
	if (r->as == BAD_FILE || r->as == BAD_LINK) {
		cr_expect_not(ok, "%s can be read", r->path);
		cr_expect_eq(b.e.code, r->code, "%s: %d, %s", r->path,
		    b.e.code, b.e.text);
	} else {
		cr_assert(ok, "%s: %s", r->path, b.e.text);
		cr_assert_eq(len, r->size, "%s", r->path);
		cr_expect(memcmp(is, want, len) == 0, "%s", r->path);
	}
	free(want);
	free(data);
}

/* Its entry is on the disk, and its name is not found. */
static void
expect_hidden(const char *path)
{
	const char *name = strchr(path + 1, '/') + 1;
	char top[20], folder[NAME_DIRPATH_LEN + 1], disk[8000], *full;
	struct kctx *k = keys_take(b.v->keys);
	uint8_t sealed[6000];
	struct entry ent;
	struct dir *d;
	size_t len;

	(void)snprintf(top, sizeof(top), "%.*s", (int)(name - path - 1), path);
	d = box_dir(&b, top);
	(void)strcpy(folder, dir_path(d));
	(void)dir_id(d, &len);
	cr_assert(siv_encrypt(k, dir_id(d, &len), len, (uint8_t *)name,
	    strlen(name), sealed));
	keys_drop(b.v->keys, k);
	base64url_encode(sealed, strlen(name) + SIV_TAG_LEN, disk);
	len = strlen(disk);
	(void)strcpy(disk + len, ".c9r");
	if (len + 4 > 220)
		name_shorten(disk, len + 4, disk);
	full = in(folder, disk);
	cr_expect(is_there(&b, full), "%.60s: no %s", path, full);
	free(full);
	b.e.code = VERR_NONE;
	cr_expect_eq(dir_lookup(d, b.a, name, strlen(name), &ent, &b.e), -1);
	cr_expect_eq(b.e.code, strlen(name) > NAME_CLEAR_MAX ?
	    VERR_NAMETOOLONG : VERR_NOENT, "%.60s: %d", path, b.e.code);
	dir_put(d);
}

static void
expect_row(const struct row *r)
{
	const char *path = path_of(r);
	struct entry ent = { .dir = NULL };

	if (r->as == HIDDEN)
		expect_hidden(path);
	else {
		cr_assert_eq(box_find(&b, path, &ent), VERR_NONE, "%.60s: %s",
		    path, b.e.text);
		cr_expect_eq(ent.attr.type, r->as == DIRECTORY ? VTYPE_DIR :
		    r->as == LINK_ || r->as == BAD_LINK ? VTYPE_SYMLINK :
		    VTYPE_FILE, "%.60s", path);
		if (r->as != DIRECTORY) {
			cr_expect_eq(ent.attr.size, r->size, "%.60s", path);
			expect_content(r, &ent);
		}
	}
	dir_put(ent.dir);
	arena_reset(b.a);
}

Test(edge, every_entry_is_served_as_the_table_says)
{
	/* by name alone, then with everything listed before */
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < N_ROWS; k++)
			expect_row(&rows[k]);
		free(box_tree(&b, b.root));
	}
	cr_expect(box_has(&b, "/dirs/same-id-a") !=
	    box_has(&b, "/dirs/same-id-b"), "one directory has one name");
}

Test(edge, a_listing_shows_exactly_these)
{
	char *tree = box_tree(&b, b.root), *want, *at;
	size_t lines = 0, shown = 0;

	for (const char *s = tree; (s = strchr(s, '\n')) != NULL; s++)
		lines++;
	for (size_t k = 0; k < N_ROWS; k++) {
		if (rows[k].as >= UNLISTED)
			continue;
		want = box_text("%s %s", path_of(&rows[k]),
		    rows[k].as == DIRECTORY ? "dir\n" : rows[k].as == LINK_ ||
		    rows[k].as == BAD_LINK ? "symlink " : "file ");
		at = strstr(tree, want);
		cr_expect(at != NULL && (at == tree || at[-1] == '\n'),
		    "%.60s is not listed", want);
		shown++;
		free(want);
	}
	cr_expect_eq(lines, shown + 1, "and one of same-id-?");
	free(tree);
}

/* Rows that lie right in the directory. */
static size_t
rows_in(const char *dir)
{
	size_t n = 0, len = strlen(dir);

	for (size_t k = 0; k < N_ROWS; k++) {
		const char *p = rows[k].path;

		n += strncmp(p, dir, len) == 0 && p[len] == '/' &&
		    (strcmp(dir, "/dirs") != 0 || strchr(p + len + 1, '/') ==
		    NULL);
	}
	return n;
}

/* How many entries of the folder are not in rows; same-id-? are. */
static size_t
expect_no_more_in(const char *path, size_t more)
{
	struct dir *d = box_dir(&b, path);
	DIR *folder = opendir(box_disk(&b, dir_path(d)));
	size_t n = 0, odd = 0, k;
	struct dirent *de;

	cr_assert_not_null(folder);
	for (; (de = readdir(folder)) != NULL; n++)
		for (k = 0; k < N_STRANGE; k++)
			odd += strcmp(strange[k].dir, path) == 0 &&
			    strcmp(strange[k].entry, de->d_name) == 0;
	(void)closedir(folder);
	dir_put(d);
	/* and the folder itself, the one above, dirid.c9r */
	cr_expect_eq(n - odd - more - 3, rows_in(path), "%s: %zu", path, n);
	return odd;
}

Test(edge, nothing_on_its_disk_is_missing_in_the_table)
{
	size_t odd = 0;

	odd += expect_no_more_in("/content", 0);
	odd += expect_no_more_in("/dirs", 2);
	odd += expect_no_more_in("/dirs/with-foreign-files", 0);
	odd += expect_no_more_in("/names", 0);
	odd += expect_no_more_in("/conflicts", 0);
	odd += expect_no_more_in("/symlinks", 0);
	cr_expect_eq(odd, N_STRANGE);
}

Test(edge, what_is_nobodys_name_is_nobodys_name)
{
	const char *name;
	struct dir *d;
	size_t len;

	for (size_t i = 0; i < N_STRANGE; i++) {
		d = box_dir(&b, strange[i].dir);
		b.e.code = VERR_NONE;
		cr_expect_eq(dir_clear_name(d, b.a, strange[i].entry,
		    strlen(strange[i].entry), &name, &len, &b.e), -1, "%s",
		    strange[i].entry);
		cr_expect(b.e.code == VERR_NOENT || b.e.code == VERR_INVAL,
		    "%s: %d", strange[i].entry, b.e.code);
		dir_put(d);
	}
}
