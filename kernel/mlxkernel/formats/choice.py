"""Choice: the format that a model uses, from its family and its chat template (``auto``)."""

from __future__ import annotations

from collections.abc import Iterable

from mlxkernel.api import ReasoningFormat, ToolFormat


def choose(model_type: str, chat_template: str | None, formats: Iterable[ToolFormat]) -> str | None:
    """The name of the format for a model; None when it cannot be told, or its template knows no tools.

    One architecture carries models of many makers, so the template decides where it can: of the formats
    whose markers all stand in it, those with the longest ones, and of these the one of the model's family.
    A template without known markers, or none at all, leaves it to the family; the first one counts.
    """
    known = list(formats)
    family = [format for format in known if model_type in format.model_types]
    if chat_template is None:
        return family[0].name if family else None
    shown = [
        format
        for format in known
        if format.markers and all(marker in chat_template for marker in format.markers)
    ]
    if shown:
        weight = max(_weight(format) for format in shown)
        best = [format for format in shown if _weight(format) == weight]
        return next((format for format in best if format in family), best[0]).name
    return family[0].name if family and "tool" in chat_template else None


def choose_reasoning(
    model_type: str, chat_template: str | None, formats: Iterable[ReasoningFormat]
) -> str | None:
    """The name of the reasoning format for a model; None when neither template nor family tells one.

    Of the formats with an opening marker in the template, the one of the model's family, else the longest.
    Without one, the family's first; but a format that surrounds answers is only for templates that show it.
    """
    known = list(formats)
    shown = [format for format in known if any(marker in (chat_template or "") for marker in format.opens)]
    shown.sort(key=lambda format: (model_type not in format.model_types, -len(format.opens[0])))
    family = [
        format
        for format in known
        if model_type in format.model_types and (chat_template is None or not any(format.reply))
    ]
    return next((format.name for format in (*shown, *family)), None)


def _weight(format: ToolFormat) -> int:
    return sum(map(len, format.markers))
