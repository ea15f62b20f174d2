/*
 * cmd_serve_opt.c - the options of vaultnfs serve.
 */
#include "config.h"

#include <string.h>

#include "base/log.h"
#include "nfsd/cmd_serve.h"
#include "nfsd/server.h"

#define OPT(type, name, value, member, min, max, preset, help)		\
	{ type, 0, name, value, offsetof(struct serve_args, member), min, max, \
	    preset, help }

const struct cmd_opt cmd_serve_opts[] = {
	OPT(CMD_OPT_TEXT, "listen", "ADDR", listen, 0, 0, "127.0.0.1",
	    "numeric address to listen on"),
	OPT(CMD_OPT_NUMBER, "port", "N", port, 0, 65535, "2049",
	    "TCP port of NFS and MOUNT; 0 picks one"),
	OPT(CMD_OPT_LIST, "allow", "NET", gate.nets, 0, 0, NULL,
	    "let other hosts in, as 192.168.1.0/24 (again for"
	    "\n                            more); they are believed"),
	OPT(CMD_OPT_LIST, "allow-uid", "UID", gate.uids, 0, 0, NULL,
	    "let another user of this host in (again for more)"),
	OPT(CMD_OPT_FLAG, "reserved-port", NULL, gate.reserved_port, 0, 0,
	    NULL, "refuse connections from ports above 1023"),
	OPT(CMD_OPT_NUMBER, "max-conns", "N", max_conns, 1, 4096, "64",
	    "connections; users let in have part of them"),
	OPT(CMD_OPT_SIZE, "max-pending", "BYTES", max_pending, 1 << 20,
	    (uint64_t)1 << 36, "32M",
	    "of calls and replies under way, in all"),
	OPT(CMD_OPT_FLAG, "read-only", NULL, read_only, 0, 0, NULL,
	    "open nothing for writing"),
	OPT(CMD_OPT_NUMBER, "loops", "N", loops, 0, SERVER_LOOPS_MAX, "1",
	    "threads that own connections; 0: one per core"),
	OPT(CMD_OPT_NUMBER, "workers", "N", workers, 1, 256, NULL,
	    "threads that read and write [2]"),
	OPT(CMD_OPT_SIZE, "cache-size", "BYTES", cache_size, 65536,
	    (uint64_t)1 << 40, NULL,
	    "of names, and of clear data, for each vault [32M]"),
	OPT(CMD_OPT_SIZE, "dirty-limit", "BYTES", dirty_limit, 0,
	    (uint64_t)1 << 36, "32M",
	    "what may wait in memory for COMMIT; 0: nothing"),
	OPT(CMD_OPT_FLAG, "sync-names", NULL, sync_names, 0, 0, NULL,
	    "CREATE, RENAME ... reply when they are on the disk"),
	OPT(CMD_OPT_NUMBER, "ready-fd", "N", ready_fd, 1, 1 << 20, NULL,
	    "write the ready line to this descriptor too"),
	OPT(CMD_OPT_FLAG, "rpcbind", NULL, rpcbind, 0, 0, NULL,
	    "register with rpcbind while serving"),
	OPT(CMD_OPT_FLAG, "multi-user", NULL, multi_user, 0, 0, NULL,
	    "as root: files keep their owners, all users come in"),
	OPT(CMD_OPT_FLAG, "no-hard-links", NULL, no_links, 0, 0, NULL,
	    "refuse LINK: a copy of the vault has two files"),
	OPT(CMD_OPT_FLAG, "sandbox", NULL, sandbox, 0, 0, NULL,
	    "end if it cannot give up what it does not need"),
	OPT(CMD_OPT_FLAG, "no-sandbox", NULL, no_sandbox, 0, 0, NULL,
	    "keep it: for debuggers, valgrind, odd storage"),
	OPT(CMD_OPT_FLAG, "shared", NULL, shared, 0, 0, NULL,
	    "other servers that say it may write, too"),
	OPT(CMD_OPT_TEXT, "state-dir", "DIR", state_dir, 0, 0, NULL,
	    "its own files [/var/lib/vaultnfs if root, else"
	    "\n                            ~/.local/state/vaultnfs]"),
	OPT(CMD_OPT_TEXT, "run-dir", "DIR", run_dir, 0, 0, NULL,
	    "where it can be asked [/run/vaultnfs if root,"
	    "\n                            else $XDG_RUNTIME_DIR/vaultnfs]"),
	OPT(CMD_OPT_TEXT, "idle-lock", "TIME", idle_lock, 0, 0, NULL,
	    "lock when nobody calls for so long, as 90, 15m, 8h"),
	OPT(CMD_OPT_WORD, "when-locked", "wait|stale", when_locked, 0, 0,
	    "wait", "what programs see then"),
	OPT(CMD_OPT_TEXT, "metrics", "ADDR:PORT", metrics, 0, 0, NULL,
	    "numbers for Prometheus, at http://ADDR:PORT/metrics"),
	OPT(CMD_OPT_TEXT, "tune", "LIST", tune, 0, 0, NULL,
	    "for measuring: without ideas, as no-arena,no-inline"),
	OPT(CMD_OPT_WORD, "log-level", "error|warn|info|debug", log_level,
	    0, 0, "info", "what is logged to standard error"),
	OPT(CMD_OPT_FLAG, "log-names", NULL, log_names, 0, 0, NULL,
	    "clear names in the log, not hashes of them"),
	CMD_PASS(struct serve_args, pass),
	CMD_END
};

void
cmd_serve_log_level(const char *word)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug"
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			log_set_level((enum log_level)i);
}
