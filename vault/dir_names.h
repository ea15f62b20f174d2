/*
 * dir_names.h - all names of one directory, in the order of their cookies.
 *
 * What a scan has read, and what was added since without reading it again.
 * Names stand in blocks, so that adding one to 100,000 moves some dozens of
 * pointers.  Nothing is taken out by a change: a reader that finds an entry
 * gone removes it here, so each costs one look at most.
 *
 * Ownership: counted references; a listing of the vault's cache.  Its bytes
 * are part of v->list_bytes.  Threads: all but names_ref() and names_put()
 * need the directory's list_lock.
 */
#ifndef VAULT_DIR_NAMES_H
#define VAULT_DIR_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listed;
struct listing;
struct names;
struct vault;

/* Takes over the reference to all; NULL: no memory, and all is put. */
struct names *names_new(struct vault *v, struct listing *all);
struct names *names_ref(struct names *n);
void names_put(struct vault *v, struct names *n);	/* NULL is ignored */

size_t names_count(const struct names *n);

/*
 * One more entry; true also if it is there already.  False: only a scan can
 * tell its cookie (another has it), or no memory.
 */
bool names_add(struct vault *v, struct names *n, const char *entry,
    size_t entry_len, const char *name, size_t name_len);

/* Take out the entry with this cookie, if it is this one still. */
void names_remove(struct vault *v, struct names *n, uint32_t cookie,
    const char *entry);

/* More memory is held for what was removed than for what is there. */
bool names_is_waste(const struct names *n);

/*
 * Copies of up to max entries whose cookies are over after, their text in
 * buf.  Room for 1 KiB holds at least one.
 */
size_t names_copy(const struct names *n, uint32_t after, struct listed *out,
    size_t max, char *buf, size_t cap);

#endif /* VAULT_DIR_NAMES_H */
