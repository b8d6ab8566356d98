"""A form that is valid only if the service allowed the submission."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.forms.boundfield import BoundField
from django.forms.forms import BaseForm
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from ..body import is_json
from ..decision import Decision
from ..guard import FOR_FORM
from ..visit import Submission
from .judge import judge, markup, nonce_of, pairs_of

MESSAGES = {
    "challenge": _("Please confirm below that you are human, and send the form again."),
    "deny": _("This could not be accepted."),
    "duplicate": _("This was received already."),
    "limit": _("Too many attempts. Please try again later."),
    "unavailable": _("This is not available right now. Please try again in a moment."),
}


class NotValidated(ImproperlyConfigured, AttributeError):
    """Code reads the data of a form that was not judged."""


class PalisadeField(forms.Field):
    """The place of the markup in the form. It has an effect only with :class:`PalisadeMixin`."""

    widget = forms.HiddenInput
    judged_by_form = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, label="", **kwargs)

    def get_bound_field(self, form: Any, field_name: str) -> BoundField:
        """Render the service's markup instead of an input."""
        return _Markup(form, self, field_name)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """The field has no data."""
        return False

    def clean(self, value: Any) -> None:
        """The form asks the service, after all other fields."""
        if not self.judged_by_form:
            raise ImproperlyConfigured("PalisadeField needs PalisadeMixin: class SignupForm(PalisadeMixin, forms.Form)")


class _Markup(BoundField):
    def as_widget(self, widget: Any = None, attrs: Any = None, only_initial: bool = False) -> SafeString:
        if not isinstance(self.form, PalisadeMixin):
            raise ImproperlyConfigured("PalisadeField needs PalisadeMixin: class SignupForm(PalisadeMixin, forms.Form)")
        return self.form.palisade_html()


class PalisadeMixin:
    """Makes a Form or ModelForm ask Palisade, after all other checks have passed::

        class SignupForm(PalisadeMixin, forms.Form):
            palisade_form = "signup"
            email = forms.EmailField()

        form = SignupForm(request.POST or None, request=request)

    A typo uses up no ticket: the form is judged last, and a form shown again for another field
    keeps its ticket.
    """

    palisade_form = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        order = cls.__mro__
        if BaseForm in order and order.index(BaseForm) < order.index(PalisadeMixin):
            raise TypeError(f"{cls.__name__}: PalisadeMixin must stand left of the form, or it does nothing")

    def __init__(self, *args: Any, request: Any = None, **kwargs: Any) -> None:
        self.request = request
        self.palisade_decision: Decision | None = None
        super().__init__(*args, **kwargs)
        own = [name for name, field in self.fields.items() if isinstance(field, PalisadeField)]
        if not own:
            self.fields["palisade"] = PalisadeField()
        for name in own or ["palisade"]:
            self.fields[name].judged_by_form = True
        if self.is_bound and request is not None:
            _pending(request).append(self)

    fields: dict[str, Any]
    is_bound: bool
    data: Any
    cleaned_data: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name == "cleaned_data":
            raise NotValidated(f"{type(self).__name__} was not judged yet: call is_valid() first")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def full_clean(self) -> None:
        """Clean everything, and only then ask the service."""
        self.palisade_decision = None
        super().full_clean()  # type: ignore[misc]
        if not self.is_bound:
            return
        if self.empty_permitted:
            raise ImproperlyConfigured("A form that may be empty is not judged. Protect the view of a formset with @protect")
        request = self._palisade_request()
        pending = _pending(request)
        pending[:] = [form for form in pending if form is not self]
        for name, field in self.fields.items():
            if isinstance(field, PalisadeField):
                self.cleaned_data.pop(name, None)
        if self._errors:
            return
        self.palisade_decision = judge(
            request, self._palisade_name(), self._palisade_sent(), want=FOR_FORM, blank=self._palisade_blank()
        )
        if not self.palisade_decision:
            self._palisade_refuse(self.palisade_decision)

    def is_valid(self) -> bool:
        """Whether all fields are right and the submission was allowed."""
        valid = bool(super().is_valid())  # type: ignore[misc]
        if valid and not self.palisade_decision:
            raise ImproperlyConfigured(f"{type(self).__name__} was never judged: full_clean() must call super()")
        return valid

    async def ais_valid(self) -> bool:
        """:meth:`is_valid` for async views."""
        return bool(await sync_to_async(self.is_valid)())

    def palisade_html(self) -> SafeString:
        """The markup inside the form's element; ``{{ form }}`` renders it too."""
        request = self._palisade_request()
        nonce = nonce_of(request)
        if not self.is_bound:
            return mark_safe(markup(request, self._palisade_name(), nonce, submission=Submission()))
        if self.palisade_decision:
            self.palisade_decision.corrected()
        sent, blank = self._palisade_sent(), self._palisade_blank()
        return mark_safe(
            markup(
                request,
                self._palisade_name(),
                nonce,
                decision=self.palisade_decision,
                submission=sent,
                blank=blank,
            )
        )

    def palisade_retry(self, error: str | ValidationError | None = None) -> SafeString:
        """Call this if the app finds a mistake after an allowed submission.

        The visitor gets a new ticket, and need not solve a challenge again. Returns the markup, for
        answers that are no page; ``{{ form }}`` has it too.
        """
        if not self.palisade_decision:
            raise ImproperlyConfigured("palisade_retry() is for a form that was valid")
        if error is not None:
            self.add_error(None, error)
        return self.palisade_html()

    def palisade_abandon(self) -> None:
        """Mark this bound form as not validated on purpose, for example for a "cancel" button."""
        pending = _pending(self._palisade_request())
        pending[:] = [form for form in pending if form is not self]

    def _palisade_refuse(self, decision: Decision) -> None:
        kind = "challenge" if decision.outcome == "challenge" else "deny"
        kind = {409: "duplicate", 429: "limit", 503: "unavailable"}.get(decision.status, kind)
        self.add_error(None, ValidationError(MESSAGES[kind], code="palisade-" + kind))
        self.cleaned_data = {}  # a view that forgets is_valid() has no data to save

    def _palisade_name(self) -> str:
        name = self.palisade_form or getattr(getattr(self, "Meta", None), "palisade_form", "")
        if not name:
            raise ImproperlyConfigured(f'{type(self).__name__} needs palisade_form = "name-of-the-form"')
        return str(name)

    def _palisade_request(self) -> Any:
        if self.request is None:
            raise ImproperlyConfigured(f"{type(self).__name__} needs the request: {type(self).__name__}(…, request=request)")
        return getattr(self.request, "_request", self.request)  # Django REST framework wraps it

    def _palisade_sent(self) -> Submission:
        return Submission(pairs_of(self.data), json=is_json(self._palisade_request().content_type or ""))

    def _palisade_blank(self) -> frozenset[str]:
        secret = (name for name, field in self.fields.items() if isinstance(field.widget, forms.PasswordInput))
        return frozenset(self.add_prefix(name) for name in secret)


class RequestMixin:
    """For FormView, CreateView and the like: gives the form its request."""

    request: Any

    def get_form_kwargs(self) -> dict[str, Any]:
        """The form's arguments, with the request."""
        return {**super().get_form_kwargs(), "request": self.request}  # type: ignore[misc]


def _pending(request: Any) -> list[Any]:
    """Forms with posted data that were not validated yet."""
    raw = getattr(request, "_request", request)
    if not hasattr(raw, "_palisade_pending"):
        raw._palisade_pending = []
    pending: list[Any] = raw._palisade_pending
    return pending
