/*
 * Operations of ours and repairs that are stopped at each of their system
 * calls: the next repair finishes them, and nothing is lost.
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

TestSuite(check_crash, .fini = teardown);

static char *
leftover(void)
{
	return in(dir_path(b.root), "vnfs-0123456789abc.tmp");
}

/* -- operations that are stopped at each of their system calls */

struct op {
	const char	*name;
	enum verr_code	(*run)(void);
	const char	*twice;		/* what may have both names, or NULL */
	bool		 empty;		/* a file of 0 bytes may stay */
};

static enum verr_code
op_create(void)
{
	return BOX_CODE(&b, dir_create(b.root, b.a, "new", 3, NULL, NULL, NULL,
	    &b.e));
}

static enum verr_code
op_create_long(void)
{
	return BOX_CODE(&b, dir_create(b.root, b.a, BOX_LONG "9",
	    strlen(BOX_LONG "9"), NULL, NULL, NULL, &b.e));
}

static enum verr_code
op_symlink(void)
{
	return BOX_CODE(&b, dir_symlink(b.root, b.a, "s", 1, "to", 2, NULL,
	    NULL, NULL, &b.e));
}

static enum verr_code
op_mkdir(void)
{
	return BOX_CODE(&b, dir_mkdir(b.root, b.a, "d", 1, NULL, NULL, NULL,
	    &b.e));
}

static enum verr_code
op_mkdir_long(void)
{
	return BOX_CODE(&b, dir_mkdir(b.root, b.a, BOX_LONG "8",
	    strlen(BOX_LONG "8"), NULL, NULL, NULL, &b.e));
}

static enum verr_code
op_rmdir(void)
{
	return box_rmdir(&b, b.root, "empty");
}

static enum verr_code
op_unlink(void)
{
	return box_unlink(&b, b.root, LONG_FILE);
}

static enum verr_code
op_rename_to_long(void)
{
	return box_rename(&b, b.root, "file", b.root, BOX_LONG "7");
}

static enum verr_code
op_rename_to_short(void)
{
	return box_rename(&b, b.root, LONG_FILE, b.root, "now-short");
}

static enum verr_code
op_rename_over(void)
{
	return box_rename(&b, b.root, "file", b.root, "link");
}

static enum verr_code
op_rename_dir(void)
{
	return box_rename(&b, b.root, LONG_DIR, b.root, "empty");
}

static enum verr_code
op_rename_dir_to_long(void)
{
	return box_rename(&b, b.root, "sub", b.root, BOX_LONG "6");
}

static const struct op ops[] = {
	{ "create", op_create, NULL, true },
	{ "create a long name", op_create_long, NULL, false },
	{ "symlink", op_symlink, NULL, false },
	{ "mkdir", op_mkdir, NULL, false },
	{ "mkdir of a long name", op_mkdir_long, NULL, false },
	{ "rmdir", op_rmdir, NULL, false },
	{ "unlink of a long name", op_unlink, NULL, false },
	{ "rename to a long name", op_rename_to_long, NULL, false },
	{ "rename to a short name", op_rename_to_short, NULL, false },
	{ "rename over a symlink", op_rename_over, "hello", false },
	{ "rename of a long directory over an empty one", op_rename_dir, NULL,
	    false },
	{ "rename of a directory to a long name", op_rename_dir_to_long, NULL,
	    false },
};

/* How often each of the small texts is in the tree, whatever its name. */
static size_t
count(const char *tree, const char *what)
{
	size_t n = 0;

	while ((tree = strstr(tree, what)) != NULL) {
		n++;
		tree += strlen(what);
	}
	return n;
}

/*
 * The bytes that every state of these operations has, once.  A file that
 * replaces a symlink has two names for a moment (dir_move.c), and perhaps a
 * third in LOST+FOUND.
 */
