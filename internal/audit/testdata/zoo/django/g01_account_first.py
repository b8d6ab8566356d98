# defect: G01
# It looks the account up before it looks at the captcha.
from right import create, human, page, project, read, users
from django.http import HttpResponse
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    if data.get("email") in users:
        return HttpResponse("There is an account with this address.", status=409)
    human(data)
    return create(data)


application = project(path("signup", signup))
