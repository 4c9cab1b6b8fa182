"""The suite for dialects catches what it is for: each planted defect fails the test that is named for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import msgspec
import pytest
from msgspec import Struct

from mlxkernel.api import HttpRequest, Reply, Route
from mlxkernel.errors import Fault, FaultKind, RequestFailed, invalid
from mlxkernel.events import (
    ChoiceFinished,
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)
from mlxkernel.fold import Answer
from mlxkernel.messages import Message, Role, Text
from mlxkernel.request import Conversation, JsonSchema, Request, Tool
from mlxkernel.testing.dialects import (
    REQUEST_ID,
    DialectSuite,
    GoldenRequest,
    RefusedField,
    WireAnswer,
    WireChoice,
    arguments,
)


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /toy/say``"""

    text: str
    tools: list[str] = []
    schema: dict[str, Any] | None = None
    n: int = 1
    stream: bool = False
    loud: bool = False


class Encoder:
    """A JSON line per event; calls and thoughts in lines of their own."""

    content_type = "application/x-ndjson"

    def feed(self, event: Event) -> bytes:
        match event:
            case TextDelta(index=index, text=text):
                return line(index=index, text=text)
            case ReasoningDelta(index=index, text=text):
                return line(index=index, thought=text)
            case ToolCallStarted(index=index, id=id, name=name):
                return line(index=index, id=id, name=name)
            case ToolCallDelta(index=index, call=call, arguments=text):
                return line(index=index, call=call, arguments=text)
            case ChoiceFinished(index=index, reason=reason):
                return line(index=index, reason=reason.value)
            case Finished(usage=usage):
                return line(usage=[usage.prompt_tokens, usage.completion_tokens])
            case Failed(fault=fault):
                return line(error=fault.message)
            case _:
                return b""

    def keep_alive(self) -> bytes:
        return b" "

    def close(self) -> bytes:
        return b""


def line(**said: Any) -> bytes:
    return json.dumps(said).encode() + b"\n"


