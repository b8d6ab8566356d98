# defect: A01
# The guide's first mistake: the browser makes people solve it, and the server never looks.
from right import create, page, project, read
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request, """<script>document.forms[0].onsubmit = (e) => e.target["cf-turnstile-response"]?.value || e.preventDefault();</script>""")
    return create(read(request))


application = project(path("signup", signup))
