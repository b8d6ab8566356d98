"""Django: real requests through the middleware, views and forms."""

from __future__ import annotations

import asyncio
import os
import re

import subprocess
import sys
import textwrap

import django_urls
import pytest
from django import forms
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.views import View
from django_urls import EFFECTS, SignupForm, UserForm
from palisade_forms.django import PalisadeField, PalisadeMixin, ProtectMixin, protect
from palisade_forms.testing import palisade_allow, palisade_refuse

HTML = "text/html"


@pytest.fixture(autouse=True)
def connected(service, patience):
    EFFECTS.clear()
    with override_settings(PALISADE={**service.settings, "TIMEOUT": patience}):
        yield


@pytest.fixture
def client():
    return Client(raise_request_exception=True)


def ticket_in(response):
    return re.search(r'palisade-ticket" value="([^"]*)"', response.content.decode())[1]


def kind_in(response):
    return re.search(r'data-kind="([^"]*)"', response.content.decode())[1]


# Forms


def test_a_form_that_was_shown_and_sent_is_accepted_once(client, service):
    ticket = ticket_in(client.get("/signup/"))
    data = {"email": "ada@example.com", "palisade-ticket": ticket}
    assert client.post("/signup/", data).content == b"done"
    assert b"human" in client.post("/signup/", data).content
    assert EFFECTS == [{"email": "ada@example.com", "pin": ""}]


def test_a_form_without_a_ticket_is_refused_and_shows_the_challenge(client):
    response = client.post("/signup/", {"email": "ada@example.com"})
    assert kind_in(response) == "challenge" and not EFFECTS


@pytest.mark.parametrize("mode", ["down", "garbage", "forged", "unsigned", "error", "hang", "unknown", "deny", "limit"])
def test_whatever_the_service_does_a_form_that_was_not_allowed_is_refused(client, service, mode):
    service.say(mode)
    response = client.post("/signup/", {"email": "ada@example.com", "palisade-ticket": service.ticket()})
    assert response.status_code == 200 and b"errorlist" in response.content and not EFFECTS


def test_a_typo_spends_nothing_and_keeps_the_ticket(client, service):
    ticket = ticket_in(client.get("/signup/"))
    response = client.post("/signup/", {"email": "typo", "palisade-ticket": ticket})
    assert kind_in(response) == "kept" and ticket_in(response) == ticket and not service.checks
    assert client.post("/signup/", {"email": "ada@example.com", "palisade-ticket": ticket}).content == b"done"


def test_what_the_app_itself_finds_wrong_gives_a_new_ticket_for_the_solved_one(client, service):
    response = client.post("/signup/", {"email": "taken@example.com", "palisade-ticket": service.ticket()})
    assert kind_in(response) == "retry" and b"Taken." in response.content
    data = {"email": "ada@example.com", "palisade-ticket": ticket_in(response)}
    assert client.post("/signup/", data).content == b"done"


def test_passwords_by_widget_or_name_are_not_sent(client, service):
    client.post("/signup/", {"email": "ada@example.com", "pin": "0000", "password1": "hunter2"})
    client.post("/signup/", {"email": "typo", "pin": "0000", "password1": "hunter2"})
    for call in service.calls:
        assert b"0000" not in call.raw and b"hunter2" not in call.raw


def test_a_view_and_its_form_ask_once(client, service):
    assert client.post("/both/", {"email": "ada@example.com", "palisade-ticket": service.ticket()}).content == b"done"
    assert len(service.checks) == 1


def test_other_data_in_the_same_request_is_judged_on_its_own(service):
    request = RequestFactory().post("/")
    ticket = {"palisade-ticket": service.ticket()}
    assert SignupForm({"email": "ada@example.com", **ticket}, request=request).is_valid()
    assert SignupForm({"email": "ada@example.com", **ticket}, request=request).is_valid()  # the same again: the service was asked once
    assert not SignupForm({"email": "eve@example.com", **ticket}, request=request).is_valid()
    assert len(service.checks) == 2


