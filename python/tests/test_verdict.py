"""The gateway's verdict. The vectors were made by package verdict of the Go module."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import time

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import Client
from palisade_forms.django import require_verdict as django_require_verdict
from palisade_forms.verdict import HEADER, VerdictError, require_verdict, verify

KEY = "5281c15339776064ed1004b8e9a2cdaaeacd0956e4209003539fcbfd176cdf18"
AT = 1795478400
POST = "v=1; t=1795478400; id=5qyp3hdr; site=example.com; form=signup; mode=enforce; sig=VF5cs6zp0TBNHs8jaoHuNGlp8BOuvT4vVyGEcPMrO3w"
PUT = "v=1; t=1795478400; id=5qyp3hdr; site=example.com; form=signup; mode=monitor; sig=Inb7MmIk22uOFwf9yq64LBPJ_nEuAs6o340pcNDjOsg"
REQUEST = {"host": "example.com", "method": "POST", "path": b"/sign up", "body": b"a=1&b=%C3%BC"}


def test_what_the_gateway_signed_is_verified():
    verdict = verify([POST], KEY, now=AT, **REQUEST)
    assert (verdict.site, verdict.form, verdict.id, verdict.mode, verdict.time) == ("example.com", "signup", "5qyp3hdr", "enforce", AT)
    put = {"host": "example.com", "method": "PUT", "path": "/café".encode(), "body": b""}
    assert verify([PUT], bytes.fromhex(KEY), now=AT, **put).mode == "monitor"


@pytest.mark.parametrize("change", [{"host": "example.org"}, {"method": "PUT"}, {"path": b"/admin"}, {"path": b"/sign%20up"}, {"body": b"a=2"}])
def test_a_verdict_holds_for_its_request_alone(change):
    with pytest.raises(VerdictError):
        verify([POST], KEY, now=AT, **{**REQUEST, **change})


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        [POST, POST],
        [POST.replace("enforce", "exempt")],
        [POST.replace("form=signup", "form=vote")],
        [POST.replace("v=1", "v=2")],
        [POST.replace("v=1; ", "")],
        [POST.replace("v=1; ", "v=1; v=1; ")],
        [POST.replace("v=1; ", "v=1; x=1; ")],
        [POST + "; x=" + "x" * 1024],
        [POST[:-1]],
        [POST[:-1] + "="],
        [POST.replace("t=1795478400", "t=+1795478400")],
        [POST + "\u00e9"],
    ],
)
def test_a_header_that_was_touched_is_refused(lines):
    with pytest.raises(VerdictError):
        verify(lines, KEY, now=AT, **REQUEST)


def test_a_verdict_holds_for_thirty_seconds():
    for now in (AT - 30, AT + 30):
        verify([POST], KEY, now=now, **REQUEST)
    for now in (AT - 31, AT + 31):
        with pytest.raises(VerdictError):
            verify([POST], KEY, now=now, **REQUEST)


def test_the_key_before_counts_while_it_is_replaced():
    assert verify([POST], ["00" * 32, KEY], now=AT, **REQUEST)
    with pytest.raises(VerdictError):
        verify([POST], "00" * 32, now=AT, **REQUEST)
    for bad in ("", "not hex", b"short", []):
        with pytest.raises(ValueError):
            verify([POST], bad, now=AT, **REQUEST)


def sign(path, body, mode="enforce"):
    at = str(int(time.time()))
    digest = "-" if mode == "session" else hashlib.sha256(body).hexdigest()
    lines = [b"palisade-verdict/1", b"example.com", b"signup", b"testserver", b"POST", path, digest.encode(),
             at.encode(), b"5qyp3hdr", mode.encode()]  # fmt: skip
    tag = hmac.new(bytes.fromhex(KEY), b"".join(line + b"\n" for line in lines), hashlib.sha256).digest()
    sig = base64.urlsafe_b64encode(tag).decode().rstrip("=")
    return f"v=1; t={at}; id=5qyp3hdr; site=example.com; form=signup; mode={mode}; sig={sig}"


def test_a_wsgi_app_takes_what_came_through_the_gateway_alone():
    def app(environ, start_response):
        assert environ["wsgi.input"].read() == b"a=1" and environ["palisade.verdict"].form == "signup"
        start_response("200 OK", [])
        return []

    def status(header, **environ):
        seen = []
        base = {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/caf\u00c3\u00a9", "HTTP_HOST": "testserver", "CONTENT_LENGTH": "3",
                "wsgi.input": io.BytesIO(b"a=1")}  # fmt: skip
        if header:
            base["HTTP_PALISADE_VERDICT"] = header
        require_verdict(app, KEY)({**base, **environ}, lambda line, headers: seen.append(line))
        return seen[0][:3]

    good = sign("/café".encode(), b"a=1")
    assert status(good) == "200"
    assert status(good, PATH_INFO="/other") == "403"
    assert status(None) == "403"
    assert status(sign("/café".encode(), b"a=1", "monitor")) == "403"


def test_a_django_view_takes_what_came_through_the_gateway_alone():
    client = Client()
    body = b"a=1"

    def status(header):
        return client.generic("POST", "/sign%20up", body, "text/plain", headers={"Host": "testserver", **({HEADER: header} if header else {})}).status_code

    assert status(sign(b"/sign up", body)) == 200
    assert status(sign(b"/sign up", b"a=2")) == 403
    assert status(sign(b"/sign up", body, "monitor")) == 403
    assert status(None) == 403


class Unread:
    """A body that fails the test if it is read."""

    def read(self, *args):
        raise AssertionError("somebody reads the body")

    readline = read


def test_a_wsgi_app_gets_the_body_of_a_session_unread():
    def app(environ, start_response):
        assert environ["wsgi.input"] is body and environ["CONTENT_LENGTH"] == str(1 << 40)
        start_response("200 OK", [])
        return [environ["palisade.verdict"].mode.encode()]

    def answer(header, **options):
        environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/up", "HTTP_HOST": "testserver", "CONTENT_LENGTH": str(1 << 40),
                   "wsgi.input": body, "HTTP_PALISADE_VERDICT": header}  # fmt: skip
        return require_verdict(app, KEY, **options)(environ, lambda line, headers: None)

    body = Unread()
    header = sign(b"/up", b"", "session")
    assert answer(header) == [b"session"]
    assert answer(header.replace("=session", "=enforce")) == [b"Forbidden\n"]
    assert answer(header, modes={"enforce", "exempt"}) == [b"Forbidden\n"]


def test_a_django_view_gets_the_body_of_a_session_unread():
    header = sign(b"/sign up", b"", "session")
    request = WSGIRequest({"REQUEST_METHOD": "POST", "PATH_INFO": "/sign up", "HTTP_HOST": "testserver", "CONTENT_LENGTH": str(1 << 40),
                           "wsgi.input": Unread(), "HTTP_PALISADE_VERDICT": header})  # fmt: skip
    view = django_require_verdict(KEY)(lambda request: HttpResponse(request.palisade_verdict.mode))
    assert view(request).content == b"session"
    with pytest.raises(AssertionError, match="reads the body"):
        request.read()  # the view may still read it
