/*
 * Copies of a call that runs wait for its reply, or leave with their
 * connection.
 */
#include "config.h"

#include "nfsd/drc.h"
#include "nfsd/server_int.h"
#include "tests/unit/box.h"

#define COPIES	3

static struct box b;
static struct server srv;
static struct lane lane;
static struct request rq[1 + COPIES];	/* the first one runs */
static uint8_t head[1 + COPIES][1024];
static const uint8_t text[40] = "a call";

static enum drc_state
begin(unsigned i)
{
	static int conns[1 + COPIES];

	memset(&rq[i], 0, sizeof(rq[i]));
	rq[i].srv = &srv;
	rq[i].lane = &lane;
	rq[i].conn = (struct conn *)(void *)&conns[i];
	rq[i].rec = text;
	rq[i].rec_len = sizeof(text);
	xout_init(&rq[i].out, head[i], sizeof(head[i]));
	return drc_begin(srv.drc, &rq[i]);
}

static void
setup(void)
{
	unsigned i;

	box_make(&b, NULL, 0);
	srv.drc = drc_new(b.v);
	cr_assert_not_null(srv.drc);
	cr_assert_eq(begin(0), DRC_NEW);
	for (i = 1; i <= COPIES; i++)
		cr_assert_eq(begin(i), DRC_WAITS);
}

static void
teardown(void)
{
	drc_free(srv.drc);
	box_end(&b);
}

TestSuite(drc_wait, .init = setup, .fini = teardown);

/* Answer the first one: how many copies have its reply. */
static unsigned
answer(void)
{
	struct request_list list = STAILQ_HEAD_INITIALIZER(list);
	struct request *copy;
	unsigned n = 0;

	xout_begin_record(&rq[0].out);
	xout_u32(&rq[0].out, 7);
	xout_end_record(&rq[0].out);
	drc_end(&rq[0], true, &list);
	STAILQ_FOREACH(copy, &list, link) {
		cr_expect_eq(copy->out.total, rq[0].out.total);
		n++;
	}
	return n;
}

Test(drc_wait, all_that_wait_get_the_reply)
{
	cr_expect_eq(answer(), COPIES);
	drc_release(&rq[0]);
}

Test(drc_wait, who_leaves_gets_none_and_the_others_do)
{
	cr_expect(drc_leave(&rq[2]));
	cr_expect_not(drc_leave(&rq[2]), "it is the caller's already");
	memset(&rq[2], 0xa5, sizeof(rq[2]));	/* and is freed */
	cr_expect_eq(answer(), COPIES - 1);
	drc_release(&rq[0]);
}

Test(drc_wait, who_runs_or_has_the_reply_does_not_leave)
{
	cr_expect_not(drc_leave(&rq[0]));
	cr_expect_eq(answer(), COPIES);
	cr_expect_not(drc_leave(&rq[1]));
	drc_release(&rq[0]);
}

Test(drc_wait, what_nobody_waits_for_any_more_need_not_run)
{
	unsigned i;

	cr_expect_not(drc_abandon(&rq[0]), "copies wait");
	for (i = 1; i <= COPIES; i++) {
		cr_expect_not(drc_abandon(&rq[0]));
		cr_expect(drc_leave(&rq[i]));
	}
	cr_expect(drc_abandon(&rq[0]));
	cr_expect_eq(begin(0), DRC_NEW, "it is forgotten");
	cr_expect_not(rq[0].again);
	drc_release(&rq[0]);
}
