/*
 * cmd_total.h - how many bytes get and put are going to copy.
 *
 * For the progress bar alone, so a walk beforehand is made only where one is
 * shown; what cannot be read counts nothing, and who copies will say why.
 * 0: not known.
 */
#ifndef NFSD_CMD_TOTAL_H
#define NFSD_CMD_TOTAL_H

#include <stdbool.h>
#include <stdint.h>

struct vault;

/* n paths of the host, or of v; directories count only with recursive. */
uint64_t cmd_total_host(char **file, int n, bool recursive);
uint64_t cmd_total_vault(struct vault *v, char **path, int n,
    bool recursive);

#endif /* NFSD_CMD_TOTAL_H */
