"""Tells the service what came of a submission, after the answer, so that nobody waits for it."""

from __future__ import annotations

import logging
import os
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from .errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from .client import Client

log = logging.getLogger("palisade_forms")

_MOST_WAITING = 1000  # more are dropped; then the limits stay strict


@dataclass
class Receipt:
    """What the service gives back of its limits, if ``effect`` comes of the submission."""

    text: str
    effect: str  #: "accepted" or "rejected"
    shown: bool = False  #: the answer has the form again, which may mean a correction or a fresh form
    corrected: bool = False  #: the app asks for a correction


_ACCEPTS = frozenset({200, 201, 202, 203, 204, 205, 301, 302, 303})  # the same as in the service's library


def effect_of(status: int, receipt: Receipt, back: bool = False) -> str:
    """What an answer of the app means. A wrong password or a declined card means nothing: it was a trial.

    ``back`` says that it redirects to the form or its page: some apps answer so to what they reject.
    """
    if status in (400, 422):
        return "rejected"
    if status not in _ACCEPTS:
        return ""
    if receipt.corrected:
        return "rejected"
    return "" if receipt.shown or back else "accepted"


def leads_back(location: str, url: str, referer: str) -> bool:
    """Whether an answer to ``url`` redirects to its path, or to that of the page that the form was on."""
    if not location:
        return False
    try:
        to = urlsplit(urljoin(url, location)).path or "/"
        return to == (urlsplit(url).path or "/") or bool(referer) and to == (urlsplit(referer).path or "/")
    except ValueError:
        return True


class Settler:
    """One thread that sends receipts."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._process = 0  # in which the thread runs: a server may fork
        self._waiting: queue.Queue[tuple[str, str]] = queue.Queue()

    def send(self, form: str, receipt: str) -> None:
        """Send a receipt soon."""
        with self._lock:
            if self._process != os.getpid():
                self._process, self._waiting = os.getpid(), queue.Queue(_MOST_WAITING)
                threading.Thread(target=self._run, args=(self._waiting,), daemon=True, name="palisade-settle").start()
            try:
                self._waiting.put_nowait((form, receipt))
            except queue.Full:
                log.warning("palisade: form %s keeps its limit: too many receipts wait", form)

    def _run(self, waiting: queue.Queue[tuple[str, str]]) -> None:
        while True:
            form, receipt = waiting.get()
            try:
                self._client.settle(form, receipt)
            except (Unavailable, Misconfigured) as error:
                log.warning("palisade: form %s keeps its limit: %s", form, error)
            except Exception:  # the thread must go on
                log.exception("palisade: form %s keeps its limit", form)
