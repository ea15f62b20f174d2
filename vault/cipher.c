/*
 * cipher.c - the schemes by their names in vault.cryptomator.
 */
#include "config.h"

#include <string.h>

#include "vault/cipher.h"

const struct cipher *
cipher_by_name(const char *name)
{
	static const struct cipher *const all[] = {
		&cipher_gcm, &cipher_ctrmac, &cipher_plain,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(name, all[i]->name) == 0)
			return all[i];
	return NULL;
}
