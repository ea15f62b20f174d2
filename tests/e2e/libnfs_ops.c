/*
 * libnfs_ops.c - everyday calls through libnfs, a client that is not ours.
 *
 * usage: libnfs_ops URL, where URL names an empty folder of a served vault:
 * nfs://127.0.0.1/NAME?version=3&nfsport=P&mountport=P.  Prints TAP.
 *
 * libnfs returns -errno; what it makes of the server's status is part of what
 * is tested.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/time.h>
#include <nfsc/libnfs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct nfs_context *nfs;
static unsigned tests, failed;

static void
report(bool good, const char *fact, int got)
{
	tests++;
	if (good) {
		printf("ok %u - %s\n", tests, fact);
		return;
	}
	failed++;
	printf("# got %d: %s\nnot ok %u - %s\n", got, nfs_get_error(nfs),
	    tests, fact);
}

static void
expect(const char *fact, int want, int got)
{
	report(want == got, fact, got);
}

static uint64_t
size_of(const char *path)
{
	struct nfs_stat_64 st;

	return nfs_lstat64(nfs, path, &st) == 0 ? st.nfs_size : UINT64_MAX;
}

static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 15));
}

/* Write len bytes of the pattern at off, in pieces that cross chunks. */
static int
write_pattern(struct nfsfh *fh, size_t off, size_t len)
{
	char buf[50000];
	size_t i, n;

	for (; len > 0; off += n, len -= n) {
		n = len < sizeof(buf) ? len : sizeof(buf);
		for (i = 0; i < n; i++)
			buf[i] = (char)pattern(off + i);
		if (nfs_pwrite(nfs, fh, off, n, buf) != (int)n)
			return -1;
	}
	return 0;
}

/* Bytes of the file that are not the pattern, or -1. */
static int
read_pattern(const char *path, size_t off, size_t len)
{
	struct nfsfh *fh;
	char buf[70000];
	size_t i;
	int n, bad = 0;

	if (nfs_open(nfs, path, O_RDONLY, &fh) != 0)
		return -1;
	while (len > 0) {
		n = nfs_pread(nfs, fh, off, len < sizeof(buf) ? len :
		    sizeof(buf), buf);
		if (n <= 0)
			break;
		for (i = 0; i < (size_t)n; i++)
			bad += (uint8_t)buf[i] != pattern(off + i);
		off += (size_t)n;
		len -= (size_t)n;
	}
	(void)nfs_close(nfs, fh);
	return len > 0 ? -1 : bad;
}

static void
contents(void)
{
	struct nfsfh *fh;
	char buf[16];

	expect("a file is created", 0, nfs_creat(nfs, "/file", 0640, &fh));
	expect("200,000 bytes are written", 0, write_pattern(fh, 0, 200000));
	expect("and synced", 0, nfs_fsync(nfs, fh));
	report(size_of("/file") == 200000, "its size is 200,000", 0);
	expect("they are read back", 0, read_pattern("/file", 0, 200000));
	expect("from the middle of a chunk too", 0,
	    read_pattern("/file", 32767, 32770));
	expect("100 bytes are written anew inside", 0,
	    write_pattern(fh, 65500, 100));
	expect("the file is the same", 0, read_pattern("/file", 0, 200000));
	expect("reading at the end gives nothing", 0,
	    nfs_pread(nfs, fh, 200000, sizeof(buf), buf));

	expect("it is cut inside a chunk", 0, nfs_ftruncate(nfs, fh, 40000));
	report(size_of("/file") == 40000, "its size is 40,000", 0);
	expect("what is left is the same", 0, read_pattern("/file", 0, 40000));
	expect("it is extended", 0, nfs_truncate(nfs, "/file", 100000));
	expect("by", 16, nfs_pread(nfs, fh, 70000, sizeof(buf), buf));
	report(memcmp(buf, (char[16]){ 0 }, 16) == 0, "zeros", buf[0]);
	expect("the file is closed", 0, nfs_close(nfs, fh));
	expect("it is cut to nothing", 0, nfs_truncate(nfs, "/file", 0));
	report(size_of("/file") == 0, "its size is 0", 0);
}

static void
names(void)
{
	struct nfsfh *fh;
	char target[64] = "", longest[257];

	expect("a folder is made", 0, nfs_mkdir(nfs, "/dir"));
	expect("not twice", -EEXIST, nfs_mkdir(nfs, "/dir"));
	expect("a file in it", 0, nfs_creat(nfs, "/dir/\xc3\xa4", 0644, &fh));
	expect("closed", 0, nfs_close(nfs, fh));
	expect("a folder that is not empty stays", -ENOTEMPTY,
	    nfs_rmdir(nfs, "/dir"));
	expect("a file is renamed into it", 0,
	    nfs_rename(nfs, "/file", "/dir/moved"));
	expect("and gone where it was", -ENOENT, nfs_unlink(nfs, "/file"));
	expect("a file is renamed over another", 0,
	    nfs_rename(nfs, "/dir/moved", "/dir/\xc3\xa4"));
	expect("which took its name away", -ENOENT,
	    nfs_unlink(nfs, "/dir/moved"));
	expect("a folder is renamed", 0, nfs_rename(nfs, "/dir", "/folder"));
	expect("but not into itself", -EINVAL,
	    nfs_rename(nfs, "/folder", "/folder/inside"));

	expect("a symlink is made", 0,
	    nfs_symlink(nfs, "folder/\xc3\xa4", "/link"));
	expect("and read", 0,
	    nfs_readlink(nfs, "/link", target, sizeof(target)));
	report(strcmp(target, "folder/\xc3\xa4") == 0, "as it was made", 0);

	memset(longest, 'n', sizeof(longest));
	longest[0] = '/';
	longest[256] = '\0';
	expect("a name of 255 bytes is taken", 0,
	    nfs_creat(nfs, longest, 0644, &fh));
	expect("closed", 0, nfs_close(nfs, fh));
	expect("and removed", 0, nfs_unlink(nfs, longest));
}

