"""Whether a request goes to a protected path, however the path is written.

A middleware cannot know how the app behind it reads paths. So a request is judged
if any reading that some server is known for leads to a protected path. Judging one
too many costs little; one too few is a way around.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from .client import valid_form
from .visit import SAFE_METHODS

_MAX_READINGS = 128

# What servers do to a path before they look it up, in any order.
_WAYS: tuple[Callable[[str], str], ...] = (
    unquote,
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub("/{2,}", "/", path),
    lambda path: _resolve(path),
    lambda path: re.sub(";[^/]*", "", path),
    lambda path: re.split("[;]", path, maxsplit=1)[0],
    lambda path: re.split("[?#\0]", path, maxsplit=1)[0],
    lambda path: path.rstrip(" \t\r\n."),
    lambda path: re.sub(r"[\x00-\x1f\x7f]", "", path),
    lambda path: path.rstrip("/") or "/",
    lambda path: re.sub(r"(?<=[^/])\.[^/.]*$", "", path),
)


def readings(path: str) -> list[str]:
    """Every path that some server may take this one for, without regard to case."""
    found = [path]
    seen = {path}
    for reading in found:
        for way in _WAYS:
            other = way(reading)
            if other not in seen and len(found) < _MAX_READINGS:
                seen.add(other)
                found.append(other)
    return [reading.casefold() for reading in found]


def _resolve(path: str) -> str:
    clean = posixpath.normpath("/" + path.lstrip("/"))
    return clean + "/" if path.endswith(("/", "/.")) and clean != "/" else clean


class _Route(NamedTuple):
    methods: frozenset[str]
    pattern: re.Pattern[str]
    form: str


class Routes:
    """What is protected: ``{"POST /signup": "signup", "/posts/*/edit": "edit", "/api/**": "api"}``.

    ``*`` is any one segment, ``**`` at the end any rest. All methods that change
    something are judged on a protected path; those that an entry names choose which
    entry it is.
    """

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = [_route(entry, form) for entry, form in routes.items()]

    def form_for(self, method: str, paths: Iterable[str], override: str = "") -> str | None:
        """The form that judges a request, or None. ``override`` is a method in a header."""
        if method in SAFE_METHODS:  # "get" is none of them: who knows what the app makes of it
            if not override or override.strip().upper() in SAFE_METHODS:
                return None
            method = override.strip()
        candidates = {reading for path in paths for reading in readings(path)}
        found = [route for route in self._routes if any(route.pattern.fullmatch(path) for path in candidates)]
        named = [route.form for route in found if method.upper() in route.methods]
        return next(iter(named or [route.form for route in found]), None)


def _route(entry: str, form: str) -> _Route:
    methods, _, path = entry.strip().rpartition(" ")
    if not path.startswith("/") or not re.fullmatch(r"([A-Z-]+(,[A-Z-]+)*)?", methods):
        raise ValueError(f'{entry!r}: write it as "POST /signup" or "/signup"')
    if not valid_form(form):
        raise ValueError(f"{form!r} is no name of a form: 1 to 32 letters, digits, - or _")
    body, rest = (path[:-3], True) if path.endswith("/**") else (path, False)
    segments = [".*" if segment == "**" else "[^/]*" if segment == "*" else re.escape(segment.casefold()) for segment in body.split("/")]
    pattern = "/".join(segments).rstrip("/") + ("(/.*)?" if rest else "/?")
    return _Route(frozenset(methods.split(",")) - {""}, re.compile(pattern, re.DOTALL), form)
