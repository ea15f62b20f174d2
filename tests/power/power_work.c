/*
 * power_work.c - what people do to files.
 */
#include "config.h"

#include "tests/power/power.h"
#include "vault/cipher.h"

#define C	((uint32_t)CIPHER_CHUNK)

static uint32_t
draw(struct power_model *m, uint32_t n)
{
	return power_draw(&m->seed, n);
}

static void
sometimes(struct power_model *m, int node, uint32_t n)
{
	if (draw(m, n) == 0)
		power_commit(m, node);
	else if (draw(m, 3 * n) == 0)
		power_age(m);
}

/* Records and larger pieces, in place. */
static void
overwrite(struct power_model *m, unsigned rounds)
{
	int f = power_make(m, 0, "file", VTYPE_FILE);
	uint32_t size = 4 * C + 1000, off, len;

	power_put(m, f, 0, size);
	power_commit(m, f);
	while (rounds-- > 0) {
		off = draw(m, size);
		len = draw(m, 4) == 0 ? 1 + draw(m, 2 * C) : 16;
		power_put(m, f, off, off + len > size ? size - off : len);
		sometimes(m, f, 5);
	}
}

/* A log, by lines and by whole chunks. */
static void
append(struct power_model *m, unsigned rounds)
{
	int f = power_make(m, 0, "log" BOX_LONG, VTYPE_FILE);
	uint32_t size = 0, len;

	while (rounds-- > 0 && size < 12 * C) {
		len = draw(m, 5) == 0 ? 1 + draw(m, 2 * C) : 1 + draw(m, 300);
		if (draw(m, 8) == 0)
			len = C - size % C;
		power_put(m, f, size, len);
		size += len;
		sometimes(m, f, 3);
	}
}

static void
trim(struct power_model *m, unsigned rounds)
{
	int f = power_make(m, 0, "cut", VTYPE_FILE);
	uint32_t size = 0, off, len;

	while (rounds-- > 0) {
		switch (draw(m, 6)) {
		case 0:
			power_trim(m, f, size = 0);
			break;
		case 1:
			power_trim(m, f, size = size == 0 ? 0 :
			    draw(m, size));
			break;
		case 2:
			size += draw(m, size < 5 * C ? C : 1);
			power_trim(m, f, size);
			break;
		default:
			off = draw(m, 2) == 0 ? size : draw(m, size + 1);
			len = 1 + draw(m, draw(m, 2) == 0 ? 200 : C);
			if (off + len > 6 * C)
				break;
			power_put(m, f, off, len);
			if (off + len > size)
				size = off + len;
		}
		sometimes(m, f, 4);
	}
}

/* What an editor does: a new file takes the old one's name. */
static void
replace(struct power_model *m, unsigned rounds)
{
	static const char *const names[] = { "text", "t" BOX_LONG, "other" };
	int dir = power_make(m, 0, "folder", VTYPE_DIR), f, i = 0;

	for (; rounds > 0; rounds--, i++) {
		f = power_make(m, draw(m, 2) == 0 ? 0 : dir,
		    draw(m, 2) == 0 ? "new" : "n" BOX_LONG, VTYPE_FILE);
		power_put(m, f, 0, 1 + draw(m, draw(m, 4) == 0 ? C : 3000));
		if (draw(m, 4) != 0)
			power_commit(m, f);
		power_move(m, f, dir, names[draw(m, 3)]);
		sometimes(m, f, 4);
	}
}

/* Many small things come, move, and go. */
static void
create(struct power_model *m, unsigned rounds)
{
	int dir[3] = { 0 }, node[300], n = 0, i, at;
	char name[280];

	dir[1] = power_make(m, 0, "a", VTYPE_DIR);
	dir[2] = power_make(m, 0, "b" BOX_LONG, VTYPE_DIR);
	for (i = 0; rounds > 0 && i < 300; rounds--, i++) {
		at = n == 0 ? 0 : (int)draw(m, (uint32_t)n);
		(void)snprintf(name, sizeof(name), "%d%s", i,
		    draw(m, 4) == 0 ? BOX_LONG : "");
		switch (draw(m, 8)) {
		case 0: case 1:
			if (n == 0)
				break;
			power_drop(m, node[at]);
			node[at] = node[--n];
			break;
		case 2: case 3:
			if (n > 0)
				power_move(m, node[at], dir[draw(m, 3)], name);
			break;
		default:
			node[n] = power_make(m, dir[draw(m, 3)], name,
			    (enum vtype[]){ VTYPE_FILE, VTYPE_FILE,
			    VTYPE_SYMLINK, VTYPE_DIR }[draw(m, 4)]);
			if (m->node[node[n]].type == VTYPE_FILE) {
				power_put(m, node[n], 0, 1 + draw(m, 6000));
				sometimes(m, node[n], 2);
			}
			n++;
		}
	}
}

/*
 * SQLite: the pages that a transaction changes go to a journal, that is synced,
 * then the pages are written, synced, and the journal is removed.
 */
