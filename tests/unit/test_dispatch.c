/*
 * test_dispatch.c - how calls move between the loop and the workers.
 *
 * The server runs with procedures of this file in place of NFS's: they wait,
 * hand over, want too much or make a lot, as the test says.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "nfsd/proc.h"
#include "nfsd/request.h"
#include "tests/proto/raw.h"
#include "xdr/xin.h"
#include "xdr/xout.h"

enum {
	P_NULL,
	P_HAND,			/* hands over, then echoes its argument */
	P_GATE,			/* waits on a worker for the gate to open */
	P_GREEDY,		/* wants more than an arena has */
	P_LONG,			/* a reply that does not fit */
	P_HAND_GREEDY,		/* hands over, then wants too much */
	P_READ,			/* as many bytes as asked for */
	P_OPEN,			/* opens the gate, and waits, on the loop */
	P_ORDER,		/* on the loop: how many of these ran before */
};

static struct raw_server server;
static struct server_options options = { .workers_max = 1 };
static uint8_t reply[2 * 1024 * 1024];

static atomic_uint hands, odd, entered, left, order;
static atomic_bool gate;

static bool
echo_decode(struct xin *in, void *args)
{
	return xin_slice(in, 4, args) && xin_done(in);
}

/* The argument, read where it lies in the record. */
static uint32_t
argument(const struct request *rq)
{
	const struct slice *s = rq->args;

	return raw_get((const uint8_t *)s->s);
}

static bool
echo_encode(struct xout *o, enum nfsstat3 st, const void *res)
{
	xout_u32(o, st);
	xout_u32(o, *(const uint32_t *)res);
	return xout_ok(o);
}

static bool
long_encode(struct xout *o, enum nfsstat3 st, const void *res)
{
	static const uint8_t much[XOUT_HEAD_MAX];

	(void)st;
	(void)res;
	xout_opaque(o, much, sizeof(much));
	return xout_ok(o);
}

enum nfsstat3
proc_null(struct request *rq)
{
	(void)rq;
	return NFS3_OK;
}

static enum nfsstat3
run_hand(struct request *rq)
{
	uint32_t *res = rq->res;

	atomic_fetch_add(&hands, 1);
	if (rq->on_loop) {
		*res = 12345;
		rq->data.piece[0].buf = bufpool_get();
		rq->data.n = 1;
		return PROC_HANDOVER;
	}
	if (*res != 0 || rq->data.n != 0)
		atomic_fetch_add(&odd, 1);
	*res = argument(rq);
	return NFS3_OK;
}

static enum nfsstat3
run_gate(struct request *rq)
{
	atomic_fetch_add(&entered, 1);
	while (!atomic_load(&gate))
		raw_sleep_ms(1);
	*(uint32_t *)rq->res = argument(rq);
	atomic_fetch_add(&left, 1);
	return NFS3_OK;
}

/* What waits at the gate goes through while the loop is busy here. */
static enum nfsstat3
run_open(struct request *rq)
{
	unsigned i;

	atomic_store(&gate, true);
	for (i = 0; i < 2000 && atomic_load(&left) < atomic_load(&entered);
	    i++)
		raw_sleep_ms(5);
	raw_sleep_ms(700);		/* they are encoded and put on a list */
	*(uint32_t *)rq->res = argument(rq);
	return NFS3_OK;
}

/* Holds the loop until the gate is open, the first time. */
static enum nfsstat3
run_order(struct request *rq)
{
	while (!atomic_load(&gate))
		raw_sleep_ms(1);
	*(uint32_t *)rq->res = atomic_fetch_add(&order, 1);
	return NFS3_OK;
}

static enum nfsstat3
run_greedy(struct request *rq)
{
	while (arena_alloc(rq->arena, 4096) != NULL)
		continue;
	return NFS3_OK;
}

static enum nfsstat3
run_hand_greedy(struct request *rq)
{
	return rq->on_loop ? PROC_HANDOVER : run_greedy(rq);
}

