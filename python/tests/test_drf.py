"""Django REST framework: permissions and serializers."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings
from django_urls import EFFECTS
from palisade_forms.drf import palisade_permission


@pytest.fixture(autouse=True)
def connected(service, patience):
    EFFECTS.clear()
    with override_settings(PALISADE={**service.settings, "TIMEOUT": patience}):
        yield


@pytest.fixture
def client():
    return Client()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_permission_judges_every_method_that_changes_something(client, service, method):
    send = getattr(client, method)
    response = send("/api/", json.dumps({"email": "a@b.cc"}), content_type="application/json")
    assert response.status_code == 403 and response.json()["challenge"]["ticket"] and response.json()["status"] == 403
    body = {"email": "a@b.cc", "palisade-ticket": service.ticket(), "n": 1}
    assert send("/api/", json.dumps(body), content_type="application/json").status_code == 200
    assert EFFECTS == [body]
    assert service.checks[-1]["json"] is True


def test_forms_and_uploads_reach_the_view_whole(client, service):
    from django.core.files.uploadedfile import SimpleUploadedFile

    data = {"email": "a@b.cc", "file": SimpleUploadedFile("a.txt", b"content"), "palisade-ticket": service.ticket()}
    assert client.post("/api/", data).status_code == 200
    assert EFFECTS[0]["file"] == b"content"
    assert ["file", "a.txt"] not in service.checks[0]["fields"] and b"content" not in service.calls[0].raw


def test_a_ticket_in_a_header_counts(client, service):
    headers = {"palisade-ticket": service.ticket()}
    assert client.post("/api/", "{}", content_type="application/json", headers=headers).status_code == 200


def test_get_is_not_judged(client, service):
    assert client.get("/api/").status_code == 200
    assert client.get("/api/", headers={"accept": "text/html"}).status_code == 200  # shows forms for POST and PUT
    assert client.options("/api/").status_code == 200
    assert not service.checks


@pytest.mark.parametrize("mode", ["down", "garbage", "forged", "hang"])
def test_an_outage_is_a_503(client, service, mode):
    service.say(mode)
    response = client.post("/api/", "{}", content_type="application/json")
    assert response.status_code == 503 and not EFFECTS


def test_a_limit_says_when_to_come_back(client, service):
    service.say("limit")
    response = client.post("/api/", "{}", content_type="application/json")
    assert response.status_code == 429 and response["Retry-After"] == "13"


def test_a_serializer_asks_after_everything_else(client, service):
    def send(**data):
        return client.post("/api-serializer/", json.dumps(data), content_type="application/json").status_code

    assert send(email="typo") == 400 and not service.checks
    assert send(email="a@b.cc") == 403
    assert send(**{"email": "a@b.cc", "palisade-ticket": service.ticket()}) == 200
    assert EFFECTS == [{"email": "a@b.cc"}]


def test_a_serializer_without_request_raises(client):
    with pytest.raises(ImproperlyConfigured, match="context"):
        client.post("/api-forgetful/", json.dumps({"email": "a@b.cc"}), content_type="application/json")
    assert not EFFECTS


def test_a_request_that_only_claims_another_method_is_not_allowed(service):
    from django.test import RequestFactory
    from rest_framework.request import Request, clone_request

    clone = clone_request(Request(RequestFactory().get("/")), "POST")
    assert palisade_permission("api")().has_permission(clone, None) is False
    assert not service.checks


def test_a_permission_needs_a_name():
    with pytest.raises(ImproperlyConfigured):
        palisade_permission("")
