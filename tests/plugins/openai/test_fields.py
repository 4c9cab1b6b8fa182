"""Every top-level field is honoured, without effect or refused: in the tables, in the docs and in deed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.fields import Refusal
from mlxkernel.request import Prompts, Request, Sampling
from mlxkernel_plugins.openai.fields import CHAT_REFUSALS, COMPLETION_REFUSALS, TABLE, WITHOUT_EFFECT

Read = Callable[..., Request]
Refused = Callable[..., Fault]

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "openai.md"


def test_every_field_has_exactly_one_treatment() -> None:
    assert TABLE.faults() == []


def test_the_reference_page_holds_the_tables_and_no_other_row() -> None:
    page = PAGE.read_text(encoding="utf-8")
    fields = page[page.index("## Fields") : page.index("## Messages")]
    assert [line for line in fields.splitlines() if line.startswith("| `")] == list(TABLE.rows())


SAMPLES: dict[str, Any] = {
    "user": "u",
    "store": True,
    "metadata": {"a": "b"},
    "service_tier": "flex",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "safety_identifier": "s",
}


@pytest.mark.parametrize("field", WITHOUT_EFFECT)
def test_a_field_without_effect_has_none(read_chat: Read, field: str) -> None:
    assert read_chat(**{field: SAMPLES[field]}) == read_chat()


WANTED: dict[str, Any] = {
    "verbosity": "low",
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy"},
    "prediction": {"type": "content", "content": "x"},
    "web_search_options": {},
    "moderation": {"model": "m"},
    "prompt_cache_options": {"mode": "implicit", "ttl": "30m"},
    "suffix": "end",
}


@pytest.mark.parametrize("refusal", CHAT_REFUSALS, ids=lambda refusal: refusal.field)
def test_refused_in_chat(read_chat: Read, refused_chat: Refused, refusal: Refusal) -> None:
    _check_refusal(read_chat, refused_chat, refusal)


@pytest.mark.parametrize("refusal", COMPLETION_REFUSALS, ids=lambda refusal: refusal.field)
def test_refused_in_completions(read_completion: Read, refused_completion: Refused, refusal: Refusal) -> None:
    _check_refusal(read_completion, refused_completion, refusal)


def _check_refusal(read: Read, refused: Refused, refusal: Refusal) -> None:
    fault = refused(**{refusal.field: WANTED[refusal.field]})
    assert fault.param == refusal.field
    assert fault.message == f"'{refusal.field}' is not supported: {refusal.why}"
    for value in (None, *refusal.neutral):
        assert read(**{refusal.field: value}) == read()


def test_sampling_is_honoured(read_chat: Read, read_completion: Read) -> None:
    fields: dict[str, Any] = {
        "temperature": 0,
        "top_p": 0.5,
        "min_p": 0.1,
        "typical_p": 0.9,
        "xtc_probability": 0.2,
        "xtc_threshold": 0.3,
        "repetition_penalty": 1.1,
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "seed": -(2**63),
    }
    more = {"top_k": -1, "logit_bias": {"17": -100, "0": 5.5}, "logits_processors": ["a", "b"]}
    expected = Sampling(**fields, top_k=0, logit_bias={17: -100.0, 0: 5.5}, processors=("a", "b"))
    assert read_chat(**fields, **more).sampling == expected
    assert read_completion(**fields, **more).sampling == expected


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ({"a": 1}, "Invalid key in 'logit_bias': 'a' is not a token id."),
        ({"-1": 1}, "Invalid key in 'logit_bias': '-1' is not a token id."),
        ({"²": 1}, "Invalid key in 'logit_bias': '²' is not a token id."),
        ({"99999999999": 1}, "Invalid key in 'logit_bias': '99999999999' is not a token id."),
        ({"1": 101}, "Invalid value for 'logit_bias': 101 for token 1 is not within -100 and 100."),
    ],
)
def test_a_bias_that_no_engine_should_see(
    refused_chat: Refused, bias: dict[str, float], message: str
) -> None:
    fault = refused_chat(logit_bias=bias)
    assert (fault.param, fault.message) == ("logit_bias", message)


@pytest.mark.parametrize("read", ["read_chat", "read_completion"])
def test_limits_and_stops_are_honoured(request: pytest.FixtureRequest, read: str) -> None:
    fields = {
        "n": 3,
        "max_tokens": 9,
        "min_tokens": 2,
        "ignore_eos": True,
        "stop_token_ids": [1, 2],
        "stop": ["a", "b"],
        "stream": True,
    }
    given = request.getfixturevalue(read)(**fields)
    assert (given.n, given.max_tokens, given.min_tokens, given.ignore_eos) == (3, 9, 2, True)
    assert (given.stop_token_ids, given.stop, given.stream) == ((1, 2), ("a", "b"), True)


def test_one_stop_as_a_plain_string(read_chat: Read) -> None:
    assert read_chat(stop="END").stop == ("END",)
    assert read_chat(stop=[]).stop == ()


def test_the_defaults_leave_everything_to_the_model(read_chat: Read) -> None:
    given = read_chat()
    assert given.sampling == Sampling()
    assert (given.max_tokens, given.n, given.logprobs, given.stream) == (None, 1, None, False)


def test_both_names_of_the_limit(read_chat: Read, refused_chat: Refused) -> None:
    assert read_chat(max_completion_tokens=5).max_tokens == 5
    assert read_chat(max_tokens=5).max_tokens == 5
    assert read_chat(max_tokens=5, max_completion_tokens=5).max_tokens == 5
    fault = refused_chat(max_tokens=5, max_completion_tokens=6)
    assert fault.message == "'max_tokens' (5) and 'max_completion_tokens' (6) differ: send one of them."
    fault = refused_chat(max_tokens=5, min_tokens=6)
    assert fault.message == "'min_tokens' (6) is over the limit of 5 tokens for the answer."


def test_logprobs_in_chat(read_chat: Read, refused_chat: Refused) -> None:
    assert read_chat(logprobs=True).logprobs == 0
    assert read_chat(logprobs=True, top_logprobs=20).logprobs == 20
    assert read_chat(logprobs=False, top_logprobs=0).logprobs is None
    fault = refused_chat(top_logprobs=2)
    assert (fault.param, fault.message) == (
        "top_logprobs",
        "'top_logprobs' is only allowed when 'logprobs' is true.",
    )


def test_stream_options_belong_to_streams(read_chat: Read, refused_chat: Refused) -> None:
    assert read_chat(stream=False).stream is False
    read_chat(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    fault = refused_chat(stream_options={"include_usage": True})
    assert (fault.param, fault.message) == (
        "stream_options",
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    )
    fault = refused_chat(stream=True, stream_options={"include_obfuscation": True})
    assert fault.param == "stream_options.include_obfuscation"


@pytest.mark.parametrize(
    ("prompt", "items"),
    [
        ("hi", ("hi",)),
        (["a", "b"], ("a", "b")),
        ([1, 2], ((1, 2),)),
        ([[1], [2, 3]], ((1,), (2, 3))),
    ],
)
def test_prompts(read_completion: Read, prompt: Any, items: Any) -> None:
    assert read_completion(prompt=prompt).input == Prompts(items)
    assert read_completion(prompt=prompt, echo=True).input == Prompts(items, echo=True)


@pytest.mark.parametrize(
    ("prompt", "param"), [("", "prompt"), ([], "prompt"), (["a", ""], "prompt[1]"), ([[]], "prompt[0]")]
)
def test_empty_prompts(refused_completion: Refused, prompt: Any, param: str) -> None:
    fault = refused_completion(prompt=prompt)
    assert (fault.param, fault.message) == (
        param,
        f"Invalid value for '{param}': the prompt is empty, and a model needs at least one token.",
    )


@pytest.mark.parametrize("prompt", [["a", 1], [1, "a"], ["a", [1]], [[1], 1], [1, [1]]])
def test_mixed_prompts(refused_completion: Refused, prompt: Any) -> None:
    fault = refused_completion(prompt=prompt)
    assert fault.param == "prompt[1]"
    assert fault.message == (
        "Invalid type for 'prompt': strings, token ids and lists of token ids cannot be mixed."
    )


def test_a_negative_token_id(refused_completion: Refused) -> None:
    assert refused_completion(prompt=[[1, -1]]).param == "prompt[0][1]"
    assert refused_completion(prompt=[2**31]).param == "prompt[0]"


def test_more_answers_than_one_request_may_ask_for(
    refused_completion: Refused, read_completion: Read
) -> None:
    assert read_completion(prompt=["a"] * 16, n=128).n == 128
    fault = refused_completion(prompt=["a"] * 17, n=128)
    assert fault.message == "'prompt' times 'n' asks for more than 2048 answers: send several requests."


def test_the_rest_of_completions(read_completion: Read, refused_completion: Refused) -> None:
    assert read_completion(logprobs=0).logprobs == 0
    assert read_completion(best_of=2, n=2) == read_completion(n=2)
    assert refused_completion(best_of=3).message == (
        "'best_of' is not supported: all answers are returned; leave it out or send the value of 'n'"
    )
    assert refused_completion(echo=True, logprobs=1).message == (
        "'echo' is not supported: the prompt's tokens have no logprobs; leave out 'echo' or 'logprobs'"
    )
    assert refused_completion(logprobs=6).param == "logprobs"
