from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from palisade_forms.django import RequestMixin, protect

from .forms import SignUpForm

votes = {"yes": 0, "no": 0}


def home(request):
    """Two forms: a sign-up on a page of its own, and a vote."""
    return render(request, "shop/home.html", {"votes": votes})


class SignUp(RequestMixin, FormView):
    """A form that is valid only if Palisade allowed it."""

    form_class = SignUpForm
    template_name = "shop/signup.html"
    success_url = reverse_lazy("home")

    def form_valid(self, form):
        form.save()
        return super().form_valid(form)


@require_POST
@protect("vote")
def vote(request):
    """A view that runs only for allowed submissions; others get Palisade's page."""
    votes["yes" if request.POST.get("choice") == "yes" else "no"] += 1
    return HttpResponse("<!doctype html><html lang=en><title>Thank you</title><h1 id=thanks>Thank you</h1></html>")


def effects(request):
    """The effects so far, for the tests of the example."""
    return JsonResponse({"signup": User.objects.count(), "vote": sum(votes.values())})
