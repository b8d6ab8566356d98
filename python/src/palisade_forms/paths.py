"""Decides whether a request goes to a protected path, for every spelling of the path.

A middleware cannot know how the app behind it parses paths. Two rules keep bots from using this to
bypass the protection. First, a request that changes something must have a plain path: all servers
read it alike, apart from a few known differences. Second, a plain path is compared with a protected
one after these differences were removed from both. A protected path also protects the paths below
it. The gateway has the same rules, and the tests of both read the same examples.
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
_MAX_PROGRAMS = 4  # in the middle of a path; these bound the number of its readings
_MAX_BEHIND = 32  # segments of a path with any
_PHP = re.compile(r"\.(php|phtml|phar)")
_PARAMETERS = re.compile(r"(;[A-Za-z0-9._~!+,-]+=[A-Za-z0-9._~!+,-]*)*", re.ASCII)
_NAME = re.compile(r"([!-~])*", re.ASCII)
# A broken escape, or an escape of a character that needs none, of / \\ % or of a control
# character.
_NEEDLESS = re.compile(
    r"%(?![0-9A-Fa-f]{2})|%([01][0-9A-Fa-f]|2[5DEFdef]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaCcFf]|6[1-9A-Fa-f]|7[0-9AaEeFf])", re.ASCII
)


def target_path(target: str) -> str:
    """The raw path of a request target. May raise Unreadable."""
    if re.search(r"[\x00-\x20\x7f#]", target):
        raise Unreadable(400, "target-malformed")
    if not target.startswith("/"):
        found = re.fullmatch(r"https?://[^/?@\\%\"<>^{|}`]+(/[^?]*)?(\?.*)?", target, re.IGNORECASE)
        if found is None:
            raise Unreadable(400, "target-malformed")
        return found[1] or "/"
    return target.partition("?")[0]


def written(path: bytes) -> str:
    """A path that the server has decoded, encoded again."""
    return quote_from_bytes(path, safe="/:@!$&'()*+,=~")


def plain(path: str) -> bool:
    """Whether every server reads the path alike, apart from the differences that the comparison removes."""
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
    """The forms of a segment that some servers and frameworks treat as equal."""

    folded: str  # without escapes, parameters and case
    stem: str  # the same without its extension, or ""
    script: bool  # the next segments may be the program's PATH_INFO
    optional: bool  # it may be left out
    cut: bool  # a server may cut off parameters
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
    """Segments that some server reads for a path. If tail is set, only the end of the first one may count."""

    segments: list[_Segment]
    tail: bool = False


def _readings(path: str) -> list[_Reading]:
    """All readings of a plain path by servers. May raise Unreadable."""
    if not plain(path):
        raise Unreadable(400, "route-ambiguous")
    full = _skeleton(path)
    found = [full]
    programs = 0
    for i, segment in enumerate(full):  # Symfony reads /index.phpsignup as /signup
        for extension in _SCRIPTS if segment.stem else ():
            rest = segment.folded.partition("." + extension)[2]
            if rest:
                found.append([_segment(written(rest.encode())), *full[i + 1 :]])
                programs += 1
        between = segment.script and i < len(full) - 1
        if between:  # it may be the program, or match a *
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
    # Symfony cuts the front of the path by the length of its front controller's path, if the
    # controller's name is anywhere in the path.
    if front:
        for i in range(len(full)):
            readings += [_Reading(full[i:], tail=True), _Reading(_without_indexes(full[i:]), tail=True)]
    return readings


def _without_indexes(full: Sequence[_Segment]) -> list[_Segment]:
    return [segment for segment in full if not segment.optional]


def _without_programs(full: Sequence[_Segment]) -> list[_Segment]:
    """The segments without index documents, and without front controllers in the middle."""
    last = len(full) - 1
    return [segment for i, segment in enumerate(full) if not (segment.optional or segment.script and i < last)]


def _alike(pattern: _Segment, have: _Segment) -> bool:
    """Whether both are equal, with any extension in the request: Rails and Spring cut it off."""
    return pattern.folded == "*" or any(_named(have.folded, name) for name in (pattern.folded, pattern.known) if name)


def _ends_alike(pattern: _Segment, have: _Segment) -> bool:
    return pattern.folded == "*" or have.folded.endswith(pattern.folded) or have.whole.endswith(pattern.folded)


def _named(text: str, name: str) -> bool:
    return text == name or text.startswith(name + ".")


def _answers_behind(reading: Sequence[_Segment], n: int) -> bool:
    """Whether the program at the first n segments, or its index document, gets the rest as PATH_INFO."""
    return n > 0 and reading[n - 1].script or reading[n].script and reading[n].optional


class _Route(NamedTuple):
    methods: frozenset[str]
    loose: list[list[_Segment]]
    rest: bool
    exact: bool
    form: str

    def reach(self, readings: Sequence[_Reading]) -> int:
        """0 outside, 1 below the path, 2 in the part that ** matches, 3 at the path."""
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
        """Whether the entry names a method."""
        return not self.methods or method.upper() in self.methods

    def weight(self, reach: int) -> tuple[int, int, int]:
        """The longer of two routes wins, then the one with fewer wildcards."""
        full = self.loose[0]
        return len(full), sum(segment.folded != "*" for segment in full), reach


class Routes:
    """The protected paths: ``{"POST /signup": "signup", "/posts/*/edit": "edit", "/api/**":
    "api"}``.

    ``*`` matches one segment, and ``**`` at the end matches any rest. A path also protects the
    paths below it, unless ``exact`` follows it. On a protected path, every method that changes
    something is judged. If an entry names methods, they choose between entries.
    """

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = [_route(entry, form) for entry, form in routes.items()]

    def form_for(self, method: str, paths: Iterable[str], override: str = "") -> str | None:
        """The form that judges a request, or None. ``override`` is a method in a header.

        ``paths`` are raw. Raises Unreadable if a request changes something and its path is not
        plain.
        """
        if method in SAFE_METHODS:  # not "get": the app may read it as another method
            if not override or override.strip().upper() in SAFE_METHODS:
                return None
            method = override.strip()
        found = [(route.names(method), route.weight(reach), route.form) for route, reach in self._found(paths)]
        return max(found, key=lambda entry: entry[:2])[2] if found else None

    def protects(self, paths: Iterable[str]) -> bool:
        """Whether a path is protected, or may be, for any method."""
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
