"""Intake: from a request to a job, on the worker's intake thread; every check that needs the model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from mlxkernel.api import LogitsProcessor, ModelSpec
from mlxkernel.errors import RequestFailed, invalid, unsupported
from mlxkernel.events import Rendered
from mlxkernel.messages import Json, Role
from mlxkernel.request import Conversation, Embed, Input, Prompts, ReasoningWish, Render, Request, Tool
from mlxkernel_mlx.constraints import Guidance, Guide
from mlxkernel_mlx.conversation import ChatFormat, Turn, length
from mlxkernel_mlx.embedding import EmbedJob
from mlxkernel_mlx.jobs import WORTH_KEEPING, Prompt, RenderJob, TextJob
from mlxkernel_mlx.reading import Read, Reader, Said
from mlxkernel_mlx.settings import resolve
from mlxkernel_mlx.tokenizer import Tokenizer
from mlxkernel_mlx.wishes import Wishes

_END = 256
"""Characters of a prompt's end that are looked at for a marker; of an answer to go on with, all are."""


class _Conversed(NamedTuple):
    """A conversation after the template, with what went into it."""

    text: str
    read: Read
    said: Said
    arguments: Mapping[str, Json]
    tools: Sequence[Tool]


class Intake:
    """Makes jobs. Only reads; safe beside a running engine.

    `reader` reads conversations, `chat` is None when there is no chat template, `boundaries` whether
    states can be reused only where they were kept, `embedding` how many components a vector has, None when
    the architecture gives none.
    """

    def __init__(
        self,
        *,
        spec: ModelSpec,
        tokenizer: Tokenizer,
        reader: Reader,
        chat: ChatFormat | None,
        generation: Mapping[str, Json],
        processors: Mapping[str, LogitsProcessor],
        context: int,
        vocabulary: int,
        embedding: int | None,
        eos: frozenset[int],
        boundaries: bool,
        wishes: Wishes,
        guidance: Guidance,
    ) -> None:
        self._spec = spec
        self._tokenizer = tokenizer
        self._reader = reader
        self._chat = chat
        self._generation = generation
        self._processors = processors
        self._context = context
        self._vocabulary = vocabulary
        self._embedding = embedding
        self._eos = eos
        self._boundaries = boundaries
        self._wishes = wishes
        self._guidance = guidance

    def prepare(self, request: Request) -> TextJob:
        """The job. Raises `RequestFailed` (400) that names the field."""
        self._check_numbers(request)
        settings = resolve(
            request.sampling, self._spec.defaults, self._generation, self._processors, self._vocabulary
        )
        prompts = self._prompts(request, request.input)
        seed = str(settings.seed).encode() if settings.seed is not None else os.urandom(16)
        return TextJob(
            request=request,
            prompts=prompts,
            settings=settings,
            ends=frozenset(request.stop_token_ids) | (frozenset() if request.ignore_eos else self._eos),
            silent=self._eos,
            seed=blake2b(seed, digest_size=16).digest(),
            guides=self._guides(request, prompts),
        )

    def render(self, request: Request) -> RenderJob:
        """What the model would be given. Raises `RequestFailed` (400) that names the field."""
        match request.input:
            case Conversation():
                conversed = self._render(request, request.input)
                rendered = self._rendered(request, 0, conversed.text, conversed.read.tokens)
                return RenderJob(request, (rendered,))
            case Prompts(items=items, special=special):
                pairs = (
                    self._tokens(item, _place(items, place), special) for place, item in enumerate(items)
                )
                several = (self._rendered(request, place, *pair) for place, pair in enumerate(pairs))
                return RenderJob(request, tuple(several))

    def _rendered(self, request: Request, place: int, text: str, tokens: tuple[int, ...]) -> Rendered:
        if not (isinstance(request.task, Render) and request.task.pieces):
            return Rendered(place, text, tokens)
        # An id that the model has and its tokenizer does not has no words.
        words = self._tokenizer.hf.convert_ids_to_tokens(list(tokens))
        return Rendered(place, text, tokens, tuple(word or "" for word in words))

    def embed(self, request: Request) -> EmbedJob:
        """The texts as token ids. Raises `RequestFailed` (400) that names the field."""
        if not isinstance(request.input, Prompts):
            raise unsupported("messages", "only texts and token ids have embeddings")
        items, special = request.input.items, request.input.special
        self._check_dimensions(request)
        prompts = []
        for place, item in enumerate(items):
            param = _place(items, place)
            _, tokens = self._tokens(item, param, special)
            if not tokens:
                raise invalid(f"'{param}' is empty; there is nothing to embed", param=param)
            if len(tokens) > self._context:
                raise invalid(
                    f"'{param}' has {len(tokens)} tokens and the context of model '{self._spec.name}' is "
                    f"{self._context}; shorten it",
                    param=param,
                    code="context_length_exceeded",
                )
            prompts.append(tokens)
        return EmbedJob(request, tuple(prompts))

    def _check_dimensions(self, request: Request) -> None:
        if self._embedding is None:
            raise unsupported("input", f"the architecture of model '{self._spec.name}' gives no embeddings")
        wanted = request.task.dimensions if isinstance(request.task, Embed) else None
        if wanted is not None and not 1 <= wanted <= self._embedding:
            raise invalid(
                f"'dimensions' is {wanted}; the vectors of model '{self._spec.name}' have "
                f"{self._embedding} components",
                param="dimensions",
            )

    def _guides(self, request: Request, prompts: tuple[Prompt, ...]) -> Callable[[], tuple[Guide, ...]]:
        """What binds the answers. Raises `RequestFailed` (400) for a grammar that cannot be compiled."""
        end = prompts[0].end
        form = self._wishes.form(request, end, self._may_think(request))
        limit = self._wishes.budget(request.reasoning)
        if form is not None and (request.ignore_eos or request.min_tokens):
            name = "ignore_eos" if request.ignore_eos else "min_tokens"
            raise unsupported(name, f"'{form.param}' decides where the answer ends")
        return self._guidance.guides(form, limit, end, prompts[0].continues)

    def _may_think(self, request: Request) -> bool:
        """Whether the answer may begin with thinking that the prompt has not begun: it was asked for."""
        if not isinstance(request.input, Conversation):
            return False
        arguments = {**self._spec.defaults.template_args, **request.input.template_args}
        return request.reasoning.enabled is True or arguments.get("enable_thinking") is True

    def _prompts(self, request: Request, input: Input) -> tuple[Prompt, ...]:
        match input:
            case Conversation():
                return (self._converse(request, input),)
            case Prompts() if request.tools or request.reasoning != ReasoningWish():
                raise unsupported(
                    "tools" if request.tools else "reasoning", "a raw prompt has no chat template"
                )
            case Prompts(items=()):
                raise invalid("'prompt' is an empty list; give at least one prompt", param="prompt")
            case Prompts(items=items, echo=echo):
                special = input.special
                return tuple(
                    self._complete(request, item, _place(items, place), echo, special)
                    for place, item in enumerate(items)
                )

    def _check_numbers(self, request: Request) -> None:
        for name, value, least in (("n", request.n, 1), ("min_tokens", request.min_tokens, 0)):
            if value < least:
                raise invalid(f"'{name}' is {value}; it must be {least} or more", param=name)
        if any(not stop for stop in request.stop):
            raise invalid("'stop' holds an empty string, which would end every answer at once", param="stop")
        if request.logprobs is not None and not 0 <= request.logprobs <= self._vocabulary:
            raise invalid(
                f"'logprobs' asks for {request.logprobs} alternatives; the vocabulary has {self._vocabulary}",
                param="logprobs",
            )
        self._check_tokens(request.stop_token_ids, "stop_token_ids")

    def _check_tokens(self, tokens: Sequence[int], param: str) -> None:
        for token in tokens:
            if not 0 <= token < self._vocabulary:
                raise invalid(
                    f"'{param}' holds the token id {token}, but the model's tokens are 0 to "
                    f"{self._vocabulary - 1}",
                    param=param,
                )

    # --- conversations ----------------------------------------------------------------------------

    def _converse(self, request: Request, conversation: Conversation) -> Prompt:
        conversed = self._render(request, conversation)
        text, read = conversed.text, conversed.read
        last = conversed.said.turns[-1]
        return Prompt(
            tokens=read.tokens,
            end=text[-(max(1, length(last)) if conversation.continue_last else _END) :],
            max_tokens=self._room(request, len(read.tokens), "messages"),
            boundaries=(*_before_pictures(read), *self._ends_of_messages(conversed)),
            continues=conversation.continue_last,
            media=read.media,
            content=read.content,
            solid=read.solid,
        )

    def _render(self, request: Request, conversation: Conversation) -> _Conversed:
        if not conversation.messages:
            raise invalid("'messages' is empty; there is nothing to answer", param="messages")
        if self._chat is None:
            raise invalid(
                f"model '{self._spec.name}' has no chat template, so it cannot take messages; use a raw "
                f'prompt, or name a template under [models.{self._spec.name}] (template = "chatml")',
                param="messages",
            )
        said = self._reader.turns(conversation.messages)
        tools = self._wishes.tools(request)
        if tools and not self._chat.knows_tools:
            raise unsupported("tools", f"the chat template of model '{self._spec.name}' knows no tools")
        wished = self._wishes.template_arguments(request.reasoning)
        arguments = {**self._spec.defaults.template_args, **wished, **conversation.template_args}
        text = self._chat.render(said.turns, arguments, conversation.continue_last, tools)
        return _Conversed(text, self._reader.read(text, said), said, arguments, tools)

    def _ends_of_messages(self, conversed: _Conversed) -> tuple[int, ...]:
        """Where the system text and the last message end: prefixes that other prompts are likely to share.

        Found by asking the template for the same conversation with its last words changed, since a
        template may rewrite what came before.
        """
        if not self._boundaries or self._chat is None:
            return ()
        text, read, (said, _), arguments, tools = conversed
        word = "\N{BULLET}"
        question: Turn = {"role": Role.USER.value, "content": word}
        probes: list[list[Turn]] = []
        if said[0]["role"] == Role.SYSTEM.value and len(said) > 1:
            probes.append([said[0], question])
        if said[-1]["role"] != Role.ASSISTANT.value:
            probes.append([*said, {"role": Role.ASSISTANT.value, "content": word}, question])
        ends = set()
        for probe in probes:
            try:
                other = self._chat.render(probe, arguments, False, tools)
            except RequestFailed:  # this template does not take such a conversation: no boundary there
                continue
            ends.add(self._reader.shared(text, read, other))
        return tuple(sorted(end for end in ends if 0 < end < len(read.tokens)))

    # --- raw prompts ------------------------------------------------------------------------------

    def _tokens(self, item: str | tuple[int, ...], param: str, special: bool) -> tuple[str, tuple[int, ...]]:
        """A raw prompt as text and as token ids."""
        if isinstance(item, str):
            bos = self._tokenizer.hf.bos_token
            return item, self._tokenizer.encode(item, special and (bos is None or not item.startswith(bos)))
        self._check_tokens(item, param)
        text = self._tokenizer.hf.decode(
            list(item), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text, item

    def _complete(
        self, request: Request, item: str | tuple[int, ...], param: str, echo: bool, special: bool
    ) -> Prompt:
        if not item:
            raise invalid(f"'{param}' is empty; a model needs at least one token to go on from", param=param)
        text, tokens = self._tokens(item, param, special)
        if not tokens:
            raise invalid(f"'{param}' has no token in this model's vocabulary", param=param)
        return Prompt(
            tokens=tokens,
            max_tokens=self._room(request, len(tokens), param, least=0 if echo else 1),
            echo=text if echo else None,
            continues=True,
        )

    # --- limits -----------------------------------------------------------------------------------

    def _room(self, request: Request, length: int, param: str, least: int = 1) -> int:
        """How many tokens the answer may have."""
        limits, wanted = self._spec.limits, request.max_tokens
        room = self._context - length
        if room < least:
            raise invalid(
                f"the prompt has {length} tokens and the context of model '{self._spec.name}' is "
                f"{self._context}, which leaves no room for an answer; shorten the prompt",
                param=param,
                code="context_length_exceeded",
            )
        if wanted is None:
            bounds = (room, limits.max_tokens, self._spec.defaults.max_tokens)
            return min(bound for bound in bounds if bound is not None)
        if wanted < least:
            raise invalid(f"'max_tokens' is {wanted}; it must be {least} or more", param="max_tokens")
        if limits.max_tokens is not None and wanted > limits.max_tokens:
            raise invalid(
                f"'max_tokens' is {wanted}, and model '{self._spec.name}' answers with at most "
                f"{limits.max_tokens} tokens here",
                param="max_tokens",
            )
        if wanted > room and request.clip:
            return room
        if wanted > room:
            raise invalid(
                f"the prompt has {length} tokens and 'max_tokens' asks for {wanted} more, but the context of "
                f"model '{self._spec.name}' is {self._context}; at most {room} remain for the answer",
                param="max_tokens",
                code="context_length_exceeded",
            )
        return wanted


def _place(items: Sequence[object], place: int) -> str:
    """How a fault calls the prompt at this place."""
    return f"prompt[{place}]" if len(items) > 1 else "prompt"


def _before_pictures(read: Read) -> list[int]:
    """Where a long text ends that other pictures may follow in other prompts."""
    return [medium.start for medium in read.media[:1] if medium.start >= WORTH_KEEPING]
