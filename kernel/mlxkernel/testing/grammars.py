"""Grammars under test: whether one allows a text, what random walks through it write, what fits a schema."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper

from mlxkernel.formats.toolset import branches
from mlxkernel.messages import Json

_TAG = re.compile(r"\s*</?[^<>\n]{1,60}>\s*|\[/?[A-Z_]+\]|\n```\n?")
_LONG = 120
"""Tokens after which a walk tries to come to an end."""

_LONGEST = 700
"""Tokens after which a walk is given up."""


class Walker:
    """A tokenizer of single bytes, special tokens, and the tags that occur in some texts.

    `ends` are those of the special tokens that end an answer, as the tokenizer's own end does.
    """

    eos_token_id = 256
    bos_token_id = None

    def __init__(self, special: Iterable[str], texts: Iterable[str], ends: Iterable[str] = ()) -> None:
        self.special = {text: 257 + number for number, text in enumerate(dict.fromkeys(special))}
        tags = dict.fromkeys(tag for text in texts for tag in _TAG.findall(text) if tag not in self.special)
        self.tokens = [bytes([byte]) for byte in range(256)]
        self.tokens += [b"<end>", *map(str.encode, self.special), *map(str.encode, tags)]
        self.special_token_ids = list(range(256, 257 + len(self.special)))
        stops = [self.eos_token_id, *(self.special[text] for text in ends)]
        self.tokenizer = LLTokenizer(TokenizerWrapper(self), eos_token=stops)
        enders = [*b'"}])<>', *range(257, len(self.tokens))]
        self._enders = frozenset(enders)
        self._plain = frozenset(b' abcxyzABC0123456789.,-_"\\\n/{}[]()<>|=:')

    def __call__(self, text: bytes | str) -> list[int]:
        """The bytes of a text, without special tokens."""
        return list(text if isinstance(text, bytes) else text.encode())

    def matcher(self, grammar: str) -> LLMatcher:
        """A fresh matcher for a Lark grammar, or for several in llguidance's JSON.

        Raises `AssertionError` when it cannot be compiled.
        """
        several = grammar.startswith('{"grammars"')
        matcher = LLMatcher(self.tokenizer, grammar if several else LLMatcher.grammar_from_lark(grammar))
        assert not matcher.is_error(), f"{matcher.get_error()}\n{grammar}"
        return matcher

    def allowed(self, matcher: LLMatcher) -> frozenset[int]:
        """The tokens that may come next."""
        mask = matcher.compute_bitmask()
        return frozenset(id for id in range(len(self.tokens)) if mask[id >> 3] >> (id & 7) & 1)

    def walks(self, grammar: str, count: int) -> Iterator[str]:
        """Texts that seeded random walks through the grammar write; at least one of them must end."""
        ended = 0
        start = self.matcher(grammar)
        for number in range(count):
            text = self._walk(start.deep_copy(), random.Random(number))
            if text is not None:
                ended += 1
                yield text
        assert ended, f"no walk through the grammar comes to an end:\n{grammar}"

    def _walk(self, matcher: LLMatcher, chance: random.Random) -> str | None:
        ids: list[int] = []
        while len(ids) < _LONGEST:
            if matcher.is_stopped() or (matcher.is_accepting() and chance.random() < 0.4):
                return b"".join(self.tokens[id] for id in ids).decode()
            allowed = self.allowed(matcher) - {self.eos_token_id}
            if not allowed:
                return b"".join(self.tokens[id] for id in ids).decode()
            ids.append(chance.choice(sorted(self._wanted(allowed, chance, len(ids)))))
            assert matcher.consume_token(ids[-1]), matcher.get_error()
        return None

    def _wanted(self, allowed: frozenset[int], chance: random.Random, length: int) -> frozenset[int]:
        """Mostly plain characters, and ends more often than even chance would bring them."""
        if length > _LONG or chance.random() < 0.25:
            return allowed & self._enders or allowed
        return (allowed & self._plain or allowed) if chance.random() < 0.9 else allowed


def accepts(walker: Walker, grammar: str, text: str) -> str:
    """What of the text the grammar does not allow: "" when it allows all of it and it may end there.

    The text of a special token is taken as that token where the grammar asks for it, else as bytes.
    """
    matcher = walker.matcher(grammar)
    while text:
        special = next((word for word in walker.special if text.startswith(word)), "")
        if special and walker.special[special] in walker.allowed(matcher):
            # `try_consume_tokens` takes no token that ends an answer, even where the grammar asks for it.
            matcher.consume_token(walker.special[special])
            text = text[len(special) :]
        elif matcher.try_consume_tokens(walker(text[0])) == len(walker(text[0])):
            text = text[1:]
        else:
            return text
    return "" if matcher.is_stopped() or matcher.is_accepting() else "<the text ends too early>"


_KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "integer": int,
    "array": list,
    "object": dict,
    "null": type(None),
}


def conforms(value: Json, schema: Json, root: Mapping[str, Json]) -> bool:
    """Whether a value fits a schema, as far as types, properties, items, enums and alternatives go."""
    if not isinstance(schema, Mapping):
        return True
    alternatives: Sequence[Json] = branches(schema, root)
    if alternatives and not any(conforms(value, branch, root) for branch in alternatives):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if kinds and not any(_is(value, kind) for kind in kinds):
        return False
    if isinstance(value, list):
        return all(conforms(item, schema.get("items"), root) for item in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        named = not known or set(schema.get("required", ())) <= set(value) <= set(known)
        return named and all(conforms(item, known.get(key), root) for key, item in value.items())
    return True


def _is(value: Json, kind: str) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    return isinstance(value, _KINDS[kind])
