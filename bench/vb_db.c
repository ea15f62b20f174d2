/*
 * vb_db.c - "SQLite": look-ups, joins, sums, ranges, inserts and updates in a
 * database with a write-ahead log.
 *
 * The log's index is a mapping that is shared, and needs locks: on NFS the
 * mount has to have them (nolock, or local_lock=all, does on Linux).
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "bench/vb_loads.h"

#ifdef HAVE_SQLITE
#include "bench/vb_db.h"

static bool
prepare(struct vb_job *j)
{
	struct vb_db db;
	bool well;

	well = vb_db_open(&db, j) && vb_db_fill(&db);
	return vb_db_close(&db) && well;
}

static bool
odd(struct vb_db *db, const char *what, const struct vb_db_rows *r)
{
	return vb_error(db->job->vb, "%s: wrong answer to %s: %llu rows, sum "
	    "%lld, '%s'", db->path, what, (unsigned long long)r->rows,
	    (long long)r->sum, r->text);
}

/* By number, from three tables in turn. */
static bool
look_up(struct vb_db *db)
{
	static const char *const names[] = { "Track", "Artist", "Album" };
	static const char *const texts[] = {
		"SELECT TrackId, Name FROM Track WHERE TrackId = ?1",
		"SELECT ArtistId, Name FROM Artist WHERE ArtistId = ?1",
		"SELECT AlbumId, Title FROM Album WHERE AlbumId = ?1",
	};
	const uint64_t counts[] = { db->tracks, VB_DB_ARTISTS, VB_DB_ALBUMS };
	uint64_t n = vb_pair(db->job, 100, 20), i, id;
	struct vb_db_rows r;
	char must[64];

	for (i = 0; i < n; i++) {
		id = vb_rng_below(&db->job->rng, counts[i % 3]) + 1;
		if (!vb_db_query(db, texts[i % 3], (int64_t)id, 0, &r))
			return false;
		(void)snprintf(must, sizeof(must), "%s %llu", names[i % 3],
		    (unsigned long long)id);
		if (r.rows != 1 || strcmp(r.text, must) != 0)
			return odd(db, texts[i % 3], &r);
	}
	return true;
}

static bool
join(struct vb_db *db)
{
	static const char music[] = "SELECT ar.ArtistId, ar.Name FROM Track t "
	    "JOIN Album al ON al.AlbumId = t.AlbumId "
	    "JOIN Artist ar ON ar.ArtistId = al.ArtistId WHERE t.TrackId = ?1";
	static const char sale[] = "SELECT l.Quantity, t.Name FROM Invoice i "
	    "JOIN Customer c ON c.CustomerId = i.CustomerId "
	    "JOIN InvoiceLine l ON l.InvoiceId = i.InvoiceId "
	    "JOIN Track t ON t.TrackId = l.TrackId WHERE i.InvoiceId = ?1";
	uint64_t n = vb_pair(db->job, 50, 10), i, id;
	struct vb_db_rows r;

	for (i = 0; i < n; i++) {
		id = 1 + vb_rng_below(&db->job->rng, i % 2 ? db->invoices :
		    db->tracks);
		if (!vb_db_query(db, i % 2 ? sale : music, (int64_t)id, 0, &r))
			return false;
		if (i % 2 && (int64_t)r.rows != vb_db_lines_of(id))
			return odd(db, sale, &r);
		if (i % 2 == 0 && r.first !=
		    vb_db_artist_of((uint64_t)vb_db_album_of(id)))
			return odd(db, music, &r);
	}
	return true;
}

/* Sums over whole tables: the parts add up to all there is. */
static bool
aggregate(struct vb_db *db)
{
	static const char artists[] = "SELECT COUNT(*), ar.Name FROM Track t "
	    "JOIN Album al ON al.AlbumId = t.AlbumId "
	    "JOIN Artist ar ON ar.ArtistId = al.ArtistId "
	    "GROUP BY ar.ArtistId";
	static const char years[] = "SELECT COUNT(*), Year FROM Invoice "
	    "GROUP BY Year";
	static const char lengths[] = "SELECT COUNT(*), AVG(Milliseconds) "
	    "FROM Track GROUP BY AlbumId ORDER BY 2 DESC";
	static const char *const texts[] = { artists, years, lengths };
	uint64_t n = vb_pair(db->job, 30, 5), i, must;
	struct vb_db_rows r;

	for (i = 0; i < n; i++) {
		if (!vb_db_query(db, texts[i % 3], 0, 0, &r))
			return false;
		must = i % 3 == 1 ? db->invoices : db->tracks;
		if ((uint64_t)r.sum != must)
			return odd(db, texts[i % 3], &r);
	}
	return true;
}

static bool
range(struct vb_db *db)
{
	static const char length[] = "SELECT Milliseconds, Name FROM Track "
	    "WHERE Milliseconds BETWEEN ?1 AND ?2 LIMIT 1000";
	static const char year[] = "SELECT Year, Total FROM Invoice "
	    "WHERE Year = ?1 LIMIT 500";
	uint64_t n = vb_pair(db->job, 40, 10), i;
	struct vb_db_rows r;
	int64_t from;

	for (i = 0; i < n; i++) {
		from = i % 2 ? (int64_t)(2009 + i % VB_DB_YEARS) :
		    (int64_t)vb_rng_range(&db->job->rng, 60000, 400000);
		if (!vb_db_query(db, i % 2 ? year : length, from,
		    from + 60000, &r))
			return false;
		if (r.rows > 0 && (r.first < from || r.first > from + 60000))
			return odd(db, i % 2 ? year : length, &r);
	}
	return true;
}

