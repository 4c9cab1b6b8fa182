"""docs/clients: the pages say what the results say, and each client that is run has its page."""

from __future__ import annotations

import re

from tests.clients import pages, results
from tests.clients.environment import subjects
from tests.clients.results import Check, Client, Results

NOT_RUN = "gui"
"""How the names of pages begin that tell of clients which are not run here."""


def test_the_pages_say_what_the_results_say() -> None:
    for page, text in pages.made(results.read()).items():
        assert page.read_text(encoding="utf-8") == text, (
            f"{page.name} is not as `make test-clients` writes it"
        )


def test_each_client_has_a_page_and_each_page_a_client() -> None:
    written = {page.stem for page in pages.FOLDER.glob("*.md")} - {"index", "crosswalk"}
    assert {name for name in written if not name.startswith(NOT_RUN)} == set(subjects())


def test_each_client_was_run() -> None:
    assert set(results.read().clients) == set(subjects())


def test_the_index_leads_to_each_page() -> None:
    linked = re.findall(r"\]\(([\w-]+)\.md", pages.INDEX.read_text(encoding="utf-8"))
    assert {page.stem for page in pages.FOLDER.glob("*.md")} - {"index"} <= set(linked)


def test_what_failed_is_told_as_failed() -> None:
    client = Client("A client", ("it 1.0",), (Check("chat", True), Check("tools", False, "no call")))
    assert pages.account(client) == "With it 1.0:\n\n- chat\n- **failed:** tools"
    assert pages.table(Results({"a": client})).endswith("| A client | it 1.0 | 1 of 2 |")


def test_only_the_place_of_the_results_is_changed() -> None:
    page = f"above\n\n{pages.BEGIN}\nold\n{pages.END}\n\nbelow\n"
    assert pages.filled(page, "new") == f"above\n\n{pages.BEGIN}\nnew\n{pages.END}\n\nbelow\n"
    grown = f"above\n\n## What was run\n\n{pages.BEGIN}\nnew\n{pages.END}\n"
    assert pages.filled("above\n", "new") == grown
