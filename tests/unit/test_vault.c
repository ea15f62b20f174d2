#include "config.h"

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"
#include "vault/cipher.h"
#include "vault/masterkey.h"
#include "vault/token.h"

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(vault, .fini = teardown);

/* -- vaults that others have made */

static bool
is_shared_only(const char *name)
{
	return access(kat_path(name), R_OK) == -1;
}

static void
expect_manifest(const char *name)
{
	char file[200], *is, *want;
	json_t *m;

	(void)snprintf(file, sizeof(file), "%s.manifest.json", name);
	if (is_shared_only(file)) {
		if (oracle_shared("vaults") == NULL)
			cr_skip_test("the shared vaults are not here");
		setenv("VECTORS", oracle_shared("vaults"), 1);
	}
	m = json_load_file(kat_path(file), JSON_ALLOW_NUL, NULL);
	cr_assert_not_null(m, "%s", file);
	(void)snprintf(file, sizeof(file), "%s.tar.gz", name);
	box_unpack(&b, file, kat_text(m, "password"));
	cr_expect_str_eq(vault_cipher(b.v)->name, kat_text(m, "cipherCombo"));
	cr_expect_eq(vault_format(b.v), json_integer_value(
	    json_object_get(m, "format")));
	cr_expect_eq(vault_threshold(b.v), json_integer_value(
	    json_object_get(m, "shorteningThreshold")));
	is = box_tree(&b, b.root);
	want = oracle_lines(m);
	cr_expect_str_eq(is, want, "is:\n%swanted:\n%s", is, want);
	cr_expect_eq(vault_hidden(b.v), 0);
	json_decref(m);
	free(is);
	free(want);
}

Test(vault, what_cryptofs_wrote_is_read_as_its_manifest_says)
{
	expect_manifest("gen-cryptofs-sivgcm");
}

Test(vault, a_threshold_of_36_is_followed)
{
	expect_manifest("gen-threshold36-sivgcm");
}

Test(vault, format_7_is_read)
{
	expect_manifest("gen-format7-sivctrmac");
}

Test(vault, the_desktop_programs_vault_with_orphans_is_read)
{
	expect_manifest("agucova-sivgcm");
}

Test(vault, a_public_sample_without_backups_of_ids_is_read)
{
	expect_manifest("pr0n00gler-sivctrmac");
}

Test(vault, a_public_sample_with_long_names_is_read)
{
	expect_manifest("mangocubes-vault2-longnames-sivctrmac");
}

/* -- looking without a password */

Test(vault, probe_tells_what_the_files_claim)
{
	struct vault_info i;

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	cr_assert_eq(vault_probe(b.path, &i, &b.e), 0);
	cr_expect_eq(i.format, 8);
	cr_expect_str_eq(i.cipher, "SIV_GCM");
	cr_expect_eq(i.threshold, 220);
	cr_expect_str_eq(i.jti, "3fa9be1f-85c8-4cfb-8be1-00b44299d127");
	cr_expect_str_eq(i.kid, "masterkeyfile:masterkey.cryptomator");
	cr_expect_eq(i.scrypt_cost, 1024);
	cr_expect_eq(i.scrypt_block, 8);
	cr_expect(i.usable);

	cr_assert_eq(rename(box_disk(&b, "vault-variants/format9.cryptomator"),
	    box_disk(&b, TOKEN_FILE)), 0);
	cr_assert_eq(vault_probe(b.path, &i, &b.e), 0);
	cr_expect_eq(i.format, 9);
	cr_expect_not(i.usable);
}

Test(vault, probe_knows_format_7)
{
	struct vault_info i;

	box_unpack(&b, "gen-format7-sivctrmac.tar.gz", "pw");
	cr_assert_eq(vault_probe(b.path, &i, &b.e), 0);
	cr_expect_eq(i.format, 7);
	cr_expect_str_eq(i.cipher, "SIV_CTRMAC");
	cr_expect_eq(i.threshold, 220);
	cr_expect_str_eq(i.jti, "");
	cr_expect(i.usable);
}

/* -- what is refused, and why */

static enum verr_code
try_open(const char *pass)
{
	int fds = box_fds();
	struct vault *v;

	b.e.code = VERR_NONE;
	b.e.text[0] = '\0';
	v = vault_open(b.path, NULL, pass, strlen(pass), &b.e);
	if (v != NULL)
		vault_close(v);
	cr_expect_eq(box_fds(), fds, "a descriptor is left over");
	return v != NULL ? VERR_NONE : b.e.code;
}

Test(vault, a_wrong_password_is_told_from_all_else)
{
	box_make(&b, NULL, 0);
	cr_expect_eq(try_open("box"), VERR_NONE);
	cr_expect_eq(try_open("Box"), VERR_PASSWORD);
	cr_expect_eq(try_open(""), VERR_PASSWORD);
	cr_expect_eq(try_open("box\n"), VERR_PASSWORD);
}

