"""Stop strings: found across any split, held no longer than needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlxkernel_mlx.stops import Match, StopMatcher


def feed(stops: list[str], pieces: list[str]) -> tuple[list[str], Match | None]:
    matcher = StopMatcher(stops)
    shown: list[str] = []
    for piece in pieces:
        text, match = matcher.feed(piece)
        shown.append(text)
        if match is not None:
            return shown, match
    shown.append(matcher.flush())
    return shown, None


def test_text_goes_through_at_once_if_it_cannot_become_a_stop() -> None:
    assert feed(["END"], ["abc", "xE", "x"]) == (["abc", "x", "Ex", ""], None)


def test_a_stop_across_pieces_is_cut_out_with_all_that_follows() -> None:
    assert feed(["END"], ["abE", "N", "Dxyz"]) == (["ab", "", ""], Match(2, "END"))


def test_the_stop_that_is_complete_first_counts_and_of_two_the_longer() -> None:
    assert feed(["bcd", "c"], ["abcd"]) == (["ab"], Match(2, "c"))
    assert feed(["bc", "abc"], ["xabc"]) == (["x"], Match(1, "abc"))


def test_what_was_held_is_shown_when_the_answer_ends() -> None:
    assert feed(["END"], ["abEN"]) == (["ab", "EN"], None)


@given(
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(st.text("ab", max_size=5), max_size=8),
)
def test_any_split_gives_what_single_characters_give(stops: list[str], pieces: list[str]) -> None:
    split, match = feed(stops, pieces)
    single, single_match = feed(stops, list("".join(pieces)))
    assert ("".join(split), match) == ("".join(single), single_match)
    whole = "".join(pieces)
    if match is None:
        assert not any(stop in whole for stop in stops)
        assert "".join(split) == whole
    else:
        assert whole.startswith("".join(split) + match.stop)
        assert len("".join(split)) == match.start


@given(st.text("abc", min_size=1, max_size=4), st.text("abc", max_size=12))
def test_no_more_is_held_than_can_become_a_stop(stop: str, text: str) -> None:
    matcher = StopMatcher([stop])
    shown, match = matcher.feed(text)
    if match is None:
        kept = text[len(shown) :]
        assert stop.startswith(kept) and len(kept) < len(stop)
        for longer in range(len(kept) + 1, min(len(stop), len(text) + 1)):
            assert not stop.startswith(text[-longer:])
