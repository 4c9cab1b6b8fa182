"""Wishes: what a request wants of its answer, as a grammar, template arguments and a budget."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from mlxkernel.api import ReasoningFormat, ToolFormat
from mlxkernel.errors import invalid, unsupported
from mlxkernel.formats.bounds import bounded, endless
from mlxkernel.formats.lark import Rules
from mlxkernel.formats.schema import closed
from mlxkernel.messages import Json
from mlxkernel.request import (
    AutoTool,
    Conversation,
    Grammar,
    JsonObject,
    JsonSchema,
    NoTool,
    ReasoningWish,
    Request,
    RequiredTool,
    Tool,
)

_BUDGETS = {"minimal": 512, "low": 2048, "medium": 8192}
"""Tokens of thinking for an effort, where the chat template takes none; more effort has no bound."""

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every effort that can be asked for, the least first; a template is told the nearest that it takes."""

_SPACE = r"[ \n]{0,2}"
"""Between thinking and answer. It is bounded: a weak model would write white space for ever."""

_SYNTAXES = ("lark", "regex")


class Form(Struct, frozen=True):
    """What the answer must follow: Lark grammars by name, of which the first is the whole and may refer to
    the others (``@name``). `param` is the request's field that asked for it; `schemas` are the JSON schemas
    that the grammars were made of, by what to call them in a message.
    """

    grammars: dict[str, str]
    param: str
    schemas: dict[str, Json] = {}

    @property
    def source(self) -> str:
        """The grammars as llguidance takes them."""
        listed = [{"name": name, "lark_grammar": lark} for name, lark in self.grammars.items()]
        return json.dumps({"grammars": listed})


class _Choice(Struct, frozen=True):
    """What an answer may be: an answer to the user that follows one grammar, calls that follow another."""

    param: str
    answer: str | None = None
    calls: str | None = None
    schemas: dict[str, Json] = {}


