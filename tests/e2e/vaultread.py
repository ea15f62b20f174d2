#!/usr/bin/env python3
"""vaultread.py - read a Cryptomator vault (format 8 or 7) without vaultnfs.

usage: vaultread.py VAULT PASSWORD-FILE [--out FILE] [--strict]

Prints JSON: the entries with type, size, SHA-256 or link target, and remarks
on everything that a careful writer would not leave behind.  With --strict a
remark or a damaged entry makes the exit status 1.

It shares no code with vaultnfs and none of its libraries but libcrypto's
block ciphers (through the cryptography package), so that a mistake would have
to be made twice to go unnoticed.  AES-SIV is put together here (RFC 5297),
because the package refuses an empty text, which is the root's id.
"""
import argparse
import base64
import hashlib
import hmac
import json
import os
import struct
import sys
import unicodedata

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.keywrap import (InvalidUnwrap,
                                                    aes_key_unwrap)

CHUNK = 32768
DAMAGE = (ValueError, OSError, InvalidTag, InvalidSignature, UnicodeError,
          RecursionError)


def cmac(key, data):
    c = CMAC(algorithms.AES(key))
    c.update(data)
    return c.finalize()


def ctr(key, iv, data):
    e = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    return e.update(data) + e.finalize()


def double(block):
    n = int.from_bytes(block, "big") << 1
    if n >> 128:
        n = (n & ((1 << 128) - 1)) ^ 0x87
    return n.to_bytes(16, "big")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def s2v(key, parts, text):
    d = cmac(key, bytes(16))
    for p in parts:
        d = xor(double(d), cmac(key, p))
    if len(text) >= 16:
        return cmac(key, text[:-16] + xor(text[-16:], d))
    padded = text + b"\x80" + bytes(15 - len(text))
    return cmac(key, xor(double(d), padded))


def siv_counter(v):
    q = bytearray(v)
    q[8] &= 0x7f
    q[12] &= 0x7f
    return bytes(q)


