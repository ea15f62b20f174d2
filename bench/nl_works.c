/*
 * nl_works.c - the kinds of operations, by name.
 */
#include "config.h"

#include <string.h>

#include "bench/nl.h"

static const struct nl_work *const works[] = {
	&nl_meta_null, &nl_meta_getattr, &nl_meta_lookup, &nl_meta_absent,
	&nl_meta_access, &nl_meta_readlink, &nl_list_plus, &nl_data_read,
	&nl_data_write, &nl_data_write_commit, &nl_name_create,
	&nl_name_create_write, &nl_name_create_write_commit,
	&nl_name_remove, &nl_name_rename, &nl_name_rename_each, &nl_mix,
	&nl_meta_tcp
};

const struct nl_work *
nl_works_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (strcmp(works[i]->name, name) == 0)
			return works[i];
	return NULL;
}

const char *
nl_works_names(void)
{
	static char text[400];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (i > 0)
			(void)strcat(text, i % 8 == 0 ? "\n     " : " ");
		(void)strcat(text, works[i]->name);
	}
	return text;
}
