/*
 * kill_work.c - a client that knows what it was told.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/client/client.h"
#include "tests/power/kill_serve.h"

#define RECORDS	(220000u / KILL_RECORD)	/* of "over": seven chunks */
#define TAIL	(16u * 1024 * 1024 / KILL_RECORD)	/* of "tail", at most */
#define NAMES	40u

/* Each record holds its own number, and three times when it was written. */
static struct {
	struct kill_handle over, tail;
	uint32_t	gen;			/* the last one begun */
	uint32_t	written[RECORDS], synced[RECORDS];
	uint32_t	tail_written, tail_synced;
	uint32_t	cur;			/* of "cur", answered */
	uint32_t	cur_asked;
	bool		there[NAMES];		/* as it was answered */
	bool		names_only;		/* in this round */
} k;

/* The last call about names. */
enum asked { NOTHING, MAKE, DROP, MOVE, ASKED };
static struct {
	enum asked	what;
	bool		open;			/* it had no reply */
	uint32_t	xid;
	char		name[32], to[32];
} last;

static unsigned long moves;
/* Sent again, by kind: without and with a reply; and told of an error. */
static unsigned long again[ASKED][2], false_errors;
static unsigned long unreadable, lost;		/* READs, bytes */

/* -- names */

/* One of them; true if there was a reply. */
static bool
ask(struct client *c, enum asked what, const char *name, const char *to,
    struct kill_handle *h)
{
	int st;

	last.what = what;
	last.open = true;
	last.xid = kill_next(c);
	(void)snprintf(last.name, sizeof(last.name), "%s", name);
	(void)snprintf(last.to, sizeof(last.to), "%s", to);
	st = what == MAKE ? kill_make(c, name, h) : what == DROP ?
	    kill_drop(c, name) : kill_move(c, name, to);
	if (st == -1)
		return false;
	kill_must(st == WIRE_NFS3_OK, name, (unsigned)st);
	last.open = false;
	return true;
}

/* -- contents */

static bool
overwrite(struct client *c)
{
	uint32_t n = kill_draw(3) == 0 ? 1 + kill_draw(KILL_PIECE) : 1;
	uint32_t at = kill_draw(RECORDS - n), i;

	k.gen++;
	for (i = 0; i < n; i++)
		k.written[at + i] = k.gen;
	if (!kill_put(c, &k.over, at, n, k.gen, UNSTABLE))
		return false;
	if (kill_draw(3) != 0)
		return true;
	if (!kill_commit(c, &k.over))
		return false;
	memcpy(k.synced, k.written, sizeof(k.synced));
	return true;
}

static bool
append(struct client *c)
{
	uint32_t n = 1 + kill_draw(kill_draw(4) == 0 ? KILL_PIECE : 20);
	bool stable = kill_draw(4) == 0;

	if (k.tail_written + n > TAIL)
		return true;
	k.gen++;
	k.tail_written += n;
	if (!kill_put(c, &k.tail, k.tail_written - n, n, k.gen, stable ?
	    FILE_SYNC : UNSTABLE))
		return false;
	if (!stable && (kill_draw(3) != 0 || !kill_commit(c, &k.tail)))
		return true;
	k.tail_synced = k.tail_written;
	return true;
}

/* A new file takes the name of the old one. */
static bool
replace(struct client *c)
{
	struct kill_handle h;

	k.gen++;
	if (!ask(c, MAKE, "new", "", &h) ||
	    !kill_put(c, &h, 0, 1 + kill_draw(100), k.gen, UNSTABLE) ||
	    !kill_commit(c, &h))
		return false;
	k.cur_asked = k.gen;
	if (!ask(c, MOVE, "new", "cur", NULL))
		return false;
	k.cur = k.gen;
	moves++;
	return true;
}

/* The last call about names did what it was to do. */
static void
note_done(void)
{
	uint32_t i;

	if (sscanf(last.name, "name-%u", &i) == 1)
		k.there[i] = last.what == MAKE;
	if (sscanf(last.to, "name-%u", &i) == 1)
		k.there[i] = true;
	if (strcmp(last.to, "cur") == 0)
		k.cur = k.cur_asked;
}

static bool
name_one(struct client *c)
{
	uint32_t i = kill_draw(NAMES), to = kill_draw(NAMES);
	char name[32], other[32] = "";
	enum asked what = MAKE;

	(void)snprintf(name, sizeof(name), "name-%u", i);
	if (k.there[i])
		what = to != i && kill_draw(2) == 0 ? MOVE : DROP;
	if (what == MOVE)
		(void)snprintf(other, sizeof(other), "name-%u", to);
	if (!ask(c, what, name, other, NULL))
		return false;
	note_done();
	return true;
}

/* -- the whole */

void
kill_begin(struct client *c)
{
	struct kill_handle cur;
	uint32_t at;

	kill_mount(c);
	kill_must(ask(c, MAKE, "over", "", &k.over) &&
	    ask(c, MAKE, "tail", "", &k.tail) &&
	    ask(c, MAKE, "cur", "", &cur), "begin", 0);
	for (at = 0; at < RECORDS; at += KILL_PIECE)
		kill_must(kill_put(c, &k.over, at, RECORDS - at < KILL_PIECE ?
		    RECORDS - at : KILL_PIECE, k.gen, UNSTABLE), "begin", at);
	kill_must(kill_put(c, &cur, 0, 1, k.gen, UNSTABLE) &&
	    kill_commit(c, &cur) && kill_commit(c, &k.over), "begin", 1);
}

