"""The reference page is what the table says."""

from __future__ import annotations

from pathlib import Path

from mlxkernel_plugins.reasoning.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "reasoning-formats.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        f"{PAGE.name} differs from the table; write it anew: "
        "python -m mlxkernel_plugins.reasoning.reference > docs/reference/reasoning-formats.md"
    )