static enum nfsstat3
run_ok(struct request *rq)
{
	(void)rq;
	return NFS3_OK;
}

/* In place of the real ones, which dispatch.c knows by address. */
enum nfsstat3
proc_read(struct request *rq)
{
	const struct nfs3_read_args *args = rq->args;
	struct iopiece *p;
	size_t rest = args->count;

	while (rest > 0) {
		p = &rq->data.piece[rq->data.n++];
		p->buf = bufpool_get();
		p->len = rest < 32768 ? rest : 32768;
		memset(p->buf, (int)(args->offset & 0xff), p->len);
		p->data = p->buf;
		rest -= p->len;
		rq->data.total += p->len;
	}
	*(struct iolist **)rq->res = &rq->data;
	return NFS3_OK;
}

enum nfsstat3
proc_readdir(struct request *rq)
{
	return run_ok(rq);
}

enum nfsstat3
proc_readdirplus(struct request *rq)
{
	return run_ok(rq);
}

static bool
read_encode(struct xout *o, enum nfsstat3 st, const void *res)
{
	const struct iolist *l = *(struct iolist *const *)res;
	unsigned i;

	(void)st;
	xout_u32(o, (uint32_t)l->total);
	for (i = 0; i < l->n; i++)
		xout_ref(o, l->piece[i].data, l->piece[i].len);
	return xout_ok(o);
}

#define ECHO(fn, enc, on_worker) {					\
	.name = #fn, .decode = echo_decode, .run = fn, .encode = enc,	\
	.args_size = sizeof(struct slice), .res_size = 4,		\
	.worker = on_worker, .open = true				\
}
#define NOTHING								\
	.name = "NULL", .decode = nfs3_args_null, .run = proc_null,	\
	.encode = nfs3_res_null, .open = true

const struct proc proc_nfs3[PROC_NFS3_COUNT] = {
	[P_NULL]	= { NOTHING },
	[P_HAND]	= ECHO(run_hand, echo_encode, false),
	[P_GATE]	= ECHO(run_gate, echo_encode, true),
	[P_GREEDY]	= ECHO(run_greedy, echo_encode, false),
	[P_LONG]	= ECHO(run_ok, long_encode, true),
	[P_OPEN]	= ECHO(run_open, echo_encode, false),
	[P_ORDER]	= ECHO(run_order, echo_encode, false),
	[P_HAND_GREEDY]	= ECHO(run_hand_greedy, echo_encode, false),
	[P_READ] = {
		.name = "READ",
		.decode = nfs3_args_read,
		.run = proc_read,
		.encode = read_encode,
		.args_size = sizeof(struct nfs3_read_args),
		.res_size = sizeof(struct iolist *),
		.worker = true,
		.open = true,
	},
};
const struct proc proc_mount3[PROC_MOUNT3_COUNT] = { { NOTHING } };

static void
start(void)
{
	cr_assert(raw_make(&server, &options));
	cr_assert(raw_go(&server));
}

static void
stop(void)
{
	atomic_store(&gate, true);
	cr_expect_eq(raw_stop(&server), 0);
	bufpool_fini();
	cr_expect_eq(bufpool_in_use(), 0);
}

TestSuite(dispatch, .init = start, .fini = stop, .timeout = 60);
TestSuite(dispatch_own, .timeout = 60);

static void
call(int fd, uint32_t xid, uint32_t proc)
{
	struct raw r;

	raw_begin(&r, xid, 100003, 3, proc);
	raw_auth_none(&r);
	raw_u32(&r, 4);
	raw_u32(&r, xid + 1000);
	raw_end(&r);
	cr_assert(raw_send(fd, r.b, r.len));
}

/* A reply to xid with this accept_stat. */
static void
expect_stat(int fd, uint32_t xid, uint32_t stat)
{
	cr_assert_geq(raw_reply(fd, reply, sizeof(reply)), 24);
	cr_expect_eq(raw_get(reply), xid);
	cr_expect_eq(raw_get(reply + 20), stat);
}

