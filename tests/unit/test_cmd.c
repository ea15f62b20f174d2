#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/vault.h"

/* A command with an option of each kind. */
struct args {
	bool			flag, other;
	const char		*text, *word;
	uint64_t		number, size;
	struct pass_source	pass;
};

#define OFF(m)	offsetof(struct args, m)

static const struct cmd_opt opts[] = {
	{ CMD_OPT_FLAG, 'f', "flag", NULL, OFF(flag), 0, 0, NULL, "a flag" },
	{ CMD_OPT_FLAG, 'o', "other", NULL, OFF(other), 0, 0, NULL, "more" },
	{ CMD_OPT_TEXT, 't', "text", "T", OFF(text), 0, 0, NULL, "a text" },
	{ CMD_OPT_WORD, 0, "word", "ONE|TWO", OFF(word), 0, 0, "ONE", "word" },
	{ CMD_OPT_NUMBER, 0, "number", "N", OFF(number), 3, 100, "7", "n" },
	{ CMD_OPT_SIZE, 0, "size", "BYTES", OFF(size), 1, (uint64_t)1 << 50,
	    NULL, "a size" },
	CMD_PASS(struct args, pass),
	CMD_END
};

static const struct cmd cmd = {
	"try", "A [B]", 1, 2, "be tried", NULL, opts, sizeof(struct args),
	NULL
};

static struct args got;
static struct cmd_call call;
static struct verr err;
static bool wants_help;

/* Parse the words, which end in NULL. */
static int
parse(const char *const *words)
{
	static char copy[16][128];
	static char *argv[17];
	int n;

	memset(&got, 0, sizeof(got));
	memset(&err, 0, sizeof(err));
	memset(&call, 0, sizeof(call));
	call.cmd = &cmd;
	call.args = &got;
	for (n = 0; words[n] != NULL; n++) {
		(void)strcpy(copy[n], words[n]);
		argv[n] = copy[n];
	}
	argv[n] = NULL;
	return cmd_parse(&call, n, argv, &wants_help, &err);
}
#define PARSE(...)	parse((const char *const[]){ __VA_ARGS__, NULL })

Test(cmd, options_and_operands_may_be_mixed)
{
	cr_assert_eq(PARSE("a", "-f", "--text", "x", "b"), 0);
	cr_expect(got.flag);
	cr_expect_not(got.other);
	cr_expect_str_eq(got.text, "x");
	cr_expect_eq(call.n, 2);
	cr_expect_str_eq(call.operand[0], "a");
	cr_expect_str_eq(call.operand[1], "b");
}

Test(cmd, a_value_may_follow_an_equals_sign)
{
	cr_assert_eq(PARSE("a", "--text=x=y", "--number=9"), 0);
	cr_expect_str_eq(got.text, "x=y");
	cr_expect_eq(got.number, 9);
	cr_assert_eq(PARSE("a", "--text="), 0);
	cr_expect_str_eq(got.text, "");
}

Test(cmd, letters_may_share_a_dash)
{
	cr_assert_eq(PARSE("-of", "a"), 0);
	cr_expect(got.flag && got.other);
	cr_expect_eq(PARSE("-fx", "a"), -1);
	cr_expect_str_eq(err.text, "unknown option -x");
}

Test(cmd, the_last_letter_may_have_a_value)
{
	cr_assert_eq(PARSE("-ft", "x", "a"), 0);
	cr_expect(got.flag);
	cr_expect_str_eq(got.text, "x");
	cr_assert_eq(PARSE("-tof", "a"), 0);
	cr_expect_str_eq(got.text, "of");
	cr_expect_not(got.flag);
	cr_expect_eq(PARSE("a", "-t"), -1);
	cr_expect_str_eq(err.text, "option -t needs a value");
}

Test(cmd, what_is_behind_two_dashes_is_known)
{
	cr_assert_eq(PARSE("a", "-f", "--", "b"), 0);
	cr_expect_eq(call.first_after, 1);
	cr_expect_null(call.operand[2]);
	cr_assert_eq(PARSE("a", "b"), 0);
	cr_expect_eq(call.first_after, -1);
}

