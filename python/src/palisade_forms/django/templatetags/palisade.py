"""``{% load palisade %}{% palisade "signup" %}`` inside a form's element."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.exceptions import ImproperlyConfigured
from django.utils.safestring import SafeString, mark_safe

from ..judge import markup, nonce_of

register = template.Library()


@register.simple_tag(takes_context=True)
def palisade(context: Any, form: str, nonce: Any = None) -> SafeString:
    """The fields of a form whose view is protected by ``@protect`` or PROTECT."""
    request = context.get("request") or getattr(context, "request", None)
    if request is None:
        raise ImproperlyConfigured("{% palisade %} needs the request in the template's context: use render(request, …)")
    return mark_safe(markup(request, form, nonce_of(request) if nonce is None else str(nonce)))
