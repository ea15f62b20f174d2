/* One pass of a check over a vault; its steps are in check_int.h. */
#include "config.h"

#include <string.h>
#include <time.h>

#include "vault/check_int.h"

bool
check_stop(struct check *c, enum verr_code code, const char *text)
{
	if (!c->failed)
		verr_fail(c->e, code, "%s", text);
	c->failed = true;
	return false;
}

bool
check_seen(struct check *c, uint64_t entries, uint64_t bytes)
{
	c->sum->entries += entries;
	c->sum->bytes += bytes;
	if (c->failed)
		return false;
	if (c->o->progress != NULL && (bytes > 0 ||
	    c->sum->entries % 64 == 0) && !c->o->progress(c->ctx,
	    c->sum->entries, c->sum->bytes))
		return check_stop(c, VERR_IO, "the check was interrupted");
	return true;
}

bool
check_is_recent(struct check *c, const struct host_stat *st)
{
	time_t t = st->ctime.tv_sec > st->mtime.tv_sec ? st->ctime.tv_sec :
	    st->mtime.tv_sec;

	if (c->o->offline || t < c->now - CHECK_RECENT)
		return false;
	c->sum->recent++;
	return true;
}

/* The root needs no link; that its folder is there was seen at the opening. */
static bool
start(struct check *c)
{
	uint8_t hash[CHECK_HASH_LEN];

	if (!check_hash_of(c, "", 0, hash) ||
	    (c->root = check_dir_add(c, hash)) == NULL ||
	    !check_dir_set_id(c, c->root, "", 0))
		return false;
	c->root->reached = true;
	check_queue_add(&c->todo, c->root);
	return true;
}

int
check_pass(struct check *c)
{
	struct check_summary *s = c->sum;

	s->entries = s->dirs = s->files = s->symlinks = s->bytes = 0;
	s->recent = 0;
	c->mended = 0;
	c->doubt = false;
	c->now = time(NULL);
	if (!check_dirs_init(c))
		check_stop(c, VERR_NOMEM, "out of memory for a check");
	if (!c->failed && start(c)) {
		check_walk(c);
		if (!c->failed)
			check_unlinked(c);
		if (!c->failed)
			check_leftovers(c);
	}
	check_dirs_fini(c);
	dir_put(c->lost);
	c->lost = NULL;
	return c->failed ? -1 : 0;
}
