/*
 * keeper_wipe.c - what calls have left in memory goes when vaults are locked.
 *
 * Names and data of calls pass through arenas, input buffers, record and chunk
 * buffers and stacks, which are kept and used again.  Each is its thread's.
 */
#include "config.h"

#include "base/bufpool.h"
#include "base/secret.h"
#include "nfsd/conn.h"
#include "nfsd/keeper_int.h"
#include "nfsd/server_int.h"

void
keeper_wipe_lane(struct lane *lane)
{
	request_wipe(lane);
	record_pool_wipe(&lane->recs);
	conn_wipe_all(lane);
	keeper_wipe_thread();
}

void
keeper_wipe_thread(void)
{
	bufpool_thread_wipe();
	secret_zero_stack();
}
