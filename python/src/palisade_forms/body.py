"""Parses the fields of a body strictly: it refuses a body that two parsers could read differently.

If the app parses a body in another way than the judgement did, a bot can bypass the judgement.
"""

from __future__ import annotations

import json
import re
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from .client import MAX_FIELDS
from .errors import Unreadable
from .visit import Submission

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
_MAX_DEPTH = 64


def media_type(content_type: str, encoding: str = "") -> tuple[str, str]:
    """Media type and boundary, or a refusal: 415 for a type that cannot be judged."""
    if encoding:
        raise Unreadable(415, "unsupported")
    if not content_type:
        return "", ""
    message = Message()
    message["Content-Type"] = content_type
    kind = content_type.partition(";")[0].strip().lower()
    charset = str(message.get_param("charset") or "utf-8").lower()
    boundary = str(message.get_param("boundary") or "")
    known = kind in (FORM, MULTIPART) or is_json(kind)
    if not known or "*" in content_type or charset not in ("utf-8", "us-ascii", "utf8"):
        raise Unreadable(415, "unsupported")
    if kind == MULTIPART and not _BOUNDARY.fullmatch(boundary):
        raise Unreadable(415, "unsupported")
    return kind, boundary


def is_json(kind: str) -> bool:
    """Whether a media type is JSON."""
    return kind == "application/json" or kind.startswith("application/") and kind.endswith("+json")


def parse(body: bytes, content_type: str, encoding: str = "") -> Submission:
    """The fields of a body."""
    if not body and not encoding:
        return Submission()
    kind, boundary = media_type(content_type, encoding)
    if is_json(kind):
        return parse_json(body)
    if kind == MULTIPART:
        fields, files = _parts(body, boundary.encode())
        return Submission(tuple(fields), files=tuple(files))
    if kind == FORM:
        return Submission(_pairs(body))
    raise Unreadable(415, "unsupported")


def parse_json(body: bytes) -> Submission:
    """The text members at the top of a JSON object, duplicates kept."""

    def members(pairs: list[tuple[str, Any]]) -> Any:
        return _Object(pairs)

    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=members)
    except (ValueError, RecursionError):
        raise Unreadable(400, "unreadable") from None
    pairs = value.pairs if isinstance(value, _Object) else []
    for name, member in pairs:
        if name.startswith("palisade-") and not isinstance(member, str):
            raise Unreadable(400, "ambiguous")
    return Submission(tuple((name, member) for name, member in pairs if isinstance(member, str)), json=True)


class _Object:
    """A JSON object with its members in order, duplicates kept."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _pairs(body: bytes) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
    except UnicodeDecodeError:
        raise Unreadable(400, "unreadable") from None
    except ValueError:
        raise Unreadable(413, "too-large") from None


def _parts(body: bytes, boundary: bytes) -> tuple[list[tuple[str, str]], list[str]]:
    """The fields of multipart/form-data, and the names of files. It accepts only the format of browsers."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or pieces[0] != b"" or not pieces[-1].startswith(b"--") or pieces[-1].strip() != b"--":
        raise Unreadable(400, "unreadable")
    if len(pieces) > MAX_FIELDS + 2:
        raise Unreadable(413, "too-large")
    fields, files = [], []
    for piece in pieces[1:-1]:
        name, value = _part(piece)
        if value is None:
            files.extend([name] if name else [])
        else:
            fields.append((name, value))
    return fields, files


_DISPOSITION = re.compile(
    r'form-data; *name="([^"\\]*)"(; *filename=(?:"[^"]*"|[^";\s]*))?(?:; *filename\*=[^;\s"]*)?', re.IGNORECASE
)


def _part(piece: bytes) -> tuple[str, str | None]:
    """Name and value; None for the value of a file. An input without a file has no name."""
    head, found, value = piece.partition(b"\r\n\r\n")
    if not piece.startswith(b"\r\n") or not found:
        raise Unreadable(400, "unreadable")
    try:
        headers = _head(head[2:].decode("utf-8"))
        disposition = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
        if disposition is None or headers.keys() & {"content-transfer-encoding", "content-encoding"}:
            raise Unreadable(400, "unreadable")
        name = disposition[1].replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
        if "filename" in disposition[0]:
            return name if 'filename=""' not in disposition[0] else "", None
        return name, value.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(400, "unreadable") from None


def _head(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in text.split("\r\n"):
        name, found, value = line.partition(":")
        name = name.lower()
        if not found or name in headers or not name or name.strip() != name or "\n" in line or "\r" in line:
            raise Unreadable(400, "unreadable")
        headers[name] = value.strip()
    return headers
