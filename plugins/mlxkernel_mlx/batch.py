"""The decode batch: all running rows, stepped together and one step ahead of their readers.

A step is launched before the tokens of the step before it are read, so the device never waits for
Python. What a row is known to end with (its limit) is not computed beyond; what it turns out to have ended
with (a stop) costs one token more, which nobody reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import mlx.core as mx

from mlxkernel.events import Alternative, TokenLogprob
from mlxkernel_mlx import states
from mlxkernel_mlx.adjustments import Adjuster, Adjustment
from mlxkernel_mlx.choice import Choice
from mlxkernel_mlx.constraints import Guide, Masks
from mlxkernel_mlx.jobs import Prompt
from mlxkernel_mlx.network import Network
from mlxkernel_mlx.sampling import Draw, Sampler
from mlxkernel_mlx.states import Batch, State


class Row:
    """A running answer to `prompt`.

    `drawn` counts tokens launched, read or not; `kept` is whether its state may be reused afterwards;
    `shift` is as in `mlxkernel_mlx.network.Feed`.
    """

    def __init__(
        self,
        choice: Choice,
        prompt: Prompt,
        draw: Draw,
        adjustment: Adjustment | None,
        logprobs: int | None,
        kept: bool,
        guides: Sequence[Guide] = (),
        shift: int = 0,
    ) -> None:
        self.choice = choice
        self.prompt = prompt
        self.draw = draw
        self.adjustment = adjustment
        self.logprobs = logprobs
        self.kept = kept
        self.guides = guides
        self.drawn = 0
        self._first = len(prompt.tokens) - 1 + shift

    @property
    def position(self) -> int:
        """The position of the token that the next step takes in."""
        return self._first + self.drawn

    @property
    def over(self) -> bool:
        """Whether nothing more is to be computed for it."""
        return self.choice.finished or self.choice.ticket.over or self.drawn >= self.prompt.max_tokens

    @property
    def fault(self) -> str | None:
        """What of this row's own failed, so that it cannot go on."""
        if self.adjustment is not None and self.adjustment.fault is not None:
            return f"The logits processor '{self.adjustment.fault}' failed"
        if any(guide.fault is not None for guide in self.guides):
            return "The answer's grammar became too complex to follow"
        return None


class Chances(NamedTuple):
    """Of the rows at `places`: the drawn tokens' ln p [P], and the best alternatives' [P, K], unsorted."""

    places: tuple[int, ...]
    drawn: mx.array
    best: mx.array | None
    best_drawn: mx.array | None


class Launched(NamedTuple):
    """A step that is being computed: its rows, their tokens [B], and the logprobs that some want."""

    rows: tuple[Row, ...]
    tokens: mx.array
    chances: Chances | None

    def read(self, piece: Callable[[int], bytes]) -> tuple[list[int], dict[int, TokenLogprob]]:
        """The tokens of all rows, and the logprobs of those that want them by place; waits for the step."""
        tokens = cast("list[int]", self.tokens.tolist())
        if self.chances is None:
            return tokens, {}
        places = self.chances.places
        wanted = [tokens[place] for place in places]
        entries = told(wanted, self.chances.drawn, self.chances.best, self.chances.best_drawn, piece)
        found = {}
        for entry, place in zip(entries, places, strict=True):
            top = entry.top[: self.rows[place].logprobs or 0]
            found[place] = TokenLogprob(entry.token_id, entry.piece, entry.logprob, top)
        return tokens, found


