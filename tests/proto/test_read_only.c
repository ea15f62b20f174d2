/*
 * A vault opened read-only: ROFS from everything that would change it, and not
 * one system call that could.
 */
#include "config.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/proto/check.h"
#include "vault/host.h"

static struct fh dir, file, ln, shut;
static atomic_uint changes;
static atomic_bool watching;

static int
watch(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	if (!atomic_load(&watching))
		return 0;
	switch (op) {
	case HOST_WRITE:
	case HOST_TRUNCATE:
	case HOST_RENAME:
	case HOST_LINK:
	case HOST_UNLINK:
	case HOST_RMDIR:
	case HOST_MKDIR:
	case HOST_CHMOD:
	case HOST_CHOWN:
	case HOST_UTIMES:
		(void)fprintf(stderr, "operation %d on %s\n", op,
		    path != NULL ? path : "a descriptor");
		atomic_fetch_add(&changes, 1);
		break;
	default:
		break;
	}
	return 0;
}

/* What the hook does not see: files open for writing. */
static void
expect_no_writable_fd(void)
{
	char path[64], line[128];
	unsigned flags;
	FILE *info;
	int fd;

	for (fd = 3; fd < 256; fd++) {
		char target[512] = "";
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= 0 || strncmp(target, f.dir, strlen(f.dir)) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d",
		    fd);
		if ((info = fopen(path, "r")) == NULL)
			continue;
		while (fgets(line, sizeof(line), info) != NULL)
			if (sscanf(line, "flags: %o", &flags) == 1)
				cr_expect_eq(flags & 3, 0, "%s", target);
		(void)fclose(info);
	}
}

static void
setup(void)
{
	struct fix_options o = { .as_user = true };
	struct reply r;
	sattr3 s = call_mode(0);

	host_set_hook(watch, NULL);
	fix_start(&f, &o);
	dir = check_dir(&f.root, "dir");
	file = check_file(&dir, "file");
	OK(call_write(f.c, &file, 0, "text", 4, FILE_SYNC, NULL));
	OK(call_symlink(f.c, &f.root, "link", "target", &r));
	ln = r.fh;
	shut = check_file(&dir, "shut");
	OK(call_write(f.c, &shut, 0, "text", 4, FILE_SYNC, NULL));
	OK(call_setattr(f.c, &shut, &s, NULL, NULL));
	f.opt.read_only = true;
	fix_restart(&f);
	atomic_store(&watching, true);
}

static void
teardown(void)
{
	expect_no_writable_fd();
	atomic_store(&watching, false);
	cr_expect_eq(atomic_load(&changes), 0);
	fix_stop(&f);
}

TestSuite(read_only, .init = setup, .fini = teardown);

Test(read_only, every_change_is_refused_with_attributes)
{
	struct reply r;
	sattr3 s = call_mode(0600), z = call_size(0);
	wcc_data w;

	IS(ROFS, call_setattr(f.c, &file, &s, NULL, &w));
	cr_expect_eq(check_after(&w)->mode, 0644);
	IS(ROFS, call_setattr(f.c, &file, &z, NULL, &w));
	cr_expect_eq(check_after(&w)->size, 4);
	IS(ROFS, call_setattr(f.c, &dir, &s, NULL, &w));
	IS(ROFS, call_setattr(f.c, &ln, &s, NULL, &w));
	IS(ROFS, call_create(f.c, &dir, "new", UNCHECKED, NULL, &r));
	cr_expect_eq(check_after(&r.wcc)->type, WIRE_NF3DIR);
	IS(ROFS, call_create(f.c, &dir, "new", GUARDED, NULL, &r));
	IS(ROFS, call_create(f.c, &dir, "file", UNCHECKED, &z, &r));
	IS(ROFS, call_exclusive(f.c, &dir, "new", "verifier", &r));
	IS(ROFS, call_mkdir(f.c, &dir, "new", NULL, &r));
	(void)check_after(&r.wcc);
	IS(ROFS, call_symlink(f.c, &dir, "new", "x", &r));
	(void)check_after(&r.wcc);
	IS(ROFS, call_remove(f.c, &dir, "file", &r));
	(void)check_after(&r.wcc);
	IS(ROFS, call_rmdir(f.c, &f.root, "dir", &r));
	(void)check_after(&r.wcc);
	IS(ROFS, call_rename(f.c, &dir, "file", &f.root, "x", &r));
	(void)check_after(&r.wcc);
	(void)check_after(&r.wcc2);
	IS(ROFS, call_link(f.c, &file, &dir, "new", &r));
	(void)check_after(&r.wcc);
}

Test(read_only, writing_is_refused_and_commit_is_not)
{
	struct write_reply w;

	IS(ROFS, call_write(f.c, &file, 0, "x", 1, UNSTABLE, &w));
	cr_expect_eq(check_after(&w.wcc)->size, 4);
	IS(ROFS, call_write(f.c, &file, 0, "x", 1, FILE_SYNC, &w));
	IS(ROFS, call_write(f.c, &file, 0, "", 0, UNSTABLE, &w));
	/* Nothing to be done, and done (nfs-facts 1.2, COMMIT). */
	OK(call_commit(f.c, &file, &w));
}

Test(read_only, looking_works)
{
	struct list l;
	struct reply r;
	char buf[8192];
	uint32_t bits;
	fattr3 a;

	OK(call_getattr(f.c, &file, &a));
	OK(call_lookup(f.c, &dir, "file", &r));
	IS(NOENT, call_lookup(f.c, &dir, "nothing", &r));
	OK(call_read(f.c, &file, 0, 4, buf, NULL));
	cr_expect_eq(memcmp(buf, "text", 4), 0);
	OK(call_readlink(f.c, &ln, buf, NULL));
	OK(list_all(f.c, &f.root, 0, 4096, &l));
	list_free(&l);
	OK(list_all(f.c, &dir, 4096, 4096, &l));
	cr_expect_eq(l.n, 4);
	list_free(&l);
	OK(call_access(f.c, &file, 63, &bits, NULL));
	cr_expect_eq(bits, ACCESS3_READ);
	OK(call_access(f.c, &dir, 63, &bits, NULL));
	cr_expect_eq(bits, ACCESS3_READ | ACCESS3_LOOKUP);
}

/* To lend oneself the permission would be a change. */
Test(read_only, a_file_without_permission_stays_shut)
{
	char buf[8];

	IS(ACCES, call_read(f.c, &shut, 0, 4, buf, NULL));
}
