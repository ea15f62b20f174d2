/*
 * test_control.c - the control socket: what it tells is what happened, and
 * nobody who speaks to it can stop the server.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "nfsd/control.h"
#include "tests/proto/asking.h"
#include "vault/host.h"

static char huge[1 << 20];

/* patience: seconds that the server has with a connection. */
static void
begin(unsigned loops, unsigned patience)
{
	struct fix_options o = { .loops = loops, .record_s = patience };

	log_set_level(LOG_LEVEL_ERROR);
	fix_vault(&f, &o);
	fix_make(&f);
	ask_start();
	fix_run(&f);
}

static void
setup(void)
{
	begin(1, 2);
}

static void
teardown(void)
{
	fix_stop(&f);
}

TestSuite(control, .init = setup, .fini = teardown, .timeout = 60);
/* Those begin with options of their own. */
TestSuite(control_own, .fini = teardown, .timeout = 60);

Test(control, status_tells_what_is_served_and_where)
{
	json_t *o = ask_line("status\n"), *x;

	cr_expect_str_eq(ask_text(o, "address"), "127.0.0.1");
	cr_expect_eq(ask_number(o, "port"), 2049);
	cr_expect_eq(ask_number(o, "pid"), getpid());
	cr_expect_eq(ask_number(o, "since"), 1000000000);
	x = json_object_get(o, "exports");
	cr_assert_eq(json_array_size(x), 1);
	x = json_array_get(x, 0);
	cr_expect_str_eq(ask_text(x, "name"), "vault");
	cr_expect_str_eq(ask_text(x, "vault"), f.dir);
	cr_expect_str_eq(ask_text(x, "cipher"), "SIV_GCM");
	cr_expect(json_is_false(json_object_get(x, "read_only")));
	json_decref(o);
}

static const json_t *
procedure(const json_t *o, const char *name)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(o, "procedures"), i, p)
		if (strcmp(ask_text(p, "name"), name) == 0)
			return p;
	cr_assert_fail("%s was not called", name);
	return NULL;
}

static void
expect_calls(const json_t *o, const char *name, json_int_t calls)
{
	const json_t *p = procedure(o, name), *b;
	json_int_t sum = 0;
	size_t i;

	cr_expect_eq(ask_number(p, "calls"), calls, "%s: %lld calls", name,
	    (long long)ask_number(p, "calls"));
	json_array_foreach(json_object_get(p, "latency_us"), i, b)
		sum += json_integer_value(json_array_get(b, 1));
	cr_expect_eq(sum, calls, "%s: %lld in buckets", name, (long long)sum);
	cr_expect_leq(ask_number(p, "p50_us"), ask_number(p, "p90_us"));
	cr_expect_leq(ask_number(p, "p90_us"), ask_number(p, "p99_us"));
	cr_expect_leq(ask_number(p, "p99_us"), ask_number(p, "max_us"));
}

