/*
 * gate.c - who may connect, and for whom a connection may speak.
 */
#include "config.h"

#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tune.h"
#include "base/verr.h"
#include "nfsd/cred.h"
#include "nfsd/gate.h"
#include "nfsd/peer.h"

#define NOBODY		65534u
#define RESERVED	1024u	/* ports below are root's */
#define LOG_EVERY_S	10
#define GROUPS_MAX	1024	/* of one user */

struct user {
	uint32_t	 uid;
	uint32_t	 gid;		/* NOBODY: there is no such user */
	uint32_t	*gids;
	int		 ngids;
};

struct gate {
	/* constant */
	struct user		 users[GATE_USERS_MAX];	/* ourselves first */
	unsigned		 nusers;
	struct gate_net		 nets[GATE_NETS_MAX];
	unsigned		 nnets;
	bool			 any_user, reserved_port;

	/* whoever accepts */
	struct peer_finder	*finder;
	time_t			 logged;	/* when a refusal was, last */
	unsigned		 unlogged;	/* since then */

	/* written by whoever accepts, read by any thread */
	_Atomic uint64_t	 refused;
};

/* Groups as the system has them now; what a client says is not asked. */
static int
learn_groups(struct user *u, struct verr *e)
{
	gid_t *all;
	struct passwd *pw;
	int i, n = GROUPS_MAX;

	u->gid = NOBODY;
	if ((pw = getpwuid((uid_t)u->uid)) == NULL)
		return 0;
	u->gid = (uint32_t)pw->pw_gid;
	all = calloc(GROUPS_MAX, sizeof(*all));
	u->gids = calloc(GROUPS_MAX, sizeof(*u->gids));
	if (all == NULL || u->gids == NULL) {
		free(all);
		return verr_fail(e, VERR_NOMEM, "no memory for groups");
	}
#ifdef __APPLE__
	if (getgrouplist(pw->pw_name, (int)pw->pw_gid, (int *)all, &n) == -1)
#else
	if (getgrouplist(pw->pw_name, pw->pw_gid, all, &n) == -1)
#endif
		n = GROUPS_MAX;		/* the first of them */
	for (i = 0; i < n && i < GROUPS_MAX; i++)
		u->gids[u->ngids++] = (uint32_t)all[i];
	free(all);
	return 0;
}

static const struct user *
user_of(const struct gate *g, uint32_t uid)
{
	unsigned i;

	for (i = 0; i < g->nusers; i++)
		if (g->users[i].uid == uid)
			return &g->users[i];
	return NULL;
}

static int
add_user(struct gate *g, uint32_t uid, struct verr *e)
{
	if (user_of(g, uid) != NULL)
		return 0;
	if (g->nusers == GATE_USERS_MAX)
		return verr_fail(e, VERR_INVAL, "%d users are the most",
		    GATE_USERS_MAX);
	g->users[g->nusers++].uid = uid;
	return 0;
}

static int
add_guest(struct gate *g, uint32_t uid, struct verr *e)
{
	if (user_of(g, uid) != NULL)
		return 0;
	if (add_user(g, uid, e) == -1)
		return -1;
	return learn_groups(&g->users[g->nusers - 1], e);
}

struct gate *
gate_new(const struct gate_options *o, struct verr *e)
{
	struct gate *g;
	unsigned i;

	if ((g = calloc(1, sizeof(*g))) == NULL ||
	    (g->finder = peer_new()) == NULL) {
		free(g);
		(void)verr_fail(e, VERR_NOMEM, "no memory for the gate");
		return NULL;
	}
	g->any_user = o->any_user;
	g->reserved_port = o->reserved_port;
	g->logged = -LOG_EVERY_S;
	if (o->nnets > GATE_NETS_MAX) {
		(void)verr_fail(e, VERR_INVAL, "%d networks are the most",
		    GATE_NETS_MAX);
		goto err;
	}
	for (i = 0; i < o->nnets; i++)
		g->nets[g->nnets++] = o->nets[i];
	if (add_user(g, (uint32_t)geteuid(), e) == -1 ||
	    add_user(g, 0, e) == -1)
		goto err;
	for (i = 0; i < o->nuids; i++)
		if (add_guest(g, o->uids[i], e) == -1)
			goto err;
	return g;

err:
	gate_free(g);
	return NULL;
}

void
gate_free(struct gate *g)
{
	unsigned i;

	if (g == NULL)
		return;
	for (i = 0; i < g->nusers; i++)
		free(g->users[i].gids);
	peer_free(g->finder);
	free(g);
}

uint64_t
gate_refused(const struct gate *g)
{
	return atomic_load_explicit(&g->refused, memory_order_relaxed);
}

static bool
in_net(const struct gate_net *net, const uint8_t *a, size_t len)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	return len == net->len && memcmp(a, net->addr, whole) == 0 &&
	    (rest == 0 || (a[whole] ^ net->addr[whole]) >> (8 - rest) == 0);
}

/* Not for security: two addresses may share what one has (FNV-1a). */
static uint64_t
stand_for(const uint8_t *a, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ a[i]) * 0x100000001b3u;
	return h | (uint64_t)1 << 63;
}

