"""The same in Flask."""

import hashlib
import os

from flask import Flask, jsonify, request

application = Flask(__name__)
FILE = os.environ["PROBE_FILE"]


@application.route("/signup", methods=["GET", "POST"])
def signup():
    if request.method != "POST":
        return '<form method="post" action="/signup"><input name="user"><button>Go</button></form>'
    with open(FILE, "ab") as file:
        file.write(b"1")
    return "done"


@application.route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def echo():
    body = request.get_data(cache=True)
    return jsonify(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        headers={k: v for k, v in request.environ.items() if k.startswith(("HTTP_", "CONTENT_")) and isinstance(v, str)},
        body_sha256=hashlib.sha256(body).hexdigest(),
        form={k: request.form.getlist(k) for k in request.form},
    )


@application.route("/effects")
def effects():
    return jsonify(signup=os.path.getsize(FILE))
