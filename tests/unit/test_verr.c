#include "config.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/verr.h"

Test(verr, a_failure_is_minus_one_with_code_and_text)
{
	struct verr e;

	cr_expect_eq(verr_fail(&e, VERR_DAMAGED, "%s: chunk %d", "d/x", 7), -1);
	cr_expect_eq(e.code, VERR_DAMAGED);
	cr_expect_eq(e.sys, 0);
	cr_expect_str_eq(e.text, "d/x: chunk 7");
}

Test(verr, errno_is_left_as_it_was)
{
	struct verr e;

	errno = ENOSPC;
	verr_fail(&e, VERR_INVAL, "x");
	cr_expect_eq(errno, ENOSPC);
	verr_code(&e, VERR_NOENT);
	cr_expect_eq(errno, ENOSPC);
	verr_sys(&e, "x");
	cr_expect_eq(errno, ENOSPC);
	verr_sys(NULL, "x");
	cr_expect_eq(errno, ENOSPC);
}

Test(verr, null_is_a_caller_who_does_not_care)
{
	cr_expect_eq(verr_fail(NULL, VERR_IO, "x %d", 1), -1);
	cr_expect_eq(verr_sys(NULL, "x %d", 1), -1);
	cr_expect_eq(verr_code(NULL, VERR_IO), -1);
}

Test(verr, a_system_error_names_its_reason)
{
	struct verr e;

	errno = EDQUOT;
	cr_expect_eq(verr_sys(&e, "write of %s", "d/AB/x.c9r"), -1);
	cr_expect_eq(e.code, VERR_DQUOT);
	cr_expect_eq(e.sys, EDQUOT);
	cr_expect_eq(strncmp(e.text, "write of d/AB/x.c9r: ", 21), 0);
	cr_expect_str_eq(e.text + 21, strerror(EDQUOT));
}

Test(verr, a_long_sentence_keeps_its_reason_and_its_end)
{
	char path[1000];
	struct verr e;
	size_t len, why = strlen(strerror(EIO));

	memset(path, 'p', sizeof(path));
	errno = EIO;
	verr_sys(&e, "%.*s", (int)sizeof(path), path);
	len = strlen(e.text);
	cr_assert_lt(len, sizeof(e.text));
	cr_assert_gt(len, why + 2);
	cr_expect_str_eq(e.text + len - why, strerror(EIO));
	cr_expect_eq(strncmp(e.text + len - why - 3, "p: ", 3), 0);

	verr_fail(&e, VERR_INVAL, "%.*s", (int)sizeof(path), path);
	cr_expect_eq(strlen(e.text), sizeof(e.text) - 1);
}

Test(verr, words_can_be_put_before_the_text_there_is)
{
	struct verr e;

	verr_fail(&e, VERR_AUTH, "tag of chunk 3");
	verr_fail(&e, e.code, "d/x.c9r: %s", e.text);
	cr_expect_str_eq(e.text, "d/x.c9r: tag of chunk 3");
	errno = EIO;
	verr_sys(&e, "again: %s", e.text);
	cr_expect_eq(strncmp(e.text, "again: d/x.c9r: tag of", 22), 0);
}

Test(verr, a_bare_code_wipes_the_sentence_of_an_earlier_error)
{
	struct verr e;

	errno = EIO;
	verr_sys(&e, "read");
	cr_expect_eq(verr_code(&e, VERR_NOENT), -1);
	cr_expect_eq(e.code, VERR_NOENT);
	cr_expect_eq(e.sys, 0);
	cr_expect_str_eq(e.text, "");
}

Test(verr, each_errno_has_its_code)
{
	static const struct {
		int sys;
		enum verr_code code;
	} want[] = {
		{ ENOENT, VERR_NOENT }, { EEXIST, VERR_EXIST },
		{ ENOTDIR, VERR_NOTDIR }, { EISDIR, VERR_ISDIR },
		{ ENOTEMPTY, VERR_NOTEMPTY }, { EINVAL, VERR_INVAL },
		{ ENAMETOOLONG, VERR_NAMETOOLONG }, { EACCES, VERR_ACCESS },
		{ EPERM, VERR_PERM }, { EROFS, VERR_ROFS },
		{ ENOSPC, VERR_NOSPC }, { EDQUOT, VERR_DQUOT },
		{ EFBIG, VERR_FBIG }, { ESTALE, VERR_STALE },
		{ EXDEV, VERR_XDEV }, { EMLINK, VERR_MLINK },
		{ EBUSY, VERR_BUSY }, { EAGAIN, VERR_BUSY },
		{ EMFILE, VERR_BUSY }, { ENOMEM, VERR_NOMEM },
		{ EOPNOTSUPP, VERR_UNSUPPORTED },
		{ EIO, VERR_IO }, { EBADF, VERR_IO }, { ELOOP, VERR_IO },
	};
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		cr_expect_eq(verr_of_errno(want[i].sys), want[i].code,
		    "%s", strerror(want[i].sys));
}

Test(verr, an_errno_nobody_knows_is_io_and_is_kept)
{
	struct verr e;

	errno = 98765;
	verr_sys(&e, "odd");
	cr_expect_eq(e.code, VERR_IO);
	cr_expect_eq(e.sys, 98765);
	cr_expect_eq(strncmp(e.text, "odd: ", 5), 0);
	cr_expect_gt(strlen(e.text), 5);
}
