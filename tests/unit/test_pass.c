#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/verr.h"
#include "nfsd/pass.h"

static struct pass got;
static struct verr err;

static int
get(enum pass_kind kind, const char *arg)
{
	struct pass_source src = { kind, arg };

	memset(&err, 0, sizeof(err));
	return pass_read(&got, &src, "password", false, &err);
}

static void
expect(const char *text, size_t len)
{
	cr_assert_eq(got.len, len, "%zu bytes, not %zu", got.len, len);
	cr_expect_arr_eq(got.text, text, len);
	cr_expect_eq(got.text[len], '\0');
	pass_fini(&got);
	cr_expect_null(got.text);
}
#define EXPECT(s)	expect(s, sizeof(s) - 1)

/* A descriptor to read these bytes from, as its number in text. */
static const char *
pipe_with(const void *data, size_t len)
{
	static char number[16];
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	cr_assert_eq(write(fd[1], data, len), (ssize_t)len);
	close(fd[1]);
	(void)snprintf(number, sizeof(number), "%d", fd[0]);
	return number;
}

static char path[] = "/tmp/test_pass.XXXXXX";

static void
file_with(const void *data, size_t len)
{
	int fd = mkstemp(path);

	cr_assert_neq(fd, -1);
	cr_assert_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

Test(pass, one_newline_at_the_end_is_taken_off_and_no_more)
{
	cr_assert_eq(get(PASS_FD, pipe_with("pw\n", 3)), 0);
	EXPECT("pw");
	cr_assert_eq(get(PASS_FD, pipe_with("pw", 2)), 0);
	EXPECT("pw");
	cr_assert_eq(get(PASS_FD, pipe_with("pw\n\n", 4)), 0);
	EXPECT("pw\n");
	cr_assert_eq(get(PASS_FD, pipe_with("p w \r\n", 6)), 0);
	EXPECT("p w \r");
	cr_assert_eq(get(PASS_FD, pipe_with("", 0)), 0);
	EXPECT("");
}

Test(pass, may_hold_any_byte)
{
	cr_assert_eq(get(PASS_FD, pipe_with("a\0b\n\xff", 5)), 0);
	EXPECT("a\0b\n\xff");
}

Test(pass, a_file_is_read)
{
	file_with("from a file\n", 12);
	cr_assert_eq(get(PASS_FILE, path), 0);
	EXPECT("from a file");
	unlink(path);
	cr_assert_eq(get(PASS_FILE, path), -1);
	cr_expect_eq(err.code, VERR_NOENT);
	cr_expect(strstr(err.text, path) != NULL);
	cr_expect_null(got.text);
}

Test(pass, a_folder_is_no_password_file)
{
	cr_assert_eq(get(PASS_FILE, "/"), -1);
	cr_expect_eq(err.code, VERR_ISDIR);
}

Test(pass, up_to_64_KiB_are_taken_and_not_one_byte_more)
{
	static char big[PASS_LEN_MAX + 2];

	memset(big, 'x', sizeof(big));
	big[PASS_LEN_MAX] = '\n';
	file_with(big, PASS_LEN_MAX + 1);
	cr_assert_eq(get(PASS_FILE, path), 0);
	expect(big, PASS_LEN_MAX);
	unlink(path);

	(void)strcpy(path, "/tmp/test_pass.XXXXXX");
	big[PASS_LEN_MAX] = 'x';
	file_with(big, PASS_LEN_MAX + 1);
	cr_assert_eq(get(PASS_FILE, path), -1);
	cr_expect_eq(err.code, VERR_INVAL);
	cr_expect_null(got.text);
	unlink(path);

	(void)strcpy(path, "/tmp/test_pass.XXXXXX");
	file_with(big, PASS_LEN_MAX + 2);
	cr_expect_eq(get(PASS_FILE, path), -1);
	unlink(path);
}

Test(pass, a_descriptor_is_a_number_that_is_open_and_closed_then)
{
	static const char *const bad[] = {
		"", "x", "-1", "1x", "987654", "99999999999999999999"
	};
	const char *number;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(get(PASS_FD, bad[i]), -1, "%s", bad[i]);
		cr_expect_eq(err.code, VERR_INVAL);
	}
	number = pipe_with("pw", 2);
	cr_assert_eq(get(PASS_FD, number), 0);
	EXPECT("pw");
	cr_expect_eq(fcntl(atoi(number), F_GETFD), -1);
}

