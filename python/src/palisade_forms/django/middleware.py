"""Serves the base path for browsers, and protects the URLs that settings name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.cache import add_never_cache_headers

from ..errors import Unreadable
from . import conf
from .judge import instead, response, settle, uncalm, visit_of
from .routes import form_for, require_known


class PalisadeMiddleware:
    """Must come after CsrfViewMiddleware in MIDDLEWARE."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        if not settings.DEBUG:
            conf.require_settings()
        require_known(conf.palisade_settings().get("PROTECT") or {})

    def __call__(self, request: Any) -> Any:
        if self.is_async:
            return self._acall(request)
        served = self._serve(request)
        return served if served is not None else self._after(request, self.get_response(request))

    async def _acall(self, request: Any) -> Any:
        if request.path.startswith(conf.guard().base):
            return await sync_to_async(self._serve, thread_sensitive=False)(request)
        return self._after(request, await self.get_response(request))

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> Any:
        """Judge requests to entries of PROTECT, by the URL that Django resolved and not by the raw path."""
        form = form_for(conf.palisade_settings().get("PROTECT") or {}, request.method, request.resolver_match)
        if form is None:
            return None
        return instead(request, form)

    def _serve(self, request: Any) -> Any:
        guard = conf.guard()
        name = guard.under_base(request.path)
        if name is None:
            return None
        try:
            visit = visit_of(request)
        except Unreadable as error:
            return response(guard.unreadable(error))
        return response(guard.forward(name, request.META.get("QUERY_STRING", ""), visit))

    def _after(self, request: Any, answer: Any) -> Any:
        uncalm(request)
        settle(request, answer.status_code, answer.headers.get("Location", ""))
        if getattr(request, "_palisade_pending", None) and answer.status_code < 400:
            names = ", ".join(type(form).__name__ for form in request._palisade_pending)
            raise ImproperlyConfigured(
                f"{names} got what was posted and was never validated: call is_valid(), "
                "or palisade_abandon() if that is meant"
            )
        if getattr(request, "_palisade_shown", False):
            add_never_cache_headers(answer)  # a ticket is valid for one visitor
        return answer