static void
expect_data(const struct op *op, unsigned at)
{
	char hex[2 * DIGEST_LEN + 1], *tree = box_tree(&b, b.root);
	static const char *const texts[] = { "hello", "inside", "leaf", "x" };
	size_t n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		box_hex(texts[i], strlen(texts[i]), hex);
		n = count(tree, hex);
		cr_expect(n == 1 || (n == 2 && op->twice != NULL &&
		    strcmp(op->twice, texts[i]) == 0), "%s stopped at %u: "
		    "\"%s\" is there %zu times:\n%s", op->name, at, texts[i],
		    n, tree);
	}
	cr_expect_eq(count(tree, " error "), 0, "%s", tree);
	free(tree);
}

static bool
may_stay(const struct op *op, const struct found *f)
{
	return op->empty && f->kind == CHECK_ZERO_BYTES;
}

/* True: there is no call number at. */
static bool
stop_at(const struct op *op, unsigned at)
{
	struct box_fault fault = { .at = at, .all = true, .err = EIO };
	enum verr_code code;

	look_make(&b, "SIV_GCM");
	host_set_hook(box_hook, &fault);
	code = op->run();
	host_set_hook(NULL, NULL);
	box_reopen(&b);
	look_at(&b, true, true);
	for (size_t i = 0; i < look.n; i++)
		cr_expect(look.f[i].repaired || may_stay(op, &look.f[i]),
		    "%s stopped at %u: %s of %s", op->name, at,
		    check_kind_name(look.f[i].kind), look.f[i].path);
	look_at(&b, true, false);
	if (look.n != 1 || !may_stay(op, &look.f[0]))
		look_expect_nothing(op->name);
	box_reopen(&b);
	expect_data(op, at);
	teardown();
	return fault.calls < at && code == VERR_NONE;
}

Test(check_crash, nothing_is_lost_wherever_an_operation_is_stopped)
{
	unsigned at, states = 0;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		for (at = 1; !stop_at(&ops[i], at); at++)
			cr_assert_lt(at, 200, "%s", ops[i].name);
		states += at;
	}
	cr_log_info("%u states were tried", states);
}

/* -- repairs that are stopped */

/* Something of everything that is mended in more than one step. */
static void
wreck(void)
{
	char name[NAME_DISK_MAX], hash[NAME_SHORT_LEN + 1], *n, *p, *q, *s;
	struct dir *d, *e;

	look_make(&b, "SIV_GCM");
	e = box_mkdir(&b, b.root, "lost-names");
	box_file(&b, e, "one", "1");
	box_file(&b, e, LONG_FILE, "2");
	dir_put(box_mkdir(&b, e, "three"));
	p = in(dir_path(e), "dirid.c9r");
	dir_put(e);
	remove_it(&b, p);
	free(p);
	for (int i = 0; i < 2; i++) {	/* two orphans */
		s = rel_link(&b, i == 0 ? "/lost-names" : "/sub");
		p = in(s, "dir.c9r");
		remove_it(&b, p);
		remove_it(&b, s);
		free(p);
		free(s);
	}
	d = box_dir(&b, "/empty");	/* no content folder */
	p = in(dir_path(d), "dirid.c9r");
	remove_it(&b, p);
	remove_it(&b, dir_path(d));
	free(p);
	dir_put(d);
	s = rel_of(&b, "/file", 0);	/* needlessly short */
	q = strrchr(s, '/') + 1;
	name_shorten(q, strlen(q), hash);
	p = in(dir_path(b.root), hash);
	make_folder(&b, p);
	n = in(p, "contents.c9r");
	move_to(&b, s, n);
	free(n);
	n = in(p, "name.c9s");
	put_bytes(&b, n, q, strlen(q));
	free(n);
	free(p);
	free(s);
	s = rel_of(&b, "/big", 0);	/* not normalized */
	name_any(&b, b.root, BOX_N50 BOX_N50 "e\xcc\x81", 103, name);
	p = in(dir_path(b.root), name);
	move_to(&b, s, p);
	free(p);
	free(s);
	s = rel_link(&b, "/" LONG_DIR);	/* wrong short name */
	p = in(dir_path(b.root), "AAAAAAAAAAAAAAAAAAAAAAAAAAA=.c9s");
	move_to(&b, s, p);
	free(p);
	free(s);
	s = rel_of(&b, "/whole", 0);	/* a leftover with data */
	p = leftover();
	move_to(&b, s, p);
	free(p);
	free(s);
	box_reopen(&b);
}