Test(pass, standard_input_is_read_to_its_end)
{
	cr_assert_neq(dup2(atoi(pipe_with("a\nb\n", 4)), STDIN_FILENO), -1);
	cr_assert_eq(get(PASS_STDIN, NULL), 0);
	EXPECT("a\nb");
}

Test(pass, of_a_command_the_first_line_counts)
{
	cr_assert_eq(get(PASS_COMMAND, "echo one; echo two"), 0);
	EXPECT("one");
	cr_assert_eq(get(PASS_COMMAND, "printf %s 'with  $HOME \"quotes\"'"),
	    0);
	EXPECT("with  $HOME \"quotes\"");
	cr_assert_eq(get(PASS_COMMAND, "echo"), 0);
	EXPECT("");
}

Test(pass, a_command_that_fails_gives_no_password)
{
	cr_assert_eq(get(PASS_COMMAND, "echo pw; exit 3"), -1);
	cr_expect_eq(err.code, VERR_IO);
	cr_expect_str_eq(err.text,
	    "the password command failed with status 3");
	cr_assert_eq(get(PASS_COMMAND, "echo pw; kill -9 $$"), -1);
	cr_expect_str_eq(err.text,
	    "the password command was killed by signal 9");
	cr_assert_eq(get(PASS_COMMAND, "true"), -1);
	cr_expect_str_eq(err.text, "the password command printed nothing");
	cr_expect_null(got.text);
}

Test(pass, a_command_may_print_more_than_is_read)
{
	cr_assert_eq(get(PASS_COMMAND,
	    "echo pw; head -c 1000000 /dev/zero"), 0);
	EXPECT("pw");
	cr_assert_eq(get(PASS_COMMAND, "head -c 1000000 /dev/zero"), -1);
	cr_expect_eq(err.code, VERR_INVAL);
}

Test(pass, a_command_gets_no_descriptor_of_ours)
{
	char cmd[64];
	int fd[2];

	/* the one that pass_read() makes itself is the next free one */
	cr_assert_eq(pipe(fd), 0);
	close(fd[0]);
	close(fd[1]);
	(void)snprintf(cmd, sizeof(cmd),
	    "for i in %d %d; do (: <&$i) 2>/dev/null && exit 1; done; echo ok",
	    fd[0], fd[1]);
	cr_assert_eq(get(PASS_COMMAND, cmd), 0, "%s", err.text);
	EXPECT("ok");
}

Test(pass, an_environment_variable_is_wiped_and_gone_after_reading)
{
	static char entry[] = "TEST_PASS_VARIABLE=se=cret";

	cr_assert_eq(putenv(entry), 0);
	cr_assert_eq(get(PASS_ENV, "TEST_PASS_VARIABLE"), 0);
	EXPECT("se=cret");
	cr_expect_null(getenv("TEST_PASS_VARIABLE"));
	/* where /proc/PID/environ would show it */
	cr_expect_str_eq(entry, "TEST_PASS_VARIABLE=");
	cr_expect_eq(entry[sizeof(entry) - 2], '\0');
	cr_assert_eq(get(PASS_ENV, "TEST_PASS_VARIABLE"), -1);
	cr_expect_eq(err.code, VERR_INVAL);
}

Test(pass, wiping_nothing_is_allowed)
{
	struct pass none = { NULL, 0 };

	pass_fini(&none);
	cr_expect_null(none.text);
}
