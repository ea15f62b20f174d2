/*
 * scale_make.c - a large vault, quickly.
 *
 * usage: scale_make VAULT PASSWORD-FILE DIRS FILES
 *
 * Adds DIRS directories, 100 in each directory above, with FILES files of 0 to
 * 100 bytes each.  Entries are written by the vault's own code, straight under
 * their names and without a sync: nobody else looks, and a crash may take all.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/verr.h"
#include "vault/file_int.h"
#include "vault/vault_int.h"

#define FANOUT	100

static void
die(const char *what, const struct verr *e)
{
	(void)fprintf(stderr, "scale_make: %s: %s\n", what, e->text);
	exit(1);
}

static struct dir *
make_dir(struct dir *up, struct arena *a, const char *prefix, unsigned i)
{
	struct entry ent;
	struct verr e;
	char name[32];
	int n = snprintf(name, sizeof(name), "%s-%06u", prefix, i);

	if (dir_mkdir(up, a, name, (size_t)n, NULL, &ent, NULL, &e) == -1)
		die(name, &e);
	arena_reset(a);
	return ent.dir;
}

static void
make_file(struct dir *d, unsigned i)
{
	static const char text[101] = "All work and no play makes Jack a dull "
	    "boy.  All work and no play makes Jack a dull boy.  All work";
	char name[32], path[VLOC_MAX];
	struct diskname dn;
	struct verr e;
	int n = snprintf(name, sizeof(name), "file-%08u.txt", i);

	if (dir_disk_name(d, name, (size_t)n, &dn, &e) == -1)
		die(name, &e);
	dir_entry_path(d, dn.entry, dn.entry_len, NULL, path);
	if (file_make(d->v, path, 0644, text, i * 37u % 101,
	    HOST_WHENEVER, &e) == -1)
		die(name, &e);
}

static struct vault *
open_vault(const char *path, const char *password_file)
{
	struct vault_options o = { .cache_bytes = 0 };
	struct vault *v;
	struct verr e;
	char pass[256];
	FILE *f;

	if ((f = fopen(password_file, "r")) == NULL ||
	    fgets(pass, sizeof(pass), f) == NULL) {
		perror(password_file);
		exit(1);
	}
	(void)fclose(f);
	pass[strcspn(pass, "\n")] = '\0';
	if ((v = vault_open(path, &o, pass, strlen(pass), &e)) == NULL)
		die(path, &e);
	return v;
}

int
main(int argc, char **argv)
{
	unsigned i, k, dirs, files;
	struct dir *root, *up = NULL, *d;
	struct arena *a;
	struct vault *v;

	if (argc != 5 || (a = arena_new(1 << 20)) == NULL) {
		(void)fprintf(stderr, "usage: scale_make VAULT PASSWORD-FILE "
		    "DIRS FILES\n");
		return 2;
	}
	dirs = (unsigned)strtoul(argv[3], NULL, 10);
	files = (unsigned)strtoul(argv[4], NULL, 10);
	v = open_vault(argv[1], argv[2]);
	root = dir_root(v, NULL);
	for (i = 0; i < dirs; i++) {
		if (i % FANOUT == 0) {
			dir_put(up);
			up = dirs == 1 ? dir_ref(root) :
			    make_dir(root, a, "group", i / FANOUT);
		}
		d = make_dir(up, a, "dir", i);
		for (k = 0; k < files; k++)
			make_file(d, k);
		dir_put(d);
	}
	dir_put(up);
	dir_put(root);
	vault_close(v);
	arena_free(a);
	return 0;
}
