import hashlib

from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.http import JsonResponse
from django.shortcuts import render
from django.views.generic import CreateView

from .models import Comment, Upload


def home(request):
    return render(request, "club/home.html", {"comments": Comment.objects.order_by("-id")[:20]})


def welcome(request):
    return render(request, "club/welcome.html")


class Form(CreateView):
    template_name = "club/form.html"
    extra_context = {}


class SignUp(Form):
    form_class = UserCreationForm
    success_url = "/welcome/"
    extra_context = {"title": "Sign up"}


class AddUpload(Form):
    model = Upload
    fields = ["title", "notes", "document"]
    success_url = "/welcome/"
    extra_context = {"title": "Hand in a document"}


class AddComment(Form):
    model = Comment
    fields = ["name", "text"]
    success_url = "/"
    extra_context = {"title": "Comment"}


def effects(request):
    """The effects so far, for tests."""
    return JsonResponse(
        {"users": User.objects.count(), "uploads": Upload.objects.count(), "comments": Comment.objects.count()}
    )


def latest_upload(request):
    upload = Upload.objects.latest("id")
    with upload.document.open() as file:
        content = file.read()
    return JsonResponse(
        {
            "title": upload.title,
            "notes": upload.notes,
            "filename": upload.document.name,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    )
