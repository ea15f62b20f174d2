/*
 * cmd_passwd.c - vaultnfs passwd: another password, and the recovery key.
 *
 * The keys of a vault never change; the password only protects the file that
 * holds them, and the recovery key is those keys as text.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "nfsd/pass.h"
#include "vault/masterkey.h"
#include "vault/recovery.h"
#include "vault/vault.h"

struct args {
	struct pass_source	 pass, new_pass;
	const char		*from;		/* FILE, "-", or NULL */
	const char		*list;		/* of words, or NULL */
	bool			 show, json;
};

static const struct cmd_opt opts[] = {
	CMD_PASS(struct args, pass),
	CMD_PASS_ROW(struct args, new_pass, PASS_FILE, "new-password-file",
	    "F", "take the new password from file F"),
	CMD_PASS_ROW(struct args, new_pass, PASS_FD, "new-password-fd", "N",
	    "... from open descriptor N"),
	CMD_PASS_ROW(struct args, new_pass, PASS_STDIN, "new-password-stdin",
	    NULL, "... from standard input"),
	CMD_PASS_ROW(struct args, new_pass, PASS_COMMAND,
	    "new-password-command", "CMD",
	    "... from the first line that CMD prints"),
	CMD_PASS_ROW(struct args, new_pass, PASS_ENV, "new-password-env",
	    "NAME", "... from environment variable NAME"),
	{ CMD_OPT_FLAG, 0, "recovery-key", NULL, offsetof(struct args, show),
	    0, 0, NULL, "show the recovery key and change nothing" },
	{ CMD_OPT_TEXT, 0, "from-recovery-key", "F",
	    offsetof(struct args, from), 0, 0, NULL,
	    "in place of the old password: the key in file F" },
	{ CMD_OPT_TEXT, 0, "word-list", "F", offsetof(struct args, list), 0,
	    0, NULL, "the recovery key is words of the list in F" },
	CMD_JSON(struct args, json),
	CMD_END
};

struct passwd {
	const struct args	*args;
	const char		*path;
	struct recovery_list	*list;		/* or NULL */
	uint8_t			*raw;		/* secret memory */
};

/* Cheaper to guess than Cryptomator's default is for tests only. */
static uint32_t
cost_now(void)
{
	const char *s = getenv("VAULTNFS_FAST_KDF");

	return s != NULL && strcmp(s, "1") == 0 ? MASTERKEY_COST_FAST :
	    MASTERKEY_COST;
}