static void
sqlite(struct power_model *m, unsigned rounds)
{
	int db = power_make(m, 0, "data.db", VTYPE_FILE), j;
	uint32_t pages = 8, off, i;

	power_put(m, db, 0, pages * 4096);
	power_commit(m, db);
	for (; rounds >= 8; rounds -= 8) {
		j = power_make(m, 0, "data.db-journal", VTYPE_FILE);
		power_put(m, j, 0, 512);
		for (i = 0, off = 512; i < 3; i++, off += 4 + 4096 + 4) {
			power_put(m, j, off, 4);
			power_put(m, j, off + 4, 4096);
			power_put(m, j, off + 4100, 4);
		}
		power_commit(m, j);
		power_put(m, j, 0, 12);
		power_commit(m, j);
		for (i = 0; i < 3; i++)
			power_put(m, db, draw(m, pages) * 4096, 4096);
		if (pages < 40 && draw(m, 2) == 0)
			power_put(m, db, pages++ * 4096, 4096);
		power_put(m, db, 0, 4096);
		power_commit(m, db);
		power_drop(m, j);
	}
}

/* SQLite with a log that is written ahead: frames, and now and then a sync. */
static void
sqlite_wal(struct power_model *m, unsigned rounds)
{
	int db = power_make(m, 0, "wal.db", VTYPE_FILE);
	int wal = power_make(m, 0, "wal.db-wal", VTYPE_FILE);
	uint32_t off = 32, i;

	power_put(m, db, 0, 16 * 4096);
	power_commit(m, db);
	power_put(m, wal, 0, 32);
	for (; rounds >= 4; rounds -= 4) {
		for (i = 1 + draw(m, 3); i > 0; i--, off += 24 + 4096) {
			power_put(m, wal, off, 24);
			power_put(m, wal, off + 24, 4096);
		}
		power_commit(m, wal);
		if (draw(m, 5) != 0)
			continue;
		for (i = 0; i < 4; i++)
			power_put(m, db, draw(m, 16) * 4096, 4096);
		power_commit(m, db);
		off = 32;
		power_put(m, wal, 0, 32);
	}
}

/* git: objects appear under their names whole; the index and a ref likewise. */
static void
git(struct power_model *m, unsigned rounds)
{
	int objects = power_make(m, 0, "objects", VTYPE_DIR), sub[4] = { 0 };
	int refs = power_make(m, 0, "refs", VTYPE_DIR), f;
	unsigned i, k = 0;
	char name[80];

	while (rounds >= 10) {
		for (i = 0; i < 3; i++, k++) {
			if (sub[k % 4] == 0) {
				(void)snprintf(name, sizeof(name), "%02x",
				    k % 4);
				sub[k % 4] = power_make(m, objects, name,
				    VTYPE_DIR);
			}
			f = power_make(m, sub[k % 4], "tmp_obj", VTYPE_FILE);
			power_put(m, f, 0, 50 + draw(m, 3000));
			power_commit(m, f);
			(void)snprintf(name, sizeof(name),
			    "%034u%04x", k, k);
			power_move(m, f, sub[k % 4], name);
		}
		f = power_make(m, 0, "index.lock", VTYPE_FILE);
		power_put(m, f, 0, 200 + draw(m, 4000));
		power_commit(m, f);
		power_move(m, f, 0, "index");
		f = power_make(m, refs, "main.lock", VTYPE_FILE);
		power_put(m, f, 0, 41);
		power_commit(m, f);
		power_move(m, f, refs, "main");
		rounds -= 10;
	}
}

/*
 * Small files that are written again and again, as counters and settings are:
 * slots of the journal are used, free, and used again by another file.
 */
static void
settings(struct power_model *m, unsigned rounds)
{
	uint32_t i;
	int f[2];

	f[0] = power_make(m, 0, "window", VTYPE_FILE);
	f[1] = power_make(m, 0, "sound", VTYPE_FILE);
	power_put(m, f[0], 0, 900);
	power_put(m, f[1], 0, 900);
	power_commit(m, f[0]);
	power_commit(m, f[1]);
	for (i = 0; i < rounds; i++) {
		power_put(m, f[i / 2 % 2], 0, 900);
		power_commit(m, f[i / 2 % 2]);
		if (i % 2 == 1 && draw(m, 8) != 0)
			power_age(m);
	}
}

/* Files take the names of symlinks, and the reverse, long ones and short. */
static void
swap(struct power_model *m, unsigned rounds)
{
	static const char *const names[] = { "n", "n" BOX_LONG };
	int dir[2] = { 0 }, f, i = 0;
	char name[16];

	dir[1] = power_make(m, 0, "there", VTYPE_DIR);
	for (; rounds > 0; rounds--, i++) {
		(void)snprintf(name, sizeof(name), "new%d", i);
		f = power_make(m, dir[draw(m, 2)], name, draw(m, 2) == 0 ?
		    VTYPE_FILE : VTYPE_SYMLINK);
		if (m->node[f].type == VTYPE_FILE) {
			power_put(m, f, 0, 1 + draw(m, 2000));
			if (draw(m, 3) != 0)
				power_commit(m, f);
		}
		power_move(m, f, dir[draw(m, 2)], names[draw(m, 2)]);
		if (draw(m, 6) == 0)
			power_age(m);
	}
}

static const struct {
	const char	*name;
	void		(*run)(struct power_model *m, unsigned rounds);
} works[] = {
	{ "overwrite", overwrite }, { "append", append }, { "trim", trim },
	{ "replace", replace }, { "create", create }, { "sqlite", sqlite },
	{ "sqlite-wal", sqlite_wal }, { "git", git },
	{ "settings", settings }, { "swap", swap },
};

const char *
power_work_name(unsigned which)
{
	return which < sizeof(works) / sizeof(works[0]) ? works[which].name :
	    NULL;
}

void
power_work(struct power_model *m, unsigned which, unsigned rounds)
{
	works[which].run(m, rounds);
}
