/*
 * fuzz_journal.c - a journal that somebody else wrote, or that was half written
 * when the power failed: it never makes an authentic chunk another.
 *
 * Input: a byte of choices, and one that damages a file.  With RAW the rest are
 * the journal's first heads, as they are: no tag of them is right, so nothing
 * may change.  Otherwise slots of eight bytes each, whose heads have a right
 * tag or not, and whose data is sealed for its place or not.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "tests/fuzz/fuzzbox.h"
#include "vault/attr.h"
#include "vault/journal_int.h"
#include "vault/keys.h"
#include "vault/size.h"
#include "vault/vault_int.h"

#define must		fuzzbox_must
#define RAW		FUZZBOX_OWN
#define TORN		(FUZZBOX_OWN << 1)	/* a chunk is, at first */
#define CUT_OFF		(FUZZBOX_OWN << 2)	/* the file's end is */
#define SLOTS_MAX	12u
#define BIG		(2 * CIPHER_CHUNK + 100)	/* bytes of "big" */
#define CHUNKS		8u

/* In the first byte of a slot. */
enum { APPEND = 1, OTHER_FILE = 2, TAGGED = 4, SEALED = 8, OLD = 16, NEW = 32,
    SPOILT = 64, FREE = 128 };

static struct {
	char		 path[VLOC_MAX];
	uint64_t	 fileid;
	uint32_t	 gen;
	struct filekey	 fk;
	struct keys	*keys;
	uint8_t		 before[4 * (CIPHER_CHUNK + CIPHER_OVERHEAD_MAX)];
	uint8_t		 after[8 * (CIPHER_CHUNK + CIPHER_OVERHEAD_MAX)];
	size_t		 len, after_len;
	uint8_t		 data[JOURNAL_DATA];
} t;

static struct keys *
counting(void)
{
	uint8_t raw[KEYS_RAW_LEN];
	size_t i;

	for (i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)i;
	return keys_new(raw, NULL);
}

static size_t
read_file(struct fuzzbox *b, uint8_t *to, size_t max)
{
	ssize_t n = host_read_file(b->root, t.path, to, max);

	must(n >= 0);
	return (size_t)n;
}

/* "big", which is damaged perhaps as a crash does it. */
static void
make_file(struct fuzzbox *b, unsigned how, uint8_t where)
{
	static const uint8_t clear[BIG];
	struct host_stat st;
	struct vattr a;
	uint8_t junk[500];
	int fd;

	(void)strcpy(t.path, fuzzbox_entry(b, "", 0, "big", 3));
	fuzzbox_seal(b, t.path, clear, sizeof(clear));
	must((fd = host_open(b->root, t.path, O_RDWR, 0)) != -1);
	must(host_read(fd, t.before, b->cipher->header_len, 0) ==
	    (ssize_t)b->cipher->header_len &&
	    b->cipher->header_read(b->keys, t.before, &t.fk));
	memset(junk, where, sizeof(junk));
	if (how & TORN)
		must(host_write(fd, junk, sizeof(junk), b->cipher->header_len +
		    where * UINT64_C(250)) == 0);
	if (how & CUT_OFF)
		must(host_truncate(fd, b->cipher->header_len +
		    where * UINT64_C(257)) == 0);
	must(host_fstat(fd, &st) == 0);
	attr_from_stat(&a, VTYPE_FILE, b->cipher, &st);
	t.fileid = a.fileid;
	t.gen = a.gen;
	(void)host_close(fd);
	t.len = read_file(b, t.before, sizeof(t.before));
}

static size_t
length_of(const struct fuzzbox *b, uint8_t byte)
{
	if (byte < 100)
		return byte;
	if (byte < 200)
		return b->cipher->overhead + (byte - 100u) * 320;
	return CIPHER_CHUNK + b->cipher->overhead;
}

