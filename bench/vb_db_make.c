/*
 * vb_db_make.c - open, statements, tables and rows.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bench/vb_loads.h"

#ifdef HAVE_SQLITE
#include "bench/vb_db.h"

static const char tables[] =
    "CREATE TABLE Artist(ArtistId INTEGER PRIMARY KEY, Name TEXT);"
    "CREATE TABLE Album(AlbumId INTEGER PRIMARY KEY, Title TEXT,"
    " ArtistId INTEGER);"
    "CREATE TABLE Track(TrackId INTEGER PRIMARY KEY, Name TEXT,"
    " AlbumId INTEGER, Milliseconds INTEGER, UnitPrice INTEGER);"
    "CREATE TABLE Customer(CustomerId INTEGER PRIMARY KEY, Name TEXT);"
    "CREATE TABLE Invoice(InvoiceId INTEGER PRIMARY KEY,"
    " CustomerId INTEGER, Year INTEGER, Total INTEGER);"
    "CREATE TABLE InvoiceLine(InvoiceLineId INTEGER PRIMARY KEY,"
    " InvoiceId INTEGER, TrackId INTEGER, Quantity INTEGER);"
    "CREATE INDEX AlbumArtist ON Album(ArtistId);"
    "CREATE INDEX TrackAlbum ON Track(AlbumId);"
    "CREATE INDEX TrackLength ON Track(Milliseconds);"
    "CREATE INDEX InvoiceCustomer ON Invoice(CustomerId);"
    "CREATE INDEX InvoiceYear ON Invoice(Year);"
    "CREATE INDEX LineInvoice ON InvoiceLine(InvoiceId);"
    "CREATE INDEX LineTrack ON InvoiceLine(TrackId);";

bool
vb_db_failed(struct vb_db *db, const char *what)
{
	return vb_error(db->job->vb, "%s: %.80s: %s", db->path, what,
	    db->sql ? sqlite3_errmsg(db->sql) : "no memory");
}

/* Without its write-ahead log the workload would be another one. */
bool
vb_db_open(struct vb_db *db, struct vb_job *j)
{
	struct vb_db_rows r;
	sqlite3_stmt *st = NULL;
	bool wal;

	memset(db, 0, sizeof(*db));
	db->job = j;
	db->tracks = vb_pair(j, 50000, 5000);
	db->invoices = vb_pair(j, 10000, 1000);
	(void)snprintf(db->path, sizeof(db->path), "%s/shop.db", j->dir);
	if (sqlite3_open(db->path, &db->sql) != SQLITE_OK)
		return vb_db_failed(db, "open");
	(void)sqlite3_busy_timeout(db->sql, 10000);
	if (sqlite3_prepare_v2(db->sql, "PRAGMA journal_mode = WAL", -1, &st,
	    NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW) {
		(void)sqlite3_finalize(st);
		return vb_db_failed(db, "journal_mode");
	}
	wal = strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;
	(void)sqlite3_finalize(st);
	return (wal || vb_error(j->vb, "%s: no write-ahead log here",
	    db->path)) &&
	    vb_db_query(db, "PRAGMA foreign_keys = OFF", 0, 0, &r);
}

bool
vb_db_close(struct vb_db *db)
{
	sqlite3 *sql = db->sql;

	db->sql = NULL;
	return sqlite3_close(sql) == SQLITE_OK || vb_db_failed(db, "close");
}

bool
vb_db_exec(struct vb_db *db, const char *text)
{
	return sqlite3_exec(db->sql, text, NULL, NULL, NULL) == SQLITE_OK ||
	    vb_db_failed(db, text);
}

bool
vb_db_query(struct vb_db *db, const char *text, int64_t a, int64_t b,
    struct vb_db_rows *r)
{
	sqlite3_stmt *st = NULL;
	const unsigned char *s;
	int rc;

	memset(r, 0, sizeof(*r));
	if (vb_stopped())
		return false;
	if (sqlite3_prepare_v2(db->sql, text, -1, &st, NULL) != SQLITE_OK)
		return vb_db_failed(db, text);
	(void)sqlite3_bind_int64(st, 1, a);	/* an error: it has none */
	(void)sqlite3_bind_int64(st, 2, b);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		r->rows++;
		r->first = sqlite3_column_int64(st, 0);
		r->sum += r->first;
		s = sqlite3_column_text(st, 1);
		(void)snprintf(r->text, sizeof(r->text), "%s",
		    s == NULL ? "" : (const char *)s);
	}
	(void)sqlite3_finalize(st);
	db->job->io.ops++;
	return rc == SQLITE_DONE || vb_db_failed(db, text);
}

