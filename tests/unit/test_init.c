/*
 * A new vault whose making fails at each of its system calls, or ends there.
 *
 * There is never half a vault: the folder is none, and init goes through when
 * it is tried again, or it is a whole one that opens and in which a check finds
 * nothing.
 */
#include "config.h"

#include <errno.h>

#include "tests/unit/check_box.h"
#include "vault/masterkey.h"
#include "vault/token.h"

static struct box b;

static const struct vault_new cheap = { NULL, 0, 16 };

static void
setup(void)
{
	box_init(&b);
	b.dir = box_tmp();
	(void)snprintf(b.path, sizeof(b.path), "%.4000s/v", b.dir);
	(void)strcpy(b.pass, "p");
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	arena_free(b.a);
	kat_forget(b.dir);
}

TestSuite(init, .init = setup, .fini = teardown);

static enum verr_code
make(void)
{
	b.e.text[0] = '\0';
	return BOX_CODE(&b, vault_init(b.path, &cheap, "p", 1, &b.e));
}

static enum verr_code
make_failing(struct box_fault *f)
{
	enum verr_code c;

	f->calls = 0;
	host_set_hook(box_hook, f);
	c = make();
	host_set_hook(NULL, NULL);
	return c;
}

static void
remove_all(void)
{
	char *cmd = box_text("rm -rf '%s'", b.path);

	cr_assert_eq(system(cmd), 0);
	free(cmd);
}

/* All files and folders, one path a line. */
static char *
everything(void)
{
	char *cmd = box_text("cd '%s' && find . | LC_ALL=C sort", b.dir);
	char *out = calloc(1, 8192);
	FILE *p = popen(cmd, "r");

	cr_assert(out != NULL && p != NULL);
	(void)fread(out, 1, 8191, p);
	(void)pclose(p);
	free(cmd);
	return out;
}

static void
expect_whole(const char *what, unsigned k)
{
	cr_assert(is_there(&b, TOKEN_FILE), "%s, call %u", what, k);
	box_open_as(&b, NULL);
	look_at(&b, true, false);
	look_expect_nothing(what);
	box_file(&b, b.root, "f", "text");
	box_expect_tree(&b, b.root, "/f file 4 "
	    "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"
	    "\n");
	box_close(&b);
	arena_reset(b.a);
}

/* What a cut left; the next one goes through unless it is a vault already. */
static void
expect_mended(const char *what, unsigned k)
{
	if (!is_there(&b, TOKEN_FILE))
		cr_expect_eq(make(), VERR_NONE, "%s again, cut at call %u: %s",
		    what, k, b.e.text);
	expect_whole(what, k);
	cr_expect_not(is_there(&b, TOKEN_FILE ".tmp"), "%s, call %u", what, k);
}

static unsigned
cut_each(bool there_before)
{
	struct box_fault f = { .all = true, .err = EIO };
	const char *what = there_before ? "an empty folder" : "no folder";

	for (f.at = 1; f.at == 1 || f.calls >= f.at - 1; f.at++) {
		if (there_before)
			cr_assert_eq(mkdir(b.path, 0755), 0);
		(void)make_failing(&f);
		expect_mended(what, f.at);
		remove_all();
	}
	return f.at - 2;
}

Test(init, that_ends_anywhere_leaves_a_whole_vault_or_none)
{
	unsigned n = cut_each(false) + cut_each(true);

	cr_expect_gt(n, 50);
	fprintf(stderr, "# %u states were tried\n", n);
}

/* All that an init leaves that was cut just before it made a vault. */
static void
make_ruin(void)
{
	struct box_fault f = { .all = true, .err = EIO };

	for (f.at = 1; ; f.at++) {
		if (make_failing(&f) == VERR_NONE || is_there(&b, TOKEN_FILE))
			break;
		remove_all();
	}
	remove_all();
	f.at--;
	cr_expect_neq(make_failing(&f), VERR_NONE);
	cr_assert(is_there(&b, TOKEN_FILE ".tmp") &&
	    is_there(&b, MASTERKEY_FILE) && !is_there(&b, TOKEN_FILE));
}

