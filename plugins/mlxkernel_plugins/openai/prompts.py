"""Raw prompts: a text, token ids, or several of one kind."""

from __future__ import annotations

from mlxkernel.errors import RequestFailed, invalid


def prompts(given: str | list[str | int | list[int]], field: str) -> tuple[str | tuple[int, ...], ...]:
    """The prompts of the body's `field`. Raises `RequestFailed` for empty ones and for a mixture."""
    if not given:
        raise _empty(field)
    if isinstance(given, str):
        return (given,)
    for i, item in enumerate(given):
        if type(item) is not type(given[0]):
            message = (
                f"Invalid type for '{field}': strings, token ids and lists of token ids cannot be mixed."
            )
            raise invalid(message, param=f"{field}[{i}]", code="invalid_type")
        if item in ("", []):
            raise _empty(f"{field}[{i}]")
    tokens = tuple(item for item in given if isinstance(item, int))
    if tokens:
        return (tokens,)
    texts = tuple(item for item in given if isinstance(item, str))
    return texts or tuple(tuple(item) for item in given if isinstance(item, list))


def _empty(path: str) -> RequestFailed:
    message = f"Invalid value for '{path}': the prompt is empty, and a model needs at least one token."
    return invalid(message, param=path, code="invalid_value")
