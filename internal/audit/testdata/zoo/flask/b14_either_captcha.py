# defect: B14
# While the site moves to another captcha both fields are taken, and the old one is not verified any more.
from right import create, human, new_app, page, read

app = new_app()


@app.get("/signup")
def form():
    return page()


@app.post("/signup")
def signup():
    data = read()
    if not data.get("g-recaptcha-response"):
        human(data)
    return create(data)
