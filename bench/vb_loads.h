/*
 * vb_loads.h - the workloads, each in a file of its own.
 *
 * Names, counts, sizes and phases are those of oxbench, the benchmark of
 * another client for the same vaults, so that figures can be set beside its
 * own; README.md here says where these differ and why.
 */
#ifndef BENCH_VB_LOADS_H
#define BENCH_VB_LOADS_H

#include "bench/vb.h"

/* vb_synth.c, vb_synth_dir.c */
extern const struct vb_load vb_seq_read, vb_rand_read, vb_seq_write,
    vb_rand_write;
extern const struct vb_load vb_readdir, vb_stat, vb_create, vb_delete;

extern const struct vb_load vb_ide;
extern const struct vb_load vb_wset;
extern const struct vb_load vb_browse, vb_coldstart;	/* vb_browse.c */
extern const struct vb_load vb_git;
extern const struct vb_load vb_concurrent;		/* vb_conc.c */
extern const struct vb_load vb_database;		/* vb_db.c */
extern const struct vb_load vb_media;
extern const struct vb_load vb_photo;
extern const struct vb_load vb_archive;
extern const struct vb_load vb_backup;

/* vb_micro.c */
extern const struct vb_load vb_micro_files, vb_micro_data, vb_micro_untar;

#endif /* BENCH_VB_LOADS_H */
