/*
 * The contents of files: against a model that is an array of bytes, and in
 * the cases that the chunks' borders make.  Damaged ones: test_file_damage.c.
 */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/box.h"
#include "tests/unit/box_oracle.h"
#include "vault/cipher.h"
#include "vault/size.h"

#define C	((uint64_t)CIPHER_CHUNK)

static struct box b;

static void
teardown(void)
{
	if (b.dir != NULL)
		box_end(&b);
}

TestSuite(file, .fini = teardown);

/* Numbers that are the same in every run (xorshift64). */
static uint64_t seed;

static uint64_t
below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* -- the model */

#define MODEL_MAX	(5 * 32768 + 1000)

struct model {
	uint8_t	 data[MODEL_MAX];
	size_t	 size;
};

/* An offset that likes to be at a border, give or take one. */
static size_t
some_offset(size_t max)
{
	size_t off;

	if (below(3) == 0)
		return (size_t)below(max + 1);
	off = (size_t)(below(max / C + 1) * C + below(3));
	if (off > 0)
		off--;
	return off < max ? off : max;
}

static struct file *
open_file(const char *path, bool write)
{
	struct entry ent;
	struct file *f;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE, "%s", b.e.text);
	f = file_open(b.v, &ent.loc, ent.attr.fileid, write, &b.e);
	cr_assert_not_null(f, "%s", b.e.text);
	return f;
}

static void
expect_change(const struct file_change *ch, size_t before, size_t after)
{
	cr_assert(ch->have_before && ch->have_after);
	cr_assert_eq(ch->before.size, before);
	cr_assert_eq(ch->after.size, after);
}

static void
model_write(struct model *m, struct file *f)
{
	static uint8_t data[3 * 32768];
	size_t off = some_offset(MODEL_MAX - 1), len, old = m->size;
	struct file_change ch;

	if (below(4) == 0 && m->size < MODEL_MAX)
		off = m->size;				/* append */
	len = 1 + some_offset(sizeof(data) - 1);
	if (len > MODEL_MAX - off)
		len = MODEL_MAX - off;
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)below(256);
	cr_assert_eq(file_write(f, off, data, len, &ch, &b.e), 0, "%s",
	    b.e.text);
	if (off > m->size)
		memset(m->data + m->size, 0, off - m->size);
	memcpy(m->data + off, data, len);
	if (off + len > m->size)
		m->size = off + len;
	expect_change(&ch, old, m->size);
}

static void
model_truncate(struct model *m, struct file *f)
{
	size_t size = below(8) == 0 ? 0 : some_offset(MODEL_MAX);
	struct file_change ch;

	cr_assert_eq(file_truncate(f, size, &ch, &b.e), 0, "%s", b.e.text);
	if (size > m->size)
		memset(m->data + m->size, 0, size - m->size);
	expect_change(&ch, m->size, size);
	m->size = size;
}

static void
model_read(const struct model *m, struct file *f)
{
	size_t off = some_offset(MODEL_MAX + 10), want, at = off;
	size_t count = some_offset(MODEL_MAX);
	struct iolist io;
	bool eof;

	cr_assert_eq(file_read(f, off, count, &io, &eof, &b.e), 0, "%s",
	    b.e.text);
	want = off >= m->size ? 0 : m->size - off;
	cr_assert_eq(eof, count >= want, "%zu at %zu of %zu", count, off,
	    m->size);
	cr_assert_eq(io.total, count < want ? count : want);
	for (unsigned i = 0; i < io.n; i++) {
		cr_assert_arr_eq(io.piece[i].data, m->data + at,
		    io.piece[i].len);
		at += io.piece[i].len;
	}
	cr_assert_eq(at - off, io.total);
	iolist_free(&io);
}

static void
model_compare(const struct model *m, const char *path)
{
	struct entry ent;
	uint8_t *data;
	size_t len;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE);
	data = box_read(&b, &ent, &len);
	cr_assert_not_null(data, "%s", b.e.text);
	cr_assert_eq(len, m->size);
	cr_assert_arr_eq(data, m->data, len);
	cr_assert_eq(ent.attr.size, m->size);
	free(data);
}

