/*
 * What the server remembers of objects is forgotten with the objects: files
 * that come and go leave no node behind, nor do these keep directories that
 * were removed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "nfsd/node.h"
#include "nfsd/server_int.h"
#include "tests/proto/check.h"
#include "vault/vault.h"

#define FILES	20

static void
setup(void)
{
	fix_start(&f, NULL);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(gone, .init = setup, .fini = teardown);

static size_t
nodes(void)
{
	return node_count(f.server->nodes);
}

static size_t
dirs(void)
{
	struct vault_counts c;

	vault_counts(f.vault, &c);
	return c.dirs;
}

Test(gone, files_that_were_removed_are_not_remembered)
{
	size_t known = dirs();
	struct fh d = check_dir(&f.root, "dir");
	char name[16];
	struct fh old;
	fattr3 a;
	unsigned i;

	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "file%u", i);
		old = check_file(&d, name);
	}
	OK(call_symlink(f.c, &d, "link", "target", NULL));
	cr_expect_eq(nodes(), FILES + 1);
	for (i = 0; i < FILES; i++) {
		(void)snprintf(name, sizeof(name), "file%u", i);
		OK(call_remove(f.c, &d, name, NULL));
	}
	cr_expect_eq(nodes(), 1);
	OK(call_remove(f.c, &d, "link", NULL));
	cr_expect_eq(nodes(), 0);
	OK(call_rmdir(f.c, &f.root, "dir", NULL));
	cr_expect_eq(dirs(), known);
	IS(STALE, call_getattr(f.c, &old, &a));
	cr_expect_eq(nodes(), 0);
}

Test(gone, a_file_that_was_replaced_is_not_remembered)
{
	struct fh a = check_file(&f.root, "a"), b = check_file(&f.root, "b");
	struct fh d = check_dir(&f.root, "dir");
	fattr3 attr;

	OK(call_rename(f.c, &f.root, "a", &f.root, "b", NULL));
	cr_expect_eq(nodes(), 1);
	IS(STALE, call_getattr(f.c, &b, &attr));
	OK(call_getattr(f.c, &a, &attr));
	(void)check_file(&d, "b");
	cr_expect_eq(nodes(), 2);
	OK(call_rename(f.c, &f.root, "b", &d, "b", NULL));
	cr_expect_eq(nodes(), 1);
	OK(call_getattr(f.c, &a, &attr));
}

/* Its handles stay the same bytes: the node knows what is in them. */
Test(gone, a_file_that_keeps_a_name_is_remembered)
{
	struct fh d = check_dir(&f.root, "dir");
	struct fh a = check_file(&f.root, "a");
	struct reply r;

	OK(call_link(f.c, &a, &d, "b", NULL));
	OK(call_remove(f.c, &f.root, "a", NULL));
	cr_expect_eq(nodes(), 1);
	OK(call_lookup(f.c, &d, "b", &r));
	cr_expect(call_same_fh(&r.fh, &a));
	OK(call_remove(f.c, &d, "b", NULL));
	cr_expect_eq(nodes(), 0);
}

Test(gone, what_another_program_removed_is_forgotten_when_it_is_asked_for)
{
	struct fh a = check_file(&f.root, "a");
	char command[256];
	fattr3 attr;

	cr_expect_eq(nodes(), 1);
	(void)snprintf(command, sizeof(command), "find '%s/d' -name '*.c9r' "
	    "! -name 'dir*' -type f -delete", f.dir);
	cr_assert_eq(system(command), 0);
	IS(STALE, call_getattr(f.c, &a, &attr));
	cr_expect_eq(nodes(), 0);
}
