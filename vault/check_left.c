/*
 * What operations of ours left behind (vnfs-*.tmp, see DESIGN.md, "Changes of
 * names"), and dir.c9r where none belongs.
 *
 * They are judged last, when it is known what else leads to the directories
 * that they name.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "vault/check_int.h"
#include "vault/cipher.h"

#define BYTES_MAX	CIPHER_CHUNK	/* of a file that is kept as it is */

enum worth {
	NOTHING,		/* it is empty */
	COPY,			/* all of it is known from elsewhere */
	DATA,			/* an object of the vault */
	BYTES,			/* who knows */
	ODD,			/* not to be touched */
};

struct left {
	enum worth		 worth;
	enum check_shape	 shape;
	enum vtype		 type;
	struct check_dir	*child;		/* that it holds */
	char			 leaf[CHECK_PATH_MAX];	/* the object itself */
	bool			 have_clear;
	size_t			 clear_len;
	uint8_t			 clear[CHECK_CLEAR_MAX];
};

/* name.c9s on its way to its folder: a name of this very directory. */
static bool
is_long_name(struct check_at *at, const char *path, uint8_t *clear,
    size_t *len)
{
	char text[NAME_LONG_MAX + 1];
	struct check *c = at->c;
	struct dir *d = at->d;
	bool trailing;
	ssize_t n;

	n = check_read_long(c, path, text, &trailing);
	return n > 4 && d != NULL && name_decrypt(c->k, d->id, d->id_len, text,
	    (size_t)n - 4, clear, len);
}

static enum worth
judge_file(struct check_at *at, struct left *l, uint64_t size)
{
	const struct cipher *ci = at->c->v->cipher;
	uint8_t hash[CHECK_HASH_LEN];
	const uint8_t *clear;
	ssize_t n;

	if (size <= ci->header_len)
		return NOTHING;
	if (is_long_name(at, l->leaf, l->clear, &l->clear_len))
		return COPY;
	n = check_open_small(at->c, l->leaf, &clear);
	if (n == 0 && size == ci->header_len + ci->overhead)
		return NOTHING;
	if (n > 0 && n <= NAME_DIRID_MAX && check_hash_of(at->c,
	    (const char *)clear, (size_t)n, hash) &&
	    memcmp(hash, at->cd->hash, sizeof(hash)) == 0)
		return COPY;		/* dirid.c9r on its way */
	if (n >= 0)
		return DATA;
	if (errno != EBADMSG)
		return ODD;
	return size <= BYTES_MAX ? BYTES : ODD;
}

static enum worth
judge_link(struct check_at *at, struct left *l)
{
	char id[NAME_DIRID_MAX + 1], folder[NAME_DIRPATH_LEN + 1];
	uint8_t hash[CHECK_HASH_LEN];
	struct check *c = at->c;
	ssize_t n;

	n = host_read_file(c->v->root, l->leaf, id, NAME_DIRID_MAX);
	if (n <= 0)
		return n == 0 ? NOTHING : ODD;
	if (!check_hash_of(c, id, (size_t)n, hash))
		return ODD;
	l->child = check_dir_find(c, hash);
	if (l->child == NULL && c->doubt)
		return ODD;	/* its folder may be one that was not seen */
	if (l->child == NULL || !check_is_held(l->child)) {
		l->child = NULL;
		return COPY;	/* of a link, or of one that led nowhere */
	}
	check_folder(hash, folder);
	switch (check_is_empty(c, folder)) {
	case 1:
		return NOTHING;
	case 0:
		return DATA;
	default:
		return ODD;
	}
}

static enum worth
judge_folder(struct check_at *at, struct left *l, const char *name)
{
	char path[CHECK_PATH_MAX];
	struct check *c = at->c;
	struct check_node n;
	struct host_stat st;

	check_join(path, at->folder, name, NULL);
	if (check_list_node(c, path, &n) == -1 || n.others > 0 ||
	    n.dir + n.link + n.contents > 1)
		return ODD;
	if (n.dir + n.link + n.contents == 0)
		return NOTHING;
	check_join(l->leaf, path, "name.c9s", NULL);
	l->have_clear = n.name && is_long_name(at, l->leaf, l->clear,
	    &l->clear_len);
	l->shape = n.contents ? CHECK_LONG_FILE : CHECK_NODE;
	l->type = n.dir ? VTYPE_DIR : n.link ? VTYPE_SYMLINK : VTYPE_FILE;
	check_join(l->leaf, path, n.dir ? "dir.c9r" : n.link ?
	    "symlink.c9r" : "contents.c9r", NULL);
	if (n.dir)
		return judge_link(at, l);
	if (host_stat(c->v->root, l->leaf, &st) == -1)
		return ODD;
	return judge_file(at, l, st.size);
}

static int
clear_away(struct check *c, struct left *l, const char *path, bool is_dir)
{
	char folder[NAME_DIRPATH_LEN + 1];
	int r = 0;

	if (l->worth == DATA && l->type == VTYPE_DIR && (!l->have_clear ||
	    check_is_lost(l->child))) {
		/* As any orphan; this here is a copy of its link then. */
		if (check_adopt_linked(c, l->child) == -1)
			return -1;
		return check_remove_node(c, path);
	}
	if (l->worth == DATA)
		return check_adopt(c, path, l->shape, l->type,
		    l->have_clear ? l->clear : NULL, l->clear_len);
	if (l->worth == BYTES)
		r = check_adopt_bytes(c, l->leaf);
	if (r == 0 && l->child != NULL) {
		check_folder(l->child->hash, folder);
		r = check_remove_node(c, folder);
	}
	if (r == 0)
		r = is_dir ? check_remove_node(c, path) :
		    check_remove_file(c, path);
	return r;
}

