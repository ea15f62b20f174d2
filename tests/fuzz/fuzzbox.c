#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "tests/fuzz/fuzzbox.h"
#include "vault/host.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define CHUNKS_MAX	4	/* of one sealed file */

static struct fuzzbox box = { .root = -1 };
static struct keys *keys;	/* where box.keys is from */

void
fuzzbox_must(bool fact)
{
	if (!fact)
		abort();
}

static struct keys *
counting_keys(void)
{
	uint8_t raw[KEYS_RAW_LEN];
	struct keys *k;

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)i;
	k = keys_new(raw, NULL);
	fuzzbox_must(k != NULL);
	return k;
}

/* All that is in a folder; the folder itself if it is not the vault's. */
static void
empty(const char *path)
{
	struct host_dirent de;
	struct host_stat st;
	struct host_dir *d;
	char inner[4096];

	if ((d = host_opendir(box.root, path)) == NULL)
		return;
	while (host_readdir(d, &de) == 1) {
		(void)snprintf(inner, sizeof(inner), "%s/%s", path, de.name);
		if (host_stat(box.root, inner, &st) == 0 &&
		    S_ISDIR(st.mode)) {
			empty(inner);
			(void)host_rmdir(box.root, inner);
		} else
			(void)host_unlink(box.root, inner);
	}
	host_closedir(d);
}

static void
at_exit(void)
{
	empty(".");
	(void)rmdir(box.path);
}

static void
first(void)
{
	const char *tmp = getenv("TMPDIR");

	if (tmp == NULL || strlen(tmp) > 30)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(box.path, sizeof(box.path), "%s/vaultnfs-fuzz-XXXXXX",
	    tmp);
	fuzzbox_must(mkdtemp(box.path) != NULL);
	box.root = host_root(box.path);
	fuzzbox_must(box.root != -1);
	keys = counting_keys();
	box.keys = keys_take(keys);
	box.a = arena_new(16 * 1024 * 1024);
	fuzzbox_must(box.keys != NULL && box.a != NULL);
	fuzzbox_must(name_dirpath(box.keys, "", 0, box.top) &&
	    name_dirpath(box.keys, FUZZBOX_SUB_ID, strlen(FUZZBOX_SUB_ID),
	    box.sub));
	(void)atexit(at_exit);
}

struct fuzzbox *
fuzzbox_new(unsigned how)
{
	const size_t id_len = strlen(FUZZBOX_SUB_ID);
	const char *link;

	if (box.root == -1)
		first();
	empty(".");
	box.cipher = how & FUZZBOX_CTRMAC ? &cipher_ctrmac : &cipher_gcm;
	box.threshold = how & FUZZBOX_SHORT ? 36 : 220;
	fuzzbox_mkdir(&box, box.top);
	fuzzbox_mkdir(&box, box.sub);
	fuzzbox_seal(&box, fuzzbox_in(box.top, "dirid.c9r"), "", 0);
	fuzzbox_seal(&box, fuzzbox_in(box.sub, "dirid.c9r"), FUZZBOX_SUB_ID,
	    id_len);
	link = fuzzbox_entry(&box, "", 0, "sub", 3);
	fuzzbox_put(&box, fuzzbox_in(link, "dir.c9r"), FUZZBOX_SUB_ID, id_len);
	fuzzbox_seal(&box, fuzzbox_entry(&box, "", 0, "plain", 5), "text", 4);
	link = fuzzbox_entry(&box, "", 0, "link", 4);
	fuzzbox_seal(&box, fuzzbox_in(link, "symlink.c9r"), "sub/inner", 9);
	fuzzbox_seal(&box, fuzzbox_entry(&box, FUZZBOX_SUB_ID, id_len,
	    "inner", 5), "inside", 6);
	return &box;
}

void
fuzzbox_mkdir(struct fuzzbox *b, const char *path)
{
	char part[4096];
	const char *s;

	for (s = strchr(path, '/'); s != NULL; s = strchr(s + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(s - path),
		    path);
		(void)host_mkdir(b->root, part, 0755);
	}
	(void)host_mkdir(b->root, path, 0755);
}

void
fuzzbox_put(struct fuzzbox *b, const char *path, const void *data, size_t len)
{
	char folder[4096], *s;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	s = strrchr(folder, '/');
	fuzzbox_must(s != NULL);
	*s = '\0';
	fuzzbox_mkdir(b, folder);
	(void)host_unlink(b->root, path);
	(void)host_write_file(b->root, path, data, len, 0644, HOST_WHENEVER);
}

void
fuzzbox_seal(struct fuzzbox *b, const char *path, const void *data, size_t len)
{
	static uint8_t disk[CIPHER_HEADER_MAX + CHUNKS_MAX *
	    (CIPHER_CHUNK + CIPHER_OVERHEAD_MAX)];
	const struct cipher *c = b->cipher;
	const uint8_t *clear = data;
	size_t at = c->header_len, n;
	struct filekey fk;
	uint64_t i;

	fuzzbox_must(len <= CHUNKS_MAX * CIPHER_CHUNK &&
	    c->header_make(b->keys, &fk, disk));
	for (i = 0; len > 0; i++, clear += n, len -= n) {
		n = len < CIPHER_CHUNK ? len : CIPHER_CHUNK;
		fuzzbox_must(c->seal(b->keys, &fk, i, clear, n, disk + at));
		at += n + c->overhead;
	}
	fuzzbox_put(b, path, disk, at);
}

const char *
fuzzbox_in(const char *folder, const char *leaf)
{
	static char out[4][4096];
	static unsigned turn;

	turn = (turn + 1) % 4;
	(void)snprintf(out[turn], sizeof(out[turn]), "%s/%s", folder, leaf);
	return out[turn];
}

const char *
fuzzbox_entry(struct fuzzbox *b, const char *id, size_t id_len,
    const char *clear, size_t len)
{
	static char out[2][NAME_DIRPATH_LEN + 1 + NAME_DISK_MAX];
	static int turn;
	char folder[NAME_DIRPATH_LEN + 1], disk[NAME_DISK_MAX];
	char hash[NAME_SHORT_LEN + 1];
	size_t n;

	turn = !turn;
	n = name_encrypt(b->keys, id, id_len, clear, len, disk);
	fuzzbox_must(n > 0 && name_dirpath(b->keys, id, id_len, folder));
	name_shorten(disk, n, hash);
	(void)snprintf(out[turn], sizeof(out[turn]), "%s/%s", folder,
	    n > (size_t)b->threshold ? hash : disk);
	if (n > (size_t)b->threshold)
		fuzzbox_put(b, fuzzbox_in(out[turn], "name.c9s"), disk, n);
	return out[turn];
}

void
fuzzbox_open(struct fuzzbox *b)
{
	struct verr e;

	arena_reset(b->a);
	b->v = vault_assemble(host_root(b->path), counting_keys(), b->cipher,
	    8, b->threshold, NULL, &e);
	fuzzbox_must(b->v != NULL);
	b->v->root_dir = dir_by_id(b->v, "", 0, &e);
	fuzzbox_must(b->v->root_dir != NULL);
}

void
fuzzbox_close(struct fuzzbox *b)
{
	vault_close(b->v);
	b->v = NULL;
}
