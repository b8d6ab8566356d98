"""What a sign-up behind Turnstile does right. The apps beside this one each do one thing wrong."""
import datetime
import json
import os
import threading
import urllib.error
import urllib.parse
import urllib.request

from flask import Flask, abort, redirect, request

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
    body = urllib.parse.urlencode({"secret": SECRET, "response": token}).encode()
    try:
        with opener.open(VERIFY_URL, body, timeout=2) as r:
            raw = r.read(64 * 1024 + 1)
        answer = json.loads(raw, object_pairs_hook=unique) if len(raw) <= 64 * 1024 else None
    except (OSError, ValueError, urllib.error.URLError, RecursionError):
        return None
    except Exception:  # http.client has more of them
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


def read():
    """Returns the form, read once and strictly."""
    if request.mimetype != "application/x-www-form-urlencoded" or "Content-Encoding" in request.headers:
        abort(415)
    if request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        abort(415)
    return request.form


def one_token(form):
    tokens = form.getlist(FIELD)
    if len(tokens) != 1 or not 1 <= len(tokens[0]) <= 2048:
        abort(403)
    return tokens[0]


def human(form):
    token = one_token(form)
    if not claim(token) or not good(ask(token)):
        abort(403)


def own_origin():
    origin = request.headers.get("Origin")
    if origin not in (None, request.host_url.rstrip("/")) or request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def create(form):
    email = form.get("email", "")
    if "@" not in email:
        abort(400)
    with lock:
        users.append(email)
    return redirect("/welcome", 303)


def page(more=""):
    return f"""<!doctype html><html lang="en"><title>Sign up</title>
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup">
<label>Name <input name="username"></label> <label>E-mail <input name="email" type="email"></label>
<div class="cf-turnstile" data-sitekey="{SITE_KEY}" data-action="signup"></div>
<button>Sign up</button>{more}</form></html>"""


def new_app():
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=64 * 1024, MAX_FORM_MEMORY_SIZE=64 * 1024)
    app.url_map.merge_slashes = False

    @app.before_request
    def plain():
        if request.environ.get("RAW_URI", "/").split("?")[0] != request.path:
            abort(404)
        own_origin()

    @app.after_request
    def headers(response):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Frame-Options"] = "DENY"
        return response

    @app.errorhandler(403)
    def refused(_):
        return "<p>That did not work. Please go back and try again.</p>", 403

    app.add_url_rule("/welcome", "welcome", view_func=lambda: "<h1>Welcome</h1>")
    app.add_url_rule("/effects", "effects", view_func=lambda: {"signups": len(users)})
    return app
