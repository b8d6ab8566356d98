"""``settings.PALISADE``, read once, and again after a test changes it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from .. import config
from ..guard import Guard

MIDDLEWARE = "palisade_forms.django.middleware.PalisadeMiddleware"

_lock = threading.Lock()
_guard: Guard | None = None


def palisade_settings() -> Mapping[str, Any]:
    """The dict of settings, empty when there is none."""
    value = getattr(settings, "PALISADE", {})
    return value if isinstance(value, Mapping) else {}


def problems() -> list[tuple[str, str]]:
    """All mistakes in the settings, as (name, sentence)."""
    found = config.problems(palisade_settings(), debug=settings.DEBUG)
    if MIDDLEWARE not in settings.MIDDLEWARE:
        found.append(("MIDDLEWARE", f"{MIDDLEWARE} is missing from MIDDLEWARE"))
    return found


def require_settings() -> None:
    """Raise ImproperlyConfigured with all mistakes."""
    found = problems()
    if found:
        raise ImproperlyConfigured("PALISADE: " + "; ".join(sentence for _, sentence in found))


def guard() -> Guard:
    """The guard of this process."""
    global _guard
    with _lock:
        if _guard is None:
            try:
                _guard = config.guard(palisade_settings(), debug=settings.DEBUG)
            except ValueError as error:
                raise ImproperlyConfigured(f"PALISADE: {error}") from None
        return _guard


def _forget(*, setting: str, **_: Any) -> None:
    global _guard
    if setting in ("PALISADE", "DEBUG"):
        with _lock:
            old, _guard = _guard, None
        if old is not None:
            old.client.close()


setting_changed.connect(_forget, dispatch_uid="palisade_forms")
