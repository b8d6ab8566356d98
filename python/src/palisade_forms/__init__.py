"""Palisade keeps bots out of forms. This package connects Python apps to it.

A Go service judges submissions. :class:`Client` asks it, :class:`Guard` adds the parts that every
framework needs, and the modules ``django``, ``flask``, ``drf``, ``wsgi`` and ``asgi`` adapt it to
each of them. The package needs only the standard library.
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