class DecodeBatch:
    """Rows and their caches. A single row keeps its plain state, which needs no mask and no padding."""

    def __init__(self, network: Network, vocabulary: int, spared: Sequence[int]) -> None:
        self._network = network
        self._vocabulary = vocabulary
        self._spared = spared
        self._cache: State | Batch = []
        self._plain = False
        self._inputs = mx.array([], dtype=mx.int32)
        self._sampler: Sampler | None = None
        self._adjuster: Adjuster | None = None
        self._masks: Masks | None = None
        self.rows: list[Row] = []

    # --- who is in --------------------------------------------------------------------------------

    def join(self, rows: Sequence[Row], cache: State | Batch, plain: bool) -> None:
        """Add rows; their last prompt tokens come in with the next step. `cache` is theirs from now on."""
        self._rows_change()
        last = mx.array([row.prompt.tokens[-1] for row in rows], dtype=mx.int32)
        if not self.rows:
            self._cache, self._plain, self._inputs = cache, plain, last
        else:
            self._unplain()
            states.extend(self._cache, states.merge([cache]) if plain else cache)
            self._inputs = mx.concatenate([self._inputs, last])
        self.rows.extend(rows)

    def drop(self, keep: Callable[[Row, State], None] | None) -> None:
        """Remove the rows that are over; `keep` may take a copy of their states.

        Between steps a state holds exactly the row's prompt and the tokens that were read.
        """
        kept = [place for place, row in enumerate(self.rows) if not row.over]
        if len(kept) == len(self.rows):
            return
        if keep is not None:
            for place, row in enumerate(self.rows):
                if row.over and row.kept:
                    keep(row, self._cache if self._plain else states.extract(self._cache, place))
        self._rows_change()
        self.rows = [self.rows[place] for place in kept]
        if not kept:
            self._cache, self._plain = [], False
            return
        self._inputs = self._inputs[mx.array(kept)]
        if len(kept) == 1:
            self._cache, self._plain = states.extract(self._cache, kept[0]), True
        else:
            states.gather(self._cache, kept)

    def _rows_change(self) -> None:
        if self._adjuster is not None:
            self._adjuster.release()
        self._sampler = self._adjuster = self._masks = None

    def _unplain(self) -> None:
        if self._plain:
            self._cache, self._plain = states.merge([self._cache]), False

    # --- a step -----------------------------------------------------------------------------------

    def launch(self) -> Launched | None:
        """Start computing every row's next token. None without rows."""
        if not self.rows:
            return None
        if self._sampler is None:
            self._prepare()
        assert self._sampler is not None
        inputs = self._inputs
        logits = self._network.step(self._cache, inputs, [row.position for row in self.rows])
        drawn = [row.drawn for row in self.rows]
        extra: list[mx.array] = []
        if self._adjuster is not None:
            logits = self._adjuster(logits, inputs, drawn)
            extra = self._adjuster.state
        if self._masks is not None:
            logits = self._guided(self._masks, logits, drawn)
        self._inputs = self._sampler(logits, drawn)
        chances = self._chances(logits, self._inputs)
        for row in self.rows:
            row.drawn += 1
        mx.async_eval(self._inputs, extra, list(chances[1:]) if chances else [])
        return Launched(tuple(self.rows), self._inputs, chances)

    def _guided(self, masks: Masks, logits: mx.array, drawn: Sequence[int]) -> mx.array:
        """The logits with what the guides forbid taken out; they must see the last tokens for that.

        The forward pass runs on the device while llguidance computes the masks.
        """
        mx.async_eval(logits)
        masks.advance(self._inputs.tolist(), drawn)  # type: ignore[arg-type]
        return masks(logits)

    def _prepare(self) -> None:
        self._sampler = Sampler([row.draw for row in self.rows], self._spared, self._vocabulary)
        if any(row.adjustment is not None for row in self.rows):
            self._adjuster = Adjuster([row.adjustment for row in self.rows])
        if any(row.guides for row in self.rows):
            self._masks = Masks([row.guides for row in self.rows], self._vocabulary)

    def _chances(self, logits: mx.array, tokens: mx.array) -> Chances | None:
        wanting = [place for place, row in enumerate(self.rows) if row.logprobs is not None]
        if not wanting:
            return None
        index = mx.array(wanting)
        most = max(row.logprobs or 0 for row in self.rows)
        drawn, best, best_drawn = rank(logits[index], tokens[index], most)
        return Chances(tuple(wanting), drawn, best, best_drawn)


def rank(logits: mx.array, tokens: mx.array, most: int) -> tuple[mx.array, mx.array | None, mx.array | None]:
    """ln p of these tokens [N], and of the `most` best of each row: ids and ln p [N, most], unsorted."""
    logits = logits.astype(mx.float32)
    chances = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    drawn = mx.take_along_axis(chances, tokens[:, None].astype(mx.int32), axis=-1)[:, 0]
    if not most:
        return drawn, None, None
    best = mx.argpartition(-chances, kth=most - 1, axis=-1)[:, :most]
    return drawn, best, mx.take_along_axis(chances, best, axis=-1)


def told(
    tokens: Sequence[int],
    drawn: mx.array,
    best: mx.array | None,
    best_drawn: mx.array | None,
    piece: Callable[[int], bytes],
) -> list[TokenLogprob]:
    """The logprobs of these tokens in the kernel's words, from what `rank` gave; waits for it."""
    ids = cast("list[list[int]]", best.tolist() if best is not None else [[] for _ in tokens])
    odds = cast("list[list[float]]", best_drawn.tolist() if best_drawn is not None else ids)
    chances = cast("list[float]", drawn.tolist())
    return [
        TokenLogprob(token, piece(token), chance, _alternatives(row_ids, row_odds, piece))
        for token, chance, row_ids, row_odds in zip(tokens, chances, ids, odds, strict=True)
    ]


def _alternatives(
    ids: Sequence[int], odds: Sequence[float], piece: Callable[[int], bytes]
) -> tuple[Alternative, ...]:
    order = sorted(zip(odds, ids, strict=True), key=lambda pair: (-pair[0], pair[1]))
    return tuple(Alternative(token, piece(token), chance) for chance, token in order)