static void
expect_echo(int fd, uint32_t xid)
{
	expect_stat(fd, xid, 0);
	cr_expect_eq(raw_get(reply + 24), 0);
	cr_expect_eq(raw_get(reply + 28), xid + 1000);
}

static bool
nothing_left(const struct server_counts *c)
{
	return c->inflight == 0 && c->conns == 0;
}

static void
await_entered(unsigned n)
{
	unsigned i;

	for (i = 0; i < 2000 && atomic_load(&entered) < n; i++)
		raw_sleep_ms(5);
	cr_assert_eq(atomic_load(&entered), n);
}

Test(dispatch, a_call_that_is_handed_over_runs_anew_on_a_worker)
{
	int fd = raw_connect(&server);
	struct server_counts c;
	uint32_t i;

	for (i = 0; i < 300; i++)
		call(fd, i, P_HAND);
	for (i = 0; i < 300; i++) {
		cr_assert_eq(raw_reply(fd, reply, sizeof(reply)), 32);
		cr_expect_eq(raw_get(reply + 28), raw_get(reply) + 1000);
	}
	cr_expect_eq(atomic_load(&hands), 600);
	cr_expect_eq(atomic_load(&odd), 0, "something was left behind");
	server_counts(server.srv, &c);
	cr_expect_eq(c.on_worker, 300);
	cr_expect_eq(c.on_loop, 0);
	(void)close(fd);
}

Test(dispatch, arguments_live_on_when_the_input_buffer_is_used_again)
{
	int fd = raw_connect(&server);
	uint32_t i;

	for (i = 0; i < 100; i++)
		call(fd, i, P_GATE);
	await_entered(2);
	for (i = 0; i < 100; i++)
		call(fd, 900 + i, P_NULL);
	for (i = 0; i < 100; i++)
		expect_stat(fd, 900 + i, 0);
	atomic_store(&gate, true);
	for (i = 0; i < 100; i++) {
		cr_assert_eq(raw_reply(fd, reply, sizeof(reply)), 32);
		cr_expect_eq(raw_get(reply + 28), raw_get(reply) + 1000);
	}
	(void)close(fd);
}

Test(dispatch, a_full_arena_is_a_system_error)
{
	int fd = raw_connect(&server);
	struct server_counts c;

	call(fd, 1, P_GREEDY);
	expect_stat(fd, 1, 5);
	call(fd, 2, P_HAND_GREEDY);
	expect_stat(fd, 2, 5);
	call(fd, 3, P_HAND);
	expect_echo(fd, 3);
	server_counts(server.srv, &c);
	cr_expect_eq(c.rejected, 2);
	(void)close(fd);
}

Test(dispatch, a_reply_that_does_not_fit_is_a_system_error)
{
	int fd = raw_connect(&server);

	call(fd, 1, P_LONG);
	expect_stat(fd, 1, 5);
	(void)close(fd);
}

Test(dispatch, a_slow_call_does_not_hold_back_a_quick_one)
{
	int fd = raw_connect(&server);

	call(fd, 1, P_GATE);
	await_entered(1);
	call(fd, 2, P_NULL);
	expect_stat(fd, 2, 0);
	atomic_store(&gate, true);
	expect_echo(fd, 1);
	(void)close(fd);
}

/*
 * Six calls wait on workers; all end while the loop runs a seventh.  One write
 * for the seven (a second one if a worker is very late), one for the eighth.
 */
Test(dispatch_own, results_of_workers_leave_with_what_the_loop_answers)
{
	struct server_options o = { .workers = 6 };
	struct server_counts before, after;
	uint32_t i;
	int fd;

	cr_assert(raw_make(&server, &o));
	cr_assert(raw_go(&server));
	fd = raw_connect(&server);
	for (i = 0; i < 6; i++)
		call(fd, i, P_GATE);
	await_entered(6);
	server_counts(server.srv, &before);
	call(fd, 6, P_OPEN);
	for (i = 0; i < 7; i++)
		cr_assert_eq(raw_reply(fd, reply, sizeof(reply)), 32);
	call(fd, 7, P_HAND);
	expect_echo(fd, 7);
	raw_sleep_ms(50);		/* it counts when it has written */
	server_counts(server.srv, &after);
	cr_expect_lt(after.writes - before.writes, 3, "%u writes",
	    (unsigned)(after.writes - before.writes));
	(void)close(fd);
	stop();
}

