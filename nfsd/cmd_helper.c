/*
 * cmd_helper.c - mount.vaultnfs: called by mount(8) for -t vaultnfs, and for
 * such an entry in fstab.
 *
 *	mount.vaultnfs VAULT DIR [-sfnv] [-o LIST] [-N NS] [-t TYPE]
 *
 * "External helpers" in mount(8).  Its exits are those of mount(8): 0, 1 for a
 * wrong call, 32 if it failed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nfsd/cmd.h"
#include "nfsd/cmd_mount.h"

#define HELPER_NAME	"mount.vaultnfs"
#define HELPER_USAGE	1
#define HELPER_FAILED	32
#define WORDS_MAX	(2 * CMD_WORDS_MAX + 8)

bool
cmd_is_helper(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash == NULL ? argv0 : slash + 1, HELPER_NAME) == 0;
}

struct helper {
	const char	*word[WORDS_MAX];	/* for vaultnfs mount */
	int		 n;
	int		 operands;
	bool		 fake;		/* -f: all but the mount itself */
};

static bool
add(struct helper *h, const char *word)
{
	if (h->n == WORDS_MAX - 1)
		return false;
	h->word[h->n++] = word;
	return true;
}

/* -o, -N and -t have values; the others are letters. */
static bool
take(struct helper *h, int argc, char **argv)
{
	const char *w;
	int i;

	for (i = 1; i < argc; i++) {
		w = argv[i];
		if (w[0] != '-' || w[1] == '\0') {
			h->operands++;
			if (!add(h, w))
				return false;
		} else if (strcmp(w, "-o") == 0 || strcmp(w, "-N") == 0 ||
		    strcmp(w, "-t") == 0) {
			if (++i == argc || (w[1] == 'o' &&
			    (!add(h, "-o") || !add(h, argv[i]))))
				return false;
		} else if (w[strspn(w + 1, "sfnvrw") + 1] != '\0') {
			return false;
		} else {
			h->fake |= strchr(w, 'f') != NULL;
			if (strchr(w, 'r') != NULL && !add(h, "-r"))
				return false;
		}
	}
	return h->operands == 2;
}

int
cmd_helper(const struct cmd *const *cmds, size_t n, int argc, char **argv)
{
	struct helper h = { .n = 0 };
	int rc;

	(void)add(&h, "vaultnfs");
	(void)add(&h, "mount");
	(void)add(&h, "-o");
	(void)add(&h, CMD_MOUNT_AGAIN);
	if (!take(&h, argc, argv)) {
		fputs("usage: " HELPER_NAME " VAULT DIR [-sfnvrw] "
		    "[-o OPTIONS]\n", stderr);
		return HELPER_USAGE;
	}
	if (h.fake)
		return 0;
	rc = cmd_main(cmds, n, h.n, (char **)(uintptr_t)h.word);
	return rc == CMD_DONE ? 0 : rc == CMD_USAGE ? HELPER_USAGE :
	    HELPER_FAILED;
}
