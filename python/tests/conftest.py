"""Shared fixtures: a service for each test, and Django set up once."""

from __future__ import annotations

import django
import pytest
from django.conf import settings
from palisade_forms.testing import FakeService

settings.configure(
    DEBUG=False,
    SECRET_KEY="tests-only",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="django_urls",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "rest_framework",
        "palisade_forms.django",
    ],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", "palisade_forms.django.middleware.PalisadeMiddleware"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    PALISADE={"URL": "http://127.0.0.1:9", "SITEKEY": "tests", "SECRET": "only for tests of this package"},
)
django.setup()

SECRET = "a secret that only tests know"


@pytest.fixture
def patience(request):
    """The timeout of a client: long enough for the slowest machine, and short for a service that hangs."""
    case = getattr(request.node, "callspec", None)
    return 0.3 if case and case.params.get("mode") == "hang" else 60.0


@pytest.fixture
def service():
    with FakeService(sitekey="shop", secret=SECRET) as running:
        yield running
