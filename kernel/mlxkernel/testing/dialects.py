"""The suite for dialects: what a translation between a wire format and the kernel's words must hold.

Subclass `DialectSuite` with a dialect, golden requests and a small decoder of its streams and answers;
pytest finds the tests. The suite plays scripted runs (`mlxkernel.testing.runs`) through encoder and answer,
and hands strangers' bodies (`mlxkernel.testing.hostility`) to `read`. It needs no server and no engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mlxkernel.api import Dialect, Endpoint, HttpRequest, Operation, Reply
from mlxkernel.errors import Fault, FaultKind, RequestFailed
from mlxkernel.events import Embedding, Event, Failed, Rendered, Started, TextDelta
from mlxkernel.fold import Choice, fold
from mlxkernel.messages import Json
from mlxkernel.request import Generate, Request
from mlxkernel.testing.hostility import BYTES, mutants
from mlxkernel.testing.law import check_law
from mlxkernel.testing.runs import LINE_ENDS, SCENES, USAGE, Scene, run_of

REQUEST_ID = "req_sample"

JSON = {"content-type": "application/json"}
"""The headers of a golden request that brings none of its own."""

MEANT = tuple(field for field in Request.__struct_fields__ if field != "extra")
"""What a golden request says of its request; `extra` is the dialect's own note to itself."""

CUTS = 48
"""Places at which a stream is cut into two."""

_to_request = msgspec.msgpack.Decoder(Request)


class GoldenRequest(Struct, frozen=True, kw_only=True):
    """A request as clients send it, and what `read` makes of it (its `id` is `REQUEST_ID`).

    Without `headers` it says that its body is JSON.
    """

    name: str
    path: str
    body: Json
    request: Request
    headers: Mapping[str, str] = {}
    path_args: Mapping[str, str] = {}


class RefusedField(Struct, frozen=True, kw_only=True):
    """A field that the dialect understands and does not offer; `named` is what the refusal calls it.

    `path` is the route, `value` what asks for it, put into the body of the first golden request of the route.
    """

    path: str
    field: str
    value: Json
    named: str = ""


class WireChoice(Struct, frozen=True, kw_only=True):
    """One answer as a client understands it. A call is its id, its name and its arguments as a JSON value.

    Arguments that are no JSON (a call that broke off) are the text itself. `reason` is the dialect's word.
    """

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str, Json], ...] = ()
    reason: str = ""


class WireAnswer(Struct, frozen=True, kw_only=True):
    """A stream or a whole answer as a client understands it.

    `usage` is what it says of tokens and time, None for nothing. `ends` counts what ends a stream for its
    client: the last event, or an error. `error` is the error's message. `more` is whatever else must be the
    same in stream and answer (logprobs).
    """

    choices: tuple[WireChoice, ...] = ()
    usage: Json = None
    ends: int = 1
    error: str | None = None
    more: Json = None


class Case(NamedTuple):
    """A golden request that streams, and one run that answers it."""

    sample: GoldenRequest
    operation: Operation
    request: Request
    scene: Scene
    events: list[Event]

    def __str__(self) -> str:
        return f"{self.sample.name}, {self.scene.name}"


class Novelty(Struct, frozen=True, tag="novelty"):
    """An event of a kind that the dialect cannot know yet."""

    index: int = 0
    text: str = "novel"


def arguments(text: str) -> Json:
    """The arguments of a call as `WireChoice` wants them."""
    try:
        return json.loads(text)
    except ValueError:
        return text