/* The folder of the vault as it is now, over again. */
static void
copy_vault(const char *to)
{
	char cmd[9000];

	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s' && cp -a '%s' '%s'", to,
	    b.path, to);
	cr_assert_eq(system(cmd), 0);
}

/* Numbers in LOST+FOUND depend on the run and on the order in folders. */
static char *
bare_contents(void)
{
	struct box_lines l = { .n = 0 };
	char *tree = box_tree(&b, b.root), *line;

	for (line = strtok(tree, "\n"); line != NULL;
	    line = strtok(NULL, "\n"))
		box_add(&l, strdup(strncmp(line, "/LOST+FOUND/", 12) == 0 &&
		    strchr(line, '_') != NULL ? strchr(line, ' ') : line));
	free(tree);
	return box_join(&l);
}

Test(check_crash, a_repair_that_is_stopped_anywhere_is_finished_by_the_next)
{
	struct check_options o = { .repair = true, .offline = true };
	struct box_fault fault = { .at = 0, .all = true, .err = EIO };
	char keep[sizeof(b.path)], work[sizeof(b.path)], *want, *is;
	unsigned at, calls, step;

	wreck();
	memcpy(work, b.path, sizeof(work));
	(void)snprintf(keep, sizeof(keep), "%.4000s/keep", b.dir);
	copy_vault(keep);
	host_set_hook(box_hook, &fault);
	look_at(&b, true, true);
	host_set_hook(NULL, NULL);
	calls = fault.calls;
	cr_expect_eq(look.sum.repaired, look.n);
	cr_expect_geq(look.n, 7);
	look_at(&b, true, false);
	look_expect_nothing("repaired at once");
	box_reopen(&b);
	want = bare_contents();
	step = getenv("VAULTNFS_LONG") != NULL ? 1 : 13;
	for (at = 1; at <= calls; at += step) {
		box_close(&b);
		memcpy(b.path, keep, sizeof(keep));
		copy_vault(work);
		memcpy(b.path, work, sizeof(work));
		arena_reset(b.a);
		box_open_as(&b, NULL);
		memset(&fault, 0, sizeof(fault));
		fault.at = at;
		fault.all = true;
		fault.err = EIO;
		host_set_hook(box_hook, &fault);
		(void)look_run(&b, o);
		host_set_hook(NULL, NULL);
		box_reopen(&b);
		look_at(&b, true, true);
		look_at(&b, true, false);
		look_expect_nothing("repaired in two goes");
		box_reopen(&b);
		is = bare_contents();
		cr_expect_str_eq(is, want, "stopped at call %u:\n%s"
		    "instead of\n%s", at, is, want);
		free(is);
	}
	cr_log_info("%u calls", calls);
	free(want);
}

Test(check_crash, no_descriptor_is_lost)
{
	struct check_options o = { .repair = true, .offline = true,
	    .contents = true };
	struct box_fault fault = { .at = 0, .err = EMFILE };
	int fds;

	wreck();
	fds = box_fds();
	for (unsigned at = 1; at < 3000; at += 13) {
		fault.at = at;
		fault.calls = 0;
		host_set_hook(box_hook, &fault);
		(void)look_run(&b, o);
		host_set_hook(NULL, NULL);
		cr_expect_eq(box_fds(), fds, "call %u", at);
	}
	look_at(&b, true, true);
	look_at(&b, true, false);
	look_expect_nothing("in the end");
}