def test_a_form_view_hands_the_request_on(client, service):
    assert client.post("/signup-view/", {"email": "ada@example.com", "palisade-ticket": service.ticket()}).status_code == 302
    assert kind_in(client.post("/signup-view/", {"email": "ada@example.com"})) == "challenge"
    assert len(EFFECTS) == 1


def test_a_form_without_request_raises(client):
    with pytest.raises(ImproperlyConfigured, match="needs the request"):
        client.post("/without-request/", {"email": "ada@example.com"})
    with pytest.raises(ImproperlyConfigured, match="needs the request"):
        str(SignupForm())
    assert not EFFECTS


def test_a_form_that_is_never_validated_raises(client):
    with pytest.raises(ImproperlyConfigured, match="never validated"):
        client.post("/never-validated/", {"email": "ada@example.com"})
    form = SignupForm({"email": "ada@example.com"}, request=RequestFactory().post("/"))
    with pytest.raises(ImproperlyConfigured, match="is_valid"):
        form.cleaned_data  # noqa: B018
    assert not hasattr(form, "cleaned_data")
    assert client.post("/cancel/", {"email": "ada@example.com"}).content == b"cancelled"


def test_a_view_that_ignores_the_result_has_no_data_to_use(client):
    with pytest.raises(KeyError):
        client.post("/ignores/", {"email": "ada@example.com"})
    assert not EFFECTS


def test_a_form_that_skips_the_judgement_raises():
    class Skips(SignupForm):
        def full_clean(self):
            self._errors, self.cleaned_data = {}, {}

    with pytest.raises(ImproperlyConfigured, match="never judged"):
        Skips({"email": "a@b.cc"}, request=RequestFactory().post("/")).is_valid()


def test_a_form_is_not_judged_for_a_get_request():
    with pytest.raises(ImproperlyConfigured, match="GET"):
        SignupForm({"email": "a@b.cc"}, request=RequestFactory().get("/")).is_valid()


def test_a_form_that_may_be_empty_raises():
    form = SignupForm({}, request=RequestFactory().post("/"), empty_permitted=True, use_required_attribute=False)
    with pytest.raises(ImproperlyConfigured, match="formset"):
        form.is_valid()


def test_mistakes_in_a_forms_class_raise():
    with pytest.raises(TypeError, match="left of the form"):
        type("Wrong", (forms.Form, PalisadeMixin), {})
    with pytest.raises(TypeError, match="left of the view"):
        type("Wrong", (View, ProtectMixin), {})

    class Bare(forms.Form):
        palisade = PalisadeField()

    with pytest.raises(ImproperlyConfigured, match="PalisadeMixin"):
        Bare({}).is_valid()
    with pytest.raises(ImproperlyConfigured, match="PalisadeMixin"):
        str(Bare())

    class Nameless(PalisadeMixin, forms.Form):
        pass

    with pytest.raises(ImproperlyConfigured, match="palisade_form"):
        Nameless({}, request=RequestFactory().post("/")).is_valid()


def test_a_model_form_is_judged_by_the_name_in_its_meta(service):
    request = RequestFactory().post("/", {"username": "ada", "palisade-ticket": service.ticket()})
    assert UserForm(request.POST, request=request).is_valid()
    assert service.checks[0]["form"] == "user"
    form = UserForm({"username": "ada"}, request=RequestFactory().post("/"))
    with pytest.raises(ValueError):
        form.save()


def test_the_place_in_the_form_can_be_chosen():
    class Placed(PalisadeMixin, forms.Form):
        palisade_form = "signup"
        palisade = PalisadeField()
        email = forms.EmailField()

    form = Placed(request=RequestFactory().get("/"))
    assert list(form.fields) == ["palisade", "email"] and 'class="palisade"' in str(form["palisade"])
    assert "palisade-ticket" in form.as_p()


# Views


