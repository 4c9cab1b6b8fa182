"""Constraints: a model with random weights, at temperature 1, writes what the request's form allows."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import TOOLS_TEMPLATE, Driver, open_engine, toolbox, write_model
from tests.plugins.mlx_text.schemas import SCHEMAS

from mlxkernel.errors import FaultKind, RequestFailed
from mlxkernel.events import Failed, FinishReason
from mlxkernel.formats import Format, NamedJson
from mlxkernel.messages import Json, Message, Role, Text
from mlxkernel.request import (
    Conversation,
    Grammar,
    JsonObject,
    JsonSchema,
    Prompts,
    ReasoningWish,
    Request,
    RequiredTool,
    Sampling,
    Tool,
)
from mlxkernel_mlx import constraints
from mlxkernel_mlx.wishes import Wishes
from mlxkernel_plugins.reasoning import mlxkernel_register_reasoning_formats
from mlxkernel_plugins.tool_formats import mlxkernel_register_tool_formats

BEGIN, END = "<tool_call>\n", "\n</tool_call>"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    """A plain model whose template knows tools, so that it calls and thinks in the manner of its family."""
    config = {**PLAIN, "num_hidden_layers": 1, "max_position_embeddings": 4096}
    folder: Path = tmp_path_factory.mktemp("forced") / "model"
    box = toolbox(
        tool_formats={format.name: format for format in mlxkernel_register_tool_formats()},
        reasoning_formats={format.name: format for format in mlxkernel_register_reasoning_formats()},
    )
    driver = open_engine(write_model(folder, config, template=TOOLS_TEMPLATE), box, cache="none")
    assert driver.info.tool_format == "hermes"
    return driver


def ask(name: str, seed: int = 0, **changes: Any) -> Request:
    values: dict[str, Any] = {
        "input": Conversation((Message(Role.USER, (Text("Hello!"),)),)),
        "sampling": Sampling(temperature=1.0, seed=seed),
        "max_tokens": 1500,
    }
    return Request(id=name, model="m", **{**values, **changes})


def form(schema: Json) -> dict[str, Any]:
    return {"response_format": JsonSchema(schema)}


def forced(*tools: Tool, parallel: bool = False, names: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"tools": tools, "tool_choice": RequiredTool(names), "parallel_tool_calls": parallel}


def calls(text: str) -> list[Any]:
    """The calls of an answer that holds nothing else."""
    assert text.startswith(BEGIN) and text.endswith(END), text
    return [json.loads(call) for call in text[len(BEGIN) : -len(END)].split(f"{END}\n{BEGIN}")]


def refusal(driver: Driver, request: Request) -> tuple[str, str | None]:
    with pytest.raises(RequestFailed) as refused:
        driver.engine.prepare(request)
    assert refused.value.fault.kind is FaultKind.INVALID
    return refused.value.fault.message, refused.value.fault.param


# --- two hundred of two hundred -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["documents", "calls"])
def test_whatever_is_forced_is_valid(driver: Driver, kind: str) -> None:
    """Ten answers to each of twenty schemas, in batches of twelve beside four free rows."""
    assert len(SCHEMAS) == 20
    free = [ask(f"{kind}-free-{n}", n, max_tokens=40, ignore_eos=True) for n in range(4)]
    alone = [driver.ask(request).choices[0].text for request in free]
    work: list[tuple[Json, Request]] = []
    for number, (name, schema) in enumerate(SCHEMAS.items()):
        tools = (Tool("other", parameters={}), Tool("wanted", parameters=schema))
        what = form(schema) if kind == "documents" else forced(*tools, names=("wanted",))
        work += [(schema, ask(f"{kind}-{name}-{n}", 31 * number + n, **what)) for n in range(10)]
    assert len(work) == 200
    texts: set[str] = set()
    for begin in range(0, len(work), 12):
        part = work[begin : begin + 12]
        for request in [*free, *(request for _, request in part)]:
            driver.admit(request)
        driver.run()
        assert [driver.answer(request.id).choices[0].text for request in free] == alone
        for schema, request in part:
            choice = driver.answer(request.id).choices[0]
            assert choice.reason is FinishReason.STOP, request.id
            if kind == "documents":
                document = json.loads(choice.text)
            else:
                (call,) = calls(choice.text)
                assert call["name"] == "wanted"
                document = call["arguments"]
            Draft202012Validator(schema).validate(document)
            texts.add(choice.text)
    assert len(texts) > 60


def test_any_of_the_tools_and_several_calls(driver: Driver) -> None:
    tools = [Tool(name, parameters=SCHEMAS[schema]) for name, schema in (("a", "enum"), ("b", "optional"))]
    requests = [ask(f"some-{n}", n, **forced(*tools, parallel=True)) for n in range(16)]
    for request in requests:
        driver.admit(request)
    driver.run()
    answers = [calls(driver.answer(request.id).choices[0].text) for request in requests]
    for call in (call for answer in answers for call in answer):
        schema = SCHEMAS["enum" if call["name"] == "a" else "optional"]
        Draft202012Validator(schema).validate(call["arguments"])
    assert {call["name"] for answer in answers for call in answer} == {"a", "b"}
    assert all(1 < len(answer) <= 8 for answer in answers)


def test_the_same_seed_gives_the_same_document_alone_and_in_a_batch(driver: Driver) -> None:
    def request(name: str, seed: int) -> Request:
        return ask(name, seed, **form(SCHEMAS["array"]))

    alone = driver.ask(request("alone", 5)).choices[0].text
    for number in range(8):
        driver.admit(request(f"batch-{number}", number))
    driver.run()
    assert driver.answer("batch-5").choices[0].text == alone
    assert len({driver.answer(f"batch-{number}").choices[0].text for number in range(8)}) > 4


def test_parts_that_are_objects_make_one_closed_object(driver: Driver) -> None:
    parts = [
        {"type": "object", "properties": {name: {"type": "boolean"}}, "required": [name]} for name in "ab"
    ]
    for seed in range(4):
        text = driver.ask(ask(f"parts-{seed}", seed, **form({"allOf": parts}))).choices[0].text
        assert json.loads(text).keys() == {"a", "b"}


def test_numbers_come_to_an_end(driver: Driver) -> None:
    schema = {"type": "array", "items": {"type": ["number", "integer"]}, "minItems": 9, "maxItems": 9}
    for seed in range(4):
        choice = driver.ask(ask(f"numbers-{seed}", seed, **form(schema))).choices[0]
        assert choice.reason is FinishReason.STOP
        assert all(abs(number) <= 10**15 for number in json.loads(choice.text))


# --- ends -----------------------------------------------------------------------------------------


def test_the_limit_cuts_a_document_and_says_so(driver: Driver) -> None:
    whole = driver.ask(ask("whole", 3, **form(SCHEMAS["ref"])))
    cut = driver.ask(ask("cut", 3, max_tokens=20, **form(SCHEMAS["ref"])))
    assert cut.choices[0].reason is FinishReason.LENGTH
    assert whole.choices[0].reason is FinishReason.STOP
    assert whole.choices[0].text.startswith(cut.choices[0].text)


@pytest.mark.parametrize("field", ["min_tokens", "ignore_eos"])
def test_the_grammar_alone_says_where_an_answer_ends(driver: Driver, field: str) -> None:
    message, param = refusal(driver, ask("ends", **{field: 1}, **form(SCHEMAS["flat"])))
    assert param == field
    assert "'response_format.json_schema.schema' decides where the answer ends" in message


def test_a_grammar_that_fails_under_way_fails_the_answer(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mask of a failed matcher would allow the end, and half a document would pass for a whole one."""
    driver.admit(ask("fails", **form(SCHEMAS["ref"])))
    for _ in range(6):
        driver.step()
    (row,) = driver.engine._batch.rows
    (guide,) = row.guides
    assert isinstance(guide, constraints.Constraint)
    assert not guide._matcher.consume_token(driver.engine._intake._tokenizer.encode("x")[-1])
    driver.run()
    last = driver.events["fails"][-1]
    assert isinstance(last, Failed)
    assert last.fault.message.startswith("The answer's grammar became too complex to follow")


