"""``anthropic-version``: any since the wire format of today, and none at all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.plugins.anthropic.conftest import BASE, COUNTED, http

from mlxkernel.errors import RequestFailed


@pytest.mark.parametrize("headers", [{}, *({"anthropic-version": v} for v in ("2023-06-01", "2026-10-21"))])
def test_a_version_that_is_spoken(messages: Any, counting: Any, headers: dict[str, str]) -> None:
    beta = {"anthropic-beta": "prompt-caching-2024-07-31"}
    assert messages.read(http(BASE, headers={**headers, **beta})) == messages.read(http(BASE))
    counting.read(http(COUNTED, headers=headers))


@pytest.mark.parametrize("version", ["2023-01-01", "2023-13-01", "latest", "", "2023-06-01 "])
def test_a_version_that_is_not(messages: Any, counting: Any, version: str) -> None:
    for route, body in ((messages, BASE), (counting, COUNTED)):
        with pytest.raises(RequestFailed) as caught:
            route.read(http(body, headers={"anthropic-version": version}))
        assert caught.value.fault.message == (
            f"'anthropic-version' is {version!r}; this server speaks 2023-06-01 and the versions after it "
            "(2026-10-21)"
        )
