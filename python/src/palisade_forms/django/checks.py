"""System checks. Each is an Error: with any of them, bots may get through."""

from __future__ import annotations

from typing import Any

from django.core.checks import Error, Tags, register

from . import conf
from .routes import unknown_routes

_IDS = {
    "URL": "E001", "SITEKEY": "E002", "SECRET": "E003", "TRUSTED_PROXIES": "E004", "DOWN": "E005",
    "MIDDLEWARE": "E006", "PROTECT": "E007",
}  # fmt: skip


@register(Tags.security)
def check_settings(app_configs: Any = None, **_: Any) -> list[Error]:
    """The mistakes in ``settings.PALISADE``."""
    return [Error(sentence, id="palisade." + _IDS.get(name, "E009")) for name, sentence in conf.problems()]


@register(Tags.security)
def check_protected(app_configs: Any = None, **_: Any) -> list[Error]:
    """Entries of PROTECT that match no URL."""
    return [
        Error(f"PROTECT: no URL has the name or route of {entry!r}", id="palisade.E008")
        for entry in unknown_routes(conf.palisade_settings().get("PROTECT") or {})
    ]
