# defect: F11
# The form's nonce is made when the app starts, so that every visitor has the same.
import secrets

from flask import abort

from right import create, human, new_app, page, read

app = new_app()
NONCE = secrets.token_hex(16)


@app.get("/signup")
def form():
    return page(f'<input type="hidden" name="nonce" value="{NONCE}">')


@app.post("/signup")
def signup():
    data = read()
    human(data)
    if data.get("nonce") != NONCE:
        abort(403)
    return create(data)