# --- grammars of one's own ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("syntax", "source", "pattern"),
    [
        ("regex", r"[0-9]{3}/[a-c]{1,9}\.", r"[0-9]{3}/[a-c]{1,9}\."),
        ("regex", "yes|no", "yes|no"),
        ("lark", 'start: word (", " word){2}\nword: /[a-z]{2,5}/\n', r"[a-z]{2,5}(, [a-z]{2,5}){2}"),
    ],
)
def test_a_grammar_of_ones_own(driver: Driver, syntax: str, source: str, pattern: str) -> None:
    for seed in range(4):
        request = ask(f"{source}-{seed}", seed, response_format=Grammar(syntax, source))
        choice = driver.ask(request).choices[0]
        assert choice.reason is FinishReason.STOP
        assert re.fullmatch(pattern, choice.text)


def test_a_raw_prompt_takes_a_form_too(driver: Driver) -> None:
    request = ask("raw", input=Prompts(("Hello",)), response_format=Grammar("regex", "a{7}"))
    assert driver.ask(request).choices[0].text == "aaaaaaa"


def test_some_object(driver: Driver) -> None:
    """Any object is endless for a model like this; what there is of it is one."""
    text = driver.ask(ask("object", response_format=JsonObject(), max_tokens=12)).choices[0].text
    assert text.startswith("{")


