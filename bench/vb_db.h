/*
 * vb_db.h - the database workload's tables and statements.
 *
 * A shop for music, like the Chinook sample: artists, albums, tracks,
 * customers, invoices and their lines.  Every value follows from a row's
 * number, so that answers can be checked.
 */
#ifndef BENCH_VB_DB_H
#define BENCH_VB_DB_H

#include <sqlite3.h>

#include "bench/vb.h"

#define VB_DB_ARTISTS	275u
#define VB_DB_ALBUMS	347u
#define VB_DB_CUSTOMERS	59u
#define VB_DB_YEARS	5u	/* of invoices, from 2009 on */

struct vb_db {
	struct vb_job	*job;
	sqlite3		*sql;
	char		 path[VB_PATH + 16];
	uint64_t	 tracks;
	uint64_t	 invoices;
};

/* What a statement gave. */
struct vb_db_rows {
	uint64_t	rows;
	int64_t		first;		/* column 0 of the last row */
	int64_t		sum;		/* of column 0 */
	char		text[64];	/* column 1 of the last row */
};

bool vb_db_open(struct vb_db *db, struct vb_job *j);
bool vb_db_close(struct vb_db *db);
/* Statements without answers, or whose answers do not matter. */
bool vb_db_exec(struct vb_db *db, const char *text);
/* One statement, one operation.  a and b are bound to ?1 and ?2, if any. */
bool vb_db_query(struct vb_db *db, const char *text, int64_t a, int64_t b,
    struct vb_db_rows *r);
bool vb_db_failed(struct vb_db *db, const char *what);

/* All tables and rows, in two transactions, checkpointed. */
bool vb_db_fill(struct vb_db *db);

/* What row i (from 1) has. */
static inline int64_t
vb_db_album_of(uint64_t track)
{
	return (int64_t)(track % VB_DB_ALBUMS) + 1;
}

static inline int64_t
vb_db_artist_of(uint64_t album)
{
	return (int64_t)(album % VB_DB_ARTISTS) + 1;
}

static inline int64_t
vb_db_length_of(uint64_t track)
{
	return (int64_t)(60000 + track * 7919 % 400000);
}

static inline int64_t
vb_db_lines_of(uint64_t invoice)
{
	return (int64_t)(invoice % 5) + 1;
}

#endif /* BENCH_VB_DB_H */
