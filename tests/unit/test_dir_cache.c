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