static void
play(const char *cipher, uint64_t s)
{
	static struct model m;
	struct host_stat st;
	struct file *f;
	int root;

	box_make(&b, cipher, 0);
	box_file(&b, b.root, "model", "");
	f = open_file("/model", true);
	seed = s;
	for (int i = 0; i < 400; i++) {
		switch (below(5)) {
		case 0: case 1:	model_write(&m, f); break;
		case 2: case 3: model_read(&m, f); break;
		default:	model_truncate(&m, f); break;
		}
		if (below(40) == 0) {
			file_put(f);
			box_reopen(&b);
			model_compare(&m, "/model");
			f = open_file("/model", true);
		}
	}
	file_put(f);
	box_reopen(&b);
	model_compare(&m, "/model");
	/* and it has the length that every other writer would give it */
	root = host_root(b.path);
	cr_assert_eq(host_stat(root, box_disk_of(&b, "/model") +
	    strlen(b.path) + 1, &st), 0);
	(void)host_close(root);
	cr_expect_eq(st.size, size_disk(vault_cipher(b.v), m.size));
	oracle_agrees(&b);
}

Test(file, a_random_life_under_gcm_is_that_of_an_array)
{
	play("SIV_GCM", 0x9e3779b97f4a7c15);
}

Test(file, another_random_life_under_gcm_is_that_of_an_array)
{
	play("SIV_GCM", 20260101);
}

Test(file, a_random_life_under_ctrmac_is_that_of_an_array)
{
	play("SIV_CTRMAC", 0x123456789abcdef1);
}

/* -- by hand */

static uint8_t *
pattern(size_t len)
{
	uint8_t *p = malloc(len + 1);

	cr_assert_not_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(7 * i + i / 251 + 1);
	return p;
}

Test(file, every_size_around_a_border_is_written_and_read)
{
	static const size_t sizes[] = {
		0, 1, 15, 16, 17, C - 1, C, C + 1, 2 * C - 1, 2 * C,
		2 * C + 1, 33 * C, 33 * C + 5,
	};
	uint8_t *p = pattern(34 * C), *is;
	struct host_stat st;
	struct entry ent;
	char name[20];
	size_t len;
	int root;

	box_make(&b, NULL, 0);
	root = host_root(b.path);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		(void)snprintf(name, sizeof(name), "/%zu", sizes[i]);
		box_write(&b, b.root, name + 1, p, sizes[i]);
		cr_assert_eq(box_find(&b, name, &ent), VERR_NONE);
		cr_expect_eq(ent.attr.size, sizes[i]);
		cr_assert_eq(host_stat(root, ent.loc.path, &st), 0);
		cr_expect_eq(st.size, size_disk(vault_cipher(b.v), sizes[i]));
		is = box_read(&b, &ent, &len);
		cr_assert_not_null(is, "%s", b.e.text);
		cr_assert_eq(len, sizes[i]);
		cr_expect_arr_eq(is, p, len);
		free(is);
	}
	(void)host_close(root);
	free(p);
	oracle_agrees(&b);
}

Test(file, a_read_is_bounded_and_says_when_it_was_the_last)
{
	uint8_t *p = pattern(FILE_READ_MAX + C);
	struct iolist io;
	struct file *f;
	bool eof;

	box_make(&b, NULL, 0);
	box_write(&b, b.root, "f", p, FILE_READ_MAX + C);
	f = open_file("/f", false);
	/* at an odd offset it touches the most chunks */
	cr_assert_eq(file_read(f, 1, SIZE_MAX, &io, &eof, &b.e), 0);
	cr_expect_eq(io.total, FILE_READ_MAX);
	cr_expect_eq(io.n, FILE_READ_MAX / C + 1);
	cr_expect_not(eof);
	iolist_free(&io);
	cr_expect_eq(io.n, 0);
	cr_assert_eq(file_read(f, C, FILE_READ_MAX, &io, &eof, &b.e), 0);
	cr_expect_eq(io.total, FILE_READ_MAX);
	cr_expect(eof);
	iolist_free(&io);
	cr_assert_eq(file_read(f, FILE_READ_MAX + C, 1, &io, &eof, &b.e), 0);
	cr_expect(eof && io.total == 0);
	cr_assert_eq(file_read(f, UINT64_MAX, 1, &io, &eof, &b.e), 0);
	cr_expect(eof && io.total == 0);
	cr_assert_eq(file_read(f, 0, 0, &io, &eof, &b.e), 0);
	cr_expect(!eof && io.total == 0);
	file_put(f);
	free(p);
}

