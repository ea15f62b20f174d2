#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/log.h"

static int ends[2], saved_stderr;
static char got[8192];

/* Standard error is a pipe while a test runs. */
static void
setup(void)
{
	cr_assert_eq(pipe(ends), 0);
	saved_stderr = dup(STDERR_FILENO);
	cr_assert_neq(saved_stderr, -1);
	cr_assert_neq(dup2(ends[1], STDERR_FILENO), -1);
	close(ends[1]);
}

/* Give standard error back, and read what was written: at most 8 KiB. */
static const char *
written(void)
{
	size_t len = 0;
	ssize_t n;

	cr_assert_neq(dup2(saved_stderr, STDERR_FILENO), -1);
	close(saved_stderr);
	while ((n = read(ends[0], got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	close(ends[0]);
	return got;
}

TestSuite(log, .init = setup, .timeout = 60);

Test(log, a_line_says_who_how_bad_and_what)
{
	log_error("chunk %d of %s", 3, "d/x");
	log_warn("w");
	log_info("i");
	cr_expect_str_eq(written(), "vaultnfs: error: chunk 3 of d/x\n"
	    "vaultnfs: warn: w\nvaultnfs: info: i\n");
}

Test(log, debug_lines_are_dropped_unless_asked_for)
{
	log_debug("no");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("yes");
	cr_expect_str_eq(written(), "vaultnfs: debug: yes\n");
}

Test(log, lines_above_the_level_are_dropped)
{
	log_set_level(LOG_LEVEL_ERROR);
	log_debug("no");
	log_info("no");
	log_warn("no");
	log_error("yes");
	cr_expect_str_eq(written(), "vaultnfs: error: yes\n");
}

Test(log, control_characters_do_not_get_through)
{
	/* a second line, a colour, DEL, and CSI as UTF-8 has it */
	log_error("a\nvaultnfs: error: b\x1b[31m\r\t\x7f" "c\xc2\x9b" "d");
	cr_expect_str_eq(written(),
	    "vaultnfs: error: a?vaultnfs: error: b?[31m???c??d\n");
}

Test(log, letters_beyond_ascii_stay)
{
	log_error("Gr\xc3\xbc\xc3\x9f" "e \xc2\xa0 \xe2\x82\xac");
	cr_expect_str_eq(written(), "vaultnfs: error: "
	    "Gr\xc3\xbc\xc3\x9f" "e \xc2\xa0 \xe2\x82\xac\n");
}

Test(log, a_long_line_is_cut_at_one_kib_and_says_so)
{
	char text[3000];
	const char *line;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	line = written();
	cr_assert_eq(strlen(line), 1024);
	cr_expect_str_eq(line + 1024 - 5, "x...\n");
	cr_expect_eq(strchr(line, '\n'), line + 1023);
}

Test(log, a_line_of_exactly_one_kib_is_whole)
{
	char text[1025 - sizeof("vaultnfs: error: ")];
	const char *line;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	line = written();
	cr_assert_eq(strlen(line), 1024);
	cr_expect_str_eq(line + 1024 - 5, "xxxx\n");
}

Test(log, one_byte_more_than_one_kib_is_cut)
{
	char text[1026 - sizeof("vaultnfs: error: ")];
	const char *line;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	line = written();
	cr_assert_eq(strlen(line), 1024);
	cr_expect_str_eq(line + 1024 - 5, "x...\n");
}

Test(log, a_cut_never_falls_inside_a_letter)
{
	char text[3000];
	const char *line;
	size_t i, len;

	for (i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[i] = '\0';
	log_error("%s", text);
	line = written();
	len = strlen(line);
	cr_assert_leq(len, 1024);
	cr_expect_str_eq(line + len - 7, "\xe2\x82\xac...\n");
}

Test(log, errno_is_left_as_it_was)
{
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_error("nowhere to go");
	cr_expect_eq(errno, ENOSPC);
	(void)written();
}

static void *
chatter(void *arg)
{
	char letter = *(char *)arg;
	int i;

	for (i = 0; i < LOG_LINES_PER_S / 2; i++)
		log_info("%c%c%c%c", letter, letter, letter, letter);
	return NULL;
}

Test(log, lines_of_two_threads_do_not_mix)
{
	static char letters[2] = { 'a', 'b' };
	const char *p, head[] = "vaultnfs: info: ";
	pthread_t t[2];
	size_t i, lines = 0;

	for (i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&t[i], NULL, chatter,
		    &letters[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (p = written(); *p != '\0'; p += sizeof(head) - 1 + 5, lines++) {
		cr_assert_eq(strncmp(p, head, sizeof(head) - 1), 0);
		cr_assert(strncmp(p + sizeof(head) - 1, "aaaa\n", 5) == 0 ||
		    strncmp(p + sizeof(head) - 1, "bbbb\n", 5) == 0);
	}
	cr_expect_eq(lines, LOG_LINES_PER_S);
}

/* How many lines of got say "suppressed", and the sum of what they say. */
static unsigned
suppressed(const char *text, unsigned *sum)
{
	const char *p;
	unsigned n = 0, more;

	*sum = 0;
	for (p = text; (p = strchr(p, '\n')) != NULL; p++)
		if (sscanf(p + 1, "vaultnfs: warn: %u suppressed: flood ",
		    &more) == 1) {
			*sum += more;
			n++;
		}
	return n;
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

Test(log, a_flood_is_twenty_lines_a_second_and_the_number_of_the_others)
{
	time_t began = time(NULL), took;
	unsigned i, told, sum, lines;
	const char *text;

	log_warn("first");
	for (i = 0; i < 3000; i++)
		log_warn("flood %u", 7u);
	log_flush();
	log_flush();		/* tells nothing twice */
	took = time(NULL) - began;
	text = written();
	lines = count(text, "warn: flood 7\n");
	told = suppressed(text, &sum);
	cr_expect_eq(lines + sum, 3000, "%u and %u", lines, sum);
	cr_expect_geq(lines, LOG_LINES_PER_S);
	/* a machine may be slow, or between two seconds */
	cr_expect_leq(lines, (unsigned)(took + 2) * LOG_LINES_PER_S);
	cr_expect_leq(told, (unsigned)(took + 2));
	cr_expect_geq(told, 1);
	cr_expect_not_null(strstr(text, " suppressed: flood %u\n"));
}

Test(log, a_flood_leaves_other_messages_their_lines)
{
	unsigned i;

	for (i = 0; i < 3000; i++)
		log_warn("flood");
	log_warn("the one that matters");
	cr_expect_not_null(strstr(written(), "the one that matters\n"));
}

Test(log, what_a_flood_left_is_told_before_a_later_line)
{
	struct timespec t = { 1, 100000000 };
	const char *text, *told, *later;
	unsigned i;

	for (i = 0; i < 3000; i++)
		log_warn("flood %u", i);
	(void)nanosleep(&t, NULL);
	log_info("later");
	text = written();
	told = strstr(text, "suppressed: flood %u\n");
	later = strstr(text, "info: later\n");
	cr_assert_not_null(told);
	cr_assert_not_null(later);
	cr_expect_lt(told, later);
}

Test(log, more_messages_than_there_are_places_have_a_bound_together)
{
	static char fmt[400][16];
	unsigned i, k;

	for (i = 0; i < 400; i++)
		(void)snprintf(fmt[i], sizeof(fmt[i]), "m%u", i);
	for (k = 0; k < 2; k++)
		for (i = 0; i < 400; i++)
			log_warn(fmt[i], 0);
	log_flush();
	cr_expect_leq(count(written(), "warn: m"), 2 * 128 + 400);
	cr_expect_gt(count(got, " suppressed: "), 0);
}

/* -- names */

Test(log, the_hash_is_siphash)
{
	/* Aumasson and Bernstein, appendix A; and the empty one (vectors.h) */
	uint8_t key[16], data[15];
	unsigned i;

	for (i = 0; i < 16; i++)
		key[i] = (uint8_t)i;
	for (i = 0; i < 15; i++)
		data[i] = (uint8_t)i;
	cr_expect_eq(log_hash(key, data, 15), 0xa129ca6149be45e5);
	cr_expect_eq(log_hash(key, data, 0), 0x726fdb47dd0e0e31);
	cr_expect_eq(log_hash(key, data, 8), 0x93f5f5799a932462);
}

Test(log, a_name_is_a_hash_that_is_the_same_for_the_same_name)
{
	char a[LOG_NAME_SIZE], b[LOG_NAME_SIZE], c[LOG_NAME_SIZE];

	cr_expect_str_eq(log_name(a, "secret", 6), log_name(b, "secret", 6));
	cr_expect_str_neq(a, log_name(c, "secreu", 6));
	cr_expect_eq(strlen(a), 17);
	cr_expect_eq(a[0], '~');
	cr_expect_eq(strspn(a + 1, "0123456789abcdef"), 16);
	(void)written();
}

Test(log, a_name_is_clear_when_that_was_asked_for)
{
	char a[LOG_NAME_SIZE], euros[301];
	size_t i;

	log_set_names(true);
	cr_expect_str_eq(log_name(a, "secretX", 6), "'secret'");
	cr_expect_str_eq(log_name(a, "", 0), "''");
	for (i = 0; i < 300; i += 3)
		memcpy(euros + i, "\xe2\x82\xac", 3);
	euros[300] = '\0';
	(void)log_name(a, euros, 300);
	cr_expect_lt(strlen(a), LOG_NAME_SIZE);
	cr_expect_str_eq(a + strlen(a) - 7, "\xe2\x82\xac...'");
	cr_expect_eq((strlen(a) - 5) % 3, 0, "cut inside a letter");
	(void)written();
}