def unpadded(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


class WrongPassword(Exception):
    pass


class Vault:
    def __init__(self, root, password):
        self.root = root
        self.remarks = []
        with open(os.path.join(root, "masterkey.cryptomator"), "rb") as f:
            m = json.load(f)
        n, r = m["scryptCostParam"], m["scryptBlockSize"]
        kek = hashlib.scrypt(password, salt=base64.b64decode(m["scryptSalt"]),
                             n=n, r=r, p=1, dklen=32,
                             maxmem=128 * r * (n + 64))
        try:
            self.enc = aes_key_unwrap(
                kek, base64.b64decode(m["primaryMasterKey"]))
            self.mac = aes_key_unwrap(
                kek, base64.b64decode(m["hmacMasterKey"]))
        except InvalidUnwrap:
            raise WrongPassword()
        version_mac = hmac.digest(self.mac, struct.pack(">i", m["version"]),
                                  "sha256")
        if version_mac != base64.b64decode(m["versionMac"]):
            self.remarks.append("masterkey: versionMac is wrong")
        self.read_token(m["version"])
        self.gcm = self.combo == "SIV_GCM"
        self.header_len = 68 if self.gcm else 88
        self.overhead = 28 if self.gcm else 48

    def read_token(self, version):
        path = os.path.join(self.root, "vault.cryptomator")
        if version == 7 and not os.path.exists(path):
            self.format, self.combo, self.threshold = 7, "SIV_CTRMAC", 220
            return
        with open(path, "rb") as f:
            head, body, sig = f.read().strip().split(b".")
        alg = json.loads(unpadded(head))["alg"]
        digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}[alg]
        want = hmac.digest(self.enc + self.mac, head + b"." + body, digest)
        if not hmac.compare_digest(want, unpadded(sig)):
            raise ValueError("vault.cryptomator is not signed by this key")
        claims = json.loads(unpadded(body))
        self.format, self.combo = claims["format"], claims["cipherCombo"]
        self.threshold = claims.get("shorteningThreshold", 220)
        if self.format != 8 or self.combo not in ("SIV_GCM", "SIV_CTRMAC"):
            raise ValueError("format %s, %s" % (self.format, self.combo))

    # Names.

    def content_dir(self, dirid):
        v = s2v(self.mac, [], dirid)
        siv = v + ctr(self.enc, siv_counter(v), dirid)
        h = base64.b32encode(hashlib.sha1(siv).digest()).decode()
        return os.path.join(self.root, "d", h[:2], h[2:])

    def clear_name(self, disk, dirid):
        """The clear name of base64url text without its .c9r."""
        raw = base64.b64decode(disk.encode(), b"-_", validate=True)
        v, c = raw[:16], raw[16:]
        p = ctr(self.enc, siv_counter(v), c)
        if len(v) < 16 or s2v(self.mac, [dirid], p) != v:
            raise ValueError("name is not authentic")
        name = p.decode()
        if unicodedata.normalize("NFC", name) != name:
            self.remarks.append("name is not NFC: " + disk)
        return name

    def names_in(self, folder, dirid):
        """(clear name, path of its node) for each entry of a folder."""
        for disk in sorted(os.listdir(folder)):
            node = os.path.join(folder, disk)
            if disk == "dirid.c9r":
                continue
            try:
                if disk.endswith(".c9r"):
                    if len(disk) > self.threshold:
                        self.remarks.append("should be shortened: " + node)
                    yield self.clear_name(disk[:-4], dirid), node
                elif disk.endswith(".c9s"):
                    with open(os.path.join(node, "name.c9s"), "rb") as f:
                        full = f.read()
                    h = base64.urlsafe_b64encode(hashlib.sha1(full).digest())
                    if h.decode() + ".c9s" != disk or \
                            not full.endswith(b".c9r") or \
                            len(full) <= self.threshold:
                        self.remarks.append("wrongly shortened: " + node)
                    name = full.decode().split(".c9r")[0]
                    yield self.clear_name(name, dirid), node
                else:
                    self.remarks.append("foreign: " + node)
            except DAMAGE as e:
                self.remarks.append("%s: %s" % (node, e))

    # Contents.

    def header(self, h):
        """(nonce, content key) from a header's bytes."""
        if len(h) < self.header_len:
            raise ValueError("header of %d bytes" % len(h))
        if self.gcm:
            nonce = h[:12]
            body = AESGCM(self.enc).decrypt(nonce, h[12:], None)
        else:
            nonce = h[:16]
            mac = hmac.digest(self.mac, h[:56], "sha256")
            if not hmac.compare_digest(mac, h[56:]):
                raise ValueError("header is not authentic")
            body = ctr(self.enc, nonce, h[16:56])
        if body[:8] != b"\xff" * 8:
            self.remarks.append("header's reserved bytes: " + body[:8].hex())
        return nonce, body[8:]

    def chunk(self, nonce, key, index, c):
        if len(c) < self.overhead:
            raise ValueError("chunk %d of %d bytes" % (index, len(c)))
        at = struct.pack(">Q", index)
        if self.gcm:
            return AESGCM(key).decrypt(c[:12], c[12:], at + nonce)
        mac = hmac.digest(self.mac, nonce + at + c[:-32], "sha256")
        if not hmac.compare_digest(mac, c[-32:]):
            raise ValueError("chunk %d is not authentic" % index)
        return ctr(key, c[:16], c[16:-32])

    def pieces(self, path):
        with open(path, "rb") as f:
            nonce, key = self.header(f.read(self.header_len))
            index = 0
            while True:
                c = f.read(CHUNK + self.overhead)
                if not c:
                    return
                p = self.chunk(nonce, key, index, c)
                if not p:
                    self.remarks.append("empty chunk at the end: " + path)
                yield p
                index += 1

    def contents(self, path):
        return b"".join(self.pieces(path))

    # The tree.

    def entry(self, path, node):
        """Describe one node; for a directory also return its id."""
        if not os.path.isdir(node):
            return self.file_entry(path, node), None
        inside = os.path.join(node, "dir.c9r")
        if os.path.exists(inside):
            with open(inside, "rb") as f:
                dirid = f.read()
            if not 0 < len(dirid) <= 1000:
                raise ValueError("directory id of %d bytes" % len(dirid))
            if len(dirid) != 36:
                self.remarks.append("directory id of %d bytes: %s" %
                                    (len(dirid), node))
            return {"path": path, "type": "dir"}, dirid
        inside = os.path.join(node, "symlink.c9r")
        if os.path.exists(inside):
            target = self.contents(inside).decode()
            return {"path": path, "type": "symlink", "target": target}, None
        inside = os.path.join(node, "contents.c9r")
        if os.path.exists(inside):
            return self.file_entry(path, inside), None
        raise ValueError("node of no type")

    def file_entry(self, path, disk):
        h, size = hashlib.sha256(), 0
        for p in self.pieces(disk):
            h.update(p)
            size += len(p)
        return {"path": path, "type": "file", "size": size,
                "sha256": h.hexdigest()}

    def check_backup(self, folder, dirid):
        """dirid.c9r, where there is one, holds the folder's own id."""
        backup = os.path.join(folder, "dirid.c9r")
        if os.path.exists(backup):
            try:
                if self.contents(backup) != dirid:
                    self.remarks.append("says another id: " + backup)
            except DAMAGE as e:
                self.remarks.append("%s: %s" % (backup, e))

    def walk(self):
        todo, seen = [("", b"")], set()
        while todo:
            path, dirid = todo.pop()
            folder = self.content_dir(dirid)
            seen.add(dirid)
            self.check_backup(folder, dirid)
            for name, node in self.names_in(folder, dirid):
                where = path + "/" + name
                try:
                    e, sub = self.entry(where, node)
                    if sub is not None:
                        if sub in seen:
                            raise ValueError("directory id used twice")
                        if not os.path.isdir(self.content_dir(sub)):
                            raise ValueError("content folder is missing")
                        seen.add(sub)
                        todo.append((where, sub))
                except DAMAGE as err:
                    e = {"path": where, "type": "damaged", "error": repr(err)}
                yield e
        self.find_orphans(seen)

    def find_orphans(self, seen):
        linked = {self.content_dir(i) for i in seen}
        top = os.path.join(self.root, "d")
        for a in sorted(os.listdir(top)):
            if not os.path.isdir(os.path.join(top, a)):
                continue
            for b in sorted(os.listdir(os.path.join(top, a))):
                folder = os.path.join(top, a, b)
                if folder not in linked:
                    self.remarks.append("orphan: " + folder)


def main():
    p = argparse.ArgumentParser(description="read a Cryptomator vault")
    p.add_argument("vault")
    p.add_argument("password_file")
    p.add_argument("--out", default="-")
    p.add_argument("--strict", action="store_true")
    a = p.parse_args()
    with open(a.password_file, "rb") as f:
        password = f.read()
    if password.endswith(b"\n"):
        password = password[:-1]
    try:
        v = Vault(a.vault, password)
    except WrongPassword:
        print("vaultread: wrong password", file=sys.stderr)
        return 3
    except (OSError, KeyError, ValueError) as e:
        print("vaultread: %s: %s" % (a.vault, e), file=sys.stderr)
        return 4
    entries = sorted(v.walk(), key=lambda e: e["path"])
    out = sys.stdout if a.out == "-" else open(a.out, "w")
    with out:
        json.dump({"format": v.format, "cipherCombo": v.combo,
                   "entries": entries, "remarks": v.remarks}, out, indent=1)
        out.write("\n")
    damaged = any(e["type"] == "damaged" for e in entries)
    return 1 if a.strict and (damaged or v.remarks) else 0


if __name__ == "__main__":
    sys.exit(main())
