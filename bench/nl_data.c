/*
 * nl_data.c - READ and WRITE.
 *
 * All connections read one file; each writes one of its own, which is empty at
 * first (so that writing in order appends) or, with --random, full of content
 * that is there before (so that it overwrites).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "bench/nl.h"
#include "bench/nl_pattern.h"
#include "bench/nl_sync.h"
#include "xdr/nfs3.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

uint64_t
nl_data_blocks(const struct nl_run *run)
{
	uint64_t size = run->opt->file == NULL ? run->opt->file_size :
	    run->tree.big_size;

	if (run->opt->size == 0 || size < run->opt->size)
		return 1;
	return size / run->opt->size;
}

/* Marsaglia, "Xorshift RNGs". */
static uint64_t
rand_of(struct nl_conn *c)
{
	c->rng ^= c->rng << 13;
	c->rng ^= c->rng >> 7;
	c->rng ^= c->rng << 17;
	return c->rng;
}

static void
place(struct nl_slot *sl, uint64_t blocks)
{
	const struct nl_opt *opt = sl->conn->run->opt;
	struct nl_conn *c = sl->conn;
	uint64_t n;

	n = opt->random ? rand_of(c) % blocks : c->pos++ % blocks;
	sl->off = n * opt->size;
	sl->len = opt->size;
}

/* Connections that read in order do not read the same at the same time. */
static void
begin_read(struct nl_slot *sl)
{
	struct nl_run *run = sl->conn->run;
	uint64_t blocks = nl_data_blocks(run);

	if (sl->conn->pos == 0)
		sl->conn->pos = blocks * sl->conn->n / run->opt->connections;
	place(sl, blocks);
	if (sl->off + sl->len > run->tree.big_size)
		sl->len = (uint32_t)(run->tree.big_size - sl->off);
}

static void
call_read(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_READ);
	nl_wire_put_fh(o, &sl->conn->run->tree.big.fh);
	xout_u64(o, sl->off);
	xout_u32(o, sl->len);
}

static enum nl_next
reply_read(struct nl_slot *sl, struct xin *in)
{
	const struct nl_run *run = sl->conn->run;
	struct nfs3_attr a;
	struct slice got;
	uint32_t count;
	bool eof, ok;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	ok = nl_wire_get_attr(in, &a) && xin_u32(in, &count) &&
	    xin_bool(in, &eof) && xin_slice(in, sl->len, &got) &&
	    got.len == sl->len && count == got.len;
	if (ok && run->opt->verify && memcmp(got.s, nl_pattern_at(
	    nl_pattern_file(run->tree.big.name, 0), sl->off), got.len) != 0)
		return nl_load_error(sl->conn->run, "READ at %llu: %u bytes "
		    "that are not those of the file",
		    (unsigned long long)sl->off, (unsigned)got.len);
	if (ok)
		sl->conn->bytes += got.len;
	return nl_load_end(sl, in, ok, NL_DONE);
}

static void
begin_write(struct nl_slot *sl)
{
	place(sl, nl_data_blocks(sl->conn->run));
}

static void
put_write(struct nl_slot *sl, struct xout *o)
{
	struct nl_conn *c = sl->conn;

	nl_load_call(sl, o, NFS3_PROC_WRITE);
	nl_wire_put_fh(o, &c->out.fh);
	xout_u64(o, sl->off);
	xout_u32(o, sl->len);
	xout_u32(o, NFS3_UNSTABLE);
	xout_u32(o, sl->len);
	xout_ref(o, nl_pattern_at(nl_pattern_file(c->out.name, 1), sl->off),
	    sl->len);
	xout_pad(o, sl->len);
}

static void
put_commit(struct nl_slot *sl, struct xout *o)
{
	nl_load_call(sl, o, NFS3_PROC_COMMIT);
	nl_wire_put_fh(o, &sl->conn->out.fh);
	xout_u64(o, 0);
	xout_u32(o, 0);
}

static void
call_write(struct nl_slot *sl, struct xout *o)
{
	if (sl->step == 0)
		put_write(sl, o);
	else
		put_commit(sl, o);
}

/* A server that forgot what it had not written says so by another one. */
static bool
same_verf(struct nl_conn *c, struct xin *in)
{
	uint8_t verf[NFS3_VERFSIZE];

	if (!xin_fixed(in, verf, sizeof(verf)))
		return false;
	if (!c->have_verf)
		memcpy(c->verf, verf, sizeof(verf));
	c->have_verf = true;
	return memcmp(c->verf, verf, sizeof(verf)) == 0;
}

static bool
wrote(struct nl_slot *sl, struct xin *in)
{
	struct nl_conn *c = sl->conn;
	uint64_t block = sl->off / c->run->opt->size;
	uint32_t count, how;

	if (!nl_wire_get_wcc(in) || !xin_u32(in, &count) ||
	    count != sl->len || !xin_enum(in, NFS3_FILE_SYNC, &how) ||
	    !same_verf(c, in))
		return false;
	c->bytes += count;
	if (c->written != NULL)
		c->written[block / 8] |= (uint8_t)(1u << block % 8);
	return true;
}

static enum nl_next
reply_write(struct nl_slot *sl, struct xin *in)
{
	enum nl_next next = sl->work == &nl_data_write_commit && sl->step == 0
	    ? NL_AGAIN : NL_DONE;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return NL_BAD;
	if (sl->proc == NFS3_PROC_WRITE)
		return nl_load_end(sl, in, wrote(sl, in), next);
	return nl_load_end(sl, in, nl_wire_get_wcc(in) &&
	    same_verf(sl->conn, in), next);
}

/* One block of a connection's file, read back. */
static bool
verify_block(struct nl_conn *c, struct nl_sync *s, uint64_t block)
{
	uint32_t size = c->run->opt->size;
	bool now = (c->written[block / 8] & 1u << block % 8) != 0;
	const uint8_t *data;

	/* What was never written is what was there, if anything was. */
	if (!now && !c->run->opt->random)
		return true;
	if (!nl_sync_read(s, &c->out.fh, block * size, size, &data)) {
		(void)nl_load_error(c->run, "reading back: %s", s->err);
		return false;
	}
	if (memcmp(data, nl_pattern_at(nl_pattern_file(c->out.name, now),
	    block * size), size) == 0)
		return true;
	(void)nl_load_error(c->run, "reading back: %u bytes at %llu of %s are "
	    "not what was written", (unsigned)size,
	    (unsigned long long)(block * size), c->out.name);
	return false;
}

static bool
verify_write(struct nl_run *run)
{
	uint64_t block, blocks = nl_data_blocks(run);
	struct nl_sync s;
	bool ok = true;
	unsigned i;

	if (!nl_sync_init(&s, run->opt)) {
		(void)nl_load_error(run, "%s", s.err);
		nl_sync_fini(&s);
		return false;
	}
	for (i = 0; i < run->opt->connections && ok; i++)
		for (block = 0; block < blocks && ok; block++)
			ok = verify_block(&run->conn[i], &s, block);
	nl_sync_fini(&s);
	return ok;
}

static const struct nl_work commit = {
	"commit", 0, NULL, put_commit, reply_write, NULL, NULL
};
const struct nl_work nl_data_read = {
	"read", NL_NEED_BIG, begin_read, call_read, reply_read, NULL, NULL
};
const struct nl_work nl_data_write = {
	"write", NL_NEED_OUT, begin_write, call_write, reply_write, &commit,
	verify_write
};
const struct nl_work nl_data_write_commit = {
	"write-commit", NL_NEED_OUT, begin_write, call_write, reply_write,
	NULL, verify_write
};
