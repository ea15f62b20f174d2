/*
 * nl_mix.c - a fixed mixture, to see from outside how long one call makes the
 * others wait.
 *
 * Of 100 operations: 30 GETATTR, 4 NULL, 20 LOOKUP, 3 LOOKUP of an absent name,
 * 12 ACCESS, 2 READLINK, 14 READ, 8 WRITE, 3 pages of READDIRPLUS, 4 times
 * CREATE and then REMOVE.  What a desktop does with files of its own; the
 * figures that matter are those of each procedure.  NULL touches no file: what
 * it has to wait is the queue and the machine.
 */
#include "config.h"

#include "bench/nl.h"

static const struct {
	const struct nl_work	*work;
	unsigned		 percent;
} parts[] = {
	{ &nl_meta_getattr, 30 }, { &nl_meta_null, 4 },
	{ &nl_meta_lookup, 20 },
	{ &nl_meta_absent, 3 }, { &nl_meta_access, 12 },
	{ &nl_meta_readlink, 2 }, { &nl_data_read, 14 },
	{ &nl_data_write, 8 }, { &nl_list_plus, 3 },
	{ &nl_name_come_and_go, 4 }
};

/* From here on the slot is one of these, until its operation ends. */
static void
begin_mix(struct nl_slot *sl)
{
	unsigned at, i = 0;

	/* Knuth, MMIX: the upper bits are the good ones. */
	sl->conn->rng = sl->conn->rng * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	at = (unsigned)(sl->conn->rng >> 33) % 100;
	while (at >= parts[i].percent)
		at -= parts[i++].percent;
	sl->work = parts[i].work;
	if (sl->work->begin != NULL)
		sl->work->begin(sl);
}

const struct nl_work nl_mix = {
	"mix", NL_NEED_FILES | NL_NEED_LINKS | NL_NEED_BIG | NL_NEED_LIST |
	    NL_NEED_OUT | NL_NEED_FULL | NL_NEED_DIRS,
	begin_mix, NULL, NULL, NULL, NULL
};
