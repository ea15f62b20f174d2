/* cmd_progress.c - one bar for the one terminal there is. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nfsd/cmd_out.h"

#define BAR_WIDTH	30	/* columns */
#define FIRST_MS	500	/* quiet for so long */
#define EVERY_MS	100

static struct {
	bool		on, drawn, colour, items;
	uint64_t	done, total;
	int64_t		start_ms, next_ms;
} bar;

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1234567 as "1.2 MiB". */
static void
human(uint64_t bytes, char *out, size_t len)
{
	static const char *const unit[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	double v = (double)bytes;
	unsigned i = 0;

	while (v >= 1024 && i < 6) {
		v /= 1024;
		i++;
	}
	(void)snprintf(out, len, i == 0 ? "%.0f %s" : "%.1f %s", v, unit[i]);
}

static void
show(uint64_t n, char *out, size_t len)
{
	if (bar.items)
		(void)snprintf(out, len, "%" PRIu64, n);
	else
		human(n, out, len);
}

static void
draw(int64_t now)
{
	char done[32], rate[32], line[256];
	unsigned filled;
	int n = 0;

	show(bar.done, done, sizeof(done));
	show(bar.done * 1000 / (uint64_t)(now - bar.start_ms + 1), rate,
	    sizeof(rate));
	if (bar.total != 0) {
		filled = bar.done >= bar.total ? BAR_WIDTH :
		    (unsigned)((double)bar.done / (double)bar.total *
		    BAR_WIDTH);
		n = snprintf(line, sizeof(line), "[%s%.*s%s%.*s] %3u%%  ",
		    bar.colour ? "\033[32m" : "", (int)filled,
		    "##############################",
		    bar.colour ? "\033[0m" : "", BAR_WIDTH - (int)filled,
		    "                              ",
		    (unsigned)((double)bar.done * 100 / (double)bar.total));
	}
	n += snprintf(line + n, sizeof(line) - (size_t)n, "%s  %s/s", done,
	    rate);
	fprintf(stderr, "\r%s\033[K", line);
	bar.drawn = true;
}

void
cmd_progress_start(uint64_t total)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	memset(&bar, 0, sizeof(bar));
	bar.on = isatty(STDERR_FILENO) && term != NULL &&
	    strcmp(term, "dumb") != 0;
	bar.colour = no == NULL || no[0] == '\0';
	bar.total = total;
	bar.start_ms = now_ms();
	bar.next_ms = bar.start_ms + FIRST_MS;
}

void
cmd_progress_items(void)
{
	bar.items = true;
}

bool
cmd_progress_shown(void)
{
	return bar.on;
}

void
cmd_progress_total(uint64_t total)
{
	bar.total = total;
}

void
cmd_progress_add(uint64_t bytes)
{
	int64_t now;

	bar.done += bytes;
	if (!bar.on || (now = now_ms()) < bar.next_ms)
		return;
	bar.next_ms = now + EVERY_MS;
	draw(now);
}

void
cmd_progress_clear(void)
{
	if (bar.drawn)
		fputs("\r\033[K", stderr);
	bar.drawn = false;
}

void
cmd_progress_end(void)
{
	cmd_progress_clear();
	bar.on = false;
}
