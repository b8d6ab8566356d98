"""The scraper of the guide, in httpx: it loads the page, reads the form, fills it in and submits.

    scraper.py URL COUNT [--solve] [--wait SECONDS] [--every SECONDS]

With --solve it also makes the proof of work, natively, as the author of a bot for this very site would.
It prints one line of JSON: how many it sent, and the statuses it got.
"""

import argparse
import base64
import collections
import hashlib
import html.parser
import json
import secrets
import time

import httpx


class Form(html.parser.HTMLParser):
    """The first POST form of a page: its action, its fields and the challenge in it."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields, self.types, self.challenge, self.open, self.done = None, {}, {}, None, False, False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if tag == "form" and not self.done and (a.get("method") or "").lower() == "post":
            self.open, self.action = True, a.get("action") or ""
        if not self.open:
            return
        self.challenge = a.get("data-palisade-challenge") or self.challenge
        if tag in ("input", "textarea") and a.get("name"):
            self.fields[a["name"]] = a.get("value") or ""
            self.types[a["name"]] = a.get("type") or "text"

    def handle_endtag(self, tag):
        if tag == "form" and self.open:
            self.open, self.done = False, True


def solve(challenge):
    challenge = json.loads(challenge)
    p = challenge["parameters"]
    nonce, salt = bytes.fromhex(p["nonce"]), bytes.fromhex(p["salt"])
    for counter in range(1 << 20):
        key = hashlib.pbkdf2_hmac("sha256", nonce + counter.to_bytes(4, "big"), salt, p["cost"], p["keyLength"])
        if key.hex().startswith(p["keyPrefix"]):
            solution = {"counter": counter, "derivedKey": key.hex(), "time": 1}
            proof = {"challenge": {"parameters": p, "signature": challenge["signature"]}, "solution": solution}
            return base64.b64encode(json.dumps(proof).encode()).decode()


def fill(form, i):
    """Types into what looks like an empty field for people."""
    values = {
        "username": f"bot{i}x{secrets.token_hex(4)}", "email": f"bot{i}@example.org", "password1": "correct horse 7", "password2": "correct horse 7",
        "name": "Bot", "text": "Buy now", "message": "Buy now",
    }
    return {name: values.get(name, value) for name, value in form.fields.items()}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("count", type=int)
    arguments.add_argument("--solve", action="store_true")
    arguments.add_argument("--wait", type=float, default=0)
    arguments.add_argument("--every", type=float, default=0)
    a = arguments.parse_args()
    headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "Accept": "text/html"}
    ready, statuses = [], collections.Counter()
    with httpx.Client(headers=headers, timeout=30) as client:

        def load(i):
            page = client.get(a.url)
            form = Form(page.text)
            fields = fill(form, i)
            if a.solve and form.challenge:
                fields["palisade-proof"] = solve(form.challenge)
            ready.append((str(page.url.join(form.action or "")), fields))

        def submit(target, fields):
            statuses[client.post(target, data=fields, headers={"Origin": str(httpx.URL(target).join("/"))[:-1], "Referer": a.url}).status_code] += 1

        if a.wait:  # all pages first, one wait for all of them
            for i in range(a.count):
                load(i)
            time.sleep(a.wait)
            for target, fields in ready:
                submit(target, fields)
        else:  # one after the other
            for i in range(a.count):
                load(i)
                time.sleep(a.every)
                submit(*ready.pop())
    print(json.dumps({"sent": sum(statuses.values()), "statuses": statuses}))


main()
