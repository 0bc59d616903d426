"""Attacks by somebody who has the archive's disk: on copies of its folder, judged by the commands that anyone would run."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from house.demo.scene import Attack, NotCaught, Scene, database, first_finding, says, stored_file
from liuhen_agent.identity import store as identity
from liuhen_agent.journal import ClipKind, ClipRow, queries, read_only
from liuhen_protocol import receipt as receipts
from liuhen_protocol.digest import Digest
from liuhen_protocol.dsse import Envelope, seal
from liuhen_protocol.errors import Refused
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.signer import Ed25519Signer


def byte_of_a_stored_clip_changed(scene: Scene) -> str:
    archive, clip = scene.copy(), scene.clips(ClipKind.ORIGINAL)[0]
    path = stored_file(archive, clip)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(clip.size // 2)
        byte = file.read(1)
        file.seek(clip.size // 2)
        file.write(bytes([byte[0] ^ 1]))
    says(first_finding("liuhen-server", "scrub", "--data", archive), "clip-altered")
    proof: list[str | Path] = ["--proof", scene.proof(clip), "--policy", scene.policy]
    return says(first_finding("liuhen-verify", "clip", path, *proof), "other-bytes")


def proxy_as_original(scene: Scene) -> str:
    original, proxy = scene.original_with_proxy()
    file = stored_file(scene.county.archive, proxy)
    says(
        first_finding("liuhen-verify", "clip", file, "--proof", scene.proof(original), "--policy", scene.policy),
        "other-bytes",
    )
    own: list[str | Path] = ["--proof", scene.proof(proxy), "--policy", scene.policy]
    return says(first_finding("liuhen-verify", "clip", file, *own), "not-an-original")


def entry_altered(scene: Scene) -> str:
    archive = scene.copy()
    with database(archive) as db:
        index, envelope = db.execute(
            "SELECT log_index, envelope FROM entries WHERE kind = 'clip.collected' LIMIT 1"
        ).fetchone()
        fields = json.loads(envelope)
        payload = base64.b64decode(fields["payload"]).replace(b'"officer":"2', b'"officer":"9', 1)
        fields["payload"] = base64.b64encode(payload).decode()
        altered = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
        db.execute("UPDATE entries SET envelope = ? WHERE log_index = ?", (altered, index))
    return says(
        first_finding("liuhen-server", "verify", "--data", archive), "entry-altered", "bad-signature", "other-root"
    )


def entry_removed(scene: Scene) -> str:
    archive = scene.copy()
    with database(archive) as db:
        db.execute("DELETE FROM entries WHERE log_index = 5")
    return says(first_finding("liuhen-server", "verify", "--data", archive), "entry-missing")


def entries_reordered(scene: Scene) -> str:
    archive = scene.copy()
    with database(archive) as db:
        for old, new in ((4, -1), (5, 4), (-1, 5)):
            db.execute("UPDATE entries SET log_index = ? WHERE log_index = ?", (new, old))
    found = first_finding("liuhen-server", "verify", "--data", archive)
    return says(found, "entry-altered", "wrong-prev", "gap", "replayed", "other-entry", "entry-moved")


def entry_added(scene: Scene) -> str:
    archive = scene.copy()
    forged = _forged_statement(scene)
    with database(archive) as db:
        row = db.execute("SELECT * FROM entries ORDER BY log_index DESC LIMIT 1")
        columns = [column[0] for column in row.description]
        values = dict(zip(columns, row.fetchone(), strict=True))
        values.update(log_index=values["log_index"] + 1, seq=values["seq"] + 1, envelope=forged)
        marks = ", ".join("?" for _ in columns)
        db.execute(f"INSERT INTO entries ({', '.join(columns)}) VALUES ({marks})", [values[c] for c in columns])
        db.execute("UPDATE log_state SET next_index = next_index + 1")
    found = first_finding("liuhen-server", "verify", "--data", archive)
    return says(found, "bad-signature", "other-key", "wrong-key", "wrong-prev", "replayed", "gap", "entry-altered")


def tail_of_a_chain_cut(scene: Scene) -> str:
    """The log is set back to its older checkpoint, tiles and all, as if the dock had never said more."""
    heads = scene.copies / "dock-heads.jsonl"
    heads.write_bytes(_last_envelope(scene.dock) + b"\n")
    found = first_finding("liuhen-verify", "log", scene.backup / "log", "--policy", scene.policy, "--dock-head", heads)
    return says(found, "tail-cut")


def receipt_for_another_clip(scene: Scene) -> str:
    first, second = scene.clips(ClipKind.ORIGINAL)[:2]
    return _refusal(scene, scene.receipt(second), first, "other-clip")


def receipt_by_another_key(scene: Scene) -> str:
    clip = scene.clips(ClipKind.ORIGINAL)[0]
    opened = receipts.open_receipt(scene.receipt(clip))
    forged = seal(opened.envelope.payload, Ed25519Signer.from_seed(b"\x07" * 32)).encode()
    proof = TlogProof(opened.proof.index, opened.proof.hashes, opened.proof.checkpoint, forged)
    return _refusal(scene, proof.encode(), clip, "other-key")


def _refusal(scene: Scene, receipt: bytes, clip: ClipRow, code: str) -> str:
    trusted = identity.load(scene.dock)
    digest = Digest(clip.size, clip.sha256, clip.chunk_root, clip.sm3)
    try:
        receipts.check_receipt(
            receipt,
            digest=digest,
            source=trusted.dock,
            policy=identity.load_policy(scene.dock),
            archive_key=trusted.archive_key,
        )
    except Refused as refused:
        if refused.code == code:
            return f"采集站不清空 the dock does not clear: {refused.why} [{code}]"
        raise NotCaught(f"expected {code}, refused as {refused.code}") from refused
    raise NotCaught("the dock would have cleared the recorder")


def _forged_statement(scene: Scene) -> bytes:
    """The dock's last statement, signed anew by a key that nobody enrolled."""
    return seal(Envelope.parse(_last_envelope(scene.dock)).payload, Ed25519Signer.from_seed(b"\x08" * 32)).encode()


def _last_envelope(dock: Path) -> bytes:
    with read_only(dock / "journal.db") as journal:
        return list(queries.envelopes(journal))[-1].data


OFFLINE = (
    Attack("改动已存片段的一个字节 / a byte of a stored clip changed", byte_of_a_stored_clip_changed),
    Attack("以预览件冒充原始文件 / a proxy passed off as its original", proxy_as_original),
    Attack("改动数据库中的条目 / an entry altered in the database", entry_altered),
    Attack("删除数据库中的条目 / an entry removed from the database", entry_removed),
    Attack("调换数据库中的条目 / entries reordered in the database", entries_reordered),
    Attack("向数据库添加条目 / an entry added to the database", entry_added),
    Attack("截去采集站链条的末尾 / the tail of a dock's chain cut", tail_of_a_chain_cut),
    Attack("用其他片段的回执 / a receipt for another clip", receipt_for_another_clip),
    Attack("用其他密钥签的回执 / a receipt signed by another key", receipt_by_another_key),
)
