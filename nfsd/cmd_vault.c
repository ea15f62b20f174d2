/* cmd_vault.c - vaults, directories and files as commands use them. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/verr.h"
#include "nfsd/cmd_out.h"
#include "nfsd/cmd_vault.h"
#include "vault/cipher.h"
#include "vault/file.h"
#include "vault/vault.h"

struct vault *
cmd_open_with(const char *path, const struct pass *pass,
    const struct vault_options *o, enum cmd_exit *rc)
{
	struct vault *v;
	struct verr e = { .code = VERR_NONE };

	if ((v = vault_open(path, o, pass->text, pass->len, &e)) == NULL)
		*rc = cmd_fail_vault(&e, "open", path);
	return v;
}

struct vault *
cmd_open(const char *path, const struct pass_source *src, bool read_only,
    enum cmd_exit *rc)
{
	struct vault_info info;
	struct vault *v;
	struct pass pass;
	struct verr e = { .code = VERR_NONE };
	char prompt[256];

	if (vault_probe(path, &info, &e) == -1) {
		*rc = cmd_fail_vault(&e, "open", path);
		return NULL;
	}
	(void)snprintf(prompt, sizeof(prompt), "password of %s", path);
	if (pass_read(&pass, src, prompt, false, &e) == -1) {
		*rc = cmd_fail(&e, "no password for %s", path);
		return NULL;
	}
	v = cmd_open_with(path, &pass, &(struct vault_options){
	    .read_only = read_only }, rc);
	pass_fini(&pass);
	return v;
}

void
cmd_close(struct vault *v)
{
	uint64_t n = vault_hidden(v);

	if (n != 0)
		cmd_error("%" PRIu64 " damaged entr%s left out of listings",
		    n, n == 1 ? "y was" : "ies were");
	vault_close(v);
}

bool
cmd_list_init(struct cmd_list *l)
{
	memset(l, 0, sizeof(*l));
	l->a = arena_new(CMD_ARENA_MAX);
	return l->a != NULL;
}

struct cmd_item *
cmd_list_add(struct cmd_list *l, const char *name, size_t len)
{
	struct cmd_item *it, **bigger;
	size_t room = l->room ? 2 * l->room : 64;

	if (l->n == l->room) {
		bigger = realloc(l->item, room * sizeof(*bigger));
		if (bigger == NULL)
			return NULL;
		l->item = bigger;
		l->room = room;
	}
	if ((it = arena_zalloc(l->a, sizeof(*it))) == NULL)
		return NULL;
	if ((it->name = arena_strndup(l->a, name, len)) == NULL)
		return NULL;
	it->len = len;
	l->item[l->n++] = it;
	return it;
}

static int
by_name(const void *a, const void *b)
{
	const struct cmd_item *x = *(struct cmd_item *const *)a;
	const struct cmd_item *y = *(struct cmd_item *const *)b;

	return strcmp(x->name, y->name);
}

void
cmd_list_sort(struct cmd_list *l)
{
	if (l->n > 1)
		qsort(l->item, l->n, sizeof(l->item[0]), by_name);
}

struct gather {
	struct cmd_list	*list;
	bool		 nomem;
};

static bool
gather_entry(void *ctx, const struct entry *ent)
{
	struct gather *g = ctx;
	struct cmd_item *it;
	const char *id;

	g->nomem = true;
	if ((it = cmd_list_add(g->list, ent->name, ent->name_len)) == NULL)
		return false;
	it->loc = ent->loc;
	it->attr = ent->attr;
	if (ent->dir != NULL) {
		id = dir_id(ent->dir, &it->dirid_len);
		it->dirid = arena_strndup(g->list->a, id, it->dirid_len);
		if (it->dirid == NULL)
			return false;
	}
	g->nomem = false;
	return true;
}

int
cmd_list_read(struct cmd_list *l, struct dir *d, bool want_attr,
    struct verr *e)
{
	struct gather g = { .list = l };
	struct arena *scratch;
	int rc;

	scratch = arena_new(CMD_ARENA_MAX);
	if (!cmd_list_init(l) || scratch == NULL)
		rc = verr_code(e, VERR_NOMEM);
	else
		rc = dir_list(d, scratch, 0, want_attr, gather_entry, &g, e);
	if (rc == 0 && g.nomem)
		rc = verr_code(e, VERR_NOMEM);
	arena_free(scratch);
	if (rc == -1)
		cmd_list_fini(l);
	else
		cmd_list_sort(l);
	return rc;
}

void
cmd_list_fini(struct cmd_list *l)
{
	free(l->item);
	arena_free(l->a);
	memset(l, 0, sizeof(*l));
}

int
cmd_walk_enter(struct cmd_walk *w, const struct cmd_walk *up,
    const struct dir *d, struct verr *e)
{
	const struct cmd_walk *above;

	w->up = up;
	w->hash = dir_hash(d);
	w->depth = up == NULL ? 0 : up->depth + 1;
	for (above = up; above != NULL; above = above->up)
		if (memcmp(above->hash, w->hash, 20) == 0)
			return verr_fail(e, VERR_DAMAGED, "the directory is "
			    "one of those that hold it (%s)", dir_path(d));
	if (w->depth > CMD_WALK_DEPTH)
		return verr_fail(e, VERR_UNSUPPORTED,
		    "more than %d directories deep", CMD_WALK_DEPTH);
	return 0;
}

const char *
cmd_path(struct arena *a, const char *path)
{
	char *out, *end;
	size_t n;

	if ((out = end = arena_alloc(a, strlen(path) + 2)) == NULL)
		return NULL;
	for (; *path != '\0'; path += n) {
		n = strcspn(path, "/");
		if (n == 0) {
			n = 1;
		} else if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (end > out && *--end != '/')
				;
		} else if (n != 1 || path[0] != '.') {
			*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
	}
	if (end == out)
		*end++ = '/';
	*end = '\0';
	return out;
}

const char *
cmd_path_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int
feed(struct iolist *io, cmd_sink *sink, void *ctx, struct verr *e)
{
	unsigned i;

	for (i = 0; i < io->n; i++)
		if (io->piece[i].len != 0 && !sink(ctx, io->piece[i].data,
		    io->piece[i].len, e))
			return -1;
	cmd_progress_add(io->total);
	return 0;
}

/*
 * One piece of f at *off.  A damaged chunk fails the whole read; so the chunks
 * before it are read one by one then, and *count stays at one.
 */
