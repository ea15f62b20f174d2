/*
 * fuzz_server.c - the whole server but its sockets: sequences of calls, each by
 * one of four peers that says it is one of four users.
 *
 * Input: a byte of choices, then calls of eight bytes each and what they draw
 * from the bytes behind.  Handles are those that earlier replies brought, so a
 * sequence makes, moves and removes things and goes on to use what is gone.
 * A call runs where the server would run it, loop or worker, one after the
 * other.
 *
 * Every call has a reply of RPC for it, of the length that its mark says; who
 * may not speak for whom it says it is, is told so, and nothing else (gate.h).
 */
#include "config.h"

#include <sys/resource.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "nfsd/dispatch.h"
#include "nfsd/gate.h"
#include "nfsd/proc.h"
#include "nfsd/server_int.h"
#include "tests/fuzz/fuzzbox.h"
#include "xdr/rpcmsg.h"
#include "xdr/xout.h"

#define must		fuzzbox_must
#define HANDLES		16u
#define CALLS_MAX	64u
#define FILE_MAX	(4u * 1024 * 1024)	/* bytes; more is FBIG */
#define GUEST		4321u
#define STRANGER	4322u

enum { MULTI_USER = FUZZBOX_OWN };

struct fh {
	uint32_t	len;
	uint8_t		b[NFS3_FHSIZE];
};

static struct {
	struct fuzzbox	*b;
	struct server	*srv;
	uint32_t	 own;
	struct fh	 fh[HANDLES];	/* [0] is the root's */
	unsigned	 nfh;
	const uint8_t	*in;
	size_t		 left;
	uint8_t		 rec[8192];
	struct xout	 out;
} t;

static unsigned
draw(void)
{
	if (t.left == 0)
		return 0;
	t.left--;
	return *t.in++;
}

static uint32_t
draw32(void)
{
	static const uint32_t odd[] = { 0, 1, 2, 512, 32768, 65536, 1048576,
	    UINT32_MAX };
	unsigned b = draw();

	if (b < 8)
		return odd[b];
	return (uint32_t)b << 24 | draw() << 16 | draw() << 8 | draw();
}

static void
put_fh(void)
{
	unsigned b = draw();
	struct fh fh = t.fh[b % (t.nfh > 0 ? t.nfh : 1)];

	if (b >= 250 && fh.len > 0)
		fh.b[draw() % fh.len] ^= (uint8_t)draw();
	else if (b >= 248)
		fh.len = draw() % (NFS3_FHSIZE + 1);
	xout_opaque(&t.out, fh.b, fh.len);
}

static void
put_name(void)
{
	static const char *const names[] = { "plain", "link", "sub", "inner",
	    "a", "b", ".", "..", "", "/", "vault", "\xff\xfe", "A\xcc\x88" };
	static uint8_t many[300];
	unsigned b = draw(), n = sizeof(names) / sizeof(names[0]);

	if (b < 200) {
		xout_opaque(&t.out, names[b % n],
		    (uint32_t)strlen(names[b % n]));
		return;
	}
	memset(many, 'n', sizeof(many));
	xout_opaque(&t.out, many, b == 255 ? 256 : b);
}

static void
put_words(unsigned n)
{
	while (n-- > 0)
		xout_u32(&t.out, draw32());
}

static void
put_sattr(void)
{
	static const uint8_t words[] = { 1, 1, 1, 2 };
	unsigned i, how;

	for (i = 0; i < 4; i++) {
		how = draw() & 1;
		xout_u32(&t.out, how);
		if (how)
			put_words(words[i]);
	}
	for (i = 0; i < 2; i++) {
		how = draw() % 3;
		xout_u32(&t.out, how);
		if (how == 2)
			put_words(2);
	}
}

static void
put_data(void)
{
	static const uint8_t zeros[4096];
	uint32_t n = draw() * 16;

	xout_u32(&t.out, n);
	xout_u32(&t.out, draw() % 4);
	xout_opaque(&t.out, zeros, n);
}

/*
 * Arguments: h handle, n name, a attributes, w word, q 8 bytes, d data, m mode
 * of CREATE, k kind of MKNOD.
 */
