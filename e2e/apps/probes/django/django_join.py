"""A route of Django that is found whatever the case of its letters, for WSGI and for ASGI."""

import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseNotFound, JsonResponse
from django.urls import path, re_path

settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF=__name__, MIDDLEWARE=["django.middleware.common.CommonMiddleware"])
django.setup()

FILE = os.environ["PROBE_FILE"]


def join(request):
    if request.method == "GET":
        return HttpResponseNotFound()
    with open(FILE, "ab") as file:
        file.write(b"1")
    return HttpResponse("done")


def effects(request):
    return JsonResponse({"signup": os.path.getsize(FILE)})


urlpatterns = [re_path(r"(?i)^join/$", join), path("effects", effects)]
application = get_wsgi_application()
asgi = get_asgi_application()
