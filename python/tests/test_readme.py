"""The README is correct."""

from __future__ import annotations

import re
from pathlib import Path

from palisade_forms import config

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_piece_of_python_in_the_readme_is_python():
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(code.replace("…", ""), "README.md", "exec")


def test_every_setting_is_in_the_readme():
    assert all(f"`{name}`" in README for name in config._NAMES)
