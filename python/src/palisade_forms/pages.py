"""The few pages and pieces of markup that the app itself makes."""

from __future__ import annotations

import json
import re
from html import escape

from .decision import Answer, Decision
from .privacy import typed
from .visit import Pairs, Visit, wants_problem

_MARK = '<input type="hidden" name="palisade-typed" value="">'

_TITLES = {
    400: "This could not be read",
    403: "This was not accepted",
    409: "This was received already",
    413: "This is too large",
    415: "This could not be read",
    429: "Too many attempts",
    503: "Not available right now",
}

_HINTS = {429: "Please try again later.", 503: "Please try again in a moment. Go back to find what you typed."}


def refusal(decision: Decision, visit: Visit, fields: Pairs, json_sent: bool) -> Answer:
    """The answer to the visitor: the service's, or a plain one of our own."""
    if decision.answer is None:
        return _own(decision, wants_problem(visit, json_sent))
    answer = decision.answer
    headers = answer.headers
    if not any(name.lower() == "cache-control" for name, _ in headers):
        headers += (("Cache-Control", "no-store"),)
    return Answer(answer.status, headers, _fill(answer.body.decode(), fields).encode("utf-8", "replace"))


def _fill(page: str, fields: Pairs) -> str:
    """Put the typed values into the service's page. They never leave the app."""
    if page.count(_MARK) != 1:
        return page
    return page.replace(_MARK, "".join(hidden(name, value) for name, value in typed(fields)))


def hidden(name: str, value: str) -> str:
    """A hidden input. HTML drops a line feed at the start of a value, so it is escaped."""
    return f'<input type="hidden" name="{_attribute(name)}" value="{_attribute(value)}">'


def _attribute(text: str) -> str:
    return escape(text).replace("\r", "&#13;").replace("\n", "&#10;")


def _own(decision: Decision, problem: bool) -> Answer:
    status = decision.status if decision.status >= 400 else 403
    title = _TITLES.get(status, _TITLES[403])
    headers = [("Cache-Control", "no-store"), ("Vary", "Accept"), ("X-Content-Type-Options", "nosniff")]
    retry_after = decision.retry_after or (30 if status == 503 else None)
    if retry_after is not None:
        headers.append(("Retry-After", str(max(1, -int(-retry_after // 1)))))
    if problem:
        said = {"type": "about:blank", "title": title, "status": status}
        if decision.id:
            said["id"] = decision.id
        if decision.ticket is not None:
            said["challenge"] = dict(decision.ticket)
        headers.append(("Content-Type", "application/problem+json"))
        return Answer(status, tuple(headers), json.dumps(said).encode())
    headers.append(("Content-Type", "text/html; charset=utf-8"))
    headers.append(("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"))
    return Answer(status, tuple(headers), _page(title, _HINTS.get(status, ""), decision.id).encode())


def _page(title: str, hint: str, reference: str) -> str:
    quoted = f"<p>Reference: {escape(reference)}</p>" if reference else ""
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(hint)}</p>{quoted}</html>"
    )


def without_ticket(form: str, base: str, nonce: str) -> str:
    """Markup during an outage of the service. Its script fetches a ticket later."""
    n = f' nonce="{escape(nonce)}"' if nonce else ""
    return (
        f'<div class="palisade" data-palisade-form="{escape(form)}" data-palisade-base="{escape(base)}">'
        '<input type="hidden" name="palisade-ticket" value=""><input type="hidden" name="palisade-proof" value=""></div>'
        f'<link rel="stylesheet" href="{escape(base)}palisade.css"{n}>'
        f'<script defer src="{escape(base)}palisade.js"{n}></script>'
    )


_TAGS = re.compile(r"<(script|link)\b(?![^>]*\bnonce=)")


def with_nonce(markup: str, nonce: str) -> str:
    """Put the page's nonce on the tags of markup that came with a judgement."""
    if not nonce:
        return markup
    return _TAGS.sub(lambda tag: f'{tag[0]} nonce="{escape(nonce)}"', markup)
