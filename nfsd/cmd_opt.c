/*
 * cmd_opt.c - options: from a table to a struct, and to help text.
 *
 * getopt_long() would need the table twice more (its own, and a switch) and
 * differs between systems in what it permutes; this reads one table.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/verr.h"
#include "nfsd/cmd.h"

#define HELP_WIDTH	24	/* columns before what an option does */

static void *
member(const struct cmd_opt *o, void *args)
{
	return (char *)args + o->off;
}

static bool
takes_value(const struct cmd_opt *o)
{
	return o->value != NULL;
}

static const struct cmd_opt *
by_name(const struct cmd_opt *o, const char *name, size_t len)
{
	for (; o->type != CMD_OPT_END; o++)
		if (strncmp(o->name, name, len) == 0 && o->name[len] == '\0')
			return o;
	return NULL;
}

static const struct cmd_opt *
by_letter(const struct cmd_opt *o, char letter)
{
	for (; o->type != CMD_OPT_END; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

/* True if word is one of those in list, "A|B|C". */
static bool
in_list(const char *list, const char *word)
{
	size_t len;

	for (;; list += len + 1) {
		len = strcspn(list, "|");
		if (strncmp(list, word, len) == 0 && word[len] == '\0')
			return true;
		if (list[len] == '\0')
			return false;
	}
}

/* Shift for a suffix that may follow a size; -1: there is no such suffix. */
static int
shift_of(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *at;

	if (suffix[0] == '\0')
		return 0;
	at = strchr(letters, toupper((unsigned char)suffix[0]));
	if (at == NULL || suffix[1] != '\0')
		return -1;
	return 10 * (int)(at - letters + 1);
}

static int
set_number(const struct cmd_opt *o, uint64_t *to, const char *text,
    struct verr *e)
{
	uintmax_t v;
	char *end;
	int shift;

	errno = 0;
	v = strtoumax(text, &end, 10);
	shift = o->type == CMD_OPT_SIZE ? shift_of(end) : *end ? -1 : 0;
	if (!isdigit((unsigned char)text[0]) || shift == -1)
		return verr_fail(e, VERR_INVAL, "--%s %s: not a number%s",
		    o->name, text, o->type == CMD_OPT_SIZE ?
		    " (with K, M, G or T after it, if you like)" : "");
	if (errno != 0 || v > UINT64_MAX >> shift ||
	    v << shift < o->min || v << shift > o->max)
		return verr_fail(e, VERR_INVAL, "--%s %s: must be %" PRIu64
		    " to %" PRIu64, o->name, text, o->min, o->max);
	*to = v << shift;
	return 0;
}

static int
set_pass(const struct cmd_opt *o, struct pass_source *to, const char *text,
    struct verr *e)
{
	if (to->kind != PASS_ASK)
		return verr_fail(e, VERR_INVAL,
		    "--%s: only one --password option may be given", o->name);
	to->kind = (enum pass_kind)o->min;
	to->arg = text;
	return 0;
}

static int
add(const struct cmd_opt *o, struct cmd_words *to, const char *text,
    struct verr *e)
{
	if (to->n == CMD_WORDS_MAX)
		return verr_fail(e, VERR_INVAL, "--%s: given more than %u "
		    "times", o->name, CMD_WORDS_MAX);
	to->word[to->n++] = text;
	return 0;
}

static int
set(const struct cmd_opt *o, void *args, const char *text, struct verr *e)
{
	switch (o->type) {
	case CMD_OPT_END:
		break;
	case CMD_OPT_FLAG:
		*(bool *)member(o, args) = true;
		break;
	case CMD_OPT_WORD:
		if (!in_list(o->value, text))
			return verr_fail(e, VERR_INVAL,
			    "--%s %s: must be one of %s", o->name, text,
			    o->value);
		/* FALLTHROUGH */
	case CMD_OPT_TEXT:
		*(const char **)member(o, args) = text;
		break;
	case CMD_OPT_LIST:
		return add(o, member(o, args), text, e);
	case CMD_OPT_NUMBER:
	case CMD_OPT_SIZE:
		return set_number(o, member(o, args), text, e);
	case CMD_OPT_PASS:
		return set_pass(o, member(o, args), text, e);
	}
	return 0;
}

/* argv[*i] is "--name", "--name=value" or "--name" before "value". */
static int
long_option(struct cmd_call *call, int argc, char **argv, int *i,
    struct verr *e)
{
	const char *name = argv[*i] + 2, *value = NULL;
	const struct cmd_opt *o;
	size_t len = strcspn(name, "=");

	if ((o = by_name(call->cmd->opts, name, len)) == NULL)
		return verr_fail(e, VERR_INVAL, "unknown option --%.*s",
		    (int)len, name);
	if (name[len] == '=')
		value = name + len + 1;
	if (!takes_value(o) && value != NULL)
		return verr_fail(e, VERR_INVAL, "option --%s takes no value",
		    o->name);
	if (takes_value(o) && value == NULL) {
		if (*i + 1 >= argc)
			return verr_fail(e, VERR_INVAL,
			    "option --%s needs a value", o->name);
		value = argv[++*i];
	}
	return set(o, call->args, value, e);
}

/*
 * One or more letters after one dash, in argv[*i].  The value of the last one
 * is what is left of the word, or the next word.
 */
static int
short_options(struct cmd_call *call, int argc, char **argv, int *i,
    struct verr *e)
{
	const char *letters = argv[*i] + 1, *value;
	const struct cmd_opt *o;

	for (; *letters != '\0'; letters++) {
		if ((o = by_letter(call->cmd->opts, *letters)) == NULL)
			return verr_fail(e, VERR_INVAL, "unknown option -%c",
			    *letters);
		if (!takes_value(o)) {
			if (set(o, call->args, NULL, e) == -1)
				return -1;
			continue;
		}
		value = letters[1] != '\0' ? letters + 1 :
		    *i + 1 < argc ? argv[++*i] : NULL;
		if (value == NULL)
			return verr_fail(e, VERR_INVAL,
			    "option -%c needs a value", o->letter);
		return set(o, call->args, value, e);
	}
	return 0;
}

static int
presets(struct cmd_call *call, struct verr *e)
{
	const struct cmd_opt *o;

	for (o = call->cmd->opts; o->type != CMD_OPT_END; o++)
		if (o->preset != NULL &&
		    set(o, call->args, o->preset, e) == -1)
			return -1;
	return 0;
}

static int
count_operands(const struct cmd_call *call, struct verr *e)
{
	if (call->n < call->cmd->min)
		return verr_fail(e, VERR_INVAL, "needs %s",
		    call->cmd->operands);
	if (call->n > call->cmd->max)
		return verr_fail(e, VERR_INVAL, "too many operands at '%s'",
		    call->operand[call->cmd->max]);
	return 0;
}

int
cmd_parse(struct cmd_call *call, int argc, char **argv, bool *help,
    struct verr *e)
{
	bool only_operands = false;
	int i, rc;

	*help = false;
	call->n = 0;
	call->first_after = -1;
	call->operand = argv;
	if (presets(call, e) == -1)
		return -1;
	for (i = 0; i < argc; i++) {
		const char *word = argv[i];

		rc = 0;
		if (only_operands || word[0] != '-' || word[1] == '\0') {
			argv[call->n++] = argv[i];
		} else if (strcmp(word, "--") == 0) {
			only_operands = true;
			call->first_after = call->n;
		} else if (strcmp(word, "--help") == 0 ||
		    strcmp(word, "-h") == 0) {
			*help = true;
			return 0;
		} else if (word[1] == '-') {
			rc = long_option(call, argc, argv, &i, e);
		} else {
			rc = short_options(call, argc, argv, &i, e);
		}
		if (rc == -1)
			return -1;
	}
	if (call->n < argc)
		argv[call->n] = NULL;
	return count_operands(call, e);
}

static void
help_option(const struct cmd_opt *o)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
	    o->letter != 0 ? "-" : " ", o->letter != 0 ? o->letter : ' ',
	    o->letter != 0 ? ", " : "  ", o->name,
	    takes_value(o) ? " " : "", takes_value(o) ? o->value : "");
	if (strlen(left) > HELP_WIDTH)
		printf("  %s\n  %*s  %s", left, HELP_WIDTH, "", o->help);
	else
		printf("  %-*s  %s", HELP_WIDTH, left, o->help);
	if (o->preset != NULL)
		printf(" [%s]", o->preset);
	putchar('\n');
}

void
cmd_help(const struct cmd *cmd)
{
	const struct cmd_opt *o;

	printf("usage: vaultnfs %s [OPTION]... %s\n\n%c%s.\n", cmd->name,
	    cmd->operands, toupper((unsigned char)cmd->summary[0]),
	    cmd->summary + 1);
	if (cmd->about != NULL)
		printf("\n%s", cmd->about);
	printf("\n");
	for (o = cmd->opts; o->type != CMD_OPT_END; o++)
		help_option(o);
}
