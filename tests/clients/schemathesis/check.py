"""Thousands of requests made from the server's own OpenAPI document; none may end in a 5xx."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from checklist import check, main

LEAST = 2000
EXAMPLES = 110
"""Requests per route; routes without arguments take only one."""


@check(f"no 5xx in {LEAST:,} requests")
def fuzz(url: str) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{url}/openapi.json",
        "--checks=not_a_server_error",
        "--phases=fuzzing",
        f"--max-examples={EXAMPLES}",
        "--request-timeout=60",
        "--continue-on-failure",
        "--seed=1",
        "--no-color",
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    sys.stderr.write(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-500:]
    (generated,) = re.findall(r"([\d,]+) generated", done.stdout)
    assert int(generated.replace(",", "")) >= LEAST, f"only {generated} requests were made"


main()
