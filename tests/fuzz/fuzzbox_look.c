/*
 * What reads a box: as a server does, and as a check does.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bufpool.h"
#include "base/verr.h"
#include "tests/fuzz/fuzzbox.h"
#include "vault/check.h"
#include "vault/file.h"
#include "vault/vault_int.h"

#define must		fuzzbox_must
#define ITEMS_MAX	128u	/* looked at in one directory */
#define SEEN_MAX	512u	/* contents, in all */
#define DEPTH_MAX	40u

struct item {
	char		name[NAME_CLEAR_MAX + 1];
	struct entry	ent;		/* a reference in dir, if it has one */
};

struct list {
	size_t		n;
	uint32_t	last;
	struct item	v[ITEMS_MAX];
};

struct seen {
	size_t		n;
	uint64_t	hash[SEEN_MAX];
};

static bool
on_entry(void *ctx, const struct entry *ent)
{
	struct list *l = ctx;
	struct item *it = &l->v[l->n++];

	must(name_is_servable(ent->name, ent->name_len) &&
	    ent->name[ent->name_len] == '\0');
	must(ent->cookie > l->last && ent->cookie >= DIR_COOKIE_MIN &&
	    ent->cookie < 1u << 31);
	must(ent->attr.fileid != 0 && ent->attr.type == ent->loc.type);
	must((ent->dir != NULL) == (ent->loc.type == VTYPE_DIR));
	l->last = ent->cookie;
	for (size_t i = 0; i + 1 < l->n; i++)
		must(l->v[i].ent.name_len != ent->name_len ||
		    memcmp(l->v[i].name, ent->name, ent->name_len) != 0);
	memcpy(it->name, ent->name, ent->name_len);
	it->name[ent->name_len] = '\0';
	it->ent = *ent;
	it->ent.name = it->name;
	if (ent->dir != NULL)
		it->ent.dir = dir_ref(ent->dir);
	return l->n < ITEMS_MAX;
}

static uint64_t
mix(uint64_t h, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void
note(struct seen *s, uint64_t h)
{
	if (s->n < SEEN_MAX)
		s->hash[s->n++] = h;
}

static void
read_file(struct fuzzbox *b, const struct entry *ent, struct seen *s)
{
	uint64_t off = 0, h = 1;
	struct verr e = { .code = VERR_NONE };
	struct iolist io;
	struct file *f;
	bool eof = false;
	int r = 0;

	f = file_open(b->v, &ent->loc, ent->attr.fileid, false, &e);
	while (f != NULL && r == 0 && !eof) {
		r = file_read(f, off, FILE_READ_MAX, &io, &eof, &e);
		for (unsigned i = 0; r == 0 && i < io.n; i++)
			h = mix(h, io.piece[i].data, io.piece[i].len);
		must(r != 0 || io.total > 0 || eof);
		off += io.total;
		iolist_free(&io);
	}
	file_put(f);
	if (f == NULL || r != 0)
		must(e.code == VERR_AUTH || e.code == VERR_DAMAGED);
	else {
		must(off == ent->attr.size);
		note(s, h);
	}
}

static void
read_link(struct fuzzbox *b, const struct entry *ent, struct seen *s)
{
	struct verr e = { .code = VERR_NONE };
	const char *target;
	size_t len;

	if (symlink_read(b->v, b->a, &ent->loc, &target, &len, &e) == -1) {
		must(e.code == VERR_AUTH || e.code == VERR_DAMAGED);
		return;
	}
	must(len == ent->attr.size && target[len] == '\0');
	note(s, mix(2, (const uint8_t *)target, len));
}

/* What was listed is found, by its name, its inode and its place. */
static void
find_again(struct fuzzbox *b, struct dir *d, const struct entry *ent)
{
	const char *entry = ent->loc.path + NAME_DIRPATH_LEN + 1, *name;
	struct entry again;
	struct verr e;
	size_t len;

	must(dir_lookup(d, b->a, ent->name, ent->name_len, &again, &e) == 0);
	must(again.attr.fileid == ent->attr.fileid && again.dir == ent->dir);
	dir_put(again.dir);
	if (ent->dir != NULL)
		return;
	must(dir_find(d, b->a, ent->attr.fileid, ent->attr.gen, &again,
	    &e) == 0);
	must(again.attr.fileid == ent->attr.fileid && again.dir == NULL);
	len = ent->loc.entry_len - (size_t)(NAME_DIRPATH_LEN + 1);
	must(dir_clear_name(d, b->a, entry, len, &name, &len, &e) == 0);
	must(len == ent->name_len && memcmp(name, ent->name, len) == 0);
}

static void
walk(struct fuzzbox *b, struct dir *d, struct seen *s, unsigned depth)
{
	struct list *l = calloc(1, sizeof(*l));
	struct verr e = { .code = VERR_NONE };

	must(l != NULL && depth < DEPTH_MAX);
	must(dir_list(d, b->a, 0, true, on_entry, l, &e) == 0);
	for (size_t i = 0; i < l->n; i++) {
		struct entry *ent = &l->v[i].ent;

		arena_reset(b->a);
		find_again(b, d, ent);
		if (ent->loc.type == VTYPE_FILE)
			read_file(b, ent, s);
		else if (ent->loc.type == VTYPE_SYMLINK)
			read_link(b, ent, s);
		else
			walk(b, ent->dir, s, depth + 1);
		dir_put(ent->dir);
	}
	free(l);
}

static void
serve(struct fuzzbox *b, struct seen *s)
{
	s->n = 0;
	fuzzbox_open(b);
	walk(b, b->v->root_dir, s, 0);
	fuzzbox_close(b);
	must(bufpool_in_use() == 0);
}

static void
on_finding(void *ctx, const struct check_finding *f)
{
	(void)ctx;
	must(f->kind < CHECK_KINDS && f->text[0] != '\0' && f->path != NULL);
	must(!f->repaired || f->repairable);
}

static void
check(struct fuzzbox *b, bool repair, struct check_summary *sum)
{
	struct check_options o = { .contents = true, .repair = repair,
	    .offline = true };
	struct verr e;

	fuzzbox_open(b);
	must(vault_check(b->v, &o, on_finding, NULL, sum, &e) == 0);
	must(repair || sum->repaired == 0);
	fuzzbox_close(b);
}

/* Nothing is lost: every content that was seen is still there. */
static void
none_is_missing(const struct seen *before, const struct seen *after)
{
	size_t i, k;

	if (before->n == SEEN_MAX || after->n == SEEN_MAX)
		return;
	for (i = 0; i < before->n; i++) {
		for (k = 0; k < after->n; k++)
			if (after->hash[k] == before->hash[i])
				break;
		must(k < after->n);
	}
}

void
fuzzbox_look(struct fuzzbox *b, unsigned how)
{
	static struct seen before, after;
	struct check_summary sum;

	serve(b, &before);
	check(b, false, &sum);
	serve(b, &after);
	must(before.n == after.n);	/* a check changes nothing */
	if (!(how & FUZZBOX_MEND))
		return;
	check(b, true, &sum);
	serve(b, &after);
	none_is_missing(&before, &after);
	check(b, false, &sum);
	must(sum.repairable == 0);
}
