"""names.py - file names and link targets that people and programs make.

All names are given in NFC, which is what a vault holds; spelled() gives
another spelling of the same name.
"""
import unicodedata

MAX = 255       # bytes of a clear name that vaultnfs serves
HASH = 32       # characters: how repairs call a directory in LOST+FOUND

LATIN = "aàâäåāąbcçčdðeéèêęfgğhiíîıjkłlmnñoóöøőpqrřsšßtţuúûüűvwxyýzžÅÉÑ"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊΐΆΩΑΣ"
CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюяІїЄґЙ"
CJK = "日本語中文字漢倉庫文書写真東京北京上海圖書館ファイル名かながデパ、。"
HANGUL = "한글파일이름각낙닭쌓뷁가힣"
OTHER = "אבגדשלוםםן" "ملفعربيّ" "हिन्दीफ़ाइल" "ไทยไฟล์ชื่อ" "ქართული"
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "❤️", "🗂", "𝒳", "𐍈", "𠮷"]
# Some of these compose with their mark, some never do, some are reordered.
COMBINED = ["e\u0301", "q\u0323\u0307", "a\u0308\u0304", "x\u0332", "\u0935"
            "\u093c", "o\u031b\u0301", "s\u0323\u0307", "\u05e9\u05c1",
            "n\u0303\u0330", "\u304b\u3099", "\u1112\u1161\u11ab", "=\u0338"]
ASCII = "abcXYZ0189 ._-+,;:=@#%&!?'\"`~^$()[]{}<>|\\*\t\n\x01\x7f"
SETS = [list(LATIN), list(GREEK), list(CYRILLIC), list(CJK), list(HANGUL),
        list(OTHER), EMOJI, COMBINED, list(ASCII),
        list("abcdefghijklmnopqrstuvwxyz0123456789._-")]

# Names that look like something else, here or on the way.
ODD = [".", "..", ".hidden", "...", ". ", " ", "a b ", "dir.c9r", "dirid.c9r",
       "symlink.c9r", "contents.c9r", "name.c9s", "masterkey.cryptomator",
       "LOST+FOUND", "x.c9r", "x.c9s", "~", "-rf", "a (1).txt", "CON",
       "desktop.ini", ".DS_Store", ".nfs0001", "a%2Fb", "a\\b", "#a#",
       "n8Zfcx6QGU1lwPU-gVAmtt0=.c9r", "\u0301mark", "\ufeffbom", "\u202ertl",
       "report (Created by Alice).txt", "Makefile", "a", "b", "A", "é"]


def nfc(s):
    return unicodedata.normalize("NFC", s)


def size(s):
    return len(s.encode())


def fitting(threshold):
    """The most bytes of a name that is not shortened at this threshold."""
    return (threshold - 4) // 4 * 3 - 16


def length(rng, threshold):
    edge = fitting(threshold)
    return rng.choice([
        rng.randint(1, 12), rng.randint(1, 30), rng.randint(1, 30),
        rng.randint(10, 80), rng.randint(1, MAX), rng.randint(100, MAX),
        rng.randint(edge - 2, edge + 3), edge, edge + 1, 146, 147, MAX - 1,
        MAX])


def name(rng, threshold):
    """A name; sometimes one of exactly the length that was drawn."""
    if rng.random() < 0.1:
        odd = nfc(rng.choice(ODD))
        if odd not in (".", ".."):
            return odd
    want = min(max(length(rng, threshold), 1), MAX)
    alphabet = rng.choice(SETS)
    mixed = rng.random() < 0.2
    s = rng.choice(["", "", "", "", ".", " "])
    while size(s) < want:
        s = nfc(s + rng.choice(rng.choice(SETS) if mixed else alphabet))
    while size(s) > want:
        s = s[:-1]
    s = nfc(s + "x" * (want - size(s)))
    return s if s.strip(".") else "dots" + s[4:]


def password(rng):
    """A password that somebody could type."""
    return "".join(c for c in name(rng, 60) if c.isprintable()).strip() or "pw"


def spelled(rng, s):
    """The same name in another normal form, if that fits a name's length."""
    d = unicodedata.normalize("NFD", s)
    half = nfc(s[:len(s) // 2]) + unicodedata.normalize("NFD",
                                                        s[len(s) // 2:])
    other = rng.choice([d, half, s.replace("\u00c5", "\u212b")
                        .replace("\u03a9", "\u2126")])
    return other if size(other) <= MAX and nfc(other) == s else s


def target(rng, threshold, raw):
    """A link's target; with raw, also such as Cryptomator would tidy up."""
    parts = [rng.choice(["..", ".", name(rng, threshold),
                         name(rng, threshold)])
             for _ in range(rng.randint(1, 5))]
    s = rng.choice(["", "", "/"]) + "/".join(parts)
    if raw and rng.random() < 0.3:
        s = rng.choice([s + "/", s.replace("/", "//"), "/" + s,
                        unicodedata.normalize("NFD", s)])
    return s


def tidied(s):
    """What Cryptomator makes of a link's target (vault-format 6)."""
    parts = [nfc(p) for p in s.split("/") if p != ""]
    return ("/" if s.startswith("/") else "") + "/".join(parts)
