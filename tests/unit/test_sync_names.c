/*
 * When names are made durable without anybody asking: what makes an object what
 * it is before it has its name, all of it after some seconds, each change at
 * once if the vault was so opened, and what a server left that was killed.
 */
#include "config.h"

#include <sys/wait.h>

#include <errno.h>

#include "tests/unit/box.h"
#include "vault/vault_int.h"

static struct box b;
static char state[4096];
static unsigned syncs, syncs_all, told;
static bool failing;

static int
hook(void *ctx, enum host_op op, const char *path)
{
	(void)ctx;
	if (op != HOST_SYNC)
		return 0;
	syncs += path != NULL;
	syncs_all += path == NULL;	/* or an open file's */
	return failing ? EIO : 0;
}

static void
on_dirty(void *ctx)
{
	(void)ctx;
	told++;
}

static void
no_call(void *ctx)
{
	(void)ctx;
}

static void
setup(void)
{
	box_make(&b, NULL, 0);
	(void)snprintf(state, sizeof(state), "%s/state", b.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	syncs = syncs_all = told = 0;
	failing = false;
	host_set_hook(hook, NULL);
}

static void
teardown(void)
{
	host_set_recorder(NULL, NULL);
	box_end(&b);
}

TestSuite(sync_names, .init = setup, .fini = teardown);

/* -- by themselves */

Test(sync_names, after_some_seconds_they_are_synced)
{
	struct vault_write_back wb = { 0, on_dirty, NULL, no_call, NULL };
	unsigned next;

	vault_write_back(b.v, &wb);
	cr_assert_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
	cr_expect_eq(next, VAULT_IDLE);
	box_file(&b, b.root, "a", "");
	cr_expect_eq(told, 1);
	box_file(&b, b.root, "b", "");
	cr_expect_eq(told, 1, "it is known that something waits");
	syncs = 0;
	cr_assert_eq(vault_write_out(b.v, 600000, &next, &b.e), 0);
	cr_expect(next > 500000 && next <= 600000, "%u", next);
	cr_expect_eq(syncs, 0);
	cr_assert_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
	cr_expect_eq(syncs, 1);
	cr_expect_eq(next, VAULT_IDLE);
	cr_assert_eq(box_unlink(&b, b.root, "a"), VERR_NONE);
	cr_expect_eq(told, 2);
}

Test(sync_names, what_could_not_be_synced_waits_for_another_time)
{
	struct vault_write_back wb = { 0, on_dirty, NULL, no_call, NULL };
	unsigned next;

	vault_write_back(b.v, &wb);
	box_file(&b, b.root, "a", "");
	failing = true;
	cr_expect_eq(vault_write_out(b.v, 0, &next, &b.e), -1);
	cr_expect_neq(next, VAULT_IDLE);
	failing = false;
	syncs = 0;
	cr_expect_eq(vault_write_out(b.v, 0, &next, &b.e), 0);
	cr_expect_eq(syncs, 1);
	cr_expect_eq(next, VAULT_IDLE);
}

/* -- what is inside, before the name */

/* Was the last that was written on its way when a name was given? */
static bool	unsynced;
static unsigned	early, names;

static void
look(void *ctx, const struct host_event *ev)
{
	(void)ctx;
	if (ev->op == HOST_WRITE)
		unsynced = true;
	else if (ev->op == HOST_ORDER || ev->op == HOST_SYNC)
		unsynced = false;
	else if (ev->op == HOST_RENAME) {
		early += unsynced;
		names++;
	}
}

Test(sync_names, a_name_comes_after_the_bytes_that_make_its_object)
{
	host_set_recorder(look, NULL);
	dir_put(box_mkdir(&b, b.root, "dir"));
	box_symlink(&b, b.root, "link", "target");
	dir_put(box_mkdir(&b, b.root, "d" BOX_LONG));
	box_symlink(&b, b.root, "l" BOX_LONG, "target");
	cr_expect_eq(names, 4);
	cr_expect_eq(early, 0);
}

/* -- each at once */

static void
open_synced(void)
{
	struct vault_options o = { .sync_names = true };

	box_close(&b);
	box_open_as(&b, &o);
	(void)vault_sync_names(b.v, NULL);
}

/* Something was synced, and nothing is left. */
static bool
all_synced(void)
{
	unsigned n = syncs;

	syncs = 0;
	if (n == 0 || vault_sync_waits(b.v))
		return false;
	cr_assert_eq(vault_sync_names(b.v, &b.e), 0);
	return syncs == 0;
}

Test(sync_names, if_so_opened_each_change_is_durable_when_it_is_answered)
{
	struct entry ent;
	struct vset set = { .mask = VSET_MODE, .mode = 0600 };

	open_synced();
	syncs = 0;
	cr_assert_eq(dir_create(b.root, b.a, "f", 1, NULL, &ent, NULL, &b.e),
	    0);
	cr_expect(all_synced(), "create");
	cr_assert_eq(dir_link(b.root, b.a, "g", 1, &ent.loc, ent.attr.fileid,
	    NULL, NULL, &b.e), 0);
	cr_expect(all_synced(), "link");
	cr_assert_eq(loc_set(b.v, &ent.loc, ent.attr.fileid, &set, NULL,
	    &b.e), 0);
	cr_expect(all_synced(), "attributes");
	dir_put(box_mkdir(&b, b.root, "d"));
	cr_expect(all_synced(), "mkdir");
	box_symlink(&b, b.root, "l", "to");
	cr_expect(all_synced(), "symlink");
	cr_assert_eq(box_rename(&b, b.root, "f", b.root, "h"), VERR_NONE);
	cr_expect(all_synced(), "rename");
	cr_assert_eq(box_unlink(&b, b.root, "h"), VERR_NONE);
	cr_expect(all_synced(), "unlink");
	cr_assert_eq(box_rmdir(&b, b.root, "d"), VERR_NONE);
	cr_expect(all_synced(), "rmdir");
	cr_assert_eq(dir_lookup(b.root, b.a, "g", 1, &ent, &b.e), 0);
	set.mask = VSET_SIZE;
	set.size = 100;
	syncs_all = 0;
	cr_assert_eq(loc_set(b.v, &ent.loc, ent.attr.fileid, &set, NULL,
	    &b.e), 0);
	cr_expect_eq(syncs_all, 1, "the file");
}

Test(sync_names, nothing_is_made_durable_at_once_on_a_loop)
{
	struct dir_change ch = { .quick = true };
	struct vset set = { .mask = VSET_MODE, .mode = 0600 };
	struct entry ent;

	open_synced();
	box_file(&b, b.root, "f", "");
	cr_expect_eq(BOX_CODE(&b, dir_create(b.root, b.a, "g", 1, NULL, NULL,
	    &ch, &b.e)), VERR_BUSY);
	cr_expect_eq(BOX_CODE(&b, dir_unlink(b.root, b.a, "f", 1, &ch,
	    &b.e)), VERR_BUSY);
	cr_expect_eq(BOX_CODE(&b, dir_rename(b.root, b.root, b.a, "f", 1, "g",
	    1, NULL, &ch, NULL, &b.e)), VERR_BUSY);
	cr_assert_eq(dir_lookup(b.root, b.a, "f", 1, &ent, &b.e), 0);
	cr_expect_eq(BOX_CODE(&b, loc_set_now(b.v, &ent.loc, ent.attr.fileid,
	    &set, NULL, &b.e)), VERR_BUSY);
}

Test(sync_names, a_sync_that_fails_is_told_and_leaves_no_reference)
{
	struct entry ent = { .dir = NULL };

	open_synced();
	failing = true;
	cr_expect_eq(BOX_CODE(&b, dir_create(b.root, b.a, "f", 1, NULL, &ent,
	    NULL, &b.e)), VERR_IO);
	cr_expect_eq(box_unlink(&b, b.root, "f"), VERR_IO);
	failing = false;
	dir_put(box_mkdir(&b, b.root, "d"));
	failing = true;
	cr_expect_eq(BOX_CODE(&b, dir_rename(b.root, b.root, b.a, "d", 1, "e",
	    1, &ent, NULL, NULL, &b.e)), VERR_IO);
	cr_expect_null(ent.dir);
	failing = false;
	cr_expect(box_has(&b, "/e"), "it was done");
	cr_expect(vault_sync_waits(b.v));
	cr_assert_eq(box_rename(&b, b.root, "e", b.root, "d"), VERR_NONE);
	cr_expect_not(vault_sync_waits(b.v));
}

/* -- after a server that was killed */

static void
open_journal(void)
{
	unsigned mended;

	box_open_as(&b, NULL);
	cr_assert_eq(vault_journal(b.v, state, &mended, &b.e), 0);
}

Test(sync_names, what_a_killed_server_made_is_synced_by_the_next)
{
	pid_t pid;
	int st;

	box_close(&b);
	open_journal();
	cr_expect(vault_sync_waits(b.v), "nobody knows who was there before");
	syncs_all = 0;
	cr_assert_eq(vault_sync_names(b.v, &b.e), 0);
	cr_expect_eq(syncs_all, 1);
	box_file(&b, b.root, "f", "");
	box_close(&b);
	open_journal();
	cr_expect_not(vault_sync_waits(b.v), "that one came to its end");
	box_file(&b, b.root, "h", "");
	failing = true;
	box_close(&b);
	failing = false;
	open_journal();
	cr_expect(vault_sync_waits(b.v), "that one could not sync");
	box_close(&b);
	if ((pid = fork()) == 0) {
		open_journal();
		box_file(&b, b.root, "g", "");
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &st, 0), pid);
	open_journal();
	cr_expect(box_has(&b, "/g"));
	cr_expect(vault_sync_waits(b.v), "that one did not");
	syncs_all = 0;
	cr_assert_eq(vault_sync_names(b.v, &b.e), 0);
	cr_expect_eq(syncs_all, 1);
}
