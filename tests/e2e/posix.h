/*
 * posix.h - assertions on a file system, one line of output for each.
 *
 * A line is "ok NAME" or "not ok NAME: what was seen"; names are unique, so
 * that the outputs for several file systems can be put side by side.  Parts
 * are numbered within a section.
 */
#ifndef TESTS_E2E_POSIX_H
#define TESTS_E2E_POSIX_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#define POSIX_USER	1001u	/* who owns what the sections make */
#define POSIX_OTHER	1002u
#define POSIX_GROUP	2000u	/* both are in it when asked for */

/* A new section, in a new directory of its own, which is the current one. */
void posix_section(const char *name);

/* rc of a system call: want is 0 or the errno that it must fail with. */
void posix_is(const char *name, long rc, int want);
void posix_true(const char *name, bool so);
void posix_same(const char *name, long long seen, long long want);

/* The same calls as another user with these groups; what they return. */
typedef long posix_fn(void *arg);
long posix_as(uid_t uid, gid_t gid, gid_t group, posix_fn *fn, void *arg);

/* Short words for what tests do all the time; -1 and errno. */
long posix_file(const char *path, mode_t mode);		/* new and empty */
long posix_write(const char *path, const char *text);	/* the whole file */
long posix_open(const char *path, int flags);		/* and close again */
mode_t posix_mode(const char *path);			/* 07777; -1 */
struct stat posix_stat(const char *path);		/* lstat; or zeroes */
const char *posix_name(char c, unsigned len);		/* ccc...; static */

void posix_names(void);
void posix_files(void);
void posix_links(void);
void posix_renames(void);
void posix_attrs(void);
void posix_rights(void);

#endif /* TESTS_E2E_POSIX_H */
