"""The pipeline: what is asked of plugins, parsers and engines on a request's way, and what is on record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from mlxkernel.api import ModelSpec, RequestRecord
from mlxkernel.errors import Fault, FaultKind
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    FinishReason,
    Progress,
    Started,
    TextDelta,
    Usage,
)
from mlxkernel.request import Request

TWO = {
    "m": {"source": "x", "engine": "string", "aliases": ["big"], "preload": True},
    "small": {"source": "y", "engine": "string", "preload": True},
}


def post(serving: Any, **body: Any) -> asyncio.Future[Any]:
    return asyncio.ensure_future(serving.client.post("/toy/say", json=body))


def recorder(kit: Any, records: list[RequestRecord]) -> Any:
    def mlxkernel_request_finished(record: RequestRecord) -> None:
        records.append(record)

    return kit.entry("recorder", kit.plugin(mlxkernel_request_finished))


# --- which model answers --------------------------------------------------------------------------------


async def test_the_name_in_the_answer_is_the_model_s_own(kit: Any) -> None:
    async with kit.serving(models=TWO) as serving:
        answering = post(serving, model="big")
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Started(1))
        serving.toy.engine.finish()
        assert (await answering).json()["model"] == "m"
        assert serving.toy.engine.requests[0].model == "m"


async def test_a_plugin_may_choose_the_model(kit: Any) -> None:
    def mlxkernel_resolve_model(request: Request, models: Sequence[ModelSpec]) -> str | None:
        assert [spec.name for spec in models] == ["m", "small"]
        return "small" if request.max_tokens is None and request.model == "auto" else None

    entry = kit.entry("router", kit.plugin(mlxkernel_resolve_model))
    async with kit.serving(entry, models=TWO) as serving:
        answering = post(serving, model="auto")
        small = serving.toy.engines["small"]
        await kit.until(lambda: small.live)
        small.put(Started(1))
        small.finish()
        assert (await answering).json()["model"] == "small"


async def test_a_plugin_that_prepares_is_obeyed_and_its_fault_is_the_dialect_s_500(kit: Any) -> None:
    def mlxkernel_prepare_request(request: Request) -> Request:
        if request.model == "small":
            raise KeyError("x")
        return replace(request, stop=("\n",))

    entry = kit.entry("prep", kit.plugin(mlxkernel_prepare_request))
    async with kit.serving(entry, models=TWO) as serving:
        for stream in (True, False):
            reply = await post(serving, model="small", stream=stream)
            assert reply.status_code == 500
            assert reply.json()["toy_error"] == (
                "plugin 'prep' of acme 1.2 failed on this request (KeyError); "
                "the server's log has the details"
            )
        answering = post(serving)
        await kit.until(lambda: serving.toy.engine.live)
        assert serving.toy.engine.requests[0].stop == ("\n",)
        serving.toy.engine.put(Started(1))
        serving.toy.engine.finish()
        assert (await answering).status_code == 200


# --- parsers --------------------------------------------------------------------------------------------


class Shouting:
    """A format whose parser holds the text of a choice back and then shouts it."""

    name = "shouting"

    def parser(self, request: Request, prompt_end: str) -> Any:
        return ShoutingParser()


class ShoutingParser:
    def __init__(self) -> None:
        self.held = ""

    def feed(self, event: Event) -> Sequence[Event]:
        match event:
            case TextDelta(text="break"):
                raise KeyError("parser")
            case TextDelta(text=text):
                self.held += text
                return []
            case ChoiceFinished(index=index):
                return [TextDelta(index, self.held.upper()), event]
            case _:
                return [event]


class Exclaiming(Shouting):
    """A format that comes after it and sees what it made of the text."""

    name = "exclaiming"

    def parser(self, request: Request) -> Any:
        return ExclaimingParser()


class ExclaimingParser:
    def feed(self, event: Event) -> Sequence[Event]:
        return [replace(event, text=f"{event.text}!")] if isinstance(event, TextDelta) else [event]


def formats(kit: Any) -> Any:
    def mlxkernel_register_reasoning_formats() -> Sequence[Any]:
        return [Shouting()]

    def mlxkernel_register_tool_formats() -> Sequence[Any]:
        return [Exclaiming()]

    return kit.entry("f", kit.plugin(mlxkernel_register_reasoning_formats, mlxkernel_register_tool_formats))


PARSED = {"m": {**TWO["m"], "reasoning_format": "shouting", "tool_format": "exclaiming"}}


async def test_each_choice_has_parsers_of_its_own_reasoning_first(kit: Any) -> None:
    async with kit.serving(formats(kit), models=PARSED) as serving:
        answering = post(serving, n=2)
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(
            Started(1),
            TextDelta(0, "a"),
            TextDelta(1, "x"),
            TextDelta(0, "b"),
            ChoiceFinished(0, FinishReason.STOP),
            ChoiceFinished(1, FinishReason.STOP),
            Finished(Usage(1, 3)),
        )
        assert (await answering).json()["texts"] == ["AB!", "X!"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_parser_that_breaks_ends_its_run_and_frees_the_engine(
    kit: Any, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async with kit.serving(formats(kit), models=PARSED) as serving:
        answering = post(serving, stream=stream)
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Started(1), TextDelta(0, "break"))
        reply = await answering
        words = "The engine of model 'm' or the format of its text failed; the server's log has the details"
        assert words in reply.text
        assert reply.text.endswith("\nend\n") if stream else reply.status_code == 500
        await kit.until(lambda: not serving.toy.engine.live)
        assert "KeyError: 'parser'" in caplog.text


@pytest.mark.parametrize("stream", [True, False])
async def test_an_engine_s_fault_calls_a_field_what_the_route_s_clients_call_it(
    kit: Any, stream: bool
) -> None:
    fault = Fault(kind=FaultKind.INVALID, message="'max_tokens' is 0; more!", param="max_tokens")
    async with kit.serving(models=TWO) as serving:
        answering = post(serving, model="m", stream=stream)
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Failed(fault))
        told = (await answering).json()
        assert (told["toy_error"], told["param"]) == ("'words' is 0; more!", "words")


async def test_a_plugin_may_end_a_run(kit: Any) -> None:
    fault = Fault(kind=FaultKind.INVALID, message="Enough.", code="enough")
    async with kit.serving(models=TWO) as serving:
        answering = post(serving, model="m")
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Started(1), TextDelta(0, "a"))
        [request] = serving.toy.engine.requests
        assert not serving.kernel.abort("nobody", fault)
        assert serving.kernel.abort(request.id, fault)
        reply = await answering
        assert (reply.status_code, reply.json()["toy_error"]) == (400, "Enough.")
        await kit.until(lambda: not serving.toy.engine.live)
        assert not serving.kernel.abort(request.id, fault)


async def test_an_engine_that_raises(kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Raising(kit.StringEngine):  # type: ignore[misc]
        async def submit(self, request: Request) -> Any:
            yield Started(1)
            raise OSError("unplugged")

    toy = kit.Toy()

    async def connect(spec: ModelSpec) -> Any:
        toy.engines[spec.name] = Raising(spec)
        return toy.engines[spec.name]

    toy.connect = connect
    async with kit.serving(toy=toy) as serving:
        reply = await post(serving, stream=True)
        assert "error engine_failed The engine of model 'm' or the format of its text failed" in reply.text
        assert "OSError: unplugged" in caplog.text


async def test_an_engine_that_goes_on_after_its_end_is_not_heard(kit: Any) -> None:
    class Babbling(kit.StringEngine):  # type: ignore[misc]
        async def submit(self, request: Request) -> Any:
            yield Started(1)
            yield ChoiceFinished(0, FinishReason.STOP)
            yield Finished(Usage(1, 0))
            yield TextDelta(0, "and another thing")
            yield Failed(None)  # type: ignore[arg-type]

    toy = kit.Toy()

    async def connect(spec: ModelSpec) -> Any:
        toy.engines[spec.name] = Babbling(spec)
        return toy.engines[spec.name]

    toy.connect = connect
    async with kit.serving(toy=toy) as serving:
        assert (await post(serving, stream=True)).text == "usage 0\nend\n"


# --- the record -----------------------------------------------------------------------------------------


async def test_what_is_on_record_of_a_run(kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    records: list[RequestRecord] = []
    with caplog.at_level(logging.INFO, "mlxkernel.request"):
        async with kit.serving(recorder(kit, records)) as serving:
            answering = asyncio.ensure_future(
                serving.client.post("/toy/say", json={"text": "private"}, headers={"X-Request-Id": "r-1"})
            )
            await kit.until(lambda: serving.toy.engine.live)
            assert serving.kernel.pipeline.active == 1
            serving.toy.engine.put(Progress("prefill"), Started(1))
            serving.toy.engine.put(ChoiceFinished(0, FinishReason.STOP), Finished(Usage(5, 2, 3)))
            await answering
            await kit.until(lambda: records)
            assert serving.kernel.pipeline.active == 0
    record = records[0]
    assert 0 <= record.first_event <= record.duration
    assert replace(record, first_event=0.0, duration=0.0) == RequestRecord(
        request_id="r-1",
        dialect="toy",
        path="/toy/say",
        model="m",
        prompt_tokens=5,
        completion_tokens=2,
        cached_tokens=3,
        first_event=0.0,
    )
    assert caplog.messages[-1].startswith("r-1 /toy/say model=m finished prompt=5 cached=3 completion=2 ")
    assert "private" not in caplog.text


async def test_how_a_run_ended_is_on_record(kit: Any) -> None:
    records: list[RequestRecord] = []
    fault = (await failing(kit, records))[0]
    assert fault.status_code == 429
    assert [(record.outcome, record.status, record.stream) for record in records] == [
        ("busy", 429, True),
        ("cancelled", 499, True),
    ]


async def failing(kit: Any, records: list[RequestRecord]) -> list[Any]:
    async with kit.serving(recorder(kit, records)) as serving:
        answering = post(serving, stream=True)
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Failed(Fault(kind=FaultKind.RATE_LIMITED, message="slow down", code="busy")))
        reply = await answering
        await kit.until(lambda: len(records) == 1)
        _, writer = await serving.send(b'{"stream": true}')
        await kit.until(lambda: serving.toy.engine.live)
        serving.toy.engine.put(Started(1))
        writer.close()
        await kit.until(lambda: len(records) == 2)
        return [reply]