Test(vault, a_password_is_tried_in_its_composed_form)
{
	static const char nfd[] = "pa\xcc\x88sswo\xcc\x88rd 123";

	box_unpack(&b, "gen-cryptofs-sivgcm.tar.gz",
	    "p\xc3\xa4ssw\xc3\xb6rd 123");
	cr_expect_eq(try_open(nfd), VERR_NONE);
}

Test(vault, a_folder_without_a_vault_is_no_vault)
{
	struct vault_info i;

	box_make(&b, NULL, 0);
	(void)strcat(b.path, "/d");
	cr_expect_eq(try_open("box"), VERR_NOTVAULT);
	cr_expect_eq(vault_probe(b.path, &i, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOTVAULT);
	(void)strcat(b.path, "/none");
	cr_expect_eq(try_open("box"), VERR_NOTVAULT);
	cr_expect_eq(vault_probe(b.path, &i, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOTVAULT);
	(void)snprintf(b.path, sizeof(b.path), "%s/vault/" TOKEN_FILE, b.dir);
	cr_expect_eq(try_open("box"), VERR_NOTVAULT, "a file");
}

Test(vault, a_lost_token_is_damage_and_not_format_7)
{
	box_make(&b, NULL, 0);
	cr_assert_eq(unlink(box_disk(&b, TOKEN_FILE)), 0);
	cr_expect_eq(try_open("box"), VERR_DAMAGED);
	cr_expect_not_null(strstr(b.e.text, ".bkup"), "%s", b.e.text);
}

Test(vault, a_lost_masterkey_is_damage_and_another_place_may_be_told)
{
	char key[4200];
	struct vault_options o = { .masterkey = key };
	struct vault *v;

	box_make(&b, NULL, 0);
	(void)snprintf(key, sizeof(key), "%s/key", b.dir);
	cr_assert_eq(rename(box_disk(&b, MASTERKEY_FILE), key), 0);
	cr_expect_eq(try_open("box"), VERR_DAMAGED);
	v = vault_open(b.path, &o, "box", 3, &b.e);
	cr_expect_not_null(v, "%s", b.e.text);
	vault_close(v);
}

Test(vault, a_lost_root_is_damage)
{
	const char *root;

	box_make(&b, NULL, 0);
	root = box_disk(&b, dir_path(b.root));
	cr_assert_eq(rename(root, box_disk(&b, "away")), 0);
	cr_expect_eq(try_open("box"), VERR_DAMAGED);
	cr_assert_eq(rename(box_disk(&b, "d"), box_disk(&b, "e")), 0);
	cr_expect_eq(try_open("box"), VERR_DAMAGED);
}

Test(vault, other_formats_ciphers_and_keys_are_refused_by_name)
{
	static const struct {
		const char	*file;
		enum verr_code	 code;
	} variants[] = {
		{ "hs384", VERR_NONE }, { "hs512", VERR_NONE },
		{ "newline", VERR_NONE }, { "no-jti", VERR_NONE },
		{ "no-threshold", VERR_NONE },
		{ "badsig", VERR_PASSWORD },
		{ "format7", VERR_UNSUPPORTED },
		{ "format9", VERR_UNSUPPORTED },
		{ "format-string", VERR_UNSUPPORTED },
		{ "combo-unknown", VERR_UNSUPPORTED },
		{ "combo-lowercase", VERR_UNSUPPORTED },
		{ "none", VERR_UNSUPPORTED }, { "hub", VERR_UNSUPPORTED },
		{ "kid-traversal", VERR_UNSUPPORTED },
		{ "kid-other", VERR_DAMAGED }, { "garbage", VERR_DAMAGED },
	};
	char name[100];

	box_unpack(&b, "edge-sivgcm.tar.gz", "edge");
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		(void)snprintf(name, sizeof(name),
		    "vault-variants/%s.cryptomator", variants[i].file);
		cr_assert_eq(rename(box_disk(&b, name),
		    box_disk(&b, TOKEN_FILE)), 0);
		cr_expect_eq(try_open("edge"), variants[i].code, "%s: %s",
		    name, b.e.text);
	}
}

Test(vault, old_formats_are_to_be_migrated_by_cryptomator)
{
	char *text, *at;
	size_t len;
	FILE *f;

	box_unpack(&b, "gen-format7-sivctrmac.tar.gz", "pw");
	text = kat_read(box_disk(&b, MASTERKEY_FILE), &len);
	at = strstr(text, "\"version\"");
	cr_assert_not_null(at);
	at = strchr(at, '7');
	cr_assert_not_null(at);
	*at = '6';
	f = fopen(box_disk(&b, MASTERKEY_FILE), "w");
	cr_assert(f != NULL && fwrite(text, 1, len, f) == len &&
	    fclose(f) == 0);
	free(text);
	cr_expect_eq(try_open("pw"), VERR_UNSUPPORTED);
	cr_expect_not_null(strstr(b.e.text, "6"));
}

Test(vault, what_a_read_only_vault_must_not_do_it_refuses)
{
	struct vault_options o = { .read_only = true };
	struct vset set = { .mask = VSET_MODE, .mode = 0600 };
	struct box_fault f = { .at = 0 };
	struct entry ent;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "file", "text");
	dir_put(box_mkdir(&b, b.root, "dir"));
	box_close(&b);
	box_open_as(&b, &o);
	cr_expect(vault_read_only(b.v));
	host_set_hook(box_hook, &f);
	cr_expect_eq(BOX_CODE(&b, dir_create(b.root, b.a, "n", 1, NULL, NULL,
	    NULL, &b.e)), VERR_ROFS);
	cr_expect_eq(BOX_CODE(&b, dir_mkdir(b.root, b.a, "n", 1, NULL, NULL,
	    NULL, &b.e)), VERR_ROFS);
	cr_expect_eq(BOX_CODE(&b, dir_symlink(b.root, b.a, "n", 1, "t", 1,
	    NULL, NULL, NULL, &b.e)), VERR_ROFS);
	cr_expect_eq(box_unlink(&b, b.root, "file"), VERR_ROFS);
	cr_expect_eq(box_rmdir(&b, b.root, "dir"), VERR_ROFS);
	cr_expect_eq(box_rename(&b, b.root, "file", b.root, "n"), VERR_ROFS);
	cr_assert_eq(box_find(&b, "/file", &ent), VERR_NONE);
	cr_expect_eq(BOX_CODE(&b, loc_set(b.v, &ent.loc, ent.attr.fileid,
	    &set, NULL, &b.e)), VERR_ROFS);
	cr_expect_null(file_open(b.v, &ent.loc, ent.attr.fileid, true, &b.e));
	cr_expect_eq(b.e.code, VERR_ROFS);
	cr_expect_eq(BOX_CODE(&b, vault_sync_names(b.v, &b.e)), VERR_NONE);
	for (int op = HOST_WRITE; op <= HOST_UTIMES; op++)
		cr_expect_eq(f.count[op], 0, "operation %d", op);
}

