"""The page of one clip: the player, the sentence, the nine steps, custody, and the evidence to take away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from aiohttp import web

from liuhen_protocol.events import ClipCollected
from liuhen_protocol.report import Step
from liuhen_protocol.words import STEPS, STEPS_ENGLISH, why
from liuhen_server.custody.checking import Checked
from liuhen_server.custody.evidence import Clip, Entry
from liuhen_server.custody.marks import KINDS, clock_of, marks_of
from liuhen_server.custody.stays import stays_of_clips
from liuhen_server.custody.timeline import gap_before, timeline
from liuhen_server.custody.tracks import tracks_of
from liuhen_server.database import Connection
from liuhen_server.people.roles import Action
from liuhen_server.retention.disposal import Disposed, disposal_of, rows_of
from liuhen_server.retention.facts import terms_of
from liuhen_server.retention.holds import Hold, holds_of_clip, reasons_of
from liuhen_server.retention.tables import tables_in_force
from liuhen_server.retention.terms import GROUNDS, Term
from liuhen_server.web.case_request import Names, names_of
from liuhen_server.web.clip_linking import choices, linked_cases
from liuhen_server.web.clip_request import CHECKER, CLIP, clip_asked_for, record_view
from liuhen_server.web.context import CONTEXT, TRACKS
from liuhen_server.web.film_texts import script_words
from liuhen_server.web.films import films_of
from liuhen_server.web.guard import THING, may, session_of
from liuhen_server.web.language import Language, Words
from liuhen_server.web.media import attachment
from liuhen_server.web.recorder_clock import clock_told
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get, post
from liuhen_server.web.sketch import HEIGHT, WIDTH, sketch_of
from liuhen_server.web.stated import Told, people_in, told
from liuhen_server.web.stay_pages import caught_up, decision_told

__all__ = ["ROUTES"]

_CLIP = "/clips/{dock}/{sha256:[0-9a-f]{64}}"


async def show(request: web.Request) -> web.StreamResponse:
    clip = request[CLIP]
    view_index = await record_view(request, clip, "page")
    checked = await request.app[CHECKER].check(clip)
    context, words = request.app[CONTEXT], words_of(request)
    await caught_up(request)
    async with context.database.read() as conn:
        of = await stays_of_clips(conn, [(clip.dock, clip.session, clip.promised_index)])
        stay = of.get(clip.promised_index)
        decided, whom = await decision_told(conn, stay) if stay is not None else (None, "")
        films = await films_of(conn, clip)
        tracked = (await tracks_of(conn, [(clip.dock, clip.sha256)])).get((clip.dock, clip.sha256))
        entries = await timeline(conn, clip)
        linked = await linked_cases(conn, clip) if may(request, Action.SEE_CASES) else ()
        given = await choices(request, conn)
        marks = await marks_of(conn, clip)
        kept = await _retention(request, conn, clip)
        names = await names_of(conn, people_in(entries), ())
    track = None
    if tracked is not None and clip.disposed_index is None and may(request, Action.SEE_FOOTAGE):
        track = await request.app[TRACKS].of(tracked)
    known = names.people | {case.name: case.number for _, case in linked}
    return page(
        request,
        "clip.html",
        clip=clip,
        address=f"/clips/{clip.dock}/{clip.sha256}",
        checked=checked,
        stay=stay,
        decided=decided,
        whom=whom,
        verdict=checked.report.verdict.value,
        sentence=kept.sentence(words) or _sentence(words, clip, checked),
        other_sentence=kept.sentence(words.other()) or _sentence(words.other(), clip, checked),
        clock=clock_told(entries, clip, words),
        steps=[_tell(words, step) for step in checked.report.steps],
        films=films,
        tracked=tracked is not None and clip.disposed_index is None,
        track=track,
        sketch=sketch_of(track) if track else None,
        sketch_size=(WIDTH, HEIGHT),
        film_words=script_words(chinese=words.language is Language.CHINESE),
        events=[_event(entry, clip, words, known) for entry in entries],
        marks=marks,
        clock_of=clock_of,
        mark_kinds=KINDS,
        may_mark=may(request, Action.MARK_CLIPS),
        view_index=view_index,
        agency=request[THING].agency,
        linked=linked,
        choices=given,
        may_watch=may(request, Action.SEE_FOOTAGE),
        of_others=session_of(request).person.may(Action.SEE_FOOTAGE),
        disposed=kept.disposed,
        term=kept.term,
        term_is_over=kept.term is not None and kept.term.over(context.today()),
        holds=kept.holds,
        names=kept.names,
        reasons=kept.reasons,
        grounds=GROUNDS,
        may_hold=may(request, Action.SET_HOLDS),
        sees_retention=may(request, Action.SEE_RETENTION),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """How long the clip is kept, what holds it, or what became of it."""

    disposed: Disposed | None
    term: Term | None
    ended: str
    holds: tuple[Hold, ...]
    names: Names
    reasons: dict[int, str]

    def sentence(self, words: Words) -> str:
        """That it was disposed of; empty for a clip that is kept."""
        if self.disposed is None:
            return ""
        held = self.disposed.list
        people = {"first": self.names.person(held.drawn_by), "second": self.names.person(held.ended_by or "")}
        time = words.time(held.ended_time or held.drawn_time)
        return words("disposed.sentence", time=time, list=held.id, term=self.ended, **people)


async def _retention(request: web.Request, conn: Connection, clip: Clip) -> _Kept:
    context = request.app[CONTEXT]
    disposed = await disposal_of(conn, clip.dock, clip.sha256)
    every = () if disposed is not None else await holds_of_clip(conn, clip.sha256)
    holds = tuple(each for each in every if each.lasts(context.today()))
    who = {each.by for each in holds}
    term, ended = None, ""
    if disposed is not None:
        who |= {disposed.list.drawn_by, disposed.list.ended_by or ""}
        rows = await rows_of(conn, disposed.list.id)
        ended = next((row.term for row in rows if (row.dock, row.sha256) == (clip.dock, clip.sha256)), "")
    elif clip.stored_index is not None:
        tables = await tables_in_force(conn, request[THING].agency or "", context.today())
        term = (await terms_of(conn, [clip], tables, context.zone))[clip.dock, clip.sha256]
    return _Kept(disposed, term, ended, holds, await names_of(conn, who, ()), await reasons_of(conn, holds))


async def read_anew(request: web.Request) -> web.StreamResponse:
    clip = request[CLIP]
    await request.app[CHECKER].check(clip, read_anew=True)
    raise web.HTTPSeeOther(f"/clips/{clip.dock}/{clip.sha256}")


async def proof(request: web.Request) -> web.StreamResponse:
    """The tlog-proofs, one after the other: with the original's bytes, all that `liuhen-verify clip` needs."""
    clip = request[CLIP]
    await record_view(request, clip, "proof")
    gathered = await request.app[CONTEXT].evidence().gather(clip, for_export=True)
    return web.Response(
        body=gathered.bundle(),
        content_type="text/plain",
        charset="utf-8",
        headers={"Content-Disposition": attachment(clip.name + ".tlog-proofs")},
    )


