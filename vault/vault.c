#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/tune.h"
#include "base/verr.h"
#include "vault/cipher.h"
#include "vault/dir_index.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/papers.h"
#include "vault/journal.h"
#include "vault/vault_int.h"

struct vault *
vault_assemble(int root, struct keys *keys, const struct cipher *cipher,
    int format, int threshold, const struct vault_options *o, struct verr *e)
{
	struct vault *v;

	if ((v = calloc(1, sizeof(*v))) == NULL ||
	    !lru_init(&v->dirs, 4 * VAULT_DIRS_IDLE))
		goto err0;
	if (!lru_init(&v->files, VAULT_DIRTY_FILES))
		goto err1;
	if (!vault_sync_init(v))
		goto err2;
	if (!chunks_init(&v->chunks, tune_off(TUNE_CHUNK_CACHE) ? 0 :
	    o != NULL && o->cache_bytes > 0 ? o->cache_bytes :
	    VAULT_CACHE_DEFAULT))
		goto err3;
	v->root = root;
	v->keys = keys;
	v->cipher = cipher;
	v->format = format;
	v->threshold = threshold;
	v->read_only = o != NULL && o->read_only;
	v->sync_each = o != NULL && o->sync_names;
	v->cache_bytes = o != NULL && o->cache_bytes > 0 ? o->cache_bytes :
	    VAULT_CACHE_DEFAULT;
	lock_init(&v->rename_lock, LOCK_RENAME);
	lock_init(&v->dirs_lock, LOCK_DIRCACHE);
	TAILQ_INIT(&v->kept);
	lock_init(&v->files_lock, LOCK_FILECACHE);
	dir_fds_init(v);
	rwlock_init(&v->header_lock, LOCK_HEADER);
	lock_init(&v->turns_lock, LOCK_TURNS);
	(void)pthread_cond_init(&v->turns_cond, NULL);
	TAILQ_INIT(&v->dirty_files);
	lock_init(&v->search_lock, LOCK_SEARCH);
	(void)pthread_cond_init(&v->search_end, NULL);
	return v;

err3:
	chunks_fini(&v->chunks);
err2:
	vault_sync_fini(v);
	lru_fini(&v->files);
err1:
	lru_fini(&v->dirs);
err0:
	free(v);
	keys_free(keys);
	(void)close(root);
	verr_fail(e, VERR_NOMEM, "out of memory for a vault");
	return NULL;
}

/* The root's content folder must be there (vault-format 2.3, 9). */
static int
open_root_dir(struct vault *v, struct verr *e)
{
	struct verr mine;
	struct vattr a;

	if (e == NULL)
		e = &mine;
	if ((v->root_dir = dir_by_id(v, "", 0, e)) == NULL)
		return -1;
	if (dir_attr(v->root_dir, &a, e) == 0)
		return 0;
	if (e->code != VERR_STALE)
		return -1;
	return verr_fail(e, VERR_DAMAGED, "the folder of the vault's root, "
	    "%s, is missing", v->root_dir->path);
}

/*
 * A vault without encryption is opened only by who asks for one, and who asks
 * for one gets no other: nothing clear ever comes into a vault of a user.
 */
static int
judge_cipher(const struct papers *p, struct verr *e)
{
	bool plain = p->have_token && p->token.cipher == &cipher_plain;

	if (plain == tune_off(TUNE_ENCRYPTION))
		return 0;
	if (plain)
		return verr_fail(e, VERR_UNSUPPORTED, "this vault was made to "
		    "measure with, and its files are not encrypted: only "
		    "serve --tune no-encryption opens it");
	return verr_fail(e, VERR_UNSUPPORTED, "this vault is encrypted, and "
	    "--tune no-encryption is only for vaults that init --cipher NONE "
	    "has made");
}

struct vault *
vault_open(const char *path, const struct vault_options *o, const char *pass,
    size_t passlen, struct verr *e)
{
	uint8_t *raw = NULL;
	struct vault *v = NULL;
	struct papers p;
	struct keys *keys;
	int root;

	if ((root = papers_root(path, e)) == -1)
		return NULL;
	if (papers_read(&p, root, path, o == NULL ? NULL : o->masterkey,
	    e) == -1)
		goto out;
	if (judge_cipher(&p, e) == -1)
		goto out;
	if ((raw = secret_alloc(KEYS_RAW_LEN)) == NULL) {
		verr_fail(e, VERR_NOMEM, "out of memory for keys");
		goto out;
	}
	if (papers_unlock(&p, pass, passlen, raw, e) == -1 ||
	    (keys = keys_new(raw, e)) == NULL)
		goto out;
	v = vault_assemble(root, keys,
	    p.have_token ? p.token.cipher : &cipher_ctrmac,
	    p.have_token ? p.token.format : 7,
	    p.have_token ? p.token.threshold : TOKEN_THRESHOLD, o, e);
	root = -1;
	if (v != NULL && open_root_dir(v, e) == -1) {
		vault_close(v);
		v = NULL;
	}
out:
	secret_free(raw, KEYS_RAW_LEN);
	papers_fini(&p);
	if (root != -1)
		(void)close(root);
	return v;
}

