/*
 * mount_opts.c - options of the kernels' NFS clients, and our defaults.
 *
 * Sources: nfs(5) and Linux fs/nfs/fs_context.c; mount_nfs(8) of macOS,
 * FreeBSD, OpenBSD.  Why each default:
 *
 * hard	  a program waits when the server is away; with soft it gets errors
 *	  that few look at, and data is lost.
 * rsize, wsize	 the largest that the client takes.
 * readahead	Linux has 128 KiB whatever rsize is; the mount sets it by sysfs.
 *		Elsewhere it is a count of blocks.
 * lock	  the client keeps locks by itself: there is no lock server, and
 *	  nobody else mounts this.
 * nosuid, nodev	what lies in a vault must not become root.
 * noacl  Linux would ask for a protocol that is not there.
 * noresvport  macOS and FreeBSD: users may mount.  Linux: root mounts, and a
 *	  reserved port is one more thing that others do not have.
 * deadtimeout	macOS: a dead server's mount goes by itself.
 *
 * acregmin and the like stay the client's own: who has a folder synced from
 * underneath wants to see changes, and who does not may raise them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/mount_opts.h"

#if defined(__linux__)
const enum mount_system mount_opts_here = MOUNT_LINUX;
#elif defined(__APPLE__)
const enum mount_system mount_opts_here = MOUNT_DARWIN;
#elif defined(__FreeBSD__)
const enum mount_system mount_opts_here = MOUNT_FREEBSD;
#else
const enum mount_system mount_opts_here = MOUNT_OPENBSD;
#endif

/*
 * For each system: NULL, it has no such option; NO, not given unless asked
 * for; ON, a flag that is given; else the value that is given.
 */
#define NO	"-"
#define ON	"+"
#define NONE	NULL

static const struct row {
	const char	*name;
	const char	*group;		/* one of a group at a time */
	bool		 takes_value;
	const char	*preset[MOUNT_SYSTEMS];
} rows[] = {
	/*			      Linux	 macOS	   FreeBSD  OpenBSD */
	{ "hard", "hard", false,    { ON,	 NONE,	   NONE,    NONE } },
	{ "soft", "hard", false,    { NO,	 NO,	   NO,	    NO } },
	{ "softreval", "reval", false, { NO,	 NONE,	   NONE,    NONE } },
	{ "timeo", "timeo", true,   { NO,	 NO,	   NO,	    NO } },
	{ "retrans", "retrans", true, { NO,	 NO,	   NO,	    NO } },
	{ "rsize", "rsize", true,   { "1048576", "1048576", "65536",
	    "32768" } },
	{ "wsize", "wsize", true,   { "1048576", "1048576", "65536",
	    "32768" } },
	{ "readahead", "readahead", true, { "4096", "16", "4", "4" } },
	{ "nconnect", "nconnect", true, { NO,	 NONE,	   NO,	    NONE } },
	{ "acregmin", "acregmin", true, { NO,	 NO,	   NO,	    NO } },
	{ "acregmax", "acregmax", true, { NO,	 NO,	   NO,	    NO } },
	{ "acdirmin", "acdirmin", true, { NO,	 NO,	   NO,	    NO } },
	{ "acdirmax", "acdirmax", true, { NO,	 NO,	   NO,	    NO } },
	{ "actimeo", "actimeo", true, { NO,	 NO,	   NONE,    NONE } },
	{ "ac", "ac", false,	    { NO,	 NO,	   NONE,    NONE } },
	{ "noac", "ac", false,	    { NO,	 NO,	   NONE,    NONE } },
	{ "cto", "cto", false,	    { NO,	 NONE,	   NONE,    NONE } },
	{ "nocto", "cto", false,    { NO,	 NONE,	   NO,	    NONE } },
	{ "lookupcache", "lookupcache", true, { NO, NONE,  NONE,    NONE } },
	{ "nonegnamecache", "neg", false, { NONE, NO,	   NONE,    NONE } },
	{ "rdirplus", "rdirplus", false, { NO,	 ON,	   ON,	    NO } },
	{ "nordirplus", "rdirplus", false, { NO, NO,	   NONE,    NONE } },
	{ "acl", "acl", false,	    { NO,	 NONE,	   NONE,    NONE } },
	{ "noacl", "acl", false,    { ON,	 NONE,	   NONE,    NONE } },
	{ "nolock", "lock", false,  { ON,	 NONE,	   NONE,    NONE } },
	{ "locallocks", "lock", false, { NONE,	 ON,	   NONE,    NONE } },
	{ "nolockd", "lock", false, { NONE,	 NONE,	   ON,	    NONE } },
	{ "resvport", "resvport", false, { NO,	 NO,	   NO,	    NONE } },
	{ "noresvport", "resvport", false, { NO, ON,	   ON,	    NONE } },
	{ "suid", "suid", false,    { NO,	 NO,	   NO,	    NO } },
	{ "nosuid", "suid", false,  { ON,	 ON,	   ON,	    ON } },
	{ "dev", "dev", false,	    { NO,	 NO,	   NONE,    NO } },
	{ "nodev", "dev", false,    { ON,	 ON,	   NONE,    ON } },
	{ "exec", "exec", false,    { NO,	 NO,	   NO,	    NO } },
	{ "noexec", "exec", false,  { NO,	 NO,	   NO,	    NO } },
	{ "atime", "atime", false,  { NO,	 NO,	   NO,	    NO } },
	{ "noatime", "atime", false, { NO,	 NO,	   NO,	    NO } },
	{ "relatime", "atime", false, { NO,	 NONE,	   NONE,    NONE } },
	{ "nodiratime", "diratime", false, { NO, NONE,	   NONE,    NONE } },
	{ "sync", "sync", false,    { NO,	 NO,	   NO,	    NO } },
	{ "async", "sync", false,   { NO,	 NO,	   NO,	    NO } },
	{ "intr", "intr", false,    { NO,	 ON,	   ON,	    NO } },
	{ "nobrowse", "browse", false, { NONE,	 ON,	   NONE,    NONE } },
	{ "browse", "browse", false, { NONE,	 NO,	   NONE,    NONE } },
	{ "deadtimeout", "dead", true, { NONE,	 "45",	   NONE,    NONE } },
	{ "mutejukebox", "mute", false, { NONE,	 ON,	   NONE,    NONE } },
	{ "nfc", "nfc", false,	    { NONE,	 ON,	   NONE,    NONE } },
};

