"""What the app answers settles the limits of the service."""

from __future__ import annotations

import time

import pytest
from django.test import Client, override_settings
from palisade_forms import wsgi
from palisade_forms.settling import Receipt, effect_of, leads_back
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
        *((status, True, True, "") for status in (206, 304, 307, 308, 401, 402, 403, 404, 409, 429, 500, 503)),
    ],
)
def test_an_answer_says_what_came_of_a_submission(status, shown, corrected, effect):
    assert effect_of(status, Receipt("x", "rejected", shown, corrected)) == effect


@pytest.mark.parametrize(
    ("location", "referer", "back"),
    [
        ("", "", False),
        ("/welcome", "https://shop.example/page", False),
        ("/login?next=%2F", "", True),
        ("https://shop.example/login", "", True),
        ("", "https://shop.example/login", False),
        ("/page?error=1", "https://shop.example/page", True),
        ("?again", "", True),
        ("http://[", "", True),
    ],
)
def test_a_redirect_back_to_the_form_is_no_success(location, referer, back):
    assert leads_back(location, "https://shop.example/login", referer) is back
    assert effect_of(302, Receipt("x", "accepted"), back) == ("" if back else "accepted")


def test_a_failed_login_that_redirects_to_the_form_counts(service):
    gateway = Wsgi(service)

    def app(environ, start_response):
        start_response("302 Found", [("Location", environ["HTTP_X_TO"]), ("Content-Type", "text/plain")])
        return [b""]

    gateway.app.app = app
    gateway.app.routes = wsgi.Routes({"POST /login": "login"})
    for to in ("/login", "/welcome"):
        gateway("POST", "/login", b"palisade-ticket=" + service.ticket().encode(), HTTP_X_TO=to)
    assert settled(service, 1) == [("login", "receipt-2")]


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


def test_a_request_without_a_known_sender_is_still_answered(service):
    app = make_app(service, [], PALISADE_TRUSTED_PROXIES=["127.0.0.1"])
    answer = app.test_client().post("/vote/", data={"a": "1"}, headers={"X-Forwarded-For": "nobody"})
    assert answer.status_code == 400


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
