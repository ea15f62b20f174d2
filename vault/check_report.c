/* What the findings are called, how bad they are, and how they are told. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vault/check_int.h"

static const struct {
	const char		*name;
	enum check_severity	 severity;
	const char		*text;
} kinds[CHECK_KINDS] = {
	[CHECK_HEALTHY_DIR] = { "HealthyDir", CHECK_GOOD,
	    "a directory with its folder and the backup of its id" },
	[CHECK_MISSING_DIRID_BACKUP] = { "MissingDirIdBackup", CHECK_INFO,
	    "this directory has no backup of its id (dirid.c9r), without "
	    "which it could not be recovered if its link were lost; repair "
	    "writes it" },
	[CHECK_WRONG_DIRID_BACKUP] = { "WrongDirIdBackup", CHECK_INFO,
	    "the backup of this directory's id holds another id; repair "
	    "writes it anew and keeps the old one in LOST+FOUND" },
	[CHECK_BAD_DIRID_BACKUP] = { "BadDirIdBackup", CHECK_INFO,
	    "the backup of this directory's id cannot be decrypted; repair "
	    "writes it anew and keeps the old one in LOST+FOUND" },
	[CHECK_LOOSE_DIR_FILE] = { "LooseDirFile", CHECK_INFO,
	    "a dir.c9r that lies in no entry of a directory and does nothing; "
	    "repair takes it away, to LOST+FOUND unless its id is known "
	    "from elsewhere" },
	[CHECK_MISSING_CONTENT_DIR] = { "MissingContentDir", CHECK_WARN,
	    "the folder of this directory is missing, and what was in it; "
	    "wait for a sync client or look in a backup first, then repair "
	    "makes an empty one" },
	[CHECK_ORPHAN_CONTENT_DIR] = { "OrphanContentDir", CHECK_WARN,
	    "no directory leads to this folder; repair makes its contents "
	    "appear in LOST+FOUND, or removes it if it is empty" },
	[CHECK_EMPTY_DIR_FILE] = { "EmptyDirFile", CHECK_CRITICAL,
	    "the id of this directory is empty; restore the file from a "
	    "backup. Its folder is among the orphans" },
	[CHECK_OBESE_DIR_FILE] = { "ObeseDirFile", CHECK_CRITICAL,
	    "the id of this directory is longer than 36 bytes, which no "
	    "program writes; restore the file from a backup" },
	[CHECK_DIRID_COLLISION] = { "DirIdCollision", CHECK_CRITICAL,
	    "a second link to one directory: only one is shown; find out "
	    "which is right and remove the other's folder" },
	[CHECK_DIRID_CYCLE] = { "DirIdCycle", CHECK_CRITICAL,
	    "a link from a directory to itself or to one above it: it is "
	    "not shown; remove the link's folder" },
	[CHECK_KNOWN_TYPE] = { "KnownType", CHECK_GOOD,
	    "an entry of a known type" },
	[CHECK_UNKNOWN_TYPE] = { "UnknownType", CHECK_CRITICAL,
	    "neither a directory nor a symlink nor a file: what said so is "
	    "missing; repair removes it if it is empty" },
	[CHECK_AMBIGUOUS_TYPE] = { "AmbiguousType", CHECK_CRITICAL,
	    "more than one of dir.c9r, symlink.c9r, contents.c9r: the first "
	    "of them counts; move the wrong ones away" },
	[CHECK_NOT_A_FILE] = { "NotAFile", CHECK_CRITICAL,
	    "something that no vault holds is in the place of an entry "
	    "(a link, device or pipe of the storage, or a file named .c9s)" },
	[CHECK_VALID_SHORTENED] = { "ValidShortenedFile", CHECK_GOOD,
	    "an entry with a shortened name" },
	[CHECK_TRAILING_BYTES] = { "TrailingBytesInNameFile", CHECK_WARN,
	    "the name file has bytes behind the name; repair cuts them" },
	[CHECK_LONG_SHORT_MISMATCH] = { "LongShortNamesMismatch", CHECK_WARN,
	    "the name on disk is not the hash of the long name, so "
	    "Cryptomator cannot open it; repair renames it" },
	[CHECK_MISSING_LONG_NAME] = { "MissingLongName", CHECK_CRITICAL,
	    "the long name of this entry is missing, so it is not shown; "
	    "restore name.c9s from a backup" },
	[CHECK_OBESE_NAME_FILE] = { "ObeseNameFile", CHECK_CRITICAL,
	    "the name file is longer than 10240 bytes, so the entry is not "
	    "shown; restore it from a backup" },
	[CHECK_NOT_DECODABLE_LONG_NAME] = { "NotDecodableLongName",
	    CHECK_CRITICAL, "the name file holds no name, or not all of it; "
	    "restore it from a backup" },
	[CHECK_NEEDLESSLY_SHORTENED] = { "NeedlesslyShortened", CHECK_WARN,
	    "the name is shortened although it is short enough, so "
	    "Cryptomator cannot open it; repair renames it" },
	[CHECK_NOT_SHORTENED] = { "NotShortened", CHECK_WARN,
	    "the name is not shortened although it is too long, so "
	    "Cryptomator cannot open it; repair renames it" },
	[CHECK_UNDECRYPTABLE_NAME] = { "UndecryptableName", CHECK_CRITICAL,
	    "the name was not made by this vault for this directory, so the "
	    "entry is not shown; it may belong to another directory" },
	[CHECK_CONFLICT_COPY] = { "ConflictCopy", CHECK_WARN,
	    "a copy that a sync client made; compare it with the original, "
	    "keep one and remove the other" },
	[CHECK_NOT_NORMALIZED] = { "NotNormalizedName", CHECK_WARN,
	    "the name is not in Unicode's form C, so Cryptomator cannot open "
	    "it; repair renames it if that name is free" },
	[CHECK_NOT_UTF8] = { "NotUtf8Name", CHECK_WARN,
	    "the name is not UTF-8, so Cryptomator cannot open it; rename "
	    "it where it is served" },
	[CHECK_NOT_SERVABLE] = { "NotServableName", CHECK_WARN,
	    "a name that no file system can have (empty, a dot or two, with "
	    "a slash or NUL, or over 255 bytes), so it is not served" },
	[CHECK_LEFTOVER] = { "Leftover", CHECK_INFO,
	    "an operation of vaultnfs did not come to its end; repair removes "
	    "what it left, and moves data to LOST+FOUND" },
	[CHECK_FOREIGN] = { "ForeignFile", CHECK_INFO,
	    "not a part of the vault, and never shown; move it away if it "
	    "is not wanted" },
	[CHECK_ZERO_BYTES] = { "ZeroByteFile", CHECK_WARN,
	    "a file without any byte on disk: a sync client's placeholder, or "
	    "a write that never came; Cryptomator cannot open it. Wait for a "
	    "sync client first, then repair makes it an empty file" },
	[CHECK_ILLEGAL_SIZE] = { "IllegalSize", CHECK_CRITICAL,
	    "a length that no writer leaves: a write did not come to its end, "
	    "or the end of the file is damaged; if something is missing, "
	    "restore it from a backup" },
	[CHECK_TRAILING_CHUNK] = { "TrailingEmptyChunk", CHECK_INFO,
	    "the file ends in a chunk without data; repair cuts it off" },
	[CHECK_BAD_TARGET] = { "BadTarget", CHECK_WARN,
	    "the symlink's target is empty, longer than 4095 bytes or holds "
	    "NUL; remove it and make it anew" },
	[CHECK_BAD_HEADER] = { "BadHeader", CHECK_CRITICAL,
	    "the file's header is not authentic, so nothing of it can be "
	    "read; restore it from a backup" },
	[CHECK_FOREIGN_HEADER] = { "ForeignHeader", CHECK_CRITICAL,
	    "no chunk fits the header, which is that of another file; restore "
	    "it from a backup" },
	[CHECK_BAD_CHUNK] = { "BadChunk", CHECK_CRITICAL,
	    "a part of the file is not authentic; what is in front of it and "
	    "behind it can be read, the rest is in a backup" },
	[CHECK_SWAPPED_CHUNKS] = { "SwappedChunks", CHECK_CRITICAL,
	    "parts of the file are in each other's place; restore it from a "
	    "backup" },
	[CHECK_CUT_CHUNK] = { "CutChunk", CHECK_CRITICAL,
	    "the last part of the file is not authentic: it was cut or "
	    "overwritten; what is in front of it can be read" },
	[CHECK_FAILED] = { "CheckFailed", CHECK_CRITICAL,
	    "this could not be checked" },
};

const char *
check_kind_name(enum check_kind k)
{
	return kinds[k].name;
}

enum check_severity
check_kind_severity(enum check_kind k)
{
	return kinds[k].severity;
}

const char *
check_kind_text(enum check_kind k)
{
	return kinds[k].text;
}

const char *
check_severity_name(enum check_severity s)
{
	static const char *const names[] = { "good", "info", "warn",
	    "critical" };

	return names[s];
}

void
check_begin(struct check_found *f, enum check_kind kind, const char *folder,
    const char *entry, const char *leaf)
{
	f->kind = kind;
	f->severity = kinds[kind].severity;
	f->dir = NULL;
	f->clear = NULL;
	f->clear_len = 0;
	f->repairable = f->repaired = false;
	f->note[0] = '\0';
	check_join(f->path, folder, entry, leaf);
}

void
check_begin_item(struct check_found *f, enum check_kind kind,
    const struct check_item *it, const char *leaf)
{
	check_begin(f, kind, it->at->folder, it->entry, leaf);
	if (it->have_clear) {
		f->dir = it->at->cd;
		f->clear = it->clear;
		f->clear_len = it->clear_len;
	}
}

void
check_note(struct check_found *f, const char *fmt, ...)
{
	size_t n = strlen(f->note);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->note + n, sizeof(f->note) - n, fmt, ap);
	va_end(ap);
}

bool
check_wants(const struct check *c, const struct check_found *f)
{
	return c->o->repair && f->repairable && !c->failed;
}

void
check_mended(struct check *c, struct check_found *f, int result)
{
	f->repaired = result == 0;
	if (f->repaired)
		c->mended++;
	else
		check_note(f, "; repair failed: %s", c->why.text);
}

void
check_report(struct check *c, struct check_found *f)
{
	struct check_finding out;
	char text[1100];

	if (!f->repaired && !c->last_pass)
		return;
	(void)snprintf(text, sizeof(text), "%s%s", kinds[f->kind].text,
	    f->note);
	out.kind = f->kind;
	out.name = kinds[f->kind].name;
	out.severity = f->severity;
	out.path = f->path;
	out.clear = f->dir == NULL ? NULL : check_clear(c, f->dir, f->clear,
	    f->clear_len, &out.clear_len);
	if (out.clear == NULL)
		out.clear_len = 0;
	out.repairable = f->repairable;
	out.repaired = f->repaired;
	out.text = text;
	if (f->repaired)
		c->sum->repaired++;
	else {
		c->sum->found[f->severity]++;
		c->sum->repairable += f->repairable;
	}
	if (f->severity != CHECK_GOOD || c->o->good)
		c->fn(c->ctx, &out);
}

void
check_broken(struct check *c, const char *folder, const char *entry,
    const char *leaf)
{
	struct check_found f;
	int err = errno;

	c->doubt = true;
	check_begin(&f, CHECK_FAILED, folder, entry, leaf);
	check_note(&f, ": %s", strerror(err));
	check_report(c, &f);
}

void
check_good(struct check *c, enum check_kind kind, const struct check_item *it)
{
	struct check_found f;

	if (!c->last_pass)
		return;
	if (!c->o->good) {
		c->sum->found[CHECK_GOOD]++;
		return;
	}
	check_begin_item(&f, kind, it, NULL);
	check_report(c, &f);
}
