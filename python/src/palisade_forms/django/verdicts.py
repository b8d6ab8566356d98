"""The gateway's verdict, for Django views."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from asgiref.sync import iscoroutinefunction
from django.http import HttpResponseForbidden

from ..verdict import HEADER, JUDGED, Key, Verdict, VerdictError, verify


def require_verdict(
    keys: Key | Iterable[Key], *, modes: Collection[str] = JUDGED
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Answer 403 to requests that did not come through the gateway; ``request.palisade_verdict`` is the verdict."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        def refused(request: Any) -> HttpResponseForbidden | None:
            try:
                request.palisade_verdict = verdict_of(request, keys)
                if request.palisade_verdict.mode not in modes:
                    raise VerdictError("only watched")
            except VerdictError:
                return HttpResponseForbidden("Forbidden\n", content_type="text/plain; charset=utf-8")
            return None

        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def achecked(request: Any, *args: Any, **kwargs: Any) -> Any:
                return refused(request) or await view(request, *args, **kwargs)

            return achecked

        @functools.wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> Any:
            return refused(request) or view(request, *args, **kwargs)

        return checked

    return decorate


def verdict_of(request: Any, keys: Key | Iterable[Key]) -> Verdict:
    """The verdict of a request, or VerdictError."""
    line = request.headers.get(HEADER)
    return verify(
        [line] if line else [],
        keys,
        host=request.META.get("HTTP_HOST", ""),
        method=request.method,
        path=_path(request),
        body=lambda: bytes(request.body),
    )


def _path(request: Any) -> bytes:
    scope = getattr(request, "scope", None)
    if scope is None:
        # Django has encoded both again, after decoding them as UTF-8. A path that is not UTF-8 is
        # refused.
        return str(request.META.get("SCRIPT_NAME", "") + request.META["PATH_INFO"]).encode()
    raw = scope.get("raw_path")
    return unquote_to_bytes(raw) if raw else scope["path"].encode()
