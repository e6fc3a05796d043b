"""Every answer that is not a success is a problem of RFC 9457 with a rule, in both languages.

A handler raises `Problematic`; `install` turns it and whatever the framework raises into `application/problem+json`.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from controller.api.pointers import located
from controller.store import ReadFailed
from controller.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request

    from controller.model.refusal import Refusal
    from controller.texts import Texts
    from controller.wire import FieldError, Problem

MEDIA_TYPE = "application/problem+json"
_STATUS_OF_RULE = {"not-made-here": 422, "not-found": 404, "internal-error": 500}
_RULE_OF_STATUS = {404: "not-found", 405: "method-not-allowed"}


class Problematic(Exception):
    """An answer that ends a request: status, rule of the text table, the facts of its text, and the places in the body."""

    def __init__(
        self,
        status: int,
        rule: str,
        facts: Mapping[str, Any] | None = None,
        *,
        errors: Sequence[FieldError] = (),
        diff: Mapping[str, Any] | None = None,
        who_may_override: Sequence[str] = (),
        next_action: str = "",
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(rule)
        self.status = status
        self.rule = rule
        self.facts = dict(facts or {})
        self.errors = list(errors)
        self.diff = diff
        self.who_may_override = list(who_may_override)
        self.next_action = next_action
        self.retry_after_s = retry_after_s


def refused(refusal: Refusal) -> Problematic:
    """Turn a refusal of the line into its answer: 409, or 422 and 404 where the contract says so."""
    return Problematic(
        _STATUS_OF_RULE.get(refusal.rule, 409),
        refusal.rule,
        refusal.facts,
        who_may_override=refusal.who_may_override,
        next_action=refusal.next_action,
    )


def body_of(problem: Problematic, texts: Texts) -> Problem:
    """Write the problem down, with its texts."""
    text = texts.say("rule", problem.rule, problem.facts)
    advice = texts.say("next", problem.next_action, problem.facts) if problem.next_action else Text("", "")
    body: Problem = {
        "type": f"urn:decoction:rule:{problem.rule}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": f"{text.zh}{advice.zh}",
        "rule": problem.rule,
        "facts": problem.facts,
        "who_may_override": problem.who_may_override,
        "next_action": problem.next_action,
        "text_zh": f"{text.zh}{advice.zh}",
        "text_en": f"{text.en} {advice.en}".rstrip(),
    }
    if problem.errors:
        body["errors"] = problem.errors
    if problem.diff is not None:
        body["diff"] = dict(problem.diff)
    return body


def answer(problem: Problematic, texts: Texts) -> Response:
    """Answer with the problem."""
    content = json.dumps(body_of(problem, texts), ensure_ascii=False, separators=(",", ":"))
    headers: dict[str, str] = {}
    if problem.retry_after_s:
        headers["retry-after"] = str(problem.retry_after_s)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    return Response(content, problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI, texts: Texts) -> None:
    """Make every failure of `app` a problem."""

    async def on_problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Problematic)
        return answer(error, texts)

    async def on_http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(Problematic(error.status_code, _RULE_OF_STATUS.get(error.status_code, "bad-request")), texts)

    async def on_invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(Problematic(422, "body-invalid", errors=located(error.errors())), texts)

    async def on_unreadable(_request: Request, _error: Exception) -> Response:
        return answer(Problematic(503, "store-unreadable", retry_after_s=1), texts)

    app.add_exception_handler(Problematic, on_problem)
    app.add_exception_handler(ReadFailed, on_unreadable)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
