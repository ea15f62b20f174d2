/*
 * test_malformed.c - records that are wrong in nineteen ways, and after each of
 * them a NULL call that must be answered.
 *
 * All procedures, with handles and names that exist, so that what is wrong is
 * met deep inside.  The server is a process of its own, which must end with
 * status 0; run under --enable-sanitizer=address,undefined this is a search for
 * errors in memory.  VAULTNFS_LONG: 10,000 seeds.
 *
 * The answer has to be there within 100 ms.  On a machine that others use, the
 * clock says nothing by itself: a record is too slow for the server if the
 * server ran for that long, by its own processor time, or if the answer is late
 * for the same record as often as it is sent, SENDS times in a row.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "tests/proto/raw.h"
#include "tests/proto/thief.h"

TestSuite(malformed, .timeout = 3600);

enum { CALLS_MAX = 32, RECORD = 8192, SENDS = 10 };

#define LATE_US	100000u

struct record {
	uint8_t	b[RECORD];
	size_t	len, args_at;
};

static struct thief_server s;
static struct record calls[CALLS_MAX];
static unsigned ncalls;
static uint64_t seed;

/* splitmix64 */
static uint64_t
next(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static size_t
below(size_t n)
{
	return n == 0 ? 0 : (size_t)(next() % n);
}

/* -- what is right with them */

static void
add(struct client *c, uint32_t prog, uint32_t proc, xdrproc_t enc,
    const void *args)
{
	struct record *r = &calls[ncalls++];
	uint8_t *b = client_encode(c, prog, 3, proc, enc, args, &r->len,
	    &r->args_at);

	cr_assert(b != NULL && r->len <= RECORD / 2 && ncalls <= CALLS_MAX);
	memcpy(r->b, b, r->len);
	free(b);
}

#define ADD(c, P, args)							\
	add((c), 100003, NFSPROC3_##P, (xdrproc_t)xdr_##P##3args, (args))

static char name_[] = "secret", other_[] = "other", bytes_[600];

static void
add_of_objects(struct client *c, nfs_fh3 dir, nfs_fh3 file)
{
	diropargs3 at = { dir, name_ }, to = { dir, other_ };
	GETATTR3args getattr = { dir };
	SETATTR3args setattr = { .object = file };
	LOOKUP3args lookup = { at };
	ACCESS3args access = { dir, 63 };
	READLINK3args readlink = { file };
	CREATE3args create = { .where = to };
	MKDIR3args mkdir = { .where = to };
	SYMLINK3args symlink = { .where = to };
	MKNOD3args mknod = { .where = to };
	REMOVE3args remove = { to };
	RENAME3args rename = { at, to };
	LINK3args link = { file, to };

	setattr.new_attributes.mode.set_it = TRUE;
	setattr.new_attributes.mode.set_mode3_u.mode = 0600;
	create.how.mode = UNCHECKED;
	symlink.symlink.symlink_data = name_;
	mknod.what.type = WIRE_NF3FIFO;
	ADD(c, GETATTR, &getattr);
	ADD(c, SETATTR, &setattr);
	ADD(c, LOOKUP, &lookup);
	ADD(c, ACCESS, &access);
	ADD(c, READLINK, &readlink);
	ADD(c, CREATE, &create);
	ADD(c, MKDIR, &mkdir);
	ADD(c, SYMLINK, &symlink);
	ADD(c, MKNOD, &mknod);
	ADD(c, REMOVE, &remove);
	add(c, 100003, NFSPROC3_RMDIR, (xdrproc_t)xdr_REMOVE3args, &remove);
	ADD(c, RENAME, &rename);
	ADD(c, LINK, &link);
}

static void
add_of_data(struct client *c, nfs_fh3 dir, nfs_fh3 file)
{
	READ3args read = { file, 0, 512 };
	WRITE3args write = { file, 0, sizeof(bytes_), UNSTABLE,
	    { sizeof(bytes_), bytes_ } };
	READDIR3args readdir = { .dir = dir, .count = 4096 };
	READDIRPLUS3args plus = { .dir = dir, .dircount = 512,
	    .maxcount = 4096 };
	FSSTAT3args fs = { dir };
	COMMIT3args commit = { file, 0, 0 };
	dirpath path = (char[]){ "/vault" };

	ADD(c, READ, &read);
	ADD(c, WRITE, &write);
	ADD(c, READDIR, &readdir);
	ADD(c, READDIRPLUS, &plus);
	ADD(c, FSSTAT, &fs);
	add(c, 100003, NFSPROC3_FSINFO, (xdrproc_t)xdr_FSSTAT3args, &fs);
	add(c, 100003, NFSPROC3_PATHCONF, (xdrproc_t)xdr_FSSTAT3args, &fs);
	ADD(c, COMMIT, &commit);
	add(c, 100005, 1, (xdrproc_t)xdr_dirpath, &path);
	add(c, 100005, 3, (xdrproc_t)xdr_dirpath, &path);
	add(c, 100005, 5, (xdrproc_t)client_void, NULL);
	add(c, 100003, 0, (xdrproc_t)client_void, NULL);
}

static void
make_calls(struct client *c)
{
	uint32_t groups[3] = { 7, 8, 9 };

	client_auth_sys(c, s.owner, s.owner, 3, groups);
	ncalls = 0;
	add_of_objects(c, call_fh(&s.root), call_fh(&s.secret));
	add_of_data(c, call_fh(&s.root), call_fh(&s.secret));
}

/* -- what is wrong with them: struct record to bytes with marks */

struct sent {
	uint8_t	b[4 * RECORD];
	size_t	len;
	bool	half;		/* closed before the record is whole */
};

static void
put_mark(struct sent *o, uint32_t mark)
{
	mark = htonl(mark);
	memcpy(o->b + o->len, &mark, 4);
	o->len += 4;
}

static void
put(struct sent *o, const void *b, size_t len)
{
	put_mark(o, 0x80000000u | (uint32_t)len);
	memcpy(o->b + o->len, b, len);
	o->len += len;
}

static void
set_word(struct record *r, size_t at, uint32_t v)
{
	v = htonl(v);
	if (at + 4 <= r->len)
		memcpy(r->b + at, &v, 4);
}

static uint32_t
odd_word(const struct record *r)
{
	static const uint32_t odd[] = { 0, 1, 2, 3, 5, 16, 17, 63, 64, 65, 255,
	    256, 400, 401, 1024, 4096, 65535, 65536, 1048576, 1048577,
	    0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffe, 0xffffffff };

	switch (below(3)) {
	case 0:
		return (uint32_t)next();
	case 1:
		return (uint32_t)r->len - 4 * (uint32_t)below(20);
	default:
		return odd[below(sizeof(odd) / sizeof(odd[0]))];
	}
}

static void
noise(struct record *r, size_t from, size_t to)
{
	for (; from < to && from < r->len; from++)
		r->b[from] = (uint8_t)next();
}

static void
in_fragments(struct sent *o, const struct record *r)
{
	size_t off = 0, n, most = 1 + below(80);

	while (off < r->len && o->len < sizeof(o->b) - 512) {
		n = below(most + 1);
		if (n > r->len - off)
			n = r->len - off;
		if (n == 0 && below(3) != 0)
			n = r->len - off > 1 ? 1 : r->len - off;
		put_mark(o, (uint32_t)n |
		    (off + n == r->len ? 0x80000000u : 0));
		memcpy(o->b + o->len, r->b + off, n);
		o->len += n;
		off += n;
	}
}

static void
turn_words(struct record *r, size_t from)
{
	uint8_t t;

	for (; from + 4 <= r->len; from += 4) {
		t = r->b[from];
		r->b[from] = r->b[from + 3];
		r->b[from + 3] = t;
	}
}

enum { CLASSES = 19 };

/* Classes that change the record; false: it is another one. */
static bool
spoil(struct record *r, unsigned class)
{
	const struct record *other = &calls[below(ncalls)];
	size_t i, at;

	switch (class) {
	case 0:
		noise(r, 0, r->len);
		return true;
	case 1:
		noise(r, r->args_at, r->len);
		return true;
	case 2:
		for (i = 1 + below(8); i > 0; i--)
			r->b[below(r->len)] ^= (uint8_t)(1 << below(8));
		return true;
	case 3:
		r->len = 1 + below(r->len - 1);
		return true;
	case 4:
		i = 1 + below(64);
		r->len += i;
		noise(r, r->len - i, r->len);
		return true;
	case 5:
		at = r->args_at + below((r->len - r->args_at) / 4 + 1) * 4;
		set_word(r, at, odd_word(r));
		return true;
	case 6:
		set_word(r, 4 + below(r->args_at / 4 - 1) * 4, odd_word(r));
		return true;
	case 7:			/* length of the first handle or name */
		set_word(r, r->args_at, odd_word(r));
		return true;
	case 8:			/* inside of the handle */
		r->b[r->args_at + 4 + below(52)] ^= (uint8_t)(1 + below(255));
		return true;
	case 9:			/* body of the credentials */
		set_word(r, 24 + below(10) * 4, odd_word(r));
		return true;
	case 10:
		at = below(r->len < other->len ? r->len : other->len);
		memcpy(r->b + at, other->b + at, other->len - at);
		r->len = other->len;
		return true;
	case 11:		/* something is there twice */
		at = below(r->len);
		i = 1 + below(200);
		memmove(r->b + at + i, r->b + at, r->len - at);
		r->len += i;
		return true;
	case 12:
		set_word(r, 12, below(2) != 0 ? 100003 : odd_word(r));
		set_word(r, 16, odd_word(r));
		set_word(r, 20, odd_word(r));
		return true;
	case 13:
		set_word(r, 4, 1 + below(3) * 77);	/* no CALL */
		return true;
	case 14:
		turn_words(r, below(r->len));
		return true;
	default:
		return false;
	}
}

static void
make(struct sent *o, unsigned class)
{
	struct record r = calls[below(ncalls)];

	o->len = 0;
	o->half = false;
	if (spoil(&r, class)) {
		put(o, r.b, r.len);
		return;
	}
	switch (class) {
	case 15:		/* a mark that lies */
		put(o, r.b, r.len);
		o->len = 0;
		put_mark(o, odd_word(&r));
		o->len += r.len;
		o->half = true;
		break;
	case 16:
		in_fragments(o, &r);
		break;
	case 17:		/* good ones, a bad one, good ones */
		put(o, calls[ncalls - 1].b, calls[ncalls - 1].len);
		(void)spoil(&r, (unsigned)below(15));
		put(o, r.b, r.len);
		put(o, calls[ncalls - 1].b, calls[ncalls - 1].len);
		break;
	default:		/* half of one, and gone */
		put(o, r.b, r.len);
		o->len = below(o->len);
		o->half = true;
		break;
	}
}

/* -- and after each of them */

static uint64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Microseconds; UINT64_MAX: no answer. */
static uint64_t
ask_null(int fd)
{
	uint64_t began = now_us();
	uint8_t reply[64];
	struct raw r;

	raw_null(&r, 1);
	if (!raw_send(fd, r.b, r.len) ||
	    raw_reply(fd, reply, sizeof(reply)) != 24)
		return UINT64_MAX;
	return now_us() - began;
}

/* What the worst record of a run took; late: NULL calls answered late. */
struct worst {
	uint64_t	took, ran, late;
};

/* The first may be answered before the record, the second is not. */
static uint64_t
ask_twice(int fd)
{
	uint64_t a = ask_null(fd), b = ask_null(fd);

	return a > b ? a : b;
}

/* Send o; microseconds until NULL calls beside it are answered. */
static uint64_t
send_one(const struct sent *o, int beside, struct worst *w)
{
	static uint8_t rest[65536];
	uint64_t took, ran = thief_ran_us(&s);
	int fd = thief_connect(&s);

	cr_assert_neq(fd, -1);
	/* the gate has looked at it, and what follows is read */
	raw_set_wait(fd);
	cr_assert_neq(ask_null(fd), UINT64_MAX);
	(void)raw_send(fd, o->b, o->len);
	took = ask_twice(beside);
	ran = thief_ran_us(&s) - ran;
	/* what it answered is of no interest, but that it is over */
	if (!o->half && shutdown(fd, SHUT_WR) == 0)
		(void)thief_drain(fd, 5, rest, 0);
	(void)close(fd);
	w->took = took > w->took ? took : w->took;
	w->ran = ran > w->ran ? ran : w->ran;
	w->late += took > LATE_US;
	return took;
}

static void
try(unsigned class, unsigned i, int beside, struct worst *w)
{
	static struct sent o;
	unsigned sends = 0;
	uint64_t took;

	seed = (uint64_t)i << 8 | class;
	make(&o, class);
	do {
		took = send_one(&o, beside, w);
		cr_assert_neq(took, UINT64_MAX,
		    "no answer after class %u of seed %u", class, i);
		cr_assert_leq(w->ran, LATE_US, "class %u of seed %u: the "
		    "server ran for %llu us", class, i,
		    (unsigned long long)w->ran);
		cr_assert_lt(sends, SENDS, "class %u of seed %u is always "
		    "slow", class, i);
		sends++;
	} while (took > LATE_US);
}

Test(malformed, after_each_a_null_call_is_answered)
{
	unsigned seeds = getenv("VAULTNFS_LONG") != NULL ? 10000 : 20;
	unsigned i, class, n = seeds * CLASSES;
	const struct server_options o = { .max_conns = 0 };
	struct worst w = { 0, 0, 0 };
	struct server_counts c;
	struct client *maker;
	int beside;

	thief_serve(&s, &o, false);
	beside = thief_connect(&s);
	raw_set_wait(beside);
	cr_assert((maker = client_connect("127.0.0.1", s.port)) != NULL);
	make_calls(maker);
	for (i = 0; i < seeds; i++)
		for (class = 0; class < CLASSES; class++)
			try(class, i, beside, &w);
	thief_counts(&s, &c);
	(void)fprintf(stderr, "%u records of %d classes: the slowest NULL took "
	    "%llu us, %llu over 100 ms, no record of them %d times; the server "
	    "ran at most %llu us for one; %llu errors of RPC, %llu connections "
	    "closed\n", n, CLASSES, (unsigned long long)w.took,
	    (unsigned long long)w.late, SENDS, (unsigned long long)w.ran,
	    (unsigned long long)c.rejected, (unsigned long long)c.closed_bad);
	cr_expect_gt(c.rejected, n / 20, "they were not even read");
	cr_expect_gt(c.closed_bad, n / 100);
	(void)close(beside);
	client_free(maker);
	thief_end(&s);
}
