/*
 * fuzzbox.h - a vault whose files are a fuzzer's.
 *
 * A box is a small vault with known keys in a temporary folder, in memory where
 * that is possible.  A fuzzer puts its bytes where a file of the vault would
 * be, as they are or sealed with the right keys (so that what lies behind the
 * authentication is reached too), and lets everything read it: listings,
 * look-ups, files, links, check, repair.
 *
 * There is one box, and one thread.  must() aborts: that is a finding.
 */
#ifndef FUZZ_FUZZBOX_H
#define FUZZ_FUZZBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault/cipher.h"
#include "vault/dir.h"
#include "vault/name.h"

struct arena;
struct kctx;
struct vault;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZBOX_SUB_ID	"5a5a5a5a-0123-4567-89ab-5a5a5a5a5a5a"

struct fuzzbox {
	char			 path[64];	/* of the vault's folder */
	int			 root;		/* its descriptor */
	struct kctx		*keys;		/* for sealing */
	const struct cipher	*cipher;
	int			 threshold;
	char			 top[NAME_DIRPATH_LEN + 1];
	char			 sub[NAME_DIRPATH_LEN + 1];
	struct vault		*v;		/* while it is open */
	struct arena		*a;
};

/* What the first bits of an input choose; a fuzzer adds its own. */
enum {
	FUZZBOX_CTRMAC = 1,	/* SIV_CTRMAC, else SIV_GCM */
	FUZZBOX_SHORT = 2,	/* a threshold of 36, else 220 */
	FUZZBOX_MEND = 4,	/* repair it and look again */
	FUZZBOX_OWN = 8,	/* the first bit that is the fuzzer's */
};

/* Anything but a fact is a finding. */
void fuzzbox_must(bool fact);

/*
 * The box with a new vault: in the root a file "plain", a symlink "link" and a
 * directory "sub" (its id is FUZZBOX_SUB_ID) with a file "inner".
 */
struct fuzzbox *fuzzbox_new(unsigned how);

/* Make things; what the storage refuses (a name is taken) is passed over. */
void fuzzbox_put(struct fuzzbox *b, const char *path, const void *data,
    size_t len);
void fuzzbox_mkdir(struct fuzzbox *b, const char *path);
/* A file of the vault: header and chunks. */
void fuzzbox_seal(struct fuzzbox *b, const char *path, const void *data,
    size_t len);

/*
 * The entry's path for a clear name of 1 to NAME_CLEAR_MAX bytes in the
 * directory with this id, short or long; a long one's folder and name are made.
 * The result is valid until the next but one.
 */
const char *fuzzbox_entry(struct fuzzbox *b, const char *id, size_t id_len,
    const char *clear, size_t len);
/* "FOLDER/LEAF", valid for three more calls. */
const char *fuzzbox_in(const char *folder, const char *leaf);

void fuzzbox_open(struct fuzzbox *b);
void fuzzbox_close(struct fuzzbox *b);

/*
 * Everything reads the vault, and if it is to be mended, it is, and all that
 * could be read before can be read afterwards.
 */
void fuzzbox_look(struct fuzzbox *b, unsigned how);

#endif /* FUZZ_FUZZBOX_H */
