/* cmd_init.c - vaultnfs init: a new, empty vault. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "nfsd/pass.h"
#include "vault/cipher.h"
#include "vault/masterkey.h"
#include "vault/vault.h"

/* Cheaper to guess than this is for tests only. */
#define COST_SAFE	16384

#define CIPHERS		"SIV_GCM|SIV_CTRMAC"

struct args {
	struct pass_source	 pass;
	const char		*cipher;
	uint64_t		 cost;		/* 0: not given */
	bool			 json;
};

static const struct cmd_opt opts[] = {
	{ CMD_OPT_TEXT, 0, "cipher", CIPHERS,
	    offsetof(struct args, cipher), 0, 0, "SIV_GCM",
	    "how contents are encrypted" },
	{ CMD_OPT_NUMBER, 0, "scrypt-cost", "N", offsetof(struct args, cost),
	    1024, 1048576, NULL,
	    "cost of one guess, a power of two [32768]" },
	CMD_PASS(struct args, pass),
	CMD_JSON(struct args, json),
	CMD_END
};

static bool
fast_kdf(void)
{
	const char *s = getenv("VAULTNFS_FAST_KDF");

	return s != NULL && strcmp(s, "1") == 0;
}

/* The scrypt cost to use; 0: refused, and the line is printed. */
static uint32_t
cost_of(const struct cmd_call *call, const struct args *a)
{
	if (a->cost == 0)
		return fast_kdf() ? MASTERKEY_COST_FAST : MASTERKEY_COST;
	if ((a->cost & (a->cost - 1)) != 0) {
		(void)cmd_usage(call, "--scrypt-cost %" PRIu64
		    ": must be a power of two", a->cost);
		return 0;
	}
	if (a->cost < COST_SAFE && !fast_kdf()) {
		(void)cmd_usage(call, "--scrypt-cost %" PRIu64 ": below %d "
		    "passwords are too cheap to guess; for a test vault set "
		    "VAULTNFS_FAST_KDF=1", a->cost, COST_SAFE);
		return 0;
	}
	return (uint32_t)a->cost;
}

/* As the vault has it; NULL: refused, and the line is printed. */
static const char *
cipher_of(const struct cmd_call *call, const struct args *a)
{
	if (strcmp(a->cipher, cipher_gcm.name) == 0 ||
	    strcmp(a->cipher, cipher_ctrmac.name) == 0)
		return a->cipher;
	if (strcmp(a->cipher, "NONE") != 0)
		(void)cmd_usage(call, "--cipher %s: must be one of " CIPHERS,
		    a->cipher);
	else if (!fast_kdf())
		(void)cmd_usage(call, "--cipher NONE: files would not be "
		    "encrypted; to measure with such a vault set "
		    "VAULTNFS_FAST_KDF=1");
	else
		return cipher_plain.name;
	return NULL;
}

static enum cmd_exit
report(const struct args *a, const char *path, const struct vault_new *n)
{
	json_t *o;

	if (!a->json)
		return CMD_DONE;
	o = json_pack("{s:b, s:i, s:s, s:I}", "ok", 1, "format", 8,
	    "cipher", n->cipher, "scrypt_cost", (json_int_t)n->cost);
	if (o == NULL || !cmd_json_bytes(o, "vault", "vault_hex", path,
	    strlen(path)) || !cmd_json_print(o)) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	return CMD_DONE;
}

static enum cmd_exit
init_run(const struct cmd_call *call)
{
	const struct args *a = call->args;
	const char *path = call->operand[0];
	struct vault_new n = { .cipher = cipher_of(call, a) };
	struct verr e = { .code = VERR_NONE };
	struct pass pass;
	int rc;

	if (n.cipher == NULL || (n.cost = cost_of(call, a)) == 0)
		return CMD_USAGE;
	if (pass_read(&pass, &a->pass, "password of the new vault", true,
	    &e) == -1)
		return cmd_fail(&e, "no password for %s", path);
	if (pass.len == 0) {
		pass_fini(&pass);
		cmd_error("%s was not made: the password is empty", path);
		return CMD_FAILED;
	}
	rc = vault_init(path, &n, pass.text, pass.len, &e);
	pass_fini(&pass);
	if (rc == -1)
		return cmd_fail_vault(&e, "make a vault at", path);
	return report(a, path, &n);
}

const struct cmd cmd_init = {
	"init", "VAULT", 1, 1, "make a new, empty vault",
	"VAULT is a folder that is empty or not there yet.  The vault is of\n"
	"Cryptomator's format 8; Cryptomator opens it as one of its own.\n"
	"VAULTNFS_FAST_KDF=1 in the environment makes vaults whose password\n"
	"is cheap to check and to guess: for tests.  With it, --cipher NONE\n"
	"makes a vault for measuring only: its files are not encrypted, and\n"
	"nothing but serve --tune no-encryption opens it.\n",
	opts, sizeof(struct args), init_run
};
