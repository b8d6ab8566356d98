"""Palisade keeps bots out of forms; this package connects Python apps to it.

A Go service judges submissions. :class:`Client` asks it, :class:`Guard` adds what
every framework needs, and the modules ``django``, ``flask``, ``drf``, ``wsgi`` and
``asgi`` fit it into each of them. Nothing here needs more than the standard library.
"""

from .client import Client
from .decision import Answer, Decision
from .errors import Forged, Misconfigured, PalisadeError, Unavailable
from .guard import Guard
from .visit import Visit

__all__ = [
    "Answer",
    "Client",
    "Decision",
    "Forged",
    "Guard",
    "Misconfigured",
    "PalisadeError",
    "Unavailable",
    "Visit",
]
