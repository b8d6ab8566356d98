"""What the app answers settles the limits of the service."""

from __future__ import annotations

import time

import pytest
from django.test import Client, override_settings
from palisade_forms.settling import Receipt, effect_of
from test_flask import make_app
from test_gateways import Asgi, Wsgi


def settled(service, count):
    """The settled receipts, once there are so many; they come after the answer."""
    end = time.monotonic() + 30
    while len(service.settled) < count and time.monotonic() < end:
        time.sleep(0.01)
    return service.settled


@pytest.mark.parametrize(
    ("status", "shown", "corrected", "effect"),
    [
        (200, False, False, "accepted"),
        (303, False, False, "accepted"),
        (200, True, False, ""),
        (200, True, True, "rejected"),
        (400, False, False, "rejected"),
        (422, True, False, "rejected"),
        *((status, True, True, "") for status in (401, 402, 403, 404, 409, 429, 500, 503)),
    ],
)
def test_an_answer_says_what_came_of_a_submission(status, shown, corrected, effect):
    assert effect_of(status, Receipt("x", "rejected", shown, corrected)) == effect


def django_post(service, path, data):
    with override_settings(PALISADE={**service.settings, "TIMEOUT": 60.0}):
        return Client().post(path, {"palisade-ticket": service.ticket(), **data})


def test_a_form_of_django_that_asks_for_a_correction_does_not_count(service):
    assert django_post(service, "/signup/", {"email": "ada@example.com"}).content == b"done"
    assert b"Taken." in django_post(service, "/signup/", {"email": "taken@example.com"}).content
    assert settled(service, 1) == [("signup", "receipt-2")]


def test_a_form_of_flask_that_asks_for_a_correction_does_not_count(service):
    client = make_app(service, []).test_client()
    for email in ("ada@example.com", "taken@example.com"):
        client.post("/wtf", data={"palisade-ticket": service.ticket(), "email": email})
    assert settled(service, 1) == [("signup", "receipt-2")]


def test_a_page_that_shows_a_fresh_form_after_each_submission_counts(service):
    client = make_app(service, []).test_client()
    client.post("/vote/", data={"palisade-ticket": service.ticket()})
    client.post("/wtf", data={"palisade-ticket": service.ticket(), "email": "taken@example.com"})
    assert settled(service, 1) == [("signup", "receipt-2")]


@pytest.mark.parametrize("kind", [Wsgi, Asgi])
def test_a_status_settles_behind_a_middleware(service, kind):
    gateway = kind(service)

    def wsgi_app(environ, start_response):
        start_response(environ["HTTP_X_STATUS"] + " Status", [("Content-Type", "text/plain")])
        return [b""]

    async def asgi_app(scope, receive, send):
        status = next(int(value) for name, value in scope["headers"] if name == b"x-status")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    gateway.app.app = wsgi_app if kind is Wsgi else asgi_app
    for status in ("200", "303", "401", "429", "500", "422", "400"):
        body = b"palisade-ticket=" + service.ticket().encode()
        gateway("POST", "/signup", body, HTTP_X_STATUS=status)
    assert settled(service, 2) == [("signup", "receipt-6"), ("signup", "receipt-7")]


def test_an_outage_while_settling_costs_the_app_nothing(service, caplog):
    client = make_app(service, []).test_client()
    service.then("allow")
    service.say("down")  # every call but the next check
    answer = client.post("/wtf", data={"palisade-ticket": service.ticket(), "email": "taken@example.com"})
    assert answer.status_code == 200
    end = time.monotonic() + 30
    while "keeps its limit" not in caplog.text and time.monotonic() < end:
        time.sleep(0.01)
    assert "form signup keeps its limit" in caplog.text
