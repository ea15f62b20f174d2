/*
 * cmd_out.h - what commands print: names, attributes, JSON, progress.
 *
 * Names in a vault are bytes that anybody with the keys chose.  On a terminal
 * a byte that could steer it becomes '?', as ls does; in a pipe they go out
 * as they are.  JSON is always valid UTF-8: what is not becomes U+FFFD, and a
 * second member KEY_hex then holds the bytes.
 */
#ifndef NFSD_CMD_OUT_H
#define NFSD_CMD_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct vattr;
struct verr;

/* To standard output. */
void cmd_out_name(const char *s, size_t len);

/* "-rw-r--r--" and the like. */
void cmd_out_mode(const struct vattr *a, char out[11]);

/* hex digits of len bytes and a NUL. */
void cmd_out_hex(const void *data, size_t len, char *out);

/* Set key (and hex_key if need be) to these bytes.  false: no memory. */
bool cmd_json_bytes(json_t *obj, const char *key, const char *hex_key,
    const char *s, size_t len);

/*
 * An entry: path type size mode mtime mtime_nsec, and target if not NULL.
 * path is absolute in the vault; name_len tells how many of its last bytes
 * are the name.  NULL: no memory.
 */
json_t *cmd_json_entry(const char *path, size_t name_len,
    const struct vattr *a, const char *target, size_t target_len);

/*
 * An array on standard output, one element a line, without ever holding it
 * whole: begin, any number of adds (each takes its element; NULL is what a
 * maker without memory gave, and false comes back), end.
 */
void cmd_json_begin(void);
bool cmd_json_add(json_t *element);
void cmd_json_end(void);

/* One object on a line of its own; takes it.  false: no memory. */
bool cmd_json_print(json_t *obj);

/*
 * One bar on the terminal at standard error; nothing at all elsewhere.  It
 * shows only when work takes longer than half a second.  total 0: unknown.
 * Colour unless NO_COLOR is set.
 */
void cmd_progress_start(uint64_t total);
void cmd_progress_total(uint64_t total);	/* known only now */
void cmd_progress_add(uint64_t bytes);
void cmd_progress_items(void);	/* count things, not bytes */
bool cmd_progress_shown(void);	/* false: a total would be for nothing */
void cmd_progress_clear(void);	/* before other lines; it comes back */
void cmd_progress_end(void);

#endif /* NFSD_CMD_OUT_H */
