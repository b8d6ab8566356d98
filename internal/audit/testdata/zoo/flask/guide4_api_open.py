# defect: A07
# The guide's fourth mistake: the form is guarded, and the API that the page's script could use is not.
from flask import request

from right import create, human, new_app, page, read

app = new_app()


@app.get("/signup")
def form():
    return page("<script>const api = '/api/submit'; // for the mobile app</script>")


@app.post("/signup")
def signup():
    data = read()
    human(data)
    return create(data)


@app.post("/api/submit")
def api():
    return create(request.get_json())
