"""Where a setting comes from, and what is refused in which words."""

from __future__ import annotations

import math

import pytest

from mlxkernel.api import LogitsProcessor, ModelDefaults
from mlxkernel.errors import RequestFailed
from mlxkernel.request import Sampling
from mlxkernel_mlx.settings import Settings, resolve

PROCESSOR = LogitsProcessor(name="loud", create=lambda sampling: lambda tokens, logits: logits)


def resolved(sampling: Sampling, defaults: ModelDefaults | None = None, **generation: object) -> Settings:
    return resolve(sampling, defaults or ModelDefaults(), generation, {"loud": PROCESSOR}, 100)


def test_the_request_comes_before_the_config_before_the_model_before_neutral() -> None:
    generation = {"temperature": 0.3, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.1, "do_sample": True}
    defaults = ModelDefaults(temperature=0.2, top_p=0.7)
    settings = resolved(Sampling(temperature=0.1), defaults, **generation)
    assert settings == Settings(temperature=0.1, top_p=0.7, top_k=20, repetition_penalty=1.1)
    assert resolved(Sampling()) == Settings()


def test_a_zero_of_the_request_is_not_taken_for_absent() -> None:
    assert resolved(Sampling(temperature=0.0, top_k=0), temperature=0.6, top_k=20).top_k == 0


def test_what_the_model_ships_of_another_type_is_passed_over() -> None:
    assert resolved(Sampling(), temperature="hot", top_p=None, top_k=True) == Settings()


def test_top_k_beyond_the_vocabulary_is_all_tokens() -> None:
    assert resolved(Sampling(top_k=1000)).top_k == 100


@pytest.mark.parametrize(
    ("sampling", "param", "message"),
    [
        (Sampling(temperature=-0.5), "temperature", "'temperature' is -0.5; it must be 0 or more"),
        (Sampling(temperature=math.inf), "temperature", "'temperature' is inf; it must be 0 or more"),
        (Sampling(top_p=0.0), "top_p", "'top_p' is 0; it must be above 0 and at most 1"),
        (Sampling(top_k=-1), "top_k", "'top_k' is -1; it must be 0 (all tokens) or more"),
        (Sampling(min_p=1.5), "min_p", "'min_p' is 1.5; it must be between 0 and 1"),
        (
            Sampling(xtc_threshold=0.6),
            "xtc_threshold",
            "'xtc_threshold' is 0.6; it must be between 0 and 0.5",
        ),
        (
            Sampling(repetition_penalty=0.0),
            "repetition_penalty",
            "'repetition_penalty' is 0; it must be above 0",
        ),
        (Sampling(penalty_window=0), "penalty_window", "'penalty_window' is 0; it must be 1 or more"),
        (
            Sampling(logit_bias={100: 1.0}),
            "logit_bias",
            "'logit_bias' names token 100, but the model's tokens are 0 to 99",
        ),
        (Sampling(logit_bias={3: math.nan}), "logit_bias", "'logit_bias' gives token 3 the value nan"),
        (
            Sampling(processors=("quiet",)),
            "processors",
            "there is no logits processor 'quiet' (known: loud)",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(sampling: Sampling, param: str, message: str) -> None:
    with pytest.raises(RequestFailed) as caught:
        resolved(sampling)
    assert caught.value.fault.param == param
    assert caught.value.fault.message == message
    assert caught.value.fault.kind.status == 400


def test_processors_are_found_by_name() -> None:
    assert resolved(Sampling(processors=("loud",))).processors == (PROCESSOR,)
