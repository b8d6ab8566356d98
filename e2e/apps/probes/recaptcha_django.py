"""A small site as people have it: django-recaptcha, unchanged, versions 2 and 3.

What is different from Google is in the settings below, and nowhere else."""

import os

import django
from django import forms
from django.conf import settings

settings.configure(
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django_recaptcha"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    RECAPTCHA_DOMAIN=os.environ["RECAPTCHA_DOMAIN"],
    RECAPTCHA_PUBLIC_KEY=os.environ["RECAPTCHA_PUBLIC_KEY"],
    RECAPTCHA_PRIVATE_KEY=os.environ["RECAPTCHA_PRIVATE_KEY"],
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import path  # noqa: E402
from django_recaptcha.fields import ReCaptchaField  # noqa: E402
from django_recaptcha.widgets import ReCaptchaV3  # noqa: E402

effects = {"v2": 0, "v3": 0}


class V2(forms.Form):
    name = forms.CharField()
    captcha = ReCaptchaField()


class V3(forms.Form):
    name = forms.CharField()
    captcha = ReCaptchaField(widget=ReCaptchaV3(action="login", required_score=0.5))


PAGE = """<!doctype html><html lang="en"><title>Sign up</title><main><h1>Sign up</h1>
<form method="post">{{ form.as_p }}<button id="send">Send</button></form></main></html>"""


def view(which, form_class):
    def handle(request):
        form = form_class(request.POST or None)
        if request.method == "POST" and form.is_valid():
            effects[which] += 1
            return HttpResponse("<!doctype html><html lang=en><title>Welcome</title><h1 id=welcome>Welcome</h1></html>")
        page = engines["django"].from_string(PAGE).render({"form": form}, request)
        return HttpResponse(page, status=400 if request.method == "POST" else 200)

    return handle


urlpatterns = [
    path("v2", view("v2", V2)),
    path("v3", view("v3", V3)),
    path("effects", lambda request: JsonResponse(effects)),
]
application = get_wsgi_application()
