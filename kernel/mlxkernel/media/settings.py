"""``[media]``: which pictures a client may send or have fetched, and what they may cost."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

FormatName: TypeAlias = Literal["png", "jpeg", "webp", "gif", "bmp", "tiff"]
Count: TypeAlias = Annotated[int, Meta(ge=1)]
Seconds: TypeAlias = Annotated[float, Meta(gt=0)]


class MediaConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[media]`: the policy for pictures. Sizes in bytes, times in seconds.

    `fetch` lets http(s) URLs be fetched, from `allowed_hosts` only: ``"*"`` is any host, ``"*.example.org"``
    any below that name, ``"host:port"`` another port than 80 and 443. Private addresses are refused
    whatever the name, but for an address that is listed as a host itself and for those in
    `allowed_networks`. `file:` URLs are read below `allowed_directories`.
    `max_frames` over 1 admits animations, of which a model sees the first frame.
    """

    fetch: bool = False
    allowed_hosts: tuple[str, ...] = ("*",)
    allowed_networks: tuple[str, ...] = ()
    allowed_directories: tuple[str, ...] = ()
    max_redirects: Annotated[int, Meta(ge=0)] = 3
    fetch_timeout: Seconds = 10.0
    formats: tuple[FormatName, ...] = ("png", "jpeg", "webp", "gif", "bmp")
    max_images: Count = 32
    max_bytes: Count = 20 * 1024 * 1024
    max_total_bytes: Count = 64 * 1024 * 1024
    max_pixels: Count = 50_000_000
    max_total_pixels: Count = 200_000_000
    max_frames: Count = 1
    inspect_timeout: Seconds = 10.0