#define NROWS	(sizeof(rows) / sizeof(rows[0]))

/* The row of "name" or "name=value"; NULL: there is none. */
static const struct row *
row_of(const char *word)
{
	size_t i, len = strcspn(word, "=");

	for (i = 0; i < NROWS; i++)
		if (strncmp(rows[i].name, word, len) == 0 &&
		    rows[i].name[len] == '\0')
			return &rows[i];
	return NULL;
}

bool
mount_opts_known(const char *word)
{
	return row_of(word) != NULL;
}

static void
take_out(struct mount_opts *o, const char *group)
{
	unsigned i, kept = 0;

	for (i = 0; i < o->n; i++) {
		if (strcmp(row_of(o->word[i])->group, group) == 0)
			continue;
		if (kept != i)
			memcpy(o->word[kept], o->word[i], MOUNT_WORD_MAX);
		kept++;
	}
	o->n = kept;
}

void
mount_opts_init(struct mount_opts *o, enum mount_system sys)
{
	const char *preset;
	size_t i;

	o->n = 0;
	for (i = 0; i < NROWS; i++) {
		preset = rows[i].preset[sys];
		if (preset == NULL || strcmp(preset, NO) == 0)
			continue;
		(void)snprintf(o->word[o->n++], MOUNT_WORD_MAX, "%s%s%s",
		    rows[i].name, rows[i].takes_value ? "=" : "",
		    rows[i].takes_value ? preset : "");
	}
}

int
mount_opts_add(struct mount_opts *o, enum mount_system sys, const char *word,
    struct verr *e)
{
	const struct row *r = row_of(word);
	const char *value = strchr(word, '=');

	if (r == NULL || r->preset[sys] == NULL)
		return verr_fail(e, VERR_NOENT, "option %s: %s", word,
		    r == NULL ? "there is none of that name" :
		    "this system's NFS client has no such option");
	if (r->takes_value != (value != NULL) ||
	    (value != NULL && value[1] == '\0'))
		return verr_fail(e, VERR_INVAL, "option %s: %s", word,
		    r->takes_value ? "needs a value" : "takes no value");
	if (strlen(word) >= MOUNT_WORD_MAX)
		return verr_fail(e, VERR_INVAL, "option %s: too long",
		    r->name);
	take_out(o, r->group);
	if (o->n == MOUNT_WORDS_MAX)
		return verr_fail(e, VERR_INVAL, "too many options");
	strcpy(o->word[o->n++], word);
	return 0;
}

const char *
mount_opts_get(const struct mount_opts *o, const char *name)
{
	size_t len = strlen(name);
	unsigned i;

	for (i = 0; i < o->n; i++) {
		if (strncmp(o->word[i], name, len) != 0)
			continue;
		if (o->word[i][len] == '\0')
			return "";
		if (o->word[i][len] == '=')
			return o->word[i] + len + 1;
	}
	return NULL;
}

long
mount_opts_number(const struct mount_opts *o, const char *name, long other)
{
	const char *text = mount_opts_get(o, name);
	char *end;
	long n;

	if (text == NULL || text[0] == '\0')
		return other;
	n = strtol(text, &end, 10);
	return *end == '\0' && n >= 0 ? n : other;
}
