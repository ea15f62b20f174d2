#include "config.h"

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"
#include "base/secret.h"
#include "vault/masterkey.h"
#include "vault/token.h"

#define CHEAP	16	/* scrypt N where many passwords are tried */

static struct box b;

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(passwd, .fini = teardown);

/* -- helpers */

static bool
opens(const char *pass)
{
	struct vault *v = vault_open(b.path, NULL, pass, strlen(pass), &b.e);

	vault_close(v);
	return v != NULL;
}

static int
change(const char *from, const char *to)
{
	memset(&b.e, 0, sizeof(b.e));
	return vault_passwd(b.path, from, strlen(from), to, strlen(to), &b.e);
}

static struct masterkey
parsed(const char *file)
{
	struct masterkey mk;
	char *json;
	size_t len;

	json = kat_read(box_disk(&b, file), &len);
	cr_assert_eq(masterkey_parse(&mk, json, len, &b.e), 0, "%s",
	    b.e.text);
	free(json);
	return mk;
}

static void
write_text(const char *file, const char *text)
{
	FILE *f = fopen(box_disk(&b, file), "w");

	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static uint8_t *
raw_key(const char *pass)
{
	static uint8_t raw[KEYS_RAW_LEN];

	cr_assert_eq(vault_passwd_key(b.path, pass, strlen(pass), raw, &b.e),
	    0, "%s", b.e.text);
	return raw;
}

/* The same vault with a masterkey file that costs next to nothing. */
static char *
make_cheap(void)
{
	char *json;

	json = masterkey_make(raw_key(b.pass), b.pass, strlen(b.pass), CHEAP,
	    b.v == NULL || vault_format(b.v) == 8 ? MASTERKEY_VERSION_8 : 7,
	    &b.e);
	cr_assert_not_null(json);
	write_text(MASTERKEY_FILE, json);
	return json;
}

/* Names at the top of the vault, one a line. */
static char *
top(void)
{
	struct box_lines l = { .n = 0 };
	struct dirent *ent;
	DIR *d = opendir(b.path);

	cr_assert_not_null(d);
	while ((ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.')
			box_add(&l, box_text("%s", ent->d_name));
	(void)closedir(d);
	return box_join(&l);
}

/* masterkey.cryptomator.XXXXXXXX.bkup for the file as it is. */
static char *
backup_name(void)
{
	char hex[2 * DIGEST_LEN + 1];
	char *json;
	size_t len, i;

	json = kat_read(box_disk(&b, MASTERKEY_FILE), &len);
	box_hex(json, len, hex);
	free(json);
	for (i = 0; i < 8; i++)
		if (hex[i] >= 'a')
			hex[i] = (char)(hex[i] - 'a' + 'A');
	return box_text(MASTERKEY_FILE ".%.8s.bkup", hex);
}

/* -- what changes and what does not */

Test(passwd, the_new_one_opens_and_the_old_one_does_not)
{
	box_make(&b, "SIV_GCM", 0);
	box_file(&b, b.root, "f", "text");
	cr_assert_eq(change("box", "another"), 0, "%s", b.e.text);
	cr_expect_not(opens("box"));
	cr_expect_eq(b.e.code, VERR_PASSWORD);
	cr_assert(opens("another"));
	(void)strcpy(b.pass, "another");
	box_reopen(&b);
	cr_expect(box_has(&b, "/f"));
}

Test(passwd, other_readers_open_the_vault_with_the_new_one)
{
	box_make(&b, "SIV_CTRMAC", 0);
	box_file(&b, b.root, "f", "text");
	cr_assert_eq(change("box", "p\xc3\xa4ss w\xc3\xb6rd"), 0, "%s",
	    b.e.text);
	(void)strcpy(b.pass, "p\xc3\xa4ss w\xc3\xb6rd");
	oracle_agrees(&b);
}

Test(passwd, cost_and_version_stay_and_the_salt_is_new)
{
	struct masterkey was, is;
	bool mac_ok;
	uint8_t raw[KEYS_RAW_LEN];

	box_make(&b, "SIV_GCM", 0);
	was = parsed(MASTERKEY_FILE);
	cr_assert_eq(change("box", "new"), 0);
	is = parsed(MASTERKEY_FILE);
	cr_expect_eq(is.version, 999);
	cr_expect_eq(is.cost, BOX_COST);
	cr_expect_eq(is.block, 8);
	cr_expect_eq(is.salt_len, 8);
	cr_expect_neq(memcmp(is.salt, was.salt, 8), 0);
	cr_expect_eq(masterkey_unlock(&is, "new", 3, raw, &mac_ok, &b.e), 0);
	cr_expect(mac_ok);
}

Test(passwd, the_keys_and_the_token_stay)
{
	char *was, *is;
	size_t was_len, is_len;
	uint8_t raw[KEYS_RAW_LEN];

	box_make(&b, "SIV_GCM", 0);
	memcpy(raw, raw_key("box"), sizeof(raw));
	was = kat_read(box_disk(&b, TOKEN_FILE), &was_len);
	cr_assert_eq(change("box", "new"), 0);
	is = kat_read(box_disk(&b, TOKEN_FILE), &is_len);
	cr_expect_eq(is_len, was_len);
	cr_expect_str_eq(is, was);
	cr_expect_arr_eq(raw_key("new"), raw, sizeof(raw));
	free(was);
	free(is);
}

Test(passwd, format_7_keeps_its_version_and_its_mac)
{
	struct masterkey mk;

	box_unpack(&b, "gen-format7-sivctrmac.tar.gz", "pw");
	cr_assert_eq(change("pw", "new"), 0, "%s", b.e.text);
	mk = parsed(MASTERKEY_FILE);
	cr_expect_eq(mk.version, 7);
	cr_expect(opens("new"), "%s", b.e.text);
	cr_expect_not(opens("pw"));
	(void)strcpy(b.pass, "new");
	oracle_agrees(&b);
}

Test(passwd, a_password_is_written_in_its_composed_form)
{
	box_make(&b, "SIV_GCM", 0);
	cr_assert_eq(change("box", "a\xcc\x88"), 0);
	cr_expect(opens("\xc3\xa4"));
	cr_expect(opens("a\xcc\x88"));
}

/* -- the backup */

Test(passwd, the_old_file_stays_as_a_backup_that_the_old_password_opens)
{
	struct vault_options o = { .read_only = true };
	struct vault *v;
	char *name, *is, *was;
	size_t len;

	box_make(&b, "SIV_GCM", 0);
	name = backup_name();
	was = kat_read(box_disk(&b, MASTERKEY_FILE), &len);
	cr_assert_eq(change("box", "new"), 0);
	is = kat_read(box_disk(&b, name), &len);
	cr_expect_str_eq(is, was);
	o.masterkey = name;
	v = vault_open(b.path, &o, "box", 3, &b.e);
	cr_expect_not_null(v, "%s", b.e.text);
	vault_close(v);
	free(name);
	free(was);
	free(is);
}

static int
no_links(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	return op == HOST_LINK ? EPERM : 0;
}

Test(passwd, where_there_are_no_links_the_backup_is_a_copy)
{
	char *name, *is, *was;
	size_t len;

	box_make(&b, "SIV_GCM", 0);
	name = backup_name();
	was = kat_read(box_disk(&b, MASTERKEY_FILE), &len);
	host_set_hook(no_links, NULL);
	cr_assert_eq(change("box", "new"), 0, "%s", b.e.text);
	host_set_hook(NULL, NULL);
	is = kat_read(box_disk(&b, name), &len);
	cr_expect_str_eq(is, was);
	cr_expect(opens("new"));
	free(name);
	free(was);
	free(is);
}

Test(passwd, a_backup_that_is_there_already_is_no_hindrance)
{
	char *name, *is;
	size_t len;

	box_make(&b, "SIV_GCM", 0);
	name = backup_name();
	write_text(name, "somebody's");
	cr_assert_eq(change("box", "new"), 0, "%s", b.e.text);
	is = kat_read(box_disk(&b, name), &len);
	cr_expect_str_eq(is, "somebody's");
	free(name);
	free(is);
}

Test(passwd, what_an_interrupted_change_left_is_taken_away)
{
	char *is;

	box_make(&b, "SIV_GCM", 0);
	write_text(MASTERKEY_FILE ".tmp", "half");
	cr_assert_eq(change("box", "new"), 0, "%s", b.e.text);
	is = top();
	cr_expect_null(strstr(is, ".tmp"), "%s", is);
	free(is);
}

Test(passwd, who_could_read_the_old_file_can_read_the_new_one)
{
	struct stat st;
	const char *file;

	box_make(&b, "SIV_GCM", 0);
	file = box_disk(&b, MASTERKEY_FILE);
	cr_assert_eq(chmod(file, 0640), 0);
	if (geteuid() == 0)
		cr_assert_eq(chown(file, 1234, 5678), 0);
	cr_assert_eq(change("box", "new"), 0, "%s", b.e.text);
	cr_assert_eq(stat(file, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	if (geteuid() == 0)
		cr_expect(st.st_uid == 1234 && st.st_gid == 5678);
}

/* -- what is refused */

Test(passwd, a_wrong_old_password_changes_nothing)
{
	char *was, *is;

	box_make(&b, "SIV_GCM", 0);
	was = top();
	cr_assert_eq(change("wrong", "new"), -1);
	cr_expect_eq(b.e.code, VERR_PASSWORD);
	is = top();
	cr_expect_str_eq(is, was);
	cr_expect(opens("box"));
	free(was);
	free(is);
}

Test(passwd, a_folder_that_is_no_vault_is_refused)
{
	cr_expect_eq(vault_passwd("/", "a", 1, "b", 1, &b.e), -1);
	cr_expect_eq(b.e.code, VERR_NOTVAULT);
	cr_expect_eq(vault_passwd("/no/such/folder", "a", 1, "b", 1, NULL),
	    -1);
}

/* The disk changes a character of the new file before it is read again. */
static int
flipping(void *ctx, enum host_op op, const char *path)
{
	unsigned *opened = ctx;
	FILE *f;

	if (op != HOST_OPEN || path == NULL ||
	    strcmp(path, MASTERKEY_FILE ".tmp") != 0 || ++*opened != 2)
		return 0;
	f = fopen(box_disk(&b, path), "r+");
	cr_assert_not_null(f);
	cr_assert_eq(fseek(f, 120, SEEK_SET), 0);
	cr_assert_eq(fputs("AAAAAAAA", f) < 0, 0);
	cr_assert_eq(fclose(f), 0);
	return 0;
}

Test(passwd, a_new_file_that_does_not_open_does_not_get_the_name)
{
	unsigned opened = 0;
	char *was, *is;

	box_make(&b, "SIV_GCM", 0);
	was = top();
	host_set_hook(flipping, &opened);
	cr_expect_eq(change("box", "new"), -1);
	host_set_hook(NULL, NULL);
	cr_expect_geq(opened, 2);
	is = top();
	cr_expect_str_eq(is, was);
	cr_expect(opens("box"));
	free(was);
	free(is);
}

/* -- by the raw key */

static int
set_by(const uint8_t *raw, uint32_t cost)
{
	memset(&b.e, 0, sizeof(b.e));
	return vault_passwd_set(b.path, raw, "new", 3, cost, &b.e);
}

Test(passwd, the_raw_key_stands_in_for_the_old_password)
{
	uint8_t *raw;

	box_make(&b, "SIV_GCM", 0);
	raw = raw_key("box");
	cr_assert_eq(set_by(raw, 0), 0, "%s", b.e.text);
	cr_expect(opens("new"));
	cr_expect_eq(parsed(MASTERKEY_FILE).cost, BOX_COST);
	cr_assert_eq(set_by(raw, 4 * BOX_COST), 0);
	cr_expect_eq(parsed(MASTERKEY_FILE).cost, 4 * BOX_COST);
}

Test(passwd, another_raw_key_is_refused)
{
	uint8_t raw[KEYS_RAW_LEN];

	box_make(&b, "SIV_GCM", 0);
	for (int i = 0; i < 2; i++) {
		memcpy(raw, raw_key("box"), sizeof(raw));
		raw[i * KEYS_LEN] ^= 1;
		cr_expect_eq(set_by(raw, 0), -1);
		cr_expect_eq(b.e.code, VERR_PASSWORD);
	}
	cr_expect(opens("box"));
}

Test(passwd, another_raw_key_is_refused_in_format_7_too)
{
	uint8_t raw[KEYS_RAW_LEN];

	box_unpack(&b, "gen-format7-sivctrmac.tar.gz", "pw");
	for (int i = 0; i < 2; i++) {
		memcpy(raw, raw_key("pw"), sizeof(raw));
		raw[i * KEYS_LEN] ^= 1;
		cr_expect_eq(set_by(raw, 0), -1);
		cr_expect_eq(b.e.code, VERR_PASSWORD);
	}
	cr_expect(opens("pw"));
	cr_expect_eq(set_by(raw_key("pw"), 0), 0);
	cr_expect(opens("new"));
}

Test(passwd, a_masterkey_file_that_is_lost_or_broken_is_made_anew)
{
	uint8_t raw[KEYS_RAW_LEN];
	struct masterkey mk;

	box_make(&b, "SIV_GCM", 0);
	memcpy(raw, raw_key("box"), sizeof(raw));
	cr_assert_eq(unlink(box_disk(&b, MASTERKEY_FILE)), 0);
	cr_assert_eq(set_by(raw, BOX_COST), 0, "%s", b.e.text);
	cr_expect(opens("new"), "%s", b.e.text);
	mk = parsed(MASTERKEY_FILE);
	cr_expect_eq(mk.version, 999);
	cr_expect_eq(mk.cost, BOX_COST);

	write_text(MASTERKEY_FILE, "{ \"version\": 99");
	cr_assert_eq(set_by(raw, BOX_COST), 0, "%s", b.e.text);
	cr_expect(opens("new"));
}

static void
set_number(const char *member, int value)
{
	json_t *o = json_load_file(box_disk(&b, MASTERKEY_FILE), 0, NULL);

	cr_assert_not_null(o);
	cr_assert_eq(json_object_set_new(o, member, json_integer(value)), 0);
	cr_assert_eq(json_dump_file(o, box_disk(&b, MASTERKEY_FILE), 0), 0);
	json_decref(o);
}

Test(passwd, with_another_block_size_the_work_of_a_guess_does_not_fall)
{
	uint8_t raw[KEYS_RAW_LEN];

	box_make(&b, "SIV_GCM", 0);
	memcpy(raw, raw_key("box"), sizeof(raw));
	set_number("scryptBlockSize", 32);
	cr_assert_eq(set_by(raw, 0), 0, "%s", b.e.text);
	cr_expect_eq(parsed(MASTERKEY_FILE).cost, 4 * BOX_COST);
	cr_expect_eq(parsed(MASTERKEY_FILE).block, 8);
	set_number("scryptBlockSize", 1);
	set_number("scryptCostParam", CHEAP);
	cr_assert_eq(set_by(raw, 0), 0, "%s", b.e.text);
	cr_expect_eq(parsed(MASTERKEY_FILE).cost, CHEAP);
}

Test(passwd, a_version_that_is_not_authentic_is_not_kept)
{
	uint8_t raw[KEYS_RAW_LEN];

	box_make(&b, "SIV_GCM", 0);
	memcpy(raw, raw_key("box"), sizeof(raw));
	set_number("version", 8);
	cr_assert_eq(set_by(raw, 0), 0, "%s", b.e.text);
	cr_expect_eq(parsed(MASTERKEY_FILE).version, 999);
	cr_expect(masterkey_version_ok(&(struct masterkey){ 0 }, raw) ==
	    false);
}

/* -- faults: every call on the host fails, or is the last one */

struct watch {
	struct box_fault	 fault;
	const char		*file;		/* must be there at all times */
	unsigned		 missing;
};

static int
watching(void *ctx, enum host_op op, const char *path)
{
	struct watch *w = ctx;

	if (access(w->file, R_OK) == -1)
		w->missing++;
	return box_hook(&w->fault, op, path);
}

/* One run with the k-th call failing; false: there are fewer calls. */
static bool
run_failing(const char *json, unsigned k, bool all, int err)
{
	struct watch w = {
		.fault = { .at = k, .all = all, .err = err }
	};
	char *file = box_text("%s/" MASTERKEY_FILE, b.path), *left;
	int fds = box_fds(), r;
	bool old, new;

	write_text(MASTERKEY_FILE, json);
	w.file = file;
	host_set_hook(watching, &w);
	r = change("box", "new");
	host_set_hook(NULL, NULL);
	cr_expect_eq(w.missing, 0, "call %u: no masterkey file", k);
	cr_expect_eq(box_fds(), fds, "call %u: a descriptor leaked", k);
	if (r == -1)
		cr_expect_neq(b.e.text[0], '\0', "call %u: no text", k);
	old = strstr(b.e.text, "the new password is valid") == NULL &&
	    r == -1;
	new = opens("new");
	cr_expect_neq(old, new, "call %u, errno %d: returned %d (%s)", k, err,
	    r, b.e.text);
	cr_expect_neq(opens("box"), new, "call %u: both or none open", k);
	left = top();
	if (!all && w.fault.count[HOST_UNLINK] > 0 && err != EROFS)
		cr_expect_null(strstr(left, ".tmp"), "call %u: %s", k, left);
	free(left);
	free(file);
	return w.fault.calls >= k;
}

static unsigned
run_all_failures(bool all, int err)
{
	char *json = make_cheap();
	unsigned k = 1;

	while (run_failing(json, k, all, err))
		k++;
	cr_expect_gt(k, 15, "too few calls: does the hook see them?");
	write_text(MASTERKEY_FILE, json);
	free(json);
	return k - 1;
}

Test(passwd, whichever_call_is_the_last_the_old_or_the_new_one_opens)
{
	unsigned n;

	box_make(&b, "SIV_GCM", 0);
	n = run_all_failures(true, EIO);
	fprintf(stderr, "# format 8: stopped at each of %u calls\n", n);
}

Test(passwd, whichever_call_is_the_last_in_format_7_the_same_holds)
{
	unsigned n;

	box_unpack(&b, "gen-format7-sivctrmac.tar.gz", "pw");
	cr_assert_eq(change("pw", "box"), 0, "%s", b.e.text);
	(void)strcpy(b.pass, "box");
	n = run_all_failures(true, EIO);
	fprintf(stderr, "# format 7: stopped at each of %u calls\n", n);
}

Test(passwd, whichever_call_fails_the_error_tells_which_password_is_valid)
{
	static const int errs[] = { EIO, ENOSPC, EMFILE, EACCES, EROFS };
	unsigned n = 0;

	box_make(&b, "SIV_GCM", 0);
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
		n += run_all_failures(false, errs[i]);
	fprintf(stderr, "# failed %u calls one by one\n", n);
}
