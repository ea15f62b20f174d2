/*
 * fuzz_drc.c - a file of replies that is not what this server left in it.
 *
 * Input: a byte of choices (is the head right, is the length), then entries of
 * twelve bytes each, whose keys may be those of calls that come afterwards.
 * Every call is answered once, runs, or is known; the memory stays sound.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/drc_int.h"
#include "tests/fuzz/fuzzbox.h"
#include "vault/host.h"
#include "vault/vault_int.h"

#define must		fuzzbox_must
#define HEAD_SIZE	4096u
#define CALLS		6u
#define ENTRIES_MAX	64u

enum { BAD_MAGIC = FUZZBOX_OWN, SHORT = FUZZBOX_OWN << 1,
    LONG = FUZZBOX_OWN << 2, TWICE = FUZZBOX_OWN << 3 };

static struct {
	struct fuzzbox	*b;
	char		 path[100];
	uint8_t		 text[CALLS][32];	/* the calls' records */
	struct request	 rq[2 * CALLS];
	uint8_t		 head[2 * CALLS][1024];
	unsigned	 done;			/* calls that were begun */
} t;

/* As drc.c makes the key of a call. */
static void
tag_of(unsigned call, uint8_t tag[DRC_TAG_LEN])
{
	uint8_t text[8 + 32] = "drc";
	uint32_t len = sizeof(t.text[call]);

	memcpy(text + 4, &len, sizeof(len));
	memcpy(text + 8, t.text[call], len);
	must(vault_tag(t.b->v, text, sizeof(text), tag));
}

static void
put_entry(int fd, const uint8_t *s)
{
	uint32_t i = (s[0] | s[1] << 8) % DRC_SLOTS;
	struct drc_slot d;

	memset(&d, s[2], sizeof(d));
	atomic_store(&d.state, s[3] < 200 ? s[3] % 3u : s[3]);
	d.reply_len = s[4] | (uint32_t)(s[5] & 3) << 8;
	if (s[5] & 128)
		d.reply_len = UINT32_MAX - s[4];
	memset(&d.order, s[6], sizeof(d.order));
	d.order += s[7];
	if (s[8] % 8 < CALLS)
		tag_of(s[8] % 8, d.tag);
	d.began_s = s[9] & 1 ? UINT64_MAX : s[9];
	d.began_ns = s[10] & 1 ? UINT64_MAX : s[10];
	d.subject = s[11];
	must(host_write(fd, &d, sizeof(d), HEAD_SIZE + i * sizeof(d)) == 0);
}

static void
make_file(unsigned how, const uint8_t *data, size_t size)
{
	static const char magic[16] = "vaultnfs drc 1\n";
	uint32_t form[2] = { DRC_SLOTS, sizeof(struct drc_slot) };
	uint64_t len = HEAD_SIZE + DRC_SLOTS * sizeof(struct drc_slot);
	unsigned i;
	int fd;

	fd = host_open(t.b->root, "replies", O_RDWR | O_CREAT | O_TRUNC, 0600);
	must(fd != -1 && host_truncate(fd, len) == 0);
	must(host_write(fd, magic, sizeof(magic), 0) == 0 &&
	    host_write(fd, form, sizeof(form), sizeof(magic)) == 0);
	if (how & BAD_MAGIC)
		must(host_write(fd, data, size < 24 ? size : 24, 0) == 0);
	for (i = 0; i < ENTRIES_MAX && (i + 1) * 12 <= size; i++)
		put_entry(fd, data + (size_t)i * 12);
	if (how & SHORT)
		must(host_truncate(fd, len - 1 - size) == 0);
	if (how & LONG)
		must(host_truncate(fd, len + 1 + size) == 0);
	(void)host_close(fd);
}

/* Each bucket's list ends, and all in it belong there. */
static void
look(const struct drc *d)
{
	uint32_t b, i, n, linked = 0, all = 0;

	for (b = 0; b < DRC_BUCKETS; b++)
		for (n = 0, i = d->bucket[b]; i != DRC_NONE;
		    i = d->side[i].next) {
			must(i < DRC_SLOTS && n++ < DRC_SLOTS);
			must(d->side[i].linked &&
			    drc_bucket_of(d->slots[i].tag) == b);
			must(drc_state_of(d, i) == SLOT_FREE ||
			    d->slots[i].reply_len <= DRC_REPLY_MAX);
			linked++;
		}
	for (i = 0; i < DRC_SLOTS; i++) {
		all += d->side[i].linked;
		must(drc_state_of(d, i) <= SLOT_DONE);
	}
	must(all == linked);
}

/* A call comes; at once, or when its reply is known, it is answered. */
static void
call(struct drc *d, unsigned n)
{
	static int conns[2];
	struct request *rq = &t.rq[n];
	enum drc_state state;

	memset(rq, 0, sizeof(*rq));
	STAILQ_NEXT(rq, link) = NULL;
	rq->rec = t.text[n % CALLS];
	rq->rec_len = sizeof(t.text[0]);
	rq->conn = (struct conn *)(void *)&conns[n / CALLS];
	xout_init(&rq->out, t.head[n], sizeof(t.head[n]));
	state = drc_begin(d, rq);
	must(state <= DRC_DONE);
	if (state == DRC_DONE)
		must(xout_ok(&rq->out) && rq->out.total <= DRC_REPLY_MAX);
	if (state == DRC_NEW && rq->drc != NULL)
		drc_set_subject(rq, drc_subject(rq) + 1);
	(void)drc_began(rq);
}

static void
answer(struct request *rq)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);
	struct request *copy;

	if (rq->drc == NULL || rq->waits)
		return;
	xout_init(&rq->out, rq->out.head, rq->out.head_cap);
	xout_begin_record(&rq->out);
	xout_u32(&rq->out, 7);
	xout_end_record(&rq->out);
	drc_end(rq, true, &list);
	STAILQ_FOREACH(copy, &list, link)
		must(copy->out.total == rq->out.total);
	drc_release(rq);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned how, i;
	struct verr e;
	struct drc *d;

	if (size < 1 || size > 2048)
		return 0;
	how = data[0];
	if (t.b == NULL) {	/* it is not changed */
		t.b = fuzzbox_new(0);
		fuzzbox_open(t.b);
	}
	for (i = 0; i < CALLS; i++)
		memset(t.text[i], (int)i + 1, sizeof(t.text[i]));
	(void)snprintf(t.path, sizeof(t.path), "%s/replies", t.b->path);
	make_file(how, data + 1, size - 1);
	must((d = drc_new(t.b->v)) != NULL);
	must(drc_open(d, t.path, &e) == 0);
	look(d);
	for (i = 0; i < (how & TWICE ? 2 : 1) * CALLS; i++)
		call(d, i);
	look(d);
	for (i = 0; i < CALLS; i++)
		answer(&t.rq[i]);
	look(d);
	drc_free(d);
	must((d = drc_new(t.b->v)) != NULL);
	must(drc_open(d, t.path, &e) == 0);	/* what is left is sound */
	look(d);
	drc_free(d);
	return 0;
}
