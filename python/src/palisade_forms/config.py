"""Finds mistakes in settings at the start, before they let a bot through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .address import ClientAddress
from .client import DEFAULT_BASE, Client, parse_url, valid_form
from .guard import DOWN, Guard

MIN_SECRET = 20  #: bytes; the service's minimum

#: Keys from manuals. With the captcha test keys every visitor passes; with the others anybody can
#: sign.
PUBLIC_KEYS = frozenset(
    {
        "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe",
        "10000000-ffff-ffff-ffff-000000000001", "20000000-ffff-ffff-ffff-000000000002",
        "30000000-ffff-ffff-ffff-000000000003", "0x0000000000000000000000000000000000000000",
    }
)  # fmt: skip

_NAMES = {
    "URL", "SITEKEY", "SECRET", "TIMEOUT", "BASE", "TRUSTED_PROXIES", "DOWN", "DOWN_PER_MINUTE",
    "ALLOW_INSECURE", "PROTECT",
}  # fmt: skip


def problems(settings: Mapping[str, Any], *, debug: bool) -> list[tuple[str, str]]:
    """All mistakes in the settings, as (name, sentence). The sentences contain no values."""
    found = [(name, f"{name} is missing") for name in ("URL", "SITEKEY", "SECRET") if not settings.get(name)]
    found += [(name, f"{name} is not known") for name in settings if name not in _NAMES]
    if settings.get("URL"):
        found += _raised("URL", lambda: parse_url(str(settings["URL"]), settings.get("ALLOW_INSECURE") is True))
    if settings.get("SECRET") and not debug:
        found += _weak(settings)
    found += _raised("TRUSTED_PROXIES", lambda: ClientAddress(settings.get("TRUSTED_PROXIES", ())))
    if settings.get("DOWN", "refuse") not in DOWN:
        found.append(("DOWN", "DOWN must be one of " + ", ".join(DOWN)))
    for form in dict(settings.get("PROTECT") or {}).values():
        if not valid_form(form):
            found.append(("PROTECT", f"{form!r} is no name of a form: 1 to 32 letters, digits, - or _"))
    return found


def _weak(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    secret, sitekey = str(settings["SECRET"]), str(settings.get("SITEKEY"))
    found = []
    if len(secret.encode()) < MIN_SECRET or secret == sitekey:
        found.append(("SECRET", f"SECRET must have at least {MIN_SECRET} bytes that nobody else knows"))
    if public(secret) or public(sitekey):
        found.append(("SECRET", "SITEKEY or SECRET is a public test key: everybody can sign with it"))
    return found


def public(key: str) -> bool:
    """Whether a key is in manuals. Turnstile's test keys are all zeros but for the first character."""
    stripped = key.rstrip("A")
    return key in PUBLIC_KEYS or (stripped[:1] in "123" and stripped[1:2] == "x" and set(stripped[2:]) <= set("0BF"))


def _raised(name: str, make: Any) -> list[tuple[str, str]]:
    try:
        make()
    except (ValueError, TypeError) as error:
        return [(name, f"{name}: {error}")]
    return []


def guard(settings: Mapping[str, Any], *, debug: bool) -> Guard:
    """A guard with these settings, or ValueError with all their mistakes."""
    found = problems(settings, debug=debug)
    if found:
        raise ValueError("; ".join(sentence for _, sentence in found))
    client = Client(
        str(settings["URL"]),
        str(settings["SITEKEY"]),
        str(settings["SECRET"]),
        timeout=float(settings.get("TIMEOUT", 3.0)),
        allow_insecure=settings.get("ALLOW_INSECURE") is True,
    )
    return Guard(
        client,
        base=settings.get("BASE", DEFAULT_BASE),
        address=ClientAddress(settings.get("TRUSTED_PROXIES", ())),
        down=settings.get("DOWN", "refuse"),
        down_per_minute=int(settings.get("DOWN_PER_MINUTE", 5)),
        loud=debug,
    )
