/*
 * host_int.h - for host*.c alone.
 */
#ifndef VAULT_HOST_INT_H
#define VAULT_HOST_INT_H

#include <stdbool.h>

#include "vault/host.h"

/* True if a test wants this call to fail; errno is then set. */
bool host_hooked(enum host_op op, const char *path);

/* For the recorder, if there is one; host_record_name() if r is 0: it is r. */
void host_record(const struct host_event *ev);
int host_record_name(int r, enum host_op op, const char *path, const char *to);
void host_record_write(int fd, const struct iovec *iov, size_t done,
    uint64_t off);

#endif /* VAULT_HOST_INT_H */
