"""Vectors of what needs no county: digests, keys, notes, checkpoints, cosignatures, policies, tiles, trees."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from liuhen_protocol import merkle, tiles
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.cosignature import cosign
from liuhen_protocol.digest import CHUNK_SIZE, digest_of
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, Note, Signature, VerifierKey, sign_note
from liuhen_protocol.signer import Ed25519Signer
from vectors.recipes.vector import Json, Vector, b64, malformed, octets, read_octets, refused, valid

ORIGIN = "log.example/county"
LOG = Ed25519Signer.from_seed(b"TEST KEY, not for use: the log  ")
OTHER = Ed25519Signer.from_seed(b"TEST KEY, not for use: another  ")
WITNESSES = {
    name: Ed25519Signer.from_seed(f"TEST KEY, not for use: witness {name}".encode()[-32:].ljust(32)) for name in "abc"
}
LOG_KEY = VerifierKey(ORIGIN, ED25519, LOG.public)
OTHER_KEY = VerifierKey(ORIGIN, ED25519, OTHER.public)
WITNESS_KEYS = {
    name: VerifierKey(f"witness.example/{name}", COSIGNATURE_V1, signer.public) for name, signer in WITNESSES.items()
}
TIME = 1_795_000_000
LEAVES = [merkle.leaf_hash(b"entry %d" % n) for n in range(11)]
CHECKPOINT = Checkpoint(ORIGIN, len(LEAVES), merkle.root_of(LEAVES))
SIGNED = sign_checkpoint(CHECKPOINT, LOG)
POLICY = "".join(
    [
        f"# a county's policy\n\nlog {LOG_KEY} https://archive.example/log\n",
        *(f"witness {name}\t{key} https://witness-{name}.example\n" for name, key in WITNESS_KEYS.items()),
        "group two-of-three 2 a b c\nquorum two-of-three\n",
    ]
)


def cosigned(note: Note, names: str, time: int = TIME) -> Note:
    return note.with_signatures(*(cosign(note.text, time, WITNESS_KEYS[name].name, WITNESSES[name]) for name in names))


def damaged(note: Note, which: int) -> bytes:
    """The note with one bit of one signature changed."""
    lines = list(note.signatures)
    old = lines[which]
    lines[which] = Signature(old.name, old.key_id, old.data[:-1] + bytes([old.data[-1] ^ 1]))
    return Note(note.text, tuple(lines)).encode()


def digests() -> Iterator[Vector]:
    names = {0: "empty", 1: "one-byte", CHUNK_SIZE - 1: "chunk-less-one", CHUNK_SIZE: "one-chunk"}
    names |= {CHUNK_SIZE + 1: "chunk-and-one", 3 * CHUNK_SIZE + 5: "four-chunks", 5 * CHUNK_SIZE: "five-chunks"}
    for size, name in names.items():
        recipe: Json = {"counting": size}
        found = digest_of(read_octets(recipe), sm3=True)
        value = {"size": size, "sha256": found.sha256, "chunk_root": found.chunk_root, "sm3": found.sm3}
        yield valid("digest", name, f"{size} bytes", {"bytes": recipe}, value)
    found = digest_of(b"abc", sm3=True)
    value = {"size": 3, "sha256": found.sha256, "chunk_root": found.chunk_root, "sm3": found.sm3}
    yield valid("digest", "abc", "the example that FIPS 180 and GB/T 32905 share", {"bytes": "abc"}, value)


def vkeys() -> Iterator[Vector]:
    for name, key in {"log": LOG_KEY, "witness": WITNESS_KEYS["a"]}.items():
        value = {"name": key.name, "type": key.key_type, "public": key.public.hex(), "key_id": key.key_id.hex()}
        yield valid("vkey", name, f"the key of a {name}", {"vkey": str(key)}, value)
    material = str(LOG_KEY).split("+", 2)[2]
    short = VerifierKey(ORIGIN, ED25519, LOG.public)
    cases = {
        "two-parts": ("no key after the id", f"{ORIGIN}+{LOG_KEY.key_id.hex()}"),
        "key-id": ("the id is that of another key", f"{ORIGIN}+{OTHER_KEY.key_id.hex()}+{material}"),
        "key-id-case": ("the id in capitals", f"{ORIGIN}+{short.key_id.hex().upper()}+{material}"),
        "base64": ("the key is not base64", f"{ORIGIN}+{LOG_KEY.key_id.hex()}+{material[:-1]}!"),
        "padding": ("padding that does not belong there", f"{ORIGIN}+{LOG_KEY.key_id.hex()}+{material}="),
        "empty-key": ("no key", f"{ORIGIN}+{LOG_KEY.key_id.hex()}+"),
        "type": ("a type that we do not know (02)", f"{ORIGIN}+{LOG_KEY.key_id.hex()}+{b64(bytes([2]) + LOG.public)}"),
        "length": ("31 bytes", f"{ORIGIN}+{LOG_KEY.key_id.hex()}+{b64(bytes([1]) + LOG.public[:31])}"),
        "name-space": ("a space in the name", f"log example+{LOG_KEY.key_id.hex()}+{material}"),
        "name-empty": ("no name", f"+{LOG_KEY.key_id.hex()}+{material}"),
    }
    for reason, (about, text) in cases.items():
        yield malformed("vkey", reason, about, {"vkey": text})


def notes() -> Iterator[Vector]:
    text = "留痕\n\na line after an empty one\n".encode()
    signed = sign_note(text, ORIGIN, LOG)
    key = {"vkey": str(LOG_KEY)}
    yield valid("note", "signed", "one signature", {"note": octets(signed.encode()), **key}, {"signed": True})
    stranger = sign_note(text, "stranger.example", OTHER)
    both = signed.with_signatures(*stranger.signatures)
    yield valid(
        "note", "two", "a second signature by an unknown key", {"note": octets(both.encode()), **key}, {"signed": True}
    )
    unsigned = {"note": octets(stranger.encode()), **key}
    yield valid("note", "not-by-this-key", "only an unknown key signed", unsigned, {"signed": False})
    yield refused(
        "note", "bad-signature", "one bit of the signature changed", {"note": octets(damaged(signed, 0)), **key}
    )
    changed = signed.encode().replace(b"after", b"behind")
    yield refused("note", "bad-signature", "a word of the text changed", {"note": octets(changed), **key}, "text")
    twice = Note(text, (*signed.signatures, Signature(ORIGIN, LOG_KEY.key_id, b"x" * 64))).encode()
    yield refused(
        "note", "bad-signature", "a good line and a bad line of one key", {"note": octets(twice), **key}, "second"
    )
    same_id = Note(text, (Signature("stranger.example", LOG_KEY.key_id, b"x" * 64),)).encode()
    about = "the key's id under another name is another key"
    yield valid("note", "same-id", about, {"note": octets(same_id), **key}, {"signed": False})
    good, line = signed.encode(), signed.signatures[0].line().encode()
    cases: dict[str, tuple[str, bytes]] = {
        "no-empty-line": ("no empty line before the signatures", text[:-1].replace(b"\n\n", b"\n") + b"\n" + line),
        "no-newline": ("no newline at the end", good[:-1]),
        "carriage-return": ("lines end with CR LF", good.replace(b"\n", b"\r\n")),
        "control": ("a tab in the text", good.replace(b"a line", b"a\tline")),
        "utf-8": ("not UTF-8", b"\xff" + good),
        "no-signature": ("no signature line", text + b"\n"),
        "hyphen": ("a hyphen where the dash U+2014 belongs", good.replace("—".encode(), b"-")),
        "base64": ("a signature that is not base64", good[:-3] + b"!=\n"),
        "two-spellings": (
            "base64 with bits set that no byte holds",
            text + b"\n" + "— n AAAAAAE=\n".encode().replace(b"E=", b"F="),
        ),
        "short": ("a signature shorter than a key id and a byte", text + b"\n" + "— n AAAAAA==\n".encode()),
        "name": ("a plus in the key's name", good.replace("— log".encode(), "— l+g".encode())),
        "no-name": ("no name before the signature", text + b"\n" + "— AAAAAAE=\n".encode()),
    }
    for reason, (about, data) in cases.items():
        yield malformed("note", reason, about, {"note": octets(data), **key})
    many: Json = {"join": ["x\n\n", {"repeat": "— n AAAAAAE=\n", "times": 101}]}
    yield malformed("note", "many", "more than 100 signatures", {"note": many, **key})
    long: Json = {"join": [{"repeat": "x", "times": 1 << 20}, "\n\n— n AAAAAAE=\n"]}
    yield malformed("note", "long", "more than 1 MiB", {"note": long, **key})


def checkpoints() -> Iterator[Vector]:
    def given(note: Note | bytes) -> dict[str, Json]:
        return {"note": octets(note if isinstance(note, bytes) else note.encode()), "log_key": str(LOG_KEY)}

    value = {"origin": ORIGIN, "size": CHECKPOINT.size, "root": b64(CHECKPOINT.root)}
    yield valid("checkpoint", "signed", "a log of eleven entries", given(SIGNED), value)
    empty = Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    value = {"origin": ORIGIN, "size": 0, "root": b64(merkle.EMPTY_ROOT)}
    yield valid("checkpoint", "empty", "a log without entries", given(sign_checkpoint(empty, LOG)), value)
    elsewhere = Checkpoint("log.example/elsewhere", CHECKPOINT.size, CHECKPOINT.root)
    yield refused("checkpoint", "wrong-log", "the origin of another log", given(sign_checkpoint(elsewhere, LOG)))
    by_other = sign_note(CHECKPOINT.text(), ORIGIN, OTHER)
    yield refused("checkpoint", "log-signature-missing", "signed by another key of the same name", given(by_other))
    yield refused("checkpoint", "bad-signature", "one bit of the signature changed", given(damaged(SIGNED, 0)))
    lines = CHECKPOINT.text().decode().split("\n")
    cases = {
        "extension": ("a fourth line", f"{lines[0]}\n{lines[1]}\n{lines[2]}\nmore\n"),
        "two-lines": ("no root", f"{lines[0]}\n{lines[1]}\n"),
        "leading-zero": ("the size with a leading zero", f"{lines[0]}\n0{lines[1]}\n{lines[2]}\n"),
        "sign": ("the size with a sign", f"{lines[0]}\n+{lines[1]}\n{lines[2]}\n"),
        "digits": ("the size in full-width digits", f"{lines[0]}\n１１\n{lines[2]}\n"),
        "large": ("a size over 2^62", f"{lines[0]}\n{(1 << 62) + 1}\n{lines[2]}\n"),
        "root-length": ("a root of 31 bytes", f"{lines[0]}\n{lines[1]}\n{b64(CHECKPOINT.root[:31])}\n"),
        "root-base64": (
            "a root in the URL alphabet",
            f"{lines[0]}\n{lines[1]}\n{base64.urlsafe_b64encode(bytes([255]) * 32).decode()}\n",
        ),
        "empty-root": ("no entries and another root", f"{lines[0]}\n0\n{lines[2]}\n"),
        "origin": ("a space in the origin", f"log example\n{lines[1]}\n{lines[2]}\n"),
    }
    for reason, (about, text) in cases.items():
        yield malformed("checkpoint", reason, about, given(sign_note(text.encode(), ORIGIN, LOG)))


def cosignatures() -> Iterator[Vector]:
    def given(note: Note | bytes) -> dict[str, Json]:
        data = note if isinstance(note, bytes) else note.encode()
        return {"note": octets(data), "witness_key": str(WITNESS_KEYS["a"])}

    yield valid("cosignature", "one", "cosigned by the witness", given(cosigned(SIGNED, "a")), {"time": TIME})
    twice = cosigned(cosigned(SIGNED, "a"), "a", TIME + 7)
    yield valid("cosignature", "twice", "cosigned twice: the later time counts", given(twice), {"time": TIME + 7})
    before = cosigned(cosigned(SIGNED, "a", TIME + 7), "a")
    yield valid("cosignature", "twice-reversed", "the later time stands first", given(before), {"time": TIME + 7})
    yield valid("cosignature", "none", "another witness cosigned", given(cosigned(SIGNED, "b")), {"time": None})
    bad = "bad-cosignature"
    yield refused("cosignature", bad, "one bit of the signature changed", given(damaged(cosigned(SIGNED, "a"), 1)))
    line = cosigned(SIGNED, "a").signatures[1]
    variants = {
        "time": ("another time than the signed one", (TIME + 1).to_bytes(8, "big") + line.data[8:]),
        "zero": ("the time zero", bytes(8) + WITNESSES["a"].sign(b"cosignature/v1\ntime 0\n" + SIGNED.text)),
        "late": (
            "a time of 2^63",
            (1 << 63).to_bytes(8, "big") + WITNESSES["a"].sign(b"cosignature/v1\ntime %d\n" % (1 << 63) + SIGNED.text),
        ),
        "short": ("a signature without a time", line.data[8:]),
        "plain": (
            "a plain note signature where a cosignature belongs",
            line.data[:8] + WITNESSES["a"].sign(SIGNED.text),
        ),
    }
    for variant, (about, data) in variants.items():
        note = Note(SIGNED.text, (*SIGNED.signatures, Signature(line.name, line.key_id, data)))
        yield refused("cosignature", bad, about, given(note), variant)
    changed = cosigned(SIGNED, "a").encode().replace(b"\n11\n", b"\n12\n")
    yield refused("cosignature", bad, "the checkpoint's size changed", given(changed), "text")


def policies() -> Iterator[Vector]:
    value = {
        "logs": [ORIGIN],
        "witnesses": list(WITNESS_KEYS),
        "groups": {"two-of-three": [2, "a", "b", "c"]},
        "quorum": "two-of-three",
    }
    yield valid("policy", "two-of-three", "a log, three witnesses, any two of them", {"policy": POLICY}, value)
    none = {"logs": [], "witnesses": [], "groups": {}, "quorum": "none"}
    comment: Json = {"base64": b64(b"# \xb2\xe2\n quorum\tnone \n")}
    yield valid("policy", "none", "no witness asked for, a comment that is not UTF-8", {"policy": comment}, none)
    w = "".join(f"witness {name} {key}\n" for name, key in WITNESS_KEYS.items())
    log = f"log {LOG_KEY}\n"
    nested = f"{w}group x any a b\ngroup y all x c\nquorum y\n"
    value = {
        "logs": [],
        "witnesses": list(WITNESS_KEYS),
        "groups": {"x": [1, "a", "b"], "y": [2, "x", "c"]},
        "quorum": "y",
    }
    yield valid("policy", "nested", "a group of a group and a witness", {"policy": nested}, value)
    cases: dict[str, tuple[str, str | bytes]] = {
        "no-quorum": ("no quorum line", log),
        "two-quorums": ("two quorum lines", "quorum none\nquorum none\n"),
        "unknown-quorum": ("a quorum that is not defined", "quorum a\n"),
        "quorum-before": ("a quorum named before its witness", f"quorum a\n{w}"),
        "unknown-line": ("a line of another kind", "logs\nquorum none\n"),
        "log-type": ("a witness's key for a log", f"log {WITNESS_KEYS['a']}\nquorum none\n"),
        "witness-type": ("a log's key for a witness", f"witness a {LOG_KEY}\nquorum none\n"),
        "same-log": ("two logs with one key", f"{log}{log}quorum none\n"),
        "same-key": (
            "two witnesses with one key",
            f"witness a {WITNESS_KEYS['a']}\nwitness b {WITNESS_KEYS['a']}\nquorum none\n",
        ),
        "same-name": (
            "two witnesses with one name",
            f"witness a {WITNESS_KEYS['a']}\nwitness a {WITNESS_KEYS['b']}\nquorum none\n",
        ),
        "name-none": ("a witness named none", f"witness none {WITNESS_KEYS['a']}\nquorum none\n"),
        "unknown-member": ("a member that is not defined", f"{w}group g 1 d\nquorum g\n"),
        "member-none": ("none as a member", f"{w}group g 1 none\nquorum g\n"),
        "member-twice": ("a witness in two groups", f"{w}group g 1 a\ngroup h 1 a\nquorum g\n"),
        "no-members": ("a group without members", f"{w}group g any\nquorum g\n"),
        "threshold-zero": ("a threshold of 0", f"{w}group g 0 a\nquorum g\n"),
        "threshold-high": ("more than there are members", f"{w}group g 3 a b\nquorum g\n"),
        "threshold-word": ("a threshold that is no number", f"{w}group g most a b\nquorum g\n"),
        "vkey": ("a key that does not parse", "log x\nquorum none\n"),
        "carriage-return": ("lines end with CR LF", "quorum none\r\n"),
        "utf-8": (
            "a name that is not UTF-8 (a rule of ours)",
            b"witness \xff " + str(WITNESS_KEYS["a"]).encode() + b"\nquorum none\n",
        ),
        "third-word": ("a line with a word too many", f"log {LOG_KEY} https://a.example more\nquorum none\n"),
    }
    for reason, (about, text) in cases.items():
        yield malformed("policy", reason, about, {"policy": octets(text.encode() if isinstance(text, str) else text)})


def accepted() -> Iterator[Vector]:
    def given(note: Note | bytes) -> dict[str, Json]:
        return {"policy": POLICY, "note": octets(note if isinstance(note, bytes) else note.encode())}

    value = {"cosigned": {"a": TIME, "c": TIME}}
    yield valid("accept", "two", "two of three cosigned", given(cosigned(SIGNED, "ac")), value)
    yield refused("accept", "quorum-missing", "one of three cosigned", given(cosigned(SIGNED, "b")))
    again = given(cosigned(cosigned(SIGNED, "b"), "b", TIME + 1))
    yield refused("accept", "quorum-missing", "one witness twice is one witness", again, "twice")
    elsewhere = sign_checkpoint(Checkpoint("log.example/elsewhere", 11, CHECKPOINT.root), LOG)
    yield refused("accept", "wrong-log", "a log that the policy does not know", given(cosigned(elsewhere, "ab")))
    other = cosigned(sign_note(CHECKPOINT.text(), ORIGIN, OTHER), "ab")
    yield refused("accept", "log-signature-missing", "cosigned, but not signed by the log's key", given(other))
    good = cosigned(SIGNED, "abc")
    yield refused("accept", "bad-signature", "the log's signature is damaged", given(damaged(good, 0)))
    yield refused(
        "accept", "bad-cosignature", "one of three is damaged: the note is rejected whole", given(damaged(good, 3))
    )


def tile_paths() -> Iterator[Vector]:
    good = {
        "first": tiles.TileId(0, 0),
        "partial": tiles.TileId(0, 0, 3),
        "thousands": tiles.TileId(1, 1_067, 255),
        "millions": tiles.TileId(0, 1_234_067),
        "bundle": tiles.TileId(tiles.ENTRIES, 999),
        "highest": tiles.TileId(63, 0, 1),
    }
    for name, tile in good.items():
        value = {"level": tile.level, "index": tile.index, "width": tile.width}
        yield valid("tile-path", name, "a path and what it names", {"path": tile.path()}, value)
    bad = {
        "no-groups": "tile/0/1067",
        "short-group": "tile/0/67",
        "leading-group": "tile/0/x000/067",
        "no-x": "tile/0/001/067",
        "last-x": "tile/0/x001/x067",
        "full-width": "tile/0/000.p/256",
        "wide": "tile/0/000.p/257",
        "zero-width": "tile/0/000.p/0",
        "level": "tile/64/000",
        "level-zero": "tile/00/000",
        "other-kind": "tile/data/000",
        "slash": "/tile/0/000",
        "dots": "tile/0/../0/000",
        "long": "tile/0/" + "x001/" * 7 + "000",
    }
    for reason, path in bad.items():
        yield malformed("tile-path", reason, "not a path that a tile has", {"path": path})


def bundles() -> Iterator[Vector]:
    entries = [b"first", b"", "第三".encode()]
    data = tiles.encode_bundle(entries)
    value = {"entries": [entry.decode() for entry in entries]}
    yield valid(
        "bundle", "three", "three entries, one of them empty", {"bundle": {"base64": b64(data)}, "width": 3}, value
    )
    for reason, (about, changed, width) in {
        "fewer": ("fewer entries than the width says", data, 4),
        "more": ("more entries than the width says", data, 2),
        "cut": ("the last entry is cut short", data[:-1], 3),
        "half-length": ("one byte of a length at the end", data + b"\x00", 3),
    }.items():
        yield malformed("bundle", reason, about, {"bundle": {"base64": b64(changed)}, "width": width})


def node(level: int, index: int) -> bytes:
    return merkle.root_of(LEAVES[index << level : (index + 1) << level])


def inclusions() -> Iterator[Vector]:
    def given(index: int, size: int, proof: list[bytes], leaf: bytes, root: bytes) -> dict[str, Json]:
        shown = [b64(one) for one in proof]
        return {"leaf": b64(leaf), "index": index, "size": size, "proof": shown, "root": b64(root)}

    for index, size in ((0, 1), (0, 2), (5, 7), (6, 7), (7, 8), (10, 11), (3, 11)):
        proof = merkle.inclusion_proof(index, size, node)
        found = given(index, size, proof, LEAVES[index], merkle.root_of(LEAVES[:size]))
        yield valid("inclusion", f"{index}-of-{size}", f"leaf {index} of {size}", found)
    proof, root = merkle.inclusion_proof(5, 7, node), merkle.root_of(LEAVES[:7])
    code = "not-included"
    yield refused("inclusion", code, "another leaf", given(5, 7, proof, LEAVES[4], root))
    yield refused("inclusion", code, "another root", given(5, 7, proof, LEAVES[5], LEAVES[0]), "root")
    yield refused("inclusion", code, "another index", given(4, 7, proof, LEAVES[5], root), "index")
    yield refused("inclusion", code, "an index beyond the tree", given(7, 7, proof, LEAVES[5], root), "beyond")
    yield refused("inclusion", code, "a hash too few", given(5, 7, proof[:-1], LEAVES[5], root), "short")
    yield refused("inclusion", code, "a hash too many", given(5, 7, [*proof, root], LEAVES[5], root), "long")
    yield refused("inclusion", code, "two hashes exchanged", given(5, 7, proof[::-1], LEAVES[5], root), "order")
    made_up = merkle.node_hash(root, LEAVES[0])
    yield refused(
        "inclusion", code, "a root made for a proof too long", given(0, 1, [root], LEAVES[0], made_up), "made-up"
    )


def consistencies() -> Iterator[Vector]:
    def roots(old: int, new: int) -> tuple[bytes, bytes]:
        return merkle.root_of(LEAVES[:old]), merkle.root_of(LEAVES[:new])

    def given(old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes) -> dict[str, Json]:
        shown = [b64(one) for one in proof]
        return {"old": old, "new": new, "proof": shown, "old_root": b64(old_root), "new_root": b64(new_root)}

    for old, new in ((0, 5), (1, 2), (3, 7), (4, 7), (6, 11), (8, 11), (11, 11)):
        proof = merkle.consistency_proof(old, new, node)
        yield valid("consistency", f"{old}-to-{new}", f"{old} grows to {new}", given(old, new, proof, *roots(old, new)))
    code, proof = "inconsistent", merkle.consistency_proof(6, 11, node)
    old_root, new_root = roots(6, 11)
    yield refused("consistency", code, "another old root", given(6, 11, proof, LEAVES[0], new_root))
    yield refused("consistency", code, "another new root", given(6, 11, proof, old_root, LEAVES[0]), "new-root")
    yield refused("consistency", code, "the tree shrinks", given(11, 6, proof, new_root, old_root), "shrinks")
    yield refused("consistency", code, "the same size, another root", given(6, 6, [], old_root, new_root), "fork")
    yield refused(
        "consistency", code, "a proof between equal trees", given(6, 6, proof, old_root, old_root), "needless"
    )
    yield refused(
        "consistency",
        code,
        "a proof from the empty tree",
        given(0, 11, proof, merkle.EMPTY_ROOT, new_root),
        "from-empty",
    )
    yield refused(
        "consistency", code, "an empty tree with another root", given(0, 11, [], old_root, new_root), "empty-root"
    )
    yield refused("consistency", code, "no proof", given(6, 11, [], old_root, new_root), "empty")
    yield refused("consistency", code, "a hash too few", given(6, 11, proof[:-1], old_root, new_root), "short")
    yield refused("consistency", code, "a hash too many", given(6, 11, [*proof, new_root], old_root, new_root), "long")
    small = merkle.consistency_proof(1, 2, node)
    yield refused("consistency", code, "a proof to a smaller tree", given(1, 3, small, *roots(1, 2)), "smaller")


ALL = (
    digests,
    vkeys,
    notes,
    checkpoints,
    cosignatures,
    policies,
    accepted,
    tile_paths,
    bundles,
    inclusions,
    consistencies,
)