/* What a slot of eight bytes says. */
static void
make_slot(struct fuzzbox *b, int fd, uint32_t slot, const uint8_t *s)
{
	uint8_t room[JOURNAL_HEAD] = { 0 };
	struct jhead *h = (struct jhead *)(void *)room;
	const struct cipher *c = b->cipher;
	size_t len = length_of(b, s[2]), n;
	uint64_t index = s[1] % CHUNKS;
	const void *checked;

	h->kind = s[0] & APPEND ? JKIND_APPEND : JKIND_REPLACE;
	h->seq = s[3];
	h->fileid = s[0] & OTHER_FILE ? t.fileid + s[4] : t.fileid;
	h->gen = t.gen;
	h->len = s[0] & APPEND ? s[2] : (uint32_t)len;
	h->disk_off = size_chunk_off(c, index);
	(void)strcpy(h->path, t.path);
	memset(t.data, s[5], sizeof(t.data));
	if (s[0] & SEALED && len >= c->overhead)
		must(c->seal(b->keys, &t.fk, index, t.data, len - c->overhead,
		    t.data));
	if (s[0] & OLD && h->disk_off + c->nonce_len <= t.len)
		memcpy(h->old, t.before + h->disk_off, c->nonce_len);
	if (s[0] & NEW)
		memcpy(h->new, t.data, c->nonce_len);
	checked = journal_checked(h, &n);
	if (s[0] & TAGGED)
		must(keys_tag(t.keys, checked, n, h->check));
	atomic_store(&h->form, s[0] & FREE ? 0 : JOURNAL_FORM);
	if (s[0] & SPOILT)
		room[s[6] * 2] ^= s[7];
	must(host_write(fd, room, sizeof(room), slot * JOURNAL_HEAD) == 0);
	must(host_write(fd, t.data, sizeof(t.data), journal_at(slot)) == 0);
}

static bool
is_good(struct fuzzbox *b, const uint8_t *file, size_t len, uint64_t index)
{
	static uint8_t buf[CIPHER_CHUNK + CIPHER_OVERHEAD_MAX];
	const struct cipher *c = b->cipher;
	uint64_t at = size_chunk_off(c, index);
	size_t n = CIPHER_CHUNK + c->overhead;

	if (at >= len)
		return false;
	if (len - at < n)
		n = len - at;
	memcpy(buf, file + at, n);
	return n >= c->overhead && c->open(b->keys, &t.fk, index, buf, n);
}

static void
replay(struct fuzzbox *b, const char *state)
{
	unsigned mended;
	struct verr e;

	fuzzbox_open(b);
	must(vault_journal(b->v, state, &mended, &e) == 0);
	fuzzbox_close(b);
}

/* Whatever chunk was authentic still is, if it is there. */
static void
look(struct fuzzbox *b, bool trusted)
{
	uint64_t i, at;

	t.after_len = read_file(b, t.after, sizeof(t.after));
	if (!trusted)
		must(t.after_len == t.len &&
		    memcmp(t.after, t.before, t.len) == 0);
	must(t.after_len >= (t.len < b->cipher->header_len ? t.len :
	    b->cipher->header_len));
	for (i = 0; i < CHUNKS; i++) {
		at = size_chunk_off(b->cipher, i);
		if (at < t.after_len && is_good(b, t.before, t.len, i))
			must(is_good(b, t.after, t.after_len, i));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char state[100], path[160];
	struct fuzzbox *b;
	bool trusted = false;
	unsigned how, i;
	int fd;

	if (size < 2 || size > 4096)
		return 0;
	how = data[0];
	b = fuzzbox_new(how);
	if (t.keys == NULL)
		must((t.keys = counting()) != NULL);
	make_file(b, how, data[1]);
	data += 2;
	size -= 2;
	fuzzbox_mkdir(b, "state");
	(void)snprintf(state, sizeof(state), "%s/state", b->path);
	(void)snprintf(path, sizeof(path), "state/journal-%08lx-0",
	    (unsigned long)keys_id(t.keys));
	must((fd = host_open(b->root, path, O_RDWR | O_CREAT, 0600)) != -1);
	must(host_truncate(fd, journal_at(SLOTS_MAX)) == 0);
	if (how & RAW)
		must(host_write(fd, data, size, 0) == 0);
	else
		for (i = 0; i < SLOTS_MAX && (i + 1) * 8 <= size; i++) {
			trusted |= data[i * 8] & TAGGED;
			make_slot(b, fd, i, data + (size_t)i * 8);
		}
	(void)host_close(fd);
	replay(b, state);
	look(b, trusted);
	replay(b, state);	/* and once more: it is done */
	return 0;
}
