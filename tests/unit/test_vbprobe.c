#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "bench/vb_probe.h"

/* Of a Debian 12 kernel, shortened; the second mount covers a part of it. */
static char stats[] =
    "device proc mounted on /proc with fstype proc\n"
    "device 127.0.0.1:/v mounted on /mnt/a\\040b with fstype nfs "
    "statvers=1.1\n"
    "\topts:\trw,vers=3,rsize=1048576\n"
    "\tage:\t12\n"
    "\tcaps:\tcaps=0x4fbf,wtmult=4096,dtsize=1048576,bsize=0,namlen=255\n"
    "\tRPC iostats version: 1.1  p/v: 100003/3 (nfs)\n"
    "\txprt:\ttcp 845 1 1 0 0 20 20 0 20 0 2 0 0\n"
    "\tper-op statistics\n"
    "\t        NULL: 1 1 0 44 24 0 0 0 0\n"
    "\t     GETATTR: 17 17 0 2000 1904 0 1 2 0\n"
    "\tREADDIRPLUS: 5 5 0 2000 1904 0 1 2 0\n"
    "\n"
    "device /dev/vdb mounted on /mnt/a\\040b/local with fstype ext4\n"
    "device 127.0.0.1:/w mounted on /mnt with fstype nfs statvers=1.1\n"
    "\tper-op statistics\n"
    "\t        NULL: 9 9 0 44 24 0 0 0 0\n";

static void
parse(const char *dir, struct vb_rpcs *r)
{
	FILE *f = fmemopen(stats, strlen(stats), "r");

	cr_assert_not_null(f);
	vb_probe_mountstats(f, dir, r);
	(void)fclose(f);
}

Test(vbprobe, calls_are_those_of_the_mount_that_holds_the_folder)
{
	struct vb_rpcs r;

	parse("/mnt/a b/some/where", &r);
	cr_assert(r.known);
	cr_assert_eq(r.n, 3);
	cr_expect_str_eq(r.v[1].name, "GETATTR");
	cr_expect_eq(r.v[1].count, 17);
	cr_expect_str_eq(r.v[2].name, "READDIRPLUS");
	cr_expect_eq(r.v[2].count, 5);
	parse("/mnt/other", &r);
	cr_assert(r.known);
	cr_assert_eq(r.n, 1);
	cr_expect_eq(r.v[0].count, 9);
}

Test(vbprobe, a_folder_that_is_not_on_nfs_has_no_calls)
{
	struct vb_rpcs r;

	parse("/mnt/a b/local/x", &r);
	cr_expect_not(r.known);
	parse("/mntabc", &r);
	cr_expect_not(r.known);
	parse("/proc/1", &r);
	cr_expect_not(r.known);
}

Test(vbprobe, a_count_that_went_down_is_another_mount)
{
	struct vb_rpcs before, now;

	parse("/mnt/a b", &before);
	now = before;
	now.v[1].count += 4;
	vb_probe_since(&now, &before);
	cr_assert(now.known);
	cr_expect_eq(now.v[0].count, 0);
	cr_expect_eq(now.v[1].count, 4);
	now = before;
	now.v[2].count--;
	vb_probe_since(&now, &before);
	cr_expect_not(now.known);
}

#ifdef __linux__
Test(vbprobe, work_costs_cpu_time_and_a_lost_process_has_none)
{
	double before = vb_probe_cpu(getpid()), now;
	volatile unsigned i;

	cr_assert_geq(before, 0);
	do {
		for (i = 0; i < 1000000; i++)
			;
		now = vb_probe_cpu(getpid());
	} while (now >= before && now < before + 0.02);
	cr_expect_gt(now, before);
	cr_expect_gt(vb_probe_peak_kib(getpid()), 100);
	/* above the kernel's highest, PID_MAX_LIMIT */
	cr_expect_lt(vb_probe_cpu(1 << 23), 0);
	cr_expect_eq(vb_probe_peak_kib(1 << 23), -1);
}

Test(vbprobe, proc_is_a_file_system_of_that_name)
{
	char name[64];

	vb_probe_fs("/proc/self", name, sizeof(name));
	cr_expect_str_eq(name, "proc");
}
#endif