Test(cmd, two_dashes_end_the_options)
{
	cr_assert_eq(PARSE("--", "-f", "--text"), 0);
	cr_expect_not(got.flag);
	cr_expect_eq(call.n, 2);
	cr_expect_str_eq(call.operand[0], "-f");
}

Test(cmd, one_dash_alone_is_an_operand)
{
	cr_assert_eq(PARSE("-", "a"), 0);
	cr_expect_eq(call.n, 2);
	cr_expect_str_eq(call.operand[0], "-");
}

Test(cmd, presets_hold_unless_the_option_is_given)
{
	cr_assert_eq(PARSE("a"), 0);
	cr_expect_str_eq(got.word, "ONE");
	cr_expect_eq(got.number, 7);
	cr_expect_null(got.text);
	cr_expect_eq(got.size, 0);
	cr_assert_eq(PARSE("a", "--word", "TWO", "--number", "3"), 0);
	cr_expect_str_eq(got.word, "TWO");
	cr_expect_eq(got.number, 3);
}

Test(cmd, names_are_not_abbreviated)
{
	cr_expect_eq(PARSE("a", "--fla"), -1);
	cr_expect_str_eq(err.text, "unknown option --fla");
	cr_expect_eq(PARSE("a", "--flagg"), -1);
	cr_expect_eq(PARSE("a", "--=x"), -1);
	cr_expect_eq(err.code, VERR_INVAL);
}

Test(cmd, a_word_must_be_whole_and_in_the_list)
{
	cr_expect_eq(PARSE("a", "--word", "ON"), -1);
	cr_expect_eq(PARSE("a", "--word", "ONE|TWO"), -1);
	cr_expect_eq(PARSE("a", "--word", ""), -1);
	cr_expect_str_eq(err.text, "--word : must be one of ONE|TWO");
}