class Say:
    """The route."""

    method = "POST"
    path = "/toy/say"
    make_encoder: Callable[[], Any] = Encoder

    def read(self, http: HttpRequest) -> Request:
        try:
            body = msgspec.json.decode(http.body, type=Body)
        except msgspec.ValidationError as error:
            raise invalid(str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise invalid("this is no JSON") from None
        if body.loud:
            raise invalid("'loud' is not offered", param="loud")
        if not -100 < body.n < 100 or len(str(body.schema)) > 1000 or body.schema != small(body.schema):
            raise invalid("that is too much")
        return Request(
            id=http.request_id,
            model="toy",
            input=Conversation((Message(Role.USER, (Text(body.text),)),)),
            tools=tuple(Tool(name) for name in body.tools),
            response_format=None if body.schema is None else JsonSchema(body.schema),
            n=body.n,
            stream=body.stream,
        )

    def encoder(self, request: Request) -> Any:
        return self.make_encoder()

    def answer(self, request: Request, answer: Answer) -> Reply:
        choices = [
            {
                "text": choice.text,
                "thought": choice.reasoning,
                "calls": [[call.id, call.name, call.arguments] for call in choice.tool_calls],
                "reason": choice.reason.value,
            }
            for choice in answer.choices
        ]
        usage = [answer.usage.prompt_tokens, answer.usage.completion_tokens]
        return Reply(body=json.dumps({"choices": choices, "usage": usage}).encode())


def small(value: Any) -> Any:
    """The value without integers that msgpack cannot carry."""
    match value:
        case int():
            return value if abs(value) < 2**63 else None
        case dict():
            return {key: small(inner) for key, inner in value.items()}
        case list():
            return [small(inner) for inner in value]
        case _:
            return value


class Toy:
    """The dialect."""

    name = "toy"
    prefix = "/toy"

    def __init__(self, say: Say | None = None) -> None:
        self.say = say or Say()

    def routes(self) -> Sequence[Route]:
        return (self.say,)

    def error(self, fault: Fault, request_id: str) -> Reply:
        return Reply(status=fault.kind.status, body=json.dumps({"error": fault.message}).encode())


QUESTION = Conversation((Message(Role.USER, (Text("hi"),)),))


class Suite(DialectSuite):
    """What the toy's author writes. Its name keeps pytest from running it by itself."""

    dialect: ClassVar[Any] = Toy()
    golden = (
        GoldenRequest(
            name="plain",
            path="/toy/say",
            body={"text": "hi", "n": 2, "stream": True},
            request=Request(id=REQUEST_ID, model="toy", input=QUESTION, n=2, stream=True),
        ),
        GoldenRequest(
            name="tools",
            path="/toy/say",
            body={"text": "hi", "tools": ["first", "second"], "schema": {"type": "object"}, "stream": True},
            request=Request(
                id=REQUEST_ID,
                model="toy",
                input=QUESTION,
                tools=(Tool("first"), Tool("second")),
                response_format=JsonSchema({"type": "object"}),
                stream=True,
            ),
        ),
    )
    refused = (RefusedField(path="/toy/say", field="loud", value=True),)

    def decode_stream(self, sample: GoldenRequest, chunks: Iterable[bytes]) -> WireAnswer:
        said = [json.loads(one) for one in b"".join(chunks).split(b"\n") if one.strip()]
        choices: dict[int, dict[str, Any]] = {}
        usage, error, ends = None, None, 0
        for item in said:
            if "index" in item:
                empty = {"text": "", "thought": "", "calls": [], "reason": ""}
                heard(choices.setdefault(item["index"], empty), item)
            elif "usage" in item:
                usage, ends = item["usage"], ends + 1
            else:
                error, ends = item["error"], ends + 1
        ordered = [choices[index] for index in sorted(choices)]
        return WireAnswer(choices=tuple(map(wire, ordered)), usage=usage, error=error, ends=ends)

    def decode_answer(self, sample: GoldenRequest, reply: Reply) -> WireAnswer:
        whole = json.loads(reply.body)
        return WireAnswer(choices=tuple(wire(choice) for choice in whole["choices"]), usage=whole["usage"])

    def decode_error(self, reply: Reply) -> str:
        return str(json.loads(reply.body)["error"])


def heard(choice: dict[str, Any], item: dict[str, Any]) -> None:
    """Adds what one line says to its choice."""
    for key in ("text", "thought", "reason"):
        choice[key] += item.get(key, "")
    if "id" in item:
        choice["calls"].append([item["id"], item["name"], ""])
    elif "call" in item:
        choice["calls"][item["call"]][2] += item["arguments"]


def wire(choice: dict[str, Any]) -> WireChoice:
    return WireChoice(
        text=choice["text"],
        reasoning=choice["thought"],
        calls=tuple((id, name, arguments(text)) for id, name, text in choice["calls"]),
        reason=choice["reason"],
    )


TESTS = tuple(name for name in vars(DialectSuite) if name.startswith("test_"))


def failing(suite: DialectSuite) -> dict[str, str]:
    """The tests that fail, with what they say."""
    failed = {}
    for name in TESTS:
        try:
            getattr(suite, name)()
        except AssertionError as error:
            failed[name] = str(error)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    return failed


def planted(encoder: Callable[[], Any] | None = None, say: type[Say] = Say) -> DialectSuite:
    """The suite over a toy with this encoder or route."""
    route = say()
    if encoder is not None:
        route.make_encoder = encoder
    suite = Suite()
    vars(suite)["dialect"] = Toy(route)
    return suite


def altered(change: Callable[[Event], bytes | None]) -> Callable[[], Encoder]:
    """An encoder whose bytes for some events are others; None leaves them as they are."""

    class Altered(Encoder):
        def feed(self, event: Event) -> bytes:
            said = change(event)
            return super().feed(event) if said is None else said

    return Altered


def test_a_sound_dialect_passes() -> None:
    assert failing(Suite()) == {}


# --- reading --------------------------------------------------------------------------------------------


def test_a_request_that_is_misread() -> None:
    class Forgetful(Say):
        def read(self, http: HttpRequest) -> Request:
            return msgspec.structs.replace(super().read(http), n=1)

    found = failing(planted(say=Forgetful))
    assert found["test_golden_requests_are_read_as_they_are_meant"] == "plain: n is 1, not 2"


def test_a_route_without_a_golden_request() -> None:
    class Silent(Say):
        path = "/toy/whisper"

    suite = Suite()
    vars(suite)["dialect"] = toy = Toy()
    vars(toy)["routes"] = lambda: (toy.say, Silent())
    name = "test_every_operation_has_a_golden_request"
    assert failing(suite)[name] == "/toy/whisper has no golden request"


def test_golden_requests_that_never_stream() -> None:
    suite = Suite()
    whole = {"body": {"text": "hi"}, "request": Request(id=REQUEST_ID, model="toy", input=QUESTION)}
    vars(suite)["golden"] = (GoldenRequest(name="whole", path="/toy/say", **whole),)
    name = "test_every_operation_has_a_golden_request"
    assert failing(suite) == {name: "/toy/say has no golden request that streams"}


class Tolerant(Say):
    """Takes whatever it does not know."""

    def read(self, http: HttpRequest) -> Request:
        try:
            body = json.loads(http.body)
            known = {key: value for key, value in body.items() if key in Body.__struct_fields__}
        except (ValueError, AttributeError, RecursionError):
            known = {}
        return super().read(msgspec.structs.replace(http, body=json.dumps(known).encode()))


class Secretive(Say):
    """Refuses without a name."""

    def read(self, http: HttpRequest) -> Request:
        try:
            return super().read(http)
        except RequestFailed:
            raise invalid("no") from None


class Deaf(Say):
    """Does not read the field that it cannot honour."""

    def read(self, http: HttpRequest) -> Request:
        return super().read(msgspec.structs.replace(http, body=http.body.replace(b'"loud": true', b'"n": 2')))


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (Tolerant, "/toy/say accepts 'no_such_field' = 1"),
        (Secretive, 'the refusal of \'no_such_field\' does not name it: {"error": "no"}'),
        (Deaf, "/toy/say accepts 'loud' = True"),
    ],
)
def test_a_field_that_is_ignored_or_refused_without_its_name(say: type[Say], message: str) -> None:
    assert failing(planted(say=say))["test_what_is_not_offered_is_refused_by_name"] == message


