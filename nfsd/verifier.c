#include "config.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/entropy.h"
#include "nfsd/server_int.h"
#include "nfsd/verifier.h"

void
verifier_change(struct server *s)
{
	struct timespec now;
	uint64_t v;

	/* Without random bytes: the time, which no earlier start had. */
	if (!entropy_fill(&v, sizeof(v))) {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		v = (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec;
	}
	atomic_store(&s->write_verifier, v);
}

void
verifier_get(struct server *s, uint8_t verf[NFS3_VERFSIZE])
{
	uint64_t v = atomic_load(&s->write_verifier);

	memcpy(verf, &v, NFS3_VERFSIZE);
}
