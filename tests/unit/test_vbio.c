#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "bench/vb.h"

static struct vb vb;
static struct vb_job job;
static struct vb_set *set = &job.set[0];

static void
setup(void)
{
	char dir[] = "/tmp/vbio.XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(job.dir, sizeof(job.dir), "%s", dir);
	(void)pthread_mutex_init(&vb.mtx, NULL);
	job.vb = &vb;
	job.scale = 0.1;
	vb_io_init(&job.io, &job);
}

static void
teardown(void)
{
	cr_expect(vb_io_remove(&job.io, job.dir));
	cr_expect_eq(access(job.dir, F_OK), -1);
	vb_io_free(set);
	vb_io_fini(&job.io);
}

TestSuite(vbio, .init = setup, .fini = teardown);

static struct vb_file *
make(const char *name, uint64_t size)
{
	struct vb_file *f = vb_io_add(&job.io, set, 99, size, "%s", name);

	cr_assert(vb_io_write(&job.io, f, 1000, VB_SYNC | VB_EXCL));
	return f;
}

/* Behind the back of struct vb_file. */
static void
spoil(const struct vb_file *f, off_t off)
{
	int fd = open(f->path, O_RDWR);
	char c;

	cr_assert_eq(pread(fd, &c, 1, off), 1);
	c ^= 1;
	cr_assert_eq(pwrite(fd, &c, 1, off), 1);
	cr_assert_eq(close(fd), 0);
}

static bool
last_error_says(const char *text)
{
	return vb.error_count > 0 &&
	    strstr(vb.errors[vb.error_count - 1], text) != NULL;
}

Test(vbio, what_was_written_is_right)
{
	struct vb_file *f = make("a", 100001);

	cr_expect(vb_io_read(&job.io, f, 4096));
	cr_expect(vb_io_stat(&job.io, f));
	cr_expect_eq(job.io.ops, 3);
	cr_expect_eq(job.io.bytes, 2 * 100001);
	cr_expect_eq(vb.error_count, 0);
}

Test(vbio, a_wrong_byte_is_told_with_its_file_and_offset)
{
	struct vb_file *f = make("a", 100001);
	int fd;

	spoil(f, 77777);
	cr_expect_not(vb_io_read(&job.io, f, 4096));
	cr_expect(last_error_says("/a: wrong byte at offset 77777:"));
	fd = vb_io_open(&job.io, f, O_RDONLY);
	cr_expect(vb_io_read_at(&job.io, f, fd, 0, 77777));
	cr_expect_not(vb_io_read_at(&job.io, f, fd, 77000, 1000));
	cr_expect(last_error_says("/a: wrong byte at offset 77777:"));
	(void)close(fd);
}

Test(vbio, a_file_of_another_length_is_wrong)
{
	struct vb_file *f = make("a", 5000);

	cr_assert_eq(truncate(f->path, 4999), 0);
	cr_expect_not(vb_io_read(&job.io, f, 4096));
	cr_expect(last_error_says("4999 bytes instead of 5000"));
	cr_expect_not(vb_io_stat(&job.io, f));
	cr_assert_eq(truncate(f->path, 5001), 0);
	cr_expect_not(vb_io_read(&job.io, f, 4096));
	cr_expect(last_error_says("5001 bytes instead of 5000"));
}

Test(vbio, later_changes_lie_over_earlier_ones)
{
	struct vb_file *f = make("a", 20000);
	int fd = vb_io_open(&job.io, f, O_RDWR), i;

	for (i = 0; i < 9; i++)
		cr_expect(vb_io_write_at(&job.io, f, fd,
		    (uint64_t)(1000 * i), 3000, (uint64_t)i));
	cr_expect(vb_io_write_at(&job.io, f, fd, 500, 9000, 1000));
	cr_expect(vb_io_close(&job.io, f, fd));
	cr_expect(vb_io_read(&job.io, f, 4096));
	spoil(f, 10500);	/* of the last of the nine */
	cr_expect_not(vb_io_read(&job.io, f, 4096));
	cr_expect(last_error_says("offset 10500:"));
}

/* A change that is not written yet is a difference: it is looked at. */
Test(vbio, what_is_expected_and_was_not_written_is_wrong)
{
	struct vb_file *f = make("a", 20000);

	vb_io_patch(f, 12345, 1, 5);
	cr_expect_not(vb_io_read(&job.io, f, 4096));
	cr_expect(last_error_says("offset 12345:"));
}

Test(vbio, a_copy_has_the_same_content_and_is_refused_from_a_wrong_file)
{
	struct vb_file *to;

	(void)make("a", 70000);
	to = vb_io_add(&job.io, set, 0, 0, "b");
	cr_expect(vb_io_copy(&job.io, &set->v[0], to, VB_SYNC));
	cr_expect(vb_io_read(&job.io, to, 4096));
	spoil(&set->v[0], 1);
	cr_expect_not(vb_io_copy(&job.io, &set->v[0], to, 0));
}

Test(vbio, checks_and_pauses_stop_the_clock)
{
	struct vb_file *f = make("a", 1000000);
	uint64_t off = job.io.off_ns;

	cr_expect(vb_io_read(&job.io, f, VB_BLOCK));
	cr_expect_gt(job.io.off_ns, off);
	cr_expect_eq(job.io.slept_ns, 0);
	cr_expect(vb_io_think(&job.io, 20));
	cr_expect_geq(job.io.slept_ns, 20000000);
}

Test(vbio, a_walk_counts_what_is_below)
{
	struct vb_walk w = { 0, 0 };

	cr_assert(vb_io_mkdir(&job.io, "d"));
	cr_assert(vb_io_mkdir(&job.io, "d/e"));
	(void)make("d/e/one", 1);
	(void)make("two", 0);
	(void)make("._macos", 1);
	cr_expect(vb_io_walk(&job.io, job.dir, &w));
	cr_expect_eq(w.dirs, 2);
	cr_expect_eq(w.files, 2);
	cr_expect_eq(vb_io_list_stat(&job.io, job.dir), 2);
	cr_expect_eq(vb_io_count(&job.io, job.dir), 2);
}

/* At 1, at 0.1, and at the smallest. */
Test(vbio, counts_follow_the_scale)
{
	cr_expect_eq(vb_pair(&job, 1000, 100), 100);
	cr_expect_eq(vb_pair(&job, 50, 10), 10);
	cr_expect_eq(vb_pair(&job, 5, 2), 2);
	cr_expect_eq(vb_pair(&job, 50000, 5000), 5000);
	cr_expect_eq(vb_scale(&job, 1000, 10), 100);
	cr_expect_eq(vb_scale(&job, 100, 10), 10);
	job.scale = 1;
	cr_expect_eq(vb_pair(&job, 1000, 100), 1000);
	cr_expect_eq(vb_pair(&job, 5, 2), 5);
	job.scale = 0.01;
	cr_expect_eq(vb_pair(&job, 1000, 100), 10);
	cr_expect_eq(vb_pair(&job, 50, 10), 10);
	cr_expect_eq(vb_pair(&job, 10, 1), 1);
	cr_expect_eq(vb_scale(&job, 100, 10), 10);
}
