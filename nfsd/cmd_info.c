/*
 * cmd_info.c - vaultnfs info: what a vault says of itself without a password.
 *
 * Nothing of it is authenticated: only an unlock proves it.
 */
#include "config.h"

#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd.h"
#include "nfsd/cmd_out.h"
#include "vault/masterkey.h"
#include "vault/token.h"
#include "vault/vault.h"

struct args {
	bool	json;
};

static const struct cmd_opt opts[] = {
	CMD_JSON(struct args, json),
	CMD_END
};

/* What of the two files was backed up (vault-format 1.6). */
struct backups {
	unsigned	masterkey, config;
};

/* True for "FILE.XXXXXXXX.bkup". */
static bool
is_backup_of(const char *name, const char *file)
{
	size_t len = strlen(file);

	return strncmp(name, file, len) == 0 &&
	    strlen(name) == len + 14 && name[len] == '.' &&
	    strspn(name + len + 1, "0123456789ABCDEF") == 8 &&
	    strcmp(name + len + 9, ".bkup") == 0;
}

static int
count_backups(const char *path, struct backups *b, struct verr *e)
{
	const struct dirent *ent;
	DIR *d;

	memset(b, 0, sizeof(*b));
	if ((d = opendir(path)) == NULL)
		return verr_sys(e, "cannot list %s", path);
	while ((ent = readdir(d)) != NULL) {
		if (is_backup_of(ent->d_name, MASTERKEY_FILE))
			b->masterkey++;
		else if (is_backup_of(ent->d_name, TOKEN_FILE))
			b->config++;
	}
	(void)closedir(d);
	return 0;
}

/* Where the key comes from: "password", "hub", or "other". */
static const char *
key_source(const struct vault_info *info)
{
	if (info->kid[0] == '\0' ||
	    strncmp(info->kid, "masterkeyfile:", 14) == 0)
		return "password";
	return strncmp(info->kid, "hub+", 4) == 0 ? "hub" : "other";
}

static enum cmd_exit
print_json(const char *path, const struct vault_info *info,
    const struct backups *b)
{
	json_t *o;

	o = json_pack("{s:i, s:i, s:s, s:{s:I, s:I}, s:{s:i, s:i}, s:b}",
	    "format", info->format, "threshold", info->threshold,
	    "key_source", key_source(info),
	    "scrypt", "cost", (json_int_t)info->scrypt_cost,
	    "block", (json_int_t)info->scrypt_block,
	    "backups", "masterkey", (int)b->masterkey,
	    "config", (int)b->config, "usable", (int)info->usable);
	if (o == NULL ||
	    !cmd_json_bytes(o, "vault", "vault_hex", path, strlen(path)) ||
	    !cmd_json_bytes(o, "cipher", "cipher_hex", info->cipher,
	    strlen(info->cipher)) ||
	    !cmd_json_bytes(o, "id", "id_hex", info->jti,
	    strlen(info->jti)) ||
	    !cmd_json_bytes(o, "key_id", "key_id_hex", info->kid,
	    strlen(info->kid)) || !cmd_json_print(o)) {
		cmd_error("out of memory");
		return CMD_FAILED;
	}
	return CMD_DONE;
}

/* The texts come from files that anybody may have written. */
static void
print_field(const char *label, const char *text)
{
	printf("%-10s ", label);
	cmd_out_name(text, strlen(text));
	putchar('\n');
}

static void
print_text(const char *path, const struct vault_info *info,
    const struct backups *b)
{
	print_field("vault", path);
	printf("%-10s %d%s\n", "format", info->format,
	    info->usable ? "" : "  (not one that this program opens)");
	print_field("cipher", info->cipher);
	printf("%-10s names over %d bytes on disk are shortened\n",
	    "threshold", info->threshold);
	if (info->jti[0] != '\0')
		print_field("id", info->jti);
	printf("%-10s %s", "key", key_source(info));
	if (info->kid[0] != '\0') {
		(void)fputs(", ", stdout);
		cmd_out_name(info->kid, strlen(info->kid));
	}
	putchar('\n');
	if (info->scrypt_cost != 0)
		printf("%-10s N=%" PRIu32 " r=%" PRIu32 ", %" PRIu64
		    " MiB for each try\n", "scrypt", info->scrypt_cost,
		    info->scrypt_block, ((uint64_t)info->scrypt_cost *
		    info->scrypt_block * 128 + (1 << 20) - 1) >> 20);
	printf("%-10s %u of the master key file, %u of the configuration\n",
	    "backups", b->masterkey, b->config);
}

static enum cmd_exit
info_run(const struct cmd_call *call)
{
	const struct args *args = call->args;
	const char *path = call->operand[0];
	struct verr e = { .code = VERR_NONE };
	struct vault_info info;
	struct backups b;

	if (vault_probe(path, &info, &e) == -1 ||
	    count_backups(path, &b, &e) == -1)
		return cmd_fail_vault(&e, "look at", path);
	if (args->json)
		return print_json(path, &info, &b);
	print_text(path, &info, &b);
	return CMD_DONE;
}

const struct cmd cmd_info = {
	"info", "VAULT", 1, 1, "tell what a vault says of itself",
	"No password is needed, so nothing of it is proven: format, cipher,\n"
	"threshold of long names, where the key comes from, scrypt's\n"
	"parameters, and backups of the two files that every vault needs.\n",
	opts, sizeof(struct args), info_run
};
