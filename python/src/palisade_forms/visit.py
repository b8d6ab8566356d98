"""The visitor's request, independent of the framework."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .errors import Unreadable

Pairs = Sequence[tuple[str, str]]

#: Methods that change nothing, and are not judged. Apps run more code with them than they should:
#: some views show their page for GET and treat every other method as a submission, HEAD and
#: OPTIONS too. So a request of such a method to a protected path carries no data of a submission,
#: and HEAD becomes GET.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Visit:
    """The sender and the target of a request. ``headers`` are complete; :mod:`privacy` reduces them."""

    address: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str:
        """All lines of a header, joined."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True)
class Submission:
    """The posted fields in order, duplicates kept, and the names of the file fields."""

    fields: tuple[tuple[str, str], ...] = ()
    json: bool = False
    files: tuple[str, ...] = ()


def refuse_body(length: str | None, transfer: str | None) -> None:
    """Refuse a body of a method that changes nothing."""
    if length not in (None, "", "0") or transfer:
        raise Unreadable(400, "body-unexpected")


def wants_problem(visit: Visit, json: bool) -> bool:
    """Whether the sender is a program and no person who waits for a page, as the service decides.

    A browser says so (Fetch Metadata). Of other clients the Accept header, JSON or a ticket header does.
    """
    if mode := visit.header("Sec-Fetch-Mode"):
        return mode not in ("navigate", "nested-navigate")
    accept = visit.header("Accept").lower()
    if "text/html" in accept:
        return False
    return json or "json" in accept or bool(visit.header("Palisade-Ticket"))


def headers_of_environ(environ: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    """The headers in a WSGI environ or Django's META."""
    return tuple((key[5:].replace("_", "-").title(), str(value)) for key, value in environ if key.startswith("HTTP_"))
