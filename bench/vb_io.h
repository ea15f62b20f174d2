/*
 * vb_io.h - files that know what they must contain, and a clock that stops.
 *
 * A file's content follows from its key (vb_rng.h) and from the pieces that
 * were changed since, so whatever is read is compared with what must be there.
 * Making content, comparing it, and think time stop the clock: what is timed
 * is the system calls and the work between them.
 *
 * Every function that touches files returns false after vb_error(), and when
 * a signal asked for the end.  Each counts as one operation in io->ops, unless
 * it says otherwise.
 */
#ifndef BENCH_VB_IO_H
#define BENCH_VB_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vb_job;

#define VB_BLOCK	65536u	/* of reads and writes of whole files */

/* One thread's. */
struct vb_io {
	struct vb_job	*job;
	uint8_t		*buf;		/* grows, is reused */
	size_t		 cap;
	uint64_t	 off_ns;	/* the clock stood: checks, content */
	uint64_t	 slept_ns;	/* think time */
	uint64_t	 ops;
	uint64_t	 bytes;		/* read and written */
};

/* Bytes off to off + len have the content of another key since. */
struct vb_patch {
	uint64_t	 off;
	size_t		 len;
	uint64_t	 key;
};

struct vb_file {
	char		*path;
	uint64_t	 key;
	uint64_t	 size;
	bool		 text;
	bool		 gone;		/* removed, or not made */
	struct vb_patch	*patches;	/* later ones over earlier ones */
	size_t		 patch_count;
};

struct vb_set {
	struct vb_file	*v;
	size_t		 n;
	size_t		 cap;
};

/* How to write a file. */
enum {
	VB_SYNC = 1,	/* fsync before close */
	VB_EXCL = 2,	/* it must not be there yet */
};

void vb_io_init(struct vb_io *io, struct vb_job *j);
void vb_io_fini(struct vb_io *io);

uint64_t vb_io_now(void);	/* ns, monotonic */
/* Between these the clock stands.  stop's result goes to start. */
uint64_t vb_io_stop(void);
void vb_io_start(struct vb_io *io, uint64_t since);
/* Think time. */
bool vb_io_think(struct vb_io *io, unsigned ms);
/* io->buf with at least size bytes. */
uint8_t *vb_io_buf(struct vb_io *io, size_t size);

/*
 * A file of set, not made yet.  The path is the job's folder and the name of
 * fmt.  The pointer lasts until the next one is added.  Not an operation.
 */
struct vb_file *vb_io_add(struct vb_io *io, struct vb_set *set, uint64_t key,
    uint64_t size, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void vb_io_free(struct vb_set *set);

/* Another content from here on; what has to be written again. */
void vb_io_rekey(struct vb_file *f, uint64_t key, uint64_t size);
/* Expected from here on in bytes off to off + len. */
void vb_io_patch(struct vb_file *f, uint64_t off, size_t len, uint64_t key);
/* What must stand at off. */
void vb_io_expect(const struct vb_file *f, uint64_t off, void *buf,
    size_t len);
/* Says at which byte it is wrong.  Stops the clock.  No operation. */
bool vb_io_check(struct vb_io *io, const struct vb_file *f, uint64_t off,
    const void *buf, size_t len);

/* A folder below the job's, whose parent is there. */
bool vb_io_mkdir(struct vb_io *io, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Opens f: the flags of open(2).  -1 after vb_error().  No operation. */
int vb_io_open(struct vb_io *io, const struct vb_file *f, int flags);
bool vb_io_close(struct vb_io *io, const struct vb_file *f, int fd);
bool vb_io_fsync(struct vb_io *io, const char *path, int fd);

/* The content of f into a file that is open, by blocks.  No operation. */
bool vb_io_put(struct vb_io *io, const struct vb_file *f, int fd,
    size_t block);

/* A whole file, by blocks of that many bytes. */
bool vb_io_write(struct vb_io *io, struct vb_file *f, size_t block, int how);
bool vb_io_read(struct vb_io *io, const struct vb_file *f, size_t block);
/* Every file of set that is not gone, by VB_BLOCK. */
bool vb_io_write_all(struct vb_io *io, struct vb_set *set, int how);
bool vb_io_read_all(struct vb_io *io, const struct vb_set *set);

/* A piece of an open file. */
bool vb_io_read_at(struct vb_io *io, const struct vb_file *f, int fd,
    uint64_t off, size_t len);
bool vb_io_write_at(struct vb_io *io, struct vb_file *f, int fd,
    uint64_t off, size_t len, uint64_t key);

/* stat: the size must be right. */
bool vb_io_stat(struct vb_io *io, const struct vb_file *f);
bool vb_io_unlink(struct vb_io *io, struct vb_file *f);
/* Reads from, writes to; to has the content of from afterwards.  Two ops. */
bool vb_io_copy(struct vb_io *io, const struct vb_file *from,
    struct vb_file *to, int how);

/* fsync of a folder, where the system has that. */
bool vb_io_fsync_dir(struct vb_io *io, const char *path);

/* What vb_io_list calls for each entry: an absolute path.  false ends it. */
typedef bool vb_io_entry(struct vb_io *io, const char *path, void *arg);

/*
 * Entries of a folder but "." and ".." and those that begin with "._", which
 * macOS makes.  The folder is closed before the first call.
 */
bool vb_io_list(struct vb_io *io, const char *path, vb_io_entry *fn,
    void *arg);
/* How many there are; and with a stat of each, an operation.  -1: failed. */
long vb_io_count(struct vb_io *io, const char *path);
long vb_io_list_stat(struct vb_io *io, const char *path);

struct vb_walk {
	uint64_t	dirs;
	uint64_t	files;
};
/* The same for everything below a folder.  The folder itself counts not. */
bool vb_io_walk(struct vb_io *io, const char *path, struct vb_walk *w);

/* Everything below path, and path.  Does not stop at signals; no operation. */
bool vb_io_remove(struct vb_io *io, const char *path);

#endif /* BENCH_VB_IO_H */
