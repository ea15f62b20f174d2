#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define LINE_SIZE	1024	/* bytes, the newline included */
#define CUT_MARK	"..."

static atomic_int log_level = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

/*
 * A line must stay one line, and must not steer the terminal it is shown on:
 * no C0 or DEL, and no C1 in UTF-8 (C2 80 to C2 9F; 9B alone starts a
 * control sequence on some terminals).
 */
static void
tame(char *s, size_t len)
{
	size_t i;
	unsigned char c;

	for (i = 0; i < len; i++) {
		c = (unsigned char)s[i];
		if (c < 0x20 || c == 0x7f)
			s[i] = '?';
		else if (c == 0xc2 && i + 1 < len &&
		    ((unsigned char)s[i + 1] & 0xe0) == 0x80)
			s[i] = s[i + 1] = '?';
	}
}

static void
emit(enum log_level level, const char *word, const char *fmt, va_list ap)
{
	char line[LINE_SIZE];
	const size_t room = sizeof(line) - 1;	/* the newline's place */
	size_t head, len;
	ssize_t done;
	int n, saved = errno;

	if ((int)level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	head = (size_t)snprintf(line, sizeof(line), "vaultnfs: %s: ", word);
	n = vsnprintf(line + head, sizeof(line) - head, fmt, ap);
	len = head + (n > 0 ? (size_t)n : 0);
	if (len > room) {
		len = room - strlen(CUT_MARK);
		/* not within a UTF-8 sequence: line[len] begins one */
		while (len > head && (line[len] & 0xc0) == 0x80)
			len--;
		memcpy(line + len, CUT_MARK, strlen(CUT_MARK));
		len += strlen(CUT_MARK);
	}
	tame(line + head, len - head);
	line[len++] = '\n';
	do
		done = write(STDERR_FILENO, line, len);
	while (done == -1 && errno == EINTR);
	errno = saved;
}

#define EMIT(level, word, fmt) do {					\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	emit(level, word, fmt, ap);					\
	va_end(ap);							\
} while (0)

void
log_error(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_ERROR, "error", fmt);
}

void
log_warn(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_WARN, "warn", fmt);
}

void
log_info(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_INFO, "info", fmt);
}

void
log_debug(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_DEBUG, "debug", fmt);
}