class Trusting(Say):
    """Believes that a text is a text."""

    def read(self, http: HttpRequest) -> Request:
        request = super().read(http)
        assert isinstance(request.input, Conversation)
        part: Any = request.input.messages[0].parts[0]
        part.text.index("hi")
        return request


class Blaming(Say):
    """Calls a stranger's mistake its own."""

    def read(self, http: HttpRequest) -> Request:
        try:
            return super().read(http)
        except RequestFailed:
            raise RequestFailed(Fault(kind=FaultKind.INTERNAL, message="oh")) from None


class Overloading(Say):
    """Lets a number pass that cannot be carried to the engine."""

    def read(self, http: HttpRequest) -> Request:
        request = super().read(http)
        body = json.loads(http.body)
        schema = {"n": -(2**80)} if body.get("schema") == {} else {}
        return msgspec.structs.replace(request, response_format=JsonSchema(schema))


@pytest.mark.parametrize(
    ("say", "message"),
    [
        (Trusting, "plain: ['text'] = '' raises ValueError: substring not found"),
        (Blaming, 'plain: the body = None is answered with 500: b\'{"error": "oh"}\''),
        (Overloading, "tools: ['schema'] = {} raises OverflowError"),
    ],
)
def test_a_hostile_body_that_breaks_something(say: type[Say], message: str) -> None:
    assert message in failing(planted(say=say))["test_hostile_bodies_are_the_client_s_fault"]


# --- answering ------------------------------------------------------------------------------------------


def test_a_stream_that_says_less_than_the_answer() -> None:
    def no_reason(event: Event) -> bytes | None:
        return b"" if isinstance(event, ChoiceFinished) else None

    found = failing(planted(altered(no_reason)))
    assert "plain, text: " in found["test_a_stream_says_what_the_whole_answer_says"]


def test_an_answer_and_a_stream_that_both_lose_a_call() -> None:
    def first_only(event: Event) -> bytes | None:
        return b"" if isinstance(event, (ToolCallStarted, ToolCallDelta)) and event.call else None

    class OneCall(Say):
        def answer(self, request: Request, answer: Answer) -> Reply:
            whole = json.loads(super().answer(request, answer).body)
            for choice in whole["choices"]:
                del choice["calls"][1:]
            return Reply(body=json.dumps(whole).encode())

    found = failing(planted(altered(first_only), OneCall))
    assert list(found) == ["test_nothing_of_an_answer_is_lost"]
    assert "tools, two calls: the calls are [('first'" in found["test_nothing_of_an_answer_is_lost"]


def test_usage_that_nobody_hears_of() -> None:
    def quiet(event: Event) -> bytes | None:
        return line(usage=None) if isinstance(event, Finished) else None

    found = failing(planted(altered(quiet)))
    assert found == {"test_usage_is_told": "no stream of these routes tells its usage: ['/toy/say']"}


def test_usage_that_is_wrong() -> None:
    class Generous(Say):
        def answer(self, request: Request, answer: Answer) -> Reply:
            whole = json.loads(super().answer(request, answer).body)
            return Reply(body=json.dumps({**whole, "usage": [0, 0]}).encode())

    assert "7 tokens are not in [0, 0]" in failing(planted(say=Generous))["test_usage_is_told"]


def test_two_ends() -> None:
    def twice(event: Event) -> bytes | None:
        return Encoder().feed(event) * 2 if isinstance(event, Finished) else None

    found = failing(planted(altered(twice)))
    assert found == {"test_a_stream_ends_once": "plain, text: 2 events end the stream"}


def test_no_end() -> None:
    def endless(event: Event) -> bytes | None:
        return b"" if isinstance(event, Finished) else None

    assert failing(planted(altered(endless)))["test_a_stream_ends_once"] == (
        "plain, text: 0 events end the stream"
    )