static const char *const shapes[] = {
	"", "h", "haw", "hn", "hw", "h", "hqw", "hqd", "hnm", "hna", "hnan",
	"hnk", "hn", "hn", "hnhn", "hhn", "hqqw", "hqqww", "h", "h", "h",
	"hqw",
	"", "n", "", "n", "", "",	/* MOUNT */
};

static void
put_mode(void)
{
	unsigned how = draw() % 4;

	xout_u32(&t.out, how);
	if (how == 2)
		put_words(2);
	else
		put_sattr();
}

static void
put_args(const char *shape)
{
	for (; *shape != '\0'; shape++)
		switch (*shape) {
		case 'h':
			put_fh();
			break;
		case 'n':
			put_name();
			break;
		case 'a':
			put_sattr();
			break;
		case 'w':
			put_words(1);
			break;
		case 'q':
			xout_u32(&t.out, draw() > 250 ? draw32() : 0);
			put_words(1);
			break;
		case 'd':
			put_data();
			break;
		case 'm':
			put_mode();
			break;
		case 'k':
			xout_u32(&t.out, draw() % 9);
			put_sattr();
			break;
		}
}

/* -- what is true of a reply */

static uint32_t
word(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* Whatever looks like a handle is one: 52 bytes behind their length. */
static void
keep_handles(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i + 56 <= len; i += 4)
		if (word(p + i) == 52) {
			t.fh[t.nfh % HANDLES].len = 52;
			memcpy(t.fh[t.nfh % HANDLES].b, p + i + 4, 52);
			t.nfh += t.nfh < HANDLES;
		}
}

struct said {
	uint32_t		 xid, flavor, uid;
	unsigned		 proc;		/* in shapes[] */
	const struct gate_peer	*peer;
	bool			 spoilt;
};

static bool
is_known(uint32_t uid, bool multi)
{
	return multi || uid == t.own || uid == 0 || uid == GUEST;
}

/* gate.h, said once more. */
static bool
may(const struct said *s, bool multi)
{
	static const bool open[] = { [0] = true, [22] = true, [24] = true,
	    [27] = true };

	if (s->proc < sizeof(open) / sizeof(open[0]) && open[s->proc])
		return true;
	if (s->flavor != RPCMSG_AUTH_SYS || !is_known(s->uid, multi))
		return false;
	return !s->peer->known || s->peer->uid == 0 || s->peer->uid == s->uid;
}

static void
judge(const struct request *rq, const struct said *s, bool multi)
{
	static uint8_t reply[2 * 1024 * 1024];
	size_t len = xout_copy(&rq->out, reply, sizeof(reply));
	bool denied;

	must(len >= 4 + 20);
	must(word(reply) == (0x80000000u | (uint32_t)(len - 4)));
	must(word(reply + 4) == s->xid);
	must(word(reply + 8) == 1);
	denied = word(reply + 12) == 1;
	must(denied || word(reply + 12) == 0);
	if (!s->spoilt && !may(s, multi))
		must(denied && len == 4 + 20 &&
		    word(reply + 20) == RPCMSG_AUTH_TOOWEAK);
	else if (!s->spoilt)
		must(!denied);
	if (!denied && len > 4 + 24 && word(reply + 24) == 0)
		keep_handles(reply + 28, len - 28);
}

/* -- a call */