class Wishes:
    """What one model can be asked for. `special` maps its special tokens' texts to their ids.

    `model` is the model's name for messages. Its chat template may take ``reasoning_effort`` (`efforts`)
    and a switch that turns thinking on and off (`switch`).
    """

    def __init__(
        self,
        model: str,
        calling: ToolFormat | None,
        thinking: ReasoningFormat | None,
        special: Mapping[str, int],
        efforts: bool,
        switch: bool = True,
    ) -> None:
        self._model = model
        self._calling = calling
        self._thinking = thinking
        self._special = special
        self._efforts: Mapping[str, str] = thinking.efforts if thinking is not None and efforts else {}
        self._switch = switch or "none" in self._efforts

    # --- thinking ---------------------------------------------------------------------------------

    def template_arguments(self, wish: ReasoningWish) -> dict[str, Json]:
        """How the chat template is told to let the model think or not. Raises `RequestFailed` (400)."""
        if wish == ReasoningWish():
            return {}
        if wish.effort is not None and wish.effort not in _EFFORTS:
            known = ", ".join(_EFFORTS)
            raise invalid(
                f"'reasoning_effort' is '{wish.effort}'; it may be {known}", param="reasoning_effort"
            )
        wanted = _wanted(wish)
        if self._thinking is None and wish.optional:
            return {}
        if self._thinking is None and (wanted or wish.budget_tokens is not None):
            raise unsupported("reasoning_effort", f"model '{self._model}' does not think before it answers")
        arguments: dict[str, Json] = {}
        if wanted is not None:
            # Templates call the switch by one of these two names and ignore the other.
            arguments = {"enable_thinking": wanted, "thinking": wanted}
        effort = self._effort(wish, wanted)
        if effort is not None:
            arguments["reasoning_effort"] = effort
        return arguments

    def _effort(self, wish: ReasoningWish, wanted: bool | None) -> str | None:
        """The template's word for how much to think; None to leave it at what it is used to."""
        if not self._efforts or wanted is None:
            return None
        known = sorted(self._efforts, key=_EFFORTS.index)
        if wish.effort is None and "none" not in known:
            return None
        rank = _EFFORTS.index(wish.effort or ("max" if wanted else "none"))
        offered = [effort for effort in known if effort != "none" or not wanted]
        # Of two that are as near the greater one is taken.
        return self._efforts[min(reversed(offered), key=lambda effort: abs(_EFFORTS.index(effort) - rank))]

    def budget(self, wish: ReasoningWish) -> int | None:
        """How many tokens of thinking are allowed; None for no bound.

        A model that cannot be told not to think may think no token.
        """
        if wish.budget_tokens is not None:
            return wish.budget_tokens
        if _wanted(wish) is False and self._thinking is not None:
            return None if self._switch and not self._thinking.unasked else 0
        return None if self._efforts else _BUDGETS.get(wish.effort or "")

    # --- form -------------------------------------------------------------------------------------

    def tools(self, request: Request) -> Sequence[Tool]:
        """The tools that the template shall show. Raises `RequestFailed` (400) if the model cannot call."""
        if not request.tools or isinstance(request.tool_choice, NoTool):
            return ()
        if self._calling is None:
            raise unsupported(
                "tools",
                f"no tool format is known for model '{self._model}'; the operator can name one "
                f"under [models.{self._model}] (tool_format)",
            )
        return request.tools

    def form(self, request: Request, prompt_end: str, may_think: bool) -> Form | None:
        """The grammar of the answer, None when it is free. `may_think`: it may begin with thinking."""
        choice: _Choice | None
        match request.tool_choice:
            case RequiredTool(names=names):
                choice = self._forced_call(request, names)
            case AutoTool() | NoTool():
                choice = self._answer(request)
        if choice is None:
            return None
        return self._whole(choice, request, prompt_end, may_think)

    def _forced_call(self, request: Request, names: Sequence[str]) -> _Choice:
        tools = [tool for tool in self.tools(request) if not names or tool.name in names]
        if not tools or self._calling is None:
            raise invalid("'tool_choice' forces a call, but there is no such tool", param="tool_choice")
        calls = self._grammar(tools, request.parallel_tool_calls)
        return _Choice("tools", calls=calls, schemas=_schemas(tools))

    def _guarded(self, request: Request) -> _Choice | None:
        """Strict tools, or one call at most: any text, and calls that follow the schemas."""
        tools = self.tools(request)
        if not tools or (request.parallel_tool_calls and not any(tool.strict for tool in tools)):
            return None
        parallel, schemas = request.parallel_tool_calls, _schemas(tools)
        if self._thinking is not None and any(self._thinking.reply):
            # What surrounds an answer tells it from a call.
            calls = self._grammar(tools, parallel)
            return _Choice("tools", _anything(self._thinking.reply), calls, schemas)
        return _Choice("tools", self._grammar(tools, parallel, forced=False), schemas=schemas)

    def _grammar(self, tools: Sequence[Tool], parallel: bool, forced: bool = True) -> str:
        assert self._calling is not None
        for tool in tools:
            _refuse_endless(tool.parameters, _owner(tool), "tools")
        tools = [Tool(tool.name, tool.description, bounded(tool.parameters), tool.strict) for tool in tools]
        try:
            return self._calling.grammar(tools, special=self._special, parallel=parallel, forced=forced)
        except ValueError as error:
            if not forced:
                name = next((tool.name for tool in tools if tool.strict), None)
                if name is None:
                    raise unsupported("parallel_tool_calls", str(error)) from error
                raise invalid(f"tool '{name}' cannot be strict here: {error}", param="tools") from error
            raise invalid(f"a call of these tools cannot be forced: {error}", param="tools") from error

    def _answer(self, request: Request) -> _Choice | None:
        schemas: dict[str, Json] = {}
        match request.response_format:
            case None:
                return self._guarded(request)
            case JsonObject(field=param):
                answer = _json({"type": "object"})
            case JsonSchema(schema=schema, field=param):
                _refuse_endless(schema, f"'{param}'", param)
                schemas[f"'{param}'"] = schema
                answer = _json(bounded(closed(schema)))
            case Grammar(syntax=syntax, source=source, field=param):
                answer = _own(syntax, source)
        tools = self.tools(request)
        if not tools:
            return _Choice(param, answer, schemas=schemas)
        calls = self._grammar(tools, request.parallel_tool_calls)
        return _Choice(param, answer, calls, {**schemas, **_schemas(tools)})

    def _whole(self, choice: _Choice, request: Request, prompt_end: str, may_think: bool) -> Form:
        """The choice with what stands before and around it in an answer of this model."""
        rules = Rules(self._special)
        thought, answer = "", "@answer"
        if self._thinking is not None and isinstance(request.input, Conversation):
            begins, ends = self._thinking.reply
            if request.input.continue_last or prompt_end.endswith(begins):
                begins = ""
            answer = f"{rules.text(begins)} @answer {rules.text(ends)}".strip()
            thought = self._thought(rules, request, prompt_end, may_think)
        parts = {"answer": choice.answer, "calls": choice.calls}
        grammars = {name: grammar for name, grammar in parts.items() if grammar is not None}
        either = " | ".join(answer if name == "answer" else f"@{name}" for name in grammars)
        whole = f"{thought} ({either})" if thought else either
        if whole in ("@answer", "@calls"):
            return Form(grammars, choice.param, choice.schemas)
        return Form({"whole": rules.source(whole), **grammars}, choice.param, choice.schemas)

    def _thought(self, rules: Rules, request: Request, prompt_end: str, may_think: bool) -> str:
        """What may be thought before: "" when nothing may."""
        assert self._thinking is not None
        continues, wanted = _continues(request), _wanted(request.reasoning)
        inside = self._thinking.is_open(prompt_end, continues)
        may_think = wanted is not False and (may_think or bool(wanted) or self._thinking.unasked)
        if not inside and (not may_think or continues):
            return ""
        turn = rules.text(self._thinking.turn) or rules.regex(_SPACE)
        thought = f"{rules.text_until(self._thinking.closes[0])} {turn}"
        return thought if inside else f"({rules.text(self._thinking.opens[0])} {thought})?"