/* -- new ones */

Test(vault, a_new_vault_is_what_was_asked_for)
{
	static const struct {
		const char	*cipher;
		int		 threshold, is;
	} kinds[] = {
		{ NULL, 0, 220 }, { "SIV_GCM", 36, 36 },
		{ "SIV_CTRMAC", 220, 220 }, { "SIV_CTRMAC", 100, 100 },
	};
	struct vault_info i;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		box_make(&b, kinds[k].cipher, kinds[k].threshold);
		cr_expect_str_eq(vault_cipher(b.v)->name,
		    kinds[k].cipher == NULL ? "SIV_GCM" : kinds[k].cipher);
		cr_expect_eq(vault_format(b.v), 8);
		cr_expect_eq(vault_threshold(b.v), kinds[k].is);
		cr_assert_eq(vault_probe(b.path, &i, &b.e), 0);
		cr_expect_eq(i.scrypt_cost, BOX_COST);
		cr_expect_eq(strlen(i.jti), 36);
		box_expect_tree(&b, b.root, "");
		box_end(&b);
	}
	b.dir = NULL;
}

Test(vault, a_new_vault_is_found_good_by_others)
{
	box_make(&b, "SIV_GCM", 0);
	oracle_agrees(&b);
	box_end(&b);
	box_make(&b, "SIV_CTRMAC", 36);
	oracle_agrees(&b);
}

Test(vault, init_asks_for_what_it_can_make)
{
	struct vault_new n = { "SIV_XTS", 0, BOX_COST };

	box_make(&b, NULL, 0);
	(void)strcat(b.path, "-2");
	cr_expect_eq(BOX_CODE(&b, vault_init(b.path, &n, "p", 1, &b.e)),
	    VERR_INVAL);
	n.cipher = NULL;
	n.threshold = 35;
	cr_expect_eq(BOX_CODE(&b, vault_init(b.path, &n, "p", 1, &b.e)),
	    VERR_INVAL);
	n.threshold = 221;
	cr_expect_eq(BOX_CODE(&b, vault_init(b.path, &n, "p", 1, &b.e)),
	    VERR_INVAL);
	cr_expect_eq(access(b.path, F_OK), -1);
}