Test(init, that_ends_while_it_clears_up_after_another_does_so_too)
{
	struct box_fault f = { .all = true, .err = EIO };
	char *cmd = box_text("rm -rf '%s' && cp -a '%s.keep' '%s'", b.path,
	    b.path, b.path), *keep = box_text("%s.keep", b.path);

	make_ruin();
	cr_assert_eq(rename(b.path, keep), 0);
	for (f.at = 1; f.at == 1 || f.calls >= f.at - 1; f.at++) {
		cr_assert_eq(system(cmd), 0);
		(void)make_failing(&f);
		expect_mended("a ruin", f.at);
	}
	fprintf(stderr, "# %u states were tried\n", f.at - 2);
	free(keep);
	free(cmd);
}

Test(init, takes_away_nothing_but_what_an_init_has_left)
{
	static const char *const more[] = {
		"notes", "d/notes", "d/.hidden", TOKEN_FILE, "d/AA", "%s/x",
		"%s/dirid.c9r.1", "%s/../x",
	};
	char *cmd = box_text("cd '%s' && find d -mindepth 2 -type d", b.path);
	char *at, *was, *is;
	char folder[100] = "";
	FILE *p;

	make_ruin();
	p = popen(cmd, "r");
	cr_assert(p != NULL && fgets(folder, sizeof(folder), p) != NULL);
	(void)pclose(p);
	folder[strcspn(folder, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		at = strncmp(more[i], "%s", 2) == 0 ?
		    box_text("%s%s", folder, more[i] + 2) : strdup(more[i]);
		put_bytes(&b, at, "x", 1);
		was = everything();
		cr_expect_eq(make(), VERR_NOTEMPTY, "%s", at);
		is = everything();
		cr_expect_str_eq(is, was, "%s", at);
		free(was);
		free(is);
		remove_it(&b, at);
		free(at);
	}
	/* without its mark it may be anything, even an old vault */
	remove_it(&b, TOKEN_FILE ".tmp");
	was = everything();
	cr_expect_eq(make(), VERR_NOTEMPTY);
	is = everything();
	cr_expect_str_eq(is, was);
	free(was);
	free(is);
	free(cmd);
}

/* How many calls were made to fail. */
static unsigned
fail_each(int err, bool there_before)
{
	struct box_fault f = { .err = err };
	char *was, *is;
	enum verr_code c;
	unsigned n = 0;
	int fds;

	do {
		f.at = n + 1;
		if (there_before)
			cr_assert_eq(mkdir(b.path, 0755), 0);
		was = everything();
		fds = box_fds();
		c = make_failing(&f);
		cr_expect_eq(box_fds(), fds, "call %u: left open", f.at);
		if (c == VERR_NONE)
			expect_whole("in spite of it", f.at);
		else {
			cr_expect_eq(c, verr_of_errno(err), "call %u: %d: %s",
			    f.at, c, b.e.text);
			cr_expect_str_not_empty(b.e.text);
			is = everything();
			cr_expect_str_eq(is, was, "errno %d, call %u: left\n%s",
			    err, f.at, is);
			free(is);
			cr_expect_eq(make(), VERR_NONE, "call %u: again: %s",
			    f.at, b.e.text);
			expect_whole("again", f.at);
		}
		free(was);
		remove_all();
		n += f.calls >= f.at;
	} while (f.calls >= f.at);
	return n;
}

Test(init, that_fails_anywhere_says_why_and_leaves_nothing)
{
	static const int errs[] = { ENOSPC, EIO, EMFILE, EACCES, EROFS };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
		n += fail_each(errs[i], i & 1);
	for (size_t i = 0; getenv("VAULTNFS_LONG") != NULL &&
	    i < sizeof(errs) / sizeof(errs[0]); i++)
		n += fail_each(errs[i], !(i & 1));
	cr_expect_gt(n, 100);
	fprintf(stderr, "# %u calls failed one by one\n", n);
}
