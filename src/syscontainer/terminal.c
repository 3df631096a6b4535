/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the modes of the terminal that we run on. */
#include "syscontainer/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DETACH_PREFIX 1 /* Ctrl-a */
#define DETACH_KEY    'q'

static struct terminal *to_restore;

static void restore_at_exit(void)
{
	if (to_restore)
		terminal_restore(to_restore);
}

static void restore_on_signal(int number)
{
	if (to_restore)
		tcsetattr(STDIN_FILENO, TCSANOW, &to_restore->saved);
	signal(number, SIG_DFL);
	raise(number);
}

void terminal_make_raw(struct terminal *terminal)
{
	static const int deadly[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
		return;
	raw = terminal->saved;
	cfmakeraw(&raw);
	to_restore = terminal;
	atexit(restore_at_exit);
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		signal(deadly[i], restore_on_signal);
	terminal->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void terminal_restore(struct terminal *terminal)
{
	if (terminal->is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->saved);
	terminal->is_raw = false;
	to_restore = NULL;
}

bool terminal_get_size(unsigned *ret_rows, unsigned *ret_columns)
{
	struct winsize size;

	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
			continue;
		*ret_rows = size.ws_row;
		*ret_columns = size.ws_col;
		return true;
	}
	return false;
}

long terminal_filter(struct terminal *terminal, char *bytes, size_t length)
{
	/* A prefix kept back from the last call may come out first: reading one byte ahead of writing leaves room for it. */
	const char *typed = memmove(bytes + 1, bytes, length);
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		if (terminal->saw_prefix) {
			terminal->saw_prefix = false;
			if (typed[i] == DETACH_KEY)
				return -1;
			bytes[count++] = DETACH_PREFIX;
			if (typed[i] == DETACH_PREFIX)
				continue;
		} else if (typed[i] == DETACH_PREFIX) {
			terminal->saw_prefix = true;
			continue;
		}
		bytes[count++] = typed[i];
	}
	return (long)count;
}

int terminal_watch_size(struct error *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? error_set_errno(err, "cannot watch the size of the terminal") : fd;
}
