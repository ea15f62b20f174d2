/*
 * Checks of vaults that others made: the real ones are healthy, the one that
 * is full of defects has exactly those, and the desktop's has its orphans.
 */
#include "config.h"

#include "tests/unit/box_oracle.h"
#include "tests/unit/check_box.h"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
	b.dir = NULL;
}

TestSuite(check_vaults, .fini = teardown);

Test(check_vaults, what_cryptomator_writes_is_healthy)
{
	static const struct {
		const char	*archive, *pass;
		size_t		 info;	/* format 7 knows no dirid.c9r */
	} v[] = {
		{ "gen-cryptofs-sivgcm.tar.gz", "p\xc3\xa4ssw\xc3\xb6rd 123",
		    0 },
		{ "gen-threshold36-sivgcm.tar.gz", "pw", 0 },
		{ "gen-format7-sivctrmac.tar.gz", "pw", 3 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		box_unpack(&b, v[i].archive, v[i].pass);
		look_at(&b, true, false);
		cr_expect_eq(look.n, v[i].info, "%s", v[i].archive);
		for (size_t k = 0; k < look.n; k++)
			cr_expect_eq(look.f[k].kind,
			    CHECK_MISSING_DIRID_BACKUP);
		cr_expect_gt(look.sum.files, 10);
		teardown();
	}
}

/*
 * The edge vault (its maker, mkedge.py, says what each is).  Where there is no
 * clear path, the name on disk stands here.  Of same-id-a and same-id-b the
 * one that the storage lists later is the second link.
 */
static const struct {
	enum check_severity	 severity;
	enum check_kind		 kind;
	bool			 repairable;
	const char		*what;		/* the first 44 bytes */
} edge[] = {
	{ CHECK_CRITICAL, CHECK_AMBIGUOUS_TYPE, false,
	    "/dirs/dir-and-symlink" },
	{ CHECK_CRITICAL, CHECK_AMBIGUOUS_TYPE, false,
	    "/names/MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM" },
	{ CHECK_CRITICAL, CHECK_BAD_CHUNK, false, "/content/chunk1-bitflip" },
	{ CHECK_CRITICAL, CHECK_BAD_CHUNK, false,
	    "/content/header-of-other-file" },
	{ CHECK_CRITICAL, CHECK_BAD_CHUNK, false,
	    "/content/short-full-chunk-in-middle" },
	{ CHECK_CRITICAL, CHECK_BAD_HEADER, false,
	    "/content/header-tag-bitflip" },
	{ CHECK_CRITICAL, CHECK_BAD_HEADER, false, "/symlinks/corrupt" },
	{ CHECK_CRITICAL, CHECK_CUT_CHUNK, false,
	    "/content/full-plus-remainder-overhead-garbag" },
	{ CHECK_CRITICAL, CHECK_CUT_CHUNK, false, "/content/last-chunk-cut" },
	{ CHECK_CRITICAL, CHECK_DIRID_COLLISION, false, "/dirs/same-id-?" },
	{ CHECK_CRITICAL, CHECK_DIRID_CYCLE, false, "/dirs/id-of-parent" },
	{ CHECK_CRITICAL, CHECK_EMPTY_DIR_FILE, false, "/dirs/empty-dir-file" },
	{ CHECK_CRITICAL, CHECK_ILLEGAL_SIZE, false, "/content/remainder-5" },
	{ CHECK_CRITICAL, CHECK_ILLEGAL_SIZE, false,
	    "/content/remainder-overhead-minus-1" },
	{ CHECK_CRITICAL, CHECK_ILLEGAL_SIZE, true,
	    "/content/header-minus-1" },
	{ CHECK_CRITICAL, CHECK_ILLEGAL_SIZE, true,
	    "/content/header-truncated-10" },
	{ CHECK_CRITICAL, CHECK_MISSING_LONG_NAME, false,
	    "5Ddqo3qn4Av5NGfsL_d80r1WD10=.c9s/name.c9s" },
	{ CHECK_CRITICAL, CHECK_NOT_DECODABLE_LONG_NAME, false,
	    "hFi3sr3-6j4br5ppho_j4Yb-IKs=.c9s/name.c9s" },
	{ CHECK_CRITICAL, CHECK_NOT_DECODABLE_LONG_NAME, false,
	    "u5ls46jaiGZwcd9J3u5JthK3BHY=.c9s/name.c9s" },
	{ CHECK_CRITICAL, CHECK_OBESE_DIR_FILE, false, "/dirs/id-100-chars" },
	{ CHECK_CRITICAL, CHECK_OBESE_DIR_FILE, false, "/dirs/id-1000-chars" },
	{ CHECK_CRITICAL, CHECK_OBESE_DIR_FILE, false, "/dirs/id-1001-chars" },
	{ CHECK_CRITICAL, CHECK_OBESE_DIR_FILE, false,
	    "/dirs/id-trailing-newline" },
	{ CHECK_CRITICAL, CHECK_SWAPPED_CHUNKS, false,
	    "/content/chunks-swapped" },
	{ CHECK_CRITICAL, CHECK_UNDECRYPTABLE_NAME, false,
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAA.c9r" },
	{ CHECK_CRITICAL, CHECK_UNDECRYPTABLE_NAME, false,
	    "_Xm0Fa9J6ueapooNxOrdtEZogmXFwSkkTOgz-Q.c9r" },
	{ CHECK_CRITICAL, CHECK_UNDECRYPTABLE_NAME, false,
	    "g5mdaFjZNfO0jr7OKgVCIj9DDi5jpMFKpZBSuJPJ.c9r" },
	{ CHECK_CRITICAL, CHECK_UNKNOWN_TYPE, true, "/dirs/no-type-file" },
	{ CHECK_CRITICAL, CHECK_UNKNOWN_TYPE, true,
	    "/names/HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH" },
	{ CHECK_WARN, CHECK_BAD_TARGET, false, "/symlinks/32767" },
	{ CHECK_WARN, CHECK_BAD_TARGET, false, "/symlinks/32768" },
	{ CHECK_WARN, CHECK_BAD_TARGET, false, "/symlinks/40000" },
	{ CHECK_WARN, CHECK_BAD_TARGET, false, "/symlinks/4096" },
	{ CHECK_WARN, CHECK_BAD_TARGET, false, "/symlinks/empty-target" },
	{ CHECK_WARN, CHECK_BAD_TARGET, false, "/symlinks/nul" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false, "/conflicts/.dotfile (1)" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false, "/conflicts/dir-other (1)" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, true, "/conflicts/dir-same (1)" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false, "/conflicts/lonely.txt" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false,
	    "/conflicts/noext_conflict-20240101" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false, "/conflicts/prefixed.txt" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false, "/conflicts/report (2).txt" },
	{ CHECK_WARN, CHECK_CONFLICT_COPY, false,
	    "/conflicts/report (Created by Alice).txt" },
	{ CHECK_WARN, CHECK_LONG_SHORT_MISMATCH, true,
	    "/names/GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG" },
	{ CHECK_WARN, CHECK_MISSING_CONTENT_DIR, false,
	    "/dirs/dir-and-symlink" },
	{ CHECK_WARN, CHECK_MISSING_CONTENT_DIR, true,
	    "/dirs/extra-file-in-node" },
	{ CHECK_WARN, CHECK_MISSING_CONTENT_DIR, true,
	    "/dirs/missing-content" },
	{ CHECK_WARN, CHECK_MISSING_CONTENT_DIR, true,
	    "/names/KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK" },
	{ CHECK_WARN, CHECK_MISSING_CONTENT_DIR, false,
	    "/names/MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM" },
	{ CHECK_WARN, CHECK_NEEDLESSLY_SHORTENED, true,
	    "/names/needlessly-shortened" },
	{ CHECK_WARN, CHECK_NOT_NORMALIZED, true, "/names/e\xcc\x81-NFD.txt" },
	{ CHECK_WARN, CHECK_NOT_NORMALIZED, true,
	    "/names/\xe1\x84\x80\xe1\x85\xa1-jamo" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names/" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names/." },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names/.." },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names//" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false,
	    "/names/CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false,
	    "/names/DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names/a/b" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names/nul" },
	{ CHECK_WARN, CHECK_NOT_SERVABLE, false, "/names/trailing/" },
	{ CHECK_WARN, CHECK_NOT_SHORTENED, true,
	    "/names/uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu" },
	{ CHECK_WARN, CHECK_NOT_UTF8, false, "/names/\xff\xfe not utf8" },
	{ CHECK_WARN, CHECK_ORPHAN_CONTENT_DIR, true,
	    "d/KG/3T2MCEWVF6WD6JG4DA3L2L6QMUMGLD" },
	{ CHECK_WARN, CHECK_ORPHAN_CONTENT_DIR, true,
	    "d/PM/N3REXW4I76QQBTWQJ4IRUPLJETCJQZ" },
	{ CHECK_WARN, CHECK_ORPHAN_CONTENT_DIR, true,
	    "d/UQ/JK72MMISAWLFHIAG474O3HO3W5EJBZ" },
	{ CHECK_WARN, CHECK_TRAILING_BYTES, true,
	    "/names/FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" },
	{ CHECK_WARN, CHECK_TRAILING_CHUNK, true,
	    "/content/full-plus-empty-chunk" },
	{ CHECK_WARN, CHECK_TRAILING_CHUNK, true,
	    "/content/two-full-plus-empty-chunk" },
	{ CHECK_WARN, CHECK_ZERO_BYTES, true, "/content/zero-ciphertext" },
	{ CHECK_WARN, CHECK_ZERO_BYTES, false, "/symlinks/zero-ciphertext" },
	{ CHECK_INFO, CHECK_BAD_DIRID_BACKUP, true,
	    "/dirs/corrupt-dirid-backup" },
	{ CHECK_INFO, CHECK_FOREIGN, false,
	    "8lciWE4zmz0m9MRUkZ4Py9mlaMU5LxPP" },
	{ CHECK_INFO, CHECK_FOREIGN, false,
	    "CvyLsUk3S59L87-wgw5mc2onNn8Dfw==.tmp" },
	{ CHECK_INFO, CHECK_FOREIGN, false,
	    "bxpJHmz78NTRmgtmuvoOVP46Hhk6tm2P1lA=.c9r.bak" },
	{ CHECK_INFO, CHECK_FOREIGN, false, "short.c9r" },
	{ CHECK_INFO, CHECK_MISSING_DIRID_BACKUP, true,
	    "/dirs/no-dirid-backup" },
	{ CHECK_INFO, CHECK_TRAILING_CHUNK, true, "/content/empty-chunk" },
	{ CHECK_INFO, CHECK_WRONG_DIRID_BACKUP, true,
	    "/dirs/wrong-dirid-backup" },
};
#define N_EDGE	(sizeof(edge) / sizeof(edge[0]))

static char *
line_of(enum check_severity s, enum check_kind k, bool repairable,
    const char *what)
{
	if (strncmp(what, "/dirs/same-id-", 14) == 0)
		what = "/dirs/same-id-?";
	return box_text("%s %s%s %.44s", check_severity_name(s),
	    check_kind_name(k), repairable ? " repairable" : "", what);
}

static const char *
what_of(const struct found *f)
{
	if (f->clear[0] != '\0')
		return f->clear;
	return strlen(f->path) > 36 ? f->path + 36 : f->path;
}

Test(check_vaults, the_edge_vault_has_exactly_its_defects)
{
	struct box_lines is = { .n = 0 }, want = { .n = 0 };
	char *a, *w;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	look_at(&b, true, false);
	for (size_t i = 0; i < look.n; i++)
		box_add(&is, line_of(look.f[i].severity, look.f[i].kind,
		    look.f[i].repairable, what_of(&look.f[i])));
	for (size_t i = 0; i < N_EDGE; i++)
		box_add(&want, line_of(edge[i].severity, edge[i].kind,
		    edge[i].repairable, edge[i].what));
	a = box_join(&is);
	w = box_join(&want);
	cr_expect_str_eq(a, w, "is:\n%swanted:\n%s", a, w);
	free(a);
	free(w);
}

Test(check_vaults, the_edge_vault_is_mended_as_far_as_it_can_be)
{
	size_t can = 0;

	for (size_t i = 0; i < N_EDGE; i++)
		can += edge[i].repairable;
	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	look_at(&b, true, true);
	cr_expect_eq(look.sum.repaired, can);
	cr_expect_eq(look.sum.repairable, 0);
	look_at(&b, true, false);
	cr_expect_eq(look.n, N_EDGE - can);
	cr_expect_eq(look.sum.repairable, 0);
	box_reopen(&b);
	cr_expect(box_has(&b, "/names/needlessly-shortened"));
	cr_expect(box_has(&b, "/LOST+FOUND/KG3T2MCEWVF6WD6JG4DA3L2L6QMUMGLD/"
	    "orphaned.txt"));
}

Test(check_vaults, orphans_of_the_desktops_vault_are_found_and_rescued)
{
	char *tree;
	size_t n = 0;

	if (oracle_shared("vaults") == NULL)
		cr_skip_test("the shared vaults are not here");
	setenv("VECTORS", oracle_shared("vaults"), 1);
	box_unpack(&b, "agucova-sivgcm.tar.gz", "123456789");
	unsetenv("VECTORS");
	look_at(&b, true, false);
	cr_expect_eq(look.sum.found[CHECK_CRITICAL], 0);
	cr_expect_eq(look.sum.found[CHECK_WARN], 5);
	cr_expect_eq(look.sum.found[CHECK_INFO], 2);
	for (size_t i = 0; i < look.n; i++)
		n += look.f[i].kind == CHECK_ORPHAN_CONTENT_DIR;
	cr_expect_eq(n, 5);
	cr_expect_eq(look.sum.files, 198);
	look_at(&b, true, true);
	look_at(&b, true, false);
	look_expect_nothing("rescued");
	cr_expect_eq(look.sum.files, 198);
	box_reopen(&b);
	tree = box_tree(&b, b.root);
	n = 0;
	for (const char *s = tree; (s = strstr(s, " file ")) != NULL; s++)
		n++;
	cr_expect_eq(n, 198, "all can be seen");
	cr_expect_null(strstr(tree, " error "), "and read");
	free(tree);
}
