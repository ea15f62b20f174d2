/*
 * vaults.c - the file in which a user gives vaults names.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/stat.h>

#ifdef HAVE_CONFUSE
#include <confuse.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "nfsd/vaults.h"

#define SYSTEM_FILE	"/etc/vaultnfs.conf"
#define USER_FILE	"vaultnfs/vaultnfs.conf"

#ifdef HAVE_CONFUSE

/* libconfuse tells a function without a context: the first thing it says. */
static _Thread_local struct {
	int	line;
	char	text[160];
} complaint;

/* It counts lines to the end of a section: where the one that is sought was. */
static _Thread_local struct {
	const char	*name;
	int		 first, options;
} sought;

static int
note_line(cfg_t *sec, cfg_opt_t *opt)
{
	if (strcmp(cfg_title(sec), sought.name) != 0)
		return 0;
	if (sought.first == 0)
		sought.first = sec->line;
	if (strcmp(cfg_opt_name(opt), "options") == 0)
		sought.options = sec->line;
	return 0;
}

static void
complain(cfg_t *cfg, const char *fmt, va_list ap)
{
	if (complaint.text[0] != '\0')
		return;
	complaint.line = cfg == NULL ? 0 : cfg->line;
	(void)vsnprintf(complaint.text, sizeof(complaint.text), fmt, ap);
}

/* What somebody else can write could make us run their program. */
static int
check_owner(const char *file, FILE *f, bool named, struct verr *e)
{
	struct stat st;

	if (fstat(fileno(f), &st) == -1)
		return verr_sys(e, "%s", file);
	if (!S_ISREG(st.st_mode))
		return verr_fail(e, VERR_INVAL, "%s: not a file", file);
	if (st.st_mode & 022)
		return verr_fail(e, VERR_PERM, "%s: others can write it, and "
		    "it may name a program to run: chmod go-w it", file);
	/* root may be told of anybody's */
	if (st.st_uid != 0 && st.st_uid != geteuid() &&
	    !(named && geteuid() == 0))
		return verr_fail(e, VERR_PERM, "%s: it belongs to uid %lu",
		    file, (unsigned long)st.st_uid);
	return 0;
}

/* "~/x" is in the home of who calls. */
static int
set_path(char out[PATH_MAX], const char *text)
{
	const char *home = "";

	if (text == NULL)
		text = "";
	if (text[0] == '~' && (text[1] == '/' || text[1] == '\0') &&
	    (home = getenv("HOME")) != NULL)
		text++;
	return (size_t)snprintf(out, PATH_MAX, "%s%s", home == NULL ? "" :
	    home, text) < PATH_MAX ? 0 : -1;
}

static int
take(cfg_t *sec, const char *file, struct vaults_entry *v, struct verr *e)
{
	const char *options = cfg_getstr(sec, "options");

	(void)snprintf(v->file, sizeof(v->file), "%s", file);
	v->line = sought.options != 0 ? sought.options : sought.first != 0 ?
	    sought.first : sec->line;
	if (cfg_getstr(sec, "path") == NULL)
		return verr_fail(e, VERR_INVAL, "%s:%d: vault %s has no path; "
		    "say path = \"/folder/of/the/vault\"", file, v->line,
		    cfg_title(sec));
	if (set_path(v->path, cfg_getstr(sec, "path")) == -1 ||
	    set_path(v->mount, cfg_getstr(sec, "mount")) == -1 ||
	    (size_t)snprintf(v->options, sizeof(v->options), "%s",
	    options == NULL ? "" : options) >= sizeof(v->options))
		return verr_fail(e, VERR_INVAL, "%s:%d: vault %s: a value is "
		    "too long", file, v->line, cfg_title(sec));
	return 0;
}

/* An open file, by what libconfuse makes of it. */
static int
find_in(FILE *f, const char *file, const char *name, struct vaults_entry *v,
    struct verr *e)
{
	cfg_opt_t vault[] = {
		CFG_STR("path", NULL, CFGF_NONE),
		CFG_STR("mount", NULL, CFGF_NONE),
		CFG_STR("options", NULL, CFGF_NONE),
		CFG_END()
	};
	cfg_opt_t all[] = {
		CFG_SEC("vault", vault, CFGF_MULTI |
		    CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END()
	};
	cfg_t *cfg = cfg_init(all, CFGF_NONE), *sec;
	int rc;

	if (cfg == NULL)
		return verr_fail(e, VERR_NOMEM, "out of memory");
	complaint.text[0] = '\0';
	sought.name = name;
	sought.first = sought.options = 0;
	(void)cfg_set_validate_func(cfg, "vault|path", note_line);
	(void)cfg_set_validate_func(cfg, "vault|mount", note_line);
	(void)cfg_set_validate_func(cfg, "vault|options", note_line);
	(void)cfg_set_error_function(cfg, complain);
	if (cfg_parse_fp(cfg, f) != CFG_SUCCESS)
		rc = verr_fail(e, VERR_INVAL, "%s:%d: %s (see vaultnfs help "
		    "mount)", file, complaint.line, complaint.text[0] != '\0' ?
		    complaint.text : "not understood");
	else if ((sec = cfg_gettsec(cfg, "vault", name)) == NULL)
		rc = verr_fail(e, VERR_NOENT, "%s has no vault %s", file,
		    name);
	else
		rc = take(sec, file, v, e);
	(void)cfg_free(cfg);
	return rc;
}

static int
find_at(const char *file, bool named, const char *name,
    struct vaults_entry *v, struct verr *e)
{
	FILE *f;
	int rc;

	if ((f = fopen(file, "re")) == NULL)
		return verr_sys(e, "cannot read %s", file);
	rc = check_owner(file, f, named, e);
	if (rc == 0)
		rc = find_in(f, file, name, v, e);
	(void)fclose(f);
	return rc;
}

static bool
user_file(char *path, size_t cap)
{
	const char *s;

	if ((s = getenv("XDG_CONFIG_HOME")) != NULL && s[0] == '/')
		return (size_t)snprintf(path, cap, "%s/" USER_FILE, s) < cap;
	if ((s = getenv("HOME")) != NULL && s[0] == '/')
		return (size_t)snprintf(path, cap, "%s/.config/" USER_FILE,
		    s) < cap;
	return false;
}

int
vaults_find(const char *given, const char *name, struct vaults_entry *v,
    struct verr *e)
{
	char path[PATH_MAX];
	struct verr mine;

	memset(v, 0, sizeof(*v));
	if (given != NULL)
		return find_at(given, true, name, v, e);
	if (user_file(path, sizeof(path))) {
		if (find_at(path, false, name, v, &mine) == 0)
			return 0;
		if (mine.code != VERR_NOENT) {
			if (e != NULL)
				*e = mine;
			return -1;
		}
	}
	return find_at(SYSTEM_FILE, false, name, v, e);
}

#else

int
vaults_find(const char *given, const char *name, struct vaults_entry *v,
    struct verr *e)
{
	memset(v, 0, sizeof(*v));
	if (given == NULL)
		return verr_fail(e, VERR_NOENT, "%s is no folder, and this "
		    "vaultnfs was built without a configuration (libconfuse)",
		    name);
	return verr_fail(e, VERR_UNSUPPORTED, "%s: this vaultnfs was built "
	    "without libconfuse, which reads it", given);
}

#endif
