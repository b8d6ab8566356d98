"""Protects whole views: a refused request never reaches the view."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.views import View

from ..client import valid_form
from ..visit import SAFE_METHODS
from .judge import instead, uncalm

_instead_in_thread = sync_to_async(instead, thread_sensitive=False)


def protect(form: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Judge every request that changes something before the view gets it.

    For sync and async views::

        @protect("signup")
        def signup(request): ...
    """
    if not valid_form(form):
        raise ImproperlyConfigured('@protect needs the name of a form: @protect("signup")')

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def aprotected(request: Any, *args: Any, **kwargs: Any) -> Any:
                safe = request.method in SAFE_METHODS  # and needs no thread
                answer = instead(request, form) if safe else await _instead_in_thread(request, form)
                if answer is not None:
                    return answer
                try:
                    return await view(request, *args, **kwargs)
                finally:
                    uncalm(request)

            return aprotected

        @functools.wraps(view)
        def protected(request: Any, *args: Any, **kwargs: Any) -> Any:
            answer = instead(request, form)
            if answer is not None:
                return answer
            try:
                return view(request, *args, **kwargs)
            finally:
                uncalm(request)

        return protected

    return decorate


class ProtectMixin:
    """:func:`protect` for class views. It stands left of the view::

    class Signup(ProtectMixin, FormView):
        palisade_form = "signup"
    """

    palisade_form = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if View in order and order.index(View) < order.index(ProtectMixin):
            raise TypeError(f"{cls.__name__}: ProtectMixin must stand left of the view, or it does nothing")

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Judge, then go on."""
        inner = super().dispatch  # type: ignore[misc]
        guarded = protect(self.palisade_form)
        if not getattr(self, "view_is_async", False):
            return guarded(inner)(request, *args, **kwargs)

        async def adispatch(request: Any, *args: Any, **kwargs: Any) -> Any:
            answer = inner(request, *args, **kwargs)
            return await answer if hasattr(answer, "__await__") else answer

        return guarded(adispatch)(request, *args, **kwargs)
