"""Flask and Flask-WTF: real requests to real apps."""

from __future__ import annotations

import io
import re

import pytest
from flask import Blueprint, Flask, render_template_string, request
from flask_wtf import FlaskForm
from palisade_forms.flask import Palisade, PalisadeField, decision_of
from wtforms import Form, PasswordField, StringField
from wtforms.validators import DataRequired, Email, ValidationError

try:
    import email_validator  # noqa: F401

    EMAIL = [DataRequired(), Email()]
except ImportError:
    EMAIL = [DataRequired()]


class SignupForm(FlaskForm):
    email = StringField(validators=EMAIL)
    pin = PasswordField()
    palisade = PalisadeField("signup")
    nick = StringField()

    def validate_nick(self, field):
        if field.data == "bad":
            raise ValidationError("bad nick")


@pytest.fixture
def effects():
    return []


@pytest.fixture
def app(service, effects, patience):
    return make_app(service, effects, PALISADE_TIMEOUT=patience)


def make_app(service, effects, **config):
    app = Flask("shop")
    settings = {f"PALISADE_{name}": value for name, value in service.settings.items()}
    app.config.update(SECRET_KEY="x", TESTING=True, WTF_CSRF_ENABLED=False, **({"PALISADE_TIMEOUT": 60.0} | settings | config))
    palisade = Palisade()
    palisade.init_app(app)
    blueprint = Blueprint("votes", __name__)

    @blueprint.route("/vote/", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @palisade.protect("vote")
    def vote():
        if request.method != "GET":
            effects.append(request.form.to_dict(flat=False) or request.get_json(silent=True))
        return render_template_string('<form>{{ palisade_fields("vote", nonce="n0nce") }}</form>')

    @app.route("/wtf", methods=["GET", "POST"])
    def wtf():
        form = SignupForm()
        if form.validate_on_submit():
            if form.email.data == "taken@example.com":
                form.email.errors = ["taken"]
            else:
                effects.append(form.data)
                return "done"
        return render_template_string("{{ form.palisade() }}{{ form.errors }}", form=form)

    @app.route("/anything", methods=["GET", "HEAD", "OPTIONS", "POST"])
    @palisade.protect("anything")
    def anything():
        if request.method != "GET":
            effects.append(request.values)
        return "the page"

    @app.route("/forgets", methods=["POST"])
    def forgets():
        SignupForm()
        return "done"

    app.register_blueprint(blueprint)
    return app


def ticket_in(response):
    return re.search(r'palisade-ticket" value="([^"]*)"', response.text)[1]


def kind_in(response):
    return re.search(r'data-kind="([^"]*)"', response.text)[1]


def test_methods_that_change_nothing_bring_nothing(app, effects):
    client = app.test_client()
    for method in ("GET", "HEAD", "OPTIONS"):
        assert client.open("/anything?user=bot", method=method).status_code == 200 and not effects
        assert client.open("/anything", method=method, data="user=bot").status_code == 400
        assert client.open("/anything", method=method, headers={"Transfer-Encoding": "chunked"}).status_code == 400
    assert "POST" in client.options("/anything").headers["Allow"] and not effects


def test_a_form_that_was_shown_and_sent_is_accepted_once(app, effects):
    client = app.test_client()
    page = client.get("/vote/")
    assert 'nonce="n0nce"' in page.text and "no-store" in page.headers["Cache-Control"]
    data = {"a": ["1", "2"], "palisade-ticket": ticket_in(page)}
    again = client.post("/vote/", data=data)
    assert again.status_code == 200 and kind_in(again) == "retry" and 'nonce="n0nce"' in again.text
    assert client.post("/vote/", data=data).status_code == 403
    assert len(effects) == 1 and effects[0]["a"] == ["1", "2"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_every_method_that_changes_something_is_judged(app, service, effects, method):
    send = getattr(app.test_client(), method)
    assert send("/vote/", data={"a": "1"}).status_code == 403
    assert send("/vote/", json={"a": "1"}).headers["Content-Type"] == "application/problem+json"
    assert not effects
    assert send("/vote/", json={"a": "1", "palisade-ticket": service.ticket()}).status_code == 200


def test_get_and_head_are_not_judged(app, service):
    client = app.test_client()
    assert client.get("/vote/").status_code == client.head("/vote/").status_code == client.options("/vote/").status_code == 200
    assert not service.checks


@pytest.mark.parametrize("mode", ["down", "garbage", "forged", "unsigned", "hang", "error", "unknown"])
def test_an_outage_refuses(app, service, effects, mode):
    service.say(mode)
    response = app.test_client().post("/vote/", data={"palisade-ticket": service.ticket()})
    assert response.status_code == 503 and not effects


def test_a_challenge_keeps_what_was_typed_and_sends_no_password(app, service):
    response = app.test_client().post("/vote/", data={"tag": ["a", "<b>"], "password": "hunter2", "file": (io.BytesIO(b"content"), "a.txt")})
    assert response.text.count('name="tag"') == 2 and "&lt;b&gt;" in response.text and "hunter2" in response.text
    assert b"hunter2" not in service.calls[0].raw and b"content" not in service.calls[0].raw


def test_what_cannot_be_read_is_refused(app, service):
    client = app.test_client()
    assert client.post("/vote/", data="<a/>", content_type="text/xml").status_code == 415
    assert client.post("/vote/", data="{", content_type="application/json").status_code == 400
    assert not service.checks


def test_the_base_path_is_forwarded(app, service):
    client = app.test_client()
    response = client.get("/.palisade/palisade.js")
    assert response.text == "// the script" and "Set-Cookie" not in response.headers
    assert client.get("/.palisade/ticket?form=vote").json["form"] == "vote"
    assert client.post("/.palisade/ticket").status_code == 405
    assert client.get("/.palisade/..%2fv1").status_code == 404


def test_a_wtform_is_valid_only_when_it_was_allowed(app, service, effects):
    client = app.test_client()
    ticket = ticket_in(client.get("/wtf"))
    for data in ({"email": ""}, {"email": "a@example.com", "nick": "bad"}):
        response = client.post("/wtf", data={**data, "palisade-ticket": ticket})
        assert kind_in(response) == "kept" and not service.checks
    assert client.post("/wtf", data={"email": "a@example.com", "pin": "0000", "palisade-ticket": ticket}).text == "done"
    assert b"0000" not in service.calls[-1].raw
    response = client.post("/wtf", data={"email": "a@example.com", "palisade-ticket": ticket})
    assert kind_in(response) == "challenge" and "human" in response.text
    assert len(effects) == 1


def test_what_the_app_finds_wrong_later_keeps_the_solve(app, service):
    response = app.test_client().post("/wtf", data={"email": "taken@example.com", "palisade-ticket": service.ticket()})
    assert kind_in(response) == "retry"


@pytest.mark.parametrize("mode", ["down", "garbage", "forged", "deny", "limit"])
def test_a_wtform_is_invalid_in_an_outage(app, service, effects, mode):
    service.say(mode)
    assert "palisade" in app.test_client().post("/wtf", data={"email": "a@example.com"}).text
    assert not effects


def test_a_wtform_that_is_never_validated_raises(app):
    with pytest.raises(RuntimeError, match="never validated"):
        app.test_client().post("/forgets", data={"email": "a@example.com"})


def test_the_field_needs_a_name():
    class Nameless(Form):
        palisade = PalisadeField()

    with pytest.raises(TypeError):
        Nameless()


def test_the_decorator_in_the_wrong_order_raises(service, effects):
    app = make_app(service, effects)
    palisade = Palisade()
    palisade.init_app(app)

    @palisade.protect("signup")
    @app.route("/wrong", methods=["POST"])
    def wrong():
        effects.append(1)

    with pytest.raises(RuntimeError, match="below @app.route"):
        app.test_client().post("/wrong")
    with pytest.raises(TypeError):
        palisade.protect(wrong)
    assert not effects


@pytest.mark.parametrize(
    "config",
    [
        {"PALISADE_SECRET": ""},
        {"PALISADE_URL": "http://example.com"},
        {"PALISADE_SECRET": "short", "TESTING": False},
        {"PALISADE_SECRET": "1x0000000000000000000000000000000AA", "TESTING": False},
        {"PALISADE_TRUSTED_PROXIES": ["0.0.0.0/0"]},
        {"PALISADE_SECERT": "x"},
        {"PALISADE_DOWN": "allow"},
        {"PALISADE_BASE": "palisade"},
    ],
)
def test_mistakes_in_the_config_raise_while_the_app_is_made(service, config):
    app = Flask("shop")
    settings = {f"PALISADE_{name}": value for name, value in service.settings.items()}
    app.config.update(settings | {"TESTING": True} | config)
    with pytest.raises(RuntimeError, match="Palisade:") as caught:
        Palisade(app)
    assert service.secret not in str(caught.value)


def test_an_app_without_the_extension_raises():
    app = Flask("shop")
    palisade = Palisade()

    @app.route("/", methods=["POST"])
    @palisade.protect("a")
    def view():
        return ""

    app.testing = True
    with pytest.raises(RuntimeError, match="init_app"):
        app.test_client().post("/")


def test_async_views_are_protected(app, service):
    pytest.importorskip("asgiref")
    palisade = Palisade()

    @app.route("/async", methods=["POST"])
    @palisade.protect("vote")
    async def view():
        return decision_of("vote").outcome

    client = app.test_client()
    assert client.post("/async").status_code == 403
    assert client.post("/async", data={"palisade-ticket": service.ticket()}).text == "allow"


def test_the_address_comes_from_trusted_proxies(service, effects):
    app = make_app(service, effects, PALISADE_TRUSTED_PROXIES=["127.0.0.1"])
    app.test_client().post("/vote/", headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.9"})
    assert service.checks[0]["address"] == "203.0.113.9"


def test_a_request_is_judged_once_for_each_form(app, service):
    from palisade_forms.flask import judge

    visitor = {"REMOTE_ADDR": "203.0.113.9"}
    with app.test_request_context("/", method="POST", data={"palisade-ticket": service.ticket()}, environ_base=visitor):
        assert judge("vote").allowed and judge("vote").allowed
        assert not judge("signup").allowed
    assert [check["form"] for check in service.checks] == ["vote", "signup"]


def test_nothing_of_a_request_is_kept_for_the_next(app, service):
    with app.app_context():
        client, ticket = app.test_client(), service.ticket()
        assert client.post("/vote/", data={"palisade-ticket": ticket}).status_code == 200
        assert client.post("/vote/", data={"palisade-ticket": ticket}).status_code == 403
