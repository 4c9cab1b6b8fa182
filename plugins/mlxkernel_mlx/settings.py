"""Settings: a request's sampling with every None replaced, and checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from msgspec import Struct

from mlxkernel.api import LogitsProcessor, ModelDefaults
from mlxkernel.errors import invalid
from mlxkernel.messages import Json
from mlxkernel.request import Sampling


class Settings(Struct, frozen=True, kw_only=True):
    """`mlxkernel.request.Sampling`, resolved: the meaning and order of its fields are told there."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    typical_p: float = 1.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_window: int | None = None
    logit_bias: Mapping[int, float] = {}
    seed: int | None = None
    processors: tuple[LogitsProcessor, ...] = ()

    @property
    def filters(self) -> bool:
        """Whether a draw looks at less than the whole distribution."""
        return bool(
            self.temperature > 0
            and (
                self.top_k
                or self.top_p < 1
                or self.min_p > 0
                or self.typical_p < 1
                or self.xtc_probability > 0
            )
        )

    @property
    def penalises(self) -> bool:
        """Whether the tokens so far change the logits."""
        return bool(self.repetition_penalty != 1 or self.presence_penalty or self.frequency_penalty)


_NEUTRAL = Settings()

_RANGES: Mapping[str, tuple[Callable[[float], bool], str]] = {
    "temperature": (lambda value: value >= 0, "0 or more"),
    "top_p": (lambda value: 0 < value <= 1, "above 0 and at most 1"),
    "top_k": (lambda value: value >= 0, "0 (all tokens) or more"),
    "min_p": (lambda value: 0 <= value <= 1, "between 0 and 1"),
    "typical_p": (lambda value: 0 < value <= 1, "above 0 and at most 1"),
    "xtc_probability": (lambda value: 0 <= value <= 1, "between 0 and 1"),
    "xtc_threshold": (lambda value: 0 <= value <= 0.5, "between 0 and 0.5"),
    "repetition_penalty": (lambda value: value > 0, "above 0"),
    "presence_penalty": (math.isfinite, "a finite number"),
    "frequency_penalty": (math.isfinite, "a finite number"),
}


def resolve(
    sampling: Sampling,
    defaults: ModelDefaults,
    generation: Mapping[str, Json],
    registered: Mapping[str, LogitsProcessor],
    vocabulary: int,
) -> Settings:
    """The request's own value, else mlx.toml's default, else generation_config.json's, else the neutral one.

    Raises `RequestFailed` (400) for a value out of range, a token id outside the vocabulary or a
    processor that nobody registered.
    """
    values: dict[str, float] = {}
    for name, (fits, range_) in _RANGES.items():
        own = getattr(sampling, name)
        value = own if own is not None else _default(name, defaults, generation)
        if not (math.isfinite(value) and fits(value)):
            raise invalid(f"'{name}' is {value:g}; it must be {range_}", param=name)
        values[name] = value
    values["top_k"] = min(int(values["top_k"]), vocabulary)
    return Settings(
        **values,  # type: ignore[arg-type]
        penalty_window=_checked_window(sampling.penalty_window),
        logit_bias=_checked_bias(sampling.logit_bias, vocabulary),
        seed=sampling.seed,
        processors=tuple(_processor(name, registered) for name in sampling.processors),
    )


def _default(name: str, defaults: ModelDefaults, generation: Mapping[str, Json]) -> float:
    configured = getattr(defaults, name, None)
    if configured is not None:
        return float(configured)
    shipped = generation.get(name)
    if isinstance(shipped, (int, float)) and not isinstance(shipped, bool):
        return shipped
    return float(getattr(_NEUTRAL, name))


def _checked_window(window: int | None) -> int | None:
    if window is not None and window < 1:
        raise invalid(f"'penalty_window' is {window}; it must be 1 or more", param="penalty_window")
    return window


def _checked_bias(bias: Mapping[int, float], vocabulary: int) -> Mapping[int, float]:
    for token, value in bias.items():
        if not 0 <= token < vocabulary:
            raise invalid(
                f"'logit_bias' names token {token}, but the model's tokens are 0 to {vocabulary - 1}",
                param="logit_bias",
            )
        if math.isnan(value) or value == math.inf:
            raise invalid(f"'logit_bias' gives token {token} the value {value}", param="logit_bias")
    return bias


def _processor(name: str, registered: Mapping[str, LogitsProcessor]) -> LogitsProcessor:
    if name not in registered:
        known = ", ".join(registered) or "none is installed"
        raise invalid(f"there is no logits processor '{name}' (known: {known})", param="processors")
    return registered[name]
