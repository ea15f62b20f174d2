/*
 * check.h - what the tests of the procedures have in common: one fixture, and
 * short words for the status that a call must have.
 */
#ifndef TESTS_PROTO_CHECK_H
#define TESTS_PROTO_CHECK_H

#include <criterion/criterion.h>

#include "tests/proto/list.h"

static struct fix f;

/* The call ends with NFS3ERR_name: IS(NOENT, call_lookup(...)). */
#define IS(name, call)							\
	do {								\
		int st_ = (call);					\
		cr_assert_eq(st_, WIRE_NFS3ERR_##name,			\
		    "status %d instead of " #name, st_);		\
	} while (0)

#define OK(call)							\
	do {								\
		int st_ = (call);					\
		cr_assert_eq(st_, WIRE_NFS3_OK, "status %d", st_);	\
	} while (0)

static inline bool
check_same_time(const nfstime3 *a, const nfstime3 *b)
{
	return a->seconds == b->seconds && a->nseconds == b->nseconds;
}

/* post_op_attr and wcc_data that must be there. */
static inline const fattr3 *
check_attr(const post_op_attr *a)
{
	cr_assert(a->attributes_follow, "no attributes");
	return &a->post_op_attr_u.attributes;
}

static inline const fattr3 *
check_after(const wcc_data *w)
{
	return check_attr(&w->after);
}

/* A new file or directory in dir. */
static inline struct fh
check_file(const struct fh *dir, const char *name)
{
	sattr3 s = call_mode(0644);
	struct reply r;

	OK(call_create(f.c, dir, name, GUARDED, &s, &r));
	cr_assert(r.have_fh);
	return r.fh;
}

static inline struct fh
check_dir(const struct fh *dir, const char *name)
{
	sattr3 s = call_mode(0755);
	struct reply r;

	OK(call_mkdir(f.c, dir, name, &s, &r));
	cr_assert(r.have_fh);
	return r.fh;
}

#endif /* TESTS_PROTO_CHECK_H */
