# defect: A01
# The guide's first mistake: the browser makes people solve it, and the server never looks.
from right import create, new_app, page, read

app = new_app()


@app.get("/signup")
def form():
    return page("""<script>document.forms[0].onsubmit = (e) => {
  if (!e.target["cf-turnstile-response"]?.value) { alert("Please confirm that you are human"); e.preventDefault(); }
};</script>""")


@app.post("/signup")
def signup():
    return create(read())
