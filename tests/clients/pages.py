"""Pages: the parts of docs/clients that are made from the results."""

from __future__ import annotations

from pathlib import Path

from tests.clients import results
from tests.clients.results import Client, Results

FOLDER = results.FILE.parent
INDEX = FOLDER / "index.md"

BEGIN = "<!-- results: made by make test-clients -->"
END = "<!-- end of results -->"


def table(kept: Results) -> str:
    """One row per client: what was run, in which version, how much of it passed."""
    rows = ["| client | version | checks passed |", "| --- | --- | ---: |"]
    for name, client in sorted(kept.clients.items()):
        right = sum(check.ok for check in client.checks)
        page = f"[{client.title}]({name}.md)" if (FOLDER / f"{name}.md").exists() else client.title
        rows.append(f"| {page} | {', '.join(client.packages)} | {right} of {len(client.checks)} |")
    return "\n".join(rows)


def account(client: Client) -> str:
    """What was run with this client, check by check."""
    lines = [f"With {', '.join(client.packages)}:", ""]
    lines += [f"- {check.check}" if check.ok else f"- **failed:** {check.check}" for check in client.checks]
    return "\n".join(lines)


def filled(page: str, part: str) -> str:
    """The page with this part in the place of the results, which is made at its end if there is none."""
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n## What was run\n\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


def made(kept: Results) -> dict[Path, str]:
    """What each page must hold."""
    parts = {INDEX: table(kept)}
    parts |= {FOLDER / f"{name}.md": account(client) for name, client in kept.clients.items()}
    return {
        page: filled(page.read_text(encoding="utf-8"), part) for page, part in parts.items() if page.exists()
    }


def write() -> None:
    """Bring the pages up to date."""
    for page, text in made(results.read()).items():
        page.write_text(text, encoding="utf-8")
