/* cmd_out.c - names, attributes and JSON for people and programs. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utf8proc.h>

#include "nfsd/cmd_out.h"
#include "vault/attr.h"

/*
 * The character at s: its length, 0 at the end, and -1 for a byte that is not
 * the start of one.
 */
static int
next_char(const char *s, size_t len, int32_t *c)
{
	utf8proc_ssize_t n;

	if (len == 0)
		return 0;
	n = utf8proc_iterate((const utf8proc_uint8_t *)s,
	    (utf8proc_ssize_t)(len > 4 ? 4 : len), c);
	return n < 1 ? -1 : (int)n;
}

static bool
steers(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

void
cmd_out_name(const char *s, size_t len)
{
	static int tty = -1;
	int32_t c;
	int n;

	if (tty == -1)
		tty = isatty(STDOUT_FILENO);
	if (tty == 0) {
		(void)fwrite(s, 1, len, stdout);
		return;
	}
	while ((n = next_char(s, len, &c)) != 0) {
		if (n == -1 || steers(c))
			putchar('?');
		else
			(void)fwrite(s, 1, (size_t)n, stdout);
		n = n == -1 ? 1 : n;
		s += n;
		len -= (size_t)n;
	}
}

void
cmd_out_mode(const struct vattr *a, char out[11])
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	out[0] = a->type == VTYPE_DIR ? 'd' :
	    a->type == VTYPE_SYMLINK ? 'l' : '-';
	for (i = 0; i < 9; i++)
		out[1 + i] = a->mode & 0400U >> i ? letters[i] : '-';
	if (a->mode & 04000)
		out[3] = a->mode & 0100 ? 's' : 'S';
	if (a->mode & 02000)
		out[6] = a->mode & 0010 ? 's' : 'S';
	if (a->mode & 01000)
		out[9] = a->mode & 0001 ? 't' : 'T';
	out[10] = '\0';
}

void
cmd_out_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

/* The bytes with U+FFFD for each that is no UTF-8. */
static json_t *
repaired(const char *s, size_t len)
{
	json_t *str;
	char *buf, *to;
	int32_t c;
	int n;

	if ((buf = to = malloc(3 * len + 1)) == NULL)
		return NULL;
	while ((n = next_char(s, len, &c)) != 0) {
		if (n == -1) {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			n = 1;
		} else {
			memcpy(to, s, (size_t)n);
			to += n;
		}
		s += n;
		len -= (size_t)n;
	}
	str = json_stringn(buf, (size_t)(to - buf));
	free(buf);
	return str;
}

static json_t *
hex_string(const char *s, size_t len)
{
	json_t *str;
	char *buf;

	if ((buf = malloc(2 * len + 1)) == NULL)
		return NULL;
	cmd_out_hex(s, len, buf);
	str = json_stringn(buf, 2 * len);
	free(buf);
	return str;
}

bool
cmd_json_bytes(json_t *obj, const char *key, const char *hex_key,
    const char *s, size_t len)
{
	json_t *str;

	if ((str = json_stringn(s, len)) != NULL)
		return json_object_set_new(obj, key, str) == 0;
	return json_object_set_new(obj, key, repaired(s, len)) == 0 &&
	    json_object_set_new(obj, hex_key, hex_string(s, len)) == 0;
}

static bool
entry_names(json_t *o, const char *path, size_t name_len, const char *target,
    size_t target_len)
{
	size_t len = strlen(path);
	const char *name = path + len - name_len;
	json_t *str;

	if (!cmd_json_bytes(o, "path", "path_hex", path, len))
		return false;
	if ((str = json_stringn(name, name_len)) != NULL)
		json_decref(str);
	else if (json_object_set_new(o, "name_hex",
	    hex_string(name, name_len)) == -1)
		return false;
	return target == NULL || cmd_json_bytes(o, "target", "target_hex",
	    target, target_len);
}

json_t *
cmd_json_entry(const char *path, size_t name_len, const struct vattr *a,
    const char *target, size_t target_len)
{
	char mode[8];
	json_t *o;

	(void)snprintf(mode, sizeof(mode), "%04o", (unsigned)a->mode & 07777);
	o = json_pack("{s:s, s:I, s:s, s:I, s:I}",
	    "type", a->type == VTYPE_DIR ? "dir" :
	    a->type == VTYPE_SYMLINK ? "symlink" : "file",
	    "size", (json_int_t)a->size, "mode", mode,
	    "mtime", (json_int_t)a->mtime.tv_sec,
	    "mtime_nsec", (json_int_t)a->mtime.tv_nsec);
	if (o != NULL && !entry_names(o, path, name_len, target, target_len)) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static bool array_empty;

void
cmd_json_begin(void)
{
	array_empty = true;
	putchar('[');
}

bool
cmd_json_add(json_t *element)
{
	char *text;

	if (element == NULL)
		return false;
	text = json_dumps(element, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(element);
	if (text == NULL)
		return false;
	printf("%s%s", array_empty ? "\n" : ",\n", text);
	array_empty = false;
	free(text);
	return true;
}

void
cmd_json_end(void)
{
	puts(array_empty ? "]" : "\n]");
}

bool
cmd_json_print(json_t *obj)
{
	char *text;

	if (obj == NULL)
		return false;
	text = json_dumps(obj, JSON_SORT_KEYS);
	json_decref(obj);
	if (text == NULL)
		return false;
	puts(text);
	free(text);
	return true;
}
