/*
 * Folders below d/ that no link from the root leads to.
 *
 * Some of them are directories in others of them: those come to light when
 * the others are walked.  What is left are the orphans proper, those that only
 * a leftover of ours still names, and loops that hang together in the air.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/check_int.h"

/* -- which are there? */

static bool
is_folder(struct check *c, const char *folder, const struct host_dirent *de)
{
	char path[CHECK_PATH_MAX];
	struct host_stat st;

	if (de->type != HOST_DT_UNKNOWN)
		return de->type == HOST_DT_DIR;
	check_join(path, folder, de->name, NULL);
	return host_stat(c->v->root, path, &st) == 0 && S_ISDIR(st.mode);
}

static void
foreign(struct check *c, const char *folder, const char *name)
{
	struct check_found f;

	if (strcmp(name, "dir.c9r") == 0) {
		c->loose_above = true;
		return;
	}
	if (check_is_junk(name))
		return;
	check_begin(&f, CHECK_FOREIGN, folder, name, NULL);
	check_report(c, &f);
}

static void
see_folder(struct check *c, const char *upper, const struct host_dirent *de)
{
	uint8_t hash[CHECK_HASH_LEN];
	struct check_dir *cd;

	if (!check_hash_parse(upper + 2, de->name, hash) ||
	    !is_folder(c, upper, de)) {
		foreign(c, upper, de->name);
		return;
	}
	if (check_dir_find(c, hash) != NULL ||
	    (cd = check_dir_add(c, hash)) == NULL)
		return;
	cd->next_unlinked = c->unlinked;
	c->unlinked = cd;
}

static void
see_upper(struct check *c, const char *upper)
{
	struct host_dirent de;
	struct host_dir *hd;
	int r = 0;

	if ((hd = host_opendir(c->v->root, upper)) == NULL) {
		check_broken(c, upper, NULL, NULL);
		return;
	}
	while (!c->failed && (r = host_readdir(hd, &de)) == 1)
		see_folder(c, upper, &de);
	if (r == -1)
		check_broken(c, upper, NULL, NULL);
	host_closedir(hd);
}

static void
see_all(struct check *c)
{
	char upper[5] = "d/XX";
	struct host_dirent de;
	struct host_dir *hd;
	int r = 0;

	if ((hd = host_opendir(c->v->root, "d")) == NULL) {
		check_broken(c, "d", NULL, NULL);
		return;
	}
	while (!c->failed && (r = host_readdir(hd, &de)) == 1) {
		if (strlen(de.name) != 2 || !is_folder(c, "d", &de)) {
			foreign(c, "d", de.name);
			continue;
		}
		memcpy(upper + 2, de.name, 2);
		see_upper(c, upper);
	}
	if (r == -1)
		check_broken(c, "d", NULL, NULL);
	host_closedir(hd);
}

/* -- what still names them? */

enum how { LINK, HELD, LOOSE };

/* A dir.c9r in directory from: if its id is one of theirs, note it. */
static void
note_id(struct check *c, const struct check_dir *from, const char *path,
    enum how how)
{
	char id[NAME_DIRID_MAX + 1];
	uint8_t hash[CHECK_HASH_LEN];
	struct check_dir *d;
	ssize_t n;

	n = host_read_file(c->v->root, path, id, NAME_DIRID_MAX);
	if (n == -1 && errno != ENOENT && errno != ENOTDIR && errno != EFBIG)
		c->doubt = true;
	if (n <= 0 || !check_hash_of(c, id, (size_t)n, hash) ||
	    (d = check_dir_find(c, hash)) == NULL || d->reached)
		return;
	if (!check_dir_set_id(c, d, id, (size_t)n))
		return;
	if (how == LINK && d != from)
		d->linked = true;
	if (how == HELD)
		d->held = true;
}

