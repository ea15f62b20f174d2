/*
 * host_int.h - for host*.c alone.
 */
#ifndef VAULT_HOST_INT_H
#define VAULT_HOST_INT_H

#include <stdbool.h>

#include "vault/host.h"

/* True if a test wants this call to fail; errno is then set. */
bool host_hooked(enum host_op op, const char *path);

#endif /* VAULT_HOST_INT_H */