static void
make(struct said *s, const struct gate_peer peers[4])
{
	static const uint32_t spoilers[] = { 1, 0x80, 0xff };
	unsigned who = draw(), flavor = draw(), bad = draw();
	uint32_t users[4] = { t.own, 0, GUEST, STRANGER };
	size_t at;

	s->proc = draw() % (sizeof(shapes) / sizeof(shapes[0]));
	s->xid = draw();
	s->peer = &peers[who & 3];
	s->uid = users[who >> 2 & 3];
	s->flavor = flavor < 240 ? RPCMSG_AUTH_SYS : RPCMSG_AUTH_NONE;
	xout_init(&t.out, t.rec, sizeof(t.rec));
	xout_u32(&t.out, s->xid);
	xout_u32(&t.out, 0);
	xout_u32(&t.out, 2);
	xout_u32(&t.out, s->proc < 22 ? 100003 : 100005);
	xout_u32(&t.out, 3);
	xout_u32(&t.out, s->proc < 22 ? s->proc : s->proc - 22);
	xout_u32(&t.out, s->flavor);
	if (s->flavor == RPCMSG_AUTH_SYS) {
		xout_u32(&t.out, 24);
		xout_u32(&t.out, 0);
		xout_u32(&t.out, 0);
		xout_u32(&t.out, s->uid);
		xout_u32(&t.out, s->uid);
		xout_u32(&t.out, 1);
		xout_u32(&t.out, 0);	/* root's group: gate_trim() */
	} else {
		xout_u32(&t.out, 0);
	}
	xout_u32(&t.out, 0);
	xout_u32(&t.out, 0);
	put_args(shapes[s->proc]);
	must(xout_ok(&t.out));
	if ((s->spoilt = bad >= 224)) {
		at = draw() | draw() << 8;
		t.rec[at % t.out.total] ^= spoilers[bad % 3];
	}
}

/* As a worker would, and copies that waited for it. */
static void
work(struct request *rq, const struct said *s, bool multi)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);

	dispatch_work(rq, &list);
	while ((rq = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, link);
		judge(rq, s, multi);
		request_put(rq);
	}
}

static void
call(struct gate_peer peers[4], bool multi)
{
	struct request *rq = request_get(t.srv->lanes[0]);
	struct said s;
	uint8_t *own;
	size_t len;

	must(rq != NULL);
	make(&s, peers);
	len = t.out.total;
	/* where ASan sees a step beyond it */
	must((own = malloc(len)) != NULL);
	memcpy(own, t.rec, len);
	rq->peer = s.peer;
	rq->alone = true;
	rq->rec = own;
	rq->rec_len = len;
	if (s.spoilt)
		s.xid = word(own);
	switch (dispatch_call(rq)) {
	case DISPATCH_REPLY:
		judge(rq, &s, multi);
		request_put(rq);
		break;
	case DISPATCH_WORKER:
		work(rq, &s, multi);
		break;
	case DISPATCH_WAIT:
	case DISPATCH_DROP:
		must(false);	/* nothing runs beside it */
		break;
	case DISPATCH_CLOSE:
		must(s.spoilt);
		request_put(rq);
		break;
	}
	free(own);
}

/* A file that grows by a word of 64 bits would be written for hours. */
static void
limit_files(void)
{
	struct rlimit l = { FILE_MAX, FILE_MAX };

	(void)signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &l) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t guest = GUEST;
	struct server_options o = { .slow_us = UINT32_MAX,
	    .gate = { .uids = &guest, .nuids = 1 } };
	struct gate_peer peers[4];
	unsigned how, n;

	if (size < 2)
		return 0;
	log_set_level(LOG_LEVEL_ERROR);
	limit_files();
	how = data[0];
	t.in = data + 1;
	t.left = size - 1;
	t.own = (uint32_t)geteuid();
	t.nfh = 0;
	t.b = fuzzbox_new(how);
	fuzzbox_open(t.b);
	o.multi_user = (how & MULTI_USER) != 0 && geteuid() == 0;
	must((t.srv = server_new(&o, NULL)) != NULL);
	must(server_export(t.srv, t.b->v, "vault", NULL) == 0);
	peers[0] = (struct gate_peer){ true, true, 0, 0 };
	peers[1] = (struct gate_peer){ true, true, t.own, t.own };
	peers[2] = (struct gate_peer){ true, false, GUEST, GUEST };
	peers[3] = (struct gate_peer){ false, false, 0, 1 };
	for (n = 0; n < CALLS_MAX && t.left > 0; n++)
		call(peers, o.multi_user);
	server_free(t.srv);
	fuzzbox_close(t.b);
	fuzzbox_look(t.b, how & ~(unsigned)FUZZBOX_MEND);
	return 0;
}
