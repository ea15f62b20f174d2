/*
 * list.h - READDIR and READDIRPLUS, pages and whole listings as arrays.
 *
 * Status and errors as in calls.h.
 */
#ifndef TESTS_PROTO_LIST_H
#define TESTS_PROTO_LIST_H

#include "tests/proto/calls.h"

struct item {
	char		name[1025];
	uint64_t	fileid, cookie;
	post_op_attr	attr;		/* READDIRPLUS */
	bool		have_fh;
	struct fh	fh;
};

struct list {
	struct item	*v;
	size_t		 n, cap;
	bool		 eof;
	size_t		 wire;		/* bytes of the last page's result */
	unsigned	 pages;
	char		 verf[8];
	post_op_attr	 dir_attr;
};

/* Append one page; dircount 0: READDIR. */
int list_page(struct client *c, const struct fh *dir, uint64_t cookie,
    uint32_t dircount, uint32_t count, struct list *l);
/* All pages from the beginning; *l is cleared first. */
int list_all(struct client *c, const struct fh *dir, uint32_t dircount,
    uint32_t count, struct list *l);
struct item *list_find(const struct list *l, const char *name);
void list_free(struct list *l);

#endif /* TESTS_PROTO_LIST_H */