def _event(entry: Entry, clip: Clip, words: Words, known: Mapping[str, str]) -> Told:
    """A line of custody. Of an inventory only the gap before this clip is told."""
    line, gap = told(entry, words, known), gap_before(entry, clip)
    if gap is None:
        return line
    after = words.file_name(PurePosixPath(gap.after).name)
    return replace(line, title=words("event.gap"), detail=words("event.gap.detail", count=gap.missing, after=after))


@dataclass(frozen=True, slots=True)
class ToldStep:
    """A step of the verifier in the reader's language; `verdict` is holds, undecided or broken."""

    number: int
    name: str
    verdict: str
    why: str


_FULL_WIDTH = str.maketrans({",": "，", ":": "：", ";": "；", "(": "（", ")": "）"})


def _tell(words: Words, step: Step) -> ToldStep:
    if words.language is Language.ENGLISH:
        because = step.why[:1].upper() + step.why[1:]
        return ToldStep(step.number, STEPS_ENGLISH[step.name], step.verdict.value, because)
    because = why(step)
    if because is not step.why:  # a Chinese text, not the verifier's own English
        because = because.translate(_FULL_WIDTH)
    return ToldStep(step.number, STEPS[step.name], step.verdict.value, because)


def _sentence(words: Words, clip: Clip, checked: Checked) -> str:
    step = checked.report.deciding
    if step is not None:
        told_step = _tell(words, step)
        english = words.language is Language.ENGLISH
        because = (step.why if english else told_step.why).rstrip("。.")
        return words(f"sentence.{told_step.verdict}", number=step.number, step=told_step.name, because=because)
    event = _collected(checked)
    recorder, finished = (clip.recorder, clip.collected_time) if event is None else (event.recorder, event.finished)
    return words("sentence.holds", dock=clip.dock, time=words.time(finished), recorder=words.plain(recorder or "–"))


def _collected(checked: Checked) -> ClipCollected | None:
    """What the dock itself stated, from the evidence that was verified rather than from the database's copy."""
    for logged in checked.evidence.logged:
        event = logged.statement.event
        if isinstance(event, ClipCollected) and logged.statement.subject.sha256 == checked.gathered.clip.sha256:
            return event
    return None


ROUTES = (
    get(_CLIP, show, Action.SEE_EVIDENCE, clip_asked_for),
    post(_CLIP + "/read", read_anew, Action.SEE_EVIDENCE, clip_asked_for),
    get(_CLIP + "/proof", proof, Action.SEE_EVIDENCE, clip_asked_for),
)
