"""A route as many write it in Django: what is not GET does something. Counts are kept in a file, for all workers."""

import hashlib
import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"], SECRET_KEY="x", ROOT_URLCONF=__name__, MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=None, MEDIA_ROOT="/nonexistent",
)
django.setup()

FILE = os.environ["PROBE_FILE"]


def signup(request):
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return HttpResponse('<form method="post" action="/signup"><input name="user"><button>Go</button></form>')
    with open(FILE, "ab") as file:
        file.write(b"1")
    return HttpResponse("done")


def echo(request):
    body = request.body
    return JsonResponse(
        {
            "method": request.method,
            "path": request.path,
            "query": request.META["QUERY_STRING"],
            "headers": {k: v for k, v in request.META.items() if k.startswith(("HTTP_", "CONTENT_")) and isinstance(v, str)},
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "form": {k: request.POST.getlist(k) for k in request.POST} if request.method == "POST" else {},
        }
    )


def effects(request):
    return JsonResponse({"signup": os.path.getsize(FILE)})


urlpatterns = [path("signup", signup), path("echo", echo), path("effects", effects)]
application = get_wsgi_application()
