"""The service's answer about a submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Unavailable
from .settling import Receipt


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer for the visitor."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Decision:
    """A judgement. The default one refuses, and is false in a condition."""

    allowed: bool = False
    form: str = ""
    id: str = ""  #: the visitor can quote it
    outcome: str = "deny"  #: allow, challenge, deny or divert
    reason: str = ""  #: for logs; never shown to the visitor
    status: int = 503  #: status of the answer to the visitor
    retry_after: float | None = None
    would: str = ""
    monitored: bool = False
    level: int = 0
    score: float = 0.0
    findings: tuple[Mapping[str, Any], ...] = ()
    fields: str = field(default="", repr=False)  #: markup for showing the form again
    ticket: Mapping[str, Any] | None = field(default=None, repr=False)
    answer: Answer | None = field(default=None, repr=False)
    receipt: Receipt | None = field(default=None, repr=False, compare=False)
    degraded: bool = False  #: allowed by ``down="limit-locally"``, without a judgement

    def __bool__(self) -> bool:
        """So that ``if client.check(…)`` is false for a refusal."""
        return self.allowed

    def corrected(self) -> None:
        """Note that the app did nothing and asks for a correction, so that the submission does not count."""
        if self.receipt:
            self.receipt.corrected = True

    @classmethod
    def refused(cls, form: str, status: int, reason: str, retry_after: float | None = None) -> Decision:
        """A refusal that needed no service."""
        return cls(form=form, status=status, reason=reason, retry_after=retry_after)

    @classmethod
    def parse(cls, form: str, said: Any) -> Decision:
        """Parse an answer of /v1/check. Any malformed answer counts as an outage."""
        try:
            return cls._parse(form, said)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unavailable("the service's judgement cannot be read") from None

    @classmethod
    def _parse(cls, form: str, said: Any) -> Decision:
        if said["form"] != form:
            raise ValueError("of another form")
        outcome, allowed = said["outcome"], said["allowed"]
        if outcome not in ("allow", "challenge", "deny", "divert") or not isinstance(allowed, bool):
            raise ValueError("no outcome")
        if allowed != (outcome == "allow"):
            raise ValueError("contradicts itself")
        retry_after = said.get("retry_after")
        return cls(
            allowed=allowed,
            form=form,
            id=str(said["id"]),
            outcome=outcome,
            reason=str(said["reason"]),
            status=_status(said["status"]),
            retry_after=None if retry_after is None else float(retry_after),
            would=str(said.get("would", "")),
            monitored=said.get("monitored") is True,
            level=int(said.get("level") or 0),
            score=float(said.get("score") or 0),
            findings=tuple(dict(finding) for finding in said.get("findings") or ()),
            fields=_text(said.get("fields")),
            ticket=None if said.get("ticket") is None else dict(said["ticket"]),
            answer=_answer(said.get("answer")),
            receipt=_receipt(said.get("receipt")),
        )


def _status(value: Any) -> int:
    if not isinstance(value, int) or not 200 <= value <= 599:
        raise ValueError("no status")
    return value


def _text(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise ValueError("no text")
    return value or ""


def _receipt(said: Any) -> Receipt | None:
    return None if said is None else Receipt(str(said["text"]), str(said["for"]))


# The app's server sets these headers itself.
_FRAMING = {"connection", "content-length", "transfer-encoding", "keep-alive", "content-encoding"}


def _answer(said: Any) -> Answer | None:
    if said is None:
        return None
    headers = tuple((str(name), str(value)) for name, value in said["headers"].items() if name.lower() not in _FRAMING)
    if any(bad in name + value for name, value in headers for bad in "\r\n\0"):
        raise ValueError("a header of two lines")
    return Answer(_status(said["status"]), headers, _text(said["body"]).encode())
