"""The request: one question to one model, in the words of no dialect."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from mlxkernel.messages import Json, Message


class Conversation(Struct, frozen=True, tag="conversation", omit_defaults=True):
    """Messages that the model's chat template turns into one prompt.

    `template_args` reach the template by name (``enable_thinking``). With `continue_last` the last
    message is an unfinished assistant turn that the model goes on with.
    """

    messages: tuple[Message, ...]
    template_args: dict[str, Json] = {}
    continue_last: bool = False


class Prompts(Struct, frozen=True, tag="prompts", omit_defaults=True):
    """Raw prompts, as text or as token ids, each answered on its own and without a template.

    Choice ``p * n + j`` is the j-th of the n answers to prompt p. With `echo` an answer begins with
    its prompt.
    """

    items: tuple[str | tuple[int, ...], ...]
    echo: bool = False


Input: TypeAlias = Conversation | Prompts


class Tool(Struct, frozen=True, omit_defaults=True):
    """A function that the model may call; `parameters` is a JSON Schema object."""

    name: str
    description: str = ""
    parameters: dict[str, Json] = {}
    strict: bool = False


class AutoTool(Struct, frozen=True, tag="auto"):
    """The model decides whether to call."""


class NoTool(Struct, frozen=True, tag="none"):
    """The model must not call."""


class RequiredTool(Struct, frozen=True, tag="required", omit_defaults=True):
    """The model must call: one of `names`, or any tool when `names` is empty."""

    names: tuple[str, ...] = ()


ToolChoice: TypeAlias = AutoTool | NoTool | RequiredTool


class JsonObject(Struct, frozen=True, tag="json_object"):
    """The answer must be some JSON object."""


class JsonSchema(Struct, frozen=True, tag="json_schema", omit_defaults=True):
    """The answer must be a document that this JSON Schema accepts."""

    schema: dict[str, Json]
    name: str = "answer"
    strict: bool = True


class Grammar(Struct, frozen=True, tag="grammar"):
    """The answer must follow this grammar; `syntax` is ``lark`` or ``regex``."""

    syntax: str
    source: str


ResponseFormat: TypeAlias = JsonObject | JsonSchema | Grammar


class ReasoningWish(Struct, frozen=True, omit_defaults=True):
    """How much the model should think: an effort by name, a bound in tokens, or on and off."""

    enabled: bool | None = None
    effort: str | None = None
    budget_tokens: int | None = None


class Sampling(Struct, frozen=True, omit_defaults=True):
    """How the next token is drawn. None means: the model's default, else the neutral value.

    Order: logit_bias, penalties, then (when temperature > 0) top_k, top_p, min_p, typical_p and XTC
    on the distribution, then a draw at `temperature`. Neutral: temperature 1.0, top_p 1.0, top_k 0,
    min_p 0.0, typical_p 1.0, xtc_probability 0.0, repetition_penalty 1.0, the other penalties 0.0.
    Penalties look at the prompt and at the answer so far. The same `seed` draws the same tokens alone
    and in any batch. `processors` are names of registered logits processors.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    typical_p: float | None = None
    xtc_probability: float | None = None
    xtc_threshold: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[int, float] = {}
    seed: int | None = None
    processors: tuple[str, ...] = ()


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, from its dialect to the engine. Immutable: a change is `msgspec.structs.replace`.

    `model` is the name that the client wrote, and after the pipeline has resolved it, the name of the
    model that answers. `logprobs` is the number of alternatives per token (0: only the chosen one's;
    None: no logprobs). `max_tokens` None means: up to the end of the model's context. `principal` is the
    name of who asks, for cache isolation.
    `extra` is what the dialect must remember for its answer; nothing but that dialect reads it.
    """

    id: str
    model: str
    input: Input
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = AutoTool()
    parallel_tool_calls: bool = True
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    max_tokens: int | None = None
    min_tokens: int = 0
    response_format: ResponseFormat | None = None
    reasoning: ReasoningWish = ReasoningWish()
    n: int = 1
    logprobs: int | None = None
    stream: bool = False
    principal: str = "anonymous"
    extra: Json = None