/*
 * While a call of the first holds the loop, 1,000 of the third come, before and
 * after one each of the second and the last.
 */
Test(dispatch, who_asks_for_little_does_not_wait_for_who_asks_for_much)
{
	enum { FIRST, LITTLE, MUCH, LAST, ALL };
	static uint8_t all[1000 * 52];
	int fd[ALL];
	struct raw r;
	uint32_t i;

	/* all are known to the server */
	for (i = 0; i < ALL; i++) {
		cr_assert_geq(fd[i] = raw_connect(&server), 0);
		call(fd[i], 1, P_HAND);
		expect_echo(fd[i], 1);
	}
	call(fd[FIRST], 0, P_ORDER);
	raw_sleep_ms(50);
	for (i = 0; i < 1000; i++) {
		raw_begin(&r, i, 100003, 3, P_ORDER);
		raw_auth_none(&r);
		raw_u32(&r, 4);
		raw_u32(&r, 0);
		raw_end(&r);
		cr_assert_eq(r.len, 52);
		memcpy(all + i * 52, r.b, 52);
	}
	call(fd[LITTLE], 5, P_ORDER);
	cr_assert(raw_send(fd[MUCH], all, sizeof(all)));
	call(fd[LAST], 5, P_ORDER);
	raw_sleep_ms(50);
	atomic_store(&gate, true);
	for (i = LITTLE; i <= LAST; i += LAST - LITTLE) {
		cr_assert_eq(raw_reply(fd[i], reply, sizeof(reply)), 32);
		cr_expect_lt(raw_get(reply + 28), 200, "%u came first",
		    raw_get(reply + 28));
	}
	for (i = 0; i < 1000; i++)
		cr_assert_eq(raw_reply(fd[MUCH], reply, sizeof(reply)), 32);
	for (i = 0; i < ALL; i++)
		(void)close(fd[i]);
}

Test(dispatch, calls_that_have_not_begun_are_dropped_with_their_connection)
{
	int fd = raw_connect(&server);
	struct linger hard = { .l_onoff = 1 };
	uint32_t i;

	for (i = 0; i < 50; i++)
		call(fd, i, P_GATE);
	await_entered(2);
	/* so that the close is a reset: an end would wait for answers */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	(void)close(fd);
	cr_expect(raw_await(&server, nothing_left));
	atomic_store(&gate, true);
	fd = raw_connect(&server);
	for (i = 0; i < 10; i++) {
		call(fd, i, P_HAND);
		expect_echo(fd, i);
	}
	cr_expect_eq(atomic_load(&entered), 2);
	(void)close(fd);
}

Test(dispatch, a_half_closed_connection_waits_for_its_workers)
{
	int fd = raw_connect(&server);
	uint32_t i;

	for (i = 0; i < 5; i++)
		call(fd, i, P_GATE);
	await_entered(2);
	(void)shutdown(fd, SHUT_WR);
	raw_sleep_ms(50);
	atomic_store(&gate, true);
	for (i = 0; i < 5; i++)
		cr_expect_eq(raw_reply(fd, reply, sizeof(reply)), 32);
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
}

Test(dispatch, at_most_256_calls_of_one_connection_are_under_way)
{
	int fd = raw_connect(&server);
	struct server_counts c;
	uint32_t i;

	for (i = 0; i < 2000; i++)
		call(fd, i, P_GATE);
	await_entered(2);
	raw_sleep_ms(100);
	server_counts(server.srv, &c);
	cr_expect_eq(c.on_worker, 256);
	atomic_store(&gate, true);
	for (i = 0; i < 2000; i++)
		cr_assert_eq(raw_reply(fd, reply, sizeof(reply)), 32);
	(void)close(fd);
}

