"""The code that a client's page gives to copy, run as it stands: only the server's address is put in.

Runs in the client's own environment, so it imports the standard library only.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ADDRESS = "http://127.0.0.1:8000"
"""What stands in the pages."""

_NAME = Path(sys.argv[0]).resolve().parent.name
_PAGE = Path(__file__).resolve().parents[3] / "docs" / "clients" / f"{_NAME}.md"
_SAYS = re.compile(r"# … (.+) …$", re.MULTILINE)
"""A comment such as ``# … Alice …``: a word that is in what the example prints."""


def blocks(language: str, url: str) -> list[str]:
    """The blocks of this language in the page of the client whose check.py runs, made for this server."""
    text = _PAGE.read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{_PAGE.name} has no block of {language}"
    return [block.replace(ADDRESS, url) for block in found]


def run_page(url: str) -> None:
    """Run each Python block of the page by itself. Raises `AssertionError` if one is not right."""
    for block in blocks("python", url):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "example.py"
            script.write_text(block, encoding="utf-8")
            command = [sys.executable, str(script)]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-2000:]
        expected = _SAYS.findall(block)
        assert expected, f"nothing is said of what this prints:\n{block}"
        missing = [word for word in expected if word not in done.stdout]
        assert not missing, f"{missing} is not in what was printed: {done.stdout}"
