/*
 * fuzz_mount3.c - arguments of MOUNT calls; the first byte chooses which.
 */
#include "config.h"

#include <stdlib.h>

#include "xdr/mount3.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mount3_mnt_args mnt;
	struct mount3_umnt_args umnt;
	struct slice path;
	struct xin in;

	if (size == 0)
		return 0;
	xin_init(&in, data + 1, size - 1);
	if (data[0] & 1) {
		if (!mount3_args_mnt(&in, &mnt))
			return 0;
		path = mnt.path;
	} else {
		if (!mount3_args_umnt(&in, &umnt))
			return 0;
		path = umnt.path;
	}
	/* The path with its length and padding is all that was there. */
	if (path.len > MOUNT3_PATH_MAX ||
	    (const uint8_t *)path.s != data + 5 ||
	    5 + (((size_t)path.len + 3) & ~(size_t)3) != size)
		abort();
	return 0;
}