static void
call_read(int fd, uint32_t xid, uint32_t count)
{
	struct raw r;

	raw_begin(&r, xid, 100003, 3, P_READ);
	raw_auth_none(&r);
	raw_u32(&r, 0);
	raw_u32(&r, 0);
	raw_u32(&r, xid);
	raw_u32(&r, count);
	raw_end(&r);
	cr_assert(raw_send(fd, r.b, r.len));
}

/* The body of the reply, checked: all of its bytes are those of the xid. */
static void
expect_data(int fd, uint32_t count)
{
	uint8_t want;
	size_t i;

	cr_assert_eq(raw_reply(fd, reply, sizeof(reply)),
	    (ssize_t)(28 + count));
	want = reply[3];		/* low byte of the xid */
	for (i = 28; i < 28 + count; i++)
		if (reply[i] != want)
			break;
	cr_expect_eq(i, 28 + count, "byte %zu is wrong", i);
}

Test(dispatch, file_data_that_nobody_takes_is_bounded)
{
	int fd = raw_connect(&server);
	size_t worst = 0;
	uint32_t i;

	for (i = 0; i < 100; i++) {
		call_read(fd, i, 1048576);
		if (bufpool_in_use() > worst)
			worst = bufpool_in_use();
	}
	for (i = 0; i < 100; i++) {
		raw_sleep_ms(5);
		if (bufpool_in_use() > worst)
			worst = bufpool_in_use();
	}
	/* max_inflight, max_unsent and a call more; 32 to the MiB */
	cr_expect_leq(worst, (8 + 8 + 1) * 32, "%zu buffers", worst);
	cr_expect_geq(worst, 4 * 32, "%zu buffers", worst);
	for (i = 0; i < 100; i++)
		expect_data(fd, 1048576);
	(void)close(fd);
}

Test(dispatch_own, data_arrives_whole_through_partial_writes)
{
	static const uint32_t counts[] = { 0, 4, 32768, 32772, 1000000 };
	int fd[2], small = 4096;
	uint32_t i;

	cr_assert(raw_make(&server, &options));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	(void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	raw_set_wait(fd[0]);
	cr_assert_eq(server_attach(server.srv, fd[1], NULL), 0);
	cr_assert(raw_go(&server));
	for (i = 0; i < 20; i++) {
		call_read(fd[0], i, counts[i % 5]);
		expect_data(fd[0], counts[i % 5]);
	}
	(void)close(fd[0]);
	stop();
}

Test(dispatch, a_stop_answers_what_has_been_read)
{
	int fd = raw_connect(&server);
	uint32_t i;

	for (i = 0; i < 20; i++)
		call(fd, i, P_GATE);
	await_entered(2);
	/* All 20 have been read: one NULL after them has been answered. */
	call(fd, 99, P_NULL);
	expect_stat(fd, 99, 0);
	server_stop(server.srv);
	raw_sleep_ms(50);
	cr_expect_eq(raw_connect(&server), -1);
	atomic_store(&gate, true);
	for (i = 0; i < 20; i++)
		cr_expect_eq(raw_reply(fd, reply, sizeof(reply)), 32);
	cr_expect(raw_is_closed(fd));
	(void)close(fd);
}

Test(dispatch_own, a_stop_does_not_wait_for_ever_for_who_reads_nothing)
{
	time_t began;
	uint32_t i;
	int fd;

	start();
	fd = raw_connect(&server);
	for (i = 0; i < 20; i++)
		call_read(fd, i, 1048576);
	raw_sleep_ms(200);
	began = time(NULL);
	stop();
	cr_expect_leq(time(NULL) - began, 8);
	cr_expect_geq(time(NULL) - began, 4);
	(void)close(fd);
}
