"""Kept-alive connections to one server, for many threads."""

from __future__ import annotations

import http.client
import os
import select
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult

from .errors import Unavailable

MAX_ANSWER = 1 << 20  #: bytes of an answer
_MAX_IDLE = 8  # connections kept
_IDLE_SECONDS = 15.0  # shorter than the idle timeout of servers


@dataclass(frozen=True)
class Reply:
    """The answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Pool:
    """Sends requests. It never repeats a request that was sent, because the first one may have had an effect."""

    def __init__(self, url: SplitResult, timeout: float, context: ssl.SSLContext | None) -> None:
        self._url = url
        self._timeout = timeout
        self._context = context or (ssl.create_default_context() if url.scheme == "https" else None)
        self._lock = threading.Lock()
        self._idle: list[tuple[http.client.HTTPConnection, float]] = []
        self._pid = os.getpid()

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Send and read the whole answer within about the timeout."""
        deadline = time.monotonic() + self._timeout
        try:
            connection = self._sent(method, target, headers, body, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"the service cannot be reached: {type(error).__name__}") from None
        try:
            reply, keep = self._read(connection, deadline)
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise Unavailable(f"the service did not answer: {type(error).__name__}") from None
        except BaseException:
            connection.close()
            raise
        self._put(connection) if keep else connection.close()
        return reply

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _sent(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> http.client.HTTPConnection:
        """A connection on which the request was sent."""
        kept = self._take()
        if kept is not None:
            try:
                return self._write(kept, method, target, headers, body, deadline)
            except OSError:  # closed before all was sent: the server cannot have acted on it
                kept.close()
        fresh = self._connect()
        try:
            return self._write(fresh, method, target, headers, body, deadline)
        except BaseException:
            fresh.close()
            raise

    def _write(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
    ) -> http.client.HTTPConnection:
        _hurry(connection, deadline)
        connection.request(method, target, body=body, headers=dict(headers))
        return connection

    def _read(self, connection: http.client.HTTPConnection, deadline: float) -> tuple[Reply, bool]:
        _hurry(connection, deadline)
        response = connection.getresponse()
        body = bytearray()
        while len(body) <= MAX_ANSWER:
            _hurry(connection, deadline)
            piece = response.read1(64 << 10)
            if not piece:
                break
            body += piece
        else:
            raise ValueError("too long")
        if response.length:  # the body is shorter than announced
            raise http.client.IncompleteRead(bytes(body))
        response.close()  # the response, not the connection: it was read to its end
        return Reply(response.status, response.headers, bytes(body)), not response.will_close

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            if self._pid != os.getpid():  # after a fork these sockets are the parent's too
                self._idle, self._pid = [], os.getpid()
            while self._idle:
                connection, since = self._idle.pop()
                if time.monotonic() - since < _IDLE_SECONDS and _quiet(connection):
                    return connection
                connection.close()
        return None

    def _put(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if self._pid == os.getpid() and len(self._idle) < _MAX_IDLE:
                self._idle.append((connection, time.monotonic()))
                return
        connection.close()


def _quiet(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has neither closed the connection nor sent unexpected data."""
    sock = connection.sock
    if sock is None:
        return False
    try:
        if hasattr(select, "poll"):  # select itself fails for high descriptors
            poll = select.poll()
            poll.register(sock, select.POLLIN)
            return not poll.poll(0)
        return not select.select([sock], [], [], 0)[0]
    except (OSError, ValueError):
        return False


def _hurry(connection: http.client.HTTPConnection, deadline: float) -> None:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.timeout = left
    if connection.sock is not None:
        connection.sock.settimeout(left)
