# no defect
from right import create, human, page, project, read
from django.urls import path


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    human(data)
    return create(data)


application = project(path("signup", signup))