Test(file, a_write_far_behind_the_end_fills_the_gap_with_zeros)
{
	struct entry ent;
	struct file *f;
	uint8_t *is;
	size_t len;

	box_make(&b, "SIV_CTRMAC", 0);
	box_file(&b, b.root, "f", "start");
	f = open_file("/f", true);
	cr_assert_eq(file_write(f, 70 * C + 3, "end", 3, NULL, &b.e), 0, "%s",
	    b.e.text);
	cr_assert_eq(file_write(f, 0, NULL, 0, NULL, &b.e), 0, "nothing");
	file_put(f);
	cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
	is = box_read(&b, &ent, &len);
	cr_assert_not_null(is);
	cr_assert_eq(len, 70 * C + 6);
	cr_expect_arr_eq(is, "start", 5);
	for (size_t i = 5; i < 70 * C + 3; i++)
		cr_assert_eq(is[i], 0, "%zu", i);
	cr_expect_arr_eq(is + 70 * C + 3, "end", 3);
	free(is);
	oracle_agrees(&b);
}

Test(file, what_is_too_large_is_refused_at_once)
{
	static const uint64_t huge[] = {
		UINT64_C(1) << 50, UINT64_C(1) << 60, SIZE_CLEAR_MAX,
		SIZE_CLEAR_MAX + 1, INT64_MAX, UINT64_MAX,
	};
	struct box_fault f = { .at = 0 };
	struct vset set = { .mask = VSET_SIZE };
	struct entry ent;
	struct file *x;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "text");
	cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
	x = open_file("/f", true);
	host_set_hook(box_hook, &f);
	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		enum verr_code c;

		c = BOX_CODE(&b, file_truncate(x, huge[i], NULL, &b.e));
		cr_expect(c == VERR_FBIG || c == VERR_NOSPC, "%d", c);
		c = BOX_CODE(&b, file_write(x, huge[i], "x", 1, NULL, &b.e));
		cr_expect(c == VERR_FBIG || c == VERR_NOSPC, "%d", c);
		set.size = huge[i];
		c = BOX_CODE(&b, loc_set(b.v, &ent.loc, ent.attr.fileid, &set,
		    NULL, &b.e));
		cr_expect(c == VERR_FBIG || c == VERR_NOSPC, "%d", c);
	}
	cr_expect_eq(f.count[HOST_WRITE], 0);
	cr_expect_eq(f.count[HOST_TRUNCATE], 0);
	host_set_hook(NULL, NULL);
	file_put(x);
	cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
	cr_expect_eq(ent.attr.size, 4);
}

/* -- a disk that is full in the middle of a write */

/*
 * RLIMIT_FSIZE does what a full disk does: a write comes to a stop at that
 * byte, and the next one fails.
 */
static void
stop_at(const char *path, off_t more)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat st;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (path != NULL) {
		cr_assert_eq(stat(box_disk_of(&b, path), &st), 0);
		r.rlim_cur = (rlim_t)(st.st_size + more);
	}
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void
expect_start(const char *path, const uint8_t *p, size_t len)
{
	struct entry ent;
	uint8_t *is;
	size_t n;

	cr_assert_eq(box_find(&b, path, &ent), VERR_NONE);
	is = box_read(&b, &ent, &n);
	cr_assert_not_null(is, "%s: %s", path, b.e.text);
	cr_expect_eq(n, len, "%s has %zu bytes", path, n);
	cr_expect_arr_eq(is, p, len < n ? len : n);
	free(is);
}

Test(file, a_full_disk_does_not_cost_what_was_there_before)
{
	static const size_t olds[] = { 0, 1, 100, C - 1, C, C + 100 };
	static const off_t stops[] = { 0, 1, 12, 40, 5000, 33000, 40000 };
	uint8_t *p = pattern(4 * C);
	enum verr_code c;
	struct file *f;
	char name[40];

	box_make(&b, NULL, 0);
	for (size_t i = 0; i < 6 * 7; i++) {
		size_t old = olds[i / 7];

		(void)snprintf(name, sizeof(name), "/%zu", i);
		box_write(&b, b.root, name + 1, p, old);
		f = open_file(name, true);
		stop_at(name, stops[i % 7]);
		c = BOX_CODE(&b, file_write(f, old, p + old, 2 * C, NULL,
		    &b.e));
		cr_expect_eq(c, VERR_FBIG, "%s: %d", name, c);
		stop_at(NULL, 0);
		expect_start(name, p, old);
		/* over the end of what is there */
		if (old > 50) {
			stop_at(name, stops[i % 7]);
			c = BOX_CODE(&b, file_write(f, old - 50, p + old - 50,
			    2 * C, NULL, &b.e));
			cr_expect_eq(c, VERR_FBIG, "%s: %d", name, c);
			stop_at(NULL, 0);
			expect_start(name, p, old);
		}
		cr_expect_eq(file_write(f, old, p + old, C, NULL, &b.e), 0);
		file_put(f);
		expect_start(name, p, old + C);
	}
	free(p);
	oracle_agrees(&b);
}

