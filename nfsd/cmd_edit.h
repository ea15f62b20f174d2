/*
 * cmd_edit.h - what the commands share that change names in a vault: mkdir,
 * rm, mv, ln.
 *
 * One operand after the other is worked on; what goes wrong with one is said in
 * a line and the others go on.  At the end all names are put on stable
 * storage.
 */
#ifndef NFSD_CMD_EDIT_H
#define NFSD_CMD_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "nfsd/cmd_copy.h"
#include "nfsd/pass.h"

struct arena;
struct dir;
struct entry;
struct vault;
struct verr;

struct cmd_edit {
	struct vault		*v;
	const char		*path;		/* of the vault */
	struct arena		*a;		/* for one operand */
	struct arena		*scratch;	/* for one call */
	struct cmd_copied	 did;
};

/* false: the line is printed, *rc is the exit, there is nothing to end. */
bool cmd_edit_begin(struct cmd_edit *x, const char *path,
    const struct pass_source *pass, enum cmd_exit *rc);
enum cmd_exit cmd_edit_end(struct cmd_edit *x, bool json);

/* One line about what, in the vault; counted. */
void cmd_edit_fail(struct cmd_edit *x, const struct verr *e,
    const char *what);

/* One more of the type of ent. */
void cmd_edit_count(struct cmd_edit *x, const struct entry *ent);

/* Where something goes. */
struct cmd_place {
	struct dir	*into;		/* DEST is this directory, or NULL */
	struct dir	*dir;		/* else the one that it is to be in */
	const char	*name;		/* there; in x->a, NUL-terminated */
	bool		 slash;		/* DEST ends in one */
};

/*
 * Look at DEST for n operands.  VERR_NOTDIR: it is no directory, but must be
 * one.  The arena of x is not to be reset while the place is used.
 */
int cmd_edit_place(struct cmd_edit *x, const char *dest, int n,
    struct cmd_place *p, struct verr *e);
void cmd_edit_place_fini(struct cmd_place *p);

/*
 * Is the name in d free?  1: yes; 0: no, and *ent is what is there (ent->dir
 * is a reference); -1: that cannot be told.
 */
int cmd_edit_free(struct cmd_edit *x, struct dir *d, const char *name,
    struct entry *ent, struct verr *e);

#endif /* NFSD_CMD_EDIT_H */