static void
set_user(const struct gate *g, struct gate_peer *p, uint32_t uid)
{
	p->known = true;
	p->uid = uid;
	p->who = uid;
	p->own = uid == 0 || uid == g->users[0].uid;
}

/* It is on another host; NULL, or why not. */
static const char *
from_afar(const struct gate *g, const struct peer_ends *ends,
    struct gate_peer *p)
{
	size_t len;
	const uint8_t *a = peer_address(&ends->theirs, &len);
	unsigned i;

	p->who = stand_for(a, len);
	for (i = 0; i < g->nnets; i++)
		if (in_net(&g->nets[i], a, len))
			return NULL;
	return "its address is in no network that --allow names";
}

/* NULL, or why it is refused.  *uid is whose it is, or UINT32_MAX. */
static const char *
look(struct gate *g, int fd, struct gate_peer *p, uint32_t *uid)
{
	struct peer_ends ends;

	*uid = UINT32_MAX;
	if (!peer_ends_of(fd, &ends))
		return "it was closed before it could be looked at";
	if (g->reserved_port && !ends.local &&
	    peer_port(&ends.theirs) >= RESERVED)
		return "its port is not reserved";
	if (!ends.local && !peer_is_here(&ends.theirs))
		return from_afar(g, &ends, p);
	switch (peer_find(g->finder, fd, &ends, uid)) {
	case PEER_FOUND:
		break;
	case PEER_CLOSED:
		return "its owner has closed it";
	case PEER_ELSEWHERE:
		return "its owner cannot be seen from here";
	case PEER_UNABLE:
		return "this system does not tell its owner";
	}
	if (user_of(g, *uid) == NULL)
		return "its owner may not come in";
	set_user(g, p, *uid);
	return NULL;
}

static void
log_refused(struct gate *g, const char *why, uint32_t uid)
{
	struct timespec now;
	unsigned more;

	atomic_store_explicit(&g->refused, gate_refused(g) + 1,
	    memory_order_relaxed);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - g->logged < LOG_EVERY_S) {
		g->unlogged++;
		return;
	}
	more = g->unlogged;
	g->unlogged = 0;
	g->logged = now.tv_sec;
	if (uid == UINT32_MAX)
		log_warn("a connection was refused: %s; %u others before",
		    why, more);
	else
		log_warn("a connection of uid %lu was refused: %s; %u others "
		    "before", (unsigned long)uid, why, more);
}

bool
gate_admit(struct gate *g, int fd, struct gate_peer *p)
{
	const char *why;
	uint32_t uid;

	memset(p, 0, sizeof(*p));
	if (tune_off(TUNE_GATE)) {
		p->own = true;
		return true;
	}
	if ((why = look(g, fd, p, &uid)) == NULL)
		return true;
	log_refused(g, why, uid);
	return false;
}

void
gate_identify(struct gate *g, int fd, struct gate_peer *p)
{
	struct peer_ends ends;
	uint32_t uid;

	memset(p, 0, sizeof(*p));
	p->own = true;
	if (!tune_off(TUNE_GATE) && peer_ends_of(fd, &ends) &&
	    peer_find(g->finder, fd, &ends, &uid) == PEER_FOUND)
		set_user(g, p, uid);
}

bool
gate_speaks_for(const struct gate *g, const struct gate_peer *p, uint32_t uid)
{
	if (p->known && p->uid != 0 && p->uid != uid)
		return false;
	return g->any_user || user_of(g, uid) != NULL;
}

static bool
has_group(const struct user *u, uint32_t gid)
{
	int i;

	if (u == NULL)
		return false;
	for (i = 0; i < u->ngids; i++)
		if (u->gids[i] == gid)
			return true;
	return gid == u->gid;
}

void
gate_trim(const struct gate *g, const struct gate_peer *p, struct cred *c)
{
	const struct user *u;
	uint32_t i, n = 0;

	if (!p->known || p->own)
		return;
	u = user_of(g, p->uid);
	if (!has_group(u, c->gid))
		c->gid = u != NULL ? u->gid : NOBODY;
	for (i = 0; i < c->ngroups; i++)
		if (has_group(u, c->groups[i]))
			c->groups[n++] = c->groups[i];
	c->ngroups = n;
}

int
gate_parse_net(const char *text, struct gate_net *net, struct verr *e)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char addr[64], *end = NULL;
	unsigned long bits = 0;
	unsigned i;

	memset(net, 0, sizeof(*net));
	if (len >= sizeof(addr))
		goto bad;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (inet_pton(AF_INET, addr, net->addr) == 1)
		net->len = 4;
	else if (inet_pton(AF_INET6, addr, net->addr) == 1)
		net->len = 16;
	else
		goto bad;
	net->bits = (uint8_t)(net->len * 8);
	if (slash != NULL) {
		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || *end != '\0' ||
		    bits > net->bits)
			goto bad;
		net->bits = (uint8_t)bits;
	}
	for (i = net->bits; i < net->len * 8u; i++)
		if (net->addr[i / 8] >> (7 - i % 8) & 1)
			return verr_fail(e, VERR_INVAL, "%s: bits are set "
			    "behind the first %u", text,
			    (unsigned)net->bits);
	return 0;

bad:
	return verr_fail(e, VERR_INVAL, "%s: not a network, as 192.168.1.0/24 "
	    "or fd00::/8", text);
}
