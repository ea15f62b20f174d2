/*
 * cmd_import.h - copy files, links and folders of the host into a vault.
 *
 * What goes wrong is said in one line each and counted; the rest goes on.
 * One user at a time.
 */
#ifndef NFSD_CMD_IMPORT_H
#define NFSD_CMD_IMPORT_H

#include <sys/types.h>
#include <sys/stat.h>

#include <stdbool.h>

#include "nfsd/cmd_copy.h"

struct arena;
struct dir;
struct vault;

struct cmd_import {
	/* set by the user after init, and did.resume */
	bool			 recursive, force;

	struct vault		*v;
	struct stat		 self;		/* the vault's folder */
	struct arena		*a;		/* for one object at a time */
	char			*buf;
	struct cmd_copied	 did;
};

/* path: the vault's folder.  false: no memory; fini is still to be called. */
bool cmd_import_init(struct cmd_import *p, struct vault *v, const char *path);
void cmd_import_fini(struct cmd_import *p);

/*
 * file, followed if it is a link, as name in d.  A folder (with recursive) is
 * made or filled up; its links are copied as links.  name "" : what is in the
 * folder goes into d itself.
 */
void cmd_import(struct cmd_import *p, const char *file, struct dir *d,
    const char *name);
void cmd_import_stdin(struct cmd_import *p, struct dir *d, const char *name);

#endif /* NFSD_CMD_IMPORT_H */