Test(cmd, numbers_are_checked)
{
	static const char *const bad[] = {
		"", "x", "2", "101", "-5", "+5", " 5", "5 ", "0x10", "5K",
		"99999999999999999999999", "18446744073709551621"
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(PARSE("a", "--number", bad[i]), -1,
		    "'%s' was taken", bad[i]);
	cr_assert_eq(PARSE("a", "--number", "100"), 0);
	cr_expect_eq(got.number, 100);
}

Test(cmd, sizes_take_suffixes)
{
	cr_assert_eq(PARSE("a", "--size", "4096"), 0);
	cr_expect_eq(got.size, 4096);
	cr_assert_eq(PARSE("a", "--size", "4K"), 0);
	cr_expect_eq(got.size, 4096);
	cr_assert_eq(PARSE("a", "--size", "3m"), 0);
	cr_expect_eq(got.size, 3145728);
	cr_assert_eq(PARSE("a", "--size", "2G"), 0);
	cr_expect_eq(got.size, (uint64_t)2 << 30);
	cr_assert_eq(PARSE("a", "--size", "1024T"), 0);
	cr_expect_eq(got.size, (uint64_t)1 << 50);
	cr_expect_eq(PARSE("a", "--size", "1025T"), -1);
	cr_expect_eq(PARSE("a", "--size", "4KB"), -1);
	cr_expect_eq(PARSE("a", "--size", "K"), -1);
	/* 2^64 + 2^40 bytes: must not wrap */
	cr_expect_eq(PARSE("a", "--size", "16777217T"), -1);
}

Test(cmd, a_missing_value_and_one_too_many_are_told)
{
	cr_expect_eq(PARSE("a", "--text"), -1);
	cr_expect_str_eq(err.text, "option --text needs a value");
	cr_expect_eq(PARSE("a", "--flag=yes"), -1);
	cr_expect_str_eq(err.text, "option --flag takes no value");
}

Test(cmd, operands_are_counted)
{
	cr_expect_eq(PARSE("-f"), -1);
	cr_expect_str_eq(err.text, "needs A [B]");
	cr_expect_eq(PARSE("a", "b", "c"), -1);
	cr_expect_str_eq(err.text, "too many operands at 'c'");
}

Test(cmd, help_wins_over_what_is_missing)
{
	cr_assert_eq(PARSE("--help"), 0);
	cr_expect(wants_help);
	cr_assert_eq(PARSE("-h"), 0);
	cr_expect(wants_help);
	cr_assert_eq(PARSE("a"), 0);
	cr_expect_not(wants_help);
}

Test(cmd, the_password_has_one_source)
{
	cr_assert_eq(PARSE("a"), 0);
	cr_expect_eq(got.pass.kind, PASS_ASK);
	cr_assert_eq(PARSE("a", "--password-stdin"), 0);
	cr_expect_eq(got.pass.kind, PASS_STDIN);
	cr_assert_eq(PARSE("a", "--password-fd", "7"), 0);
	cr_expect_eq(got.pass.kind, PASS_FD);
	cr_expect_str_eq(got.pass.arg, "7");
	cr_expect_eq(PARSE("a", "--password-env", "X", "--password-file",
	    "f"), -1);
	cr_expect_str_eq(err.text,
	    "--password-file: only one --password option may be given");
	cr_expect_eq(PARSE("a", "--password-env", "X", "--password-env",
	    "X"), -1);
}

Test(cmd, help_tells_of_every_option, .init = cr_redirect_stdout)
{
	cmd_help(&cmd);
	(void)fflush(stdout);
	cr_assert_stdout_eq_str(
	    "usage: vaultnfs try [OPTION]... A [B]\n\nBe tried.\n\n"
	    "  -f, --flag                a flag\n"
	    "  -o, --other               more\n"
	    "  -t, --text T              a text\n"
	    "      --word ONE|TWO        word [ONE]\n"
	    "      --number N            n [7]\n"
	    "      --size BYTES          a size\n"
	    "      --password-file F     take the password from file F\n"
	    "      --password-fd N       ... from open descriptor N\n"
	    "      --password-stdin      ... from standard input\n"
	    "      --password-command CMD\n"
	    "                            "
	    "... from the first line that CMD prints\n"
	    "      --password-env NAME   ... from environment variable NAME\n");
}

Test(cmd, exits_are_the_documented_ones)
{
	static const struct {
		enum verr_code	code;
		int		exit;
	} want[] = {
		{ VERR_IO, 1 }, { VERR_NOMEM, 1 }, { VERR_EXIST, 1 },
		{ VERR_NOSPC, 1 }, { VERR_ISDIR, 1 }, { VERR_INVAL, 2 },
		{ VERR_PASSWORD, 3 }, { VERR_NOTVAULT, 4 },
		{ VERR_DAMAGED, 4 }, { VERR_AUTH, 4 },
		{ VERR_UNSUPPORTED, 4 }, { VERR_ACCESS, 5 }, { VERR_PERM, 5 },
		{ VERR_NOENT, 7 }, { (enum verr_code)9999, 1 }
	};
	struct verr e;
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		e.code = want[i].code;
		cr_expect_eq(cmd_exit_of(&e), (enum cmd_exit)want[i].exit,
		    "code %d", (int)want[i].code);
	}
}

Test(cmd, an_error_is_one_line_whatever_it_holds, .init = cr_redirect_stderr)
{
	struct verr e = { .code = VERR_NOENT };

	cr_expect_eq(cmd_fail(&e, "%s", "a\nb\033[2Jc"), CMD_NOTFOUND);
	cr_assert_stderr_eq_str("vaultnfs: a?b?[2Jc: not found\n");
}

Test(cmd, a_path_loses_its_dots)
{
	static const char *const path[][2] = {
		{ "", "/" }, { "/", "/" }, { "//", "/" }, { "a", "/a" },
		{ "/a/b/", "/a/b" }, { "./a//./b", "/a/b" },
		{ "a/..", "/" }, { "a/../..", "/" }, { "../a/b/../c", "/a/c" },
		{ "...", "/..." }, { ".a/..b", "/.a/..b" }
	};
	struct arena *a = arena_new(65536);
	size_t i;

	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		cr_expect_str_eq(cmd_path(a, path[i][0]), path[i][1]);
	cr_expect_str_eq(cmd_path_name("/"), "");
	cr_expect_str_eq(cmd_path_name("/a/b"), "b");
	arena_free(a);
}

