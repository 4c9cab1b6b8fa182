"""Options, format, thinking, logprobs, keep_alive; and requests that only load."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from mlxkernel.errors import Fault
from mlxkernel.request import (
    Conversation,
    Embed,
    JsonObject,
    JsonSchema,
    Prompts,
    ReasoningWish,
    Render,
    Request,
    Sampling,
)
from mlxkernel_plugins.ollama import keep_alive
from mlxkernel_plugins.ollama.bodies import ModelBody

Read = Callable[..., Request]
Refused = Callable[..., Fault]


def test_a_request_says_what_it_says_and_leaves_the_rest_to_the_model(read_chat: Read) -> None:
    given = read_chat()
    assert given.sampling == Sampling()
    assert (given.max_tokens, given.clip, given.n, given.logprobs) == (None, True, 1, None)
    assert given.stream is True
    assert read_chat(stream=False).stream is False
    assert read_chat(stream=None).stream is True


def test_sampling_is_honoured(read_chat: Read, read_generate: Read) -> None:
    options = {
        "temperature": 2.5,
        "top_k": 5,
        "top_p": 0.5,
        "min_p": 0.1,
        "typical_p": 0.9,
        "repeat_penalty": 1.1,
        "presence_penalty": -2,
        "frequency_penalty": 2,
        "seed": 7,
        "repeat_last_n": -1,
    }
    expected = Sampling(
        temperature=2.5,
        top_k=5,
        top_p=0.5,
        min_p=0.1,
        typical_p=0.9,
        repetition_penalty=1.1,
        presence_penalty=-2,
        frequency_penalty=2,
        seed=7,
    )
    assert read_chat(options=options).sampling == expected
    assert read_generate(options=options).sampling == expected
    assert read_chat(options={"top_k": -1, "seed": -1}).sampling == Sampling(top_k=0)


def test_the_window_of_the_penalties(read_chat: Read) -> None:
    off = read_chat(options={"repeat_last_n": 0, "repeat_penalty": 1.5}).sampling
    assert off == Sampling(repetition_penalty=1.0, presence_penalty=0.0, frequency_penalty=0.0)
    usual = read_chat(options={"repeat_last_n": 64, "repeat_penalty": 1.1}).sampling
    assert usual == Sampling(repetition_penalty=1.1, penalty_window=64)
    assert read_chat(options={"repeat_last_n": -1, "repeat_penalty": 1.1}).sampling.penalty_window is None


def test_limits_and_stops(read_chat: Read, refused_chat: Refused) -> None:
    assert read_chat(options={"num_predict": 9, "stop": ["a", "b"]}).max_tokens == 9
    assert read_chat(options={"stop": ["a", "b"]}).stop == ("a", "b")
    assert read_chat(options={"stop": "END"}).stop == ("END",)
    for unlimited in (-1, -2):
        assert read_chat(options={"num_predict": unlimited}).max_tokens is None
    assert refused_chat(options={"num_predict": 0}).message == (
        "invalid value for 'options.num_predict': 0 leaves no room for an answer; send 1 or more, or -1"
    )
    assert refused_chat(options={"stop": [""]}).param == "options.stop[0]"


def test_formats(read_chat: Read, read_generate: Read, refused_chat: Refused) -> None:
    schema = {"type": "object", "properties": {"age": {"type": "integer"}}}
    for read in (read_chat, read_generate):
        assert read(format="json").response_format == JsonObject("format")
        assert read(format=schema).response_format == JsonSchema(schema, field="format")
        assert read(format="").response_format is None
        assert read(format=None).response_format is None
    assert refused_chat(format="yaml").message == (
        "invalid value for 'format': 'yaml'; it may be 'json' and a JSON Schema"
    )
    deep: Any = {}
    for _ in range(200):
        deep = {"properties": deep}
    assert refused_chat(format=deep).message == (
        "invalid value for 'format': it is nested more than 128 levels deep"
    )
    assert refused_chat(format={"maximum": 2**80}).message == (
        "invalid value for 'format': an integer in it does not fit into 64 bits"
    )


@pytest.mark.parametrize(
    ("think", "wish"),
    [
        (None, ReasoningWish()),
        (True, ReasoningWish(True)),
        (False, ReasoningWish(False)),
        ("low", ReasoningWish(True, "low")),
        ("medium", ReasoningWish(True, "medium")),
        ("high", ReasoningWish(True, "high")),
        ("max", ReasoningWish(True, "max")),
    ],
)
def test_thinking(read_chat: Read, read_generate: Read, think: Any, wish: ReasoningWish) -> None:
    assert read_chat(think=think).reasoning == wish
    assert read_generate(think=think).reasoning == wish


def test_a_level_of_thinking_that_there_is_not(refused_chat: Refused) -> None:
    assert refused_chat(think="hard").message == (
        "invalid value for 'think': 'hard'; it may be true, false, 'low', 'medium', 'high' and 'max'"
    )


def test_logprobs(read_chat: Read, refused_chat: Refused) -> None:
    assert read_chat(logprobs=True).logprobs == 0
    assert read_chat(logprobs=True, top_logprobs=20).logprobs == 20
    assert read_chat(logprobs=False, top_logprobs=0).logprobs is None
    assert refused_chat(top_logprobs=2).message == "'top_logprobs' is only allowed when 'logprobs' is true"
    assert refused_chat(logprobs=True, top_logprobs=21).param == "top_logprobs"


# --- generate ---------------------------------------------------------------------------------------


def test_raw_prompts(read_generate: Read, refused_generate: Refused) -> None:
    assert read_generate(raw=True, think=False, system="").input == Prompts(("hi",))
    assert read_generate(raw=True, think=False).reasoning == ReasoningWish()
    assert isinstance(read_generate(raw=False).input, Conversation)
    assert refused_generate(raw=True, system="s").message == (
        "'system' cannot be used with 'raw': write it into the prompt"
    )
    assert refused_generate(raw=True, images=["aGk="]).param == "images"
    assert refused_generate(raw=True, think=True).param == "think"


# --- loading ----------------------------------------------------------------------------------------

LOADS = [
    ("/api/chat", {}),
    ("/api/chat", {"messages": []}),
    ("/api/chat", {"messages": None}),
    ("/api/generate", {}),
    ("/api/generate", {"prompt": ""}),
    ("/api/generate", {"prompt": "", "raw": True}),
    ("/api/embed", {}),
    ("/api/embed", {"input": ""}),
    ("/api/embed", {"input": []}),
    ("/api/embeddings", {"prompt": ""}),
]


@pytest.mark.parametrize(("path", "body"), LOADS)
def test_an_empty_request_loads(read: Read, refused: Refused, path: str, body: dict[str, Any]) -> None:
    for alive in (None, 1, -1, "5m", "-1m"):
        given = read(path, {"model": "m", "keep_alive": alive, **body})
        assert given == Request(id="req_42", model="m", input=Prompts(("",)), task=Render())
    for gone in (0, 0.0, "0", "0s"):
        fault = refused(path, {"model": "m", "keep_alive": gone, **body})
        assert fault.message == (
            "'keep_alive' is not supported: models are not unloaded one by one; a model stays loaded until "
            "the server ends"
        )


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (5, 5.0),
        (2.5, 2.5),
        (0, 0.0),
        (-1, math.inf),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("100ms", 0.1),
        ("+3s", 3.0),
        ("-1s", math.inf),
        ("0", 0.0),
        (None, None),
    ],
)
def test_durations(given: Any, seconds: float | None) -> None:
    found = keep_alive.seconds(ModelBody(model="m", keep_alive=given))
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    "given", ["", "5", "-1", "5 m", "m", "1d", "a while", "1h 2m", "5m!", "1" * 400 + "s"]
)
def test_texts_that_are_no_duration(refused_chat: Refused, given: str) -> None:
    assert refused_chat(keep_alive=given).message == (
        f"invalid value for 'keep_alive': {given[:80]!r} is no duration; write seconds as a number, or a "
        "text such as '5m' or '1h30m'"
    )


# --- embeddings -------------------------------------------------------------------------------------


def test_texts_to_embed(read: Read, refused: Refused) -> None:
    one = read("/api/embed", {"model": "m", "input": "a"})
    assert (one.input, one.task, one.stream) == (Prompts(("a",)), Embed(), False)
    two = read("/api/embed", {"model": "m", "input": ["a", "b"], "dimensions": 3})
    assert (two.input, two.task) == (Prompts(("a", "b")), Embed(3))
    assert read("/api/embed", {"model": "m", "input": "a", "dimensions": 0}).task == Embed()
    old = read("/api/embeddings", {"model": "m", "prompt": "a"})
    assert (old.input, old.task) == (Prompts(("a",)), Embed())
    assert refused("/api/embed", {"model": "m", "input": ["a", ""]}).message == (
        "'input[1]' is empty; there is nothing to embed"
    )
