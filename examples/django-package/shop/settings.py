"""A shop whose forms ask Palisade. Comments mark the parts for Palisade."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "of-an-example-and-not-secret")
DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"
ALLOWED_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
USE_TZ = True
STATIC_URL = "static/"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "palisade_forms.django",  # Palisade
    "shop",
]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "palisade_forms.django.middleware.PalisadeMiddleware",  # Palisade
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("DJANGO_DB", BASE_DIR / "db.sqlite3")}}

PALISADE = {  # Palisade
    "URL": os.environ.get("PALISADE_URL", "http://127.0.0.1:8088"),
    "SITEKEY": "shop-1",
    "SECRET": os.environ.get("PALISADE_SECRET", ""),
}