static void
attributes(void)
{
	struct nfs_stat_64 st;
	struct timeval tv[2] = { { 1000000000, 0 }, { 1234567890, 0 } };

	expect("the mode is changed", 0,
	    nfs_chmod(nfs, "/folder/\xc3\xa4", 0604));
	expect("and the times", 0, nfs_utimes(nfs, "/folder/\xc3\xa4", tv));
	expect("which shows", 0, nfs_stat64(nfs, "/folder/\xc3\xa4", &st));
	report((st.nfs_mode & 07777) == 0604, "in the mode",
	    (int)(st.nfs_mode & 07777));
	report(st.nfs_mtime == 1234567890, "and in the time",
	    (int)st.nfs_mtime);
}

static void
listing(void)
{
	struct nfsdir *dir;
	struct nfsdirent *ent;
	struct nfsfh *fh;
	char path[64];
	bool seen[500] = { false };
	unsigned i, n = 0, odd = 0;
	int rc = 0;

	expect("a large folder is made", 0, nfs_mkdir(nfs, "/many"));
	for (i = 0; i < 500 && rc == 0; i++) {
		(void)snprintf(path, sizeof(path), "/many/file %03u", i);
		if ((rc = nfs_creat(nfs, path, 0644, &fh)) == 0)
			rc = nfs_close(nfs, fh);
	}
	expect("with 500 files", 0, rc);
	expect("it is opened", 0, nfs_opendir(nfs, "/many", &dir));
	while ((ent = nfs_readdir(nfs, dir)) != NULL) {
		if (ent->name[0] == '.')
			continue;
		if (sscanf(ent->name, "file %u", &i) == 1 && i < 500 &&
		    !seen[i]) {
			seen[i] = true;
			n++;
		} else
			odd++;
	}
	nfs_closedir(nfs, dir);
	report(n == 500 && odd == 0, "and lists each of them once", (int)n);
	for (i = 0; i < 500 && rc == 0; i++) {
		(void)snprintf(path, sizeof(path), "/many/file %03u", i);
		rc = nfs_unlink(nfs, path);
	}
	expect("they are removed", 0, rc);
	expect("and the folder", 0, nfs_rmdir(nfs, "/many"));
}

static void
errors(void)
{
	struct nfsfh *fh;
	char buf[8];

	expect("what is not there is not opened", -ENOENT,
	    nfs_open(nfs, "/nothing", O_RDONLY, &fh));
	expect("a file is no folder", -ENOTDIR,
	    nfs_mkdir(nfs, "/folder/\xc3\xa4/x"));
	expect("rmdir takes no file", -ENOTDIR,
	    nfs_rmdir(nfs, "/folder/\xc3\xa4"));
	expect("readlink takes no folder", -EINVAL,
	    nfs_readlink(nfs, "/folder", buf, sizeof(buf)));
	report(nfs_unlink(nfs, "/folder") < 0, "unlink takes no folder", 0);
}

static void
the_rest(void)
{
	struct nfs_statvfs_64 fs;

	expect("a second name is given", 0,
	    nfs_link(nfs, "/folder/\xc3\xa4", "/second"));
	expect("and taken", 0, nfs_unlink(nfs, "/second"));
	expect("there is room", 0, nfs_statvfs64(nfs, "/", &fs));
	report(fs.f_blocks > 0, "of some blocks", 0);
}

static void
clean_up(void)
{
	expect("the symlink is removed", 0, nfs_unlink(nfs, "/link"));
	expect("the file is removed", 0, nfs_unlink(nfs, "/folder/\xc3\xa4"));
	expect("the folder is removed", 0, nfs_rmdir(nfs, "/folder"));
}

int
main(int argc, char **argv)
{
	struct nfs_url *url;

	if (argc != 2 || (nfs = nfs_init_context()) == NULL)
		return 2;
	if ((url = nfs_parse_url_dir(nfs, argv[1])) == NULL ||
	    nfs_mount(nfs, url->server, url->path) != 0) {
		(void)fprintf(stderr, "libnfs_ops: %s\n", nfs_get_error(nfs));
		return 2;
	}
	(void)nfs_umask(nfs, 0);
	contents();
	names();
	attributes();
	listing();
	errors();
	the_rest();
	clean_up();
	nfs_destroy_url(url);
	nfs_destroy_context(nfs);
	printf("1..%u\n", tests);
	return failed != 0;
}
