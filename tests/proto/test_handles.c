/*
 * File handles from hostile and from honest clients.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/proto/check.h"

static void
setup(void)
{
	fix_start(&f, NULL);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(handles, .init = setup, .fini = teardown);

static void
expect_refused(const struct fh *fh, const char *what, unsigned n)
{
	fattr3 a;
	int st = call_getattr(f.c, fh, &a);

	cr_assert(st == WIRE_NFS3ERR_BADHANDLE || st == WIRE_NFS3ERR_STALE,
	    "%s %u: status %d", what, n, st);
}

/* One of each kind. */
static void
make_kinds(struct fh kinds[4])
{
	struct reply r;

	kinds[0] = f.root;
	kinds[1] = check_dir(&f.root, "dir");
	kinds[2] = check_file(&kinds[1], "file");
	OK(call_symlink(f.c, &f.root, "link", "x", &r));
	kinds[3] = r.fh;
}

Test(handles, are_of_64_bytes_at_most_and_all_different)
{
	struct fh k[4];
	int i, j;

	make_kinds(k);
	for (i = 0; i < 4; i++) {
		cr_expect_leq(k[i].len, 64);
		for (j = 0; j < i; j++)
			cr_expect(!call_same_fh(&k[i], &k[j]));
	}
}

Test(handles, with_any_bit_changed_are_refused)
{
	struct fh k[4], bad;
	unsigned i, bit;

	make_kinds(k);
	for (i = 0; i < 4; i++)
		for (bit = 0; bit < 8 * k[i].len; bit++) {
			bad = k[i];
			bad.b[bit / 8] ^= (char)(1 << bit % 8);
			expect_refused(&bad, "bit", bit);
		}
}

Test(handles, cut_or_lengthened_are_refused)
{
	struct fh k[4], bad;
	unsigned i, len;

	make_kinds(k);
	for (i = 0; i < 4; i++)
		for (len = 0; len <= 64; len++) {
			if (len == k[i].len)
				continue;
			bad = k[i];
			bad.len = len;
			if (len > k[i].len)
				memset(bad.b + k[i].len, 0, len - k[i].len);
			expect_refused(&bad, "length", len);
		}
}