void
kill_work(struct client *c)
{
	bool fine = true;

	k.names_only = kill_draw(3) != 0;
	while (fine)
		switch (k.names_only && kill_draw(4) != 0 ? 7 :
		    k.names_only ? 6 : kill_draw(8)) {
		case 0: case 1: case 2:
			fine = overwrite(c);
			break;
		case 3: case 4: case 5:
			fine = append(c);
			break;
		case 6:
			fine = replace(c);
			break;
		default:
			fine = name_one(c);
		}
}

/*
 * The last call about names once more: it had no reply, or that was lost on the
 * way.  It must have gone well, once.
 */
static void
send_again(struct client *c)
{
	int st;

	if (last.what == NOTHING)
		return;
	client_next_xid(c, last.xid);
	st = last.what == MAKE ? kill_make(c, last.name, NULL) :
	    last.what == DROP ? kill_drop(c, last.name) :
	    kill_move(c, last.name, last.to);
	kill_must(st != -1, "no reply to what was sent again", 0);
	again[last.what][!last.open]++;
	if (st != WIRE_NFS3_OK) {
		(void)printf("# %s %s %s, sent again%s: error %d\n",
		    last.what == MAKE ? "CREATE" : last.what == DROP ?
		    "REMOVE" : "RENAME", last.name, last.to,
		    last.open ? "" : " although it had a reply", st);
		false_errors++;
	}
	if (last.open)
		note_done();
	last.what = NOTHING;
}

/* All of a file, whose records must be good; how many there are. */
static uint32_t
read_records(struct client *c, const struct kill_handle *h, uint32_t *gens,
    uint32_t max)
{
	static uint8_t buf[KILL_READ];
	uint32_t at = 0, rec[4], i, n;
	uint64_t off = 0;
	bool eof = false;
	int st;

	for (; !eof; off += n) {
		if ((st = kill_read(c, h, off, buf, &n, &eof)) !=
		    WIRE_NFS3_OK) {
			unreadable++;
			(void)printf("# READ at %llu: error %d\n",
			    (unsigned long long)off, st);
			return at;
		}
		for (i = 0; i + KILL_RECORD <= n; i += KILL_RECORD, at++) {
			memcpy(rec, buf + i, KILL_RECORD);
			kill_must(at < max, "a file is too long", at);
			if (rec[0] != at || rec[1] != rec[2] ||
			    rec[2] != rec[3])
				lost += KILL_RECORD;	/* torn */
			gens[at] = rec[1];
		}
	}
	return at;
}

static void
look_at_names(struct client *c)
{
	struct kill_handle h;
	char name[32];
	uint32_t i;

	for (i = 0; i < NAMES; i++) {
		(void)snprintf(name, sizeof(name), "name-%u", i);
		kill_must(kill_find(c, name, &h) == k.there[i],
		    "a name is wrong", i);
	}
	if (kill_find(c, "new", &h))	/* left in the middle of replace() */
		kill_must(ask(c, DROP, "new", "", NULL), "REMOVE", 0);
}

/* It was done, or not. */
static void
find_out(struct client *c)
{
	struct kill_handle h;
	uint32_t i;

	if (last.open && sscanf(last.name, "name-%u", &i) == 1)
		k.there[i] = kill_find(c, last.name, &h);
	if (last.open && sscanf(last.to, "name-%u", &i) == 1)
		k.there[i] = kill_find(c, last.to, &h);
	last.what = NOTHING;
}

/* What is old, or newer than anything, is lost. */
static void
look_at_over(struct client *c)
{
	static uint32_t gens[RECORDS];
	uint32_t n = read_records(c, &k.over, gens, RECORDS), at;

	lost += (RECORDS - n) * KILL_RECORD;
	for (at = 0; at < n; at++) {
		if (gens[at] < k.synced[at] || gens[at] > k.gen)
			lost += KILL_RECORD;
		k.written[at] = gens[at];	/* the rest never was */
	}
}

static void
look_at_tail(struct client *c)
{
	static uint32_t gens[TAIL];
	uint32_t n = read_records(c, &k.tail, gens, TAIL);

	if (n < k.tail_synced)
		lost += (k.tail_synced - n) * KILL_RECORD;
	kill_must(n <= k.tail_written, "more than was appended", n);
	k.tail_written = n;
}

void
kill_look(struct client *c, unsigned round, bool same_port)
{
	static uint32_t gens[TAIL];
	struct kill_handle h;

	kill_mount(c);
	if (same_port)
		send_again(c);
	else
		find_out(c);
	look_at_over(c);
	look_at_tail(c);
	kill_must(kill_find(c, "cur", &h), "the name that was replaced is "
	    "gone", round);
	if (read_records(c, &h, gens, TAIL) == 0 || gens[0] < k.cur ||
	    gens[0] > k.gen)
		lost += KILL_RECORD;
	k.cur = gens[0];
	look_at_names(c);
}

bool
kill_tell(unsigned kills)
{
	(void)printf("# %u kills: %lu calls, %lu commits, %lu renames over a "
	    "file: %lu unreadable chunks, %lu committed bytes lost\n", kills,
	    kill_calls, kill_commits, moves, unreadable, lost);
	(void)printf("# sent again without a reply (and with one): CREATE %lu "
	    "(%lu), REMOVE %lu (%lu), RENAME %lu (%lu): %lu false errors\n",
	    again[MAKE][0], again[MAKE][1], again[DROP][0], again[DROP][1],
	    again[MOVE][0], again[MOVE][1], false_errors);
	return unreadable + lost + false_errors == 0;
}
