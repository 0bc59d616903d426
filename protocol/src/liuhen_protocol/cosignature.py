"""C2SP cosignature/v1: a witness says when it saw this checkpoint as the newest, consistent state of the log."""

from __future__ import annotations

from liuhen_protocol import note
from liuhen_protocol.errors import Refused
from liuhen_protocol.signer import SIGNATURE_SIZE, Signer, signature_is_valid

MAX_TIME = (1 << 63) - 1


def message(text: bytes, time: int) -> bytes:
    """What is signed: `cosignature/v1`, the time line, the checkpoint's text."""
    return b"cosignature/v1\ntime %d\n" % time + text


def cosign(text: bytes, time: int, name: str, signer: Signer) -> note.Signature:
    """The witness's signature line. `time` in seconds since the epoch, 1 or more."""
    if not 0 < time <= MAX_TIME:
        raise ValueError(f"a cosignature's time is a positive number of seconds, not {time}")
    key = note.VerifierKey(name, note.COSIGNATURE_V1, signer.public)
    return note.Signature(name, key.key_id, time.to_bytes(8, "big") + signer.sign(message(text, time)))


def check_cosignature(signed: note.Note, key: note.VerifierKey) -> int | None:
    """The time at which this witness cosigned, the latest if it did so more than once; None when it did not.

    Raises Refused("bad-cosignature") when a line names the key and does not verify.
    """
    latest: int | None = None
    for signature in signed.signed_by(key):
        time = int.from_bytes(signature.data[:8], "big")
        good = len(signature.data) == 8 + SIGNATURE_SIZE and 0 < time <= MAX_TIME
        if not good or not signature_is_valid(key.public, message(signed.text, time), signature.data[8:]):
            raise Refused("bad-cosignature", f"the cosignature of {key.name} on this checkpoint is not good")
        latest = time if latest is None else max(latest, time)
    return latest
