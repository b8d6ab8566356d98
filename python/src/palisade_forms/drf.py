"""Palisade for Django REST framework; settings and middleware are those of Django.

    class SignupView(APIView):
        permission_classes = [palisade_permission("signup")]
"""

from __future__ import annotations

import json
import math
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.exceptions import APIException
from rest_framework.permissions import BasePermission

from . import pages
from .client import valid_form
from .decision import Decision
from .django.judge import judge
from .guard import FOR_PROGRAM
from .visit import SAFE_METHODS, Visit


class Refused(APIException):
    """A refusal in the format of RFC 9457, which contains the challenge for programs."""

    def __init__(self, decision: Decision) -> None:
        answer = pages.refusal(Decision(**{**vars(decision), "answer": None}), Visit("", "POST", ""), (), True)
        super().__init__()
        self.status_code = answer.status
        self.detail = json.loads(answer.body)  # unchanged: DRF would turn numbers into text
        self.decision = decision
        if decision.retry_after is not None:
            self.wait = math.ceil(decision.retry_after)


def palisade_permission(form: str) -> type[BasePermission]:
    """A permission class that judges every request which changes something."""
    if not valid_form(form):
        raise ImproperlyConfigured('palisade_permission needs the name of a form: palisade_permission("signup")')

    class PalisadePermission(BasePermission):
        def has_permission(self, request: Any, view: Any) -> bool:
            raw = request._request
            if request.method != raw.method:
                return False  # the browsable API asks for permissions to decide what to show; that is no submission
            if raw.method in SAFE_METHODS:
                return True
            decision = judge(raw, form, want=FOR_PROGRAM)
            if not decision:
                raise Refused(decision)
            return True

    return PalisadePermission


class PalisadeSerializerMixin:
    """For serializers: asks the service after all other checks. It stands left of the serializer::

        class SignupSerializer(PalisadeSerializerMixin, serializers.Serializer):
            palisade_form = "signup"
    """

    palisade_form = ""
    context: dict[str, Any]

    def run_validation(self, *args: Any, **kwargs: Any) -> Any:
        """Validate, then judge."""
        valid = super().run_validation(*args, **kwargs)  # type: ignore[misc]
        if not valid_form(self.palisade_form):
            raise ImproperlyConfigured(f'{type(self).__name__} needs palisade_form = "name-of-the-form"')
        request = self.context.get("request")
        if request is None:
            raise ImproperlyConfigured(f'{type(self).__name__} needs context={{"request": request}}')
        decision = judge(request._request, self.palisade_form, want=FOR_PROGRAM)
        if not decision:
            raise Refused(decision)
        return valid