/* Each insert is a transaction of its own; what was put in comes out. */
static bool
insert(struct vb_db *db)
{
	static const char put[] = "INSERT INTO AnalysisCache"
	    "(CacheId, Value) VALUES(?1, ?2)";
	static const char get[] = "SELECT Value, CacheId FROM AnalysisCache "
	    "WHERE CacheId = ?1";
	int64_t n = (int64_t)vb_pair(db->job, 200, 20), i, id;
	struct vb_db_rows r;

	if (!vb_db_exec(db, "CREATE TABLE IF NOT EXISTS AnalysisCache"
	    "(CacheId INTEGER PRIMARY KEY, Value INTEGER)"))
		return false;
	for (i = 0; i < n; i++) {
		if (!vb_db_query(db, put, i + 1, 1000 + 17 * i, &r))
			return false;
	}
	for (i = 0; i < 50; i++) {
		id = (int64_t)vb_rng_below(&db->job->rng, (uint64_t)n);
		if (!vb_db_query(db, get, id + 1, 0, &r))
			return false;
		if (r.rows != 1 || r.first != 1000 + 17 * id)
			return odd(db, get, &r);
	}
	return true;
}

static bool
update(struct vb_db *db)
{
	struct vb_db_rows r;
	int64_t id;
	int i;

	for (i = 0; i < 50; i++) {
		id = (int64_t)vb_rng_below(&db->job->rng, db->invoices) + 1;
		if (!vb_db_query(db, "UPDATE Invoice SET Total = Total + 1 "
		    "WHERE InvoiceId = ?1", id, 0, &r))
			return false;
	}
	return true;
}

static bool
analyse(struct vb_db *db)
{
	static const char best[] = "SELECT c.CustomerId, SUM(i.Total) AS Spent "
	    "FROM Customer c JOIN Invoice i ON i.CustomerId = c.CustomerId "
	    "GROUP BY c.CustomerId ORDER BY Spent DESC";
	static const char sold[] = "SELECT SUM(l.Quantity), al.Title "
	    "FROM InvoiceLine l JOIN Track t ON t.TrackId = l.TrackId "
	    "JOIN Album al ON al.AlbumId = t.AlbumId GROUP BY al.AlbumId";
	uint64_t i, lines = 0;
	struct vb_db_rows r;

	if (!vb_db_query(db, best, 0, 0, &r))
		return false;
	if (r.rows != (db->invoices < VB_DB_CUSTOMERS ? db->invoices :
	    VB_DB_CUSTOMERS))
		return odd(db, best, &r);
	if (!vb_db_query(db, sold, 0, 0, &r))
		return false;
	for (i = 1; i <= db->invoices; i++)
		lines += (uint64_t)vb_db_lines_of(i);
	return (uint64_t)r.sum == lines || odd(db, sold, &r);
}

static bool
run(struct vb_job *j)
{
	struct vb_db db;
	bool well;

	well = vb_db_open(&db, j) &&
	    vb_db_exec(&db, "PRAGMA cache_size = 5000") &&
	    vb_db_exec(&db, "PRAGMA temp_store = MEMORY") &&
	    look_up(&db) && join(&db) && aggregate(&db) && range(&db) &&
	    insert(&db) && update(&db) && analyse(&db);
	return vb_db_close(&db) && well;
}

/* Every page is what SQLite left, and the 50 updates are there. */
static bool
check(struct vb_job *j)
{
	struct vb_db_rows r;
	struct vb_db db;
	uint64_t i;
	int64_t must = 50;
	bool well;

	well = vb_db_open(&db, j) && vb_db_query(&db,
	    "SELECT 0, integrity_check FROM pragma_integrity_check", 0, 0, &r);
	if (well && strcmp(r.text, "ok") != 0)
		well = vb_error(j->vb, "%s: %s", db.path, r.text);
	for (i = 1; i <= db.invoices; i++)
		must += 99 * vb_db_lines_of(i);
	well = well && vb_db_query(&db, "SELECT SUM(Total), 0 FROM Invoice", 0,
	    0, &r) && (r.sum == must || odd(&db, "the sum of invoices", &r));
	return vb_db_close(&db) && well;
}

const struct vb_load vb_database = {
	.name = "database", .what = "SQLite: look-ups, joins, inserts, updates",
	.seed = 0xda7aba5e, .warm_ups = 1,
	.prepare = prepare,
	.steps = { { "database", run, VB_FRESH } },
	.check = check,
};
#else
const struct vb_load vb_database = {
	.name = "database", .what = "SQLite: look-ups, joins, inserts, updates",
	.steps = { { "database", NULL, VB_FRESH } },
	.missing = "was not built: libsqlite3 was not there",
};
#endif
