"""What programs are answered below /api/: every error as application/problem+json, in the sentences that the pages have, both languages."""

from __future__ import annotations

import logging

from aiohttp import web

from liuhen_protocol.errors import Malformed
from liuhen_server.cases.api import Unfit
from liuhen_server.cases.record import NoSuchCase, NumberTaken, Outdated
from liuhen_server.cases.said import Wrong
from liuhen_server.decisions.drafting import OutdatedDraft
from liuhen_server.decisions.refused import NotDecided
from liuhen_server.ingest import problems
from liuhen_server.web.problem import Problem
from liuhen_server.web.texts import TEXTS

__all__ = ["answer", "is_api"]

log = logging.getLogger("liuhen.people")


def is_api(request: web.Request) -> bool:
    """Programs come with a token and without cookies; browsers the other way round. No address takes both."""
    return request.path.startswith("/api/")


def answer(error: Exception) -> web.Response:
    """The problem that this error is. What nobody foresaw is a 500, logged by `problems.of`."""
    match error:
        case NumberTaken():
            case = {"id": error.case_id, "number": error.present, "href": f"/api/v1/cases/{error.case_id}"}
            return problems.problem(409, "number-taken", str(error.said), more={"field": "number", "case": case})
        case NotDecided():
            reasons = [{"key": each.key, "sentence": str(each.said)} for each in error.refusals]
            return problems.problem(422, "not-decided", str(error.said)[:2000], more={"reasons": reasons})
        case OutdatedDraft():
            said = f"已有更新的拟处理意见，没有保存 / there is a newer draft, nothing was saved: {error}"
            return problems.problem(409, "outdated", said)
        case Wrong():
            more = {"field": error.field} if error.field else {}
            return problems.problem(422, "refused", str(error.said), more=more)
        case Unfit():
            said = f"请求与接口文档不符（{error.pointer or '/'}） / the request does not fit the document: {error.what}"
            return problems.problem(_unfit_status(error), "unfit", said, more={"pointer": error.pointer})
        case Outdated():
            said = f"案件已被他人修改，没有保存 / somebody changed the case meanwhile, nothing was saved: {error}"
            return problems.problem(409, "outdated", said)
        case NoSuchCase():
            return _of_page(Problem("no_such_case", 404))
        case Problem():
            return _of_page(error)
        case Malformed():
            return problems.problem(422, "refused", str(error)[:300])
        case _:
            return problems.of(error)


def _unfit_status(error: Unfit) -> int:
    return 422 if error.pointer else 400


def _of_page(problem: Problem) -> web.Response:
    headers = {"WWW-Authenticate": 'Bearer realm="liuhen"'} if problem.status == 401 else {}
    return problems.problem(
        problem.status, problem.name.replace("_", "-"), _sentence(problem.name), headers, problem.more
    )


def _sentence(name: str) -> str:
    title, text = TEXTS[f"problem.{name}.title"], TEXTS[f"problem.{name}.text"]
    return f"{title.zh}。{text.zh} / {title.en}. {text.en}"