def test_an_unknown_event_that_is_said() -> None:
    def literal(event: Event) -> bytes | None:
        return line(index=0, text=event.text) if isinstance(getattr(event, "text", None), str) else None

    name = "test_kinds_of_events_that_it_does_not_know_are_ignored"
    assert "novel" in failing(planted(altered(literal)))[name]


def test_an_unknown_event_that_is_too_much() -> None:
    class Strict(Encoder):
        def feed(self, event: Event) -> bytes:
            known = (TextDelta, ReasoningDelta, ToolCallStarted, ToolCallDelta, ChoiceFinished, Finished)
            if super().feed(event) or isinstance(event, known) or type(event).__name__ in KNOWN:
                return super().feed(event)
            raise TypeError(f"what is {type(event).__name__}?")

    found = failing(planted(Strict))
    assert found == {"test_kinds_of_events_that_it_does_not_know_are_ignored": "TypeError: what is Novelty?"}


KNOWN = ("Started", "Progress", "ToolCallEnded")


def test_a_sign_of_life_that_is_read_as_words() -> None:
    class Chatty(Encoder):
        def keep_alive(self) -> bytes:
            return line(index=0, text="...")

    assert list(failing(planted(Chatty))) == ["test_signs_of_life_are_skipped"]


def test_events_that_need_their_chunks() -> None:
    """Frames without an end of their own: a client sees one only while every chunk holds one."""

    class Unframed(Suite):
        def decode_stream(self, sample: GoldenRequest, chunks: Iterable[bytes]) -> WireAnswer:
            framed = [chunk if chunk.endswith(b"\n") else chunk + b"\n" for chunk in chunks if chunk.strip()]
            return super().decode_stream(sample, framed)

    assert list(failing(Unframed())) == ["test_no_cut_of_the_bytes_changes_anything"]


def test_raw_line_ends() -> None:
    def raw(event: Event) -> bytes | None:
        if not isinstance(event, TextDelta):
            return None
        return json.dumps({"index": event.index, "text": event.text}, ensure_ascii=False).encode() + b"\n"

    found = failing(planted(altered(raw)))
    assert found == {
        "test_unicode_s_line_ends_are_escaped": "plain, hostile text: the stream holds a raw U+2028"
    }


# --- errors ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda fault: Reply(status=200, body=b"{}"), "invalid: the status is 200, not 400"),
        (
            lambda fault: Reply(status=fault.kind.status, content_type="text/html"),
            "invalid: the error is text/html",
        ),
        (
            lambda fault: Reply(
                status=fault.kind.status, body=json.dumps({"error": f"Traceback: {fault.message}"}).encode()
            ),
            "invalid: the error says 'Traceback: It is invalid",
        ),
    ],
)
def test_an_error_of_another_shape(reply: Callable[[Fault], Reply], message: str) -> None:
    suite = planted()
    vars(suite.dialect)["error"] = lambda fault, request_id: reply(fault)
    assert message in failing(suite)["test_every_fault_has_its_status_and_its_words"]


def test_a_kind_of_fault_with_a_status_of_its_own() -> None:
    suite = planted()

    def error(fault: Fault, request_id: str) -> Reply:
        status = 529 if fault.kind is FaultKind.OVERLOADED else fault.kind.status
        return Reply(status=status, body=json.dumps({"error": fault.message}).encode())

    vars(suite.dialect)["error"] = error
    vars(suite)["statuses"] = {FaultKind.OVERLOADED: 529}
    assert failing(suite) == {}


def test_a_stream_that_swallows_its_error() -> None:
    def calm(event: Event) -> bytes | None:
        return line(usage=None) if isinstance(event, Failed) else None

    found = failing(planted(altered(calm)))
    assert found == {"test_a_fault_ends_the_stream": "plain, text, invalid: the stream's error says None"}


def test_a_stream_that_fails_only_after_it_has_begun() -> None:
    class Late(Encoder):
        def __init__(self) -> None:
            self.begun = False

        def feed(self, event: Event) -> bytes:
            self.begun = self.begun or isinstance(event, Started)
            return b"" if isinstance(event, Failed) and not self.begun else super().feed(event)

    assert list(failing(planted(Late))) == ["test_a_fault_ends_the_stream"]


def test_an_error_that_takes_back_what_was_said() -> None:
    class Hesitant(Encoder):
        """Holds text back until more comes."""

        held = b""

        def feed(self, event: Event) -> bytes:
            if isinstance(event, TextDelta):
                said, self.held = self.held, super().feed(event)
                return said
            said = b"" if isinstance(event, Failed) else self.held
            self.held = b""
            return said + super().feed(event)

    found = failing(planted(Hesitant))
    assert found == {"test_a_fault_ends_the_stream": "plain, text, invalid: '' was said, not 'so far'"}
