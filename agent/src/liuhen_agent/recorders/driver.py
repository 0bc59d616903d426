"""A recorder that is spoken to: the operations of the common interface, put on the wire as its profile says.

Flow: probe → login → info → clock read → (clock set) → disk mode. A probe asks harmless questions only. A password that
was refused once is not sent again by this object: recorders lock after a few wrong ones, so only a person may try
another. Writing an officer's data, formatting and changing passwords are no operations.

Wires block, so every recorder has its one thread; all methods are coroutines that run there.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from liuhen_agent.recorders import Credential, RecorderError, RecorderIdentity
from liuhen_agent.recorders.dialect import Answer, ByteDialect, Dialect, Seconds, TextDialect
from liuhen_agent.recorders.names import assigned
from liuhen_agent.recorders.profile import Profile
from liuhen_agent.recorders.wire import Wire

Result = TypeVar("Result")
Light = Literal["busy", "ready"]
PROBE_SECONDS = 1.0  # recorders answer in milliseconds; several kinds may have to be asked in turn
SECRET = re.compile(r"[\x21-\x7e]{1,32}")


class Driver(Protocol):
    """The operations (ADR 0012). Each may raise RecorderError; what a recorder does not have is None or does nothing."""

    async def probe(self) -> RecorderIdentity: ...

    async def login(self, credential: Credential | None) -> None: ...

    async def info(self) -> RecorderIdentity: ...

    async def time_get(self) -> str | None: ...

    async def time_set(self, local: datetime) -> bool: ...

    async def battery(self) -> int | None: ...

    async def firmware(self) -> str | None: ...

    async def storage_state(self) -> str | None: ...

    async def enter_disk_mode(self) -> None: ...

    async def led(self, light: Light) -> None: ...

    async def logout(self) -> None: ...

    async def close(self) -> None: ...


class ProfileDriver:
    """See `Driver`. `wire` is opened already, by `opening`; closing this closes it. `seconds`: a monotonic clock."""

    def __init__(
        self, profile: Profile, wire: Wire, thread: ThreadPoolExecutor, seconds: Seconds = time.monotonic
    ) -> None:
        self._commands = profile.protocol.commands
        self._probes = profile.protocol.probes
        self._name = profile.name
        self._leaves = profile.protocol.disk.again
        self._wire = wire
        self._thread = thread
        self._dialect = _dialect(profile, wire, seconds)
        self._patience = self._dialect.patience
        self._refused: RecorderError | None = None

    async def probe(self) -> RecorderIdentity:
        """What the recorder says of itself without login. Raises no-answer if no question of the profile is answered:
        not such a recorder."""

        def ask() -> RecorderIdentity:
            values: dict[str, str] = {}
            answered = False
            self._dialect.patience = min(PROBE_SECONDS, self._patience)
            for name in self._probes:
                try:
                    values = {**self._perform(name).values, **values}
                    answered = True
                except RecorderError as error:
                    if error.code == "gone":
                        raise
            self._dialect.patience = self._patience
            if not answered:
                questions = ", ".join(self._probes)
                raise RecorderError("no-answer", f"{questions}: not answered as a recorder of {self._name} would")
            return _identity(values)

        return await self._run(ask)

    async def login(self, credential: Credential | None) -> None:
        """Raises wrong-password or locked, and then again at once without asking the recorder."""

        def ask() -> None:
            if "start" in self._commands:
                self._perform("start")
            if "login" not in self._commands:
                return
            if self._refused:
                raise self._refused
            if credential is None:
                raise RecorderError("wrong-password", f"no password for profile {self._name} in the credentials file")
            if not SECRET.fullmatch(credential.secret) or not re.fullmatch(r"[0-9A-Za-z]{0,32}", credential.role):
                raise RecorderError("refused", "role or secret has characters the protocol cannot carry")
            # Until the recorder has answered, this attempt counts as spent.
            self._refused = RecorderError("wrong-password", "an earlier login was not answered; plug in again")
            try:
                self._perform("login", {"role": credential.role, "secret": credential.secret})
            except RecorderError as error:
                if error.code == "locked":
                    self._refused = error
                elif error.code == "refused":
                    self._refused = RecorderError(
                        "wrong-password", f"the recorder refused the password of {credential.role or self._name}"
                    )
                else:
                    raise
                raise self._refused from None
            self._refused = None

        await self._run(ask)

    async def info(self) -> RecorderIdentity:
        """Serial, officer, unit, model, firmware. Names of people are not kept (chain.md)."""

        def ask() -> RecorderIdentity:
            values: dict[str, str] = {}
            for name in ("id_code", "info", "firmware"):
                if (answer := self._perform_or_none(name)) is not None:
                    values = {**answer.values, **values}
            return _identity(values)

        return await self._run(ask)

    async def time_get(self) -> str | None:
        """The recorder's clock, "2026-11-22T10:00:00", local; None if it cannot be asked. Raises garbled if it is no date."""

        def ask() -> str | None:
            if "time_get" not in self._commands:
                return None
            answer = self._perform("time_get")
            if answer.clock is None:
                raise RecorderError("garbled", f"the recorder's clock says {answer.values.get('time', '')[:20]!r}")
            return answer.clock.isoformat()

        return await self._run(ask)

    async def time_set(self, local: datetime) -> bool:
        """`local`: the time to set, in the recorder's zone, whole seconds. False if its clock cannot be set. Read it again
        to be sure."""

        def ask() -> bool:
            if "time_set" not in self._commands:
                return False
            self._perform("time_set", moment=local)
            return True

        return await self._run(ask)

    async def battery(self) -> int | None:
        """Percent, None if the recorder does not say."""
        text = (await self._value("battery", "battery") or "").rstrip("% ")
        return int(text) if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= 100 else None

    async def firmware(self) -> str | None:
        return await self._value("firmware", "firmware")

    async def storage_state(self) -> str | None:
        """In the recorder's own words: whether its card is there, what it does."""
        return await self._value("storage", "storage")

    async def enter_disk_mode(self) -> None:
        """The recorder leaves the port (here at once, or after its answer) and comes back as a disk on the same port.

        One that leaves does not always answer first, and its host may know of that only as silence: whether it left is seen by the disk
        that comes, which is waited for.
        """
        parting = ("gone", "no-answer") if self._leaves else ("gone",)

        def ask() -> None:
            try:
                if "disk_mode" in self._commands:
                    self._perform("disk_mode")
            except RecorderError as error:
                if error.code not in parting:
                    raise

        await self._run(ask)

    async def led(self, light: Light) -> None:
        await self._run(lambda: self._perform_or_none(f"led_{light}"))

    async def logout(self) -> None:
        await self._run(lambda: self._perform_or_none("logout"))

    async def close(self) -> None:
        """Ends the session. Also after the recorder has gone."""
        with contextlib.suppress(RecorderError):
            await self._run(self._wire.close)
        self._thread.shutdown(wait=False)

    async def _value(self, command: str, name: str) -> str | None:
        answer = await self._run(lambda: self._perform_or_none(command))
        return assigned(answer.values.get(name)) if answer else None

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:  # the thread was ended by close()
            raise RecorderError("gone", "the port was closed") from error

    def _perform(self, name: str, given: Mapping[str, str] | None = None, moment: datetime | None = None) -> Answer:
        return self._dialect.perform(name, self._commands[name], given or {}, moment)

    def _perform_or_none(self, name: str) -> Answer | None:
        """What a recorder need not have or answer."""
        try:
            return self._perform(name) if name in self._commands else None
        except RecorderError as error:
            if error.code in ("refused", "no-answer", "garbled"):
                return None
            raise


def _dialect(profile: Profile, wire: Wire, seconds: Seconds) -> Dialect:
    protocol = profile.protocol
    if protocol.text is not None:
        return TextDialect(wire, protocol.link, protocol.text, protocol.clock, seconds)
    if protocol.bytes is not None:
        return ByteDialect(wire, protocol.link, protocol.bytes, protocol.clock, seconds)
    raise RecorderError("unsupported", f"profile {profile.name} says nothing about talking")


def _identity(values: Mapping[str, str]) -> RecorderIdentity:
    return RecorderIdentity(
        serial=assigned(values.get("serial")),
        officer=assigned(values.get("officer")),
        unit=assigned(values.get("unit")),
        model=assigned(values.get("model")),
        firmware=assigned(values.get("firmware")),
    )
