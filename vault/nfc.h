/*
 * nfc.h - Unicode normalization form C, in memory of the caller's choice.
 *
 * Names are normalized in a request's arena and passwords in secret memory,
 * so this allocates nothing itself.  Pure; any thread.
 */
#ifndef VAULT_NFC_H
#define VAULT_NFC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True if len bytes are NFC already, decided by a glance: UTF-8 of code points
 * below U+0300 only.  False says nothing.
 */
bool nfc_is_plain(const char *s, size_t len);

/* Bytes of memory that nfc_make() needs for s; 0 if s is not UTF-8. */
size_t nfc_room(const char *s, size_t len);

/*
 * The NFC form of s, at the start of the nfc_room() bytes at buf (aligned for
 * int32_t).  Returns its length in bytes; not terminated.
 */
size_t nfc_make(const char *s, size_t len, void *buf, size_t room);

#endif /* VAULT_NFC_H */
