/*
 * gate.h - who may connect, and for whom a connection may speak.
 *
 * AUTH_SYS lets a client claim any uid, and any user of this host can connect
 * to a port on loopback.  So each new connection is looked at before anything
 * is read from it: peer.h tells the user who owns its other end.  Admitted are
 * the server's own user, root (the kernel's NFS client), and users that were
 * named; a connection whose owner cannot be told is closed.  Those from other
 * hosts come in if their address is in a network that was named; there, whoever
 * can send packets is believed.
 *
 * Afterwards, in every call:
 *
 *	connection of	may carry AUTH_SYS of
 *	root		everyone who is admitted (all, with any_user)
 *	another user	that user; groups that are not theirs are dropped, but
 *			for the server's own user, who owns everything anyway
 *	a network	everyone who is admitted
 *
 * TUNE_GATE ("no-gate") takes all this away, so that a test can show what it is
 * worth.
 *
 * Threads: gate_admit() has one user at a time, the loop that accepts; after
 * gate_new() the rest only reads, or is atomic.
 */
#ifndef NFSD_GATE_H
#define NFSD_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct cred;
struct gate;
struct verr;

#define GATE_USERS_MAX	16	/* root and our own among them */
#define GATE_NETS_MAX	16

/* Addresses whose first bits are these. */
struct gate_net {
	uint8_t	addr[16];
	uint8_t	len;		/* 4 or 16 bytes */
	uint8_t	bits;
};

/* All of it is copied.  Zeroes: only root and ourselves. */
struct gate_options {
	const uint32_t		*uids;		/* more users */
	unsigned		 nuids;
	const struct gate_net	*nets;		/* other hosts */
	unsigned		 nnets;
	bool			 any_user;	/* AUTH_SYS of all users */
	bool			 reserved_port;	/* of TCP peers, below 1024 */
};

/* Who is at the other end of a connection. */
struct gate_peer {
	bool		known;		/* uid is; else a network's */
	bool		own;		/* root or ourselves: place.h */
	uint32_t	uid;
	uint64_t	who;		/* uid, or stands for an address */
};

/* VERR_INVAL: too many users or networks. */
struct gate *gate_new(const struct gate_options *o, struct verr *e);
void gate_free(struct gate *g);		/* NULL is ignored */

/* May the connection fd, just accepted, be served?  false: logged, counted. */
bool gate_admit(struct gate *g, int fd, struct gate_peer *p);

/* A connection that was handed to us is served whoever it is. */
void gate_identify(struct gate *g, int fd, struct gate_peer *p);

/* May a call with AUTH_SYS of uid come from p? */
bool gate_speaks_for(const struct gate *g, const struct gate_peer *p,
    uint32_t uid);

/* Take away from c, which p speaks for, groups that it cannot claim. */
void gate_trim(const struct gate *g, const struct gate_peer *p,
    struct cred *c);

/* Connections that were refused; any thread. */
uint64_t gate_refused(const struct gate *g);

/* "192.168.1.0/24", "fd00::/8", or an address.  VERR_INVAL: none of these. */
int gate_parse_net(const char *text, struct gate_net *net, struct verr *e);

#endif /* NFSD_GATE_H */
