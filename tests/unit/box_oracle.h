/*
 * box_oracle.h - what readers that share no code with ours find in a box.
 *
 * tests/e2e/vaultread.py (where Python has the cryptography package) and
 * tools/cmvault.py of $VAULTNFS_SHARED or ../shared (where it is there).
 */
#ifndef TESTS_UNIT_BOX_ORACLE_H
#define TESTS_UNIT_BOX_ORACLE_H

#include "tests/unit/box.h"

static inline const char *
oracle_top(void)
{
	const char *top = getenv("VAULTNFS_TOP");

	return top != NULL ? top : ".";
}

/* A file of the shared folder; NULL if it is not there. */
static inline const char *
oracle_shared(const char *name)
{
	const char *shared = getenv("VAULTNFS_SHARED");
	static char path[8192];

	if (shared != NULL)
		(void)snprintf(path, sizeof(path), "%s/%s", shared, name);
	else
		(void)snprintf(path, sizeof(path), "%s/../shared/%s",
		    oracle_top(), name);
	return access(path, R_OK) == 0 ? path : NULL;
}

/* The same lines as box_tree() has, from a manifest or a reader's report. */
static inline char *
oracle_lines(const json_t *root)
{
	struct box_lines l = { .n = 0 };
	const char *path, *type;
	json_t *v;

	KAT_FOREACH(root, "entries", v) {
		path = kat_text(v, "path");
		type = kat_text(v, "type");
		if (strcmp(type, "file") == 0)
			box_add(&l, box_text("%s file %jd %s", path,
			    (intmax_t)json_integer_value(json_object_get(v,
			    "size")), kat_text(v, "sha256")));
		else if (strcmp(type, "symlink") == 0)
			box_add(&l, box_text("%s symlink %s", path,
			    kat_text(v, "target")));
		else
			box_add(&l, box_text("%s %s", path, type));
	}
	return box_join(&l);
}

/* Runs cmd, which writes JSON to out.json of the box; compares. */
static inline void
oracle_run(struct box *b, const char *cmd, const char *complaints)
{
	char *is = box_tree(b, b->root), *theirs, *file;
	json_t *root, *odd;

	file = box_text("%s/out.json", b->dir);
	cr_assert_eq(system(cmd), 0, "%s", cmd);
	root = json_load_file(file, JSON_ALLOW_NUL, NULL);
	cr_assert_not_null(root, "%s", cmd);
	theirs = oracle_lines(root);
	cr_expect_str_eq(is, theirs, "%s\nis:\n%stheirs:\n%s", cmd, is,
	    theirs);
	odd = json_object_get(root, complaints);
	for (size_t i = 0; i < json_array_size(odd); i++)
		cr_expect_fail("%s: %s", cmd,
		    json_string_value(json_array_get(odd, i)));
	json_decref(root);
	free(theirs);
	free(file);
	free(is);
}

/*
 * Every independent reader that there is finds what we see, and nothing that
 * a careful writer would not leave behind.
 */
static inline void
oracle_agrees(struct box *b)
{
	const char *cmvault = oracle_shared("tools/cmvault.py");
	char *cmd, *pw = box_text("%s/pw", b->dir);
	bool have_crypto, any = false;
	FILE *f;

	if (cmvault != NULL && system("command -v python3 >/dev/null") == 0) {
		cmd = box_text("python3 '%s' list '%s' '%s' --json "
		    "'%s/out.json' >'%s/log' 2>&1", cmvault, b->path, b->pass,
		    b->dir, b->dir);
		oracle_run(b, cmd, "warnings");
		free(cmd);
		any = true;
	}
	have_crypto = system("python3 -c 'import cryptography' "
	    ">/dev/null 2>&1") == 0;
	if (have_crypto) {
		f = fopen(pw, "w");
		cr_assert(f != NULL && fputs(b->pass, f) >= 0 &&
		    fclose(f) == 0);
		cmd = box_text("python3 '%s/tests/e2e/vaultread.py' '%s' '%s' "
		    "--out '%s/out.json'", oracle_top(), b->path, pw, b->dir);
		oracle_run(b, cmd, "remarks");
		free(cmd);
		any = true;
	}
	free(pw);
	if (!any)
		cr_skip_test("neither tools/cmvault.py nor Python's "
		    "cryptography package is here");
}

#endif /* TESTS_UNIT_BOX_ORACLE_H */
