"""The Ollama dialect holds what every dialect must."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from mlxkernel.api import Reply
from mlxkernel.messages import Image, Message, Reasoning, Role, Text, ToolCall, ToolResult
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
    Tool,
)
from mlxkernel.testing.dialects import (
    REQUEST_ID,
    DialectSuite,
    GoldenRequest,
    RefusedField,
    WireAnswer,
    WireChoice,
)
from mlxkernel.testing.framing import json_lines
from mlxkernel_plugins.ollama import Ollama

CHAT, GENERATE, EMBED, EMBEDDINGS = "/api/chat", "/api/generate", "/api/embed", "/api/embeddings"
PNG = b"\x89PNG"
PICTURE = base64.b64encode(PNG).decode()
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
WEATHER = {
    "type": "function",
    "function": {"name": "first", "description": "A city's weather", "parameters": SCHEMA},
}
HELLO = Message(Role.USER, (Text("Hello!"),))


def request(input: Any, **more: Any) -> Request:
    return Request(id=REQUEST_ID, model="tiny", input=input, **more)


LOAD = request(Prompts(("",)), task=Render())

GOLDEN = (
    GoldenRequest(
        name="chat",
        path=CHAT,
        body={"model": "tiny", "messages": [{"role": "user", "content": "Hello!"}]},
        request=request(Conversation((HELLO,)), stream=True, clip=True),
    ),
    GoldenRequest(
        name="chat with everything",
        path=CHAT,
        body={
            "model": "tiny",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What is this?", "images": [PICTURE]},
                {
                    "role": "assistant",
                    "content": "",
                    "thinking": "Hm.",
                    "tool_calls": [{"function": {"name": "first", "arguments": {"city": "Burgos"}}}],
                },
                {"role": "tool", "content": "fine", "tool_name": "first"},
                {"role": "assistant", "content": "It is"},
            ],
            "tools": [WEATHER, {"type": "function", "function": {"name": "second"}}],
            "format": SCHEMA,
            "think": "high",
            "keep_alive": "5m",
            "logprobs": True,
            "top_logprobs": 2,
            "truncate": True,
            "shift": True,
            "stream": True,
            "options": {
                "num_predict": 50,
                "temperature": 0,
                "top_k": 40,
                "top_p": 0.9,
                "min_p": 0.05,
                "typical_p": 0.7,
                "seed": 42,
                "stop": ["\n"],
                "repeat_penalty": 1.2,
                "presence_penalty": 1.5,
                "frequency_penalty": 1.0,
                "repeat_last_n": -1,
                "num_ctx": 4096,
                "num_gpu": 1,
                "use_mmap": True,
                "mirostat": 0,
            },
        },
        request=request(
            Conversation(
                (
                    Message(Role.SYSTEM, (Text("Be brief."),)),
                    Message(
                        Role.USER,
                        (Image(data=PNG, where="messages[1].images[0]"), Text("What is this?")),
                    ),
                    Message(
                        Role.ASSISTANT,
                        (Reasoning("Hm."), ToolCall("call_2_0", "first", '{"city":"Burgos"}')),
                    ),
                    Message(Role.TOOL, (ToolResult("call_2_0", (Text("fine"),), "first"),)),
                    Message(Role.ASSISTANT, (Text("It is"),)),
                ),
                continue_last=True,
            ),
            tools=(Tool("first", "A city's weather", SCHEMA), Tool("second")),
            response_format=JsonSchema(SCHEMA, field="format"),
            reasoning=ReasoningWish(True, "high"),
            logprobs=2,
            stream=True,
            clip=True,
            max_tokens=50,
            stop=("\n",),
            sampling=Sampling(
                temperature=0,
                top_k=40,
                top_p=0.9,
                min_p=0.05,
                typical_p=0.7,
                seed=42,
                repetition_penalty=1.2,
                presence_penalty=1.5,
                frequency_penalty=1.0,
            ),
        ),
    ),
    GoldenRequest(
        name="chat that loads",
        path=CHAT,
        body={"model": "tiny", "messages": [], "keep_alive": -1},
        request=LOAD,
    ),
    GoldenRequest(
        name="generate",
        path=GENERATE,
        # What Ollama's own client sends of what its user leaves out.
        body={
            "model": "tiny",
            "prompt": "Hello!",
            "suffix": "",
            "system": "Be brief.",
            "template": "",
            "options": None,
            "think": False,
            "format": "json",
        },
        request=request(
            Conversation((Message(Role.SYSTEM, (Text("Be brief."),)), HELLO)),
            stream=True,
            clip=True,
            reasoning=ReasoningWish(False),
            response_format=JsonObject("format"),
        ),
    ),
    GoldenRequest(
        name="generate from a picture",
        path=GENERATE,
        body={"model": "tiny", "prompt": "Hello!", "images": [PICTURE], "stream": False, "context": []},
        request=request(
            Conversation((Message(Role.USER, (Image(data=PNG, where="images[0]"), Text("Hello!"))),)),
            clip=True,
        ),
    ),
    GoldenRequest(
        name="generate, raw",
        path=GENERATE,
        body={"model": "tiny", "prompt": "Once", "raw": True, "logprobs": True},
        request=request(Prompts(("Once",)), stream=True, clip=True, logprobs=0),
    ),
    GoldenRequest(
        name="embed",
        path=EMBED,
        body={"model": "tiny", "input": ["a", "b"], "dimensions": 8, "truncate": True, "keep_alive": 60},
        request=request(Prompts(("a", "b")), task=Embed(8)),
    ),
    GoldenRequest(name="embed that loads", path=EMBED, body={"model": "tiny", "input": ""}, request=LOAD),
    GoldenRequest(
        name="embeddings",
        path=EMBEDDINGS,
        body={"model": "tiny", "prompt": "a", "options": {"num_ctx": 512}},
        request=request(Prompts(("a",)), task=Embed()),
    ),
)


class TestOllama(DialectSuite):
    dialect = Ollama(clock=lambda: 1_700_000_000.5)
    golden = GOLDEN
    refused = (
        *(
            RefusedField(path=GENERATE, field=field, value=value)
            for field, value in {
                "suffix": "end",
                "template": "{{ .Prompt }}",
                "context": [1, 2],
                "width": 512,
                "height": 512,
                "steps": 4,
                "_debug_render_only": True,
            }.items()
        ),
        *(
            RefusedField(path=CHAT, field="options", value={name: value}, named=f"options.{name}")
            for name, value in {
                "mirostat": 2,
                "tfs_z": 0.5,
                "penalize_newline": False,
                "num_predict": 0,
                "temprature": 1,
            }.items()
        ),
        RefusedField(
            path=CHAT,
            field="options",
            value={"repeat_last_n": -2},
            named="options.repeat_last_n",
        ),
        RefusedField(path=CHAT, field="keep_alive", value="a while"),
        RefusedField(path=CHAT, field="top_logprobs", value=3),
        RefusedField(path=CHAT, field="_debug_render_only", value=True),
    )

    def decode_stream(self, sample: GoldenRequest, chunks: Iterable[bytes]) -> WireAnswer:
        return understood(list(json_lines(chunks)))

    def decode_answer(self, sample: GoldenRequest, reply: Reply) -> WireAnswer:
        assert (reply.status, reply.content_type) == (200, "application/json")
        return understood([json.loads(reply.body)])

    def decode_error(self, reply: Reply) -> str:
        return str(json.loads(reply.body)["error"])


def understood(lines: list[dict[str, Any]]) -> WireAnswer:
    """What the lines of a stream, or the one of a whole answer, say together."""
    text, reasoning, calls, logprobs = "", "", [], []
    for line in lines:
        said = line.get("message", line)
        text += said.get("content", said.get("response", ""))
        reasoning += said.get("thinking", "")
        calls += [
            (call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in said.get("tool_calls", ())
        ]
        logprobs += line.get("logprobs", [])
    last = lines[-1] if lines else {}
    choice = WireChoice(
        text=text, reasoning=reasoning, calls=tuple(calls), reason=str(last.get("done_reason", ""))
    )
    counted = {key: value for key, value in last.items() if key.endswith(("_count", "_duration"))}
    return WireAnswer(
        choices=(choice,),
        usage=counted or None,
        ends=sum(1 for line in lines if line.get("done") or "error" in line),
        error=last.get("error"),
        more=logprobs,
    )
