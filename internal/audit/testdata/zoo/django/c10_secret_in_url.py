# defect: C10
# The verifier is asked with the secret in the URL.
import right
from django.urls import path
from right import create, human, page, project, read

right.VERIFY_URL += "?secret=" + right.SECRET


def signup(request):
    if request.method != "POST":
        return page(request)
    data = read(request)
    human(data)
    return create(data)


application = project(path("signup", signup))
