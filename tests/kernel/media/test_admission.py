"""Admission: what a request's pictures become, and which path a refusal names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlxkernel.errors import ConfigError, Fault, RequestFailed
from mlxkernel.media.admission import Admission
from mlxkernel.media.settings import MediaConfig
from mlxkernel.messages import Image, Message, Role, Text, ToolResult
from mlxkernel.request import Conversation, Prompts, Request

Make = Callable[..., Admission]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Admission] = []

    def make(transport: Any = None, **settings: Any) -> Admission:
        made.append(Admission(MediaConfig(**settings), transport=transport))
        return made[-1]

    yield make
    for admission in made:
        await admission.close()


async def refused(admission: Admission, request: Request, engine: Any) -> Fault:
    with pytest.raises(RequestFailed) as caught:
        await admission.admit(request, engine)
    return caught.value.fault


def parts(request: Request) -> list[Any]:
    assert isinstance(request.input, Conversation)
    return [part for message in request.input.messages for part in message.parts]


async def test_every_picture_becomes_bytes_in_its_place(make: Make, media, tmp_path: Path) -> None:
    files = {name: media.picture(name) for name in ("png", "jpeg", "gif", "webp")}
    (tmp_path / "a.webp").write_bytes(files["webp"])
    web = httpx.MockTransport(lambda request: httpx.Response(200, content=files["gif"]))
    admission = make(
        lambda: web, fetch=True, allowed_hosts=("1.1.1.1",), allowed_directories=(str(tmp_path),)
    )
    result = ToolResult("c", (Text("there"), Image(data=files["jpeg"], where="w")))
    messages = (
        Message(Role.USER, (Text("one"), Image(data=files["png"], detail="low"), Text("two"))),
        Message(Role.TOOL, (result,)),
        Message(Role.USER, (Image(url="http://1.1.1.1/a"), Image(url=f"FILE://{tmp_path}/a.webp"))),
    )
    request = Request(id="r", model="m", input=Conversation(messages, continue_last=False))
    admitted = await admission.admit(request, media.Seeing())
    one, png, two, tool, gif, webp = parts(admitted)
    assert (one, two) == (Text("one"), Text("two"))
    assert png == Image(
        data=files["png"], detail="low", media_type="image/png", where="messages[0].content[1]"
    )
    assert tool == ToolResult(
        "c", (Text("there"), Image(data=files["jpeg"], media_type="image/jpeg", where="w"))
    )
    assert gif == Image(data=files["gif"], media_type="image/gif", where="messages[2].content[0]")
    assert webp == Image(data=files["webp"], media_type="image/webp", where="messages[2].content[1]")


async def test_what_has_no_picture_is_none_of_its_business(make: Make, media) -> None:
    admission = make()
    assert not admission.concerns(media.asked())
    assert not admission.concerns(Request(id="r", model="m", input=Prompts(("a",))))
    assert admission.concerns(media.asked(Image(data=b"x")))


async def test_a_model_that_does_not_see_has_nothing_fetched_for_it(make: Make, media) -> None:
    def fetch(request: httpx.Request) -> httpx.Response:
        raise AssertionError("fetched for a model that does not see")

    admission = make(lambda: httpx.MockTransport(fetch), fetch=True)
    request = media.asked(Image(url="http://1.1.1.1/a.png", where="messages[0].content[1].image_url.url"))
    blind = media.Seeing(("text",), state="loading")
    refusing = asyncio.ensure_future(refused(admission, request, blind))
    while blind.looks < 3:
        assert not refusing.done()
        await asyncio.sleep(0.01)
    blind.state = "ready"
    fault = await refusing
    path = "messages[0].content[1].image_url.url"
    assert fault.message == f"'{path}' is not supported: the model 'm' does not take pictures"
    assert (fault.param, fault.code) == (path, "unsupported_parameter")


async def test_a_model_that_will_not_load_is_not_waited_for(make: Make, media) -> None:
    request = media.asked(Image(data=media.picture()))
    admitted = await make().admit(request, media.Seeing(state="dead"))
    assert parts(admitted)[1].media_type == "image/png"


@pytest.mark.parametrize(
    ("settings", "image", "code", "words"),
    [
        (
            {},
            Image(url="http://1.1.1.1/"),
            "image_fetch_disabled",
            "this server fetches no pictures; send the picture itself, as base64, "
            "or the operator can set [media] fetch = true",
        ),
        (
            {"fetch": True, "allowed_hosts": ()},
            Image(url="http://1.1.1.1/"),
            "image_host_not_allowed",
            "fetching from '1.1.1.1' is not allowed; the operator can add it to [media] allowed_hosts",
        ),
        (
            {},
            Image(url="file:///etc/passwd"),
            "image_file_not_allowed",
            "it is no file below a folder that this server may read; "
            "the operator can add the folder to [media] allowed_directories",
        ),
        ({}, Image(data=b""), "invalid_image", "it is empty"),
        ({}, Image(), "image_fetch_disabled", None),
        (
            {"max_bytes": 10},
            Image(data=b"x" * 11),
            "image_too_large",
            "it is larger than 10 bytes ([media] max_bytes)",
        ),
        (
            {"max_total_bytes": 10},
            Image(data=b"x" * 11),
            "image_too_large",
            "the pictures of the request have together more than 10 bytes ([media] max_total_bytes)",
        ),
    ],
)
async def test_refusals_name_the_field(
    make: Make, media, settings: dict[str, Any], image: Image, code: str, words: str | None
) -> None:
    fault = await refused(make(**settings), media.asked(image), media.Seeing())
    assert (fault.param, fault.code) == ("messages[0].content[1]", code)
    if words is not None:
        assert fault.message == f"The picture at 'messages[0].content[1]' is refused: {words}"


async def test_the_bytes_of_all_pictures_count_together(make: Make, media) -> None:
    data = media.picture("BMP", (30, 30))
    admission = make(max_total_bytes=3 * len(data))
    await admission.admit(media.asked(*[Image(data=data)] * 3), media.Seeing())
    fault = await refused(admission, media.asked(*[Image(data=data)] * 4), media.Seeing())
    assert fault.code == "image_too_large"


async def test_the_pixels_of_all_pictures_count_together(make: Make, media) -> None:
    admission = make(max_total_pixels=96)
    await admission.admit(media.asked(*[Image(data=media.picture(size=(8, 6)))] * 2), media.Seeing())
    fault = await refused(admission, media.asked(*[Image(data=media.picture())] * 3), media.Seeing())
    assert fault.code == "image_too_large"
    assert fault.message.endswith(
        "the pictures of the request have together more than 96 pixels ([media] max_total_pixels)"
    )


async def test_too_many_pictures_are_refused_before_any_is_fetched(make: Make, media) -> None:
    def fetch(request: httpx.Request) -> httpx.Response:
        raise AssertionError("fetched although there are too many")

    admission = make(lambda: httpx.MockTransport(fetch), fetch=True, max_images=2)
    images = [Image(url=f"http://1.1.1.1/{number}") for number in range(3)]
    fault = await refused(admission, media.asked(*images), media.Seeing())
    assert fault.message == "The request has 3 pictures; at most 2 are taken ([media] max_images)"
    assert (fault.param, fault.code) == ("messages[0].content[3]", "too_many_images")


async def test_one_refusal_ends_the_other_fetches(make: Make, media) -> None:
    ended = asyncio.Event()

    async def fetch(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/bad":
            return httpx.Response(404)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError

    admission = make(lambda: httpx.MockTransport(fetch), fetch=True)
    images = [Image(url=f"http://1.1.1.1/{path}") for path in ("slow", "bad")]
    fault = await refused(admission, media.asked(*images), media.Seeing())
    assert fault.message == (
        "The picture at 'messages[0].content[2]' is refused: its server answered with 404"
    )
    assert ended.is_set()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"allowed_hosts": ("http://x",)}, "[media] allowed_hosts: 'http://x' is no host: "),
        ({"allowed_networks": ("10.0.0.0/33",)}, "[media] allowed_networks: '10.0.0.0/33' does not appear"),
        ({"allowed_directories": ("/no/such",)}, "[media] allowed_directories: '/no/such' is not there"),
    ],
)
def test_settings_that_mean_nothing_stop_the_start(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Admission(MediaConfig(**settings))
    assert str(caught.value).startswith(words)
