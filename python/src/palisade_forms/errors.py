"""What can go wrong. A refusal is none of it: that is a :class:`Decision`."""

from __future__ import annotations


class PalisadeError(Exception):
    """Nothing was judged, so nothing may be let through."""


class Unavailable(PalisadeError):
    """The service cannot be reached, or what it answers makes no sense."""


class Forged(Unavailable):
    """The answer is not signed as the service would sign it.

    An outage like any other, but one that ``down="limit-locally"`` never covers:
    somebody between app and service may be making it up.
    """


class Misconfigured(PalisadeError):
    """The service does not know this app: keys, clock, URL or base path are wrong."""


class Unreadable(Exception):
    """A submission that is refused before it is judged, through the visitor's fault."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
