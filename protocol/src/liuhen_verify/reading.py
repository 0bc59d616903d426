"""Reading what people hand in: bounded, regular files only, and every error with the file's name."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from liuhen_protocol.chain import ChainHead, after, envelope_hash
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.digest import CHUNK_SIZE, Digest, Digester, is_digest
from liuhen_protocol.dsse import Envelope, read_json
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.policy import Policy
from liuhen_protocol.proof import MAGIC, TlogProof, split_proofs
from liuhen_protocol.statement import read_statement

MAX_POLICY = 1 << 20
MAX_PROOFS = 256 << 20


class WrongUse(Exception):
    """What was asked cannot be done: a file that is not there, a policy that is none. Leads to exit 2."""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file, opened for reading; pipes, devices and folders are not waited for. Raises WrongUse."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise WrongUse(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise WrongUse(f"{path}: not a regular file")
    with os.fdopen(handle, "rb") as file:
        yield file


def read_bounded(path: Path, most: int) -> bytes:
    """The whole file. Raises Malformed when it is longer than `most` bytes, WrongUse when it cannot be read."""
    with opened(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Malformed(f"{path}: longer than {most} bytes")
    return data


def read_policy(path: Path) -> Policy:
    """Raises WrongUse: without a policy there is nothing to verify against."""
    try:
        return Policy.parse(read_bounded(path, MAX_POLICY))
    except Malformed as error:
        raise WrongUse(f"{path}: {error}") from error


def digest_file(path: Path, *, sm3: bool) -> Digest:
    """The digest of a clip, in one pass and constant memory."""
    digester = Digester(sm3=sm3)
    with opened(path) as file:
        while piece := file.read(CHUNK_SIZE):
            digester.update(piece)
    return digester.finish()


def read_proofs(path: Path) -> tuple[list[bytes], list[bytes]]:
    """A proof file: tlog-proofs one after the other, or bare envelopes one a line (a chain segment) → (proofs, envelopes).

    Raises Malformed with the file's name, WrongUse when it cannot be read.
    """
    data = read_bounded(path, MAX_PROOFS)
    try:
        if data.startswith(MAGIC.encode()):
            proofs = split_proofs(data)
            for number, proof in enumerate(proofs, start=1):
                with _naming(f"proof {number}"):
                    _check_statement(TlogProof.parse(proof).extra)
            return proofs, []
        envelopes = [line for line in data.split(b"\n") if line]
        if not envelopes or not data.startswith(b"{"):
            raise Malformed(f"neither a tlog-proof ({MAGIC}) nor envelopes, one a line")
        for number, envelope in enumerate(envelopes, start=1):
            with _naming(f"line {number}"):
                _check_statement(envelope)
        return [], envelopes
    except Malformed as error:
        raise Malformed(f"{path}: {error}") from error


@contextmanager
def _naming(part: str) -> Iterator[None]:
    try:
        yield
    except Malformed as error:
        raise Malformed(f"{part}: {error}") from error


def _check_statement(entry: bytes | None) -> None:
    if entry is None:
        raise Malformed("the extra line with the statement is missing")
    read_statement(Envelope.parse(entry).payload)


def read_heads(path: Path) -> list[ChainHead]:
    """What a dock holds of its own chain, from a file: JSON lines, each `{"source", "seq", "hash"}` or an envelope of the dock.

    Raises Malformed with the file's name and the line, WrongUse.
    """
    heads = []
    for number, line in enumerate(read_bounded(path, MAX_PROOFS).split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            heads.append(_read_head(line))
        except Malformed as error:
            raise Malformed(f"{path}: line {number}: {error}") from error
    if not heads:
        raise Malformed(f"{path}: no head of a chain in it")
    return heads


def _read_head(line: bytes) -> ChainHead:
    fields = read_json(line, "head")
    if "payload" in fields:
        return after(read_statement(Envelope.parse(line).payload).link, envelope_hash(line))
    match fields:
        case {"source": str(source), "seq": int(seq), "hash": str(known)} if is_digest(known):
            return ChainHead(source, seq, known, str(fields.get("time", "")))
    raise Malformed(f"not source, seq and hash of a chain: {json.dumps(fields)[:120]}")


def read_seen(path: Path, policy: Policy) -> Checkpoint:
    """A state of the log that was seen before: a checkpoint note, or the one in a tlog-proof (a receipt).

    Raises Malformed with the file's name, also when the policy's log did not sign it; WrongUse.
    """
    data = read_bounded(path, MAX_PROOFS)
    try:
        note = TlogProof.parse(split_proofs(data)[0]).checkpoint if data.startswith(MAGIC.encode()) else data
        return policy.open(note)[0]
    except (Malformed, Refused) as error:
        raise Malformed(f"{path}: {error}") from error
