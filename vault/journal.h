/*
 * journal.h - chunks that are replaced are written elsewhere first.
 *
 * A chunk is authenticated as a whole, so one that is half overwritten when
 * the power fails or the process is killed is lost, with what it held before.
 * Therefore its new ciphertext goes into a slot of a file outside of the vault,
 * with what it takes to find the chunk; the slots of one flush are synced
 * together, and only then the chunks are written in place.  What is in the
 * journal is durable, so a COMMIT of such chunks need not sync the file: that
 * happens later, before its slots are used again.
 *
 * Whoever opens the journal next (journal_open) goes through its slots.  For
 * each chunk the newest slot counts; the chunk in place becomes that version if
 * it is not authentic, or is an earlier version that the journal knows by its
 * nonce.  A chunk that somebody else wrote since is left alone, so an old
 * journal does no harm.  Appended chunks have nothing to lose and are only
 * noted: what of them is not whole is cut off.
 *
 * A slot is taken, filled, synced, and given back by its writer (who holds the
 * file's lock); after that it belongs to the journal until its file is synced.
 * With TUNE_JOURNAL off nothing is synced, and slots are free at once: that
 * still protects against the end of the process, not of the machine.
 *
 * Threads: any.  journal_sync() and journal_checkpoint() block on the disk.
 */
#ifndef VAULT_JOURNAL_H
#define VAULT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct journal;
struct vault;
struct verr;

#define JOURNAL_SLOTS	1536u		/* chunks: 55 MiB on disk when full */
#define JOURNAL_NONE	UINT32_MAX

/*
 * The file at path, and what it holds put right in v.  If there is none: made,
 * or VERR_NOENT.  VERR_BUSY: a living server has it.  *mended counts chunks
 * and ends of files that were.  An error of the storage is one here, and the
 * journal stays as it is.
 */
struct journal *journal_open(struct vault *v, const char *path, bool make,
    unsigned *mended, struct verr *e);
/* Files with slots are synced first; NULL is ignored. */
void journal_close(struct journal *j);

/*
 * Did the server that had it before come to its end, and had synced all names?
 * Else what it told its clients of may be in memory only.
 */
bool journal_was_clean(const struct journal *j);

/*
 * A slot for a change of f.  JOURNAL_NONE: there is no room on its disk, or j
 * is NULL; the write goes on unprotected.  May sync other files.
 */
uint32_t journal_take(struct journal *j, struct file *f);

/*
 * One chunk that is to be replaced: the len bytes at data go to disk_off,
 * where a chunk with the nonce old is now.  If they are no whole chunk, the
 * file ends with them.  data stays the caller's.
 */
struct journal_entry {
	uint32_t	 slot;
	uint64_t	 disk_off;
	const uint8_t	*data;
	size_t		 len;
	const uint8_t	*old;
};

/* Note the n chunks of f.  -1: not possible, and none counts. */
int journal_replace(struct journal *j, const struct file *f,
    const struct journal_entry *list, unsigned n, struct verr *e);

/* n chunks are to be appended at disk_off. */
void journal_append(struct journal *j, uint32_t slot, const struct file *f,
    uint64_t disk_off, unsigned n);

/* Everything filled in so far is on stable storage.  -1: it is not. */
int journal_sync(struct journal *j, struct verr *e);

/* True if what was synced here needs no sync of its file. */
bool journal_is_durable(const struct journal *j);

/* It is in place, or was taken back. */
void journal_done(struct journal *j, uint32_t slot);

/*
 * A moment; and: f has been synced since then, so slots are free that were done
 * before it.
 */
uint64_t journal_now(struct journal *j);
void journal_synced(struct journal *j, struct file *f, uint64_t since);

/*
 * The last name of f is gone, and its folder is noted (vault_sync_note()).  As
 * long as the name may come back after a power cut, so must the contents: its
 * slots are free when the names have been synced.  So who syncs them asks
 * first, and tells afterwards.
 */
void journal_forget(struct journal *j, struct file *f);
uint64_t journal_forgotten(struct journal *j);
void journal_names_synced(struct journal *j, uint64_t forgotten);

/*
 * Heads that were freed since the last sync may come back after a power cut.
 * Where a chunk is there, it is newer than they are, and known to be; a place
 * behind the end of a file, that was cut, knows nothing: so before something is
 * appended there are none.  -1: they could not be synced.
 */
int journal_settle(struct journal *j, struct verr *e);

/* Sync files whose slots have waited for this many ms, and free the slots. */
int journal_checkpoint(struct journal *j, unsigned age_ms, struct verr *e);

/* Slots that wait for a sync of their file. */
unsigned journal_waiting(struct journal *j);

#endif /* VAULT_JOURNAL_H */
