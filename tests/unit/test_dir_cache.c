/*
 * Listings of a large directory that are carried over our own changes, held
 * against what another start of the vault reads; and how much is read.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/box.h"
#include "vault/dir_index.h"
#include "vault/vault_int.h"

#define MANY	600

static struct box b;
static unsigned reads;

static int
count_reads(void *ctx, enum host_op op, const char *path)
{
	(void)ctx, (void)path;
	reads += op == HOST_READDIR;
	return 0;
}

static void
touch(struct dir *d, unsigned i)
{
	char name[32];
	int len = snprintf(name, sizeof(name), "file-%u", i);

	cr_assert_eq(dir_create(d, b.a, name, (size_t)len, NULL, NULL, NULL,
	    &b.e), 0, "%s: %s", name, b.e.text);
	arena_reset(b.a);
}

static struct dir *
large(void)
{
	struct dir *d = box_mkdir(&b, b.root, "large");
	unsigned i;

	for (i = 0; i < MANY; i++)
		touch(d, i);
	return d;
}

static void
setup(void)
{
	box_make(&b, NULL, 0);
	dir_put(large());
	box_reopen(&b);
}

static void
teardown(void)
{
	host_set_hook(NULL, NULL);
	box_end(&b);
}

TestSuite(dir_cache, .init = setup, .fini = teardown);

struct text {
	char	*s;
	size_t	 len, cap;
};

static bool
see(void *ctx, const struct entry *ent)
{
	struct text *t = ctx;

	if (t->len + 400 > t->cap)
		cr_assert_not_null(t->s = realloc(t->s, t->cap += 65536));
	t->len += (size_t)sprintf(t->s + t->len, "%08x %s\n", ent->cookie,
	    ent->name);
	return true;
}

/* Names and cookies, from the heap. */
static char *
list(struct dir *d)
{
	struct text t = { .s = calloc(1, 1) };

	cr_assert_eq(dir_list(d, b.a, 0, false, see, &t, &b.e), 0, "%s",
	    b.e.text);
	return t.s;
}

static void
expect_as_read_anew(struct dir **d)
{
	char *carried = list(*d), *anew;

	dir_put(*d);
	box_reopen(&b);
	*d = box_dir(&b, "/large");
	anew = list(*d);
	cr_expect_str_eq(carried, anew);
	free(carried);
	free(anew);
}

/* A change of every kind, at random. */
static void
change(struct dir *d, unsigned i)
{
	char name[300], other[300];

	(void)snprintf(name, sizeof(name), "%s-%u", rand() % 8 == 0 ?
	    BOX_LONG : "file", (unsigned)rand() % MANY);
	(void)snprintf(other, sizeof(other), "%s-%u", rand() % 8 == 0 ?
	    BOX_LONG : "other", i);
	switch (rand() % 6) {
	case 0:
	case 1:
		(void)box_unlink(&b, d, name);
		break;
	case 2:
		(void)box_rename(&b, d, name, d, other);
		break;
	case 3:
		(void)dir_mkdir(d, b.a, other, strlen(other), NULL, NULL,
		    NULL, &b.e);
		break;
	case 4:
		(void)dir_symlink(d, b.a, other, strlen(other), "to", 2, NULL,
		    NULL, NULL, &b.e);
		break;
	default:
		(void)dir_create(d, b.a, name, strlen(name), NULL, NULL, NULL,
		    &b.e);
		break;
	}
	arena_reset(b.a);
}

Test(dir_cache, a_carried_listing_is_what_another_start_reads)
{
	struct dir *d = box_dir(&b, "/large");
	unsigned round, i;

	srand(11);
	for (round = 0; round < 5; round++) {
		free(list(d));
		for (i = 0; i < 60; i++) {
			change(d, round * 1000 + i);
			if (i % 7 == 0)
				free(list(d));
		}
		expect_as_read_anew(&d);
	}
	dir_put(d);
}

Test(dir_cache, changes_and_listings_in_turn_read_a_large_folder_few_times)
{
	struct dir *d = box_dir(&b, "/large");
	struct entry ent;
	unsigned i;

	host_set_hook(count_reads, NULL);
	for (i = 0; i < 100; i++) {
		cr_expect_eq(dir_lookup(d, b.a, "none", 4, &ent, &b.e), -1);
		touch(d, MANY + i);
		free(list(d));
	}
	/* once in each pause of a second, if the machine makes such */
	cr_expect_lt(reads, 20 * MANY, "%u entries were read", reads);
	dir_put(d);
}

Test(dir_cache, a_quick_look_leaves_a_large_folder_to_others)
{
	struct dir *d = box_dir(&b, "/large");
	struct text t = { .s = NULL };
	struct entry ent;
	unsigned i;

	for (i = 0; i < 600; i++)
		touch(d, MANY + i);
	dir_put(d);
	box_reopen(&b);
	d = box_dir(&b, "/large");
	cr_expect_eq(BOX_CODE(&b, dir_lookup_quick(d, b.a, "none", 4, &ent,
	    &b.e)), VERR_BUSY);
	cr_expect_eq(BOX_CODE(&b, dir_list_quick(d, b.a, 0, false, see, &t,
	    &b.e)), VERR_BUSY);
	cr_expect_null(t.s, "something was listed before");
	cr_expect_eq(dir_lookup_quick(d, b.a, "file-7", 6, &ent, &b.e), 0);
	dir_put(d);
}

