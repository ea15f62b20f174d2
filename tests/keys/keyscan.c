/*
 * keyscan - what of a vault's secrets is in the memory of another process.
 *
 *	keyscan [--core FILE] PID VAULT PASSWORD-FILE [TEXT]...
 *
 * Reads all that is mapped there and can be read, as a debugger would, or FILE,
 * a core that a debugger took of it just now, registers and all.  It looks for
 * the master keys, the handle key, content keys of the files on disk, the AES
 * round keys of all of these, HMAC's key blocks, and each TEXT (as it is, when
 * it has 8 bytes at least).  One line for each kind:
 *
 *	KIND locked N elsewhere M
 *
 * "locked" are pages that are locked into memory and not dumped (VmFlags lo and
 * dd), here and at their addresses in a core.  Exit 77: this may not be done
 * here (no root, no Linux).
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "vault/cipher.h"
#include "vault/keys.h"
#include "vault/kctx.h"
#include "vault/vault.h"

#define PATTERNS_MAX	1000000	/* 28 for each file */
#define KINDS_MAX	32
#define CHUNK		((size_t)1 << 20)
#define LEN_MAX		256u
#define MAPS_MAX	65536

struct pattern {
	uint8_t		*b;
	size_t		len;
	unsigned	kind;
};

static struct pattern patterns[PATTERNS_MAX];
static unsigned npatterns, nkinds;
static const char *kinds[KINDS_MAX];
static unsigned long locked[KINDS_MAX], elsewhere[KINDS_MAX];
static int first[65536];		/* patterns by their first two bytes */
static int next[PATTERNS_MAX];

static unsigned
kind_of(const char *name)
{
	unsigned i;

	for (i = 0; i < nkinds; i++)
		if (strcmp(kinds[i], name) == 0)
			return i;
	if (nkinds == KINDS_MAX)
		exit(99);
	kinds[nkinds] = name;
	return nkinds++;
}

static void
add(const char *kind, const void *data, size_t len)
{
	struct pattern *p = &patterns[npatterns];
	unsigned at;

	if (npatterns == PATTERNS_MAX || len < 2 || len > LEN_MAX ||
	    (p->b = malloc(len)) == NULL)
		exit(99);
	memcpy(p->b, data, len);
	p->len = len;
	p->kind = kind_of(kind);
	at = (unsigned)p->b[0] << 8 | p->b[1];
	next[npatterns] = first[at];
	first[at] = (int)npatterns++;
}

/* -- FIPS 197: the key expansion, independent of OpenSSL */

static uint8_t
times(uint8_t a, uint8_t b)
{
	uint8_t r = 0;

	for (; b != 0; b >>= 1) {
		if (b & 1)
			r ^= a;
		a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
	}
	return r;
}

static uint8_t
sbox(uint8_t a)
{
	uint8_t inv = 0, r = 0x63;
	unsigned i;

	for (i = 1; a != 0 && i < 256; i++)
		if (times(a, (uint8_t)i) == 1)
			inv = (uint8_t)i;
	for (i = 0; i < 5; i++)
		r ^= (uint8_t)(inv << i | inv >> (8 - i));
	return r;
}

static void
expand(const uint8_t key[32], uint8_t w[240])
{
	uint8_t t[4], rcon = 1, x;
	unsigned i, k;

	memcpy(w, key, 32);
	for (i = 8; i < 60; i++) {
		memcpy(t, w + 4 * (i - 1), 4);
		if (i % 8 == 0) {
			x = t[0];
			t[0] = sbox(t[1]) ^ rcon;
			t[1] = sbox(t[2]);
			t[2] = sbox(t[3]);
			t[3] = sbox(x);
			rcon = times(rcon, 2);
		} else if (i % 8 == 4) {
			for (k = 0; k < 4; k++)
				t[k] = sbox(t[k]);
		}
		for (k = 0; k < 4; k++)
			w[4 * i + k] = w[4 * (i - 8) + k] ^ t[k];
	}
}

/* Halves, since a key may lie in two registers' worth of memory. */
static void
add_key(const char *kind, const uint8_t key[32])
{
	add(kind, key, 16);
	add(kind, key + 16, 16);
}

/* As bytes, as AES-NI has them, and as words of a little-endian machine. */
static void
add_aes(const char *kind, const uint8_t key[32])
{
	uint8_t w[240], s[16];
	unsigned r, i;

	expand(key, w);
	for (r = 2; r < 15; r++) {
		add(kind, w + 16 * r, 16);
		for (i = 0; i < 16; i++)
			s[i] = w[16 * r + (i ^ 3)];
		add(kind, s, 16);
	}
}

