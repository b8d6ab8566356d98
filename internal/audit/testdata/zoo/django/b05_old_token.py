# defect: B05
# How old a token is, is not looked at.
import right
from django.urls import path
from right import create, human, page, project, read

right.fresh = lambda answer: True


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    human(data)
    return create(data)


application = project(path("signup", signup))