Test(handles, of_any_bytes_are_refused)
{
	static const int fill[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct fh bad;
	size_t i;

	for (i = 0; i < sizeof(fill) / sizeof(fill[0]); i++)
		for (bad.len = 0; bad.len <= 64; bad.len += 4) {
			memset(bad.b, fill[i], sizeof(bad.b));
			expect_refused(&bad, "length", bad.len);
		}
}

/* Two authentic halves do not make a handle. */
Test(handles, put_together_from_two_are_refused)
{
	struct fh k[4], bad;
	unsigned i, j, cut;

	make_kinds(k);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			for (cut = 1; cut < k[i].len; cut++) {
				bad = k[i];
				memcpy(bad.b, k[j].b, cut);
				if (i == j || call_same_fh(&bad, &k[i]) ||
				    call_same_fh(&bad, &k[j]))
					continue;
				expect_refused(&bad, "cut", cut);
			}
}

Test(handles, over_64_bytes_are_garbage)
{
	GETATTR3args args = { call_fh(&f.root) };
	uint8_t *rec, big[512];
	size_t len, at;
	fattr3 a;

	rec = client_encode(f.c, NFS_PROGRAM, NFS_V3, NFSPROC3_GETATTR,
	    (xdrproc_t)xdr_GETATTR3args, &args, &len, &at);
	cr_assert_not_null(rec);
	memcpy(big, rec, at);
	free(rec);
	memset(big + at, 0, 72);
	big[at + 3] = 65;
	cr_assert(client_send_record(f.c, big, at + 4 + 68));
	rec = client_recv_record(f.c, &len);
	cr_assert_not_null(rec);
	cr_expect_eq(client_decode(f.c, rec, len, NULL,
	    (xdrproc_t)client_void, NULL), RPC_CANTDECODEARGS);
	free(rec);
	OK(call_getattr(f.c, &f.root, &a));
}

/* Every procedure, not only GETATTR. */
Test(handles, that_are_bad_are_so_to_every_procedure)
{
	struct fh bad = f.root;
	struct list l = { .n = 0 };
	char buf[8192];
	uint32_t bits;
	sattr3 s = call_mode(0);

	bad.b[40] ^= 1;
	IS(BADHANDLE, call_setattr(f.c, &bad, &s, NULL, NULL));
	IS(BADHANDLE, call_lookup(f.c, &bad, "x", NULL));
	IS(BADHANDLE, call_access(f.c, &bad, 63, &bits, NULL));
	IS(BADHANDLE, call_readlink(f.c, &bad, buf, NULL));
	IS(BADHANDLE, call_read(f.c, &bad, 0, 1, buf, NULL));
	IS(BADHANDLE, call_write(f.c, &bad, 0, "x", 1, UNSTABLE, NULL));
	IS(BADHANDLE, call_create(f.c, &bad, "x", UNCHECKED, NULL, NULL));
	IS(BADHANDLE, call_mkdir(f.c, &bad, "x", NULL, NULL));
	IS(BADHANDLE, call_symlink(f.c, &bad, "x", "y", NULL));
	IS(BADHANDLE, call_mknod(f.c, &bad, "x", WIRE_NF3FIFO, NULL));
	IS(BADHANDLE, call_remove(f.c, &bad, "x", NULL));
	IS(BADHANDLE, call_rmdir(f.c, &bad, "x", NULL));
	IS(BADHANDLE, call_rename(f.c, &bad, "x", &f.root, "y", NULL));
	IS(BADHANDLE, call_rename(f.c, &f.root, "x", &bad, "y", NULL));
	IS(BADHANDLE, call_link(f.c, &bad, &f.root, "y", NULL));
	IS(BADHANDLE, call_link(f.c, &f.root, &bad, "y", NULL));
	IS(BADHANDLE, list_page(f.c, &bad, 0, 0, 4096, &l));
	IS(BADHANDLE, list_page(f.c, &bad, 0, 4096, 4096, &l));
	IS(BADHANDLE, call_commit(f.c, &bad, NULL));
}

Test(handles, of_a_vault_that_is_not_served_here_are_stale)
{
	struct fix g;
	struct fh k[4], bad;
	struct fix keep;
	fattr3 a;
	int i;

	fix_start(&g, NULL);
	keep = f;
	f = g;				/* make_kinds() works on f */
	make_kinds(k);
	f = keep;
	for (i = 0; i < 4; i++) {
		IS(STALE, call_getattr(f.c, &k[i], &a));
		OK(call_getattr(g.c, &k[i], &a));
		/* With the right vault's id it is not authentic. */
		bad = k[i];
		memcpy(bad.b + 4, f.root.b + 4, 4);
		IS(BADHANDLE, call_getattr(f.c, &bad, &a));
	}
	fix_stop(&g);
}

Test(handles, are_the_same_bytes_from_every_server_of_the_vault)
{
	static const char *const names[] = { "dir", "link" };
	struct fh k[4];
	struct reply r;
	fattr3 before[4], after;
	int i;

	make_kinds(k);
	for (i = 0; i < 4; i++)
		OK(call_getattr(f.c, &k[i], &before[i]));
	fix_restart(&f);
	for (i = 0; i < 4; i++) {
		OK(call_getattr(f.c, &k[i], &after));
		cr_expect_eq(memcmp(&before[i], &after, sizeof(after)), 0);
	}
	for (i = 0; i < 2; i++) {
		OK(call_lookup(f.c, &f.root, names[i], &r));
		cr_expect(call_same_fh(&r.fh, &k[i == 0 ? 1 : 3]));
	}
	OK(call_lookup(f.c, &k[1], "file", &r));
	cr_expect(call_same_fh(&r.fh, &k[2]));
}

/* A new server may be asked for a file before anything else. */
Test(handles, are_known_to_a_server_that_has_seen_nothing_yet)
{
	char name[256], buf[8];
	struct fh dir, file;
	int i;

	dir = check_dir(&f.root, "dir");
	memset(name, 'n', 255), name[255] = '\0';
	for (i = 0; i < 30; i++)
		dir = check_dir(&dir, i % 7 == 0 ? name : "dir");
	file = check_file(&dir, name);
	OK(call_write(f.c, &file, 0, "deep", 4, FILE_SYNC, NULL));
	fix_restart(&f);
	OK(call_read(f.c, &file, 0, 4, buf, NULL));
	cr_expect_eq(memcmp(buf, "deep", 4), 0);
}

Test(handles, of_what_was_removed_stay_stale_when_the_name_is_made_again)
{
	struct fh k[4];
	struct reply r;
	fattr3 a;
	int i;

	make_kinds(k);
	OK(call_remove(f.c, &k[1], "file", NULL));
	OK(call_rmdir(f.c, &f.root, "dir", NULL));
	OK(call_remove(f.c, &f.root, "link", NULL));
	for (i = 1; i < 4; i++)
		IS(STALE, call_getattr(f.c, &k[i], &a));
	OK(call_mkdir(f.c, &f.root, "dir", NULL, &r));
	(void)check_file(&r.fh, "file");
	OK(call_symlink(f.c, &f.root, "link", "x", NULL));
	for (i = 1; i < 4; i++)
		IS(STALE, call_getattr(f.c, &k[i], &a));
	fix_restart(&f);
	for (i = 1; i < 4; i++)
		IS(STALE, call_getattr(f.c, &k[i], &a));
}

/* Inodes are used again at once on some file systems (ext4). */
Test(handles, of_a_removed_file_never_lead_to_another)
{
	struct fh fh[40];
	fattr3 a;
	int i, j;

	for (i = 0; i < 40; i++) {
		fh[i] = check_file(&f.root, "file");
		for (j = 0; j < i; j++)
			cr_assert(!call_same_fh(&fh[i], &fh[j]));
		OK(call_remove(f.c, &f.root, "file", NULL));
	}
	(void)check_file(&f.root, "file");
	for (i = 0; i < 40; i++)
		IS(STALE, call_getattr(f.c, &fh[i], &a));
}

/* The place is the same, even the inode may be: another server did it. */
Test(handles, of_a_file_that_was_replaced_behind_our_back_are_stale)
{
	struct fix g = f;
	struct fh fh;
	fattr3 a;
	int i;

	memset(g.clients, 0, sizeof(g.clients));
	g.running = false;
	fix_make(&g);
	fix_run(&g);
	for (i = 0; i < 30; i++) {
		fh = check_file(&f.root, "file");
		OK(call_getattr(f.c, &fh, &a));
		OK(call_remove(g.c, &g.root, "file", NULL));
		OK(call_create(g.c, &g.root, "file", GUARDED, NULL, NULL));
		IS(STALE, call_getattr(f.c, &fh, &a));
		OK(call_remove(g.c, &g.root, "file", NULL));
	}
	fix_down(&g);
}
