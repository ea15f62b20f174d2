#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/verr.h"
#include "tests/proto/fixture.h"
#include "vault/vault.h"

#define NOBODY	65534

void
fix_die(const char *what, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

static void
die_of(const char *what, const struct verr *e)
{
	(void)fprintf(stderr, "%s: %s\n", what, e->text);
	abort();
}

/* Permission means nothing to root. */
static void
become_nobody(void)
{
	if (geteuid() != 0)
		return;
	FIX_MUST(setgroups(0, NULL) == 0);
	FIX_MUST(setgid(NOBODY) == 0);
	FIX_MUST(setuid(NOBODY) == 0);
}

void
fix_vault(struct fix *f, const struct fix_options *o)
{
	const char *tmp = getenv("TMPDIR");
	struct vault_new n = { .cost = 2 };
	struct verr e;

	memset(f, 0, sizeof(*f));
	if (o != NULL)
		f->opt = *o;
	if (f->opt.as_user)
		become_nobody();
	(void)snprintf(f->dir, sizeof(f->dir), "%s/vaultnfs-proto-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	FIX_MUST(mkdtemp(f->dir) != NULL);
	n.cipher = f->opt.cipher;
	if (vault_init(f->dir, &n, FIX_PASS, strlen(FIX_PASS), &e) == -1)
		die_of("vault_init", &e);
}

void
fix_make(struct fix *f)
{
	struct server_options so = { .workers = f->opt.workers,
	    .dirty_max = f->opt.through ? 0 : FIX_DIRTY,
	    .workers_max = f->opt.more_workers ? 0 : 1,
	    .loops = f->opt.loops, .record_timeout_s = f->opt.record_s,
	    .slow_us = f->opt.slow_us == 0 ? UINT32_MAX : f->opt.slow_us,
	    .no_links = f->opt.no_links,
	    .multi_user = f->opt.multi_user };
	const struct server_options *more = f->opt.server;
	struct vault_options vo = { .read_only = f->opt.read_only,
	    .cache_bytes = f->opt.cache_bytes };
	struct verr e;

	if (more != NULL) {
		so.max_conns = more->max_conns;
		so.max_record = more->max_record;
		so.max_inflight = more->max_inflight;
		so.max_unsent = more->max_unsent;
		so.max_pending = more->max_pending;
		so.record_timeout_s = more->record_timeout_s;
		so.gate = more->gate;
	}
	f->vault = vault_open(f->dir, &vo, FIX_PASS, strlen(FIX_PASS), &e);
	if (f->vault == NULL)
		die_of("vault_open", &e);
	if ((f->server = server_new(&so, &e)) == NULL)
		die_of("server_new", &e);
	if (server_export(f->server, f->vault, "vault", &e) == -1)
		die_of("server_export", &e);
}

static void *
serve(void *arg)
{
	struct fix *f = arg;
	struct verr e;

	if (server_run(f->server, &e) == -1)
		die_of("server_run", &e);
	return NULL;
}

static struct client *
attach(struct fix *f)
{
	struct client *c;
	struct verr e;
	int sv[2];

	FIX_MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	if (server_attach(f->server, sv[0], &e) == -1)
		die_of("server_attach", &e);
	FIX_MUST((c = client_new(sv[1])) != NULL);
	client_auth_sys(c, geteuid(), getegid(), 0, NULL);
	return c;
}

void
fix_run(struct fix *f)
{
	mountres3 res;
	nfs_fh3 fh;
	int i;

	for (i = 0; i < FIX_CLIENTS; i++)
		f->clients[i] = attach(f);
	f->c = f->clients[0];
	FIX_MUST(pthread_create(&f->thread, NULL, serve, f) == 0);
	f->running = true;
	FIX_MUST(client_mnt(f->c, "/vault", &res) == RPC_SUCCESS);
	FIX_MUST(res.fhs_status == WIRE_MNT3_OK);
	fh.data.data_len = res.mountres3_u.mountinfo.fhandle.fhandle3_len;
	fh.data.data_val = res.mountres3_u.mountinfo.fhandle.fhandle3_val;
	FIX_MUST(fh.data.data_len <= sizeof(f->root.b));
	f->root.len = fh.data.data_len;
	memcpy(f->root.b, fh.data.data_val, f->root.len);
	xdr_free((xdrproc_t)xdr_mountres3, (void *)&res);
}

void
fix_start(struct fix *f, const struct fix_options *o)
{
	fix_vault(f, o);
	fix_make(f);
	fix_run(f);
}

void
fix_down(struct fix *f)
{
	int i;

	if (f->running) {
		server_stop(f->server);
		FIX_MUST(pthread_join(f->thread, NULL) == 0);
		f->running = false;
	}
	for (i = 0; i < FIX_CLIENTS; i++) {
		client_free(f->clients[i]);
		f->clients[i] = NULL;
	}
	f->c = NULL;
	server_free(f->server);
	f->server = NULL;
	vault_close(f->vault);
	f->vault = NULL;
}

void
fix_restart(struct fix *f)
{
	struct fh root = f->root;

	fix_down(f);
	fix_make(f);
	fix_run(f);
	FIX_MUST(root.len == f->root.len);
	FIX_MUST(memcmp(root.b, f->root.b, root.len) == 0);
}

/* What a test made unreadable goes as well. */
static void
remove_all(int at, const char *name)
{
	struct dirent *de;
	struct stat sb;
	DIR *d;
	int fd;

	if (fstatat(at, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(sb.st_mode)) {
		(void)fchmodat(at, name, 0700, 0);
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd != -1 && (d = fdopendir(fd)) != NULL) {
			while ((de = readdir(d)) != NULL)
				if (strcmp(de->d_name, ".") != 0 &&
				    strcmp(de->d_name, "..") != 0)
					remove_all(fd, de->d_name);
			(void)closedir(d);
		}
		(void)unlinkat(at, name, AT_REMOVEDIR);
		return;
	}
	(void)unlinkat(at, name, 0);
}

void
fix_stop(struct fix *f)
{
	fix_down(f);
	if (f->dir[0] != '\0')
		remove_all(AT_FDCWD, f->dir);
	f->dir[0] = '\0';
}
