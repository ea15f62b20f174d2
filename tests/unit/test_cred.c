/*
 * test_cred.c - POSIX permission.
 */
#include "config.h"

#include <criterion/criterion.h>

#include "nfsd/cred.h"
#include "vault/attr.h"

static const struct cred root = { .flavor = 1, .uid = 0, .gid = 0 };
static const struct cred owner = { .flavor = 1, .uid = 10, .gid = 99 };
static const struct cred member = { .flavor = 1, .uid = 11, .gid = 99,
    .ngroups = 2, .groups = { 5, 20 } };
static const struct cred primary = { .flavor = 1, .uid = 12, .gid = 20 };
static const struct cred other = { .flavor = 1, .uid = 13, .gid = 99 };
static const struct cred nobody;	/* AUTH_NONE */

static struct vattr
file(uint32_t mode)
{
	struct vattr a = { .type = VTYPE_FILE, .mode = mode, .uid = 10,
	    .gid = 20 };

	return a;
}

Test(cred, each_class_has_its_own_bits)
{
	struct vattr a = file(0421);

	cr_expect(cred_may(&owner, &a, CRED_READ));
	cr_expect_not(cred_may(&owner, &a, CRED_WRITE));
	cr_expect_not(cred_may(&owner, &a, CRED_EXEC));
	cr_expect(cred_may(&member, &a, CRED_WRITE));
	cr_expect(cred_may(&primary, &a, CRED_WRITE));
	cr_expect_not(cred_may(&member, &a, CRED_READ));
	cr_expect(cred_may(&other, &a, CRED_EXEC));
	cr_expect_not(cred_may(&other, &a, CRED_READ));
	cr_expect_not(cred_may(&other, &a, CRED_WRITE));
}

Test(cred, an_owner_does_not_get_what_only_others_may)
{
	struct vattr a = file(0077);

	cr_expect_not(cred_may(&owner, &a, CRED_READ));
	a.mode = 0707;
	cr_expect_not(cred_may(&member, &a, CRED_READ));
	cr_expect(cred_may(&other, &a, CRED_READ));
}

Test(cred, all_of_several_rights_are_needed)
{
	struct vattr a = file(0600);

	cr_expect(cred_may(&owner, &a, CRED_READ | CRED_WRITE));
	cr_expect_not(cred_may(&owner, &a, CRED_READ | CRED_EXEC));
	cr_expect(cred_may(&owner, &a, 0));
}

Test(cred, root_may_everything_but_execute_a_file_without_any_x)
{
	struct vattr a = file(0);

	cr_expect(cred_may(&root, &a, CRED_READ | CRED_WRITE));
	cr_expect_not(cred_may(&root, &a, CRED_EXEC));
	a.mode = 0001;
	cr_expect(cred_may(&root, &a, CRED_EXEC | CRED_READ));
	a.mode = 0;
	a.type = VTYPE_DIR;
	cr_expect(cred_may(&root, &a, CRED_EXEC));
}

Test(cred, auth_none_is_never_root_nor_owner_nor_member)
{
	struct vattr a = { .type = VTYPE_FILE, .mode = 0660 };

	cr_expect_not(cred_may(&nobody, &a, CRED_READ));
	cr_expect_not(cred_owns(&nobody, &a));
	cr_expect_not(cred_in_group(&nobody, 0));
	a.mode = 0664;
	cr_expect(cred_may(&nobody, &a, CRED_READ));
}

Test(cred, owner_and_root_own)
{
	struct vattr a = file(0);

	cr_expect(cred_owns(&owner, &a));
	cr_expect(cred_owns(&root, &a));
	cr_expect_not(cred_owns(&member, &a));
}

Test(cred, groups_beyond_the_count_do_not_count)
{
	struct cred c = { .flavor = 1, .uid = 1, .gid = 2, .ngroups = 1,
	    .groups = { 3, 4 } };

	cr_expect(cred_in_group(&c, 2));
	cr_expect(cred_in_group(&c, 3));
	cr_expect_not(cred_in_group(&c, 4));
}

Test(cred, in_a_sticky_directory_only_owners_delete)
{
	struct vattr obj = file(0644), dir = { .type = VTYPE_DIR,
	    .mode = 01777, .uid = 13, .gid = 0 };

	cr_expect(cred_may_delete(&owner, &dir, &obj), "the object's");
	cr_expect(cred_may_delete(&other, &dir, &obj), "the directory's");
	cr_expect(cred_may_delete(&root, &dir, &obj));
	cr_expect_not(cred_may_delete(&member, &dir, &obj));
	dir.mode = 0777;
	cr_expect(cred_may_delete(&member, &dir, &obj));
}
