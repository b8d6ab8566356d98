# no defect
from right import create, human, new_app, page, read

app = new_app()


@app.get("/signup")
def form():
    return page()


@app.post("/signup")
def signup():
    data = read()
    human(data)
    return create(data)