static void
note_ids(struct check *c, const struct check_dir *cd)
{
	char folder[NAME_DIRPATH_LEN + 1], path[CHECK_PATH_MAX];
	struct host_dirent de;
	struct host_dir *hd;
	int r = 0;

	check_folder(cd->hash, folder);
	if ((hd = host_opendir(c->v->root, folder)) == NULL) {
		check_broken(c, folder, NULL, NULL);
		return;
	}
	while (!c->failed && (r = host_readdir(hd, &de)) == 1) {
		check_join(path, folder, de.name, "dir.c9r");
		if (strcmp(de.name, "dir.c9r") == 0) {
			check_join(path, folder, de.name, NULL);
			note_id(c, cd, path, LOOSE);
		} else if (de.type == HOST_DT_FILE)
			continue;
		else if (check_is_leftover(de.name))
			note_id(c, cd, path, HELD);
		else
			note_id(c, cd, path, check_is_entry(de.name) ? LINK :
			    LOOSE);
	}
	if (r == -1)
		check_broken(c, folder, NULL, NULL);
	host_closedir(hd);
}

bool
check_is_held(const struct check_dir *d)
{
	return d->held && !d->linked && d->parent == NULL;
}

/* -- what becomes of them */

static void
own_id(struct check *c, struct check_dir *cd)
{
	char id[NAME_DIRID_MAX + 1];
	uint8_t hash[CHECK_HASH_LEN];
	ssize_t n;

	if (cd->id != NULL)
		return;
	if ((n = check_own_id(c, cd->hash, id)) > 0)
		(void)check_dir_set_id(c, cd, id, (size_t)n);
	else if (check_hash_of(c, CHECK_LOST_ID, strlen(CHECK_LOST_ID),
	    hash) && memcmp(hash, cd->hash, sizeof(hash)) == 0)
		(void)check_dir_set_id(c, cd, CHECK_LOST_ID,
		    strlen(CHECK_LOST_ID));
}

static int
adopt(struct check *c, struct check_dir *cd, const char *folder, bool empty,
    struct check_dir **dest)
{
	if (empty && !check_is_lost(cd))
		return check_remove_node(c, folder);
	return cd->id != NULL ? check_adopt_linked(c, cd) :
	    check_adopt_entries(c, cd, dest);
}

static void
walk_from(struct check *c, struct check_dir *cd)
{
	cd->reached = true;
	cd->made = false;
	check_queue_add(&c->todo, cd);
	check_walk(c);
}

static void
orphan(struct check *c, struct check_dir *cd, bool in_loop)
{
	struct check_dir *dest = NULL;
	char folder[NAME_DIRPATH_LEN + 1];
	struct check_found f;
	struct host_stat st;
	int empty;

	check_folder(cd->hash, folder);
	if (c->o->repair)
		check_left_files(c, cd);
	empty = check_is_empty(c, folder);
	if (empty == -1 || host_stat(c->v->root, folder, &st) == -1) {
		if (errno != ENOENT)
			check_broken(c, folder, NULL, NULL);
		return;
	}
	if (empty == 1 && check_is_recent(c, &st))
		return;			/* its link is yet to come */
	own_id(c, cd);
	check_begin(&f, CHECK_ORPHAN_CONTENT_DIR, folder, NULL, NULL);
	check_note(&f, empty == 1 ? " (it is empty)" : in_loop ?
	    " (but one below itself)" : cd->id == NULL ?
	    " (the names in it are lost with its id)" : "");
	if (c->doubt)
		check_note(&f, "; not while links cannot be read");
	else if (!check_lost_usable(c))
		check_note(&f, "; not while " CHECK_LOST " is something else "
		    "than Cryptomator's");
	else
		f.repairable = true;
	if (check_wants(c, &f))
		check_mended(c, &f, adopt(c, cd, folder, empty == 1, &dest));
	check_report(c, &f);
	if (dest != NULL)	/* its links are there now */
		walk_from(c, dest);
}

void
check_unlinked(struct check *c)
{
	const struct check_dir *left;
	struct check_dir *cd;

	c->loose_above = false;
	see_all(c);
	for (cd = c->unlinked; cd != NULL && !c->failed; cd = cd->next_unlinked)
		note_ids(c, cd);
	for (left = c->left; left != NULL && !c->failed; left = left->next_left)
		note_ids(c, left);

	for (cd = c->unlinked; cd != NULL && !c->failed;
	    cd = cd->next_unlinked) {
		if (cd->reached || cd->linked)
			continue;
		if (!check_is_held(cd))
			orphan(c, cd, false);
		walk_from(c, cd);
	}
	for (cd = c->unlinked; cd != NULL && !c->failed;
	    cd = cd->next_unlinked) {
		if (cd->reached)
			continue;
		orphan(c, cd, true);
		walk_from(c, cd);
	}
}