static void
leftover(struct check_at *at, const char *name)
{
	static const char *const words[] = {
		[NOTHING] = " (empty)", [COPY] = " (a copy)",
		[DATA] = " (it holds data that is nowhere else)",
		[BYTES] = " (it holds data that is nowhere else)",
		[ODD] = " (it holds what only a person can judge)",
	};
	struct check *c = at->c;
	struct check_found f;
	struct host_stat st;
	struct left l;

	check_begin(&f, CHECK_LEFTOVER, at->folder, name, NULL);
	if (host_stat(c->v->root, f.path, &st) == -1 ||
	    check_is_recent(c, &st))
		return;
	l.shape = CHECK_FILE;
	l.type = VTYPE_FILE;
	l.child = NULL;
	l.have_clear = false;
	l.clear_len = 0;
	memcpy(l.leaf, f.path, sizeof(l.leaf));
	l.worth = S_ISDIR(st.mode) ? judge_folder(at, &l, name) :
	    S_ISREG(st.mode) ? judge_file(at, &l, st.size) : ODD;
	check_note(&f, "%s", words[l.worth]);
	if (l.worth >= DATA)
		f.severity = CHECK_WARN;
	f.repairable = l.worth != ODD && (l.worth < DATA ||
	    check_lost_usable(c));
	if (check_wants(c, &f)) {
		check_mended(c, &f, clear_away(c, &l, f.path,
		    S_ISDIR(st.mode)));
		if (l.child != NULL && f.repaired)
			l.child->held = false;
	}
	check_report(c, &f);
}

/* -- loose dir.c9r */

static void
loose(struct check *c, const char *path)
{
	char id[NAME_DIRID_MAX + 1];
	uint8_t hash[CHECK_HASH_LEN];
	const struct check_dir *d = NULL;
	struct check_found f;
	bool known;
	ssize_t n;
	int r = 0;

	n = host_read_file(c->v->root, path, id, NAME_DIRID_MAX);
	if (n == -1 && errno == ENOENT)
		return;
	check_begin(&f, CHECK_LOOSE_DIR_FILE, path, NULL, NULL);
	if (n > 0 && check_hash_of(c, id, (size_t)n, hash))
		d = check_dir_find(c, hash);
	known = n == 0 || (d != NULL && (d == c->root || d->parent != NULL));
	f.repairable = known || (n > 0 && check_lost_usable(c));
	/* An orphan that it names is given a link first. */
	if (check_wants(c, &f) && (known || d == NULL)) {
		if (!known)
			r = check_adopt_bytes(c, path);
		if (r == 0)
			r = check_remove_file(c, path);
		check_mended(c, &f, r);
	}
	check_report(c, &f);
}

/* In folder itself, and in folders of it that are no entries. */
static void
loose_in(struct check *c, const char *folder, bool below)
{
	char path[CHECK_PATH_MAX];
	struct host_dirent de;
	struct host_dir *hd;

	check_join(path, folder, "dir.c9r", NULL);
	loose(c, path);
	if (!below || (hd = host_opendir(c->v->root, folder)) == NULL)
		return;
	while (!c->failed && host_readdir(hd, &de) == 1) {
		if (de.type == HOST_DT_FILE || check_is_entry(de.name) ||
		    check_is_leftover(de.name))
			continue;
		check_join(path, folder, de.name, "dir.c9r");
		loose(c, path);
	}
	host_closedir(hd);
}

static void
loose_above(struct check *c)
{
	char upper[5] = "d/XX";
	struct host_dirent de;
	struct host_dir *hd;

	loose_in(c, "d", false);
	if ((hd = host_opendir(c->v->root, "d")) == NULL)
		return;
	while (!c->failed && host_readdir(hd, &de) == 1)
		if (strlen(de.name) == 2) {
			memcpy(upper + 2, de.name, 2);
			loose_in(c, upper, false);
		}
	host_closedir(hd);
}

static void
leftovers_in(struct check_at *at, bool files_only)
{
	struct check *c = at->c;
	struct host_dirent de;
	struct host_dir *hd;

	/* One that was adopted entry by entry is gone by now. */
	if ((hd = host_opendir(c->v->root, at->folder)) == NULL)
		return;
	while (!c->failed && host_readdir(hd, &de) == 1)
		if (check_is_leftover(de.name) &&
		    (!files_only || de.type == HOST_DT_FILE))
			leftover(at, de.name);
	host_closedir(hd);
}

/* Files need no knowledge of links; an orphan may be empty without them. */
void
check_left_files(struct check *c, struct check_dir *cd)
{
	struct check_at at;

	memset(&at, 0, sizeof(at));
	at.c = c;
	at.cd = cd;
	check_folder(cd->hash, at.folder);
	leftovers_in(&at, true);
}

void
check_leftovers(struct check *c)
{
	struct check_at at;
	struct check_dir *cd;

	for (cd = c->left; cd != NULL && !c->failed; cd = cd->next_left) {
		memset(&at, 0, sizeof(at));
		at.c = c;
		at.cd = cd;
		check_folder(cd->hash, at.folder);
		if (cd->id != NULL && (at.d = dir_by_id(c->v, cd->id,
		    cd->id_len, c->e)) == NULL) {
			c->failed = true;
			return;
		}
		leftovers_in(&at, false);
		loose_in(c, at.folder, true);
		dir_put(at.d);
	}
	if (c->loose_above && !c->failed)
		loose_above(c);
}
