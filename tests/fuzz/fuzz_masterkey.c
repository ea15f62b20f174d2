/*
 * fuzz_masterkey.c - masterkey.cryptomator is read before anything is known
 * of who wrote it.  What parses is unlocked too, if that costs little.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "vault/masterkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool fact)
{
	if (!fact)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zero[KEYS_RAW_LEN];
	uint8_t raw[KEYS_RAW_LEN];
	struct masterkey mk;
	struct verr e = { .code = VERR_NONE };
	bool mac_ok;

	if (masterkey_parse(&mk, (const char *)data, size, &e) != 0) {
		must(e.code == VERR_DAMAGED || e.code == VERR_UNSUPPORTED);
		return 0;
	}
	must(mk.version != 0 && mk.cost >= 2 && mk.block >= 1 &&
	    (mk.cost & (mk.cost - 1)) == 0 && mk.salt_len <= sizeof(mk.salt));
	must((uint64_t)mk.cost * mk.block * 128 <= MASTERKEY_SCRYPT_MAX);
	if ((uint64_t)mk.cost * mk.block > 1024)
		return 0;
	if (masterkey_unlock(&mk, "asd", 3, raw, &mac_ok, &e) != 0)
		must(e.code == VERR_PASSWORD && !mac_ok &&
		    memcmp(raw, zero, sizeof(raw)) == 0);
	return 0;
}
