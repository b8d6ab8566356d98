"""A route of Bottle."""

import os

from bottle import Bottle

application = Bottle()
FILE = os.environ["PROBE_FILE"]


@application.route("/signup", method=["POST", "PUT"])
def signup():
    with open(FILE, "ab") as file:
        file.write(b"1")
    return "done"


@application.get("/effects")
def effects():
    return {"signup": os.path.getsize(FILE)}
