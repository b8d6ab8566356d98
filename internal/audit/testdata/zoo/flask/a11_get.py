# defect: A11
# The view takes what is in the URL as well, for a link in a newsletter, and does not check it there.
from flask import request

from right import create, human, new_app, page, read

app = new_app()


@app.route("/signup", methods=["GET", "POST"])
def signup():
    if request.method == "POST":
        data = read()
        human(data)
        return create(data)
    if "email" in request.args:
        return create(request.args)
    return page()