/* count rows of one table: number, a name, and what the number leads to. */
static bool
fill(struct vb_db *db, const char *text, uint64_t count, const char *name,
    void (*more)(sqlite3_stmt *st, uint64_t i))
{
	sqlite3_stmt *st = NULL;
	char value[64];
	bool well = true;
	uint64_t i;

	if (sqlite3_prepare_v2(db->sql, text, -1, &st, NULL) != SQLITE_OK)
		return vb_db_failed(db, text);
	for (i = 1; well && i <= count && !vb_stopped(); i++) {
		(void)snprintf(value, sizeof(value), "%s %llu", name,
		    (unsigned long long)i);
		(void)sqlite3_bind_int64(st, 1, (int64_t)i);
		(void)sqlite3_bind_text(st, 2, value, -1, SQLITE_TRANSIENT);
		if (more != NULL)
			more(st, i);
		well = sqlite3_step(st) == SQLITE_DONE &&
		    sqlite3_reset(st) == SQLITE_OK;
	}
	if (!well)
		(void)vb_db_failed(db, text);
	(void)sqlite3_finalize(st);
	return well && !vb_stopped();
}

static void
album(sqlite3_stmt *st, uint64_t i)
{
	(void)sqlite3_bind_int64(st, 3, vb_db_artist_of(i));
}

static void
track(sqlite3_stmt *st, uint64_t i)
{
	(void)sqlite3_bind_int64(st, 3, vb_db_album_of(i));
	(void)sqlite3_bind_int64(st, 4, vb_db_length_of(i));
}

static void
invoice(sqlite3_stmt *st, uint64_t i)
{
	(void)sqlite3_bind_int64(st, 2, (int64_t)(i % VB_DB_CUSTOMERS) + 1);
	(void)sqlite3_bind_int64(st, 3, (int64_t)(2009 + i % VB_DB_YEARS));
	(void)sqlite3_bind_int64(st, 4, 99 * vb_db_lines_of(i));
}

/* One to five lines of each invoice. */
static bool
fill_lines(struct vb_db *db)
{
	static const char text[] = "INSERT INTO InvoiceLine"
	    "(InvoiceId, TrackId, Quantity) VALUES(?1, ?2, 1)";
	sqlite3_stmt *st = NULL;
	bool well = true;
	uint64_t i;
	int64_t k;

	if (sqlite3_prepare_v2(db->sql, text, -1, &st, NULL) != SQLITE_OK)
		return vb_db_failed(db, text);
	for (i = 1; well && i <= db->invoices; i++) {
		for (k = 0; well && k < vb_db_lines_of(i); k++) {
			(void)sqlite3_bind_int64(st, 1, (int64_t)i);
			(void)sqlite3_bind_int64(st, 2, (int64_t)
			    vb_rng_below(&db->job->rng, db->tracks) + 1);
			well = sqlite3_step(st) == SQLITE_DONE &&
			    sqlite3_reset(st) == SQLITE_OK;
		}
	}
	if (!well)
		(void)vb_db_failed(db, text);
	(void)sqlite3_finalize(st);
	return well;
}

bool
vb_db_fill(struct vb_db *db)
{
	return vb_db_exec(db, tables) && vb_db_exec(db, "BEGIN") &&
	    fill(db, "INSERT INTO Artist VALUES(?1, ?2)", VB_DB_ARTISTS,
	    "Artist", NULL) &&
	    fill(db, "INSERT INTO Album VALUES(?1, ?2, ?3)", VB_DB_ALBUMS,
	    "Album", album) &&
	    fill(db, "INSERT INTO Track VALUES(?1, ?2, ?3, ?4, 99)",
	    db->tracks, "Track", track) &&
	    vb_db_exec(db, "COMMIT") && vb_db_exec(db, "BEGIN") &&
	    fill(db, "INSERT INTO Customer VALUES(?1, ?2)", VB_DB_CUSTOMERS,
	    "Customer", NULL) &&
	    fill(db, "INSERT INTO Invoice VALUES(?1, ?2, ?3, ?4)",
	    db->invoices, "", invoice) &&
	    fill_lines(db) && vb_db_exec(db, "COMMIT") &&
	    vb_db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
}
#endif
