/*
 * drc.c - the duplicate request cache: calls that come, run and end.
 *
 * A process may be killed between any two stores, so an entry is first
 * marked free, then filled, then given its state.
 */
#include "config.h"

#include <string.h>

#include "nfsd/drc_int.h"
#include "nfsd/server_int.h"
#include "vault/vault.h"
#include "xdr/rpcmsg.h"

static void
unlink_slot(struct drc *d, uint32_t i)
{
	uint32_t *p = &d->bucket[drc_bucket_of(d->slots[i].tag)];

	if (!d->side[i].linked)
		return;
	while (*p != i)
		p = &d->side[*p].next;
	*p = d->side[i].next;
	d->side[i].linked = false;
}

static void
forget(struct drc *d, uint32_t i)
{
	drc_set_state(&d->slots[i], SLOT_FREE);
	unlink_slot(d, i);
}

static bool
make_tag(struct drc *d, const struct request *rq, uint8_t tag[DRC_TAG_LEN])
{
	/* Handles are tagged by the same key: they begin with another byte. */
	uint8_t text[8 + DRC_BODY] = "drc";
	size_t len = rq->rec_len < DRC_BODY ? rq->rec_len : DRC_BODY;
	uint32_t whole = (uint32_t)rq->rec_len;

	memcpy(text + 4, &whole, sizeof(whole));
	memcpy(text + 8, rq->rec, len);
	return vault_tag(d->v, text, 8 + len, tag);
}

static bool
is_expired(const struct drc *d, uint32_t i)
{
	return drc_state_of(d, i) == SLOT_DONE && d->side[i].owner == NULL &&
	    drc_now() - d->side[i].since > DRC_EXPIRE_S;
}

static uint32_t
find(struct drc *d, const uint8_t tag[DRC_TAG_LEN])
{
	uint32_t i = d->bucket[drc_bucket_of(tag)];

	while (i != DRC_NONE && (drc_state_of(d, i) == SLOT_FREE ||
	    memcmp(d->slots[i].tag, tag, DRC_TAG_LEN) != 0))
		i = d->side[i].next;
	if (i != DRC_NONE && is_expired(d, i)) {
		forget(d, i);
		return DRC_NONE;
	}
	return i;
}

/* The oldest entry that nobody runs. */
static uint32_t
take_slot(struct drc *d)
{
	uint32_t i, n;

	for (n = 0; n < DRC_SLOTS; n++) {
		i = d->hand;
		d->hand = (d->hand + 1) % DRC_SLOTS;
		if (d->side[i].owner == NULL) {
			forget(d, i);
			return i;
		}
	}
	return DRC_NONE;
}

static void
own(struct drc *d, uint32_t i, struct request *rq)
{
	d->side[i].owner = rq;
	d->side[i].since = drc_now();
	rq->drc = d;
	rq->slot = i;
}

static void
fill(struct drc *d, uint32_t i, const uint8_t tag[DRC_TAG_LEN])
{
	struct drc_slot *s = &d->slots[i];
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	memcpy(s->tag, tag, DRC_TAG_LEN);
	s->reply_len = 0;
	s->began_s = (uint64_t)ts.tv_sec;
	s->began_ns = (uint64_t)ts.tv_nsec;
	s->subject = 0;
	s->order = d->order++;
	drc_set_state(s, SLOT_RUNNING);
	drc_link(d, i);
}

static void
repeat(const struct drc_slot *s, struct request *rq)
{
	xout_init(&rq->out, rq->out.head, rq->out.head_cap);
	xout_fixed(&rq->out, s->reply, s->reply_len);
}

/* The call is in slot i. */
static enum drc_state
meet(struct drc *d, uint32_t i, struct request *rq)
{
	const struct request *owner = d->side[i].owner;

	if (drc_state_of(d, i) == SLOT_DONE) {
		repeat(&d->slots[i], rq);
		return DRC_DONE;
	}
	if (owner == NULL) {
		rq->again = true;
		own(d, i, rq);
		return DRC_NEW;
	}
	/* The connection of another lane's request is not ours to look at. */
	if (owner->lane == rq->lane && owner->conn == rq->conn)
		return DRC_SAME;
	rq->drc = d;
	rq->slot = i;
	rq->waits = true;
	STAILQ_INSERT_TAIL(&d->side[i].waiting, rq, link);
	return DRC_WAITS;
}

