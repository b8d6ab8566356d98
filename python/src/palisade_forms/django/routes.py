"""Decides which resolved URL is protected, by name or route and never by the raw path.

At that point Django has already chosen the view. So another spelling of the path cannot bypass the
protection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver


def form_for(protect: Mapping[str, str], method: str, match: Any) -> str | None:
    """The form that protects a request which changes something, or None.

    The methods of an entry choose between several entries of one URL. They allow no method without
    a judgement: the first entry judges a method that no entry names.
    """
    found = None
    for entry, form in protect.items():
        methods, target = _split(entry)
        if _same(target, match.view_name, match.route):
            if method in methods:
                return form
            found = found or form
    return found


def unknown_routes(protect: Mapping[str, str]) -> list[str]:
    """Entries that match no URL of the project."""
    if not protect:
        return []
    known = list(_urls(get_resolver().url_patterns))
    return [entry for entry in protect if not any(_same(_split(entry)[1], name, route) for name, route in known)]


def require_known(protect: Mapping[str, str]) -> None:
    """Raise ImproperlyConfigured for entries that match no URL."""
    unknown = unknown_routes(protect)
    if unknown:
        raise ImproperlyConfigured("PALISADE: PROTECT names no URL of this project: " + ", ".join(unknown))


def _split(entry: str) -> tuple[list[str], str]:
    methods, found, target = entry.strip().rpartition(" ")
    return methods.strip().upper().split(",") if found else [], target


def _same(target: str, name: str, route: str) -> bool:
    """``/signup`` is the route ``signup`` or ``signup/``; anything else is a name."""
    if target == name and target:
        return True
    return target.startswith("/") and _plain(target[1:]) == _plain(route)


def _plain(route: str) -> str:
    return route.removeprefix("^").removesuffix("$").removesuffix(r"\Z").removesuffix("/?").rstrip("/")


def _urls(patterns: Any, prefix: str = "", spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        own = str(pattern.pattern)
        route = prefix + (own.removeprefix("^") if prefix else own)
        if isinstance(pattern, URLPattern):
            yield ":".join((*spaces, pattern.name)) if pattern.name else "", route
        elif isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from _urls(pattern.url_patterns, route, inner)
