"""Palisade for Flask.

    palisade = Palisade(app)          # or palisade = Palisade(); palisade.init_app(app)

    @app.route("/signup", methods=["GET", "POST"])
    @palisade.protect("signup")
    def signup(): ...

and ``{{ palisade_fields("signup") }}`` inside the form's element.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, request
from markupsafe import Markup

from . import config
from .body import FORM, MULTIPART, media_type, parse
from .client import valid_form
from .decision import Answer, Decision
from .errors import Unreadable
from .guard import FOR_FORM, FOR_PAGE, Guard, log
from .pages import without_ticket
from .visit import SAFE_METHODS, Submission, Visit, refuse_body

try:
    from wtforms import Field, PasswordField
except ImportError:  # PalisadeField needs WTForms
    Field = object
    PasswordField = ()

View = TypeVar("View", bound=Callable[..., Any])

_PREFIX = "PALISADE_"


class Palisade:
    """The extension. Mistakes in ``PALISADE_…`` config raise while the app is made."""

    def __init__(self, app: Flask | None = None) -> None:
        self._decorated: list[tuple[Any, Any]] = []
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Read the app's config and connect to it."""
        settings = {name[len(_PREFIX) :]: app.config[name] for name in app.config if name.startswith(_PREFIX)}
        settings.pop("PROTECT", None)
        try:
            app.extensions["palisade"] = config.guard(settings, debug=app.debug or app.testing)
        except ValueError as error:
            raise RuntimeError(f"Palisade: {error} (config keys begin with {_PREFIX})") from None
        app.before_request(self._before)
        app.after_request(_after)
        app.jinja_env.globals["palisade_fields"] = palisade_fields

    def protect(self, form: str) -> Callable[[View], View]:
        """Judge requests that change something before the view gets them. It stands below ``@app.route``."""
        if not valid_form(form):
            raise TypeError('protect needs the name of a form: @palisade.protect("signup")')

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def protected(*args: Any, **kwargs: Any) -> Any:
                if request.method in SAFE_METHODS:
                    return _calmly(form, view, args, kwargs)
                decision = judge(form)
                if not decision:
                    return refusal(decision)
                return current_app.ensure_sync(view)(*args, **kwargs)

            self._decorated.append((view, protected))
            return cast(View, protected)

        return decorate

    def _before(self) -> Response | None:
        self._refuse_wrong_order()
        guard = _guard()
        name = guard.under_base(request.root_path.rstrip("/") + request.path)
        if name is None:
            return None
        try:
            visit = _visit()
        except Unreadable as error:
            return _response(guard.unreadable(error))
        return _response(guard.forward(name, request.query_string.decode("latin-1"), visit))

    def _refuse_wrong_order(self) -> None:
        """``@palisade.protect`` above ``@app.route`` has no effect: the unprotected view is registered."""
        if not self._decorated:
            return
        registered = set(map(id, current_app.view_functions.values()))
        for view, protected in self._decorated:
            if id(view) in registered and id(protected) not in registered:
                raise RuntimeError(f"{view.__name__} is not protected: @palisade.protect must stand below @app.route")


def _calmly(form: str, view: View, args: Any, kwargs: Any) -> Any:
    """Run a view so that a method which must change nothing can change nothing. See SAFE_METHODS."""
    try:
        refuse_body(request.headers.get("Content-Length"), request.headers.get("Transfer-Encoding"))
    except Unreadable as error:
        return refusal(Decision.refused(form, error.status, error.reason))
    if request.method == "OPTIONS":
        return current_app.make_default_options_response()
    method, request.method = request.method, "GET"
    try:
        return current_app.ensure_sync(view)(*args, **kwargs)
    finally:
        request.method = method


def palisade_fields(form: str, nonce: str = "") -> Markup:
    """The markup inside a form's element: new, repeated, or for the answer to a judgement."""
    return _markup(form, nonce)


def judge(form: str, *, want: Collection[str] = FOR_PAGE, blank: Collection[str] = ()) -> Decision:
    """Judge the current request, or repeat its judgement for this form."""
    if request.method in SAFE_METHODS:
        raise RuntimeError(f"Palisade judges requests that change something, and {request.method} must not")
    judged: dict[str, Decision] = _state().setdefault("judged", {})
    if form not in judged:
        try:
            judged[form] = _guard().judge(form, _visit(), _submission(), want=want, blank=blank)
        except Unreadable as error:
            judged[form] = Decision.refused(form, error.status, error.reason)
    return judged[form]


def decision_of(form: str) -> Decision | None:
    """The judgement of the current request."""
    judged: dict[str, Decision] = _state().get("judged", {})
    return judged.get(form)


def refusal(decision: Decision) -> Response:
    """The answer to a refused request."""
    try:
        visit = _visit()
    except Unreadable:
        visit = Visit("", request.method, request.url, tuple(request.headers.items()))
    try:
        submission = _submission()
    except Unreadable:
        submission = Submission()
    return _response(_guard().refusal(decision, visit, submission))


