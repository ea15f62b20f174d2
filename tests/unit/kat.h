/*
 * kat.h - for the vault's unit tests: known answers from tests/vectors.
 *
 * kat.json was made by Cryptomator's own libraries or taken from their tests;
 * each answer says which ("src").
 */
#ifndef TESTS_UNIT_KAT_H
#define TESTS_UNIT_KAT_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/verr.h"
#include "vault/keys.h"

/* Runs v for each answer in the array of that name. */
#define KAT_FOREACH(root, array, v)					\
	for (size_t kat_i_ = 0; ((v) = json_array_get(			\
	    json_object_get(root, array), kat_i_)) != NULL; kat_i_++)

static inline const char *
kat_path(const char *name)
{
	static char path[4096];
	const char *dir = getenv("VECTORS"), *top = getenv("VAULTNFS_TOP");

	if (dir != NULL)
		(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	else
		(void)snprintf(path, sizeof(path), "%s/tests/vectors/%s",
		    top != NULL ? top : ".", name);
	return path;
}

static inline json_t *
kat_load(void)
{
	json_error_t err;
	json_t *root = json_load_file(kat_path("kat.json"), 0, &err);

	cr_assert_not_null(root, "%s: %s", kat_path("kat.json"), err.text);
	return root;
}

static inline const char *
kat_text(const json_t *v, const char *name)
{
	const char *s = json_string_value(json_object_get(v, name));

	cr_assert_not_null(s, "no %s", name);
	return s;
}

/* Bytes written in hex: at most room; their number. */
static inline size_t
kat_hex(const char *hex, void *out, size_t room)
{
	uint8_t *b = out;
	size_t n;

	for (n = 0; hex[2 * n] != '\0'; n++) {
		unsigned v;

		cr_assert_lt(n, room);
		cr_assert_eq(sscanf(hex + 2 * n, "%2x", &v), 1);
		b[n] = (uint8_t)v;
	}
	return n;
}

static inline size_t
kat_bytes(const json_t *v, const char *name, void *out, size_t room)
{
	return kat_hex(kat_text(v, name), out, room);
}

/* The keys enc and mac of an answer that has both. */
static inline struct keys *
kat_keys(const json_t *v)
{
	uint8_t raw[KEYS_RAW_LEN];
	struct keys *k;

	cr_assert_eq(kat_bytes(v, "enc", raw, KEYS_LEN), KEYS_LEN);
	cr_assert_eq(kat_bytes(v, "mac", raw + KEYS_LEN, KEYS_LEN), KEYS_LEN);
	k = keys_new(raw, NULL);
	cr_assert_not_null(k);
	return k;
}

/* Keys whose bytes are 00 to 3f: those of most answers. */
static inline struct keys *
kat_counting_keys(void)
{
	uint8_t raw[KEYS_RAW_LEN];
	struct keys *k;

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)i;
	k = keys_new(raw, NULL);
	cr_assert_not_null(k);
	return k;
}

/* A whole file, NUL-terminated, from malloc. */
static inline char *
kat_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *buf;
	long size;

	cr_assert_not_null(f, "%s", path);
	cr_assert_eq(fseek(f, 0, SEEK_END), 0);
	size = ftell(f);
	cr_assert_geq(size, 0);
	rewind(f);
	buf = malloc((size_t)size + 1);
	cr_assert_not_null(buf);
	*len = fread(buf, 1, (size_t)size, f);
	buf[*len] = '\0';
	cr_assert_eq(*len, (size_t)size);
	(void)fclose(f);
	return buf;
}

/* The archive unpacked into a new temporary folder; kat_forget() removes it. */
static inline char *
kat_unpack(const char *archive)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = malloc(4096), cmd[12288];

	cr_assert_not_null(dir);
	(void)snprintf(dir, 4096, "%s/vaultnfs-test-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(dir));
	(void)snprintf(cmd, sizeof(cmd),
	    "gzip -dc '%s' | (cd '%s' && tar -xf -)", kat_path(archive), dir);
	cr_assert_eq(system(cmd), 0, "%s", cmd);
	return dir;
}

static inline void
kat_forget(char *dir)
{
	char cmd[8192];

	(void)snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	cr_assert_eq(system(cmd), 0);
	free(dir);
}

#endif /* TESTS_UNIT_KAT_H */
