"""A Django project with everything that Palisade protects."""

from __future__ import annotations

import django.forms
from django.contrib.auth.models import User
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView
from palisade_forms.django import PalisadeMixin, ProtectMixin, RequestMixin, protect, require_verdict
from palisade_forms.drf import PalisadeSerializerMixin, palisade_permission
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

EFFECTS: list[object] = []
VERDICT_KEY = "5281c15339776064ed1004b8e9a2cdaaeacd0956e4209003539fcbfd176cdf18"


def effect(request, *args, **kwargs):
    if request.method not in ("GET", "HEAD"):
        EFFECTS.append(request.path)
    return HttpResponse("done")


class SignupForm(PalisadeMixin, django.forms.Form):
    palisade_form = "signup"
    email = django.forms.EmailField()
    pin = django.forms.CharField(widget=django.forms.PasswordInput, required=False)


class UserForm(PalisadeMixin, django.forms.ModelForm):
    class Meta:
        model = User
        fields = ["username"]
        palisade_form = "user"

    def validate_unique(self):
        """No database in these tests."""


def show(request, text, **context):
    return HttpResponse(engines["django"].from_string(text).render(context, request))


def signup(request):
    form = SignupForm(request.POST or None, request=request)
    if form.is_valid():
        if form.cleaned_data["email"] == "taken@example.com":
            form.palisade_retry("Taken.")
        else:
            EFFECTS.append(form.cleaned_data)
            return HttpResponse("done")
    return show(request, "<form method=post>{{ form }}</form>", form=form)


async def asignup(request):
    form = SignupForm(request.POST or None, request=request)
    if await form.ais_valid():
        EFFECTS.append(form.cleaned_data)
        return HttpResponse("done")
    return HttpResponse(str(form.non_field_errors()), status=form.palisade_decision.status)


class SignupView(RequestMixin, FormView):
    form_class = SignupForm
    success_url = "/done"
    template_name = "none"

    def form_valid(self, form):
        EFFECTS.append(form.cleaned_data)
        return super().form_valid(form)

    def form_invalid(self, form):
        return HttpResponse(form.as_div())


@protect("signup")
def both(request):
    return signup(request)


def without_request(request):
    form = SignupForm(request.POST)
    form.is_valid()
    return effect(request)


def never_validated(request):
    SignupForm(request.POST, request=request)
    return effect(request)


def ignores_the_result(request):
    form = SignupForm(request.POST, request=request)
    form.is_valid()
    EFFECTS.append(form.cleaned_data["email"])
    return HttpResponse("done")


def cancel(request):
    form = SignupForm(request.POST, request=request)
    form.palisade_abandon()
    return HttpResponse("cancelled")


@protect("vote")
def vote(request):
    return effect(request)


def anything(request):
    """Like many views: a page for GET, and a submission for every other method."""
    if request.method != "GET":
        EFFECTS.append(request.path)
    return HttpResponse("the page")


@protect("vote")
async def avote(request):
    return effect(request)


class VoteView(ProtectMixin, View):
    palisade_form = "vote"

    def get(self, request):
        return effect(request)

    post = put = patch = delete = get


class AsyncVoteView(ProtectMixin, View):
    palisade_form = "vote"

    async def get(self, request):
        return effect(request)

    async def post(self, request):
        return effect(request)


@protect("tagged")
def tagged(request):
    return show(request, '{% load palisade %}<form method=post>{% palisade "tagged" %}</form>')


class Nonce:
    """Like django-csp's: false until its first use."""

    used = False

    def __bool__(self):
        return self.used

    def __str__(self):
        self.used = True
        return "lazy-nonce"


def with_nonce(request):
    request.csp_nonce = Nonce()
    return show(request, '{% load palisade %}{% palisade "tagged" %}{% palisade "tagged" nonce="given" %}')


class Api(APIView):
    permission_classes = [palisade_permission("api")]

    def get(self, request):
        return Response({"ok": True})

    def post(self, request):
        EFFECTS.append({**request.data, **{name: file.read() for name, file in request.FILES.items()}})
        return Response({"ok": True})

    put = patch = delete = post


class SignupSerializer(PalisadeSerializerMixin, serializers.Serializer):
    palisade_form = "api"
    email = serializers.EmailField()


class SerializerApi(APIView):
    def post(self, request):
        serializer = SignupSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        EFFECTS.append(serializer.validated_data)
        return Response({"ok": True})


class ForgetfulApi(APIView):
    def post(self, request):
        SignupSerializer(data=request.data).is_valid(raise_exception=True)
        EFFECTS.append(1)
        return Response({"ok": True})


@csrf_exempt
@require_verdict(VERDICT_KEY)
def behind_gateway(request, **kwargs):
    return JsonResponse({"form": request.palisade_verdict.form})


urlpatterns = [
    path("signup/", signup, name="signup"),
    path("asignup/", asignup),
    path("signup-view/", SignupView.as_view()),
    path("both/", both),
    path("without-request/", without_request),
    path("never-validated/", never_validated),
    path("ignores/", ignores_the_result),
    path("cancel/", cancel),
    path("vote/", vote),
    path("anything/", protect("anything")(anything)),
    path("named-anything/", anything),
    path("avote/", avote),
    path("vote-view/", VoteView.as_view()),
    path("avote-view/", AsyncVoteView.as_view()),
    path("tagged/", tagged),
    path("nonce/", with_nonce),
    path("plain/<int:number>/", effect, name="plain"),
    path("space/", include(([path("inner/", effect, name="inner")], "space"), namespace="space")),
    re_path(r"^[Aa][Nn][Yy][Cc][Aa][Ss][Ee]/?$", effect, name="anycase"),
    path("api/", Api.as_view()),
    path("api-serializer/", SerializerApi.as_view()),
    path("api-forgetful/", ForgetfulApi.as_view()),
    re_path("^sign up$", behind_gateway),
]
