"""The app. Bad settings stop a server from starting, not only ``manage.py check``."""

from __future__ import annotations

import sys

from django.apps import AppConfig
from django.conf import settings


class PalisadeConfig(AppConfig):
    """Registers the checks."""

    name = "palisade_forms.django"
    label = "palisade_forms"
    verbose_name = "Palisade"

    def ready(self) -> None:
        """Stop a WSGI or ASGI start, where Django runs no checks.

        A management command goes on, so that ``check`` can list all mistakes and ``migrate`` still
        works. ``runserver`` runs the checks itself.
        """
        from . import checks, conf  # noqa: F401  registers the checks

        if not settings.DEBUG and not _in_management_command():
            conf.require_settings()


def _in_management_command() -> bool:
    frame = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "django.core.management":
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
