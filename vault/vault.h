/*
 * vault.h - a vault as a whole: make one, look at one, open it, close it.
 *
 * vault_open() checks in the order of vault-format 2.3 and says which step
 * failed: VERR_NOTVAULT (no such folder, or nothing of a vault in it),
 * VERR_DAMAGED (a file of it is malformed, missing or the root is gone),
 * VERR_UNSUPPORTED (older or newer format, Hub, unknown cipher),
 * VERR_PASSWORD, VERR_ACCESS.  Formats 8 and 7 are opened, read and written;
 * nothing is migrated.
 *
 * Threads: after vault_open() a struct vault is for all threads; its tables
 * have their own locks (base/lock.h).  vault_close() needs all others gone.
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vault;
struct verr;
struct cipher;

struct vault_options {
	bool		 read_only;	/* open nothing for writing, ever */
	bool		 sync_names;	/* a change of names or attributes is
					   durable when it is answered */
	size_t		 cache_bytes;	/* of listings, and of clear chunks:
					   each; 0: the default */
	const char	*masterkey;	/* file, if not its own; or NULL */
};

#define VAULT_CACHE_DEFAULT	(32u * 1024 * 1024)

/* NULL on failure.  The password is not kept. */
struct vault *vault_open(const char *path, const struct vault_options *o,
    const char *pass, size_t passlen, struct verr *e);
void vault_close(struct vault *v);		/* NULL is ignored */

/*
 * Be the only one on this host that locks this vault, until it is closed; or
 * one of several who all say shared.  VERR_BUSY: another one has it.  Storage
 * that knows no locks lets everybody in, with a warning in the log.
 */
int vault_lock(struct vault *v, bool shared, struct verr *e);

/*
 * Protect chunks that are replaced (journal.h) by a file in the folder dir, and
 * finish what another process left there.  Once, before the vault is used.
 * *mended counts writes that were finished or taken back.
 */
int vault_journal(struct vault *v, const char *dir, unsigned *mended,
    struct verr *e);

/*
 * Writes may stay in memory, dirty_max bytes of them at most: a writer that
 * finds more writes others' out first.  Somebody then calls vault_write_out()
 * from time to time, and vault_write_down() when it is crowded, so that writers
 * seldom have to.  Once, before the vault is used.  The functions are called
 * from any thread, with locks of the vault held: they only take note.
 */
struct vault_write_back {
	size_t	 dirty_max;		/* bytes; 0: write through */
	void	(*dirty)(void *ctx);	/* something is, after nothing was */
	void	(*crowded)(void *ctx);	/* three quarters are in use */
	void	(*lost)(void *ctx);	/* what had been taken in is lost */
	void	*ctx;
};
void vault_write_back(struct vault *v, const struct vault_write_back *wb);

#define VAULT_DIRTY_DEFAULT	(32u * 1024 * 1024)
#define VAULT_IDLE		UINT_MAX

/*
 * Write to the disk what has been dirty for age_ms, and sync names and what
 * is in the journal if they have waited for that long.  What fails stays, for
 * another time or for file_sync() to tell.  *next_ms: when to come again;
 * VAULT_IDLE: when there is something.  Blocks on the disk.
 */
int vault_write_out(struct vault *v, unsigned age_ms, unsigned *next_ms,
    struct verr *e);

/*
 * Write what is dirty for longest until half of what may be is left, or
 * something fails, which stays.  crowded() is not called again before the end.
 */
void vault_write_down(struct vault *v);

/* Bytes that are in memory only. */
uint64_t vault_dirty(struct vault *v);

/* What can be told without a password; nothing of it is authenticated. */
struct vault_info {
	int		 format;	/* 8 or 7, or what the files claim */
	char		 cipher[32];
	int		 threshold;
	char		 jti[64];	/* "" for format 7 */
	char		 kid[256];
	uint32_t	 scrypt_cost, scrypt_block;
	bool		 usable;	/* a format and cipher that we open */
};
int vault_probe(const char *path, struct vault_info *info, struct verr *e);

struct vault_new {
	const char	*cipher;	/* cipher.h; "SIV_GCM" unless NULL */
	int		 threshold;	/* 220 unless 0; 36 to 220 */
	uint32_t	 cost;		/* scrypt N; 0: the default */
};

/*
 * Make an empty vault of format 8.  The folder is made if it is missing and
 * must be empty if not (VERR_NOTEMPTY).  A failure leaves nothing behind; a
 * crash leaves a whole vault, or a folder that is none and that another
 * vault_init() clears by itself.
 */
int vault_init(const char *path, const struct vault_new *n, const char *pass,
    size_t passlen, struct verr *e);

/*
 * vault_passwd.c: change the password.  Only the masterkey file is written, and
 * at every moment it is the old one or the new one, whole; the old one stays as
 * MASTERKEY.XXXXXXXX.bkup, which the old password still opens.  After an error
 * the old password is valid, unless the text says that the new one is.
 */
int vault_passwd(const char *path, const char *pass, size_t passlen,
    const char *new_pass, size_t new_len, struct verr *e);

#define VAULT_KEY_LEN	64	/* bytes of a raw key */

/* The raw key, verified as vault_open() does it.  A secret: wipe it. */
int vault_passwd_key(const char *path, const char *pass, size_t passlen,
    uint8_t raw[VAULT_KEY_LEN], struct verr *e);

/*
 * A new password by the raw key, without the old one; in format 8 also where
 * the masterkey file is damaged or missing.  VERR_PASSWORD: raw is not this
 * vault's key.  min_cost: scrypt's N is this at least (0: as it was, or
 * the default if there is no file).
 */
int vault_passwd_set(const char *path, const uint8_t raw[VAULT_KEY_LEN],
    const char *pass, size_t passlen, uint32_t min_cost, struct verr *e);

bool vault_read_only(const struct vault *v);
const struct cipher *vault_cipher(const struct vault *v);
int vault_format(const struct vault *v);
int vault_threshold(const struct vault *v);

/* 32 bits that are the same wherever this vault is served. */
uint32_t vault_id(const struct vault *v);

/* A 16-byte tag under a key derived from the master keys; false: no memory. */
bool vault_tag(struct vault *v, const void *data, size_t len, uint8_t tag[16]);

/* The storage underneath, in clear bytes (overhead of the format taken off). */
struct vault_space {
	uint64_t	 total, free, avail;	/* bytes */
	uint64_t	 files, files_free, files_avail;
};
int vault_space(struct vault *v, struct vault_space *s, struct verr *e);

/*
 * Make all changes of names so far durable: fsync every folder they touched
 * since the last call.  Blocks on the disk.
 */
int vault_sync_names(struct vault *v, struct verr *e);

/* vault_counts.c: what is in memory now, and since it was opened. */
struct vault_counts {
	uint64_t	 chunk_hits, chunk_misses;	/* of clear chunks */
	uint64_t	 hidden;	/* as vault_hidden() */
	size_t		 chunk_bytes;	/* of these buffers */
	size_t		 dirty_bytes;	/* of these, not written yet */
	size_t		 listing_bytes;
	size_t		 files;		/* open */
	size_t		 dirs;		/* known */
};
void vault_counts(struct vault *v, struct vault_counts *c);

/* Entries that could not be shown since the vault was opened. */
uint64_t vault_hidden(const struct vault *v);

#endif /* VAULT_VAULT_H */
