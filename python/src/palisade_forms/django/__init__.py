"""Palisade for Django: add ``palisade_forms.django`` to INSTALLED_APPS.

The names here are loaded when they are first used, because Django imports this
package before its settings and apps are ready.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .forms import PalisadeField, PalisadeMixin, RequestMixin
    from .judge import decision_of
    from .views import ProtectMixin, protect
    from .verdicts import require_verdict

_HOMES = {
    "PalisadeField": "forms",
    "PalisadeMixin": "forms",
    "RequestMixin": "forms",
    "ProtectMixin": "views",
    "protect": "views",
    "decision_of": "judge",
    "require_verdict": "verdicts",
}

__all__ = [
    "PalisadeField",
    "PalisadeMixin",
    "ProtectMixin",
    "RequestMixin",
    "decision_of",
    "protect",
    "require_verdict",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
