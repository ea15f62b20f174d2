#include "config.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/nl_server.h"

/* A whole small file, NUL-terminated; false: it is not there. */
static bool
slurp(char *buf, size_t cap, const char *path)
{
	size_t n;
	FILE *f;

	if ((f = fopen(path, "r")) == NULL)
		return false;
	n = fread(buf, 1, cap - 1, f);
	buf[n] = '\0';
	(void)fclose(f);
	return n > 0;
}

/* proc(5): time on the processor, time waiting for one, time slices. */
static bool
add_schedstat(const char *task, uint64_t *ns)
{
	char path[96], text[128];

	(void)snprintf(path, sizeof(path), "%s/schedstat", task);
	if (!slurp(text, sizeof(text), path))
		return false;
	*ns += strtoull(text, NULL, 10);
	return true;
}

static void
add_switches(const char *task, uint64_t *n)
{
	char path[96], text[4096];
	const char *p;

	(void)snprintf(path, sizeof(path), "%s/status", task);
	if (!slurp(text, sizeof(text), path))
		return;
	for (p = text; (p = strstr(p, "voluntary_ctxt_switches:")) != NULL;
	    p++)
		*n += strtoull(strchr(p, ':') + 1, NULL, 10);
}

/* proc(5): fields 14 and 15, counted behind the name in parentheses. */
static uint64_t
stat_ns(int pid)
{
	uint64_t user = 0, sys = 0;
	char path[64], text[1024];
	const char *p;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!slurp(text, sizeof(text), path) ||
	    (p = strrchr(text, ')')) == NULL ||
	    sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %"
	    SCNu64 " %" SCNu64, &user, &sys) != 2)
		return 0;
	return (user + sys) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void
add_process(int pid, struct nl_server *s)
{
	struct nl_server_thread *t;
	char path[64], task[80];
	struct dirent *d;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	if ((dir = opendir(path)) == NULL)
		return;
	while ((d = readdir(dir)) != NULL && s->n < NL_SERVER_THREADS) {
		if (d->d_name[0] == '.')
			continue;
		(void)snprintf(task, sizeof(task), "%s/%.12s", path,
		    d->d_name);
		t = &s->thread[s->n++];
		t->tid = atoi(d->d_name);
		s->exact = add_schedstat(task, &t->cpu_ns) && s->exact;
		add_switches(task, &t->switches);
	}
	(void)closedir(dir);
	s->stat_ns += stat_ns(pid);
	s->known = true;
}

void
nl_server_look(const int *pids, struct nl_server *s)
{
	memset(s, 0, sizeof(*s));
	s->exact = true;
	for (; *pids != 0; pids++)
		add_process(*pids, s);
}

bool
nl_server_used(const struct nl_server *before, const struct nl_server *after,
    uint64_t *cpu_ns, uint64_t *switches)
{
	unsigned i, k;

	*cpu_ns = *switches = 0;
	for (i = 0; i < after->n; i++) {
		*cpu_ns += after->thread[i].cpu_ns;
		*switches += after->thread[i].switches;
		for (k = 0; k < before->n; k++) {
			if (before->thread[k].tid != after->thread[i].tid)
				continue;
			*cpu_ns -= before->thread[k].cpu_ns;
			*switches -= before->thread[k].switches;
			break;
		}
	}
	if (!before->exact || !after->exact)
		*cpu_ns = after->stat_ns - before->stat_ns;
	return before->known && after->known;
}
