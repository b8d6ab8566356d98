# defect: B01
# The guide's third mistake: tokens that were used are not remembered.
from right import ask, create, good, one_token, page, project, read
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    if not good(ask(one_token(data))):
        return page(request)
    return create(data)


application = project(path("signup", signup))
