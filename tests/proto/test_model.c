/*
 * READ and WRITE against a plain array, with several calls under way on several
 * connections, truncation, and new servers in between.
 */
#include "config.h"

#include <string.h>

#include "tests/proto/check.h"

static struct fh file;

#define MODEL_MAX	400000u

static uint32_t seed;

static uint32_t
rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * below >> 24);
}

struct flight {
	uint32_t	xid, off, len;
};

/* Up to 8 writes at once that do not overlap, then reads of all of it. */
static void
write_burst(uint8_t *model, uint32_t *size)
{
	static uint8_t data[8][60000];
	WRITE3args args = { .file = call_fh(&file) };
	struct flight fl[8];
	WRITE3res res;
	uint32_t at = rnd(MODEL_MAX / 2), n = 1 + rnd(8), i;

	for (i = 0; i < n; i++) {
		fl[i].off = at;
		fl[i].len = 1 + rnd(rnd(3) == 0 ? 60000 : 5000);
		if (fl[i].off + fl[i].len > MODEL_MAX) {
			n = i;
			break;
		}
		at += fl[i].len + rnd(2) * rnd(30000);
		memset(data[i], (int)rnd(256), fl[i].len);
		data[i][0] = (uint8_t)rnd(256);
		args.offset = fl[i].off;
		args.count = args.data.data_len = fl[i].len;
		args.data.data_val = (char *)data[i];
		args.stable = rnd(10) == 0 ? FILE_SYNC : UNSTABLE;
		fl[i].xid = client_send(f.clients[i % FIX_CLIENTS],
		    NFSPROC3_WRITE, (xdrproc_t)xdr_WRITE3args, &args);
		cr_assert_neq(fl[i].xid, 0);
	}
	for (i = n; i-- > 0;) {
		memset(&res, 0, sizeof(res));
		cr_assert_eq(client_wait(f.clients[i % FIX_CLIENTS],
		    fl[i].xid, (xdrproc_t)xdr_WRITE3res, &res), RPC_SUCCESS);
		OK(res.status);
		cr_assert_eq(res.WRITE3res_u.resok.count, fl[i].len);
		memcpy(model + fl[i].off, data[i], fl[i].len);
		if (fl[i].off + fl[i].len > *size)
			*size = fl[i].off + fl[i].len;
	}
}

static void
read_burst(const uint8_t *model, uint32_t size)
{
	READ3args args = { .file = call_fh(&file) };
	struct flight fl[8];
	READ3resok *ok;
	READ3res res;
	uint32_t i, want;

	for (i = 0; i < 8; i++) {
		args.offset = fl[i].off = rnd(MODEL_MAX);
		args.count = fl[i].len = rnd(rnd(4) == 0 ? 200000 : 40000);
		fl[i].xid = client_send(f.clients[i % FIX_CLIENTS],
		    NFSPROC3_READ, (xdrproc_t)xdr_READ3args, &args);
		cr_assert_neq(fl[i].xid, 0);
	}
	for (i = 0; i < 8; i++) {
		memset(&res, 0, sizeof(res));
		cr_assert_eq(client_wait(f.clients[i % FIX_CLIENTS],
		    fl[i].xid, (xdrproc_t)xdr_READ3res, &res), RPC_SUCCESS);
		OK(res.status);
		ok = &res.READ3res_u.resok;
		want = fl[i].off >= size ? 0 : size - fl[i].off;
		if (want > fl[i].len)
			want = fl[i].len;
		cr_assert_eq(ok->count, want);
		cr_assert_eq(!!ok->eof, fl[i].off >= size ||
		    fl[i].len >= size - fl[i].off);
		cr_assert(want == 0 || memcmp(ok->data.data_val,
		    model + fl[i].off, want) == 0, "at %u + %u",
		    fl[i].off, want);
		client_nfs_free(READ, &res);
	}
}

static void
play(const char *cipher, uint32_t start)
{
	static uint8_t model[MODEL_MAX];
	struct fix_options o = { .cipher = cipher };
	uint32_t size = 0, cut;
	unsigned i;
	sattr3 s;

	fix_start(&f, &o);
	file = check_file(&f.root, "file");
	seed = start;
	for (i = 0; i < 60; i++) {
		write_burst(model, &size);
		read_burst(model, size);
		if (i % 7 == 6) {
			cut = rnd(size + 20000);
			s = call_size(cut);
			OK(call_setattr(f.c, &file, &s, NULL, NULL));
			if (cut < size)
				memset(model + cut, 0, size - cut);
			size = cut;
			read_burst(model, size);
		}
		if (i % 20 == 19)
			fix_restart(&f);
	}
	fix_stop(&f);
}

TestSuite(model);

Test(model, siv_gcm_holds_what_was_written)
{
	play("SIV_GCM", 1);
}

Test(model, siv_ctrmac_holds_what_was_written)
{
	play("SIV_CTRMAC", 2);
}