Test(dir_cache, what_others_add_is_listed_at_once_and_found)
{
	struct dir *d = box_dir(&b, "/large");
	const char *from;
	char *to, *s;
	struct entry ent;

	free(list(d));
	touch(d, MANY);			/* carried from now on */
	free(list(d));
	(void)usleep(30000);		/* another tick of any clock */
	cr_assert_eq(dir_lookup(d, b.a, "file-3", 6, &ent, &b.e), 0);
	from = box_disk(&b, ent.loc.path);
	to = box_text("%.*s (1).c9r", (int)strlen(from) - 4, from);
	cr_assert_eq(rename(from, to), 0);
	s = list(d);
	cr_expect_not_null(strstr(s, " file-3\n"), "the copy stands in");
	cr_expect_eq(dir_lookup(d, b.a, "file-3", 6, &ent, &b.e), 0);
	free(s);
	free(to);
	dir_put(d);
}

/* -- what is gone */

static void
counts(struct vault_counts *c)
{
	vault_counts(b.v, c);
}

/* With what is known of the root once something came and went there. */
static void
first_counts(struct vault_counts *c)
{
	dir_put(box_mkdir(&b, b.root, "first"));
	cr_assert_eq(box_rmdir(&b, b.root, "first"), VERR_NONE);
	counts(c);
}

static struct dir *
listed(const char *name)
{
	struct dir *d = box_mkdir(&b, b.root, name);

	box_file(&b, d, "file", "");
	(void)usleep(30000);		/* another tick of any clock */
	free(list(d));
	cr_assert_eq(box_unlink(&b, d, "file"), VERR_NONE);
	(void)usleep(30000);
	free(list(d));
	return d;
}

Test(dir_cache, a_directory_that_was_removed_takes_its_listing_along)
{
	struct vault_counts before, with, after;
	struct dir *d;

	first_counts(&before);
	d = listed("gone");
	counts(&with);
	cr_expect_eq(with.dirs, before.dirs + 1);
	cr_expect_gt(with.listing_bytes, before.listing_bytes);
	cr_expect_eq(box_rmdir(&b, b.root, "gone"), VERR_NONE);
	counts(&after);
	cr_expect_eq(after.listing_bytes, before.listing_bytes,
	    "%zu bytes stay", after.listing_bytes - before.listing_bytes);
	cr_expect_eq(after.dirs, before.dirs + 1, "it is referred to");
	cr_expect_eq(BOX_CODE(&b, dir_create(d, b.a, "new", 3, NULL, NULL,
	    NULL, &b.e)), VERR_STALE);
	dir_put(d);
	counts(&after);
	cr_expect_eq(after.dirs, before.dirs);
}

Test(dir_cache, a_directory_that_was_replaced_takes_its_listing_along)
{
	struct vault_counts before, after;
	struct dir *d = box_mkdir(&b, b.root, "instead"), *gone;

	first_counts(&before);
	gone = listed("gone");
	cr_expect_eq(BOX_CODE(&b, dir_rename(b.root, b.root, b.a, "instead",
	    7, "gone", 4, NULL, NULL, NULL, &b.e)), VERR_NONE);
	dir_put(gone);
	counts(&after);
	cr_expect_eq(after.listing_bytes, before.listing_bytes);
	cr_expect_eq(after.dirs, before.dirs);
	dir_put(d);
}

Test(dir_cache, a_listing_goes_when_its_folder_is_seen_to_be_gone)
{
	struct vault_counts before, after;
	struct text t = { .s = NULL };
	struct dir *d;
	char *command;

	first_counts(&before);
	d = listed("away");
	command = box_text("rm -r '%s'", box_disk(&b, dir_path(d)));
	cr_assert_eq(system(command), 0);
	free(command);
	cr_expect_eq(BOX_CODE(&b, dir_list(d, b.a, 0, false, see, &t, &b.e)),
	    VERR_STALE);
	counts(&after);
	cr_expect_eq(after.listing_bytes, before.listing_bytes);
	dir_put(d);
}

/* The inner ones keep the outer ones until they are gone themselves. */
Test(dir_cache, a_tree_that_was_removed_leaves_nothing)
{
	struct vault_counts before, after;
	struct dir *d[20];
	unsigned i;

	first_counts(&before);
	for (i = 0; i < 20; i++)
		d[i] = box_mkdir(&b, i == 0 ? b.root : d[i - 1], "below");
	for (i = 20; i-- > 0;) {
		dir_put(d[i]);
		cr_expect_eq(box_rmdir(&b, i == 0 ? b.root : d[i - 1],
		    "below"), VERR_NONE);
	}
	counts(&after);
	cr_expect_eq(after.dirs, before.dirs);
	cr_expect_eq(after.listing_bytes, before.listing_bytes);
}

static bool
is_in_index(const uint8_t hash[20])
{
	return b.v->index != NULL &&
	    index_find_dir(b.v->index, hash) != INDEX_NONE;
}

/* By an old handle. */
Test(dir_cache, a_directory_that_was_removed_is_found_by_nobody)
{
	struct dir *d = box_mkdir(&b, b.root, "gone");
	uint8_t hash[20];
	struct vattr a;
	char id[64];
	size_t len;

	(void)snprintf(id, sizeof(id), "%s", dir_id(d, &len));
	memcpy(hash, dir_hash(d), sizeof(hash));
	dir_put(d);
	cr_expect(is_in_index(hash));
	cr_expect_eq(box_rmdir(&b, b.root, "gone"), VERR_NONE);
	cr_expect_not(is_in_index(hash));
	d = dir_by_id(b.v, id, len, &b.e);
	cr_assert_not_null(d);
	cr_expect_eq(BOX_CODE(&b, dir_attr(d, &a, &b.e)), VERR_STALE);
	dir_put(d);
}