static int
read_list(struct passwd *p, struct verr *e)
{
	size_t len = 0;
	ssize_t n = 1;
	char *text;
	int fd;

	if (p->args->list == NULL)
		return 0;
	if ((text = malloc(RECOVERY_LIST_MAX + 1)) == NULL)
		return verr_code(e, VERR_NOMEM);
	fd = open(p->args->list, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd != -1 && n > 0 && len <= RECOVERY_LIST_MAX) {
		n = read(fd, text + len, RECOVERY_LIST_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
		else if (n == -1 && errno == EINTR)
			n = 1;
	}
	if (fd == -1 || n == -1)
		(void)verr_sys(e, "cannot be read");
	else
		p->list = recovery_list_new(text, len, e);
	if (fd != -1)
		(void)close(fd);
	free(text);
	return p->list == NULL ? -1 : 0;
}

/* The raw key by the old password. */
static enum cmd_exit
key_by_password(struct passwd *p)
{
	struct verr e = { .code = VERR_NONE };
	struct vault_info info;
	struct pass pass;
	char prompt[256];
	int r;

	/* so that nobody types a password for nothing */
	if (vault_probe(p->path, &info, &e) == -1)
		return cmd_fail_vault(&e, "open", p->path);
	(void)snprintf(prompt, sizeof(prompt), "password of %s", p->path);
	if (pass_read(&pass, &p->args->pass, prompt, false, &e) == -1)
		return cmd_fail(&e, "no password for %s", p->path);
	r = vault_passwd_key(p->path, pass.text, pass.len, p->raw, &e);
	pass_fini(&pass);
	return r == 0 ? CMD_DONE : cmd_fail_vault(&e, "open", p->path);
}

/* The raw key by the recovery key; a wrong one is found out later. */
static enum cmd_exit
key_by_recovery(struct passwd *p)
{
	struct pass_source src = { PASS_FILE, p->args->from };
	struct verr e = { .code = VERR_NONE };
	struct pass text;
	int r;

	if (strcmp(p->args->from, "-") == 0)
		src.kind = PASS_STDIN;
	if (pass_read(&text, &src, "", false, &e) == -1)
		return cmd_fail(&e, "no recovery key for %s", p->path);
	r = recovery_parse(p->list, text.text, text.len, p->raw, &e);
	pass_fini(&text);
	return r == 0 ? CMD_DONE : cmd_fail(&e, "%s", p->args->from);
}

static enum cmd_exit
report(const struct passwd *p, const char *form, const char *key)
{
	json_t *o;

	o = json_pack("{s:b}", "ok", 1);
	if (o == NULL || !cmd_json_bytes(o, "vault", "vault_hex", p->path,
	    strlen(p->path)) || (key != NULL &&
	    (json_object_set_new(o, "form", json_string(form)) == -1 ||
	    !cmd_json_bytes(o, "recovery_key", "recovery_key_hex", key,
	    strlen(key)))) || !cmd_json_print(o)) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	return CMD_DONE;
}

/*
 * In lines that fit on paper: 11 groups of four digits, or 8 words.  Not by
 * stdio, which would keep a copy.
 */
static enum cmd_exit
print_lines(const struct passwd *p, const char *key)
{
	struct verr e = { .code = VERR_NONE };
	unsigned col = p->list != NULL ? 8 : 11, n = 0;
	const char *end;
	int out = STDOUT_FILENO;
	bool ok = true;

	for (; ok && *key != '\0'; key = end) {
		end = p->list != NULL ? key + strcspn(key, " ") : key + 4;
		ok = cmd_sink_fd(&out, key, (size_t)(end - key), &e);
		end += *end == ' ';
		ok = ok && cmd_sink_fd(&out, *end == '\0' || ++n % col == 0 ?
		    "\n" : " ", 1, &e);
	}
	return ok ? CMD_DONE : cmd_fail(&e, "standard output");
}

static enum cmd_exit
show(const struct passwd *p)
{
	char *key = secret_alloc(RECOVERY_TEXT_MAX + 1);
	enum cmd_exit rc;

	if (key == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	if (p->list != NULL)
		recovery_words(p->list, p->raw, key);
	else
		recovery_hex(p->raw, key);
	rc = p->args->json ? report(p, p->list != NULL ? "words" : "hex",
	    key) : print_lines(p, key);
	secret_free(key, RECOVERY_TEXT_MAX + 1);
	return rc;
}

static enum cmd_exit
set_new(const struct passwd *p)
{
	/* what stands in a file that we could not unlock proves nothing */
	uint32_t cost = p->args->from != NULL ? cost_now() : 0;
	struct verr e = { .code = VERR_NONE };
	struct pass pass;
	char prompt[256];
	int r;

	(void)snprintf(prompt, sizeof(prompt), "new password of %s", p->path);
	if (pass_read(&pass, &p->args->new_pass, prompt, true, &e) == -1)
		return cmd_fail(&e, "no new password for %s", p->path);
	if (pass.len == 0)
		r = verr_fail(&e, VERR_IO, "the new password is empty");
	else
		r = vault_passwd_set(p->path, p->raw, pass.text, pass.len,
		    cost, &e);
	pass_fini(&pass);
	if (r == -1)
		return cmd_fail_vault(&e, "change the password of", p->path);
	return p->args->json ? report(p, NULL, NULL) : CMD_DONE;
}

static enum cmd_exit
passwd(struct passwd *p)
{
	struct verr e = { .code = VERR_NONE };
	enum cmd_exit rc;

	if (read_list(p, &e) == -1)
		return cmd_fail(&e, "%s", p->args->list);
	if ((p->raw = secret_alloc(KEYS_RAW_LEN)) == NULL) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	rc = p->args->from != NULL ? key_by_recovery(p) : key_by_password(p);
	if (rc == CMD_DONE)
		rc = p->args->show && p->args->from == NULL ? show(p) :
		    set_new(p);
	secret_free(p->raw, KEYS_RAW_LEN);
	return rc;
}

static enum cmd_exit
passwd_run(const struct cmd_call *call)
{
	const struct args *a = call->args;
	struct passwd p = { .args = a, .path = call->operand[0] };
	bool stdin_key = a->from != NULL && strcmp(a->from, "-") == 0;
	enum cmd_exit rc;

	if (a->from != NULL && a->pass.kind != PASS_ASK)
		return cmd_usage(call, "with --from-recovery-key the old "
		    "password is not needed");
	if (a->show && a->from == NULL && a->new_pass.kind != PASS_ASK)
		return cmd_usage(call, "--recovery-key changes nothing: there "
		    "is no use for a new password");
	if (a->list != NULL && a->from == NULL && !a->show)
		return cmd_usage(call, "--word-list is for recovery keys");
	if ((a->pass.kind == PASS_STDIN) + (a->new_pass.kind == PASS_STDIN) +
	    stdin_key > 1)
		return cmd_usage(call, "only one thing can come from standard "
		    "input");
	rc = passwd(&p);
	recovery_list_free(p.list);
	return rc;
}

const struct cmd cmd_passwd = {
	"passwd", "VAULT", 1, 1, "change the password, show the recovery key",
	"At every moment the old password or the new one is valid.  The old\n"
	"master key file stays beside the new one as a backup that the old\n"
	"password still opens, masterkey.cryptomator.XXXXXXXX.bkup: delete it\n"
	"if the old password has become known.  The keys and all that they\n"
	"encrypt stay as they are, and so does the recovery key.\n"
	"\n"
	"The recovery key opens the vault without any password.  It is the\n"
	"raw key and a check sum in 132 hexadecimal digits.  Cryptomator\n"
	"shows the same bytes as 44 words of a list of 4096; that list is\n"
	"under the GPLv3, so it cannot be part of this program.  Who has it\n"
	"(4096words_en.txt in Cryptomator's sources) can give it with\n"
	"--word-list: then words are shown, and are read.  For\n"
	"--from-recovery-key, '-' is standard input.\n",
	opts, sizeof(struct args), passwd_run
};
