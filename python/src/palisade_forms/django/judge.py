"""Turns a Django request into the call to the service, once for each request."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from ..body import FORM, MULTIPART, media_type, parse
from ..decision import Answer, Decision
from ..errors import Unreadable
from ..guard import FOR_PAGE, log
from ..pages import without_ticket
from ..visit import SAFE_METHODS, Submission, Visit, refuse_body
from . import conf


def visit_of(request: Any) -> Visit:
    """The visitor's request. May raise Unreadable."""
    return conf.guard().visit(
        request.META.get("REMOTE_ADDR"), request.method or "", request.build_absolute_uri(), request.headers.items()
    )


def submission_of(request: Any) -> Submission:
    """The fields of a request. May raise Unreadable.

    Django parses forms only for POST, so this module parses them for PUT, PATCH and DELETE.
    """
    content_type, encoding = request.META.get("CONTENT_TYPE", ""), request.META.get("HTTP_CONTENT_ENCODING", "")
    if request.method == "POST" and media_type(content_type, encoding)[0] in (FORM, MULTIPART):
        return Submission(pairs_of(request.POST), files=tuple(request.FILES))
    return parse(request.body, content_type, encoding)


def pairs_of(data: Any) -> tuple[tuple[str, str], ...]:
    """Names and values of a QueryDict or of any mapping, duplicates kept."""
    lists = data.lists() if hasattr(data, "lists") else ((name, [value]) for name, value in data.items())
    return tuple((str(name), value) for name, values in lists for value in values if isinstance(value, str))


def calm(request: Any, form: str) -> HttpResponse | None:
    """Our answer in place of a protected view, for a method that must change nothing.

    HEAD becomes GET for the view; :func:`uncalm` restores it. See SAFE_METHODS.
    """
    try:
        refuse_body(request.META.get("CONTENT_LENGTH"), request.META.get("HTTP_TRANSFER_ENCODING"))
    except Unreadable as error:
        return refusal(request, Decision.refused(form, error.status, error.reason))
    if request.method == "OPTIONS" and not _is_class(request):
        return HttpResponse(status=204)
    if request.method == "HEAD":
        request._palisade_method, request.method = "HEAD", "GET"
    return None


def instead(request: Any, form: str) -> HttpResponse | None:
    """Our answer in place of a protected view, or None if the view may run."""
    if request.method in SAFE_METHODS:
        return calm(request, form)
    decision = judge(request, form)
    return None if decision else refusal(request, decision)


def uncalm(request: Any) -> None:
    """Restore the original method of a request."""
    request.method = getattr(request, "_palisade_method", request.method)


def _is_class(request: Any) -> bool:
    """Whether the view is a class, which finds a method's handler by its name."""
    return hasattr(getattr(request.resolver_match, "func", None), "view_class")


def judge(
    request: Any,
    form: str,
    submission: Submission | None = None,
    *,
    want: Collection[str] = FOR_PAGE,
    blank: Collection[str] = (),
) -> Decision:
    """Judge a request, or repeat the judgement for the same form and fields.

    So a decorator and a form may both protect a view, and the ticket is used only once.
    """
    if request.method in SAFE_METHODS:
        raise ImproperlyConfigured(f"Palisade judges requests that change something, and {request.method} must not")
    guard = conf.guard()
    try:
        visit = visit_of(request)
        submission = submission or submission_of(request)
    except Unreadable as error:
        return Decision.refused(form, error.status, error.reason)
    judged = _judged(request)
    if form in judged and judged[form][0] == submission:
        return judged[form][1]
    decision = guard.judge(form, visit, submission, want=want, blank=blank)
    judged[form] = (submission, decision)
    return decision


def _judged(request: Any) -> dict[str, tuple[Submission, Decision]]:
    if not hasattr(request, "_palisade_judged"):
        request._palisade_judged = {}
    return cast("dict[str, tuple[Submission, Decision]]", request._palisade_judged)


def decision_of(request: HttpRequest, form: str) -> Decision | None:
    """The judgement of this request, for views that want to log or show it."""
    judged = _judged(getattr(request, "_request", request)).get(form)
    return judged[1] if judged else None


def settle(request: Any, status: int, location: str) -> None:
    """Note the answer to a request."""
    if judged := _judged(request):
        decisions = [decision for _, decision in judged.values()]
        conf.guard().settle(decisions, status, location, request.get_full_path(), request.headers.get("Referer", ""))


def refusal(request: Any, decision: Decision) -> HttpResponse:
    """The answer to a refused request."""
    try:
        visit = visit_of(request)
    except Unreadable:
        visit = Visit("", request.method or "", "", tuple(request.headers.items()))
    try:
        submission = submission_of(request)
    except Unreadable:
        submission = Submission()
    return response(conf.guard().refusal(decision, visit, submission))


def response(answer: Answer) -> HttpResponse:
    """A Django response from an answer."""
    made = HttpResponse(answer.body, status=answer.status)
    del made.headers["Content-Type"]
    for name, value in answer.headers:
        made.headers[name] = value
    return made


def markup(
    request: Any,
    form: str,
    nonce: str,
    *,
    decision: Decision | None = None,
    submission: Submission | None = None,
    blank: Collection[str] = (),
) -> str:
    """The fields of a form on a page: new, repeated, or for the answer to a judgement."""
    guard = conf.guard()
    request._palisade_shown = True  # the middleware keeps the page out of caches
    try:
        visit = visit_of(request)
        if request.method in SAFE_METHODS:
            return guard.markup(form, visit, nonce=nonce)
        sent = submission or submission_of(request)
    except Unreadable as error:
        log.error("palisade: form %s is shown without a ticket: %s", form, error)
        return without_ticket(form, guard.base, nonce)
    if decision is None:
        decision = decision_of(request, form)
    return guard.again(form, visit, decision, sent.fields, nonce=nonce, blank=blank)


def nonce_of(request: Any) -> str:
    """The nonce of the page's CSP, by django-csp or by Django 6.

    Both are lazy and false until their first use, so the code does not test them but turns them
    into text.
    """
    for name in ("csp_nonce", "_csp_nonce"):
        nonce = getattr(request, name, None)
        if nonce is not None:
            return str(nonce)
    return ""
