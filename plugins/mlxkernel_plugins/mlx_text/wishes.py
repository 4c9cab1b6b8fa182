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

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")

_SPACE = r"[ \n]{0,2}"
"""Between thinking and answer. It is bounded: a weak model would write white space for ever."""

_SYNTAXES = ("lark", "regex")


class Form(Struct, frozen=True):
    """What the answer must follow: Lark grammars by name, of which the first is the whole and may refer to
    the others (``@name``). `param` is the request's field that asked for it.
    """

    grammars: dict[str, str]
    param: str

    @property
    def source(self) -> str:
        """The grammars as llguidance takes them."""
        listed = [{"name": name, "lark_grammar": lark} for name, lark in self.grammars.items()]
        return json.dumps({"grammars": listed})


class Wishes:
    """What one model can be asked for. `special` maps its special tokens' texts to their ids.

    `model` is the model's name for messages, `efforts` whether its chat template takes ``reasoning_effort``.
    """

    def __init__(
        self,
        model: str,
        calling: ToolFormat | None,
        thinking: ReasoningFormat | None,
        special: Mapping[str, int],
        efforts: bool,
    ) -> None:
        self._model = model
        self._calling = calling
        self._thinking = thinking
        self._special = special
        self._efforts = efforts

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
        wanted = False if wish.effort == "none" else wish.enabled
        if self._thinking is None and (
            wanted or wish.budget_tokens is not None or wish.effort not in (None, "none")
        ):
            raise unsupported("reasoning_effort", f"model '{self._model}' does not think before it answers")
        arguments: dict[str, Json] = {}
        if wanted is not None or wish.effort is not None:
            # Templates call the switch by one of these two names and ignore the other.
            on = wanted is not False
            arguments = {"enable_thinking": on, "thinking": on}
        if wish.effort is not None and self._efforts:
            arguments["reasoning_effort"] = wish.effort
        return arguments

    def budget(self, wish: ReasoningWish) -> int | None:
        """How many tokens of thinking are allowed; None for no bound."""
        if wish.budget_tokens is not None or self._efforts:
            return wish.budget_tokens
        return _BUDGETS.get(wish.effort or "")

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
        form: Form | None
        match request.tool_choice:
            case RequiredTool(names=names):
                form = self._forced_call(request, names)
            case AutoTool() | NoTool():
                form = self._answer(request)
        if form is None:
            return None
        return self._after_thinking(form, prompt_end, may_think, _continues(request))

    def _forced_call(self, request: Request, names: Sequence[str]) -> Form:
        tools = [tool for tool in self.tools(request) if not names or tool.name in names]
        if not tools or self._calling is None:
            raise invalid("'tool_choice' forces a call, but there is no such tool", param="tool_choice")
        return Form({"form": self._grammar(tools, request.parallel_tool_calls)}, "tools")

    def _guarded(self, request: Request) -> Form | None:
        """Strict tools, or one call at most: any text, and calls that follow the schemas."""
        tools = self.tools(request)
        if not tools or (request.parallel_tool_calls and not any(tool.strict for tool in tools)):
            return None
        return Form({"form": self._grammar(tools, request.parallel_tool_calls, forced=False)}, "tools")

    def _grammar(self, tools: Sequence[Tool], parallel: bool, forced: bool = True) -> str:
        assert self._calling is not None
        for tool in tools:
            _refuse_endless(tool.parameters, f"the parameters of tool '{tool.name}'", "tools")
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

    def _answer(self, request: Request) -> Form | None:
        match request.response_format:
            case None:
                return self._guarded(request)
            case JsonObject():
                answer, param = _json({"type": "object"}), "response_format"
            case JsonSchema(schema=schema):
                param = "response_format.json_schema.schema"
                _refuse_endless(schema, f"'{param}'", param)
                answer = _json(bounded(closed(schema)))
            case Grammar(syntax=syntax, source=source):
                answer, param = _own(syntax, source), "grammar" if syntax == "lark" else "regex"
        tools = self.tools(request)
        if not tools:
            return Form({"form": answer}, param)
        calls = self._grammar(tools, request.parallel_tool_calls)
        return Form({"form": "start: @answer | @calls\n", "answer": answer, "calls": calls}, param)

    def _after_thinking(self, form: Form, prompt_end: str, may_think: bool, continues: bool) -> Form:
        if self._thinking is None:
            return form
        inside = self._thinking.is_open(prompt_end, continues)
        if not inside and not may_think:
            return form
        rules = Rules(self._special)
        thought = f"{rules.text_until(self._thinking.closes[0])} {rules.regex(_SPACE)}"
        if not inside:
            thought = f"({rules.text(self._thinking.opens[0])} {thought})?"
        return Form({"whole": rules.source(f"{thought} @form"), **form.grammars}, form.param)


def _continues(request: Request) -> bool:
    return isinstance(request.input, Conversation) and request.input.continue_last


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