/* At the end there is nobody left who could be told of a failure. */
static void
write_all(struct vault *v)
{
	struct verr e = { .code = VERR_NONE };
	struct file *f;
	unsigned next;

	if (vault_write_out(v, 0, &next, &e) == -1)
		log_error("%s: what had not been committed is lost", e.text);
	while ((f = TAILQ_FIRST(&v->dirty_files)) != NULL) {
		file_ref(f);
		file_lose(f);
		file_put(f);
	}
}

void
vault_close(struct vault *v)
{

	if (v == NULL)
		return;
	write_all(v);
	journal_close(v->journal);
	file_table_free(v);
	chunks_fini(&v->chunks);
	dir_table_free(v);
	dir_fds_fini(v);
	vault_sync_fini(v);
	keys_free(v->keys);
	lock_fini(&v->rename_lock);
	lock_fini(&v->dirs_lock);
	lock_fini(&v->files_lock);
	rwlock_fini(&v->header_lock);
	(void)pthread_cond_destroy(&v->turns_cond);
	lock_fini(&v->turns_lock);
	index_free(v->index);
	(void)pthread_cond_destroy(&v->search_end);
	lock_fini(&v->search_lock);
	(void)close(v->root);
	free(v);
}

static void
tell_token(struct vault_info *info, const struct token *t)
{
	info->format = t->format;
	info->threshold = t->threshold;
	(void)snprintf(info->cipher, sizeof(info->cipher), "%s",
	    t->cipher_name);
	(void)snprintf(info->jti, sizeof(info->jti), "%s", t->jti);
	(void)snprintf(info->kid, sizeof(info->kid), "%s", t->kid);
}

int
vault_probe(const char *path, struct vault_info *info, struct verr *e)
{
	struct papers p;
	struct verr mine;
	int r, root;

	if (e == NULL)
		e = &mine;
	memset(info, 0, sizeof(*info));
	if ((root = papers_root(path, e)) == -1)
		return -1;
	r = papers_read(&p, root, path, NULL, e);
	if (r == 0) {
		info->scrypt_cost = p.mk.cost;
		info->scrypt_block = p.mk.block;
		info->usable = !p.have_token ||
		    (p.token.format == TOKEN_FORMAT && p.token.cipher !=
		    NULL && p.token.cipher != &cipher_plain);
	}
	if (p.have_token)
		tell_token(info, &p.token);
	else if (r == 0) {
		info->format = 7;
		info->threshold = TOKEN_THRESHOLD;
		strcpy(info->cipher, cipher_ctrmac.name);
	} else if (e->code == VERR_UNSUPPORTED && p.token.kid[0] != '\0') {
		/* A token of a kind that we do not do (token.h): Hub. */
		tell_token(info, &p.token);
		r = 0;
	}
	papers_fini(&p);
	(void)close(root);
	return r;
}

bool
vault_read_only(const struct vault *v)
{
	return v->read_only;
}

const struct cipher *
vault_cipher(const struct vault *v)
{
	return v->cipher;
}

int
vault_format(const struct vault *v)
{
	return v->format;
}

int
vault_threshold(const struct vault *v)
{
	return v->threshold;
}

uint32_t
vault_id(const struct vault *v)
{
	return keys_id(v->keys);
}

bool
vault_tag(struct vault *v, const void *data, size_t len, uint8_t tag[16])
{
	return keys_tag(v->keys, data, len, tag);
}

uint64_t
vault_hidden(const struct vault *v)
{
	return atomic_load(&v->hidden);
}

/* Of every full chunk on disk, 32 KiB are the user's. */
static uint64_t
clear_part(const struct vault *v, uint64_t bytes)
{
	return bytes / (CIPHER_CHUNK + v->cipher->overhead) * CIPHER_CHUNK;
}

int
vault_space(struct vault *v, struct vault_space *s, struct verr *e)
{
	struct host_space h;

	if (host_space(v->root, &h) == -1)
		return verr_sys(e, "cannot ask for the storage's free space");
	s->total = clear_part(v, h.total);
	s->free = clear_part(v, h.free);
	s->avail = clear_part(v, h.avail);
	s->files = h.files;
	s->files_free = h.files_free;
	s->files_avail = h.files_avail;
	return 0;
}
