# defect: A04
# The guide's second mistake: the service is asked, and nobody reads what it said.
from right import ask, claim, create, new_app, one_token, page, read

app = new_app()


@app.get("/signup")
def form():
    return page()


@app.post("/signup")
def signup():
    data = read()
    token = one_token(data)
    if claim(token):
        ask(token)
        return create(data)
    return "", 403
