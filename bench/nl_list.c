/*
 * nl_list.c - READDIRPLUS: each slot lists one directory page by page, again
 * and again.  An operation is one page.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/nl.h"
#include "xdr/nfs3.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

#define PAGE	32768u	/* bytes, unless --size says otherwise */

static void
call_plus(struct nl_slot *sl, struct xout *o)
{
	const struct nl_run *run = sl->conn->run;
	/* in mix, --size is that of READ and WRITE */
	uint32_t size = run->work == &nl_list_plus ? run->opt->size : PAGE;

	if (sl->cookie == 0) {
		memset(sl->cookieverf, 0, sizeof(sl->cookieverf));
		sl->entries = 0;
		if (sl->seen != NULL)
			memset(sl->seen, 0, run->opt->entries / 8 + 1);
		else if (run->opt->verify)
			sl->seen = calloc(1, run->opt->entries / 8 + 1);
	}
	nl_load_call(sl, o, NFS3_PROC_READDIRPLUS);
	nl_wire_put_fh(o, &run->tree.list.fh);
	xout_u64(o, sl->cookie);
	xout_fixed(o, sl->cookieverf, sizeof(sl->cookieverf));
	xout_u32(o, size);
	xout_u32(o, size);
}

/* A name of ours, not seen before in this listing. */
static bool
check_name(struct nl_slot *sl, const struct slice *s)
{
	uint64_t i = 0;
	uint32_t k;

	if (s->len != 14 || memcmp(s->s, "entry-", 6) != 0)
		return false;
	for (k = 6; k < s->len; k++) {
		if (s->s[k] < '0' || s->s[k] > '9')
			return false;
		i = i * 10 + (uint64_t)(s->s[k] - '0');
	}
	if (i >= sl->conn->run->opt->entries ||
	    (sl->seen[i / 8] & 1u << i % 8) != 0)
		return false;
	sl->seen[i / 8] |= (uint8_t)(1u << i % 8);
	return true;
}

/* One entryplus3. */
static bool
entry(struct nl_slot *sl, struct xin *in)
{
	struct nfs3_attr a;
	struct nfs3_fh fh;
	uint64_t fileid;
	struct slice s;
	bool have;

	if (!xin_u64(in, &fileid) || !xin_slice(in, NFS3_NAME_MAX, &s) ||
	    !xin_u64(in, &sl->cookie) || !nl_wire_get_attr(in, &a) ||
	    !xin_bool(in, &have) || (have && !nl_wire_get_fh(in, &fh)))
		return false;
	if ((s.len == 1 && s.s[0] == '.') ||
	    (s.len == 2 && s.s[0] == '.' && s.s[1] == '.'))
		return true;
	sl->entries++;
	sl->conn->entries++;
	return sl->seen == NULL || check_name(sl, &s);
}

/* What goes wrong in a listing goes wrong again: no other round. */
static enum nl_next
broken(struct nl_slot *sl)
{
	sl->cookie = 0;
	atomic_store(&sl->conn->run->stop, true);
	return NL_BAD;
}

/* The listing is over: was it all?  Has every slot had one? */
static enum nl_next
end_round(struct nl_slot *sl, struct xin *in)
{
	struct nl_run *run = sl->conn->run;
	uint64_t n = sl->entries;

	sl->cookie = 0;
	if (n != run->opt->entries) {
		(void)nl_load_error(run, "READDIRPLUS: a listing has %" PRIu64
		    " entries, the directory %" PRIu64, n, run->opt->entries);
		return broken(sl);
	}
	if (run->work == &nl_list_plus && run->count == UINT64_MAX &&
	    run->deadline == INT64_MAX &&
	    atomic_fetch_add(&run->rounds, 1) + 1 >=
	    (uint64_t)run->opt->depth * run->opt->connections)
		atomic_store(&run->stop, true);
	return nl_load_end(sl, in, true, NL_DONE);
}

static enum nl_next
reply_plus(struct nl_slot *sl, struct xin *in)
{
	bool more = true, eof, ok;
	struct nfs3_attr a;

	if (nl_load_status(sl, in, NFS3_OK) != NFS3_OK)
		return broken(sl);
	ok = nl_wire_get_attr(in, &a) &&
	    xin_fixed(in, sl->cookieverf, sizeof(sl->cookieverf));
	while (ok && (ok = xin_bool(in, &more)) && more)
		ok = entry(sl, in);
	if (ok && xin_bool(in, &eof) && eof)
		return end_round(sl, in);
	if (nl_load_end(sl, in, ok, NL_DONE) == NL_BAD)
		return broken(sl);
	return NL_DONE;
}

const struct nl_work nl_list_plus = {
	"readdirplus", NL_NEED_LIST, NULL, call_plus, reply_plus, NULL, NULL
};