static int
read_piece(struct file *f, uint64_t off, size_t *count, struct iolist *io,
    bool *eof, struct verr *e)
{
	int rc;

	memset(io, 0, sizeof(*io));
	rc = file_read(f, off, *count, io, eof, e);
	if (rc == -1 && *count > CIPHER_CHUNK) {
		iolist_free(io);
		*count = CIPHER_CHUNK;
		return read_piece(f, off, count, io, eof, e);
	}
	if (rc == -1 && e->text[0] != '\0')
		(void)verr_fail(e, e->code, "from byte %" PRIu64 " on: %s", off,
		    e->text);
	return rc;
}

int
cmd_read(struct vault *v, const struct vloc *loc, uint64_t fileid,
    cmd_sink *sink, void *ctx, struct verr *e)
{
	size_t count = FILE_READ_MAX;
	struct iolist io;
	struct file *f;
	uint64_t off = 0;
	bool eof = false;
	int rc = 0;

	if ((f = file_open(v, loc, fileid, false, e)) == NULL)
		return -1;
	while (rc == 0 && !eof) {
		rc = read_piece(f, off, &count, &io, &eof, e);
		if (rc == 0)
			rc = feed(&io, sink, ctx, e);
		off += io.total;
		eof = eof || io.total == 0;
		iolist_free(&io);
		if (rc == 0 && cmd_stopped())
			rc = verr_fail(e, VERR_IO, "interrupted");
	}
	file_put(f);
	return rc;
}

bool
cmd_sink_fd(void *ctx, const void *data, size_t len, struct verr *e)
{
	const char *p = data;
	int fd = *(const int *)ctx;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR && !cmd_stopped())
			continue;
		if (n == -1) {
			(void)verr_sys(e, "cannot write");
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}
