"""Vectors of the verifier of the public site: a folder as it was released, and each way in which one is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from liuhen_protocol.events import ArchiveStarted
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.publicity_events import PublicityReleased
from vectors.recipes.county import ONE_WITNESS, ORIGIN, County, test_key
from vectors.recipes.vector import Json, Vector, octets

FILES: Mapping[str, bytes] = {
    "assets/site.css": b"main { max-width: 60rem }\n",
    "index.html": "<!doctype html><title>行政执法公示</title>\n".encode(),
    "item/0/1.html": "<!doctype html><title>朝县市监罚〔2026〕1号</title>\n".encode(),
    "item/0/1.json": b"{}\n",
}
OTHER = hashlib.sha256(b"another file").hexdigest()


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items())).encode()


class Released:
    """A county whose archive released a site of `FILES`; every part of what is asked may be bent."""

    def __init__(self) -> None:
        self.county = County().start()
        self.manifest = manifest_of(FILES)
        self.files = {path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()}
        self.index = self.release(self.manifest)
        self.proofs = self.of(0, self.index)
        self.latest: list[bytes] = []

    def release(self, manifest: bytes) -> int:
        event = PublicityReleased(hashlib.sha256(manifest).hexdigest(), len(FILES), 1, None, "person-1")
        return self.county.append(self.county.archive.seal(event, self.county.now()))

    def of(self, *indices: int) -> list[bytes]:
        return [self.county.proof(index) for index in indices]

    def given(self) -> dict[str, Json]:
        return {
            "manifest": octets(self.manifest),
            "files": self.files,
            "proofs": [octets(proof) for proof in self.proofs],
            "latest": [octets(proof) for proof in self.latest],
            "policy": self.county.policy().text(),
        }


def site(name: str, about: str, given: Released, verdict: str, *findings: tuple[str, str]) -> Vector:
    """A vector of `verify_site`: what it answers as a whole, and every (code, path) in it."""
    found = [{"verdict": verdict, "code": code, "path": path} for code, path in findings]
    return Vector("verify-site", name, about, given.given(), {"answer": verdict, "findings": found})


def sites() -> Iterator[Vector]:
    yield site("valid-as-released", "a folder as it was released", Released(), "holds")
    yield from _files()
    yield from _manifests()
    yield from _proofs()
    yield from _releases()


def _files() -> Iterator[Vector]:
    given = Released()
    given.files["item/0/1.html"] = OTHER
    yield site("broken-altered", "a page was changed", given, "broken", ("altered", "item/0/1.html"))
    given = Released()
    del given.files["item/0/1.json"]
    yield site("broken-missing", "a file is not there", given, "broken", ("missing", "item/0/1.json"))
    given = Released()
    given.files["item/0/2.html"] = OTHER
    yield site("broken-added", "a file was added", given, "broken", ("added", "item/0/2.html"))
    given = Released()
    given.files["more.html"] = ""
    yield site("broken-added-link", "a symbolic link, which has no digest", given, "broken", ("added", "more.html"))
    given = Released()
    given.files["item/0/3.html"] = given.files.pop("item/0/1.html")
    both = ("added", "item/0/3.html"), ("missing", "item/0/1.html")
    yield site("broken-renamed", "a page lies under another name", given, "broken", *both)
    given = Released()
    given.files = {}
    missing = [("missing", path) for path in FILES]
    yield site("broken-empty", "only manifest and proof are there", given, "broken", *missing)


def _manifests() -> Iterator[Vector]:
    given = Released()
    changed = {**FILES, "index.html": b"<!doctype html><title>x</title>\n"}
    given.manifest = manifest_of(changed)
    given.files = {path: hashlib.sha256(data).hexdigest() for path, data in changed.items()}
    about = "page and manifest were changed to fit each other"
    yield site("broken-other-manifest", about, given, "broken", ("other-manifest", ""))
    line = f"{OTHER}  index.html\n".encode()
    for name, about, manifest in (
        ("one-space", "one space between digest and path", line.replace(b"  ", b" ")),
        ("open", "the last line does not end", line[:-1]),
        ("twice", "a path stands in it twice", line + line),
        ("itself", "it names itself", line.replace(b"index.html", b"manifest.txt")),
        ("climbs", "a path that leaves the folder", line.replace(b"index.html", b"../index.html")),
        ("absolute", "a path from the root", line.replace(b"index.html", b"/index.html")),
        ("hidden", "a name that begins with a point", line.replace(b"index.html", b".htaccess")),
        ("capitals", "a digest in capital letters", line[:64].upper() + line[64:]),
        ("not-ascii", "a path that is not ASCII", line.replace(b"index", "页".encode())),
    ):
        given = Released()
        given.manifest = manifest
        yield site(f"broken-malformed-manifest-{name}", about, given, "broken", ("malformed", ""))


def _proofs() -> Iterator[Vector]:
    given = Released()
    given.proofs = given.of(given.index)
    about = "archive.started, which names the key, is not given"
    yield site("undecided-no-archive-key", about, given, "undecided", ("no-archive-key", ""))
    given = Released()
    given.proofs = given.of(0)
    yield site("undecided-no-release", "no release is given", given, "undecided", ("no-release", ""))
    given = Released()
    given.proofs = [
        replace(TlogProof.parse(proof), checkpoint=given.county.note(ONE_WITNESS)).encode() for proof in given.proofs
    ]
    yield site("undecided-quorum-missing", "one witness of the two", given, "undecided", ("quorum-missing", ""))
    given = Released()
    given.county.archive.signer = test_key("a portal's own")
    given.index = given.release(given.manifest)
    given.proofs = given.of(0, given.index)
    yield site("broken-other-key", "released under a foreign key", given, "broken", ("other-key", ""))
    given = Released()
    again = ArchiveStarted("0.1.0", ORIGIN, test_key("a portal's own").public.hex())
    place = given.county.append(given.county.archive.seal(again, given.county.now()))
    given.proofs = given.of(place, given.index)
    about = "an archive.started that is not the log's first entry names a key"
    yield site("broken-not-the-first", about, given, "broken", ("not-the-first", ""))
    given = Released()
    event = PublicityReleased(hashlib.sha256(given.manifest).hexdigest(), len(FILES), 1, None, "person-1")
    given.county.archive.source, given.county.archive.head = "dock-03", None
    place = given.county.append(given.county.archive.seal(event, given.county.now()))
    given.proofs = given.of(0, place)
    yield site("broken-other-source", "a dock states a release", given, "broken", ("other-source", ""))
    given, elsewhere = Released(), Released()
    elsewhere.county.log.signer = test_key("the log of another county")
    given.proofs = elsewhere.of(0, elsewhere.index)
    yield site(
        "broken-other-log",
        "the proofs are of a log that the policy does not name",
        given,
        "broken",
        ("log-signature-missing", ""),
    )
    given = Released()
    given.proofs = [given.proofs[0], b"not a proof\n"]
    yield site("broken-malformed-proof", "a proof that is none", given, "broken", ("malformed", ""))


def _releases() -> Iterator[Vector]:
    given = Released()
    newer = given.release(manifest_of({"index.html": b"newer\n"}))
    given.latest = given.of(0, newer)
    yield site("broken-old-release", "an older release shown as the newest", given, "broken", ("old-release", ""))
    given = Released()
    given.latest = given.of(0, given.release(given.manifest))
    yield site("valid-released-again", "the same site was released again later", given, "holds")
    given = Released()
    given.release(manifest_of({"index.html": b"newer\n"}))
    yield site("valid-newest-not-given", "a newer release is in the log, and nobody gave it", given, "holds")
    given = Released()
    older = given.release(given.manifest)
    given.proofs = given.of(0, given.index, older)
    yield site("valid-two-proofs", "proofs of two releases: the newest counts", given, "holds")


ALL = (sites,)
