/*
 * export.h - what is exported, under which name.
 *
 * Made before the server runs and constant afterwards, so no lock; but for the
 * vaults, which keeper.c takes away when no call runs.  An export is one vault.
 * Its id, which stands in every file handle, comes from the vault's keys: the
 * same in every server that serves this vault, whatever the export is called
 * there.
 */
#ifndef NFSD_EXPORT_H
#define NFSD_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct storage;
struct vattr;
struct vault;
struct verr;

#define EXPORT_NAME_MAX	255	/* bytes */

struct export {
	struct vault	*vault;		/* the caller's; NULL: locked */
	uint32_t	 id;		/* vault_id() */
	uint64_t	 fsid;		/* never 0 */
	struct storage	*storage;	/* how quick it is */
	bool		 multi_user;	/* objects show their own owners */
	bool		 read_only;	/* these three as the vault has them */
	int		 format;
	const char	*cipher;
	uint32_t	 uid, gid;	/* else: whose everything appears */
	char		 name[EXPORT_NAME_MAX + 1];	/* without '/' */
};

struct export_table;

struct export_table *export_table_new(void);	/* NULL: no memory */
void export_table_free(struct export_table *t);	/* NULL is ignored */

/*
 * VERR_INVAL: name is empty, too long, or holds '/' or control characters;
 * VERR_EXIST: the name, or a vault of the same keys, is there already.
 * slow_us: storage.h; 0 is the default.
 */
int export_add(struct export_table *t, struct vault *v, const char *name,
    bool multi_user, uint32_t slow_us, struct verr *e);

size_t export_count(const struct export_table *t);
const struct export *export_at(const struct export_table *t, size_t i);

/*
 * While nobody uses the table: the vault of export i is closed (NULL), or is
 * this one, the same one opened anew.
 */
void export_set_vault(struct export_table *t, size_t i, struct vault *v);

/* NULL: not exported here. */
const struct export *export_by_id(const struct export_table *t, uint32_t id);

/*
 * The export that a MOUNT path ("/NAME", "/NAME/sub/dir", or "/" if there is
 * only one) names; *rest is where the path goes on behind the name.
 */
const struct export *export_by_path(const struct export_table *t,
    const char *path, size_t len, const char **rest, size_t *rest_len);

/* Whose an object appears to be in this export (cred.h). */
void export_owner(const struct export *x, struct vattr *a);

#endif /* NFSD_EXPORT_H */