class DialectSuite:
    """What every dialect must hold.

    `statuses` are the kinds of fault that the API answers with another status than HTTP's own.
    """

    dialect: ClassVar[Dialect]
    golden: ClassVar[Sequence[GoldenRequest]]
    refused: ClassVar[Sequence[RefusedField]]
    statuses: ClassVar[Mapping[FaultKind, int]] = {}

    def decode_stream(self, sample: GoldenRequest, chunks: Iterable[bytes]) -> WireAnswer:
        """A streamed answer to this request, which comes in these pieces, as a client understands it."""
        raise NotImplementedError

    def decode_answer(self, sample: GoldenRequest, reply: Reply) -> WireAnswer:
        """A whole answer to this request as a client understands it."""
        raise NotImplementedError

    def decode_error(self, reply: Reply) -> str:
        """The message of an error."""
        raise NotImplementedError

    # --- reading ----------------------------------------------------------------------------------

    def test_golden_requests_are_read_as_they_are_meant(self) -> None:
        """Each golden request becomes the request that it is said to be."""
        for sample in self.golden:
            request = self._read(sample)
            for field in MEANT:
                found, meant = getattr(request, field), getattr(sample.request, field)
                assert found == meant, f"{sample.name}: {field} is {found!r}, not {meant!r}"

    def test_every_operation_has_a_golden_request(self) -> None:
        """No operation goes untested, and none that generates does so without a stream."""
        for path in self._operations:
            samples = [sample for sample in self.golden if sample.path == path]
            assert samples, f"{path} has no golden request"
            generating = [sample for sample in samples if isinstance(sample.request.task, Generate)]
            streaming = any(sample.request.stream for sample in generating)
            assert streaming or not generating, f"{path} has no golden request that streams"

    def test_what_is_not_offered_is_refused_by_name(self) -> None:
        """A field that nobody knows, and each that is listed as refused: 400, and its name in the error."""
        assert self.refused, "list what the dialect refuses, or one field that it does not know"
        nowhere = (RefusedField(path=path, field="no_such_field", value=1) for path in self._operations)
        for field in (*nowhere, *self.refused):
            sample = self._sample(field.path)
            body = json.dumps({**sample.body, field.field: field.value}).encode()
            fault = self._refusal(sample, body)
            assert fault is not None, f"{field.path} accepts '{field.field}' = {field.value!r}"
            assert fault.kind is FaultKind.INVALID, f"'{field.field}' is refused with {fault.kind}"
            told = self.dialect.error(fault, REQUEST_ID).body.decode()
            assert (field.named or field.field) in told, (
                f"the refusal of '{field.field}' does not name it: {told}"
            )

    def test_hostile_bodies_are_the_client_s_fault(self) -> None:
        """Whatever stands in whatever field: a request that can be carried on, or a 4xx."""
        for sample in self.golden:
            for place, body in mutants(sample.body):
                self._check_hostile(sample, body, f"{sample.name}: {place}")
        for path in self._operations:
            for body in BYTES:
                self._check_hostile(self._sample(path), body, f"{path}: {body[:40]!r}")

    def _check_hostile(self, sample: GoldenRequest, body: bytes, what: str) -> None:
        try:
            request = self._read(sample, body)
            _to_request.decode(msgspec.msgpack.encode(replace(request, extra=None)))
        except RequestFailed as error:
            reply = self.dialect.error(error.fault, REQUEST_ID)
            assert 400 <= reply.status < 500, f"{what} is answered with {reply.status}: {reply.body!r}"
        except (Exception, RecursionError) as error:
            raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error

    # --- answering --------------------------------------------------------------------------------

    def test_a_stream_says_what_the_whole_answer_says(self) -> None:
        """Streamed ≡ folded, for every scripted run that can answer a golden request."""
        for case in self._cases():
            check_law(case.events)
            streamed, whole = self._streamed(case, case.events), self._whole(case)
            assert streamed.choices == whole.choices, f"{case}: {streamed.choices}, whole: {whole.choices}"
            assert streamed.more == whole.more, f"{case}: {streamed.more}, whole: {whole.more}"
            assert streamed.usage in (None, whole.usage), f"{case}: {streamed.usage}, whole: {whole.usage}"

    def test_nothing_of_an_answer_is_lost(self) -> None:
        """The whole answer holds every word, thought and call, in order, once."""
        for case in self._cases():
            if case.scene.cut:
                continue
            found, meant = self._whole(case).choices, fold(case.events).choices
            assert len(found) == len(meant), f"{case}: there are {len(found)} answers, not {len(meant)}"
            for one, other in zip(found, meant, strict=True):
                _check_choice(one, other, str(case))

    def test_usage_is_told(self) -> None:
        """A whole answer tells its tokens, and so does some stream of every operation that streams."""
        told: dict[str, bool] = {}
        for case in self._cases():
            usage = json.dumps(self._whole(case).usage)
            for count in (USAGE.prompt_tokens, USAGE.completion_tokens):
                assert str(count) in usage, f"{case}: {count} tokens are not in {usage}"
            streamed = self._streamed(case, case.events).usage is not None
            told[case.sample.path] = told.get(case.sample.path, False) or streamed
        silent = [path for path, says in told.items() if not says]
        assert not silent, f"no stream of these routes tells its usage: {silent}"

    def test_a_stream_ends_once(self) -> None:
        """Exactly one terminal event."""
        for case in self._cases():
            ends = self._streamed(case, case.events).ends
            assert ends == 1, f"{case}: {ends} events end the stream"

    def test_kinds_of_events_that_it_does_not_know_are_ignored(self) -> None:
        """A newer kernel may send more; nothing of it is said and nothing else is lost."""
        strange: list[Any] = [Novelty(), Rendered(0, "x", (1,)), Embedding(0, bytes(4))]
        for case in self._cases():
            expected = self._streamed(case, case.events)
            mixed = [event for known in case.events[:-1] for event in (known, *strange)]
            found = self._streamed(case, [*mixed, case.events[-1]])
            assert found == expected, f"{case}: {found}, without the strange events: {expected}"

    def test_signs_of_life_are_skipped(self) -> None:
        """Keep-alive bytes between any two events change nothing."""
        for case in self._cases():
            encoder = case.operation.encoder(case.request)
            chunks = [chunk for event in case.events for chunk in (encoder.keep_alive(), encoder.feed(event))]
            found = self.decode_stream(case.sample, [*chunks, encoder.close()])
            expected = self._streamed(case, case.events)
            assert found == expected, f"{case}: with keep-alive bytes {found}, without: {expected}"

    def test_no_cut_of_the_bytes_changes_anything(self) -> None:
        """A network cuts where it likes: into single bytes, or anywhere into two."""
        for case in self._cases():
            data = b"".join(_bytes(case, case.events))
            expected = self.decode_stream(case.sample, [data])
            places = range(0, len(data), max(1, len(data) // CUTS))
            bytewise = [data[place : place + 1] for place in range(len(data))]
            for pieces in (bytewise, *([data[:place], data[place:]] for place in places)):
                found = self.decode_stream(case.sample, pieces)
                assert found == expected, f"{case}, cut into {len(pieces)}: {found}, at once: {expected}"

    def test_unicode_s_line_ends_are_escaped(self) -> None:
        """Clients that split a stream by `str.splitlines` find whole events."""
        for case in self._cases():
            text = b"".join(_bytes(case, case.events)).decode()
            for end in LINE_ENDS:
                assert end not in text, f"{case}: the stream holds a raw U+{ord(end):04X}"

    # --- errors -----------------------------------------------------------------------------------

    def test_every_fault_has_its_status_and_its_words(self) -> None:
        """Each kind in the dialect's own shape, and its words as they are."""
        for kind in FaultKind:
            fault = _fault(kind)
            reply = self.dialect.error(fault, REQUEST_ID)
            status = self.statuses.get(kind, kind.status)
            assert reply.status == status, f"{kind.value}: the status is {reply.status}, not {status}"
            assert "json" in reply.content_type, f"{kind.value}: the error is {reply.content_type}"
            said = self.decode_error(reply)
            assert said == fault.message, f"{kind.value}: the error says {said!r}, not {fault.message!r}"

    def test_a_fault_ends_the_stream(self) -> None:
        """What was said stays said; then comes the error, once. It may be the first that a stream says."""
        begun: tuple[list[Event], ...] = ([], [Started(1)], [Started(1), TextDelta(0, "so far")])
        for case in self._cases():
            if case.scene is not SCENES[0]:
                continue
            for kind in FaultKind:
                for events in begun:
                    self._check_failing(case, events, kind)

    def _check_failing(self, case: Case, begun: Sequence[Event], kind: FaultKind) -> None:
        fault = _fault(kind)
        found = self._streamed(case, [*begun, Failed(fault)])
        said = "".join(choice.text for choice in found.choices)
        meant = "".join(event.text for event in begun if isinstance(event, TextDelta))
        assert found.error == fault.message, f"{case}, {kind.value}: the stream's error says {found.error!r}"
        assert found.ends == 1, f"{case}, {kind.value}: {found.ends} events end the stream"
        assert said == meant, f"{case}, {kind.value}: {said!r} was said, not {meant!r}"

    # --- the pieces -------------------------------------------------------------------------------

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        """The routes that run requests, by path."""
        routes = self.dialect.routes()
        return {route.path: route for route in routes if not isinstance(route, Endpoint)}

    def _sample(self, path: str) -> GoldenRequest:
        """The first golden request of a route."""
        return next(sample for sample in self.golden if sample.path == path)

    def _cases(self) -> Iterator[Case]:
        """Every golden request that streams, with every scene that can answer it."""
        for sample in self.golden:
            if not (sample.request.stream and isinstance(sample.request.task, Generate)):
                continue
            request = self._read(sample)
            for scene in SCENES:
                if scene.suits(request):
                    yield Case(sample, self._operations[sample.path], request, scene, run_of(scene, request))

    def _streamed(self, case: Case, events: Sequence[Event]) -> WireAnswer:
        return self.decode_stream(case.sample, _bytes(case, events))

    def _whole(self, case: Case) -> WireAnswer:
        request = replace(case.request, stream=False)
        return self.decode_answer(case.sample, case.operation.answer(request, fold(case.events)))

    def _read(self, sample: GoldenRequest, body: bytes | None = None) -> Request:
        operation = self._operations[sample.path]
        return operation.read(
            HttpRequest(
                method=operation.method,
                path=sample.path,
                headers=sample.headers or JSON,
                path_args=sample.path_args,
                body=json.dumps(sample.body).encode() if body is None else body,
                request_id=REQUEST_ID,
            )
        )

    def _refusal(self, sample: GoldenRequest, body: bytes) -> Fault | None:
        try:
            self._read(sample, body)
        except RequestFailed as error:
            return error.fault
        return None


def _bytes(case: Case, events: Sequence[Event]) -> list[bytes]:
    """What goes over the wire for these events."""
    encoder = case.operation.encoder(case.request)
    fed = [*(encoder.feed(event) for event in events), encoder.close()]
    for event, data in zip((*events, "the end"), fed, strict=True):
        assert isinstance(data, bytes), f"{case}: {event} is encoded as {data!r}, which is no bytes"
    return fed


def _check_choice(found: WireChoice, meant: Choice, what: str) -> None:
    assert found.text == meant.text, f"{what}: the text is {found.text!r}, not {meant.text!r}"
    assert found.reasoning == meant.reasoning, f"{what}: the thought is {found.reasoning!r}"
    named = [(name, given) for _, name, given in found.calls]
    wanted = [(call.name, arguments(call.arguments)) for call in meant.tool_calls]
    assert named == wanted, f"{what}: the calls are {named}, not {wanted}"
    ids = {id for id, _, _ in found.calls}
    assert len(ids) == len(named), f"{what}: the ids of the calls are not unique: {ids}"
    assert found.reason, f"{what}: nothing says why the answer ended"


def _fault(kind: FaultKind) -> Fault:
    return Fault(kind=kind, message=f'It is {kind.value} \u2028 "so".', code="sample_code", retry_after=2.0)