def _continues(request: Request) -> bool:
    return isinstance(request.input, Conversation) and request.input.continue_last


def _wanted(wish: ReasoningWish) -> bool | None:
    """Whether the model shall think: None when the request does not say."""
    if wish.effort == "none":
        return False
    return True if wish.enabled is None and wish.effort is not None else wish.enabled


def _owner(tool: Tool) -> str:
    return f"the parameters of tool '{tool.name}'"


def _schemas(tools: Sequence[Tool]) -> dict[str, Json]:
    return {_owner(tool): tool.parameters for tool in tools}


def _anything(reply: tuple[str, str]) -> str:
    """Any text in which what surrounds it does not occur."""
    rules = Rules({})
    return rules.source(rules.text_without(*(mark for mark in reply if mark)))


def _json(schema: Json) -> str:
    rules = Rules({})
    return rules.source(rules.json(schema))


def _refuse_endless(schema: Json, owner: str, param: str) -> None:
    reference = endless(schema)
    if reference is not None:
        raise invalid(
            f"{owner} cannot be satisfied: the '$ref' to '{reference}' is recursive without an end; make a "
            "property on its way optional",
            param=param,
        )


def _own(syntax: str, source: str) -> str:
    if syntax not in _SYNTAXES:
        raise invalid(f"'grammar' is in '{syntax}'; it may be in {' or '.join(_SYNTAXES)}", param="grammar")
    if syntax == "lark":
        return source
    # Between slashes a slash is escaped, unless the writer has done it.
    return "start: /" + re.sub(r"(\\.)|/", lambda found: found[1] or "\\/", source, flags=re.DOTALL) + "/\n"