def _markup(form: str, nonce: str, blank: Collection[str] = ()) -> Markup:
    guard = _guard()
    _state()["shown"] = True
    try:
        visit = _visit()
        if request.method in SAFE_METHODS:
            return Markup(guard.markup(form, visit, nonce=nonce))
        sent = _submission()
    except Unreadable as error:
        log.error("palisade: form %s is shown without a ticket: %s", form, error)
        return Markup(without_ticket(form, guard.base, nonce))
    return Markup(guard.again(form, visit, decision_of(form), sent.fields, nonce=nonce, blank=blank))


def _guard() -> Guard:
    try:
        return cast(Guard, current_app.extensions["palisade"])
    except KeyError:
        raise RuntimeError("Palisade is not connected to this app: palisade.init_app(app)") from None


def _state() -> dict[str, Any]:
    """The state of this request. It is not in ``g``, which tests may share between requests."""
    state: dict[str, Any] = request.environ.setdefault("palisade.flask", {})
    return state


def _visit() -> Visit:
    return _guard().visit(
        request.environ.get("REMOTE_ADDR"), request.method, request.url, request.headers.items()
    )


def _submission() -> Submission:
    content_type, encoding = request.headers.get("Content-Type", ""), request.headers.get("Content-Encoding", "")
    kind = media_type(content_type, encoding)[0]
    if kind in (FORM, MULTIPART):
        return Submission(tuple(request.form.items(multi=True)), files=tuple(name for name, file in request.files.items() if file.filename))
    return parse(request.get_data(cache=True), content_type, encoding)


def _response(answer: Answer) -> Response:
    response = Response(answer.body, status=answer.status)
    del response.headers["Content-Type"]
    for name, value in answer.headers:
        response.headers.add(name, value)
    return response


def _after(response: Response) -> Response:
    unused = [field for field in _state().get("unused", ()) if not field.asked]
    if unused and response.status_code < 400:
        raise RuntimeError(f"{unused[0].owner} got what was posted and was never validated: call validate_on_submit()")
    if judged := _state().get("judged"):
        location, referer = response.headers.get("Location", ""), request.headers.get("Referer", "")
        _guard().settle(judged.values(), response.status_code, location, request.url, referer)
    if _state().get("shown"):  # a ticket is valid for one visitor
        response.headers["Cache-Control"] = "no-store, private"
    return response


_MESSAGES = {
    409: "This was received already.",
    429: "Too many attempts. Please try again later.",
    503: "This is not available right now. Please try again in a moment.",
}


class PalisadeField(Field):
    """For WTForms and Flask-WTF: a form with this field is valid only if the service allowed it::

        class SignupForm(FlaskForm):
            email = EmailField(validators=[DataRequired(), Email()])
            palisade = PalisadeField("signup")

    Put it last. Fields below it are validated twice, because the service is asked only after all
    other fields are valid.
    """

    def __init__(self, form: str = "", *args: Any, **kwargs: Any) -> None:
        if Field is object:
            raise RuntimeError("PalisadeField needs WTForms")
        if not valid_form(form):
            raise TypeError('PalisadeField needs the name of a form: PalisadeField("signup")')
        kwargs.setdefault("label", "")
        super().__init__(*args, **kwargs)
        self.form_name = form
        self.asked = False
        self.decision: Decision | None = None
        self.owner = "A form"

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Read no data, but note that a form with posted data must be validated."""
        self.process_errors: list[str] = []
        self.data = self.object_data = self.raw_data = None
        if formdata and request.method not in SAFE_METHODS:
            _state().setdefault("unused", []).append(self)

    def populate_obj(self, obj: Any, name: str) -> None:
        """The field has no data."""

    def validate(self, form: Any, extra_validators: Any = ()) -> bool:
        """Ask the service, if all other fields are valid."""
        self.asked, self.decision, self.errors = True, None, []
        self.owner = type(form).__name__
        if not _others_valid(form, self):
            return True  # the form is invalid already
        blank = {field.name for field in form if isinstance(field, PasswordField)}
        self.decision = judge(self.form_name, want=FOR_FORM, blank=blank)
        if not self.decision:
            self.errors = [_message(self.decision)]
        return bool(self.decision)

    def __call__(self, nonce: str = "", **_: Any) -> Markup:
        """Render the markup."""
        if self.decision:
            self.decision.corrected()
        return _markup(self.form_name, nonce)


def _others_valid(form: Any, own: Any) -> bool:
    """Whether all other fields are right; validates those below, which were not checked yet."""
    below, right = False, True
    for name, field in form._fields.items():
        if field is own:
            below = True
        elif below:
            inline = getattr(type(form), f"validate_{name}", None)
            right = field.validate(form, [inline] if inline else []) and right
        else:
            right = right and not field.errors
    return right


def _message(decision: Decision) -> str:
    if decision.outcome == "challenge":
        return "Please confirm that you are human, and send the form again."
    return _MESSAGES.get(decision.status, "This could not be accepted.")
