"""The admin of Django, with its middleware and settings as startproject writes them, and its files as
runserver serves them. The database is a file, which prepare() makes."""

import os

import django
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application

settings.configure(
    ALLOWED_HOSTS=[".localhost", "127.0.0.1"], SECRET_KEY="x", ROOT_URLCONF="library.urls", STATIC_URL="/static/", USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", MEDIA_ROOT=os.path.dirname(os.environ["PROBE_FILE"]),
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["PROBE_FILE"]}},
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # the default one takes long on a busy machine
    INSTALLED_APPS=[
        "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
        "django.contrib.messages", "django.contrib.staticfiles", "library",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
            "django.contrib.messages.context_processors.messages",
        ]},
    }],
)
django.setup()


def prepare():
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0, run_syncdb=True)
    get_user_model().objects.create_superuser("ada", "", "lovelace")


application = StaticFilesHandler(get_wsgi_application())
