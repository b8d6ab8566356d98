# defect: F02
# There is a honeypot on the page, and nobody looks into it.
from flask import abort

from right import create, human, new_app, page, read

app = new_app()

TRAP = """<p style="position:absolute;left:-9999px" aria-hidden="true">
<input name="fax_extension" tabindex="-1" autocomplete="off"></p>"""


@app.get("/signup")
def form():
    return page(TRAP)


@app.post("/signup")
def signup():
    data = read()
    human(data)
    if "fax_extension" not in data:
        abort(403)
    return create(data)
