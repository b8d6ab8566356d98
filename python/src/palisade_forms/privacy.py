"""Decides which parts of a submission leave the app.

The service judges how a form was sent, not its content. So it gets names and the beginning of
values, but no passwords and no files. It gets only the headers that it reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from .visit import Pairs, Visit

MAX_TEXT = 256  #: characters of a name or value

_SECRET = re.compile(r"pass|pwd|card|cvv|cvc|ssn|secret", re.IGNORECASE)

#: Fields of captchas. Their tokens are verified, so they are sent whole. They are worthless a
#: second time, so a form that is shown again does not keep them.
CAPTCHA_FIELDS = frozenset(
    {
        "altcha", "cap-token", "cf-turnstile-response", "frc-captcha-response", "frc-captcha-solution",
        "g-recaptcha-response", "h-captcha-response", "mcaptcha__token", "mtcaptcha-verifiedtoken",
        "private-captcha-solution", "procaptcha-response", "smart-token",
        "geetest_validate", "lot_number", "captcha_output", "pass_token", "gen_time",
    }
)  # fmt: skip

_HEADERS = frozenset(
    {
        "user-agent", "accept", "accept-language", "accept-encoding", "origin", "dnt",
        "palisade-ticket", "palisade-proof", "palisade-captcha",
    }
)  # fmt: skip


def ours(name: str) -> bool:
    """Whether a field belongs to Palisade."""
    return name.startswith("palisade-")


def typed(fields: Pairs) -> list[tuple[str, str]]:
    """The visitor's input: all fields except ours and used captcha tokens."""
    return [(name, value) for name, value in fields if not ours(name) and name not in CAPTCHA_FIELDS]


def trim_fields(fields: Pairs, blank: Collection[str] = ()) -> list[list[str]]:
    """The fields for the service. ``blank`` names more passwords."""
    return [[_clean(name[:MAX_TEXT]), _clean(_trim(name, value, blank))] for name, value in fields]


def _trim(name: str, value: str, blank: Collection[str]) -> str:
    if name in blank:
        return ""
    if ours(name) or name in CAPTCHA_FIELDS:
        return value
    return "" if _SECRET.search(name) else value[:MAX_TEXT]


def trim_headers(visit: Visit) -> dict[str, list[str]]:
    """The headers that a judgement reads. Cookie, Authorization and keys are not among them."""
    kept: dict[str, list[str]] = {}
    for name, value in visit.headers:
        if name.lower() in _HEADERS or name.lower().startswith("sec-"):
            kept.setdefault(name, []).append(_clean(value))
    return kept


def _clean(text: str) -> str:
    """Text without lone surrogates, which cannot be sent."""
    return text.encode("utf-8", "replace").decode()
