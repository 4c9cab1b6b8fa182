"""The OpenAI dialect holds what every dialect must."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mlxkernel.api import Reply
from mlxkernel.messages import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
from mlxkernel.request import (
    Conversation,
    Embed,
    Grammar,
    JsonSchema,
    Prompts,
    ReasoningWish,
    Render,
    Request,
    RequiredTool,
    Sampling,
    Tool,
)
from mlxkernel.testing.dialects import (
    REQUEST_ID,
    DialectSuite,
    GoldenRequest,
    RefusedField,
    WireAnswer,
    WireChoice,
    arguments,
)
from mlxkernel.testing.framing import server_sent_events
from mlxkernel_plugins.openai import OpenAI

CHAT, COMPLETIONS, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"
COUNT, EMBEDDINGS, RENDER = f"{RESPONSES}/input_tokens", "/v1/embeddings", f"{CHAT}/render"
TOKENIZE, DETOKENIZE = "/v1/tokenize", "/v1/detokenize"

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION = {"name": "first", "description": "A city's weather", "parameters": SCHEMA, "strict": True}
PICTURE = "data:image/png;base64,iVBORw=="
HELLO = Message(Role.USER, (Text("Hello!"),))
WITH_USAGE = {"include_usage": True}


def request(input: Any, **more: Any) -> Request:
    return Request(id=REQUEST_ID, model="tiny", input=input, **more)


def say(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": text}


CHATS = (
    GoldenRequest(
        name="chat",
        path=CHAT,
        body={"model": "tiny", "messages": [say("Hello!")], "stream": True, "stream_options": WITH_USAGE},
        request=request(Conversation((HELLO,)), stream=True),
    ),
    GoldenRequest(
        name="two answers with logprobs",
        path=CHAT,
        body={
            "model": "tiny",
            "messages": [say("Be brief.", "developer"), say("Hello!")],
            "n": 2,
            "logprobs": True,
            "top_logprobs": 1,
            "max_completion_tokens": 20,
            "stop": "\n",
            "seed": 7,
            "temperature": 0.5,
            "logit_bias": {"5": -1},
            "stream": True,
            "reasoning_effort": "low",
        },
        request=request(
            Conversation((Message(Role.SYSTEM, (Text("Be brief."),)), HELLO)),
            n=2,
            logprobs=1,
            max_tokens=20,
            stop=("\n",),
            sampling=Sampling(temperature=0.5, seed=7, logit_bias={5: -1.0}),
            reasoning=ReasoningWish(None, "low"),
            stream=True,
        ),
    ),
    GoldenRequest(
        name="tools",
        path=CHAT,
        body={
            "model": "tiny",
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "Hm.",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "first", "arguments": '{"city": "Burgos"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "fine"},
            ],
            "tools": [
                {"type": "function", "function": FUNCTION},
                {"type": "function", "function": {"name": "second"}},
            ],
            "tool_choice": {"type": "function", "function": {"name": "first"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
            "stream": True,
            "stream_options": WITH_USAGE,
        },
        request=request(
            Conversation(
                (
                    Message(
                        Role.USER,
                        (
                            Text("What is this?"),
                            Image(
                                data=b"\x89PNG",
                                detail="low",
                                media_type="image/png",
                                where="messages[0].content[1].image_url.url",
                            ),
                        ),
                    ),
                    Message(
                        Role.ASSISTANT, (Reasoning("Hm."), ToolCall("call_1", "first", '{"city": "Burgos"}'))
                    ),
                    Message(Role.TOOL, (ToolResult("call_1", (Text("fine"),), "first"),)),
                )
            ),
            tools=(Tool("first", "A city's weather", SCHEMA, True), Tool("second")),
            tool_choice=RequiredTool(("first",)),
            response_format=JsonSchema(SCHEMA, "a", False),
            stream=True,
        ),
    ),
    GoldenRequest(
        name="functions",
        path=CHAT,
        body={
            "model": "tiny",
            "messages": [say("Hello!")],
            "functions": [{"name": "first"}],
            "function_call": "auto",
            "regex": "[a-z]+",
            "stream": True,
        },
        request=request(
            Conversation((HELLO,)),
            tools=(Tool("first"),),
            parallel_tool_calls=False,
            response_format=Grammar("regex", "[a-z]+", "regex"),
            stream=True,
        ),
    ),
)

OTHERS = (
    GoldenRequest(
        name="completions",
        path=COMPLETIONS,
        body={
            "model": "tiny",
            "prompt": ["Once", "Twice"],
            "n": 2,
            "best_of": 2,
            "max_tokens": 5,
            "logprobs": 1,
            "stream": True,
            "stream_options": WITH_USAGE,
        },
        request=request(Prompts(("Once", "Twice")), n=2, max_tokens=5, logprobs=1, stream=True),
    ),
    GoldenRequest(
        name="completions of tokens",
        path=COMPLETIONS,
        body={"model": "tiny", "prompt": [1, 2], "echo": True, "stream": True},
        request=request(Prompts(((1, 2),), echo=True), stream=True),
    ),
    GoldenRequest(
        name="responses",
        path=RESPONSES,
        body={
            "model": "tiny",
            "instructions": "Be brief.",
            "input": [say("Hello!")],
            "tools": [
                {"type": "function", "name": "first", "parameters": SCHEMA, "strict": False},
                {"type": "function", "name": "second", "parameters": {}, "strict": False},
            ],
            "max_output_tokens": 20,
            "temperature": 0.5,
            "store": False,
            "stream": True,
        },
        request=request(
            Conversation((Message(Role.SYSTEM, (Text("Be brief."),)), HELLO)),
            tools=(Tool("first", parameters=SCHEMA), Tool("second")),
            max_tokens=20,
            sampling=Sampling(temperature=0.5),
            stream=True,
        ),
    ),
    GoldenRequest(
        name="count",
        path=COUNT,
        body={"model": "tiny", "input": "Hello!"},
        request=request(Conversation((HELLO,)), task=Render()),
    ),
    GoldenRequest(
        name="embeddings",
        path=EMBEDDINGS,
        body={"model": "tiny", "input": ["a", "b"], "encoding_format": "base64", "dimensions": 8},
        request=request(Prompts(("a", "b")), task=Embed(8)),
    ),
    GoldenRequest(
        name="render",
        path=RENDER,
        body={"model": "tiny", "messages": [say("Hello!")]},
        request=request(Conversation((HELLO,)), task=Render()),
    ),
    GoldenRequest(
        name="tokenize",
        path=TOKENIZE,
        body={"model": "tiny", "prompt": "Hello!", "add_special_tokens": False},
        request=request(Prompts(("Hello!",), special=False), task=Render()),
    ),
    GoldenRequest(
        name="detokenize",
        path=DETOKENIZE,
        body={"model": "tiny", "tokens": [1, 2]},
        request=request(Prompts(((1, 2),), special=False), task=Render()),
    ),
)


class TestOpenAI(DialectSuite):
    dialect = OpenAI(clock=lambda: 1_700_000_000.5)
    golden = (*CHATS, *OTHERS)
    refused = (
        *(
            RefusedField(path=CHAT, field=field, value=value)
            for field, value in {
                "verbosity": "low",
                "modalities": ["audio"],
                "audio": {"voice": "alloy"},
                "prediction": {"type": "content"},
                "web_search_options": {},
            }.items()
        ),
        RefusedField(path=COMPLETIONS, field="suffix", value="end"),
        RefusedField(path=RESPONSES, field="background", value=True),
    )

    def decode_stream(self, sample: GoldenRequest, chunks: Iterable[bytes]) -> WireAnswer:
        events = list(server_sent_events(chunks))
        if sample.path == RESPONSES:
            return response_stream([json.loads(event.data) for event in events])
        ends = [event for event in events if event.data == "[DONE]"]
        assert not ends or events[-1] is ends[-1], "something comes after [DONE]"
        said = [json.loads(event.data) for event in events if event.data != "[DONE]"]
        errors = [item["error"]["message"] for item in said if "error" in item]
        usages = [item["usage"] for item in said if item.get("usage")]
        return WireAnswer(
            choices=merged([choice for item in said for choice in item.get("choices", ())]),
            usage=usages[-1] if usages else None,
            ends=len(ends),
            error=errors[-1] if errors else None,
            more=tokens([choice for item in said for choice in item.get("choices", ())]),
        )

    def decode_answer(self, sample: GoldenRequest, reply: Reply) -> WireAnswer:
        whole = json.loads(reply.body)
        if sample.path == RESPONSES:
            return response(whole)
        return WireAnswer(
            choices=merged(whole["choices"]), usage=whole["usage"], more=tokens(whole["choices"])
        )

    def decode_error(self, reply: Reply) -> str:
        return str(json.loads(reply.body)["error"]["message"])


def merged(choices: list[dict[str, Any]]) -> tuple[WireChoice, ...]:
    """The choices of chat or completions, put together from their pieces by index."""
    by_index: dict[int, list[dict[str, Any]]] = {}
    for choice in choices:
        by_index.setdefault(choice["index"], []).append(choice)
    return tuple(one(by_index[index]) for index in sorted(by_index))


def one(pieces: list[dict[str, Any]]) -> WireChoice:
    calls: dict[int, list[str]] = {}
    text, thought, reason = "", "", ""
    for piece in pieces:
        said = piece.get("message") or piece.get("delta") or {"content": piece.get("text")}
        text += said.get("content") or ""
        thought += said.get("reasoning_content") or ""
        assert said.get("reasoning") == said.get("reasoning_content")
        listed = said.get("tool_calls") or []
        legacy = said.get("function_call")
        for place, call in enumerate([{"function": legacy}] if legacy else listed):
            whole = calls.setdefault(call.get("index", place), ["", "", ""])
            whole[0] += call.get("id", "")
            whole[1] += call["function"].get("name", "")
            whole[2] += call["function"]["arguments"]
        reason += piece["finish_reason"] or ""
    return WireChoice(
        text=text,
        reasoning=thought,
        calls=tuple((id, name, arguments(given)) for id, name, given in calls.values()),
        reason=reason,
    )


def tokens(choices: list[dict[str, Any]]) -> dict[int, list[Any]]:
    """The tokens of each choice with their logprobs, whichever way they are listed."""
    found: dict[int, list[Any]] = {}
    for choice in choices:
        listed = choice.get("logprobs") or {}
        rows = listed.get("content") or list(
            zip(
                listed.get("tokens", ()),
                listed.get("token_logprobs", ()),
                listed.get("text_offset", ()),
                listed.get("top_logprobs") or (),
                strict=True,
            )
        )
        found.setdefault(choice["index"], []).extend(rows)
    return found


def response_stream(events: list[dict[str, Any]]) -> WireAnswer:
    """A stream of the Responses API: what its deltas say, and how its last event says that it ended."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    text, thought, calls = "", "", dict[str, list[str]]()
    last = events[-1]
    for event in events:
        match event["type"]:
            case "response.output_text.delta":
                text += event["delta"]
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                thought += event["delta"]
            case "response.output_item.added" if event["item"]["type"] == "function_call":
                item = event["item"]
                calls[item["id"]] = [item["call_id"], item["name"], ""]
            case "response.function_call_arguments.delta":
                calls[event["item_id"]][2] += event["delta"]
    ended = ("response.completed", "response.incomplete", "response.failed", "error")
    state = last.get("response") or {}
    fault = last if last["type"] == "error" else state.get("error") or {}
    choice = WireChoice(
        text=text,
        reasoning=thought,
        calls=tuple((id, name, arguments(given)) for id, name, given in calls.values()),
        reason=state.get("status", ""),
    )
    return WireAnswer(
        choices=(choice,),
        usage=state.get("usage"),
        ends=sum(event["type"] in ended for event in events),
        error=fault.get("message"),
    )


def response(whole: dict[str, Any]) -> WireAnswer:
    """A whole response."""
    text, thought, calls = "", "", []
    for item in whole["output"]:
        match item["type"]:
            case "message":
                text += "".join(part["text"] for part in item["content"])
            case "reasoning":
                parts = item.get("content") or item["summary"]
                thought += "".join(part["text"] for part in parts)
            case "function_call":
                calls.append((item["call_id"], item["name"], arguments(item["arguments"])))
    choice = WireChoice(text=text, reasoning=thought, calls=tuple(calls), reason=whole["status"])
    return WireAnswer(choices=(choice,), usage=whole["usage"])
