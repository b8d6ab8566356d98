"""What a sign-up behind Turnstile does right, as a Django project of one file."""
import datetime
import json
import os
import sys
import threading
import urllib.parse
import urllib.request

import django
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.urls import path

VERIFY_URL = os.environ["VERIFY_URL"]
SITE_KEY = os.environ["SITE_KEY"]
SECRET = os.environ["SECRET_KEY"]
HOST = os.environ.get("HOSTNAME_EXPECTED", "127.0.0.1")
FIELD = "cf-turnstile-response"

users, used, lock = [], set(), threading.Lock()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


opener = urllib.request.build_opener(NoRedirect)


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a name twice")
    return dict(pairs)


def ask(token):
    """Returns the verifier's answer, or nothing."""
    body = urllib.parse.urlencode({"secret": SECRET, "response": token}).encode("utf-8", "replace")
    try:
        with opener.open(VERIFY_URL, body, timeout=2) as r:
            raw = r.read(64 * 1024 + 1)
        answer = json.loads(raw, object_pairs_hook=unique) if len(raw) <= 64 * 1024 else None
    except Exception:  # whatever it is, it is not a yes
        return None
    return answer if isinstance(answer, dict) else None


def fresh(answer):
    try:
        made = datetime.datetime.fromisoformat(answer["challenge_ts"].replace("Z", "+00:00"))
        return datetime.datetime.now(datetime.timezone.utc) - made < datetime.timedelta(minutes=5)
    except (KeyError, ValueError, AttributeError, TypeError):
        return False


def good(answer):
    return (answer is not None and answer.get("success") is True and answer.get("hostname") == HOST
            and answer.get("action") == "signup" and fresh(answer))


def claim(token):
    """Uses a token up. It is false for one that was used."""
    with lock:
        if token in used:
            return False
        used.add(token)
        return True


class Refused(Exception):
    def __init__(self, status):
        self.status = status


def read(request):
    """Returns the form, read once and strictly."""
    if request.content_type != "application/x-www-form-urlencoded" or "Content-Encoding" in request.headers:
        raise Refused(415)
    if request.content_params.get("charset", "utf-8").lower() != "utf-8":
        raise Refused(415)
    return request.POST


def one_token(form):
    tokens = form.getlist(FIELD)
    if len(tokens) != 1 or not 1 <= len(tokens[0]) <= 2048:
        raise PermissionDenied
    return tokens[0]


def human(form):
    token = one_token(form)
    if not claim(token) or not good(ask(token)):
        raise PermissionDenied


def create(form):
    email = form.get("email", "")
    if "@" not in email:
        raise Refused(400)
    with lock:
        users.append(email)
    response = HttpResponseRedirect("/welcome")
    response.status_code = 303
    return response


def page(request, more=""):
    return HttpResponse(f"""<!doctype html><html lang="en"><title>Sign up</title>
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup"><input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">
<label>Name <input name="username"></label> <label>E-mail <input name="email" type="email"></label>
<div class="cf-turnstile" data-sitekey="{SITE_KEY}" data-action="signup"></div>
<button>Sign up</button>{more}</form></html>""")


class Strict:
    """Refuses odd spellings of the path and methods that nobody uses, and sends the headers."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        raw = request.META.get("RAW_URI", request.path).split("?")[0]
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if raw != request.path:
            response = HttpResponse(status=404)
        elif request.META["REQUEST_METHOD"] not in ("GET", "HEAD", "POST"):
            response = HttpResponse(status=405)
        elif length > 64 * 1024:
            response = HttpResponse(status=413)
        elif request.headers.get("Sec-Fetch-Site") == "cross-site":
            response = HttpResponse(status=403)
        else:
            response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, Refused):
            return HttpResponse(status=exception.status)


def project(*routes):
    """Makes the application of the routes."""
    settings.configure(
        DEBUG=False, SECRET_KEY=SECRET + "-for-sessions", ROOT_URLCONF="urls", ALLOWED_HOSTS=["127.0.0.1", "localhost"], APPEND_SLASH=False,
        DATA_UPLOAD_MAX_MEMORY_SIZE=64 * 1024,
        MIDDLEWARE=["right.Strict", "django.middleware.csrf.CsrfViewMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"],
    )
    django.setup()
    urls = type(sys)("urls")
    urls.urlpatterns = [
        *routes,
        path("welcome", lambda request: HttpResponse("<h1>Welcome</h1>")),
        path("effects", lambda request: JsonResponse({"signups": len(users)})),
    ]
    sys.modules["urls"] = urls
    return get_wsgi_application()
