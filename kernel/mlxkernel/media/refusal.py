"""Why a picture is not taken, before it is known where in the request it stands."""

from __future__ import annotations


class PictureRefused(Exception):
    """A picture that the policy does not admit; `code` is a stable word for programs.

    The message is a clause that follows the path of the picture's field and a colon.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def shown(text: str, most: int = 80) -> str:
    """A client's own words in quotes, as far as a message repeats them."""
    return repr(text if len(text) <= most else text[: most - 1] + "…")


def too_large(max_bytes: int) -> PictureRefused:
    """The refusal of a picture beyond ``max_bytes``."""
    return PictureRefused("image_too_large", f"it is larger than {max_bytes} bytes ([media] max_bytes)")