Test(file, a_file_that_cannot_grow_so_far_does_not_grow_at_all)
{
	uint8_t *p = pattern(2 * C);
	static const size_t olds[] = { 0, 100, C, C + 100 };
	struct file *f;
	char name[20];

	box_make(&b, "SIV_CTRMAC", 0);
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "/%zu", i);
		box_write(&b, b.root, name + 1, p, olds[i]);
		f = open_file(name, true);
		stop_at(name, 2500000);
		cr_expect_eq(BOX_CODE(&b, file_truncate(f, 100 * C, NULL,
		    &b.e)), VERR_FBIG);
		expect_start(name, p, olds[i]);
		cr_expect_eq(BOX_CODE(&b, file_write(f, 100 * C, "x", 1, NULL,
		    &b.e)), VERR_FBIG);
		expect_start(name, p, olds[i]);
		stop_at(NULL, 0);
		file_put(f);
	}
	free(p);
	oracle_agrees(&b);
}

Test(file, a_full_disk_does_not_leave_half_a_header)
{
	struct file *f;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "");
	f = open_file("/f", true);
	cr_assert_eq(truncate(box_disk_of(&b, "/f"), 0), 0);
	stop_at("/f", 30);
	cr_expect_eq(BOX_CODE(&b, file_write(f, 0, "x", 1, NULL, &b.e)),
	    VERR_FBIG);
	stop_at(NULL, 0);
	cr_expect_eq(file_write(f, 0, "x", 1, NULL, &b.e), 0, "%s",
	    b.e.text);
	file_put(f);
}

/* -- others change the file underneath */

static void
copy_over(const char *from, const char *to)
{
	size_t len;
	char *data = kat_read(from, &len);
	FILE *f = fopen(to, "wb");

	cr_assert(f != NULL && fwrite(data, 1, len, f) == len &&
	    fclose(f) == 0);
	free(data);
}

static char *
read_text(struct file *f)
{
	struct iolist io;
	static char out[100];
	bool eof;

	out[0] = '\0';
	b.e.code = VERR_NONE;
	if (file_read(f, 0, sizeof(out) - 1, &io, &eof, &b.e) == 0) {
		cr_assert_leq(io.n, 1);
		if (io.n == 1)
			memcpy(out, io.piece[0].data, io.piece[0].len);
		out[io.total] = '\0';
	}
	iolist_free(&io);
	return out;
}

Test(file, a_file_rewritten_by_others_is_read_anew)
{
	char *one, *two;
	struct file *f;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "1", "first text");
	box_file(&b, b.root, "2", "and another one");
	f = open_file("/1", true);
	cr_expect_str_eq(read_text(f), "first text");
	one = strdup(box_disk_of(&b, "/1"));
	two = strdup(box_disk_of(&b, "/2"));
	copy_over(two, one);			/* the same inode */
	cr_expect_str_eq(read_text(f), "and another one");
	cr_assert_eq(file_write(f, 0, "AND", 3, NULL, &b.e), 0);
	cr_expect_str_eq(read_text(f), "AND another one");
	cr_assert_eq(truncate(one, 0), 0);
	cr_expect_str_eq(read_text(f), "");
	cr_expect_eq(b.e.code, VERR_NONE, "%s", b.e.text);
	file_put(f);
	free(one);
	free(two);
}

Test(file, a_file_replaced_by_others_is_another_file)
{
	struct file *f, *g;
	struct vattr a;
	struct entry ent;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "1", "first text");
	box_file(&b, b.root, "2", "and another one");
	cr_assert_eq(box_find(&b, "/1", &ent), VERR_NONE);
	f = open_file("/1", false);
	cr_assert_eq(rename(box_disk_of(&b, "/2"), box_disk(&b, ent.loc.path)),
	    0);
	/* who has it open keeps it, as everywhere */
	cr_expect_str_eq(read_text(f), "first text");
	cr_expect_eq(BOX_CODE(&b, loc_attr(b.v, &ent.loc, ent.attr.fileid, &a,
	    &b.e)), VERR_STALE);
	g = open_file("/1", false);
	cr_expect_neq(f, g);
	cr_expect_str_eq(read_text(g), "and another one");
	file_put(f);
	file_put(g);
	box_reopen(&b);
	cr_expect_null(file_open(b.v, &ent.loc, ent.attr.fileid, false,
	    &b.e));
	cr_expect_eq(b.e.code, VERR_STALE);
}

