/*
 * file_ahead.c - chunks of a write that are sealed before it is its turn.
 *
 * A file has one writer at a time, and sealing is most of what a large write
 * costs.  A client sends several at once; so whole chunks that will be
 * appended are sealed by the thread that has them before it takes the file's
 * lock, with the key that the write before used.  If by then the header has
 * become another one, or somebody else's bytes are there, what was sealed is
 * thrown away and nothing has been lost but the work.
 *
 * Those who seal get the lock in the order in which they came: a write that is
 * early is kept in memory, clear, and has been sealed for nothing.  Who waits
 * holds no lock, and those before it wait for nobody behind.
 */
#include "config.h"

#include <stdatomic.h>
#include <string.h>

#include "base/bufpool.h"
#include "base/tune.h"
#include "vault/file_int.h"
#include "vault/keys.h"
#include "vault/vault_int.h"

#define LEAST	(2u * CIPHER_CHUNK)	/* bytes; fewer gain nothing */

/* The nonce tells one header from all others, and is no secret. */
static bool
same_header(const struct filekey *a, const struct filekey *b)
{
	return memcmp(a->nonce, b->nonce, sizeof(a->nonce)) == 0;
}

void
file_ahead_learn(struct file *f)
{
	enum size_class class;

	if (!f->have_header || tune_off(TUNE_AHEAD))
		return;
	switch (atomic_load_explicit(&f->ahead, memory_order_relaxed)) {
	case AHEAD_UNKNOWN:
		f->ahead_key = f->fk;
		break;
	case AHEAD_KNOWN:
		if (same_header(&f->ahead_key, &f->fk))
			break;
		/* Others may be reading it: it stays what it is. */
		atomic_store(&f->ahead, AHEAD_NEVER);
		return;
	case AHEAD_NEVER:
		return;
	}
	atomic_store_explicit(&f->ahead_end, size_clear(f->v->cipher,
	    f->st.size, &class), memory_order_relaxed);
	atomic_store_explicit(&f->ahead, AHEAD_KNOWN, memory_order_release);
}

static void
take_turn(struct file *f, struct sealed *s)
{
	lock_take(&f->v->turns_lock);
	s->turn = f->turns++;
	lock_drop(&f->v->turns_lock);
	s->has_turn = true;
}

static void
await_turn(struct file *f, const struct sealed *s)
{
	lock_take(&f->v->turns_lock);
	while (f->turn != s->turn)
		(void)pthread_cond_wait(&f->v->turns_cond,
		    &f->v->turns_lock.mtx);
	lock_drop(&f->v->turns_lock);
}

static void
pass_turn(struct file *f)
{
	lock_take(&f->v->turns_lock);
	if (++f->turn != f->turns)
		(void)pthread_cond_broadcast(&f->v->turns_cond);
	lock_drop(&f->v->turns_lock);
}

/* Is there something to seal, and with what? */
static bool
may_seal(struct file *f, uint64_t off, size_t len)
{
	return len >= LEAST && off % CIPHER_CHUNK == 0 && f->writable &&
	    atomic_load_explicit(&f->ahead, memory_order_acquire) ==
	    AHEAD_KNOWN && off >= atomic_load_explicit(&f->ahead_end,
	    memory_order_relaxed);
}

void
file_ahead_seal(struct file *f, uint64_t off, const uint8_t *data, size_t len,
    struct sealed *s)
{
	const struct cipher *c = f->v->cipher;
	struct kctx *k;
	uint8_t *disk;

	s->n = 0;
	s->has_turn = false;
	if (!may_seal(f, off, len) || (k = keys_take(f->v->keys)) == NULL)
		return;
	take_turn(f, s);
	s->data = data;
	s->index = off / CIPHER_CHUNK;
	while (s->n < SEALED_MAX && (s->n + 1) * CIPHER_CHUNK <= len &&
	    (disk = bufpool_get()) != NULL) {
		s->disk[s->n] = disk;
		if (!c->seal(k, &f->ahead_key, s->index + s->n, data + s->n *
		    CIPHER_CHUNK, CIPHER_CHUNK, disk)) {
			bufpool_put(disk);
			break;
		}
		s->n++;
	}
	keys_drop(f->v->keys, k);
	await_turn(f, s);
}

uint8_t *
file_ahead_take(struct file *f, const struct piece *p)
{
	struct sealed *s = f->sealed;
	uint64_t i;
	uint8_t *disk;

	if (s == NULL || p->len != CIPHER_CHUNK || p->index < s->index ||
	    (i = p->index - s->index) >= s->n ||
	    p->clear != s->data + i * CIPHER_CHUNK ||
	    !same_header(&f->ahead_key, &f->fk))
		return NULL;
	disk = s->disk[i];
	s->disk[i] = NULL;
	return disk;
}

void
file_ahead_free(struct file *f, struct sealed *s)
{
	while (s->n > 0)
		bufpool_put(s->disk[--s->n]);
	if (s->has_turn)
		pass_turn(f);
}
