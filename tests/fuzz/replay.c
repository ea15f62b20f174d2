/*
 * replay.c - main() for a fuzzer that is built without libFuzzer.
 *
 * Feeds it every file of one folder, so that the corpora are tests everywhere.
 * Prints TAP.  Each input lies at the end of its own piece of heap, where a
 * sanitizer or valgrind sees a step beyond it.
 */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define REPLAY_MAX	(16u * 1024 * 1024)	/* bytes of one input */

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all = malloc(REPLAY_MAX), *data = NULL;
	size_t len, i;
	int rc = -1;

	if (f != NULL && all != NULL) {
		len = fread(all, 1, REPLAY_MAX, f);
		if ((data = malloc(len > 0 ? len : 1)) != NULL) {
			for (i = 0; i < len; i++)
				data[i] = all[i];
			rc = LLVMFuzzerTestOneInput(data, len);
		}
	}
	if (f != NULL)
		(void)fclose(f);
	free(data);
	free(all);
	return rc;
}

int
main(int argc, char **argv)
{
	char path[4096];
	struct dirent *ent;
	unsigned n = 0, bad = 0;
	DIR *dir;

	if (argc != 2 || (dir = opendir(argv[1])) == NULL) {
		puts("1..0 # SKIP no corpus");
		return 0;
	}
	while ((ent = readdir(dir)) != NULL) {
		if (ent->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1],
		    ent->d_name);
		n++;
		bad += replay_file(path) != 0;
	}
	(void)closedir(dir);
	printf("1..1\n%sok 1 - %u inputs of the corpus are survived\n",
	    bad > 0 ? "not " : "", n);
	return bad > 0;
}
