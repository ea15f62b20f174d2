/*
 * power_heads.c - the heads of the journal, in another place than they were.
 */
#include "config.h"

#include "tests/power/power.h"
#include "vault/cipher.h"
#include "vault/journal_int.h"

struct mending {
	const struct power_log	 *l;
	const struct power_crash *c;
	const struct host_stat	 *made;		/* by object */
	const bool		 *done;
	struct keys		 *k;
};

static bool
is_tagged(const struct jhead *h, struct keys *k)
{
	const void *checked;
	uint8_t tag[16];
	size_t n;

	checked = journal_checked(h, &n);
	cr_assert(keys_tag(k, checked, n, tag));
	return memcmp(tag, h->check, sizeof(tag)) == 0;
}

/* A head names its file by inode: now by what that became. */
static void
mend_head(const struct mending *m, struct jhead *h)
{
	const struct power_obj *o = m->l->obj;
	bool good = is_tagged(h, m->k) || m->c->flaw == POWER_NO_TAG;
	const void *checked;
	size_t n;
	int i;

	for (i = m->l->objs; i-- > POWER_JOURNAL + 1;)
		if (!o[i].dir && o[i].ino == h->fileid && o[i].gen == h->gen)
			break;
	if (i > POWER_JOURNAL && m->done[i]) {
		struct vattr a;

		attr_from_stat(&a, VTYPE_FILE, &cipher_gcm, &m->made[i]);
		h->fileid = a.fileid;
		h->gen = a.gen;
	} else
		h->fileid = UINT64_MAX;
	checked = journal_checked(h, &n);
	if (good)
		cr_assert(keys_tag(m->k, checked, n, h->check));
}

static void
drop_newest(uint8_t *map, size_t n, struct keys *k)
{
	struct jhead *h, *newest = NULL;
	size_t at;

	for (at = 0; at + JOURNAL_HEAD <= n; at += JOURNAL_HEAD) {
		h = (struct jhead *)(void *)(map + at);
		if (atomic_load(&h->form) == JOURNAL_FORM && is_tagged(h, k) &&
		    (newest == NULL || h->seq > newest->seq))
			newest = h;
	}
	if (newest != NULL)
		atomic_store(&newest->form, 0);
}

void
power_heads(const struct power_log *l, const struct power_crash *c,
    const char *path, const struct host_stat *made, const bool *done,
    struct keys *k)
{
	static uint8_t map[JOURNAL_MAP];
	struct mending m = { l, c, made, done, k };
	struct jhead *h;
	int fd;
	ssize_t n;
	size_t at;

	fd = open(path, O_RDWR);
	cr_assert_neq(fd, -1);
	n = pread(fd, map, sizeof(map), 0);
	for (at = 0; at + JOURNAL_HEAD <= (size_t)n; at += JOURNAL_HEAD) {
		h = (struct jhead *)(void *)(map + at);
		if (atomic_load(&h->form) == JOURNAL_FORM)
			mend_head(&m, h);
	}
	if (c->flaw == POWER_NO_NEWEST)
		drop_newest(map, (size_t)n, k);
	cr_assert_eq(pwrite(fd, map, (size_t)n, 0), n);
	(void)close(fd);
}
