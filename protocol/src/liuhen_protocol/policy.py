"""C2SP tlog-policy: which logs are accepted, and which witnesses must have cosigned."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from liuhen_protocol import cosignature, note
from liuhen_protocol.checkpoint import Checkpoint, open_checkpoint
from liuhen_protocol.errors import Malformed, Refused

NONE = "none"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A key and, where it is known, the URL at which its holder is reached."""

    key: note.VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses the checkpoint when at least `threshold` of its members do."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A checkpoint that the policy accepts: its note and when each witness cosigned (seconds since the epoch)."""

    checkpoint: Checkpoint
    note: note.Note
    cosigned: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """`quorum` is the name of a witness or a group, or "none"; `groups` are in an order in which each stands after its members."""

    logs: tuple[Endpoint, ...]
    witnesses: Mapping[str, Endpoint]
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """Raises Malformed with the number of the line."""
        raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        if any(byte < 0x20 and byte not in (0x09, 0x0A) for byte in raw) or 0x7F in raw:
            raise Malformed("policy: a control character")
        parser = _Parser()
        for number, line in enumerate(raw.decode("utf-8", "surrogateescape").split("\n"), start=1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if words and not words[0].startswith("#"):
                if any(map(note.is_surrogate, line)):
                    raise Malformed(f"policy, line {number}: not UTF-8")
                try:
                    parser.line(words)
                except Malformed as error:
                    raise Malformed(f"policy, line {number}: {error}") from error
        if parser.quorum is None:
            raise Malformed("policy: no quorum line")
        return cls(tuple(parser.logs), parser.witnesses, parser.groups, parser.quorum)

    def text(self) -> str:
        """The policy as a file; groups in the order in which they were defined."""
        lines = [" ".join(filter(None, ["log", str(log.key), log.url])) for log in self.logs]
        lines += [" ".join(filter(None, ["witness", name, str(w.key), w.url])) for name, w in self.witnesses.items()]
        lines += [" ".join(["group", name, str(g.threshold), *g.members]) for name, g in self.groups.items()]
        return "\n".join([*lines, f"quorum {self.quorum}", ""])

    def quorum_met(self, cosigned: Set[str]) -> bool:
        """Whether witnesses of these names (as the policy names them) are enough."""
        met = {name for name in cosigned if name in self.witnesses}
        for name, group in self.groups.items():  # a group stands after its members: one pass, however deeply they nest
            if len(met.intersection(group.members)) >= group.threshold:
                met.add(name)
        return self.quorum == NONE or self.quorum in met

    def log_key(self, origin: str) -> note.VerifierKey:
        """The key of the log of this origin. Raises Refused("wrong-log")."""
        for log in self.logs:
            if log.key.name == origin:
                return log.key
        raise Refused("wrong-log", f"the policy does not know the log {origin}")

    def accept(self, data: bytes) -> Accepted:
        """A checkpoint note that one of the logs signed and the quorum cosigned.

        Raises Malformed; Refused: wrong-log, log-signature-missing, bad-signature, bad-cosignature, quorum-missing.
        """
        checkpoint, signed = self.open(data)
        cosigned = self.cosigned(signed)
        if not self.quorum_met(cosigned.keys()):
            have = ", ".join(cosigned) or "nobody"
            raise Refused("quorum-missing", f"the policy asks for the quorum {self.quorum}; cosigned has {have}")
        return Accepted(checkpoint, signed, cosigned)

    def open(self, data: bytes) -> tuple[Checkpoint, note.Note]:
        """A checkpoint note that one of the logs signed; of the witnesses nothing is asked."""
        origin = Checkpoint.parse(note.Note.parse(data).text).origin
        return open_checkpoint(data, self.log_key(origin))

    def cosigned(self, signed: note.Note) -> dict[str, int]:
        """Which of the policy's witnesses cosigned, and when. Raises Refused("bad-cosignature")."""
        times = {name: cosignature.check_cosignature(signed, w.key) for name, w in self.witnesses.items()}
        return {name: time for name, time in times.items() if time is not None}


class _Parser:
    """What the lines so far have defined."""

    def __init__(self) -> None:
        self.logs: list[Endpoint] = []
        self.witnesses: dict[str, Endpoint] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def line(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                self._log(self._endpoint(vkey, url, note.ED25519))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._new_name(name)
                endpoint = self._endpoint(vkey, url, note.COSIGNATURE_V1)
                if any(w.key.public == endpoint.key.public for w in self.witnesses.values()):
                    raise Malformed(f"the witness {name} has a key that another witness has")
                self.witnesses[name] = endpoint
            case ["group", name, threshold, *members] if members:
                self._new_name(name)
                self.groups[name] = self._group(name, threshold, tuple(members))
            case ["quorum", name]:
                if self.quorum is not None:
                    raise Malformed("a second quorum line")
                if name != NONE and name not in self.witnesses and name not in self.groups:
                    raise Malformed(f"the quorum {name[:80]!r} is not defined above")
                self.quorum = name
            case _:
                raise Malformed(f"not a line of a policy: {' '.join(words)[:120]!r}")

    def _log(self, endpoint: Endpoint) -> None:
        if any(log.key.public == endpoint.key.public for log in self.logs):
            raise Malformed(f"the log {endpoint.key.name} has a key that another log has")
        self.logs.append(endpoint)

    def _endpoint(self, vkey: str, url: list[str], key_type: int) -> Endpoint:
        key = note.VerifierKey.parse(vkey)
        if key.key_type != key_type:
            raise Malformed(f"the key of {key.name} is of type {key.key_type:02x}; {key_type:02x} belongs here")
        return Endpoint(key, url[0] if url else None)

    def _new_name(self, name: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise Malformed(f"the name {name[:80]!r} is taken")

    def _group(self, name: str, threshold: str, members: tuple[str, ...]) -> Group:
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise Malformed(f"the member {member[:80]!r} of {name[:80]!r} is not defined above")
            if member in self._members:
                raise Malformed(f"{member[:80]!r} is a member twice")
            self._members.add(member)
        counts = {"all": len(members), "any": 1}
        count = counts.get(threshold)
        if count is None:
            count = int(threshold) if threshold.isascii() and threshold.isdigit() and len(threshold) < 4 else 0
        if not 1 <= count <= len(members):
            raise Malformed(f"the group {name[:80]!r} needs all, any or a number from 1 to {len(members)}")
        return Group(count, members)