static json_int_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (json_int_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
call_all(void)
{
	static char data[100000];
	struct fh file = check_file(&f.root, "file");
	struct read_reply rr;
	fattr3 a;
	int i;

	for (i = 0; i < 130; i++)
		OK(call_getattr(f.c, &f.root, &a));
	for (i = 0; i < 3; i++)
		OK(call_write(f.clients[1], &file, 0, data, sizeof(data),
		    UNSTABLE, NULL));
	OK(call_commit(f.c, &file, NULL));
	for (i = 0; i < 7; i++)
		OK(call_read(f.c, &file, 50000, sizeof(data), data, &rr));
	IS(NOENT, call_lookup(f.c, &f.root, "nothing", NULL));
}

static void
expect_all(void)
{
	json_t *o = ask_line("stats\n");

	expect_calls(o, "MNT", 1);
	expect_calls(o, "GETATTR", 130);
	expect_calls(o, "CREATE", 1);
	expect_calls(o, "WRITE", 3);
	expect_calls(o, "COMMIT", 1);
	expect_calls(o, "READ", 7);
	expect_calls(o, "LOOKUP", 1);
	cr_expect_eq(ask_number(o, "calls"), 144);
	cr_expect_eq(ask_number(o, "on_loop") + ask_number(o, "on_worker"),
	    144);
	cr_expect_gt(ask_number(o, "on_worker"), 0);
	cr_expect_eq(ask_number(o, "write_bytes"), 300000);
	cr_expect_eq(ask_number(o, "read_bytes"), 350000);
	cr_expect_eq(ask_number(o, "rejected"), 0);
	cr_expect_eq(ask_number(o, "connections"), FIX_CLIENTS);
	cr_expect_eq(ask_number(o, "open_files"), 1);
	cr_expect_gt(ask_number(o, "cache_hits"), 0);
	cr_expect_gt(ask_number(o, "arena_max_bytes"), 0);
	cr_expect_gt(ask_number(o, "loop_max_us"), 0);
	json_decref(o);
}

Test(control, stats_agree_with_what_clients_did)
{
	call_all();
	expect_all();
}

Test(control_own, so_they_do_with_several_loops)
{
	begin(3, 2);
	call_all();
	expect_all();
}

static int
slow(void *ctx, enum host_op op, const char *at)
{
	(void)ctx;
	(void)op;
	(void)at;
	(void)usleep(20000);
	return 0;
}

Test(control, a_latency_is_what_the_server_took_and_not_more)
{
	static char data[4096];
	struct fh file = check_file(&f.root, "file");
	json_int_t began = now_us(), max;
	json_t *o;

	host_set_hook(slow, NULL);
	OK(call_write(f.c, &file, 0, data, sizeof(data), FILE_SYNC, NULL));
	host_set_hook(NULL, NULL);
	o = ask_line("stats\n");
	max = ask_number(procedure(o, "WRITE"), "max_us");
	cr_expect_geq(max, 20000);
	cr_expect_leq(max, now_us() - began);
	json_decref(o);
}

Test(control, reset_max_measures_anew_and_tells_what_was)
{
	json_t *o;

	call_all();
	o = ask_line("stats reset-max\n");
	cr_expect_gt(ask_number(o, "loop_max_us"), 0);
	cr_expect_eq(ask_number(o, "calls"), 144);
	json_decref(o);
	o = ask_line("stats\n");
	cr_expect_eq(ask_number(o, "calls"), 144);
	json_decref(o);
}

static void
expect_alive(void)
{
	fattr3 a;

	OK(call_getattr(f.c, &f.root, &a));
}

static void
expect_usage(const void *line, size_t len)
{
	json_t *o = ask_bytes(line, len);

	cr_expect_str_eq(ask_text(o, "code"), "usage");
	json_decref(o);
}

Test(control, garbage_is_told_that_it_is_no_request)
{
	static const char *const words[] = { "\n", " status\n", "status \n",
	    "STATUS\n", "stats reset\n", "GET / HTTP/1.1\r\n", "{}\n",
	    "statusstatus\n", "status\r\n", "\xff\xfe\n", "unlock\n",
	    "unlock zz\n", "unlock 7\n" };
	unsigned char noise[256];
	unsigned i, k, seed = 1;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		expect_usage(words[i], strlen(words[i]));
	expect_usage("status\0\n", 8);
	for (i = 0; i < 200; i++) {
		for (k = 0; k < sizeof(noise) - 1; k++)
			noise[k] = (unsigned char)((seed = seed * 1103515245 +
			    12345) >> 16);
		noise[sizeof(noise) - 1] = '\n';
		expect_usage(noise, sizeof(noise));
	}
	expect_alive();
}

Test(control, only_the_first_line_is_a_request)
{
	json_t *o = ask_line("status\nstats\nstatus\n");

	cr_expect_eq(ask_number(o, "port"), 2049);
	cr_expect_null(json_object_get(o, "procedures"));
	json_decref(o);
}

Test(control, a_request_may_come_byte_by_byte)
{
	static const char line[] = "status\n";
	int fd = ask_dial(), i;
	char buf[4096];

	for (i = 0; line[i] != '\0'; i++) {
		cr_assert_eq(send(fd, line + i, 1, MSG_NOSIGNAL), 1);
		raw_sleep_ms(2);
	}
	cr_expect_gt(ask_hear(fd, buf, sizeof(buf)), 0);
	cr_expect_not_null(strstr(buf, "\"port\""));
}

Test(control, a_request_without_an_end_is_ended)
{
	static char line[8 * CONTROL_LINE_MAX], buf[4096];
	int fd = ask_dial();
	size_t sent = 0;
	ssize_t n;

	memset(line, 's', sizeof(line));
	while (sent < sizeof(line)) {
		struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

		cr_assert_eq(poll(&p, 1, RAW_WAIT_S * 1000), 1);
		if (p.revents & POLLIN)
			break;
		n = send(fd, line + sent, sizeof(line) - sent, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	(void)ask_hear(fd, buf, sizeof(buf));
	cr_expect_lt(sent, sizeof(line));
	expect_alive();
}

Test(control, half_a_request_is_no_request)
{
	char buf[64];
	int fd = ask_dial();

	cr_assert_eq(send(fd, "status", 6, MSG_NOSIGNAL), 6);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_expect_eq(ask_hear(fd, buf, sizeof(buf)), 0);
	expect_alive();
}

/* As many as there are places say nothing, and more than that wait. */
Test(control, who_says_nothing_is_closed_and_makes_room)
{
	int fd[CONTROL_CONNS], i;
	char buf[64];
	json_t *o;

	for (i = 0; i < CONTROL_CONNS; i++) {
		fd[i] = ask_dial();
		cr_assert_eq(send(fd[i], "sta", 3, MSG_NOSIGNAL), 3);
	}
	expect_alive();
	o = ask_line("status\n");		/* when their time is up */
	cr_expect_eq(ask_number(o, "port"), 2049);
	json_decref(o);
	for (i = 0; i < CONTROL_CONNS; i++)
		cr_expect_eq(ask_hear(fd[i], buf, sizeof(buf)), 0);
}

Test(control_own, who_takes_no_reply_stops_nobody)
{
	static char buf[2 << 20];
	int fd[CONTROL_CONNS], i;
	json_t *o;

	memset(huge, 'x', sizeof(huge) - 1);
	ask_about.state_dir = huge;		/* more than a socket takes */
	begin(1, 60);
	for (i = 0; i < CONTROL_CONNS - 1; i++) {
		fd[i] = ask_dial();
		cr_assert_eq(send(fd[i], "status\n", 7, MSG_NOSIGNAL), 7);
	}
	expect_alive();
	o = ask_line("status\n");		/* in pieces */
	cr_expect_str_eq(ask_text(o, "state_dir"), huge);
	json_decref(o);
	expect_alive();
	for (i = 0; i < CONTROL_CONNS - 1; i++)
		cr_expect_gt(ask_hear(fd[i], buf, sizeof(buf)), sizeof(huge));
}

Test(control, who_asks_and_goes_is_forgotten)
{
	int i, fd;

	for (i = 0; i < 300; i++) {
		fd = ask_dial();
		if (i % 3 != 0)
			(void)!send(fd, "stats\n", i % 3 == 1 ? 6 : 3,
			    MSG_NOSIGNAL);
		(void)close(fd);
	}
	json_decref(ask_line("status\n"));
	expect_alive();
}

Test(control_own, another_user_gets_no_answer)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char buf[64] = "";
	pid_t pid;
	int fd, st;

	if (geteuid() != 0)
		cr_skip_test("only root can become another user");
	begin(1, 2);
	/* as if the folder had been opened to all by mistake */
	cr_assert_eq(chmod(f.dir, 0755) | chmod(ask_dir, 0755) |
	    chmod(ask_path, 0777), 0);
	if ((pid = fork()) == 0) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		strcpy(sun.sun_path, ask_path);
		if (setuid(65534) == -1 || connect(fd,
		    (struct sockaddr *)&sun, sizeof(sun)) == -1)
			_exit(9);
		(void)!send(fd, "status\n", 7, MSG_NOSIGNAL);
		_exit(recv(fd, buf, sizeof(buf), 0) > 0);
	}
	cr_assert_eq(waitpid(pid, &st, 0), pid);
	cr_expect_eq(st, 0, "status %x", (unsigned)st);
	expect_alive();
}

Test(control, the_server_ends_while_somebody_asks)
{
	int fd = ask_dial();

	cr_assert_eq(send(fd, "sta", 3, MSG_NOSIGNAL), 3);
	fix_down(&f);
	(void)close(fd);
}