Test(cmd, a_walk_ends_where_a_directory_holds_itself)
{
	char folder[] = "/tmp/test_cmd.XXXXXX", rm[64];
	struct vault_new n = { .cost = 1024 };
	struct vault_options o = { .read_only = true };
	struct cmd_walk top, below, deep;
	struct vault *v;
	struct dir *root;

	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(vault_init(folder, &n, "pw", 2, &err), 0, "%s",
	    err.text);
	v = vault_open(folder, &o, "pw", 2, &err);
	cr_assert_not_null(v, "%s", err.text);
	root = dir_root(v, &err);
	cr_assert_not_null(root, "%s", err.text);

	cr_expect_eq(cmd_walk_enter(&top, NULL, root, &err), 0);
	cr_expect_eq(cmd_walk_enter(&below, &top, root, &err), -1);
	cr_expect_eq(err.code, VERR_DAMAGED);
	top.hash = (const uint8_t *)"another directory...";
	cr_expect_eq(cmd_walk_enter(&below, &top, root, &err), 0);
	cr_expect_eq(cmd_walk_enter(&deep, &below, root, &err), -1);
	top.depth = CMD_WALK_DEPTH;
	cr_expect_eq(cmd_walk_enter(&below, &top, root, &err), -1);
	cr_expect_eq(err.code, VERR_UNSUPPORTED);

	dir_put(root);
	vault_close(v);
	(void)snprintf(rm, sizeof(rm), "rm -rf %s", folder);
	cr_expect_eq(system(rm), 0);
}

Test(cmd, modes_look_as_in_ls)
{
	struct vattr a = { .type = VTYPE_FILE, .mode = 0640 };
	char text[11];

	cmd_out_mode(&a, text);
	cr_expect_str_eq(text, "-rw-r-----");
	a.type = VTYPE_DIR;
	a.mode = 07777;
	cmd_out_mode(&a, text);
	cr_expect_str_eq(text, "drwsrwsrwt");
	a.type = VTYPE_SYMLINK;
	a.mode = 07000;
	cmd_out_mode(&a, text);
	cr_expect_str_eq(text, "l--S--S--T");
}

Test(cmd, json_keeps_bytes_that_are_no_utf8)
{
	json_t *o = json_object();

	cr_assert(cmd_json_bytes(o, "good", "good_hex", "\xc3\xa9", 2));
	cr_assert(cmd_json_bytes(o, "name", "name_hex", "a\xff\xc3", 3));
	/* a surrogate and an overlong slash are no UTF-8 either */
	cr_assert(cmd_json_bytes(o, "odd", "odd_hex",
	    "\xed\xa0\x80\xc0\xaf", 5));
	cr_expect_str_eq(json_string_value(json_object_get(o, "good")),
	    "\xc3\xa9");
	cr_expect_null(json_object_get(o, "good_hex"));
	cr_expect_str_eq(json_string_value(json_object_get(o, "name")),
	    "a\xef\xbf\xbd\xef\xbf\xbd");
	cr_expect_str_eq(json_string_value(json_object_get(o, "name_hex")),
	    "61ffc3");
	cr_expect_str_eq(json_string_value(json_object_get(o, "odd_hex")),
	    "eda080c0af");
	json_decref(o);
}

Test(cmd, an_entry_names_the_part_that_is_no_utf8)
{
	struct vattr a = {
		.type = VTYPE_SYMLINK, .mode = 0777, .size = 1,
		.mtime = { 1700000000, 5 }
	};
	json_t *o = cmd_json_entry("/\xff/ok", 2, &a, "t", 1);

	cr_assert_not_null(o);
	cr_expect_str_eq(json_string_value(json_object_get(o, "path_hex")),
	    "2fff2f6f6b");
	cr_expect_null(json_object_get(o, "name_hex"));
	cr_expect_str_eq(json_string_value(json_object_get(o, "mode")),
	    "0777");
	cr_expect_str_eq(json_string_value(json_object_get(o, "target")), "t");
	cr_expect_eq(json_integer_value(json_object_get(o, "mtime_nsec")), 5);
	json_decref(o);
}
