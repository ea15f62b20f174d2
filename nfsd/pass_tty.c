/*
 * pass_tty.c - a line from the terminal without echo.
 *
 * The terminal must come back with its echo whatever happens.  So signals that
 * kill or stop are caught while it is off, and let in only while nothing is
 * done but wait for a line, so that none is lost.  Then the terminal is put
 * back, and only after that is the signal sent again.  Who comes back from a
 * stop is asked anew.
 */
#include "config.h"

#include <sys/select.h>

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

/* Caught, and blocked but for those who wait with the mask *open. */
static void
catch_signals(struct sigaction old[NCAUGHT], sigset_t *open)
{
	struct sigaction sa;
	sigset_t all;
	size_t i;

	(void)sigemptyset(&all);
	for (i = 0; i < NCAUGHT; i++)
		(void)sigaddset(&all, caught[i]);
	(void)sigprocmask(SIG_BLOCK, &all, open);
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
release_signals(const struct sigaction old[NCAUGHT], const sigset_t *open)
{
	size_t i;

	for (i = 0; i < NCAUGHT; i++)
		(void)sigaction(caught[i], &old[i], NULL);
	(void)sigprocmask(SIG_SETMASK, open, NULL);
}

/* True once there is something to read; false: a signal came, or errno. */
static bool
wait_for(int fd, const sigset_t *open)
{
	fd_set fds;

	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	return pselect(fd + 1, &fds, NULL, NULL, NULL, open) == 1;
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
get_line(int fd, const sigset_t *open, char *buf)
{
	size_t len = 0;
	ssize_t n;

	while (len < PASS_LEN_MAX + 1) {
		if (seen != 0) {
			errno = EINTR;
			return -1;
		}
		n = wait_for(fd, open) ? read(fd, buf + len, 1) : -1;
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
	sigset_t open;
	long n;
	int err;

	if (tcgetattr(fd, &was) == -1)
		return -1;
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;

	catch_signals(old, &open);
	if (tcsetattr(fd, TCSAFLUSH, &quiet) == 0) {
		say(fd, prompt);
		say(fd, ": ");
		n = get_line(fd, &open, buf);
		err = errno;
		say(fd, "\n");
		(void)tcsetattr(fd, TCSAFLUSH, &was);
	} else {
		err = errno;
		n = -1;
	}
	release_signals(old, &open);
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
		secret_zero(buf, PASS_LEN_MAX + 2);
		(void)kill(getpid(), seen);
		seen = 0;
	}
	if (n == -1 && errno == 0)
		return verr_fail(e, VERR_INVAL, "no password was given");
	if (n == -1)
		return verr_sys(e, "cannot ask for the password");
	return n;
}
