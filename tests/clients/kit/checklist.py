"""What a client's check.py or check.mjs is made of: named checks, each a line of JSON on stdout.

Runs in the client's own environment, so it imports the standard library only. A check is a function of the
server's address (``http://127.0.0.1:8000``) that raises when something is not as its users need it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

_CHECKS: list[tuple[str, Callable[[str], Any]]] = []


def check(title: str) -> Callable[[Callable[[str], Any]], Callable[[str], Any]]:
    """Add a check under this title; it may be a coroutine function."""

    def add(function: Callable[[str], Any]) -> Callable[[str], Any]:
        _CHECKS.append((title, function))
        return function

    return add


def main() -> None:
    """Run every check against the server that the command line names; exit with 1 if one fails."""
    url = sys.argv[1].rstrip("/")
    failed = 0
    for title, function in _CHECKS:
        try:
            result = function(url)
            if inspect.isawaitable(result):
                asyncio.run(_wait(result))
        except Exception as error:  # a check of foreign code: whatever it raises is the result
            failed += 1
            traceback.print_exc()
            print(
                json.dumps({"check": title, "ok": False, "detail": f"{type(error).__name__}: {error}"[:500]}),
                flush=True,
            )
        else:
            print(json.dumps({"check": title, "ok": True}), flush=True)
    sys.exit(1 if failed else 0)


async def _wait(result: Any) -> Any:
    return await result