void
drc_use(struct drc *d, struct vault *v)
{
	d->v = v;
}

enum drc_state
drc_begin(struct drc *d, struct request *rq)
{
	enum drc_state state = DRC_NEW;
	uint8_t tag[DRC_TAG_LEN];
	uint32_t i;

	if (!make_tag(d, rq, tag))
		return DRC_NEW;
	lock_take(&d->lock);
	if ((i = find(d, tag)) != DRC_NONE)
		state = meet(d, i, rq);
	else if ((i = take_slot(d)) != DRC_NONE) {
		fill(d, i, tag);
		own(d, i, rq);
	}
	lock_drop(&d->lock);
	return state;
}

/* What the owner is answered, if it fits; xids are the same. */
static void
share(const struct request *owner, struct request *rq)
{
	struct xout *o = &rq->out;
	size_t len = xout_copy(&owner->out, o->head, o->head_cap);

	rq->waits = false;
	rq->drc = NULL;
	xout_init(o, o->head, o->head_cap);
	if ((rq->rpc_error = len == 0 || owner->rpc_error) && len == 0) {
		xout_begin_record(o);
		rpcmsg_reply_system_err(o, rq->xid);
		xout_end_record(o);
		return;
	}
	o->iov[0].iov_base = o->head;
	o->iov[0].iov_len = o->total = len;
	o->niov = 1;
}

void
drc_end(struct request *rq, bool result, struct request_list *list)
{
	struct drc *d = rq->drc;
	struct request *copy;
	struct drc_slot *s;
	struct drc_side *side;
	size_t len;

	if (d == NULL)
		return;
	s = &d->slots[rq->slot];
	side = &d->side[rq->slot];
	lock_take(&d->lock);
	len = result ? xout_copy(&rq->out, s->reply, DRC_REPLY_MAX) : 0;
	s->reply_len = (uint32_t)len;
	drc_set_state(s, len > 0 ? SLOT_DONE : SLOT_FREE);
	STAILQ_FOREACH(copy, &side->waiting, link)
		share(rq, copy);
	STAILQ_CONCAT(list, &side->waiting);
	lock_drop(&d->lock);
}

bool
drc_leave(struct request *rq)
{
	struct drc *d = rq->srv->drc;
	bool waits;

	if (d == NULL)
		return false;
	lock_take(&d->lock);
	if ((waits = rq->waits)) {
		STAILQ_REMOVE(&d->side[rq->slot].waiting, rq, request, link);
		rq->waits = false;
		rq->drc = NULL;
	}
	lock_drop(&d->lock);
	return waits;
}

/* What a dead server may have done must not be forgotten. */
static void
disown(struct drc *d, struct request *rq)
{
	LOCK_ASSERT_HELD(&d->lock);
	d->side[rq->slot].owner = NULL;
	if (drc_state_of(d, rq->slot) != SLOT_DONE && !rq->again)
		forget(d, rq->slot);
	rq->drc = NULL;
	rq->again = false;
}

bool
drc_abandon(struct request *rq)
{
	struct drc *d = rq->drc;
	bool gone;

	if (d == NULL)
		return true;
	lock_take(&d->lock);
	if ((gone = STAILQ_EMPTY(&d->side[rq->slot].waiting)))
		disown(d, rq);
	lock_drop(&d->lock);
	return gone;
}

void
drc_release(struct request *rq)
{
	struct drc *d = rq->drc;

	if (d == NULL)
		return;
	lock_take(&d->lock);
	disown(d, rq);
	lock_drop(&d->lock);
}

uint64_t
drc_subject(const struct request *rq)
{
	return rq->drc == NULL ? 0 : rq->drc->slots[rq->slot].subject;
}

void
drc_set_subject(struct request *rq, uint64_t fileid)
{
	if (rq->drc != NULL)
		rq->drc->slots[rq->slot].subject = fileid;
}

bool
drc_survives(const struct request *rq)
{
	return rq->drc != NULL && rq->drc->fd != -1;
}

struct timespec
drc_began(const struct request *rq)
{
	const struct drc_slot *s;

	if (rq->drc == NULL)
		return (struct timespec){ 0, 0 };
	s = &rq->drc->slots[rq->slot];
	return (struct timespec){ (time_t)s->began_s, (long)s->began_ns };
}
