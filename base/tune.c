#include "config.h"

#include <stddef.h>
#include <string.h>

#include "base/tune.h"
#include "base/verr.h"

unsigned tune_mask;

static const struct word {
	const char	*text;
	enum tune	 off;
} words[] = {
	{ "no-arena", TUNE_ARENA },
	{ "no-inline", TUNE_INLINE },
	{ "no-inline-changes", TUNE_INLINE_CHANGES },
	{ "no-pool", TUNE_POOL },
	{ "no-rwf-nowait", TUNE_RWF_NOWAIT },
	{ "no-zero-copy", TUNE_ZERO_COPY },
	{ "no-batch", TUNE_BATCH },
	{ "no-chunk-cache", TUNE_CHUNK_CACHE },
	{ "no-write-cache", TUNE_WRITE_CACHE },
	{ "no-ahead", TUNE_AHEAD },
	{ "no-journal", TUNE_JOURNAL },
	{ "no-listing-cache", TUNE_LISTING_CACHE },
	{ "no-node-cache", TUNE_NODE_CACHE },
	{ "no-file-cache", TUNE_FILE_CACHE },
	{ "malloc=libc", TUNE_MALLOC },
	{ "no-encryption", TUNE_ENCRYPTION },
	{ "no-gate", TUNE_GATE },
};

#define NWORDS	(sizeof(words) / sizeof(words[0]))

_Static_assert(NWORDS == TUNE_COUNT, "a word for each switch");

static const struct word *
find(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < NWORDS; i++)
		if (strlen(words[i].text) == len &&
		    memcmp(words[i].text, text, len) == 0)
			return &words[i];
	return NULL;
}

/* tests/unit/test_tune.c holds it against words[]. */
const char *
tune_words(void)
{
	return "no-arena no-inline no-inline-changes no-pool "
	    "no-rwf-nowait no-zero-copy no-batch no-chunk-cache "
	    "no-write-cache no-ahead no-journal no-listing-cache "
	    "no-node-cache no-file-cache malloc=libc no-encryption no-gate";
}

int
tune_set(const char *list, struct verr *e)
{
	const struct word *w;
	unsigned mask = 0;
	size_t len;

	while (*list != '\0') {
		len = strcspn(list, ",");
		if ((w = find(list, len)) == NULL)
			return verr_fail(e, VERR_INVAL, "no experiment "
			    "\"%.*s\"; there are %s",
			    (int)(len < 16 ? len : 16), list, tune_words());
		mask |= 1u << w->off;
		list += len;
		/* a comma at the end has an empty word behind it */
		if (*list == ',' && *++list == '\0')
			return verr_fail(e, VERR_INVAL, "a comma at the end "
			    "of the list of experiments");
	}
	tune_mask = mask;
	return 0;
}
