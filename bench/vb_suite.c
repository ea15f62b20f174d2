/*
 * vb_suite.c - the table of suites.
 */
#include "config.h"

#include <string.h>

#include "bench/vb_loads.h"
#include "bench/vb_suite.h"

#define READS		&vb_seq_read, &vb_rand_read
#define WRITES		&vb_seq_write, &vb_rand_write
#define DIRS		&vb_readdir, &vb_stat
#define CHANGES		&vb_create, &vb_delete
#define WORKLOADS	&vb_ide, &vb_wset, &vb_browse, &vb_git, \
			&vb_concurrent, &vb_database, &vb_media, &vb_photo, \
			&vb_archive, &vb_backup, &vb_coldstart
#define MICRO		&vb_micro_files, &vb_micro_data, &vb_micro_untar

static const struct vb_suite suites[] = {
	{ "quick", 0, 3, { &vb_seq_read, &vb_readdir } },
	{ "read", 0, 10, { READS, DIRS } },
	{ "write", 0, 10, { WRITES, CHANGES } },
	{ "metadata", 0, 10, { DIRS } },
	{ "synthetic", 0, 10, { READS, WRITES, DIRS, CHANGES } },
	{ "large", 1, 10, { READS, WRITES } },
	{ "workloads", 0, 10, { WORKLOADS } },
	{ "full", 0, 10, { READS, WRITES, DIRS, CHANGES, WORKLOADS } },
	{ "micro", 0, 10, { MICRO } },
};

/* Where workloads are looked for: every one is in one of these. */
static const struct vb_load *const all[] = { READS, WRITES, DIRS, CHANGES,
    WORKLOADS, MICRO };

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

const struct vb_suite *
vb_suite_find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(suites); i++) {
		if (strcmp(suites[i].name, name) == 0)
			return &suites[i];
	}
	return NULL;
}

const struct vb_load *
vb_suite_load(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(all); i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	}
	return NULL;
}

void
vb_suite_list(FILE *out)
{
	const struct vb_suite *s;
	size_t i, k;

	(void)fprintf(out, "suites:\n");
	for (i = 0; i < COUNT(suites); i++) {
		s = &suites[i];
		(void)fprintf(out, "  %-12s", s->name);
		for (k = 0; k < VB_SUITE_MAX && s->loads[k] != NULL; k++)
			(void)fprintf(out, "%s%s", k > 0 && k % 8 == 0 ?
			    "\n              " : " ", s->loads[k]->name);
		(void)fprintf(out, "%s\n", s->scale > 0 ?
		    " (at scale 1)" : "");
	}
	(void)fprintf(out, "workloads:\n");
	for (i = 0; i < COUNT(all); i++)
		(void)fprintf(out, "  %-12s %s%s\n", all[i]->name,
		    all[i]->what, all[i]->missing ? " (not built)" : "");
}
