# defect: B01
# The guide's third mistake: tokens that were used are not remembered.
from flask import abort

from right import ask, create, good, new_app, one_token, page, read

app = new_app()


@app.get("/signup")
def form():
    return page()


@app.post("/signup")
def signup():
    data = read()
    if not good(ask(one_token(data))):
        abort(403)
    return create(data)
