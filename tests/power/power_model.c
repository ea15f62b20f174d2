/*
 * power_model.c - what a client does to the vault, and what it knows of it.
 */
#include "config.h"

#include "tests/power/power.h"
#include "vault/cipher.h"
#include "vault/vault_int.h"

static void
nothing(void *ctx)
{
	(void)ctx;
}

void
power_begin(struct power_model *m, const char *cipher, bool keep,
    uint32_t seed)
{
	struct vault_write_back wb = { 6 * CIPHER_CHUNK, nothing, NULL, nothing,
	    NULL };
	char *state;

	memset(m, 0, sizeof(*m));
	m->seed = seed | 1;
	box_make(&m->b, cipher, 0);
	state = box_text("%s/state", m->b.dir);
	cr_assert_eq(mkdir(state, 0700), 0);
	if (keep)
		vault_write_back(m->b.v, &wb);
	power_record(&m->log, &m->b, state);
	free(state);
	m->node = calloc(1, sizeof(*m->node));
	cr_assert_not_null(m->node);
	m->node->type = VTYPE_DIR;
	m->node->d = dir_ref(m->b.root);
	m->node->dir = -1;
	m->nodes = 1;
}

void
power_end(struct power_model *m)
{
	power_record_end(&m->log);
}

void
power_free(struct power_model *m)
{
	unsigned i;
	int k;

	for (k = 0; k < m->nodes; k++)
		dir_put(m->node[k].d);
	for (i = 0; i < m->n; i++)
		free(m->step[i].data);
	free(m->node);
	free(m->step);
	power_log_free(&m->log);
	box_end(&m->b);
	memset(m, 0, sizeof(*m));
}

static struct power_step *
add_step(struct power_model *m, enum power_verb verb, int node)
{
	struct power_step *s;

	m->step = realloc(m->step, (m->n + 1) * sizeof(*m->step));
	cr_assert_not_null(m->step);
	s = &m->step[m->n++];
	memset(s, 0, sizeof(*s));
	s->verb = verb;
	s->node = node;
	s->begin = m->log.n;
	s->over = -1;
	arena_reset(m->b.a);
	return s;
}

static void
end_step(struct power_model *m)
{
	m->step[m->n - 1].end = m->log.n;
}

/* -- names */

int
power_make(struct power_model *m, int dir, const char *name, enum vtype type)
{
	struct power_node *n;
	struct power_step *s;
	struct dir *d = m->node[dir].d;
	size_t len = strlen(name);
	struct entry ent;
	int r;

	m->node = realloc(m->node, (size_t)(m->nodes + 1) * sizeof(*n));
	cr_assert_not_null(m->node);
	n = &m->node[m->nodes];
	memset(n, 0, sizeof(*n));
	n->type = type;
	n->dir = dir;
	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	(void)snprintf(n->target, sizeof(n->target), "to/%d", m->nodes);
	s = add_step(m, POWER_MAKE, m->nodes);
	s->dir = dir;
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	if (type == VTYPE_FILE)
		r = dir_create(d, m->b.a, name, len, NULL, NULL, NULL,
		    &m->b.e);
	else if (type == VTYPE_SYMLINK)
		r = dir_symlink(d, m->b.a, name, len, n->target,
		    strlen(n->target), NULL, NULL, NULL, &m->b.e);
	else if ((r = dir_mkdir(d, m->b.a, name, len, NULL, &ent, NULL,
	    &m->b.e)) == 0)
		n->d = ent.dir;
	cr_assert_eq(r, 0, "%s: %s", name, m->b.e.text);
	end_step(m);
	return m->nodes++;
}

void
power_move(struct power_model *m, int node, int dir, const char *name)
{
	struct power_node *n = &m->node[node];
	struct power_step *s = add_step(m, POWER_MOVE, node);
	int i;

	for (i = 0; i < m->nodes; i++)
		if (i != node && m->node[i].dir == dir &&
		    strcmp(m->node[i].name, name) == 0) {
			s->over = i;
			m->node[i].dir = -1;
		}
	s->dir = dir;
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	cr_assert_eq(dir_rename(m->node[n->dir].d, m->node[dir].d, m->b.a,
	    n->name, strlen(n->name), name, strlen(name), NULL, NULL, NULL,
	    &m->b.e), 0, "%s", m->b.e.text);
	n->dir = dir;
	(void)snprintf(n->name, sizeof(n->name), "%s", name);
	end_step(m);
}

void
power_drop(struct power_model *m, int node)
{
	struct power_node *n = &m->node[node];
	struct dir *d = m->node[n->dir].d;
	int r;

	(void)add_step(m, POWER_DROP, node);
	if (n->type == VTYPE_DIR)
		r = dir_rmdir(d, m->b.a, n->name, strlen(n->name), NULL,
		    &m->b.e);
	else
		r = dir_unlink(d, m->b.a, n->name, strlen(n->name), NULL,
		    &m->b.e);
	cr_assert_eq(r, 0, "%s", m->b.e.text);
	n->dir = -1;
	end_step(m);
}

/* -- contents */

static struct file *
open_node(struct power_model *m, int node)
{
	struct power_node *n = &m->node[node];
	struct entry ent;
	struct file *f;

	cr_assert_eq(dir_lookup(m->node[n->dir].d, m->b.a, n->name,
	    strlen(n->name), &ent, &m->b.e), 0, "%s", m->b.e.text);
	f = file_open(m->b.v, &ent.loc, ent.attr.fileid, true, &m->b.e);
	cr_assert_not_null(f, "%s", m->b.e.text);
	return f;
}

void
power_put(struct power_model *m, int node, uint64_t off, size_t len)
{
	struct power_step *s = add_step(m, POWER_PUT, node);
	struct file *f;
	size_t i;

	s->off = off;
	s->len = len;
	s->data = malloc(len + 4);
	cr_assert_not_null(s->data);
	for (i = 0; i < len; i += 4) {
		uint32_t r = power_draw(&m->seed, UINT32_MAX);

		memcpy(s->data + i, &r, 4);
	}
	f = open_node(m, node);
	cr_assert_eq(file_write(f, off, s->data, len, NULL, &m->b.e), 0,
	    "%s", m->b.e.text);
	file_put(f);
	end_step(m);
}

void
power_trim(struct power_model *m, int node, uint64_t size)
{
	struct power_step *s = add_step(m, POWER_TRIM, node);
	struct file *f = open_node(m, node);

	s->off = size;
	cr_assert_eq(file_truncate(f, size, NULL, &m->b.e), 0, "%s",
	    m->b.e.text);
	file_put(f);
	end_step(m);
}

void
power_commit(struct power_model *m, int node)
{
	struct file *f;

	(void)add_step(m, POWER_COMMIT, node);
	f = open_node(m, node);
	cr_assert_eq(file_sync(f, &m->b.e), 0, "%s", m->b.e.text);
	file_put(f);
	end_step(m);
}

void
power_age(struct power_model *m)
{
	unsigned next;

	cr_assert_eq(vault_write_out(m->b.v, 0, &next, &m->b.e), 0, "%s",
	    m->b.e.text);
}
