"""Fixtures for apps: ``palisade_service`` in this process, ``palisade_fake`` the real binary."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from .testing import FakeService

_START_SECONDS = 60.0


@dataclass
class PalisadeFake:
    """A running ``palisade fake``: the verify endpoints and scripts of captcha vendors."""

    url: str
    control: str

    def ask(self, path: str, said: Any = None) -> Any:
        """Use its control API, e.g. ``ask("/solve", {…})`` or ``ask("/history")``."""
        data = None if said is None else json.dumps(said).encode()
        request = urllib.request.Request(self.control + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture
def palisade_service() -> Iterator[FakeService]:
    """A service in this process that follows the protocol."""
    with FakeService() as service:
        yield service


@pytest.fixture(scope="session")
def palisade_fake() -> Iterator[PalisadeFake]:
    """``palisade fake``, found by PALISADE_BIN or on the PATH."""
    binary = os.environ.get("PALISADE_BIN") or shutil.which("palisade")
    if not binary or not os.access(binary, os.X_OK):
        pytest.fail("palisade_fake needs the palisade command: put it on the PATH or name it in PALISADE_BIN", pytrace=False)
    command = [binary, "fake", "-listen", "127.0.0.1:0", "-control", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield _started(process)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def _started(process: subprocess.Popen[str]) -> PalisadeFake:
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    said: dict[str, str] = {}
    heard = ""
    while not {"services", "control"} <= said.keys():
        try:
            line = lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            process.kill()
            pytest.fail(f"palisade fake did not start: {heard.strip()[-500:] or 'it said nothing'}", pytrace=False)
        heard += line
        name, _, value = line.strip().partition(" ")
        said[name] = value.strip()
    return PalisadeFake(said["services"], said["control"])


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)
