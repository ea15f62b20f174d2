/*
 * A check of a whole vault: one pass, or for a repair as many as it takes.
 *
 * What is mended in one pass may bring more to light (what is put into
 * LOST+FOUND is looked at as part of the tree), so a repair goes on until a
 * pass finds nothing that it can mend.  A bound ends what would never end.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/entropy.h"
#include "vault/check_int.h"
#include "vault/keys.h"

#define PASSES_MAX	16
#define SCRATCH_MAX	(256u * 1024)

static int
passes(struct check *c)
{
	struct check_options o = *c->o;
	const struct check_options *all = c->o;
	int i;

	/* Contents are read once, in the pass that reports what remains. */
	o.contents = false;
	c->o = &o;
	c->last_pass = false;
	for (i = 0; o.repair && i < PASSES_MAX; i++) {
		if (check_pass(c) == -1)
			return -1;
		if (c->mended == 0)
			break;
	}
	c->o = all;
	c->last_pass = true;
	return check_pass(c);
}

static bool
init(struct check *c)
{
	uint8_t r[2];

	if ((c->k = keys_take(c->v->keys)) == NULL ||
	    (c->tmp = arena_new(SCRATCH_MAX)) == NULL ||
	    (c->buf = malloc(CHECK_BUF)) == NULL ||
	    !entropy_fill(r, sizeof(r)))
		return false;
	for (int i = 0; i < 4; i++)
		c->run[i] = "0123456789abcdef"[r[i / 2] >> (i % 2 * 4) & 15];
	return true;
}

int
vault_check(struct vault *v, const struct check_options *o,
    check_report_fn *fn, void *ctx, struct check_summary *sum,
    struct verr *e)
{
	struct check *c;
	int r = -1;

	memset(sum, 0, sizeof(*sum));
	if (o->repair && v->read_only)
		return verr_code(e, VERR_ROFS);
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory for a check");
	c->v = v;
	c->o = o;
	c->fn = fn;
	c->ctx = ctx;
	c->sum = sum;
	c->e = e;
	if (init(c))
		r = passes(c);
	else
		verr_fail(e, VERR_NOMEM, "out of memory for a check");
	keys_drop(v->keys, c->k);
	if (c->tmp != NULL)
		arena_free(c->tmp);
	free(c->buf);
	free(c);
	return r;
}
