/*
 * vb_probe.c - /proc/PID, /proc/self/mountinfo and mountstats.
 */
#include "config.h"

#include <sys/param.h>
#include <sys/stat.h>
#ifdef HAVE_STRUCT_STATFS_F_FSTYPENAME
#include <sys/mount.h>
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/vb_probe.h"

#define LINE	8192u

/* Blanks in paths are \040 and so on. */
static void
unescape(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' &&
		    s[2] >= '0' && s[2] <= '7' && s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 +
			    (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Bytes of mount if it leads to dir; 0: it does not. */
static size_t
leads_to(const char *mount, const char *dir)
{
	size_t n = strlen(mount);

	if (n == 1 && mount[0] == '/')
		return 1;
	if (strncmp(mount, dir, n) != 0 ||
	    (dir[n] != '/' && dir[n] != '\0'))
		return 0;
	return n;
}

/* "36 35 98:0 /root /mount options ... - type source options" */
static void
type_of_line(char *line, const char *dir, size_t *best, char *name, size_t size)
{
	char *mount, *dash;
	size_t n;
	int i;

	dash = strstr(line, " - ");
	mount = strtok(line, " ");
	for (i = 0; i < 4 && mount != NULL; i++)
		mount = strtok(NULL, " ");
	if (mount == NULL || dash == NULL)
		return;
	unescape(mount);
	n = leads_to(mount, dir);
	if (n < *best || n == 0)
		return;
	*best = n;	/* a later mount on the same place covers the earlier */
	n = strcspn(dash + 3, " ");
	(void)snprintf(name, size, "%.*s", (int)n, dash + 3);
}

void
vb_probe_fs(const char *dir, char *name, size_t size)
{
	char line[LINE];
	size_t best = 0;
	FILE *f;

	(void)snprintf(name, size, "unknown");
#ifdef HAVE_STRUCT_STATFS_F_FSTYPENAME
	struct statfs sfs;

	if (statfs(dir, &sfs) == 0)
		(void)snprintf(name, size, "%s", sfs.f_fstypename);
#endif
	if ((f = fopen("/proc/self/mountinfo", "r")) == NULL)
		return;
	while (fgets(line, sizeof(line), f) != NULL)
		type_of_line(line, dir, &best, name, size);
	(void)fclose(f);
}

/* utime and stime are fields 14 and 15; the name in brackets may have blanks */
static double
cpu_by_ticks(pid_t pid)
{
	unsigned long utime, stime;
	char path[64], text[2048], *p;
	size_t n;
	FILE *f;
	int i;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	if ((p = strrchr(text, ')')) == NULL)
		return -1;
	for (i = 2; i < 14 && p != NULL; i++)
		p = strchr(p + 1, ' ');
	if (p == NULL || sscanf(p, "%lu %lu", &utime, &stime) != 2)
		return -1;
	return (double)(utime + stime) / (double)sysconf(_SC_CLK_TCK);
}

double
vb_probe_cpu(pid_t pid)
{
#ifdef HAVE_CLOCK_GETCPUCLOCKID
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0 &&
	    clock_gettime(clock, &t) == 0)
		return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
#endif
	return cpu_by_ticks(pid);
}

long
vb_probe_peak_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (kib == -1 && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	}
	(void)fclose(f);
	return kib;
}

/*
 * "device SOURCE mounted on MOUNT with fstype TYPE ...".  True for a mount that
 * leads to dir better than those before.
 */
static bool
device_leads(char *line, const char *dir, size_t *best, bool *is_nfs)
{
	char *mount, *type;
	size_t n;

	mount = strstr(line, " mounted on ");
	if (mount == NULL || (type = strstr(mount, " with fstype ")) == NULL)
		return false;
	*type = '\0';
	type += strlen(" with fstype ");
	mount += strlen(" mounted on ");
	unescape(mount);
	n = leads_to(mount, dir);
	if (n == 0 || n < *best)
		return false;
	*best = n;
	*is_nfs = strncmp(type, "nfs ", 4) == 0 ||
	    strncmp(type, "nfs4 ", 5) == 0;
	return true;
}

/* "   GETATTR: OPS TRANSMISSIONS ..." */
static void
add_line(const char *line, struct vb_rpcs *r)
{
	struct vb_rpc *p = &r->v[r->n];

	if (r->n < VB_PROBE_PROCS &&
	    sscanf(line, " %23[A-Z0-9_]: %" SCNu64, p->name, &p->count) == 2)
		r->n++;
}

void
vb_probe_mountstats(FILE *f, const char *dir, struct vb_rpcs *r)
{
	bool ours = false, procs = false, is_nfs = false;
	char line[LINE];
	size_t best = 0;

	memset(r, 0, sizeof(*r));
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "device ", 7) == 0) {
			procs = false;
			if ((ours = device_leads(line, dir, &best, &is_nfs))) {
				r->n = 0;
				r->known = is_nfs;
			}
		} else if (strstr(line, "per-op statistics") != NULL) {
			procs = ours;
		} else if (procs) {
			add_line(line, r);
		}
	}
}

void
vb_probe_rpcs(const char *dir, struct vb_rpcs *r)
{
	FILE *f;

	memset(r, 0, sizeof(*r));
	if ((f = fopen("/proc/self/mountstats", "r")) == NULL)
		return;
	vb_probe_mountstats(f, dir, r);
	(void)fclose(f);
}

void
vb_probe_since(struct vb_rpcs *now, const struct vb_rpcs *before)
{
	size_t i;

	if (!before->known || before->n != now->n)
		now->known = false;
	for (i = 0; now->known && i < now->n; i++) {
		if (now->v[i].count < before->v[i].count)
			now->known = false;
		else
			now->v[i].count -= before->v[i].count;
	}
}
