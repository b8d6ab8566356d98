"""Whether a request goes to a protected path, however the path is written.

A middleware cannot know how the app behind it reads paths. Two rules keep that from
being a way around it. A request that changes something must have a plain path: one
that no two servers read differently, but for a few differences that are known. And a
plain path is compared with a protected one by what is left of both without those
differences; a protected path protects what lies below it, too. The gateway has the
same rules, and the tests of both read the same examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import quote_from_bytes, unquote_to_bytes

from .client import valid_form
from .errors import Unreadable
from .visit import SAFE_METHODS

_SCRIPTS = frozenset("php php3 php4 php5 php7 php8 phtml phar cgi fcgi pl py rb asp aspx ashx asmx jsp jspx do action cfm".split())
_PAGES = frozenset("html htm xhtml shtml json xml txt csv rss atom js".split())
_INDEXES = frozenset("index default app app_dev".split())

_MAX_SEGMENTS = 100
_MAX_PROGRAMS = 4  # in the midst of a path; these bound how many readings it has
_MAX_BEHIND = 32  # segments of a path with any
_PHP = re.compile(r"\.(php|phtml|phar)")
_PARAMETERS = re.compile(r"(;[A-Za-z0-9._~!+,-]+=[A-Za-z0-9._~!+,-]*)*", re.ASCII)
_NAME = re.compile(r"([!-~])*", re.ASCII)
# A broken escape, or one of what needs none, of / \\ % or of a control character.
_NEEDLESS = re.compile(
    r"%(?![0-9A-Fa-f]{2})|%([01][0-9A-Fa-f]|2[5DEFdef]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaCcFf]|6[1-9A-Fa-f]|7[0-9AaEeFf])", re.ASCII
)


def target_path(target: str) -> str:
    """The path of a request target as it was sent. May raise Unreadable."""
    if re.search(r"[\x00-\x20\x7f#]", target):
        raise Unreadable(400, "target-malformed")
    if not target.startswith("/"):
        found = re.fullmatch(r"https?://[^/?@\\%\"<>^{|}`]+(/[^?]*)?(\?.*)?", target, re.IGNORECASE)
        if found is None:
            raise Unreadable(400, "target-malformed")
        return found[1] or "/"
    return target.partition("?")[0]


def written(path: bytes) -> str:
    """A path that the server has decoded already, as it may have been sent."""
    return quote_from_bytes(path, safe="/:@!$&'()*+,=~")


def plain(path: str) -> bool:
    """Whether every server reads the path alike, but for what a comparison evens out."""
    if not path.startswith("/"):
        return False
    segments = path[1:].split("/")
    if len(segments) > _MAX_SEGMENTS:
        return False
    if segments[-1] == "":  # a slash at the end, or the root
        segments.pop()
    return all(map(_plain_segment, segments))


def _plain_segment(segment: str) -> bool:
    raw, semicolon, parameters = segment.partition(";")
    if not _PARAMETERS.fullmatch(semicolon + parameters) or not _NAME.fullmatch(raw):
        return False
    if re.search(r"[\\#?]", raw) or _NEEDLESS.search(raw):
        return False
    try:
        name = normalize("NFKC", unquote_to_bytes(raw).decode())
    except UnicodeDecodeError:
        return False
    if re.search(r"[/\\]", name):
        return False
    name = re.split("[;?#]", name, maxsplit=1)[0]
    return name.strip(". ") != "" and name.strip(" ") == name


class _Segment(NamedTuple):
    """The forms of a segment that servers and frameworks do not tell apart."""

    folded: str  # without escapes, parameters and case
    stem: str  # the same without its extension, or ""
    script: bool  # what follows may be the program's PATH_INFO
    optional: bool  # it may be left out
    cut: bool  # parameters were cut off
    whole: str  # with its parameters, without escapes and case

    @property
    def known(self) -> str:
        """The stem, if the extension is one that servers add."""
        return self.stem if self.script or self.folded[len(self.stem) + 1 :] in _PAGES else ""


def _segment(text: str) -> _Segment:
    raw, parameters, _ = text.partition(";")
    name = unquote_to_bytes(raw).decode(errors="replace")
    found = re.search("[;?#]", name)
    cut = bool(parameters)
    if found and found.start() > 0:
        name, cut = name[: found.start()], True
    folded = _fold(name).rstrip(". ")
    whole = _fold(unquote_to_bytes(text).decode(errors="replace")) if cut else folded
    stem, dot, extension = folded.rpartition(".")
    if not dot or not stem:
        return _Segment(folded, "", False, folded == "index", cut, whole)
    script = extension in _SCRIPTS
    return _Segment(folded, stem, script, stem in _INDEXES and (script or extension in _PAGES), cut, whole)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = normalize("NFKC", text).replace("\u0131", "i").replace("\u0130", "i")
    return normalize("NFKC", text.casefold())


def _skeleton(path: str) -> list[_Segment]:
    inner = path.strip("/")
    return [_segment(text) for text in inner.split("/")] if inner else []


class _Reading(NamedTuple):
    """Segments that some server takes a path for. Of the first one of a tail only the end may count."""

    segments: list[_Segment]
    tail: bool = False


def _readings(path: str) -> list[_Reading]:
    """What servers take a plain path for. May raise Unreadable."""
    if not plain(path):
        raise Unreadable(400, "route-ambiguous")
    full = _skeleton(path)
    found = [full]
    programs = 0
    for i, segment in enumerate(full):  # Symfony takes /index.phpsignup for /signup
        for extension in _SCRIPTS if segment.stem else ():
            rest = segment.folded.partition("." + extension)[2]
            if rest:
                found.append([_segment(written(rest.encode())), *full[i + 1 :]])
                programs += 1
        between = segment.script and i < len(full) - 1
        if between:  # it may be the program, or stand for a *
            found += [full[i + 1 :], full[:i] + full[i + 1 :]]
            programs += 1
    front = any(_PHP.search(segment.whole) for segment in full)
    if programs > _MAX_PROGRAMS or (programs or front) and len(full) > _MAX_BEHIND:
        raise Unreadable(400, "route-ambiguous")
    cuts = [i for i, segment in enumerate(full[:-1]) if segment.cut]
    if cuts:
        found.append(full[: cuts[0] + 1])
    for shortened in (_without_indexes, _without_programs):
        found += [short for reading in found if len(short := shortened(reading)) < len(reading)]
    readings = [_Reading(segments) for segments in found]
    # Symfony cuts as many characters off the front as the path of its front controller
    # has, if the name of that stands anywhere in the path.
    if front:
        for i in range(len(full)):
            readings += [_Reading(full[i:], tail=True), _Reading(_without_indexes(full[i:]), tail=True)]
    return readings


def _without_indexes(full: Sequence[_Segment]) -> list[_Segment]:
    return [segment for segment in full if not segment.optional]


def _without_programs(full: Sequence[_Segment]) -> list[_Segment]:
    """Without index documents, and front controllers in the midst."""
    last = len(full) - 1
    return [segment for i, segment in enumerate(full) if not (segment.optional or segment.script and i < last)]


def _alike(pattern: _Segment, have: _Segment) -> bool:
    """Whether they are the same, whatever extension a request has: Rails and Spring cut it off."""
    return pattern.folded == "*" or any(_named(have.folded, name) for name in (pattern.folded, pattern.known) if name)


def _ends_alike(pattern: _Segment, have: _Segment) -> bool:
    return pattern.folded == "*" or have.folded.endswith(pattern.folded) or have.whole.endswith(pattern.folded)


def _named(text: str, name: str) -> bool:
    return text == name or text.startswith(name + ".")


def _answers_behind(reading: Sequence[_Segment], n: int) -> bool:
    """Whether the program at the first n segments, or its index document, is handed the rest as PATH_INFO."""
    return n > 0 and reading[n - 1].script or reading[n].script and reading[n].optional


class _Route(NamedTuple):
    methods: frozenset[str]
    loose: list[list[_Segment]]
    rest: bool
    exact: bool
    form: str

    def reach(self, readings: Sequence[_Reading]) -> int:
        """0 outside, 1 below the path, 2 in the rest that ** stands for, 3 at the path."""
        return max(self._reach(loose, reading) for loose in self.loose for reading in readings)

    def _reach(self, loose: Sequence[_Segment], found: _Reading) -> int:
        reading = found.segments
        if len(reading) < len(loose) or not all(map(_alike, loose[found.tail :], reading[found.tail :])):
            return 0
        if found.tail and loose and not _ends_alike(loose[0], reading[0]):
            return 0
        if self.rest:
            return 2
        if len(reading) == len(loose) or _answers_behind(reading, len(loose)):
            return 3
        return 0 if self.exact or not loose else 1

    def names(self, method: str) -> bool:
        """Whether the entry says that it is about a method."""
        return not self.methods or method.upper() in self.methods

    def weight(self, reach: int) -> tuple[int, int, int]:
        """Of two routes, the longer one counts, then the one with fewer wildcards."""
        full = self.loose[0]
        return len(full), sum(segment.folded != "*" for segment in full), reach


class Routes:
    """What is protected: ``{"POST /signup": "signup", "/posts/*/edit": "edit", "/api/**": "api"}``.

    ``*`` is any one segment, ``**`` at the end any rest. A path protects what lies
    below it, too, unless ``exact`` follows it. All methods that change something are
    judged on a protected path; those that an entry names choose which entry it is.
    """

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = [_route(entry, form) for entry, form in routes.items()]

    def form_for(self, method: str, paths: Iterable[str], override: str = "") -> str | None:
        """The form that judges a request, or None. ``override`` is a method in a header.

        ``paths`` are written as they are sent. Raises Unreadable for a request that
        changes something and has a path that is not plain.
        """
        if method in SAFE_METHODS:  # "get" is none of them: who knows what the app makes of it
            if not override or override.strip().upper() in SAFE_METHODS:
                return None
            method = override.strip()
        found = [(route.names(method), route.weight(reach), route.form) for route, reach in self._found(paths)]
        return max(found, key=lambda entry: entry[:2])[2] if found else None

    def protects(self, paths: Iterable[str]) -> bool:
        """Whether something is protected there, or may be, whatever the method is."""
        try:
            return any(self._found(paths))
        except Unreadable:
            return True

    def _found(self, paths: Iterable[str]) -> Iterator[tuple[_Route, int]]:
        readings = [reading for path in set(paths) for reading in _readings(path)]
        return ((route, reach) for route in self._routes if (reach := route.reach(readings)))


def _route(entry: str, form: str) -> _Route:
    words = entry.strip().removesuffix(" exact")
    methods, _, path = words.rpartition(" ")
    if not path.startswith("/") or not re.fullmatch(r"([A-Z-]+(,[A-Z-]+)*)?", methods):
        raise ValueError(f'{entry!r}: write it as "POST /signup" or "/signup"')
    if not valid_form(form):
        raise ValueError(f"{form!r} is no name of a form: 1 to 32 letters, digits, - or _")
    literal, rest = (path[:-2], True) if path.endswith("/**") else (path, False)
    literal = quote_from_bytes(literal.encode(), safe="/:@!$&'()*+,=~%;?#\\")
    if re.search("[%;]", path) or not plain(literal):
        raise ValueError(f"{entry!r}: write the path plainly, without escapes, query, parameters, dot segments or doubled slashes")
    full = _skeleton(literal)
    short = _without_indexes(full)
    loose = [full, short] if len(short) < len(full) else [full]
    exact = words != entry.strip() or not rest and not full
    return _Route(frozenset(methods.split(",")) - {""}, loose, rest, exact, form)
