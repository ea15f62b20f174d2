#include "config.h"

#include <inttypes.h>

#include "base/log.h"
#include "nfsd/storage.h"

#define RELAPSE_US	UINT64_C(60000000)
#define NOTHING_US	100u	/* less than this is not worth a store */

void
storage_init(struct storage *s, const char *name, uint32_t slow_us)
{
	s->slow_us = slow_us == 0 ? STORAGE_SLOW_US : slow_us;
	s->name = name;
	atomic_init(&s->state, STORAGE_QUICK);
	atomic_init(&s->mean_us, 0);
	atomic_init(&s->good, 0);
	atomic_init(&s->need, STORAGE_GOOD);
	atomic_init(&s->since_us, 0);
	atomic_init(&s->changes, 0);
	atomic_init(&s->enough, STORAGE_GOOD);
	atomic_init(&s->relapse_us, 0);
	atomic_init(&s->way_us, 0);
	atomic_init(&s->way_next, UINT32_MAX);
	atomic_init(&s->ways, 0);
}

static unsigned
needed(const struct storage *s, uint64_t now)
{
	unsigned need = atomic_load(&s->need);

	if (atomic_load(&s->since_us) == 0 ||
	    now - atomic_load(&s->since_us) > RELAPSE_US)
		return STORAGE_GOOD;
	return need < STORAGE_GOOD_MAX ? 2 * need : need;
}

void
storage_loop_took(struct storage *s, uint64_t us, uint64_t now)
{
	uint32_t mean = atomic_load_explicit(&s->mean_us,
	    memory_order_relaxed);

	/* The usual case touches nothing that other loops write. */
	if (us < NOTHING_US && mean < NOTHING_US)
		return;
	if (s->slow_us == UINT32_MAX)
		return;
	if (us > s->slow_us)
		us = s->slow_us;
	mean = mean - mean / 16 + (uint32_t)us / 16;
	if (us < s->slow_us && mean < s->slow_us / 10) {
		atomic_store_explicit(&s->mean_us, mean,
		    memory_order_relaxed);
		return;
	}
	if (storage_state(s) != STORAGE_QUICK)
		return;
	atomic_store(&s->need, needed(s, now));
	atomic_store(&s->good, 0);
	atomic_store(&s->mean_us, 0);
	atomic_store(&s->since_us, now);
	atomic_store(&s->state, STORAGE_SUSPECT);
	log_info("/%s: a look at the storage took %" PRIu64 " us: workers "
	    "do it for now", s->name, us);
}

void
storage_worker_took(struct storage *s, uint64_t us, uint64_t now,
    bool one_look)
{
	enum storage_state state = storage_state(s);

	if (state == STORAGE_QUICK || (us >= s->slow_us / 10 && !one_look))
		return;
	if (us >= s->slow_us / 2) {
		atomic_store(&s->good, 0);
		if (state == STORAGE_SLOW)
			return;
		atomic_store(&s->state, STORAGE_SLOW);
		log_warn("/%s: the storage is slow (%" PRIu64 " us for a "
		    "look): attributes are kept for a moment", s->name, us);
		return;
	}
	if (us >= s->slow_us / 10) {
		atomic_store(&s->good, 0);
		return;
	}
	if (atomic_fetch_add(&s->good, 1) + 1 < atomic_load(&s->need))
		return;
	atomic_store(&s->since_us, now);
	atomic_store(&s->state, STORAGE_QUICK);
	log_info("/%s: the storage is quick again", s->name);
}

uint32_t
storage_change_limit(const struct storage *s)
{
	uint32_t way = atomic_load_explicit(&s->way_us, memory_order_relaxed);

	if (way <= STORAGE_CHANGE_US / STORAGE_CHANGE_WAYS)
		return STORAGE_CHANGE_US;
	if (way >= STORAGE_CHANGE_MAX_US / STORAGE_CHANGE_WAYS)
		return STORAGE_CHANGE_MAX_US;
	return way * STORAGE_CHANGE_WAYS;
}

void
storage_handed_over(struct storage *s, uint64_t us)
{
	if (us < atomic_load(&s->way_next))
		atomic_store(&s->way_next, (uint32_t)us);
	if (atomic_fetch_add(&s->ways, 1) % STORAGE_WAYS == STORAGE_WAYS - 1)
		atomic_store(&s->way_us, atomic_exchange(&s->way_next,
		    UINT32_MAX));
}

void
storage_change_took(struct storage *s, uint64_t us, uint64_t now)
{
	unsigned enough = atomic_load(&s->enough);
	uint64_t last = atomic_load(&s->relapse_us);

	if (us <= storage_change_limit(s)) {
		if (!storage_may_change(s))
			atomic_fetch_add(&s->changes, 1);
		return;
	}
	if (storage_may_change(s)) {
		if (last == 0 || now - last > RELAPSE_US)
			enough = STORAGE_GOOD;
		else if (enough < STORAGE_GOOD_MAX)
			enough *= 2;
		atomic_store(&s->enough, enough);
		atomic_store(&s->relapse_us, now);
	}
	atomic_store(&s->changes, 0);
}