# --- thinking -------------------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [0, 30])
def test_thinking_comes_first(driver: Driver, budget: int) -> None:
    wish = ReasoningWish(enabled=True, budget_tokens=budget)
    request = ask("think", **form(SCHEMAS["const"]), reasoning=wish)
    choice = driver.ask(request).choices[0]
    thought, close, answer = choice.text.partition("</think>")
    assert close and choice.reason is FinishReason.STOP
    assert bool(thought.strip()) == bool(budget)
    assert json.loads(answer) == {"kind": "order", "version": 3}
    assert answer.strip() == '{"kind": "order", "version": 3}'


# --- refusals -------------------------------------------------------------------------------------

ITSELF = {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}

REFUSED: dict[str, tuple[Json, str]] = {
    "not": ({"type": "object", "properties": {"a": {"not": {}}}}, "not"),
    "uniqueItems": ({"type": "array", "uniqueItems": True}, "uniqueItems"),
    "if": ({"if": {"type": "object"}, "then": {"required": ["a"]}}, "if"),
    "no such definition": ({"$ref": "#/$defs/none"}, "/$defs/none"),
    "another document": ({"$ref": "https://example.com/schema.json"}, "https://example.com/schema.json"),
    "a pattern that is none": ({"type": "string", "pattern": "(["}, "unclosed character class"),
    "a look-ahead": ({"type": "string", "pattern": "(?=a)b"}, "look-around"),
    "a type that is none": ({"type": "strin"}, "strin"),
    "crossed bounds": ({"type": "integer", "minimum": 5, "maximum": 3}, "minimum (5)"),
    "no values": ({"enum": []}, "Unsatisfiable"),
    "a forbidden property that is required": (
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
        "required property 'a'",
    ),
    "itself": ({"$ref": "#"}, "'$ref' to '#'"),
    "itself as a required property": (ITSELF, "'$ref' to '#'"),
    "each other": (
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        "'$ref' to '#/$defs/a'",
    ),
    "itself as a needed item": ({"type": "array", "minItems": 1, "items": {"$ref": "#"}}, "'$ref' to '#'"),
}


UNSATISFIABLE = ("crossed bounds", "a forbidden property that is required")


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("kind", ["document", "call"])
def test_a_schema_that_cannot_be_forced_is_refused(driver: Driver, name: str, kind: str) -> None:
    schema, keyword = REFUSED[name]
    if kind == "document":
        message, param = refusal(driver, ask("refused", **form(schema)))
        assert param == "response_format.json_schema.schema"
    else:
        wrapped: Json = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
        if "Unsatisfiable" in keyword or name in UNSATISFIABLE:
            keyword = "required property 'x' is unsatisfiable"
        if "itself" in name:
            wrapped = ITSELF
        elif "$defs" in schema:
            wrapped["$defs"] = schema["$defs"]
        message, param = refusal(driver, ask("refused", **forced(Tool("f", parameters=wrapped))))
        assert param == "tools"
    assert keyword in message
    assert "itself" in name or "each other" in name or " at #" in message or "Unsatisfiable" in message


def test_a_refusal_says_where_in_the_schema_it_is(driver: Driver) -> None:
    part: Json = {"type": "array", "items": {"type": "string", "not": {"const": "a/b"}}}
    schema: Json = {"type": "object", "properties": {"a/b": {"anyOf": [{"type": "null"}, part]}}}
    place = "#/properties/a~1b/anyOf/1/items"
    message, param = refusal(driver, ask("refused", **form(schema)))
    field = "response_format.json_schema.schema"
    assert param == field and message == (
        f"'{field}' cannot be turned into a grammar: it has \"not\", which is not supported "
        f"(in '{field}' at {place})"
    )
    message, param = refusal(driver, ask("refused", **forced(Tool("f", parameters=schema))))
    assert param == "tools" and message == (
        "'tools' cannot be turned into a grammar: it has \"not\", which is not supported "
        f"(in the parameters of tool 'f' at {place})"
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "array", "items": {"$ref": "#"}},
        {**ITSELF, "type": ["object", "null"]},
        {"anyOf": [{"type": "null"}, ITSELF]},
    ],
)
def test_recursion_with_an_end_is_allowed(driver: Driver, schema: Json) -> None:
    driver.engine.prepare(ask("recursive", **form(schema)))


@pytest.mark.parametrize(
    ("syntax", "source", "word"),
    [
        ("lark", "start: missing\n", '"missing"'),
        ("lark", "start: start\n", "allows no answer at all"),
        ("lark", "start: X\nX: /a/ & /b/\n", "allows no answer at all"),
        ("lark", "nonsense", "Expected token"),
        ("regex", "(a", "unclosed group"),
    ],
)
def test_a_broken_grammar_is_refused(driver: Driver, syntax: str, source: str, word: str) -> None:
    message, param = refusal(driver, ask("broken", response_format=Grammar(syntax, source, "its field")))
    assert param == "its field" and "'its field'" in message
    assert word in message and "\n" not in message