static void
add_pads(const char *kind, const uint8_t *key, size_t len)
{
	uint8_t pad[2][64];
	size_t i;

	for (i = 0; i < len; i++) {
		pad[0][i] = key[i] ^ 0x36;
		pad[1][i] = key[i] ^ 0x5c;
	}
	for (i = 0; i + 16 <= len; i += 16) {
		add(kind, pad[0] + i, 16);
		add(kind, pad[1] + i, 16);
	}
}

static void
add_masters(const uint8_t raw[64])
{
	static const char label[] = "vaultnfs handle v1";
	uint8_t handle[32];

	if (HMAC(EVP_sha256(), raw, 64, (const uint8_t *)label,
	    sizeof(label) - 1, handle, NULL) == NULL)
		exit(99);
	add_key("encKey", raw);
	add_key("macKey", raw + 32);
	add_key("handleKey", handle);
	add_aes("encKey-rounds", raw);
	add_aes("macKey-rounds", raw + 32);
	add_aes("handleKey-rounds", handle);
	add_pads("hmac-blocks", raw + 32, 32);
	add_pads("hmac-blocks", raw, 64);
}

/* -- content keys, from the headers of the files on disk */

static void
add_header(struct kctx *c, const struct cipher *alg, const char *path)
{
	struct filekey fk;
	uint8_t head[256];
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, head, alg->header_len);
	(void)close(fd);
	if (n != (ssize_t)alg->header_len || !alg->header_read(c, head, &fk))
		return;
	add_key("contentKeys", fk.content);
	add_aes("contentKeys-rounds", fk.content);
}

static void
add_files(struct kctx *c, const struct cipher *alg, const char *dir)
{
	char path[4096];
	struct dirent *de;
	DIR *d;

	if ((d = opendir(dir)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		if (de->d_type == DT_DIR)
			add_files(c, alg, path);
		else if (de->d_type == DT_REG)
			add_header(c, alg, path);
	}
	(void)closedir(d);
}

/* -- the other process */

/* Every pattern that begins in the first fresh bytes of b. */
static void
look(const uint8_t *b, size_t len, size_t fresh, unsigned long *counts,
    uint64_t at)
{
	const struct pattern *p;
	size_t i;
	int k;

	for (i = 0; i < fresh && i + 1 < len; i++)
		for (k = first[(unsigned)b[i] << 8 | b[i + 1]]; k != -1;
		    k = next[k]) {
			p = &patterns[k];
			if (len - i < p->len ||
			    memcmp(b + i, p->b, p->len) != 0)
				continue;
			counts[p->kind]++;
			if (getenv("KEYSCAN_WHERE") != NULL)
				fprintf(stderr, "%s%s at %" PRIx64 "\n",
				    kinds[p->kind], counts == locked ?
				    " (locked)" : "", at + i);
		}
}

static void
scan(int mem, uint64_t lo, uint64_t hi, unsigned long *counts)
{
	static uint8_t buf[CHUNK + LEN_MAX];
	uint64_t at;
	ssize_t n;

	for (at = lo; at < hi; at += CHUNK) {
		n = pread(mem, buf, hi - at < sizeof(buf) ? (size_t)(hi - at) :
		    sizeof(buf), (off_t)at);
		if (n > 0)
			look(buf, (size_t)n, CHUNK, counts, at);
	}
}

struct mapping {
	uint64_t	lo, hi;
	bool		readable, locked;
};

static struct mapping maps[MAPS_MAX];
static unsigned nmaps;

/* A mapping's flags are at the end of its lines. */
static void
read_maps(FILE *f)
{
	struct mapping *m = NULL;
	char line[4096], mode[8];
	uint64_t lo, hi;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &lo, &hi,
		    mode) == 3) {
			if (nmaps == MAPS_MAX)
				exit(99);
			m = &maps[nmaps++];
			m->lo = lo;
			m->hi = hi;
			m->readable = mode[0] == 'r' &&
			    strstr(line, "[v") == NULL;
		} else if (m != NULL && strncmp(line, "VmFlags:", 8) == 0) {
			m->locked = strstr(line, " lo") != NULL &&
			    strstr(line, " dd") != NULL;
		}
	}
}

static void
scan_process(int mem)
{
	unsigned i;

	for (i = 0; i < nmaps; i++)
		if (maps[i].readable)
			scan(mem, maps[i].lo, maps[i].hi, maps[i].locked ?
			    locked : elsewhere);
}

/* -- a core: ELF(5), of 64 bits and in our order, as this machine makes them */

enum { EHDR = 64, PHDR = 56, PT_LOAD = 1, PHNUM_MAX = 65535 };