@pytest.mark.parametrize("path", ["/vote/", "/vote-view/"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_every_method_that_changes_something_is_judged(client, service, path, method):
    response = getattr(client, method)(path, "a=1", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 403 and not EFFECTS
    body = f"a=1&palisade-ticket={service.ticket()}"
    assert getattr(client, method)(path, body, content_type="application/x-www-form-urlencoded").status_code in (200, 405)
    assert service.checks[-1]["fields"][0] == ["a", "1"] and service.checks[-1]["method"] == method.upper()


@pytest.mark.parametrize("path", ["/vote/", "/vote-view/", "/avote/", "/avote-view/", "/anything/", "/named-anything/"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods_that_change_nothing_bring_nothing(client, service, path, method):
    with protecting(service, {"POST /named-anything/": "anything"}):
        response = client.generic(method, path, QUERY_STRING="user=bot")
        assert response.status_code in (200, 204, 405) and not EFFECTS
        assert method != "HEAD" or not response.content
        assert client.generic(method, path, "user=bot", "text/plain").status_code == 400
        assert client.generic(method, path, HTTP_TRANSFER_ENCODING="chunked").status_code == 400
    assert not service.checks and not EFFECTS


def test_a_class_view_says_which_methods_it_has(client):
    assert "POST" in client.options("/vote-view/").headers["Allow"]


@pytest.mark.parametrize("path", ["/vote/", "/vote-view/", "/avote/", "/avote-view/"])
def test_get_and_head_are_not_judged(client, service, path):
    assert client.get(path).status_code == 200
    assert client.head(path).status_code in (200, 405)
    assert not service.checks


def test_a_challenge_page_keeps_what_was_typed_in_the_app(client, service):
    data = {"comment": '"><script>\n', "tag": ["a", "b"], "password": "hunter2", "palisade-proof": "old", "h-captcha-response": "used"}
    response = client.post("/vote/", data)
    page = response.content.decode()
    assert response.status_code == 403 and response["Content-Security-Policy"] == "default-src 'self'"
    assert 'value="&quot;&gt;&lt;script&gt;&#10;"' in page and page.count('name="tag"') == 2
    assert 'name="password" value="hunter2"' in page and b"hunter2" not in service.calls[0].raw
    assert "palisade-typed" not in page and "palisade-proof" not in page and "h-captcha-response" not in page


def test_programs_get_problem_json(client):
    response = client.post("/vote/", {"email": "a@b.cc"}, content_type="application/json")
    assert response.status_code == 403 and response["Content-Type"] == "application/problem+json"
    assert response.json()["challenge"]["ticket"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"\xff=\xff", "application/x-www-form-urlencoded; charset=utf-16", 415),
        (b"<a/>", "text/xml", 415),
        (b"{", "application/json", 400),
        (b'{"palisade-ticket": 1}', "application/json", 400),
        (b"[" * 100000, "application/json", 400),
    ],
)
def test_what_cannot_be_read_is_refused(client, service, body, content_type, status):
    assert client.generic("POST", "/vote/", body, content_type).status_code == status
    assert not service.checks and not EFFECTS


def test_an_outage_answers_503_with_a_page_of_our_own(client, service):
    service.say("down")
    response = client.post("/vote/", {"a": "1"})
    assert response.status_code == 503 and response["Retry-After"] == "30" and not EFFECTS
    response = client.post("/vote/", {"a": "1"}, headers={"accept": "application/json"})
    assert response.json()["status"] == 503


def test_limits_say_when_to_come_back(client, service):
    service.say("limit")
    response = client.post("/vote/", {"a": "1"})
    assert (response.status_code, response["Retry-After"]) == (429, "13")


def test_async_views_are_judged_both_ways(service):
    async def go():
        client = AsyncClient()
        refused = [(await client.post(path, {"email": "a@b.cc"})).status_code for path in ("/avote/", "/avote-view/", "/asignup/")]
        allowed = []
        for path in ("/avote/", "/avote-view/", "/asignup/", "/vote/", "/vote-view/"):
            data = {"email": "a@b.cc", "palisade-ticket": service.ticket()}
            allowed.append((await client.post(path, data)).status_code)
        script = await client.get("/.palisade/palisade.js")
        return refused, allowed, script.status_code

    refused, allowed, script = asyncio.run(go())
    assert (refused, allowed, script) == ([403] * 3, [200] * 5, 200) and len(EFFECTS) == 5


def test_async_views_are_judged_under_wsgi_too(client, service):
    assert client.post("/avote/", {"a": "1"}).status_code == 403
    assert client.post("/avote-view/", {"a": "1"}).status_code == 403
    assert client.post("/avote-view/", {"palisade-ticket": service.ticket()}).status_code == 200


def test_protect_without_a_name_raises():
    with pytest.raises(ImproperlyConfigured):
        protect(lambda request: None)
    with pytest.raises(ImproperlyConfigured):
        protect("sign up")


def test_csrf_is_checked_before_anything_is_spent(service):
    ticket = service.ticket()
    response = Client(enforce_csrf_checks=True).post("/vote/", {"palisade-ticket": ticket})
    assert response.status_code == 403 and not service.checks


# Middleware


def protecting(service, protect):
    return override_settings(PALISADE={**service.settings, "PROTECT": protect})


@pytest.mark.parametrize("entry", ["POST plain", "plain", "POST /plain/<int:number>", "/plain/<int:number>/"])
def test_a_url_is_protected_by_name_or_route(service, entry):
    with protecting(service, {entry: "plain"}):
        client = Client()
        assert client.post("/plain/1/", {"a": "1"}).status_code == 403
        assert client.put("/plain/1/").status_code == 403
        assert client.get("/plain/1/").status_code == 200
        assert client.post("/plain/1/", {"palisade-ticket": service.ticket()}).status_code == 200
    assert EFFECTS == ["/plain/1/"]


def test_no_spelling_of_a_path_leads_around_the_middleware(service):
    with protecting(service, {"POST anycase": "any", "space:inner": "inner"}):
        client = Client()
        for path in ("/anycase", "/ANYCASE/", "/AnyCase", "/%61nycase", "/space/inner/", "/space/%69nner/"):
            assert client.post(path).status_code == 403, path
        for path in ("//anycase", "/./anycase", "/anycase//", "/anycase;a=1", "/SPACE/inner/"):
            assert client.post(path).status_code in (403, 404), path
    assert not EFFECTS


def test_methods_choose_between_forms(service):
    with protecting(service, {"POST plain": "create", "PUT,PATCH plain": "edit"}):
        client = Client()
        client.post("/plain/1/"), client.patch("/plain/1/"), client.delete("/plain/1/")
    assert [check["form"] for check in service.checks] == ["create", "edit", "create"]


def test_the_base_path_is_forwarded_for_get_and_head_alone(client, service):
    response = client.get("/.palisade/palisade.js", headers={"cookie": "sessionid=1"})
    assert response.content == b"// the script" and response["ETag"] == '"1"' and "Set-Cookie" not in response
    assert client.head("/.palisade/palisade.js").status_code == 200
    assert client.get("/.palisade/ticket?form=signup").json()["form"] == "signup"
    assert client.post("/.palisade/ticket").status_code == 405
    for odd in ("/.palisade/", "/.palisade/../v1/check", "/.palisade/%2e%2e/x", "/.palisade/a%0d%0ab", "/.palisade/none"):
        assert client.get(odd).status_code == 404
    service.say("down")
    assert client.get("/.palisade/palisade.js").status_code == 503
    assert all("sessionid" not in str(call.headers) for call in service.calls)


def test_pages_with_a_ticket_are_not_cached(client):
    assert "no-store" in client.get("/signup/")["Cache-Control"]
    assert "Cache-Control" not in client.get("/plain/1/")


# Template tag


def test_the_tag_shows_fresh_fields_and_after_an_allowed_post_those_of_the_judgement(client, service):
    response = client.get("/tagged/")
    assert kind_in(response) == "fresh"
    assert kind_in(client.post("/tagged/", {"palisade-ticket": ticket_in(response)})) == "retry"


def test_the_tag_takes_lazy_and_given_nonces(client):
    page = client.get("/nonce/").content.decode()
    assert page.count('nonce="lazy-nonce"') == 1 and page.count('nonce="given"') == 1


def test_a_challenge_in_a_form_gets_the_pages_nonce(service):
    request = RequestFactory().post("/", {"email": "a@b.cc"})
    request.csp_nonce = django_urls.Nonce()
    form = SignupForm(request.POST, request=request)
    assert not form.is_valid() and 'nonce="lazy-nonce"' in str(form)


def test_the_tag_without_request_raises():
    from django.template import engines

    with pytest.raises(ImproperlyConfigured):
        engines["django"].from_string('{% load palisade %}{% palisade "a" %}').render()


# Addresses


def test_forwarded_addresses_count_from_trusted_proxies_alone(service):
    def seen(peer, forwarded, trusted):
        with override_settings(PALISADE={**service.settings, "TRUSTED_PROXIES": trusted}):
            headers = {"x-forwarded-for": forwarded} if forwarded else {}
            status = Client().post("/vote/", {"a": "1"}, REMOTE_ADDR=peer, headers=headers).status_code
        return service.checks[-1]["address"] if status == 403 else status

    assert seen("198.51.100.1", "10.9.9.9", []) == "198.51.100.1"
    assert seen("198.51.100.1", "10.9.9.9", ["10.0.0.0/8"]) == "198.51.100.1"
    assert seen("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", ["10.0.0.0/8"]) == "203.0.113.9"
    assert seen("10.0.0.1", "junk, [2001:db8::1]:443", ["10.0.0.0/8"]) == "2001:db8::1"
    assert seen("::ffff:10.0.0.1", "203.0.113.9:80", ["10.0.0.1"]) == "203.0.113.9"
    assert seen("", "203.0.113.9", ["unix"]) == "203.0.113.9"
    assert seen("10.0.0.1", "203.0.113.9, junk", ["10.0.0.0/8"]) == 400
    assert seen("10.0.0.1", None, ["10.0.0.0/8"]) == 400
    assert seen("", None, []) == 400


# Settings


def errors(**settings):
    with override_settings(**settings):
        return {error.id: error for error in run_checks(tags=["security"]) if error.id.startswith("palisade.")}


GOOD = {"URL": "http://127.0.0.1:9", "SITEKEY": "shop", "SECRET": "a secret that only tests know"}


def test_good_settings_have_no_errors():
    assert not errors(PALISADE=GOOD)


@pytest.mark.parametrize(
    ("change", "ids"),
    [
        ({"URL": ""}, {"palisade.E001"}),
        ({"SITEKEY": ""}, {"palisade.E002"}),
        ({"SECRET": ""}, {"palisade.E003"}),
        ({"URL": "http://example.com"}, {"palisade.E001"}),
        ({"SECRET": "short"}, {"palisade.E003"}),
        ({"SECRET": "0x0000000000000000000000000000000000000000"}, {"palisade.E003"}),
        ({"SITEKEY": "1x00000000000000000000AA"}, {"palisade.E003"}),
        ({"SECRET": "1x0000000000000000000000000000000AA"}, {"palisade.E003"}),
        ({"TRUSTED_PROXIES": ["0.0.0.0/0"]}, {"palisade.E004"}),
        ({"TRUSTED_PROXIES": ["proxy"]}, {"palisade.E004"}),
        ({"DOWN": "allow"}, {"palisade.E005"}),
        ({"PROTECT": {"POST nowhere": "signup"}}, {"palisade.E008"}),
        ({"PROTECT": {"POST signup": "sign up"}}, {"palisade.E007"}),
        ({"SECERT": "x"}, {"palisade.E009"}),
    ],
)
def test_each_mistake_in_the_settings_is_an_error(change, ids):
    found = errors(PALISADE={**GOOD, **change})
    assert set(found) == ids
    assert all(error.level >= 40 for error in found.values())
    assert all(str(change.get("SECRET") or "none") not in error.msg for error in found.values())


def test_missing_middleware_is_an_error():
    assert set(errors(PALISADE=GOOD, MIDDLEWARE=[])) == {"palisade.E006"}


def test_test_keys_are_fine_while_debugging():
    assert not errors(PALISADE={**GOOD, "SECRET": "test"}, DEBUG=True)


def test_bad_settings_and_unknown_routes_stop_the_middleware():
    for bad in ({**GOOD, "SECRET": "short"}, {**GOOD, "PROTECT": {"nowhere": "signup"}}):
        with override_settings(PALISADE=bad), pytest.raises(ImproperlyConfigured):
            Client().get("/signup/")


PROJECT = """
import sys
from django.conf import settings
settings.configure(DEBUG={debug}, SECRET_KEY="x", ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"],
    INSTALLED_APPS={apps!r}, MIDDLEWARE={middleware!r}, PALISADE={palisade!r})
import types
urls = types.ModuleType("urls"); urls.urlpatterns = []; sys.modules["urls"] = urls
{start}
"""

WSGI = "from django.core.wsgi import get_wsgi_application as start; start(); print('started')"
ASGI = "from django.core.asgi import get_asgi_application as start; start(); print('started')"
CHECK = "from django.core.management import execute_from_command_line as run; run(['manage.py', 'check'])"
MIDDLEWARE = ["palisade_forms.django.middleware.PalisadeMiddleware"]


def start_all(*projects):
    """Start projects at once, each in a process of its own."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROJECT).format(**project)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # the package need not be installed
        )
        for project in projects
    ]  # fmt: skip
    return [(*process.communicate(timeout=300), process.returncode) for process in running]


def test_bad_settings_stop_a_server_but_not_the_checks():
    bad = {"apps": ["palisade_forms.django"], "debug": False, "middleware": MIDDLEWARE, "palisade": {**GOOD, "SECRET": ""}}
    good = {**bad, "palisade": GOOD}
    no_middleware = {**good, "middleware": []}
    unknown = {**good, "palisade": {**GOOD, "PROTECT": {"nowhere": "a"}}}
    results = start_all(
        {**good, "start": WSGI}, {**bad, "start": WSGI}, {**bad, "start": ASGI}, {**no_middleware, "start": WSGI},
        {**unknown, "start": WSGI}, {**bad, "start": CHECK}, {**bad, "debug": True, "start": WSGI},
        {**bad, "apps": [], "start": WSGI},
    )  # fmt: skip
    assert results[0][0] == "started\n"
    for out, error, status in [*results[1:5], results[7]]:
        assert status == 1 and "started" not in out and "ImproperlyConfigured: PALISADE:" in error
    assert "SECRET is missing" in results[1][1] and "nowhere" in results[4][1]
    assert "palisade.E003" in results[5][1] and "Traceback" not in results[5][1]
    assert results[6][0] == "started\n"


def test_check_finds_nothing_wrong_with_this_project():
    call_command("check", "--tag", "security", "--fail-level", "ERROR")


# Helpers for apps' tests


def test_apps_can_be_tested_without_a_service(client, service):
    with palisade_allow():
        assert client.post("/vote/", {"a": "1"}).status_code == 200
        assert client.post("/signup/", {"email": "a@b.cc"}).content == b"done"
    with palisade_refuse(429):
        assert client.post("/vote/", {"a": "1"}).status_code == 429
    assert not service.calls


def test_an_app_can_be_tested_with_the_fake_services_own_keys():
    from palisade_forms.testing import FakeService

    with FakeService("allow") as fake, override_settings(PALISADE=fake.settings):
        assert Client().post("/vote/", {"a": "1"}).status_code == 200