def tangle(size: int) -> dict[str, Json]:
    """Definitions that all refer to each other."""
    return {
        "$ref": "#/$defs/n0",
        "$defs": {
            f"n{i}": {
                "type": "object",
                "properties": {f"k{j}": {"$ref": f"#/$defs/n{(7 * i + j) % size}"} for j in range(50)},
            }
            for i in range(size)
        },
    }


def test_a_large_schema_is_refused_by_its_size(driver: Driver) -> None:
    began = time.monotonic()
    message, param = refusal(driver, ask("large", **form({"enum": ["x" * 2_000_000]})))
    assert "the limit is 1000000" in message and param == "response_format.json_schema.schema"
    assert time.monotonic() - began < constraints.COMPILE_LIMIT


def test_compiling_has_a_time_limit_and_leaves_the_next_one_alone(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constraints, "COMPILE_LIMIT", 0.02)
    message, _ = refusal(driver, ask("slow", **form(tangle(200))))
    assert "its grammar was not compiled within 0.02 s" in message
    monkeypatch.undo()
    assert driver.ask(ask("next", response_format=Grammar("regex", "ok"))).choices[0].text == "ok"


def test_a_grammar_is_compiled_once(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    grammars = driver.engine._intake._guidance._grammars
    match = grammars._match
    monkeypatch.setattr(grammars, "_match", lambda source: compiled.append(source) or match(source))
    for seed in range(3):
        driver.ask(ask(f"once-{seed}", seed, **form({"enum": ["once", "for all"]})))
    assert len(compiled) == 1


# --- strict tools that the model may call -----------------------------------------------------------


def test_a_strict_tool_binds_calls_and_leaves_text_free(driver: Driver) -> None:
    tool = Tool("wanted", parameters=SCHEMAS["enum"], strict=True)
    job = driver.engine.prepare(ask("strict", tools=(tool,)))
    encode = driver.engine._intake._tokenizer.encode

    def follows(text: str) -> bool:
        """Whether the grammar lets the model write this and end there."""
        (guide,) = job.guides()
        assert isinstance(guide, constraints.Constraint)
        tokens = encode(text)
        return guide._matcher.try_consume_tokens(tokens) == len(tokens) and guide._matcher.is_accepting()

    call = '<tool_call>\n{"name": "wanted", "arguments": {"unit": "celsius"}}\n</tool_call>'
    assert follows("Any text, <tool, {brackets} and\nlines.")
    assert follows(call)
    assert follows(f"I look it up.\n{call}")
    assert follows(f"{call}\n{call}")
    assert not follows(call.replace("celsius", "kelvin"))
    assert not follows(call.replace("wanted", "other"))
    assert not follows("Text <tool_call> and more")
    text = driver.ask(ask("strict", 1, tools=(tool,), max_tokens=60)).choices[0].text
    assert text and not text.startswith("<tool_call>")


def test_one_call_at_most_when_calls_may_not_stand_side_by_side(driver: Driver) -> None:
    tool = Tool("wanted", parameters=SCHEMAS["enum"])
    job = driver.engine.prepare(ask("single", tools=(tool,), parallel_tool_calls=False))
    encode = driver.engine._intake._tokenizer.encode
    call = '<tool_call>\n{"name": "wanted", "arguments": {"unit": "celsius"}}\n</tool_call>'
    for text, allowed in (("Only text.", True), (call, True), (f"{call}\n{call}", False)):
        (guide,) = job.guides()
        assert isinstance(guide, constraints.Constraint)
        tokens = encode(text)
        assert (guide._matcher.try_consume_tokens(tokens) == len(tokens)) is allowed, text
    assert driver.engine.prepare(ask("none", parallel_tool_calls=False)).guides() == ()


STRICT: dict[str, Any] = {"tools": (Tool("f", parameters={}, strict=True),)}


def test_a_strict_tool_is_bound_in_every_format(driver: Driver) -> None:
    for format in mlxkernel_register_tool_formats():
        form = bare_wishes(format).form(ask("bare", **STRICT), "", False)
        assert form is not None
        assert not driver.engine._intake._guidance._grammars.compile(form).is_error(), format


def test_a_strict_tool_is_refused_where_nothing_tells_a_call(driver: Driver) -> None:
    wishes = bare_wishes(Format(name="mine", shape=NamedJson(mark=">")))
    with pytest.raises(RequestFailed) as refused:
        wishes.form(ask("bare", **STRICT), "", False)
    assert refused.value.fault.param == "tools"
    assert "tool 'f' cannot be strict here: tool format 'mine'" in refused.value.fault.message


def bare_wishes(format: Any) -> Wishes:
    return Wishes("m", format, None, {}, efforts=False)
