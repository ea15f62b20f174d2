/*
 * No known answer is left out: each group of kat.json has a test that goes
 * through all of it, which its own count shows.  Who adds a group or an answer
 * has to say here who checks it.
 */
#include "config.h"

#include <dirent.h>

#include "tests/unit/box_oracle.h"
#include "tests/unit/kat.h"

static const struct {
	const char	*group;
	size_t		 answers;
	const char	*test;		/* that has KAT_FOREACH of it */
} groups[] = {
	{ "dir_hash", 7, "test_name.c" },
	{ "names", 18, "test_name.c" },
	{ "headers", 5, "test_cipher.c" },
	{ "chunks", 5, "test_cipher.c" },
	{ "masterkeys", 3, "test_masterkey.c" },
	{ "jwt", 4, "test_token.c" },
	{ "files", 12, "test_cipher.c" },
};
#define N_GROUPS	(sizeof(groups) / sizeof(groups[0]))

Test(kat, every_group_has_its_test)
{
	char path[4200], loop[100], count[100], *text;
	json_t *root = kat_load();
	size_t len;

	cr_expect_eq(json_object_size(root), N_GROUPS + 1, "and a note");
	for (size_t i = 0; i < N_GROUPS; i++) {
		cr_expect_eq(json_array_size(json_object_get(root,
		    groups[i].group)), groups[i].answers, "%s",
		    groups[i].group);
		(void)snprintf(path, sizeof(path), "%s/tests/unit/%s",
		    oracle_top(), groups[i].test);
		text = kat_read(path, &len);
		(void)snprintf(loop, sizeof(loop),
		    "KAT_FOREACH(root, \"%s\", v)", groups[i].group);
		(void)snprintf(count, sizeof(count),
		    "cr_expect_eq(seen, %zu);", groups[i].answers);
		cr_expect_not_null(strstr(text, loop), "%s", loop);
		cr_expect_not_null(strstr(text, count), "%s", count);
		free(text);
	}
	json_decref(root);
}

Test(kat, every_file_of_kat_files_is_an_answer)
{
	json_t *root = kat_load(), *v;
	char path[4200];
	struct dirent *de;
	size_t files = 0;
	DIR *d;

	KAT_FOREACH(root, "files", v) {
		(void)snprintf(path, sizeof(path), "%s",
		    kat_path(kat_text(v, "file")));
		cr_expect_eq(access(path, R_OK), 0, "%s", path);
	}
	d = opendir(kat_path("kat-files"));
	cr_assert_not_null(d);
	while ((de = readdir(d)) != NULL)
		files += de->d_name[0] != '.';
	(void)closedir(d);
	cr_expect_eq(files, json_array_size(json_object_get(root, "files")));
	json_decref(root);
}

Test(kat, the_answers_here_are_those_of_the_shared_folder)
{
	const char *shared = oracle_shared("vaults/kat.json");
	size_t len, n;
	char *one, *two;

	if (shared == NULL)
		cr_skip_test("the shared vaults are not here");
	one = kat_read(shared, &len);
	two = kat_read(kat_path("kat.json"), &n);
	cr_expect_eq(len, n);
	cr_expect_str_eq(one, two);
	free(one);
	free(two);
}
