/*
 * pass_tty.c - a line from the terminal without echo.
 *
 * The terminal must come back with its echo whatever happens.  So signals that
 * kill or stop are caught while it is off (without SA_RESTART, so that read()
 * returns), the terminal is put back, and only then is the signal sent again.
 * Who comes back from a stop is asked anew.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/verr.h"
#include "nfsd/pass.h"

static const int caught[] = {
	SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU
};
#define NCAUGHT	(sizeof(caught) / sizeof(caught[0]))

static volatile sig_atomic_t seen;	/* the signal that came, or 0 */

static void
note(int sig)
{
	seen = sig;
}

static void
catch_signals(struct sigaction old[NCAUGHT])
{
	struct sigaction sa;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = note;
	(void)sigemptyset(&sa.sa_mask);
	seen = 0;
	for (i = 0; i < NCAUGHT; i++) {
		(void)sigaction(caught[i], &sa, &old[i]);
		/* what the parent chose to ignore stays ignored */
		if (old[i].sa_handler == SIG_IGN)
			(void)sigaction(caught[i], &old[i], NULL);
	}
}

static void
release_signals(const struct sigaction old[NCAUGHT])
{
	size_t i;

	for (i = 0; i < NCAUGHT; i++)
		(void)sigaction(caught[i], &old[i], NULL);
}

static void
say(int fd, const char *text)
{
	/* a terminal that takes no prompt gives no password either */
	if (write(fd, text, strlen(text)) == -1)
		return;
}

/*
 * Bytes up to the newline; -1 with errno: EINTR when a signal came, 0 when the
 * terminal ended before the first byte.
 */
static long
get_line(int fd, char *buf)
{
	size_t len = 0;
	ssize_t n;

	while (len < PASS_MAX + 1) {
		if (seen != 0) {
			errno = EINTR;
			return -1;
		}
		n = read(fd, buf + len, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0 && len == 0) {
			errno = 0;
			return -1;
		}
		if (n == 0 || buf[len] == '\n')
			break;
		len++;
	}
	return (long)len;
}

/* One prompt and one line with the echo off. */
static long
prompt_once(int fd, const char *prompt, char *buf)
{
	struct sigaction old[NCAUGHT];
	struct termios was, quiet;
	long n;
	int err;

	if (tcgetattr(fd, &was) == -1)
		return -1;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;

	catch_signals(old);
	if (tcsetattr(fd, TCSAFLUSH, &quiet) == 0) {
		say(fd, prompt);
		say(fd, ": ");
		n = get_line(fd, buf);
		err = errno;
		say(fd, "\n");
		(void)tcsetattr(fd, TCSAFLUSH, &was);
	} else {
		err = errno;
		n = -1;
	}
	release_signals(old);
	errno = err;
	return n;
}

long
pass_tty_line(int fd, const char *prompt, char *buf, struct verr *e)
{
	long n;

	for (;;) {
		n = prompt_once(fd, prompt, buf);
		if (seen == 0)
			break;
		secret_zero(buf, PASS_MAX + 2);
		(void)kill(getpid(), seen);
		seen = 0;
	}
	if (n == -1 && errno == 0)
		return verr_fail(e, VERR_INVAL, "no password was given");
	if (n == -1)
		return verr_sys(e, "cannot ask for the password");
	return n;
}
