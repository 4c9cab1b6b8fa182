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
    its prompt. `special` adds to a text the tokens with which the tokenizer begins and ends one (BOS).
    """

    items: tuple[str | tuple[int, ...], ...]
    echo: bool = False
    special: bool = True


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


class JsonObject(Struct, frozen=True, tag="json_object", omit_defaults=True):
    """The answer must be some JSON object. `field` is what its sender calls it; faults name it."""

    field: str = "response_format"


class JsonSchema(Struct, frozen=True, tag="json_schema", omit_defaults=True):
    """The answer must be a document that this JSON Schema accepts. `field` as in `JsonObject`."""

    schema: dict[str, Json]
    name: str = "answer"
    strict: bool = True
    field: str = "response_format.json_schema.schema"


class Grammar(Struct, frozen=True, tag="grammar", omit_defaults=True):
    """The answer must follow this grammar; `syntax` is ``lark`` or ``regex``. `field` as in `JsonObject`."""

    syntax: str
    source: str
    field: str = "grammar"


ResponseFormat: TypeAlias = JsonObject | JsonSchema | Grammar


class ReasoningWish(Struct, frozen=True, omit_defaults=True):
    """How much the model should think: an effort by name, a bound in tokens, or on and off.

    A model that does not think refuses what asks for thoughts, unless the wish is `optional`.
    """

    enabled: bool | None = None
    effort: str | None = None
    budget_tokens: int | None = None
    optional: bool = False


class Sampling(Struct, frozen=True, omit_defaults=True):
    """How the next token is drawn. None means: the model's default, else the neutral value.

    Order: logit_bias, penalties, then (when temperature > 0) top_k, top_p, min_p, typical_p and XTC
    on the distribution, then a draw at `temperature`. Neutral: temperature 1.0, top_p 1.0, top_k 0,
    min_p 0.0, typical_p 1.0, xtc_probability 0.0, repetition_penalty 1.0, the other penalties 0.0.
    Penalties look at the prompt and at the answer so far, or at the last `penalty_window` tokens of them.
    The same `seed` draws the same tokens alone and in any batch. `processors` are names of registered
    logits processors.
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
    penalty_window: int | None = None


class Generate(Struct, frozen=True, tag="generate"):
    """Answer the input."""


class Render(Struct, frozen=True, tag="render", omit_defaults=True):
    """Show what the model would be given, and stop there: one `Rendered` event per prompt.

    With `pieces` each token is told in the words of the vocabulary too.
    """

    pieces: bool = False


class Embed(Struct, frozen=True, tag="embed", omit_defaults=True):
    """Give one vector per prompt, of length 1: one `Embedding` event each.

    `dimensions` keeps that many of a vector's first components (None: all) and scales it back to length 1.
    """

    dimensions: int | None = None


Task: TypeAlias = Generate | Render | Embed


class Request(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request, from its dialect to the engine. Immutable: a change is `msgspec.structs.replace`.

    `task` is what is to be done with the input; what concerns an answer means nothing to `Render` and
    `Embed`.

    `model` is the name that the client wrote, and after the pipeline has resolved it, the name of the
    model that answers. `logprobs` is the number of alternatives per token (0: only the chosen one's;
    None: no logprobs). `max_tokens` None means: up to the end of the model's context; one that goes beyond
    it is refused, unless `clip` lets the answer end there (`FinishReason.LENGTH`). `principal` is the name
    of who asks, for cache isolation.
    `extra` is what the dialect must remember for its answer, of any type: nothing but that dialect reads it,
    and it does not travel to a worker.
    """

    id: str
    model: str
    input: Input
    task: Task = Generate()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = AutoTool()
    parallel_tool_calls: bool = True
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    max_tokens: int | None = None
    clip: bool = False
    min_tokens: int = 0
    response_format: ResponseFormat | None = None
    reasoning: ReasoningWish = ReasoningWish()
    n: int = 1
    logprobs: int | None = None
    stream: bool = False
    principal: str = "anonymous"
    extra: Json = None
