/* Entries that are folders: their type, and where their links lead. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/check_int.h"

#define ID_LEN	36	/* of every writer; Cryptomator allows no more */

/* Nothing says what it is. */
static void
unknown(struct check_item *it, const struct check_node *n)
{
	struct check *c = it->at->c;
	char path[CHECK_PATH_MAX];
	struct check_found f;

	if (check_is_recent(c, &it->st))
		return;			/* it is just being made */
	check_begin_item(&f, CHECK_UNKNOWN_TYPE, it, NULL);
	f.repairable = n->others == 0 && !n->contents;
	if (!f.repairable)
		check_note(&f, " (it is not: there is %s)",
		    n->contents ? "contents.c9r" : n->other);
	check_join(path, it->at->folder, it->entry, NULL);
	if (check_wants(c, &f))
		check_mended(c, &f, check_remove_node(c, path));
	check_report(c, &f);
}

static void
strange(struct check_item *it, const struct check_node *n)
{
	struct check_found f;

	check_begin(&f, CHECK_FOREIGN, it->at->folder, it->entry, n->other);
	if (n->others > 1)
		check_note(&f, " (and %u more beside it)", n->others - 1);
	check_report(it->at->c, &f);
}

/* A rename from a long to a short name that did not come to its end. */
static void
stale_name(struct check_item *it)
{
	struct check *c = it->at->c;
	struct check_found f;

	check_begin_item(&f, CHECK_LEFTOVER, it, "name.c9s");
	check_note(&f, " (a name that it had before)");
	f.repairable = true;
	if (check_wants(c, &f))
		check_mended(c, &f, check_remove_file(c, f.path));
	check_report(c, &f);
}

/* -- links to directories (vault-format 5.2) */

static void
second_link(struct check_item *it, const struct check_dir *there)
{
	struct check *c = it->at->c;
	char folder[NAME_DIRPATH_LEN + 1];
	struct check_found f;

	check_begin_item(&f, check_dir_is_above(there, it->at->cd) ?
	    CHECK_DIRID_CYCLE : CHECK_DIRID_COLLISION, it, "dir.c9r");
	if (there->parent != NULL) {
		check_folder(there->parent->hash, folder);
		check_note(&f, " (the first link: %s/%s)", folder,
		    there->link);
	}
	check_report(c, &f);
}

/* True: the folder is there now. */
static bool
missing(struct check_item *it, const char *id, size_t len)
{
	struct check *c = it->at->c;
	struct check_found f;

	if (check_is_recent(c, &it->st))
		return false;		/* its folder is yet to come */
	check_begin_item(&f, CHECK_MISSING_CONTENT_DIR, it, "dir.c9r");
	/* If it is a directory at all. */
	f.repairable = !it->ambiguous;
	if (it->ambiguous)
		check_note(&f, ", but not before its type is clear");
	if (check_wants(c, &f))
		check_mended(c, &f, check_make_content(c, id, len));
	check_report(c, &f);
	return f.repaired;
}

static void
follow(struct check_item *it, const char *id, size_t len)
{
	struct check *c = it->at->c;
	char folder[NAME_DIRPATH_LEN + 1];
	uint8_t hash[CHECK_HASH_LEN];
	struct check_dir *d;
	struct host_stat st;

	if (!check_hash_of(c, id, len, hash))
		return;
	if ((d = check_dir_find(c, hash)) != NULL && d->reached && !d->made) {
		/* A folder that changes may show an entry twice. */
		if (d->parent != it->at->cd || strcmp(d->link, it->entry) != 0)
			second_link(it, d);
		return;
	}
	check_folder(hash, folder);
	if (host_stat(c->v->root, folder, &st) == -1) {
		if (errno != ENOENT) {
			check_broken(c, folder, NULL, NULL);
			return;
		}
		/* One that is obese was reported; nobody meant its folder. */
		if (len > ID_LEN || !missing(it, id, len))
			return;
	}
	if (d == NULL && (d = check_dir_add(c, hash)) == NULL)
		return;
	if (!check_dir_set_id(c, d, id, len) || !check_dir_set_link(c, d, it))
		return;
	d->reached = true;
	d->made = false;
	check_queue_add(&c->todo, d);
}

static void
obese(struct check_item *it)
{
	struct check_found f;

	check_begin_item(&f, CHECK_OBESE_DIR_FILE, it, "dir.c9r");
	check_report(it->at->c, &f);
}

static void
link_item(struct check_item *it)
{
	char path[CHECK_PATH_MAX], id[NAME_DIRID_MAX + 1];
	struct check *c = it->at->c;
	struct check_found f;
	ssize_t n;

	check_join(path, it->at->folder, it->entry, "dir.c9r");
	n = host_read_file(c->v->root, path, id, NAME_DIRID_MAX);
	if (n == -1 && errno == EFBIG) {
		obese(it);
	} else if (n == -1) {
		if (errno != ENOENT)
			check_broken(c, it->at->folder, it->entry, "dir.c9r");
	} else if (n == 0) {
		check_begin_item(&f, CHECK_EMPTY_DIR_FILE, it, "dir.c9r");
		check_report(c, &f);
	} else {
		if (n > ID_LEN)
			obese(it);
		follow(it, id, (size_t)n);
	}
}

void
check_node_item(struct check_item *it, const struct check_node *n)
{
	bool contents = it->is_long && n->contents;
	int types = n->dir + n->link + contents;
	struct check_found f;

	if (types == 0) {
		unknown(it, n);
		return;
	}
	if (types > 1) {
		it->ambiguous = true;
		check_begin_item(&f, CHECK_AMBIGUOUS_TYPE, it, NULL);
		check_report(it->at->c, &f);
	} else
		check_good(it->at->c, CHECK_KNOWN_TYPE, it);
	if (n->others > 0)
		strange(it, n);
	if (n->name && !it->is_long)
		stale_name(it);
	if (n->dir)
		link_item(it);
	else
		check_file(it, n->link ? "symlink.c9r" : "contents.c9r");
}
