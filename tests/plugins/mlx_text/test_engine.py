"""The engine's events: text, stops, limits, choices, logprobs, echo, fairness and faults."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import mlx.core as mx
import pytest
from tests.plugins.mlx_text.harness import Driver, completion, toolbox

from mlxkernel.api import LogitsProcessor, ModelLimits
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    FinishReason,
    Progress,
    Started,
    StepOutput,
    TextDelta,
    Usage,
)
from mlxkernel.request import Prompts, Request, Sampling
from mlxkernel_mlx.network import Piece
from mlxkernel_mlx.states import Batch, State

PROMPT = "Hello world, what is your name?"


def deltas(events: list[Event]) -> list[TextDelta]:
    return [event for event in events if isinstance(event, TextDelta)]


def tokens(driver: Driver, request_id: str, index: int = 0) -> list[int]:
    found = deltas(driver.events[request_id])
    return [entry.token_id for delta in found if delta.index == index for entry in delta.logprobs]


def drain(driver: Driver) -> None:
    """Let the engine drop what is over."""
    driver.run()
    assert not driver.engine.busy


# --- text and ends --------------------------------------------------------------------------------


def test_an_answer_has_its_events_in_order_and_exact_usage(driver: Driver) -> None:
    answer = driver.ask(completion("order", PROMPT, max_tokens=9))
    events = driver.events["order"]
    prompt = len(driver.engine.prepare(completion("x", PROMPT)).prompts[0].tokens)
    assert events[0] == Started(prompt)
    assert isinstance(events[-2], ChoiceFinished)
    assert sum(delta.tokens for delta in deltas(events)) == 9
    assert answer.usage == Usage(prompt_tokens=prompt, completion_tokens=9)
    assert answer.choices[0].reason is FinishReason.LENGTH


def test_the_text_is_that_of_all_its_tokens(driver: Driver) -> None:
    answer = driver.ask(completion("text", PROMPT, max_tokens=40, logprobs=0))
    pieces = b"".join(entry.piece for entry in answer.choices[0].logprobs)
    assert answer.choices[0].text == pieces.decode("utf-8", "replace")
    assert len(answer.choices[0].logprobs) == 40


def test_one_token_is_one_token(driver: Driver) -> None:
    answer = driver.ask(completion("one", PROMPT, max_tokens=1, logprobs=0))
    assert answer.usage.completion_tokens == 1
    assert len(answer.choices[0].logprobs) == 1
    assert answer.choices[0].reason is FinishReason.LENGTH


def test_a_stop_string_across_tokens_ends_the_answer_before_it(driver: Driver) -> None:
    whole = driver.ask(completion("whole", PROMPT, max_tokens=30)).choices[0].text
    stop = whole[7:11]
    answer = driver.ask(completion("stop", PROMPT, max_tokens=30, stop=("never", stop), logprobs=0))
    choice = answer.choices[0]
    assert choice.text == whole[: whole.index(stop)]
    assert (choice.reason, choice.stop) == (FinishReason.STOP, stop)
    assert answer.usage.completion_tokens < 30
    pieces = b"".join(entry.piece for entry in choice.logprobs).decode("utf-8", "replace")
    assert pieces.startswith(choice.text)
    assert sum(delta.tokens for delta in deltas(driver.events["stop"])) == len(choice.logprobs)


def test_a_stop_that_never_comes_changes_nothing(driver: Driver) -> None:
    plain = driver.ask(completion("plain", PROMPT, max_tokens=30)).choices[0]
    held = driver.ask(completion("held", PROMPT, max_tokens=30, stop=(plain.text[-2:] + "!",))).choices[0]
    assert held.text == plain.text
    assert held.reason is FinishReason.LENGTH


def test_end_of_sequence_ends_without_text_and_is_counted(driver: Driver) -> None:
    eos = driver.engine.prepare(completion("x", PROMPT, ignore_eos=False)).ends
    bias = dict.fromkeys(eos, 1000.0)
    sampling = Sampling(temperature=0.0, logit_bias=bias)
    answer = driver.ask(completion("eos", PROMPT, ignore_eos=False, sampling=sampling, logprobs=0))
    assert (answer.choices[0].text, answer.choices[0].logprobs) == ("", ())
    assert (answer.choices[0].reason, answer.choices[0].stop) == (FinishReason.STOP, None)
    assert answer.usage.completion_tokens == 1
    ignored = driver.ask(completion("on", PROMPT, sampling=sampling, max_tokens=5))
    assert (ignored.choices[0].text, ignored.usage.completion_tokens) == ("", 5)
    assert ignored.choices[0].reason is FinishReason.LENGTH


def test_min_tokens_keeps_the_end_away(driver: Driver) -> None:
    eos = driver.engine.prepare(completion("x", PROMPT, ignore_eos=False)).ends
    sampling = Sampling(temperature=0.0, logit_bias=dict.fromkeys(eos, 1000.0))
    answer = driver.ask(completion("min", PROMPT, ignore_eos=False, sampling=sampling, min_tokens=4))
    assert answer.usage.completion_tokens == 5
    assert answer.choices[0].reason is FinishReason.STOP


def test_a_stop_token_ends_the_answer_and_is_named(driver: Driver) -> None:
    driver.ask(completion("first", PROMPT, max_tokens=10, logprobs=0))
    drawn = tokens(driver, "first")
    stop = drawn[6]
    answer = driver.ask(completion("id", PROMPT, max_tokens=10, stop_token_ids=(stop,), logprobs=0))
    assert tokens(driver, "id") == drawn[: drawn.index(stop)]
    assert answer.choices[0].reason is FinishReason.STOP
    assert answer.choices[0].stop is not None
    assert answer.usage.completion_tokens == drawn.index(stop) + 1


# --- draws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sampling", [{}, {"top_k": 30, "top_p": 0.9}, {"min_p": 0.02, "presence_penalty": 0.5}]
)
def test_a_seed_draws_the_same_alone_and_in_any_batch(driver: Driver, sampling: dict[str, float]) -> None:
    own = Sampling(temperature=2.0, seed=42, **sampling)  # type: ignore[arg-type]
    alone = driver.ask(completion("seed-alone", PROMPT, max_tokens=25, sampling=own, n=2))
    hot = Sampling(temperature=1.5)
    others = [
        completion(f"seed-{place}", PROMPT[place:], max_tokens=8 + 5 * place, sampling=hot)
        for place in range(4)
    ]
    own_again = completion("seed-again", PROMPT, max_tokens=25, sampling=own, n=2)
    answers = driver.staggered([*others[:2], own_again, *others[2:]])
    assert answers["seed-again"].choices == alone.choices
    assert alone.choices[0].text != alone.choices[1].text


def test_another_seed_and_no_seed_draw_something_else(driver: Driver) -> None:
    requests = [
        completion(f"s{place}", PROMPT, sampling=Sampling(temperature=2.0, seed=seed))
        for place, seed in enumerate((1, 2, None, None))
    ]
    assert len({driver.ask(request).choices[0].text for request in requests}) == 4


def test_bias_and_penalties_change_the_draws(driver: Driver) -> None:
    driver.ask(completion("unchanged", PROMPT, max_tokens=20, logprobs=0))
    first = tokens(driver, "unchanged")[0]
    ban = Sampling(temperature=0.0, logit_bias={first: -1000.0})
    driver.ask(completion("banned", PROMPT, max_tokens=20, sampling=ban, logprobs=0))
    assert first not in tokens(driver, "banned")
    for name, penalty in (
        ("rep", Sampling(temperature=0.0, repetition_penalty=1e6)),
        ("pres", Sampling(temperature=0.0, presence_penalty=1e6)),
        ("freq", Sampling(temperature=0.0, frequency_penalty=1e6)),
    ):
        others = [completion(f"beside-{name}", PROMPT[3:], max_tokens=6)]
        own = completion(name, PROMPT, max_tokens=20, sampling=penalty, logprobs=0)
        driver.staggered([*others, own])
        drawn = tokens(driver, name)
        prompt = driver.engine.prepare(own).prompts[0].tokens
        assert len(set(drawn)) == 20, "a token that had come came again"
        assert not set(drawn) & set(prompt)


def test_penalties_look_at_their_window_only(driver: Driver) -> None:
    for window in (1, 5):
        penalty = Sampling(temperature=0.0, presence_penalty=1e6, penalty_window=window)
        own = completion(f"window-{window}", PROMPT, max_tokens=30, sampling=penalty, logprobs=0)
        others = [completion(f"beside-{window}", PROMPT[3:], max_tokens=6)]
        driver.staggered([*others, own])
        drawn = [*driver.engine.prepare(own).prompts[0].tokens, *tokens(driver, f"window-{window}")]
        prompt = len(drawn) - 30
        for place in range(prompt, len(drawn)):
            assert drawn[place] not in drawn[place - window : place], "a token of the window came again"
        assert len(set(drawn[prompt:])) < 30, "what had left the window never came again"


def test_logprobs_are_those_of_the_model_after_bias_and_before_temperature(driver: Driver) -> None:
    greedy = driver.ask(completion("greedy", PROMPT, logprobs=3))
    for entry in greedy.choices[0].logprobs:
        assert len(entry.top) == 3
        assert entry.top[0].token_id == entry.token_id
        assert entry.top[0].logprob == pytest.approx(entry.logprob, abs=1e-4)
        assert entry.top[0].logprob >= entry.top[1].logprob >= entry.top[2].logprob
        assert sum(math.exp(one.logprob) for one in entry.top) <= 1.0001
    hot = completion("hot", PROMPT, logprobs=2, max_tokens=1, sampling=Sampling(temperature=3.0, seed=1))
    cold = driver.staggered([hot, completion("none", PROMPT)], gap=0)["hot"].choices[0].logprobs[0]
    assert cold.top[0].logprob == pytest.approx(greedy.choices[0].logprobs[0].top[0].logprob, abs=1e-4)


def test_a_processor_by_name_changes_its_row_only(load: Callable[..., Driver]) -> None:
    seen: list[int] = []

    def create(sampling: Sampling) -> Callable[[mx.array, mx.array], mx.array]:
        def only_seven(context: mx.array, logits: mx.array) -> mx.array:
            seen.append(context.size)
            return mx.where(mx.arange(logits.shape[-1]) == 7, 0.0, -mx.inf)[None]

        return only_seven

    box = toolbox(samplers={"seven": LogitsProcessor(name="seven", create=create)})
    driver = load(box, cache="none")
    own = completion("seven", PROMPT, logprobs=0, sampling=Sampling(temperature=0.0, processors=("seven",)))
    answers = driver.staggered([own, completion("other", PROMPT, logprobs=0)], gap=0)
    assert tokens(driver, "seven") == [7] * 12
    assert 7 not in tokens(driver, "other")
    first = answers["seven"].usage.prompt_tokens
    assert seen[:3] == [first, first + 1, first + 2]


# --- choices and prompts --------------------------------------------------------------------------


def test_n_choices_share_one_prefill(load: Callable[..., Driver]) -> None:
    driver = load(cache="none", limits=ModelLimits(batch=3))
    request = completion("n", PROMPT * 3, n=5, sampling=Sampling(temperature=2.0, seed=3))
    answer = driver.ask(request)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3, 4]
    assert len({choice.text for choice in answer.choices}) == 5
    prompt = len(driver.engine.prepare(request).prompts[0].tokens)
    assert answer.usage == Usage(prompt_tokens=prompt, completion_tokens=60)
    assert driver.engine.stats().prompt_tokens == prompt


def test_several_prompts_are_answered_each_with_its_choices(driver: Driver) -> None:
    items = ("Hello world", "The quick brown fox", "1 2 3 4")
    request = Request(
        id="many", model="m", input=Prompts(items), n=2, max_tokens=8, sampling=Sampling(temperature=0.0)
    )
    answer = driver.ask(request)
    assert [choice.index for choice in answer.choices] == list(range(6))
    for place, item in enumerate(items):
        alone = driver.ask(completion(f"alone-{place}", item, max_tokens=8, ignore_eos=False))
        texts = {answer.choices[2 * place].text, answer.choices[2 * place + 1].text}
        assert texts == {alone.choices[0].text}


def test_echo_begins_with_the_prompt_and_its_logprobs(driver: Driver) -> None:
    request = Request(
        id="echo",
        model="m",
        input=Prompts((PROMPT,), echo=True),
        max_tokens=4,
        ignore_eos=True,
        logprobs=2,
        sampling=Sampling(temperature=0.0),
    )
    answer = driver.ask(request)
    plain = driver.ask(completion("no-echo", PROMPT, max_tokens=4, logprobs=2)).choices[0]
    choice = answer.choices[0]
    assert choice.text == PROMPT + plain.text
    count = answer.usage.prompt_tokens
    assert len(choice.logprobs) == count + 4
    assert math.isnan(choice.logprobs[0].logprob)
    assert b"".join(entry.piece for entry in choice.logprobs[:count]).decode() == PROMPT
    # A prompt's token has the chance that it would have had as an answer.
    ids = driver.engine.prepare(request).prompts[0].tokens
    forced = Sampling(temperature=0.0)
    before = driver.ask(completion("before", ids[:-1], max_tokens=1, logprobs=300, sampling=forced))
    chances = {one.token_id: one.logprob for one in before.choices[0].logprobs[0].top}
    assert choice.logprobs[count - 1].logprob == pytest.approx(chances[ids[-1]], abs=1e-3)


def test_echo_without_an_answer_scores_the_prompt(driver: Driver) -> None:
    prompts = Prompts(("Hello", PROMPT), echo=True)
    answer = driver.ask(Request(id="score", model="m", input=prompts, max_tokens=0, logprobs=0))
    assert [choice.text for choice in answer.choices] == ["Hello", PROMPT]
    assert answer.usage.completion_tokens == 0
    assert {choice.reason for choice in answer.choices} == {FinishReason.LENGTH}


# --- many at once ---------------------------------------------------------------------------------


def test_streams_go_on_while_a_long_prompt_is_prefilled(load: Callable[..., Driver]) -> None:
    driver = load(cache="none", limits=ModelLimits(prefill_chunk=32))
    driver.admit(completion("short", PROMPT, max_tokens=60))
    for _ in range(3):
        driver.step()
    driver.admit(completion("long", tuple(range(4, 324)), max_tokens=4))
    progress: list[Progress] = []
    while not deltas(driver.events["long"]):
        before = driver.engine.stats().completion_tokens
        outputs = driver.step()
        assert driver.engine.stats().completion_tokens > before, "no token of the running stream came"
        progress += [o.event for o in outputs if isinstance(o.event, Progress)]
    assert [one.done for one in progress] == list(range(32, 319, 32))
    assert {(one.stage, one.total) for one in progress} == {("prefill", 320)}
    driver.run()


def test_short_prompts_pass_a_long_one(load: Callable[..., Driver]) -> None:
    driver = load(cache="none", limits=ModelLimits(prefill_chunk=32))
    driver.admit(completion("decoding", PROMPT, max_tokens=80))
    driver.step()
    driver.admit(completion("long", tuple(range(4, 324)), max_tokens=4))
    driver.step()
    driver.admit(completion("short", PROMPT, max_tokens=4))
    for _ in range(6):
        driver.step()
    assert deltas(driver.events["short"])
    assert not deltas(driver.events["long"])
    driver.run()
    assert driver.answer("long").usage.completion_tokens == 4


def test_requests_beyond_the_rows_wait_and_beyond_the_queue_are_turned_away(
    load: Callable[..., Driver],
) -> None:
    driver = load(cache="none", limits=ModelLimits(batch=2, queue=1))
    for place in range(4):
        driver.admit(completion(f"q{place}", PROMPT, max_tokens=5))
    assert driver.engine.stats().waiting == 3
    driver.run()
    for place in range(3):
        assert driver.answer(f"q{place}").usage.completion_tokens == 5
    refused = driver.events["q3"]
    assert len(refused) == 1
    assert isinstance(refused[0], Failed)
    fault = refused[0].fault
    assert fault.kind.status == 503
    assert fault.message == "model 'm' has 3 requests waiting, its limit; try again shortly"
    assert fault.retry_after == 1.0
    drain(driver)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 6])
def test_a_cancelled_request_is_gone_before_the_next_step(load: Callable[..., Driver], steps: int) -> None:
    driver = load(cache="none", limits=ModelLimits(prefill_chunk=16, batch=4))
    driver.admit(completion("stays", PROMPT, max_tokens=20))
    driver.step()
    driver.admit(completion("goes", tuple(range(4, 50)), max_tokens=50, n=2))
    for _ in range(steps):
        driver.step()
    driver.engine.cancel("goes")
    seen = len(driver.events["goes"])
    driver.engine.cancel("unknown")
    driver.step()
    assert driver.engine.stats().running == 1
    driver.run()
    assert len(driver.events["goes"]) == seen
    assert driver.answer("stays").usage.completion_tokens == 20
    alone = driver.ask(completion("alone", PROMPT, max_tokens=20))
    assert driver.answer("stays").choices == alone.choices


def test_nothing_leaks(load: Callable[..., Driver]) -> None:
    driver = load(limits=ModelLimits(batch=3, cache_bytes=100_000))
    for round_ in range(3):
        for place in range(6):
            driver.admit(completion(f"{round_}-{place}", PROMPT[place:], max_tokens=3 + place))
        for _ in range(4):
            driver.step()
        driver.engine.cancel(f"{round_}-1")
        driver.engine.cancel(f"{round_}-5")
        driver.run()
    stats = driver.engine.stats()
    assert (stats.running, stats.waiting) == (0, 0)
    assert 0 < stats.cache_bytes <= 100_000


# --- faults ---------------------------------------------------------------------------------------


def test_a_processor_that_raises_ends_its_own_request_only(load: Callable[..., Driver]) -> None:
    def broken(tokens: mx.array, logits: mx.array) -> mx.array:
        raise KeyError("no")

    def refuses(sampling: Sampling) -> Callable[[mx.array, mx.array], mx.array]:
        raise RuntimeError("not today")

    box = toolbox(
        samplers={
            "broken": LogitsProcessor(name="broken", create=lambda sampling: broken),
            "refuses": LogitsProcessor(name="refuses", create=refuses),
        }
    )
    driver = load(box, cache="none")
    driver.admit(completion("good", PROMPT, max_tokens=10))
    for name in ("broken", "refuses"):
        driver.admit(completion(name, PROMPT, sampling=Sampling(processors=(name,))))
    driver.run()
    assert driver.answer("good").usage.completion_tokens == 10
    for name in ("broken", "refuses"):
        last = driver.events[name][-1]
        assert isinstance(last, Failed)
        assert last.fault.message == f"The logits processor '{name}' failed; the server's log has the details"
        assert last.fault.kind.status == 500


def test_after_a_fault_the_engine_is_rebuilt_and_tells_what_was_lost(load: Callable[..., Driver]) -> None:
    driver = load(limits=ModelLimits(batch=1))
    driver.admit(completion("running", PROMPT))
    driver.step()
    driver.step()
    driver.admit(completion("waiting", PROMPT, max_tokens=6))
    assert driver.engine.reset() == ["running"]
    driver.run()
    assert driver.answer("waiting").usage.completion_tokens == 6
    driver.engine.cancel("running")
    drain(driver)


def test_a_prompt_that_cannot_be_processed_ends_its_own_request_only(
    load: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = load(cache="none")
    driver.admit(completion("good", PROMPT, max_tokens=10))
    driver.step()
    network = driver.engine._network
    prefill = network.prefill

    def fails_on_long_input(cache: State | Batch, pieces: Sequence[Piece]) -> mx.array:
        if len(pieces[0].tokens) > 20:
            raise RuntimeError("[metal::malloc] out of memory")
        return prefill(cache, pieces)

    monkeypatch.setattr(network, "prefill", fails_on_long_input)
    driver.admit(completion("bad", tuple(range(4, 60))))
    driver.run()
    last = driver.events["bad"][-1]
    assert isinstance(last, Failed)
    assert last.fault.message == (
        "The prompt could not be processed (RuntimeError); the server's log has the details"
    )
    assert driver.answer("good").usage.completion_tokens == 10
    drain(driver)


def test_outputs_are_the_kernels_own_words(driver: Driver) -> None:
    driver.admit(completion("words", PROMPT, max_tokens=1))
    while driver.engine.busy:
        for output in driver.step():
            assert isinstance(output, StepOutput)
            assert output.request_id == "words"