Test(vault, init_takes_no_folder_that_holds_something)
{
	struct vault_new n = { NULL, 0, BOX_COST };
	char *one;

	box_make(&b, NULL, 0);
	one = box_tree(&b, b.root);
	cr_expect_eq(BOX_CODE(&b, vault_init(b.path, &n, "p", 1, &b.e)),
	    VERR_NOTEMPTY);
	cr_expect_eq(try_open("box"), VERR_NONE, "it was a vault, and is");
	box_expect_tree(&b, b.root, one);
	free(one);
	/* an empty one is welcome */
	(void)strcat(b.path, "-2");
	cr_assert_eq(mkdir(b.path, 0755), 0);
	cr_expect_eq(BOX_CODE(&b, vault_init(b.path, &n, "p", 1, &b.e)),
	    VERR_NONE);
	cr_expect_eq(try_open("p"), VERR_NONE);
}

/* Entries of a folder; -1: there is none. */
static int
entries_in(const char *path)
{
	DIR *d = opendir(path);
	int n = -2;

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

/* Each call fails in its turn; the number of calls that init makes. */
static unsigned
fail_init(const char *path, int err, bool made_before)
{
	struct vault_new n = { NULL, 0, BOX_COST };
	struct box_fault f = { .err = err };
	int r = -1, fds = box_fds();

	for (f.at = 1; r == -1; f.at++) {
		if (made_before)
			cr_assert_eq(mkdir(path, 0755), 0);
		f.calls = 0;
		host_set_hook(box_hook, &f);
		b.e.code = VERR_NONE;
		r = vault_init(path, &n, "p", 1, &b.e);
		host_set_hook(NULL, NULL);
		cr_expect_eq(box_fds(), fds, "call %u", f.at);
		if (r == 0 && f.calls >= f.at) {
			r = -1;		/* it was not needed: next */
			kat_forget(strdup(path));
			continue;
		}
		if (r == 0)
			break;
		cr_expect_neq(b.e.code, VERR_NONE);
		cr_expect_neq(b.e.code, VERR_NOTEMPTY, "call %u", f.at);
		cr_expect_eq(entries_in(path), made_before ? 0 : -1,
		    "something is left after call %u", f.at);
		kat_forget(strdup(path));
	}
	kat_forget(strdup(path));
	return f.at;
}

Test(vault, an_init_that_fails_leaves_nothing)
{
	char path[4200];

	box_make(&b, NULL, 0);
	(void)snprintf(path, sizeof(path), "%s/new", b.dir);
	cr_expect_gt(fail_init(path, ENOSPC, false), 15);
	cr_expect_gt(fail_init(path, EIO, true), 15);
}

Test(vault, an_open_that_fails_says_why_and_leaves_nothing)
{
	static const int errs[] = { EIO, EMFILE, EACCES };
	struct box_fault f = { .at = 0 };
	int fds, r = -1;
	struct vault *v;

	box_make(&b, NULL, 0);
	fds = box_fds();
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
		for (f.at = 1, r = -1; r == -1; f.at++) {
			f.calls = 0;
			f.err = errs[i];
			host_set_hook(box_hook, &f);
			v = vault_open(b.path, NULL, "box", 3, &b.e);
			host_set_hook(NULL, NULL);
			if (v != NULL && f.calls < f.at)
				r = 0;
			if (v == NULL)
				cr_expect_eq(b.e.code, verr_of_errno(errs[i]),
				    "call %u: %s", f.at, b.e.text);
			vault_close(v);
			cr_expect_eq(box_fds(), fds, "call %u", f.at);
		}
}

Test(vault, space_is_told_in_clear_bytes)
{
	struct vault_space s;
	struct host_space h;
	int fd;

	box_make(&b, NULL, 0);
	cr_assert_eq(vault_space(b.v, &s, &b.e), 0);
	fd = host_root(b.path);
	cr_assert_eq(host_space(fd, &h), 0);
	(void)host_close(fd);
	cr_expect_gt(s.total, 0);
	cr_expect_lt(s.total, h.total);
	cr_expect_gt(s.total, h.total / 100 * 99);
	cr_expect_leq(s.avail, s.free);
	cr_expect_leq(s.free, s.total);
	cr_expect_eq(s.files, h.files);
}

Test(vault, id_and_tags_are_the_same_after_a_restart_and_no_other_vaults)
{
	uint8_t one[16], two[16];
	uint32_t id;

	box_make(&b, NULL, 0);
	id = vault_id(b.v);
	cr_assert(vault_tag(b.v, "abc", 3, one));
	box_reopen(&b);
	cr_expect_eq(vault_id(b.v), id);
	cr_assert(vault_tag(b.v, "abc", 3, two));
	cr_expect_arr_eq(one, two, 16);
	cr_assert(vault_tag(b.v, "abd", 3, two));
	cr_expect_arr_neq(one, two, 16);
	box_end(&b);
	box_make(&b, NULL, 0);
	cr_assert(vault_tag(b.v, "abc", 3, two));
	cr_expect_arr_neq(one, two, 16);
}
