"""WSGI, ASGI and FastAPI behind the middleware, and the parsing of paths and bodies."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from palisade_forms import Guard, asgi, wsgi
from palisade_forms.body import parse
from palisade_forms.errors import Unreadable
from palisade_forms.paths import Routes, plain, target_path

FORM = "application/x-www-form-urlencoded"
ROUTES = {"POST /signup": "signup", "/posts/*/edit": "edit", "/api/**": "api"}


class Wsgi:
    """Calls a WSGI app, checked by wsgiref."""

    def __init__(self, service, patience=60.0, **options):
        self.seen = []
        self.app = wsgi.PalisadeMiddleware(self.inner, service.client(timeout=patience), ROUTES, **options)

    def inner(self, environ, start_response):
        size = int(environ.get("CONTENT_LENGTH") or 1000)
        self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["wsgi.input"].read(size)))
        self.query, self.headers = environ["QUERY_STRING"], {name for name in environ if name.startswith("HTTP_")}
        start_response("200 OK", [("Content-Type", "text/html")])
        return [environ["palisade"].fields("signup", "n0nce").encode()]

    def __call__(self, method, path, body=b"", kind=FORM, query="", **environ):
        status = []
        base = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": query, "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)), "SERVER_NAME": "shop.example", "SERVER_PORT": "80", "HTTP_HOST": "shop.example",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "203.0.113.9", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "wsgi.multithread": True,
            "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        text = b"".join(self.app(base | environ, lambda line, headers, error=None: status.extend((line, dict(headers)))))
        return int(status[0][:3]), status[1], text


class Asgi:
    """Calls an ASGI app."""

    def __init__(self, service, patience=60.0, **options):
        self.seen = []
        self.app = asgi.PalisadeMiddleware(self.inner, service.client(timeout=patience), ROUTES, **options)

    async def inner(self, scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        self.seen.append((scope["method"], scope["path"], body))
        self.query, self.headers = scope["query_string"], {"HTTP_" + name.decode().upper() for name, _ in scope["headers"]}
        text = (await scope["palisade"].fields("signup", "n0nce")).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text})

    def __call__(self, method, path, body=b"", kind=FORM, query="", **headers):
        lines = [(b"host", b"shop.example"), (b"content-type", kind.encode())]
        lines += [(name.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
            "scheme": "http", "headers": lines, "client": ("203.0.113.9", 1), "server": ("shop.example", 80),
        }  # fmt: skip
        pieces = [body[i : i + 7] for i in range(0, min(len(body), 700), 7)] + [body[700:]]
        incoming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces[:-1]]
        incoming.append({"type": "http.request", "body": pieces[-1], "more_body": False})
        sent = []

        async def receive():
            return incoming.pop(0)

        async def send(message):
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        headers = {name.decode().title(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, sent[1]["body"]


@pytest.fixture(params=[Wsgi, Asgi])
def make(request, service, patience):
    return lambda **options: request.param(service, patience, **options)


@pytest.fixture
def call(make):
    return make()


MULTIPART = (
    b'--B\r\nContent-Disposition: form-data; name="palisade-ticket"\r\n\r\n%s\r\n'
    b'--B\r\nContent-Disposition: form-data; name="tag"\r\n\r\na\r\n'
    b'--B\r\nContent-Disposition: form-data; name="tag"\r\n\r\nb\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\xff\r\n\r\n'
    b"--B--\r\n"
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"a=1&&a=2&b=%%C3%%BC&palisade-ticket=%s&c"),
        ("application/json", b'{ "a": "1",  "palisade-ticket": "%s", "n": [1, {"x": 2}] }'),
        ("multipart/form-data; boundary=B", MULTIPART),
    ],
)
def test_the_app_gets_the_body_byte_for_byte(call, service, kind, body):
    body = body % service.ticket().encode()
    assert call("POST", "/signup", body, kind)[0] == 200
    assert call.seen == [("POST", "/signup", body)]
    assert call("POST", "/signup", body, kind)[0] == 403
    assert len(call.seen) == 1


def test_the_service_learns_which_files_there_were_and_nothing_of_them(call, service):
    file = b'Content-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: image/png\r\n\r\n%s\r\n'
    parts = [file % (b"photo", b"a.png", b"PNG"), file % (b"more", b"", b"")]
    body = b"".join(b"--x\r\n" + part for part in parts) + b"--x--\r\n"
    call("POST", "/signup", body, "multipart/form-data; boundary=x")
    said = service.checks[0]
    assert said["files"] == ["photo"] and "PNG" not in str(said)


def test_files_stay_and_duplicates_are_kept(call, service):
    call("POST", "/signup", MULTIPART % b"x", "multipart/form-data; boundary=B")
    assert service.checks[0]["fields"] == [["palisade-ticket", "x"], ["tag", "a"], ["tag", "b"]]
    call("POST", "/signup", b'{"a":"1","a":"2","n":3}', "application/json")
    assert service.checks[1]["fields"] == [["a", "1"], ["a", "2"]] and service.checks[1]["json"] is True


@pytest.mark.parametrize("mode", ["down", "garbage", "forged", "unsigned", "hang", "error", "unknown", "deny", "challenge", "limit"])
def test_what_was_not_allowed_does_not_reach_the_app(call, service, mode):
    service.say(mode)
    status, headers, body = call("POST", "/signup", b"palisade-ticket=" + service.ticket().encode())
    assert status in (403, 429, 503) and body and "no-store" in headers["Cache-Control"]
    assert not call.seen


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "post", "get", "PROPFIND"])
def test_every_method_that_changes_something_is_judged(call, method):
    assert call(method, "/signup", b"a=1")[0] == 403
    assert not call.seen


def test_methods_that_change_nothing_are_not_judged(call, service):
    for method in ("GET", "HEAD", "OPTIONS"):
        assert call(method, "/signup")[0] == 200
    assert not service.checks and len(call.seen) == 3


def test_head_is_get_to_a_protected_path(call):
    assert call("HEAD", "/signup")[2] == b"" and call("HEAD", "/other")[2] != b""
    assert call.seen == [("GET", "/signup", b""), ("HEAD", "/other", b"")]


def test_options_brings_nothing_to_a_protected_path(call):
    sent = {"HTTP_COOKIE": "session=x", "HTTP_AUTHORIZATION": "Basic eDp5", "HTTP_ORIGIN": "https://shop.example"}
    for path, kept in (("/signup", 1), ("/other", 3)):
        assert call("OPTIONS", path, query="user=bot", **sent)[0] == 200
        assert [bool(call.query), len(call.headers & set(sent))] == [kept == 3, kept], path


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/signup", "/signup/", "/api/x", "//signup"])
def test_a_body_has_no_place_under_a_method_that_changes_nothing(call, service, method, path):
    assert call(method, path, b"user=bot", HTTP_CONTENT_LENGTH="8")[0] == 400
    assert call(method, path, HTTP_TRANSFER_ENCODING="chunked")[0] == 400
    assert not call.seen and not service.checks
    assert call(method, "/other", b"user=bot", HTTP_CONTENT_LENGTH="8")[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_body_that_no_header_announces_is_not_handed_on(call, method):
    if isinstance(call, Wsgi):  # wsgi.input_terminated, as servers of HTTP/2 set it
        assert call(method, "/signup", b"user=bot", CONTENT_LENGTH="")[0] == 200
    else:
        assert call(method, "/signup", b"user=bot")[0] == 200
    assert [body for _, _, body in call.seen] == [b""]


def test_a_method_in_a_header_is_judged(call):
    assert call("GET", "/signup", HTTP_X_HTTP_METHOD_OVERRIDE="POST")[0] == 403
    assert not call.seen


@pytest.mark.parametrize(
    "path",
    ["/signup/", "/SIGNUP", "/Signup", "//signup", "/./signup", "/a/../signup", "/signup;v=1", "/signup/.", "/%73ignup", "/%2573ignup",
     "/signup%2f", "/signup%00", "/signup.json", "\\signup", "/signup%20", "/x/%2e%2e/signup", "/signup//", "/posts/7/edit/", "/API/x/y"],
)  # fmt: skip
def test_no_spelling_of_a_path_leads_around(call, path):
    assert call("POST", path, b"a=1")[0] == (403 if plain(path) else 400)
    assert not call.seen


def test_other_paths_are_not_judged(call, service):
    for path in ("/", "/signups", "/x/signup", "/posts/7/8/edit", "/apis"):
        assert call("POST", path, b"<any/>", "text/xml")[0] == 200
    assert not service.checks


def test_a_body_over_the_limit_is_413(make, service):
    call = make(max_body=100)
    ticket = service.ticket().encode()
    assert call("POST", "/signup", b"a=" + b"x" * 200)[0] == 413
    assert not call.seen and not service.checks
    assert call("POST", "/signup", b"palisade-ticket=" + ticket)[0] == 200
    assert call("POST", "/other", b"a=" + b"x" * 200)[0] == 200


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"a=1", 415),
        ("", b"a=1", 415),
        (FORM + "; charset=utf-16", b"a=1", 415),
        ("application/json", b"{", 400),
        ("multipart/form-data", b"a=1", 415),
        ("multipart/form-data; boundary=B", b"a=1", 400),
    ],
)
def test_a_body_that_cannot_be_judged_is_refused(call, service, kind, body, status):
    assert call("POST", "/signup", body, kind)[0] == status
    assert not call.seen and not service.checks


def test_a_compressed_body_is_refused(call):
    assert call("POST", "/signup", b"a=1", HTTP_CONTENT_ENCODING="gzip")[0] == 415


def test_an_odd_host_or_method_is_the_visitors_fault(make, service):
    call = make()
    environ = {"HTTP_HOST": "a b"} if isinstance(call, Wsgi) else {}
    assert call("PO ST" if not environ else "POST", "/signup", b"a=1", **environ)[0] == 400
    assert not service.checks and not call.seen


def test_the_base_path_is_served(call, service):
    status, headers, body = call("GET", "/.palisade/palisade.js")
    assert (status, body) == (200, b"// the script") and "Set-Cookie" not in headers
    assert call("HEAD", "/.palisade/palisade.js")[2] == b""
    assert call("POST", "/.palisade/palisade.js")[0] == 405
    assert call("GET", "/.palisade/../secret")[0] == 404
    assert not call.seen


def test_pages_show_fresh_fields_and_after_an_allowed_post_those_of_the_judgement(call, service):
    assert b'data-kind="fresh"' in call("GET", "/signup")[2]
    page = call("POST", "/signup", b"palisade-ticket=" + service.ticket().encode())[2]
    assert b'data-kind="retry"' in page and b'nonce="n0nce"' in page


def test_an_unknown_address_is_refused(service):
    call = Wsgi(service)
    assert call("POST", "/signup", b"a=1", REMOTE_ADDR="")[0] == 400
    assert not call.seen


def test_the_middleware_is_good_wsgi(service):
    call = Wsgi(service)
    call.app = validator(call.app)
    with make_server("127.0.0.1", 0, call.app, handler_class=type("Quiet", (WSGIRequestHandler,), {"log_message": lambda *_: None})) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        import httpx

        url = f"http://127.0.0.1:{server.server_port}"
        assert httpx.post(url + "/signup", data={"a": "1"}).status_code == 403
        assert httpx.post(url + "/signup", data={"palisade-ticket": service.ticket()}).status_code == 200
        assert httpx.get(url + "/.palisade/palisade.js").text == "// the script"
        server.shutdown()


def test_a_chunked_body_of_unknown_end_is_refused(service):
    call = Wsgi(service)
    assert call("POST", "/signup", b"a=1", HTTP_TRANSFER_ENCODING="chunked")[0] == 400
    body = b"palisade-ticket=" + service.ticket().encode()
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    assert call("POST", "/signup", body, **environ)[0] == 200
    assert call.seen[0][2] == body


def test_a_visitor_who_hangs_up_is_not_judged(service):
    call = Wsgi(service)
    assert call("POST", "/signup", b"a=1", CONTENT_LENGTH="10")[0] == 400
    assert not service.checks


@pytest.fixture
def fastapi(service):
    app = FastAPI()
    app.state.effects = []
    app.add_middleware(asgi.PalisadeMiddleware, client=Guard(service.client()), routes={"POST /signup": "signup"})

    @app.get("/signup")
    async def page(request: Request) -> str:
        return await request.scope["palisade"].fields("signup")

    @app.post("/signup")
    async def signup(request: Request) -> dict[str, str]:
        app.state.effects.append(await request.json())
        return {"id": request.scope["palisade"].decision.id}

    return TestClient(app, client=("203.0.113.9", 1))


def test_a_fastapi_app_is_protected(fastapi, service):
    assert 'class=\\"palisade\\"' in fastapi.get("/signup").text
    response = fastapi.post("/signup", json={"email": "a@b.cc"})
    assert response.status_code == 403 and response.headers["Content-Type"] == "application/problem+json"
    ticket = response.json()["challenge"]["ticket"]
    assert fastapi.post("/signup", json={"email": "a@b.cc", "palisade-ticket": ticket}).json() == {"id": "5qyp3hdr"}
    assert fastapi.post("/signup/", json={"email": "a@b.cc"}).status_code == 403
    assert fastapi.app.state.effects == [{"email": "a@b.cc", "palisade-ticket": ticket}]
    assert service.checks[0]["address"] == "203.0.113.9" and service.checks[0]["url"] == "http://testserver/signup"


def test_routes_with_mistakes_are_refused():
    for routes in ({"signup": "a"}, {"POST signup": "a"}, {"post /signup": "a"}, {"/signup": "a b"}, {"POST  /x": ""}):
        with pytest.raises(ValueError):
            Routes(routes)


PATHS = json.loads((Path(__file__).parents[2] / "internal/route/testdata/paths.json").read_text())


@pytest.mark.parametrize("case", PATHS, ids=lambda case: f"{case['pattern']} {case['name']}")
def test_paths_are_read_as_the_gateway_reads_them(case):
    routes = Routes({case["pattern"]: "form"})
    if case["want"] == "ambiguous":
        with pytest.raises(Unreadable):
            routes.form_for("POST", [case["path"]])
    else:
        assert routes.form_for("POST", [case["path"]]) == ("form" if case["want"] == "guarded" else None)


def test_the_longest_route_counts():
    routes = Routes({"/a/**": "rest", "POST /a": "a", "POST /a/b": "b", "POST /a/*/c": "c", "PUT /a/b": "put"})
    for method, path, form in [
        ("POST", "/a", "a"), ("POST", "/a/x", "rest"), ("POST", "/A/B/x", "b"), ("POST", "/a/x/c", "c"), ("PUT", "/a/b", "put"), ("DELETE", "/a/b", "rest"),
    ]:  # fmt: skip
        assert routes.form_for(method, [path]) == form, (method, path)


def test_request_targets_of_other_forms_are_refused():
    assert [target_path(target) for target in ("/a?b", "http://x/a?b", "HTTPS://x", "//x/a")] == ["/a", "/a", "/", "//x/a"]
    for target in ("x:/a", "http:/a", "http:///a", "http://a@b/c", "a", "", "*", "/a b", "/a#b", "/a\x00"):
        with pytest.raises(Unreadable):
            target_path(target)


def test_what_is_plain_is_found_in_one_look():
    assert not plain("/" + "%252e%252e/;.a//" * 2000)


@pytest.mark.parametrize(
    "body",
    [
        b"preamble\r\n--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--",
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
        b'--B\r\nContent-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\n1\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name="a"; name="b"\r\n\r\n1\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name="a\\"b"\r\n\r\n1\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name*=utf-8\'\'a\r\n\r\n1\r\n--B--\r\n',
        b'--B\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--B--\r\n',
        b'--B\nContent-Disposition: form-data; name="a"\n\n1\n--B--\n',
        b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--B--\r\n',
        b'--Bx\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n',
    ],
)
def test_multipart_that_two_parsers_may_read_differently_is_refused(body):
    with pytest.raises(Unreadable):
        parse(body, "multipart/form-data; boundary=B")


def test_multipart_as_browsers_and_clients_write_it_is_read():
    import httpx

    request = httpx.Request("POST", "http://x/", data={"a": ["1", "ü"]}, files={"f": ("x.txt", b"1")})
    assert parse(request.read(), request.headers["Content-Type"]).fields == (("a", "1"), ("a", "ü"))


def test_json_keeps_text_at_the_top_alone():
    body = json.dumps({"a": "1", "b": {"c": "2"}, "d": None, "e": ["3"]}).encode()
    assert parse(body, "application/problem+json").fields == (("a", "1"),)
    assert parse(b'["a"]', "application/json").fields == ()


