"""The parts that every framework needs, in one place. On errors, everything here refuses."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from . import pages
from .address import ClientAddress
from .client import DEFAULT_BASE, Client
from .decision import Answer, Decision
from .errors import Forged, Misconfigured, Unavailable, Unreadable
from .settling import Settler, effect_of, leads_back
from .visit import Pairs, Submission, Visit

log = logging.getLogger("palisade_forms")

DOWN = ("refuse", "limit-locally")

# Parts of the answer besides the judgement. With "answer", a whole page replaces the fields.
FOR_PAGE = ("answer", "retry")
FOR_FORM = ("retry",)
FOR_PROGRAM: tuple[str, ...] = ()

_BASE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}){0,2}")
_QUERY = re.compile(r"[!-~]{0,4096}")
_PASSED_ON = frozenset(
    {"content-type", "content-encoding", "cache-control", "etag", "vary", "retry-after", "x-content-type-options"}
)


@dataclass
class Guard:
    """A client, and the app's settings for it.

    ``down`` is the behaviour during an outage of the service. ``"refuse"`` answers 503.
    ``"limit-locally"`` allows ``down_per_minute`` submissions of each form in each process, without
    a judgement, and refuses the rest.
    """

    client: Client
    base: str = DEFAULT_BASE
    address: ClientAddress = ClientAddress()
    down: str = "refuse"
    down_per_minute: int = 5
    loud: bool = False  #: raise Misconfigured while a page is made: for development

    def __post_init__(self) -> None:
        if not re.fullmatch(r"/([A-Za-z0-9._~-]+/)+", self.base):
            raise ValueError("the base path must begin and end with / and be more than that")
        if self.down not in DOWN:
            raise ValueError("down must be one of " + ", ".join(DOWN))
        self._budget = _Budget(self.down_per_minute)
        self._settler = Settler(self.client)

    def judge(
        self,
        form: str,
        visit: Visit,
        submission: Submission,
        *,
        want: Collection[str] = FOR_PAGE,
        blank: Collection[str] = (),
    ) -> Decision:
        """Judge a submission. An outage becomes a refusal, so the caller only tests the decision."""
        try:
            decision = self.client.check(
                form, visit, submission.fields, json=submission.json, files=submission.files, want=want, blank=blank
            )
        except Misconfigured as error:
            log.error("palisade: form %s is refused: %s", form, error)
            return Decision.refused(form, 503, "misconfigured")
        except Unavailable as error:
            return self._without_service(form, error)
        if not decision:
            log.info("palisade: form %s refused: %s (%s)", form, decision.reason, decision.id)
        return decision

    def _without_service(self, form: str, error: Unavailable) -> Decision:
        if self.down == "limit-locally" and not isinstance(error, Forged) and self._budget.take(form):
            log.warning("palisade: form %s is let through unjudged: %s", form, error)
            return Decision(allowed=True, form=form, outcome="allow", reason="service-down", status=200, degraded=True)
        log.error("palisade: form %s is refused: %s", form, error)
        return Decision.refused(form, 503, "service-down")

    def markup(
        self, form: str, visit: Visit, *, nonce: str = "", again: Pairs | None = None, blank: Collection[str] = ()
    ) -> str:
        """The fields of a form. During an outage they have no ticket; the page's script fetches one later."""
        try:
            return self.client.fields(form, visit, nonce=nonce, base=self.base, again=again, blank=blank)
        except Misconfigured as error:
            if self.loud:
                raise
            log.error("palisade: form %s is shown without a ticket: %s", form, error)
        except Unavailable as error:
            log.warning("palisade: form %s is shown without a ticket: %s", form, error)
        return pages.without_ticket(form, self.base, nonce)

    def again(
        self,
        form: str,
        visit: Visit,
        decision: Decision | None,
        fields: Pairs,
        *,
        nonce: str = "",
        blank: Collection[str] = (),
    ) -> str:
        """The fields of a posted form that is shown again."""
        if decision is not None and decision.receipt is not None:
            decision.receipt.shown = True
        if decision is not None and decision.fields:
            return pages.with_nonce(decision.fields, nonce)
        unjudged = decision is None
        return self.markup(form, visit, nonce=nonce, again=fields if unjudged else None, blank=blank)

    def settle(
        self, decisions: Iterable[Decision | None], status: int, location: str, url: str, referer: str
    ) -> None:
        """Note the app's answer to a request for ``url``. The service gives back what does not count, as its ``count`` says."""
        back = leads_back(location, url, referer)
        for decision in decisions:
            if decision and decision.receipt and decision.receipt.effect == effect_of(status, decision.receipt, back):
                self._settler.send(decision.form, decision.receipt.text)

    def refusal(self, decision: Decision, visit: Visit, submission: Submission) -> Answer:
        """The whole answer to a refused visitor."""
        return pages.refusal(decision, visit, submission.fields, submission.json)

    def under_base(self, path: str) -> str | None:
        """The part of a path under the base path, or None for other paths."""
        return path[len(self.base) :] if path.startswith(self.base) else None

    def forward(self, name: str, query: str, visit: Visit) -> Answer:
        """Fetch a browser's request under the base path from the service."""
        if visit.method not in ("GET", "HEAD"):
            return _plain(405, ("Allow", "GET, HEAD"))
        if not _BASE_NAME.fullmatch(name) or not _QUERY.fullmatch(query):
            return _plain(404)
        try:
            reply = self.client.base(name, query, visit)
        except (Unavailable, Misconfigured) as error:
            log.error("palisade: %s is not served: %s", name, error)
            return _plain(503, ("Retry-After", "30"))
        headers = tuple((key, value) for key, value in reply.headers.items() if key.lower() in _PASSED_ON)
        return Answer(reply.status, headers, reply.body)

    def unreadable(self, error: Unreadable) -> Answer:
        """The answer to a request without a known sender."""
        return _plain(error.status)

    def visit(self, peer: str | None, method: str, url: str, headers: Iterable[tuple[str, str]]) -> Visit:
        """The visitor's request, with the address found. May raise Unreadable."""
        kept = tuple(headers)
        forwarded = [value for name, value in kept if name.lower() == "x-forwarded-for"]
        return Visit(self.address.find(peer, forwarded), method, url, kept)


class _Budget:
    """A budget for each minute and each form. An attacker cannot reset it."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._minute: dict[str, tuple[float, int]] = {}

    def take(self, form: str) -> bool:
        now = time.monotonic()
        with self._lock:
            since, used = self._minute.get(form, (now, 0))
            if now - since >= 60:
                since, used = now, 0
            self._minute[form] = (since, used + 1)
            return used < self._per_minute


def _plain(status: int, *headers: tuple[str, str]) -> Answer:
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status, (kind, ("Cache-Control", "no-store"), *headers), b"")


