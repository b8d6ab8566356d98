"""Tells the service what came of a submission, after the answer, so that nobody waits for it."""

from __future__ import annotations

import logging
import os
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


def effect_of(status: int, receipt: Receipt) -> str:
    """What an answer of the app means. A wrong password or a declined card means nothing: it was a trial."""
    if status in (400, 422):
        return "rejected"
    if not 200 <= status < 400:
        return ""
    if receipt.corrected:
        return "rejected"
    return "" if receipt.shown else "accepted"


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
