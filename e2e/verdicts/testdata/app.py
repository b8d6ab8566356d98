"""A small app that requires the verdict."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path
from palisade_forms.django import require_verdict

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of a test")
users = []


@require_verdict(os.environ["PALISADE_VERDICT_KEY"])
def signup(request):
    users.append(request.POST.get("user", ""))
    return HttpResponse("done")


def effects(request):
    return HttpResponse("".join(user + "\n" for user in users))


urlpatterns = [re_path("^$", effects), re_path("", signup)]
application = get_wsgi_application()