static uint64_t
number(const uint8_t *p, unsigned len)
{
	uint64_t n = 0;

	while (len-- > 0)
		n = n << 8 | p[len];
	return n;
}

/*
 * A segment of a core has size bytes at off in the file that were at address
 * lo: those of locked mappings are cut out of it and looked at by themselves.
 */
static void
scan_segment(int core, uint64_t off, uint64_t lo, uint64_t size)
{
	uint64_t at = lo, end = lo + size, from, to;
	unsigned i;

	for (i = 0; i < nmaps; i++) {
		if (!maps[i].locked || maps[i].hi <= at || maps[i].lo >= end)
			continue;
		from = maps[i].lo > at ? maps[i].lo : at;
		to = maps[i].hi < end ? maps[i].hi : end;
		scan(core, off + (at - lo), off + (from - lo), elsewhere);
		scan(core, off + (from - lo), off + (to - lo), locked);
		at = to;
	}
	scan(core, off + (at - lo), off + size, elsewhere);
}

/* All segments; notes, which hold the registers, lie in no mapping. */
static void
scan_core(int core)
{
	uint8_t eh[EHDR], ph[PHDR];
	uint64_t at, n, i;

	if (pread(core, eh, sizeof(eh), 0) != (ssize_t)sizeof(eh) ||
	    memcmp(eh, "\177ELF\2\1", 6) != 0 || number(eh + 16, 2) != 4 ||
	    (n = number(eh + 56, 2)) == PHNUM_MAX || n == 0) {
		fputs("keyscan: this is no core that I can read\n", stderr);
		exit(99);
	}
	at = number(eh + 32, 8);
	for (i = 0; i < n; i++) {
		if (pread(core, ph, sizeof(ph), (off_t)(at + i * PHDR)) !=
		    (ssize_t)sizeof(ph))
			exit(99);
		if (number(ph, 4) == PT_LOAD)
			scan_segment(core, number(ph + 8, 8),
			    number(ph + 16, 8), number(ph + 32, 8));
		else
			scan(core, number(ph + 8, 8), number(ph + 8, 8) +
			    number(ph + 32, 8), elsewhere);
	}
}

static void
read_secrets(const char *vault, const char *file)
{
	uint8_t raw[VAULT_KEY_LEN];
	struct vault_info info;
	const struct cipher *alg;
	char pass[1024], path[4096];
	struct keys *k;
	struct verr e;
	ssize_t n;
	int fd;

	if ((fd = open(file, O_RDONLY)) == -1 ||
	    (n = read(fd, pass, sizeof(pass))) < 1)
		exit(99);
	(void)close(fd);
	n -= pass[n - 1] == '\n';
	if (vault_passwd_key(vault, pass, (size_t)n, raw, &e) == -1 ||
	    vault_probe(vault, &info, &e) == -1 ||
	    (k = keys_new(raw, &e)) == NULL) {
		fprintf(stderr, "keyscan: %s\n", e.text);
		exit(99);
	}
	alg = strcmp(info.cipher, cipher_gcm.name) == 0 ? &cipher_gcm :
	    &cipher_ctrmac;
	add_masters(raw);
	add("password", pass, (size_t)n);
	(void)snprintf(path, sizeof(path), "%s/d", vault);
	add_files(keys_take(k), alg, path);
}

int
main(int argc, char **argv)
{
	const char *core = NULL;
	char path[64], mem_path[64];
	unsigned i;
	FILE *f;
	int fd, k;

	if (argc > 2 && strcmp(argv[1], "--core") == 0) {
		core = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc < 4) {
		fputs("usage: keyscan [--core FILE] PID VAULT PASSWORD-FILE "
		    "[TEXT]...\n", stderr);
		return 99;
	}
	for (i = 0; i < 65536; i++)
		first[i] = -1;
	(void)snprintf(mem_path, sizeof(mem_path), "/proc/%s/mem", argv[1]);
	(void)snprintf(path, sizeof(path), "/proc/%s/smaps", argv[1]);
	fd = open(core != NULL ? core : mem_path, O_RDONLY);
	if (fd == -1 || (f = fopen(path, "r")) == NULL) {
		perror(path);
		return 77;
	}
	read_secrets(argv[2], argv[3]);
	for (k = 4; k < argc; k++)
		add(argv[k], argv[k], strlen(argv[k]));
	read_maps(f);
	if (core != NULL)
		scan_core(fd);
	else
		scan_process(fd);
	for (i = 0; i < nkinds; i++)
		printf("%s locked %lu elsewhere %lu\n", kinds[i], locked[i],
		    elsewhere[i]);
	return 0;
}
