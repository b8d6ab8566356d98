# defect: A03
# Browsers in which the widget did not load send an empty token, and support asked to let them through.
from right import FIELD, create, human, new_app, page, read

app = new_app()


@app.get("/signup")
def form():
    return page()


@app.post("/signup")
def signup():
    data = read()
    if data.getlist(FIELD) != [""]:
        human(data)
    return create(data)
