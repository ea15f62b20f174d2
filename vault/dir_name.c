#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/entropy.h"
#include "base/verr.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

int
dir_disk_name(struct dir *d, const char *clear, size_t len,
    struct diskname *dn, struct verr *e)
{
	struct kctx *c;

	if (len > NAME_CLEAR_MAX)
		return verr_code(e, VERR_NAMETOOLONG);
	if (!name_is_servable(clear, len))
		return verr_code(e, VERR_INVAL);
	if ((c = keys_take(d->v->keys)) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a name");
	dn->full_len = name_encrypt(c, d->id, d->id_len, clear, len, dn->full);
	keys_drop(d->v->keys, c);
	if (dn->full_len == 0)
		return verr_fail(e, VERR_NOMEM, "cannot encrypt a name");
	dn->is_long = dn->full_len > (size_t)d->v->threshold;
	if (dn->is_long) {
		name_shorten(dn->full, dn->full_len, dn->entry);
		dn->entry_len = NAME_SHORT_LEN;
	} else {
		memcpy(dn->entry, dn->full, dn->full_len + 1);
		dn->entry_len = dn->full_len;
	}
	return 0;
}

void
dir_entry_path(const struct dir *d, const char *entry, size_t entry_len,
    const char *leaf, char out[VLOC_MAX])
{
	char *p = out;
	size_t n;

	memcpy(p, d->path, NAME_DIRPATH_LEN);
	p += NAME_DIRPATH_LEN;
	*p++ = '/';
	memcpy(p, entry, entry_len);
	p += entry_len;
	if (leaf != NULL) {
		*p++ = '/';
		n = strlen(leaf);
		memcpy(p, leaf, n);
		p += n;
	}
	*p = '\0';
}

bool
dir_tmp_path(const struct dir *d, char out[VLOC_MAX])
{
	uint64_t r;

	if (!entropy_fill(&r, sizeof(r)))
		return false;
	(void)snprintf(out, VLOC_MAX, "%s/" VAULT_TMP_PREFIX "%013llx"
	    VAULT_TMP_SUFFIX, d->path,
	    (unsigned long long)(r & UINT64_C(0xfffffffffffff)));
	return true;
}
