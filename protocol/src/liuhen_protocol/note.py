"""C2SP signed notes and verifier keys (spec: docs/spec/note.md).

A note is a text and signature lines `— <name> base64(key id ‖ signature)`; a verifier key is `<name>+<key id>+base64(type ‖ key)`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.signer import PUBLIC_SIZE, Signer, signature_is_valid

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
MAX_NOTE = 1 << 20
MAX_SIGNATURES = 100


def from_base64(text: str | bytes, what: str) -> bytes:
    """Strict standard base64 (RFC 4648 section 4): padded, no other characters, one spelling per value. Raises Malformed."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed(f"{what}: not base64") from error
    end = base64.b64encode(data[(len(data) - 1) // 3 * 3 :])  # before its last group there is only one spelling
    if text[-len(end) :] != (end.decode() if isinstance(text, str) else end) or len(text) != (len(data) + 2) // 3 * 4:
        raise Malformed(f"{what}: not the one spelling that base64 has for it")
    return data


def is_surrogate(character: str) -> bool:
    """Whether it is half a character, which UTF-8 cannot hold; JSON and undecodable bytes can bring such."""
    return 0xD800 <= ord(character) < 0xE000


def check_name(name: str, what: str = "key name") -> str:
    """A key name: UTF-8, not empty, no space of any kind, no plus, no control character. Raises Malformed."""
    if not name or "+" in name or any(c.isspace() or ord(c) < 0x20 or ord(c) == 0x7F or is_surrogate(c) for c in name):
        raise Malformed(f"{what}: {name[:80]!r} is empty or has a space, a plus or a control character")
    return name


def key_id(name: str, key_type: int, public: bytes) -> bytes:
    """SHA-256(name ‖ 0A ‖ type ‖ key)[:4]."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([key_type]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a note key: `key_type` is 0x01 (a log) or 0x04 (a witness), `public` the 32 bytes."""

    name: str
    key_type: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.key_type not in (ED25519, COSIGNATURE_V1) or len(self.public) != PUBLIC_SIZE:
            raise Malformed(f"verifier key {self.name}: not Ed25519 (type 01) and not cosignature/v1 (type 04)")

    @property
    def key_id(self) -> bytes:
        return key_id(self.name, self.key_type, self.public)

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.key_type]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise Malformed(f"verifier key {text[:80]!r}: not <name>+<key id>+<key>")
        name = check_name(parts[0])
        material = from_base64(parts[2], f"verifier key {name[:80]}")
        if not material:
            raise Malformed(f"verifier key {name[:80]}: the key is empty")
        key = cls(name, material[0], material[1:])
        if key.key_id.hex() != parts[1]:
            raise Malformed(f"verifier key {key.name}: its key id is {key.key_id.hex()}, not {parts[1][:16]!r}")
        return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says to have signed, with which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    data: bytes

    def line(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.data).decode()}\n"


def parse_signature_line(line: str) -> Signature:
    """One line without its newline. Raises Malformed."""
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if mark != "—" or not encoded:
        raise Malformed(f"note: {line[:80]!r} is not a signature line")
    data = from_base64(encoded, f"note: the signature of {name[:80]}")
    if len(data) < 5:
        raise Malformed(f"note: the signature of {name[:80]} is too short")
    return Signature(check_name(name, "note: the key name of a signature"), data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """`text` with its final newline, exactly the signed bytes, and the signature lines in their order."""

    text: bytes
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Note:
        if len(data) > MAX_NOTE:
            raise Malformed(f"note: {len(data)} bytes; at most {MAX_NOTE} are read")
        try:
            decoded = data.decode()
        except UnicodeDecodeError as error:
            raise Malformed("note: not UTF-8") from error
        if any(ord(c) < 0x20 and c != "\n" for c in decoded):
            raise Malformed("note: a control character")
        text, separator, lines = decoded.rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise Malformed("note: no empty line before the signatures, or no newline at the end")
        signatures = tuple(parse_signature_line(line) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise Malformed(f"note: {len(signatures)} signatures; at most {MAX_SIGNATURES} are read")
        return cls((text + "\n").encode(), signatures)

    def encode(self) -> bytes:
        return self.text + b"\n" + "".join(signature.line() for signature in self.signatures).encode()

    def with_signatures(self, *more: Signature) -> Note:
        """The note with more signature lines; one that is there already is not repeated."""
        return Note(self.text, self.signatures + tuple(s for s in dict.fromkeys(more) if s not in self.signatures))

    def signed_by(self, key: VerifierKey) -> tuple[Signature, ...]:
        return tuple(s for s in self.signatures if s.name == key.name and s.key_id == key.key_id)


def sign_note(text: bytes, name: str, signer: Signer) -> Note:
    """A note with one Ed25519 signature. `text` ends with a newline."""
    if not text.endswith(b"\n"):
        raise Malformed("note: the text does not end with a newline")
    key = VerifierKey(name, ED25519, signer.public)
    return Note(text, (Signature(name, key.key_id, signer.sign(text)),))


def check_signature(note: Note, key: VerifierKey) -> bool:
    """Whether the note bears a good signature of this Ed25519 key; False when it bears none.

    Raises Refused("bad-signature") when a line names the key and does not verify: such a note is rejected whole.
    """
    found = note.signed_by(key)
    for signature in found:
        if not signature_is_valid(key.public, note.text, signature.data):
            raise Refused("bad-signature", f"the signature of {key.name} on this note is not good")
    return bool(found)