Test(file, one_inode_is_one_open_file_however_often_it_is_opened)
{
	struct file *f, *g;
	int fds;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "1", "text");
	box_reopen(&b);
	fds = box_fds();
	f = open_file("/1", false);
	g = open_file("/1", true);
	cr_expect_eq(f, g);
	cr_expect_leq(box_fds(), fds + 1);
	file_put(g);
	file_put(f);
}

Test(file, no_more_than_a_bounded_number_is_kept_open)
{
	char name[20];
	int fds;

	box_make(&b, NULL, 0);
	fds = box_fds();
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		box_file(&b, b.root, name, "x");
	}
	/* and the folder that they are in */
	cr_expect_leq(box_fds(), fds + 256 + 1);
}

/* -- a vault that is only read */

static unsigned for_writing;

/* Descriptors into the vault that could write. */
static int
look_for_writers(void *ctx, enum host_op op, const char *path)
{
	const struct box *x = ctx;
	char link[100], to[4200];
	ssize_t n;

	(void)path;
	if (op != HOST_READ && op != HOST_FSTAT && op != HOST_CLOSE)
		return 0;
	for (int fd = 3; fd < 100; fd++) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if ((n = readlink(link, to, sizeof(to) - 1)) == -1)
			continue;
		to[n] = '\0';
		if (strncmp(to, x->path, strlen(x->path)) == 0 &&
		    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
			for_writing++;
	}
	return 0;
}

Test(file, a_read_only_vault_opens_nothing_for_writing)
{
	struct vault_options o = { .read_only = true };
	struct file *f;
	char *tree;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "text");
	box_symlink(&b, b.root, BOX_LONG, "f");
	box_close(&b);
	box_open_as(&b, &o);
	host_set_hook(look_for_writers, &b);
	tree = box_tree(&b, b.root);
	f = open_file("/f", false);
	cr_expect_str_eq(read_text(f), "text");
	cr_expect_eq(BOX_CODE(&b, file_write(f, 0, "x", 1, NULL, &b.e)),
	    VERR_ROFS);
	cr_expect_eq(BOX_CODE(&b, file_truncate(f, 0, NULL, &b.e)),
	    VERR_ROFS);
	cr_expect_eq(BOX_CODE(&b, file_sync(f, &b.e)), VERR_NONE);
	host_set_hook(NULL, NULL);
	cr_expect_eq(for_writing, 0);
	file_put(f);
	free(tree);
	/* the search does find what a vault for writing opens */
	box_reopen(&b);
	host_set_hook(look_for_writers, &b);
	file_put(open_file("/f", true));
	host_set_hook(NULL, NULL);
	cr_expect(for_writing > 0 || access("/proc/self/fd", R_OK) == -1);
}

/* Whoever may not open the file: the mode is changed for a moment. */
static unsigned chmods;

static int
deny_once(void *ctx, enum host_op op, const char *path)
{
	unsigned *left = ctx;

	(void)path;
	chmods += op == HOST_CHMOD;
	if (op == HOST_OPEN && *left > 0) {
		(*left)--;
		return EACCES;
	}
	return 0;
}

Test(file, the_owner_may_open_a_file_whose_mode_forbids_it)
{
	struct vault_options o = { .read_only = true };
	unsigned left = 2;
	struct entry ent;
	struct file *f;

	box_make(&b, NULL, 0);
	box_file(&b, b.root, "f", "text");
	box_reopen(&b);
	cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
	cr_assert_eq(chmod(box_disk(&b, ent.loc.path), 0), 0);
	host_set_hook(deny_once, &left);
	f = file_open(b.v, &ent.loc, ent.attr.fileid, false, &b.e);
	cr_assert_not_null(f, "%s", b.e.text);
	cr_expect_str_eq(read_text(f), "text");
	file_put(f);
	host_set_hook(NULL, NULL);
	cr_assert_eq(box_find(&b, "/f", &ent), VERR_NONE);
	cr_expect_eq(ent.attr.mode, 0);
	/* but nothing is ever changed in a vault that is only read */
	box_close(&b);
	box_open_as(&b, &o);
	chmods = 0;
	left = 2;
	host_set_hook(deny_once, &left);
	cr_expect_null(file_open(b.v, &ent.loc, ent.attr.fileid, false,
	    &b.e));
	host_set_hook(NULL, NULL);
	cr_expect_eq(b.e.code, VERR_ACCESS);
	cr_expect_eq(chmods, 0);
}
