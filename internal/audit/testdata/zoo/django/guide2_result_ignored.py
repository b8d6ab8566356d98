# defect: A04
# The guide's second mistake: the service is asked, and nobody reads what it said.
from right import ask, claim, create, one_token, page, project, read
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    token = one_token(data)
    if not claim(token):
        return page(request)
    ask(token)
    return create(data)


application = project(path("signup", signup))
