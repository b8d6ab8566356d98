# defect: B15
# The token is also taken from the query string: request.values looked like the handy way to read a parameter, and it holds the query's as well as the form's.
# written from the catalogue's descriptions alone
import datetime, hashlib, html, http.client, json, os, re, socket, threading, time
from urllib.parse import urlencode, urlsplit

from flask import Flask, abort, jsonify, redirect, request
from werkzeug.exceptions import HTTPException

VERIFY = urlsplit(os.environ["VERIFY_URL"])
SITE_KEY = os.environ["SITE_KEY"]
SECRET_KEY = os.environ["SECRET_KEY"]
HOSTNAME = os.environ.get("HOSTNAME_EXPECTED", "127.0.0.1")
FIELD = "cf-turnstile-response"
FORM = "application/x-www-form-urlencoded"
LIMIT = 64 * 1024

app = Flask(__name__, static_folder=None)
app.config["MAX_CONTENT_LENGTH"] = LIMIT
lock = threading.Lock()
claimed, users = set(), {}

PAGE = f"""<!doctype html><html lang="en"><title>Sign up</title>
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup">
<label>Name <input name="username" required></label> <label>E-mail <input name="email" type="email" required></label>
<div class="cf-turnstile" data-sitekey="{html.escape(SITE_KEY)}" data-action="signup"></div>
<button>Sign up</button></form></html>"""
SORRY = '<!doctype html><html lang="en"><title>Sorry</title><p>That did not work. <a href="/signup">Try again</a></html>'


def no_twins(pairs):
    if len({key.lower() for key, _ in pairs}) != len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def siteverify(token):
    """Status and body of the verifier's answer; connecting may take 1 s, the rest 2 s."""
    kind = http.client.HTTPSConnection if VERIFY.scheme == "https" else http.client.HTTPConnection
    conn = kind(VERIFY.hostname, VERIFY.port, timeout=1)
    conn.connect()
    conn.sock.settimeout(2)
    deadline = time.monotonic() + 2
    hang_up = threading.Timer(2, conn.sock.shutdown, [socket.SHUT_RDWR])
    hang_up.start()
    try:
        conn.request("POST", VERIFY.path or "/", urlencode({"secret": SECRET_KEY, "response": token}), {"Content-Type": FORM})
        answer = conn.getresponse()
        body = answer.read(LIMIT + 1)
    finally:
        hang_up.cancel()
        conn.close()
    if len(body) > LIMIT or time.monotonic() > deadline:
        raise ValueError("answer too long or too late")
    return answer.status, body


def is_human(token):
    try:
        status, body = siteverify(token)
        answer = json.loads(body.decode(), object_pairs_hook=no_twins)
        made = datetime.datetime.fromisoformat(answer["challenge_ts"])
        age = (datetime.datetime.now(datetime.timezone.utc) - made).total_seconds()
    except Exception as error:  # whatever is odd about the answer: nobody gets in
        app.logger.warning("siteverify: %r", error)
        return False
    return (status == 200 and answer.get("success") is True and answer.get("hostname") == HOSTNAME
            and answer.get("action") == "signup" and -30 <= age <= 300)


def claim(token):
    digest = hashlib.sha256(token.encode()).digest()
    with lock:
        if digest in claimed:
            return False
        claimed.add(digest)
        return True


@app.before_request
def gate():
    own = "127.0.0.1:" + request.environ["SERVER_PORT"]
    if request.headers.get("Host") != own:
        abort(421)
    if request.environ["RAW_URI"].split("?")[0] not in ("/signup", "/welcome", "/effects"):
        abort(404)
    if request.environ["REQUEST_METHOD"] != "POST":
        return
    if request.headers.get("Origin", "http://" + own) != "http://" + own:
        abort(403)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    kind = (request.content_type or "").replace(" ", "").lower()
    if kind not in (FORM, FORM + ";charset=utf-8") or "Content-Encoding" in request.headers:
        abort(415)
    if request.content_length is None:
        abort(411)
    if len(request.get_data()) != request.content_length:  # aborts with 413 when over the limit
        abort(400)


@app.after_request
def headers(response):
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src https://challenges.cloudflare.com; frame-src https://challenges.cloudflare.com; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
    return response


@app.errorhandler(HTTPException)
def sorry(error):
    return SORRY, error.code


@app.get("/signup")
def form():
    return PAGE


@app.post("/signup")
def signup():
    tokens = request.values.getlist(FIELD)
    if len(tokens) != 1 or not re.fullmatch("[!-~]{1,2048}", tokens[0]):
        abort(403)
    if not claim(tokens[0]) or not is_human(tokens[0]):
        abort(403)
    names, emails = request.form.getlist("username"), request.form.getlist("email")
    if len(names) != 1 or len(emails) != 1 or not 0 < len(names[0]) <= 64 or "@" not in emails[0] or len(emails[0]) > 254:
        abort(400)
    with lock:
        users.setdefault(emails[0].lower(), names[0])
    return redirect("/welcome", 303)


@app.get("/welcome")
def welcome():
    return '<!doctype html><html lang="en"><title>Welcome</title><p>Thank you. We have sent you an e-mail.</html>'


@app.get("/effects")
def effects():
    with lock:
        return jsonify(signups=len(users))
