/*
 * host_lock.c - one writer of a folder at a time, by agreement.
 *
 * flock() and not fcntl(): it belongs to the descriptor, so that closing
 * another descriptor of the folder does not drop it, and it needs no file of
 * its own in the vault, which sync clients would carry about.
 */
#include "config.h"

#include <sys/file.h>

#include <errno.h>

#include "vault/host.h"

int
host_lock(int root, bool shared)
{
	int rc;

	do
		rc = flock(root, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB);
	while (rc == -1 && errno == EINTR);
	return rc;
}
