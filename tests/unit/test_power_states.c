/*
 * The power is cut at every event of real work, in many ways
 * (tests/power/power.h): nothing that was committed is lost.
 *
 * VAULTNFS_LONG tries tens of thousands of states; without it, some hundreds.
 * SEED=N: others.
 */
#include "config.h"

#include <ftw.h>

#include "base/tune.h"
#include "tests/power/power.h"
#include "vault/check.h"
#include "vault/vault_int.h"

static int
take_away(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

/* Where to cut: everywhere, but often before a sync, when most is at risk. */
static unsigned
moment(const struct power_log *l, unsigned i, unsigned states, bool syncs,
    uint32_t *seed)
{
	unsigned at, tries;

	if (i % 3 != 0 && !syncs)
		return states < l->n ? 1 + power_draw(seed, l->n) :
		    1 + i % l->n;
	for (tries = 0, at = power_draw(seed, l->n); tries < l->n; tries++,
	    at = (at + 1) % l->n)
		if (at > 0 && l->ev[at].kind == POWER_SYNC)
			break;
	return at > 0 ? at : 1;
}

/* So many states of one run of one workload; of a flaw until it is seen. */
static void
cut_run(struct power_model *m, unsigned states, uint32_t seed, bool harsh,
    enum power_flaw flaw, struct power_verdict *v)
{
	struct power_crash c = { .flaw = flaw };
	char *tmp = box_tmp(), *dir = box_text("%s/disk", tmp);
	unsigned i;

	for (i = 0; i < states && (flaw == POWER_SOUND || v->lost == 0); i++) {
		c.seed = power_draw(&seed, UINT32_MAX) | 1;
		c.at = moment(&m->log, i, states, flaw == POWER_NO_TAG,
		    &seed);
		c.how = harsh ? POWER_HARSH : POWER_MIXED;
		if (flaw == POWER_SOUND && i % 8 < 2)
			c.how = i % 8 == 0 ? POWER_NOTHING : POWER_ALL;
		power_build(&m->log, &c, dir, m->b.v->keys);
		power_judge(m, &c, dir, v);
	}
	(void)nftw(tmp, take_away, 16, FTW_DEPTH | FTW_PHYS);
	free(dir);
	free(tmp);
}

static bool
is_long(void)
{
	return getenv("VAULTNFS_LONG") != NULL;
}

/* SEED=N: other work, and other states. */
static unsigned
first_seed(void)
{
	const char *s = getenv("SEED");

	return s != NULL ? 100000 * (unsigned)strtoul(s, NULL, 10) : 0;
}

static void
add_up(struct power_verdict *v, const struct power_verdict *one)
{
	unsigned k;

	v->states += one->states;
	v->lost += one->lost;
	v->unclean += one->unclean;
	for (k = 0; k < CHECK_KINDS; k++)
		v->kinds[k] += one->kinds[k];
}

/* What was never committed may be damaged: how often, and how. */
static void
tell(const char *manner, const char *work, const struct power_verdict *v)
{
	unsigned k;

	(void)fprintf(stderr, "# %s, %s: %lu states, %lu lost; %lu with damage "
	    "in what was never committed:", manner, work, v->states, v->lost,
	    v->unclean);
	for (k = 0; k < CHECK_KINDS; k++)
		if (v->kinds[k] > 0)
			(void)fprintf(stderr, " %s %lu",
			    check_kind_name((enum check_kind)k), v->kinds[k]);
	(void)fprintf(stderr, "\n");
	if (v->first[0] != '\0')
		(void)fprintf(stderr, "#   %s\n", v->first);
}

/*
 * Workload w in some runs: with one cipher and the other, with writes kept in
 * memory and not.
 */
static struct power_verdict
cut_work(unsigned w, unsigned runs, unsigned states, bool harsh)
{
	struct power_verdict v = { .states = 0 };
	struct power_model m;
	unsigned i;

	for (i = 0; i < runs; i++) {
		power_begin(&m, (w + i) % 2 == 0 ? "SIV_GCM" : "SIV_CTRMAC",
		    (w + i / 2) % 2 == 0, first_seed() + w * 1000 + i + 1);
		power_work(&m, w, 60);
		power_end(&m);
		cut_run(&m, states, first_seed() + w * 100 + i + 1, harsh,
		    POWER_SOUND, &v);
		power_free(&m);
	}
	return v;
}

/* All of them; the sum. */
static struct power_verdict
cut_all(const char *manner, unsigned runs, unsigned states)
{
	struct power_verdict sum = { .states = 0 }, v;
	bool harsh = strcmp(manner, "harsh") == 0;
	unsigned w;

	for (w = 0; power_work_name(w) != NULL; w++) {
		v = cut_work(w, runs, states, harsh);
		if (is_long() || (v.lost > 0 && !tune_off(TUNE_JOURNAL)))
			tell(manner, power_work_name(w), &v);
		add_up(&sum, &v);
	}
	tell(manner, "in all", &sum);
	return sum;
}

/* No name has an empty dir.c9r, symlink.c9r or name.c9s behind it. */
static void
expect_whole_names(const struct power_verdict *v)
{
	cr_expect_eq(v->kinds[CHECK_EMPTY_DIR_FILE], 0);
	cr_expect_eq(v->kinds[CHECK_NOT_DECODABLE_LONG_NAME], 0);
	cr_expect_eq(v->kinds[CHECK_MISSING_LONG_NAME], 0);
	cr_expect_eq(v->kinds[CHECK_BAD_TARGET], 0);
}

Test(power_states, nothing_that_was_committed_is_lost, .timeout = 3600)
{
	struct power_verdict v = cut_all("ordered", is_long() ? 6 : 1,
	    is_long() ? 400 : 40);

	cr_expect_eq(v.lost, 0);
	expect_whole_names(&v);
}

Test(power_states, not_even_if_folders_are_written_in_any_order,
    .timeout = 3600)
{
	struct power_verdict v = cut_all("harsh", is_long() ? 4 : 1,
	    is_long() ? 300 : 20);

	cr_expect_eq(v.lost, 0);
}

Test(power_states, without_the_journal_it_would_be, .timeout = 3600)
{
	struct power_verdict v;

	cr_assert_eq(tune_set("no-journal", NULL), 0);
	v = cut_all("no journal", is_long() ? 4 : 1, is_long() ? 400 : 40);
	cr_expect_gt(v.lost, 0);
}

/* -- would they show it? */

static const struct {
	enum power_flaw	 flaw;
	const char	*work, *what;
} flaws[] = {
	{ POWER_NO_JOURNAL_SYNC, "overwrite", "the journal is not synced" },
	{ POWER_JOURNAL_LATE, "overwrite", "in place before the journal" },
	{ POWER_NO_FILE_SYNC, "append", "COMMIT does not sync the file" },
	{ POWER_NO_FOLDER_SYNC, "git", "COMMIT does not sync the names" },
	{ POWER_NO_TAG, "settings", "half a head is believed" },
	{ POWER_NO_NEWEST, "sqlite", "the newest record is left out" },
};

static unsigned
work_called(const char *name)
{
	unsigned w;

	for (w = 0; strcmp(power_work_name(w), name) != 0; w++)
		continue;
	return w;
}

/* States until something is lost; 0: nothing ever is. */
static unsigned long
states_until(enum power_flaw flaw, unsigned w)
{
	struct power_verdict v = { .states = 0 };
	unsigned i, seed = first_seed() + 100001;
	struct power_model m;

	for (i = 0; i < 40 && v.lost == 0; i++) {
		power_begin(&m, "SIV_GCM", i % 2 == 0, seed + i);
		power_work(&m, w, 60);
		power_end(&m);
		cut_run(&m, 200, seed + i, false, flaw, &v);
		power_free(&m);
	}
	return v.lost > 0 ? v.states : 0;
}

Test(power_states, every_flaw_in_the_order_of_writes_would_be_seen,
    .timeout = 3600)
{
	unsigned long n;
	size_t i;

	for (i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		n = states_until(flaws[i].flaw, work_called(flaws[i].work));
		(void)fprintf(stderr, "# %s: seen in state %lu of %s\n",
		    flaws[i].what, n, flaws[i].work);
		cr_expect_gt(n, 0, "%s", flaws[i].what);
	}
}
