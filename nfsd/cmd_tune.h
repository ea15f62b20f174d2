/*
 * cmd_tune.h - the switches of experiments on the command line (base/tune.h).
 */
#ifndef NFSD_CMD_TUNE_H
#define NFSD_CMD_TUNE_H

#include "nfsd/cmd.h"

/*
 * Set what the list says (NULL: nothing), before there is a second thread and
 * before a password is read: "malloc=libc" begins the program anew, since an
 * allocator cannot be changed under way.
 */
enum cmd_exit cmd_tune(const struct cmd_call *call, const char *list);

#endif /* NFSD_CMD_TUNE_H */
