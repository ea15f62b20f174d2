/*
 * cmd_complete_man.c - the manual's part about the commands (man(7)), and a
 * table for those who compare.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "nfsd/cmd_complete.h"

/* One line's characters for roff, where '-' would be a hyphen. */
static void
print_text(const char *s, size_t len)
{
	if (len > 0 && (s[0] == '.' || s[0] == '\''))
		fputs("\\&", stdout);
	for (; len-- > 0; s++)
		switch (*s) {
		case '-':
			fputs("\\-", stdout);
			break;
		case '\\':
			fputs("\\e", stdout);
			break;
		case '~':
			fputs("\\(ti", stdout);
			break;
		default:
			putchar(*s);
		}
}

/* Lines that are indented stay as they are; an empty one parts paragraphs. */
static void
print_about(const char *s)
{
	bool as_is = false, gap = false, now;
	size_t len;

	for (; *s != '\0'; s += len + (s[len] == '\n')) {
		len = strcspn(s, "\n");
		now = len > 0 && (s[0] == ' ' || s[0] == '\t');
		if (len == 0) {
			gap = true;
			continue;
		}
		if (now != as_is)
			puts(now ? ".PP\n.nf" : ".fi\n.PP");
		else if (gap)
			puts(as_is ? "" : ".PP");
		as_is = now;
		gap = false;
		print_text(s, len);
		putchar('\n');
	}
	if (as_is)
		puts(".fi");
}

static void
print_help(const char *s)
{
	bool blank = false;

	if (s[0] == '.')
		fputs("\\&", stdout);
	for (; *s != '\0'; s++) {
		if (isspace((unsigned char)*s)) {
			blank = true;
			continue;
		}
		if (blank)
			putchar(' ');
		blank = false;
		if (*s == '.')
			putchar('.');
		else
			print_text(s, 1);
	}
	putchar('\n');
}

static void
print_option(const struct cmd_opt *o)
{
	fputs(".TP\n.B ", stdout);
	if (o->letter != 0)
		printf("\\-%c, ", o->letter);
	fputs("\\-\\-", stdout);
	print_text(o->name, strlen(o->name));
	if (o->value != NULL) {
		fputs(" \\fI", stdout);
		print_text(o->value, strlen(o->value));
		fputs("\\fR", stdout);
	}
	putchar('\n');
	print_help(o->help);
	if (o->preset != NULL) {
		fputs("(default: ", stdout);
		print_text(o->preset, strlen(o->preset));
		puts(")");
	}
}

void
cmd_complete_man(const struct cmd_all *all)
{
	const struct cmd_opt *o;
	const struct cmd *c;
	size_t i;

	for (i = 0; i < all->n; i++) {
		c = all->cmd[i];
		printf(".SS %s\n.B vaultnfs %s\n[\\fIOPTION\\fR]...\n",
		    c->name, c->name);
		if (c->operands[0] != '\0') {
			print_text(c->operands, strlen(c->operands));
			putchar('\n');
		}
		printf(".PP\n%c", toupper((unsigned char)c->summary[0]));
		print_text(c->summary + 1, strlen(c->summary) - 1);
		puts(".");
		if (c->about != NULL)
			print_about(c->about);
		for (o = c->opts; o->type != CMD_OPT_END; o++)
			print_option(o);
	}
}

void
cmd_complete_table(const struct cmd_all *all)
{
	const struct cmd_opt *o;
	size_t i;

	for (i = 0; i < all->n; i++) {
		printf("%s\t\t\t\t\n", all->cmd[i]->name);
		for (o = all->cmd[i]->opts; o->type != CMD_OPT_END; o++)
			printf("%s\t%s\t%.*s\t%s\t%s\n", all->cmd[i]->name,
			    o->name, o->letter != 0, &o->letter,
			    o->value != NULL ? o->value : "",
			    o->preset != NULL ? o->preset : "");
	}
}
