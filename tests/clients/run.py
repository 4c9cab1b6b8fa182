"""Run real clients against a real server: python -m tests.clients.run [NAME …] [--cache DIR]

Without names, all of them. Each client is installed in an environment of its own with pinned versions; what
passed is kept in docs/clients/results.json, from which the table of docs/clients/index.md is made.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.clients import pages, results
from tests.clients.environment import KIT, Subject, subjects
from tests.clients.results import Check, Client
from tests.clients.server import server

PATIENCE = 900
"""Seconds that all checks of one client may take before they count as hung."""


def examine(subject: Subject, cache: Path, url: str) -> Client:
    """Install the client, run its checks."""
    place = subject.install(cache)
    checks = run_checks(subject.command(place, url), place)
    return Client(subject.about.title, subject.versions(place), checks)


def run_checks(command: Sequence[str], folder: Path) -> tuple[Check, ...]:
    """Run this command in this folder; the checks that it tells of, and a failed one more if it broke off."""
    environment = {**_inherited(), "PYTHONPATH": str(KIT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, timeout=PATIENCE
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"check"')]
    checks = [Check(line["check"], line["ok"], line.get("detail", "")) for line in lines]
    if done.returncode and all(check.ok for check in checks):
        checks.append(Check("the checks run to their end", False, f"ended with {done.returncode}"))
    return tuple(checks)


def _inherited() -> dict[str, str]:
    # A client must not find a proxy or a key of whoever runs this.
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


def main() -> int:
    """Run the clients that the command line names. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument(
        "--cache", type=Path, default=Path(".clients"), help="where the environments are kept"
    )
    options = parser.parse_args()
    names = options.names or subjects()
    passed = True
    with server() as process:
        for name in names:
            client = examine(Subject(name), options.cache.resolve(), process.url)
            results.keep(name, client)
            passed = passed and client.passed
            right = sum(check.ok for check in client.checks)
            print(f"{name}: {right} of {len(client.checks)} checks passed ({', '.join(client.packages)})")
            for check in client.checks:
                if not check.ok:
                    print(f"  {check.check}: {check.detail}")
    pages.write()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
