"""The pytest plugin, with a replacement for the palisade binary."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

TEST = """
def test_fake(palisade_fake, palisade_service):
    assert palisade_fake.url == "http://127.0.0.1:1"
    assert palisade_fake.control == "http://127.0.0.1:2"
    assert palisade_service.url
"""

BINARY = f"""#!{sys.executable}
import sys, time
assert sys.argv[1:] == ["fake", "-listen", "127.0.0.1:0", "-control", "127.0.0.1:0"], sys.argv
print("services http://127.0.0.1:1\\ncontrol http://127.0.0.1:2", flush=True)
time.sleep(600)
"""

BROKEN = f"""#!{sys.executable}
import sys
sys.exit("no such command: fake")
"""


def run(folder, binary):
    (folder / "test_app.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "palisade_forms.pytest_plugin", "-p", "no:cacheprovider", str(folder)]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environ = {"PATH": "/nonexistent", "PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    if binary:
        program = folder / "palisade"
        program.write_text(binary)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        environ["PALISADE_BIN"] = str(program)
    return subprocess.run(command, env=environ, capture_output=True, text=True, cwd=folder, timeout=300)


def test_the_fixture_starts_the_binary(tmp_path):
    result = run(tmp_path, BINARY)
    assert result.returncode == 0, result.stdout


def test_a_missing_binary_is_said_clearly(tmp_path):
    result = run(tmp_path, None)
    assert result.returncode == 1 and "PALISADE_BIN" in result.stdout


def test_a_binary_that_does_not_start_is_said_clearly(tmp_path):
    result = run(tmp_path, BROKEN)
    assert result.returncode == 1 and "no such command: fake" in result.stdout
