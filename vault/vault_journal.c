/*
 * vault_journal.c - which of the files that protect writes is ours.
 *
 * Servers that share a vault have one each; what a dead server left is gone
 * through by the next one, whatever its number.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>

#include "base/verr.h"
#include "vault/journal.h"
#include "vault/vault.h"
#include "vault/vault_int.h"

#define SERVERS_MAX	16	/* of one vault, with one state directory */

int
vault_journal(struct vault *v, const char *dir, unsigned *mended,
    struct verr *e)
{
	char path[PATH_MAX];
	struct journal *j;
	unsigned i, n;
	int len;

	*mended = 0;
	for (i = 0; i < SERVERS_MAX; i++) {
		len = snprintf(path, sizeof(path), "%s/journal-%08lx-%u", dir,
		    (unsigned long)vault_id(v), i);
		if (len < 0 || (size_t)len >= sizeof(path))
			return verr_fail(e, VERR_NAMETOOLONG, "%s: the path "
			    "is too long", dir);
		j = journal_open(v, path, v->journal == NULL, &n, e);
		if (j == NULL && e->code != VERR_BUSY &&
		    e->code != VERR_NOENT)
			return -1;
		if (j == NULL)
			continue;
		*mended += n;
		/* Names that a dead server made: COMMIT promises them, too. */
		if (!journal_was_clean(j))
			vault_sync_note_all(v);
		if (v->journal == NULL)
			v->journal = j;
		else
			journal_close(j);
	}
	return v->journal != NULL ? 0 : -1;
}
