"""The visitor's request, in terms that no framework owns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Pairs = Sequence[tuple[str, str]]

#: Methods that change nothing, and are not judged.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Visit:
    """Who asks for what. ``headers`` are as they came; :mod:`privacy` cuts them down."""

    address: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str:
        """All lines of a header, joined."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True)
class Submission:
    """What was sent: fields in order, duplicates kept; of files, their fields' names."""

    fields: tuple[tuple[str, str], ...] = ()
    json: bool = False
    files: tuple[str, ...] = ()


def wants_problem(visit: Visit, json: bool) -> bool:
    """Tell a program from a browser by what it accepts, as the service does."""
    accept = visit.header("Accept").lower()
    if "text/html" in accept:
        return False
    return json or "json" in accept or bool(visit.header("Palisade-Ticket"))


def headers_of_environ(environ: Iterable[tuple[str, object]]) -> tuple[tuple[str, str], ...]:
    """The headers in a WSGI environ or Django's META."""
    return tuple((key[5:].replace("_", "-").title(), str(value)) for key, value in environ if key.startswith("HTTP_"))
