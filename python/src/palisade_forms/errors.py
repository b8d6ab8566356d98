"""The errors. A refusal is not an error but a :class:`Decision`."""

from __future__ import annotations


class PalisadeError(Exception):
    """The service has not judged the submission, so the app must not accept it."""


class Unavailable(PalisadeError):
    """The service cannot be reached, or its answer is malformed."""


class Forged(Unavailable):
    """The answer lacks a valid signature of the service.

    This is an outage, but ``down="limit-locally"`` never covers it: an attacker between app and
    service may have made the answer up.
    """


class Misconfigured(PalisadeError):
    """The service does not know this app: keys, clock, URL or base path are wrong."""


class Unreadable(Exception):
    """The submission is malformed and refused without a judgement. The visitor caused this."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
