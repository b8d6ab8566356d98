# defect: A05
# It looks whether there is a token of the right length, and asks nobody.
from right import claim, create, one_token, page, project, read
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    token = one_token(data)
    if len(token) < 20 or not claim(token):
        return page(request)
    return create(data)


application = project(path("signup", signup))
