"""Pydantic models filled through tools and through JSON, as Instructor's documentation has it."""

from __future__ import annotations

import instructor
from checklist import check, main
from instructor import Mode
from openai import AsyncOpenAI, OpenAI
from page import run_page
from pydantic import BaseModel, Field

ASKED = {"messages": [{"role": "user", "content": "Alice is 7 years old."}], "temperature": 0}


class Person(BaseModel):
    """Who somebody is."""

    name: str
    age: int


class Light(BaseModel):
    """A light that can be turned on; all of it has an end, for a model with random weights."""

    room: str = Field(max_length=24)
    on: bool


def client(url: str, mode: Mode) -> instructor.Instructor:
    return instructor.from_openai(OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0), mode=mode)


@check("the page's example")
def page(url: str) -> None:
    run_page(url)


@check("tools mode")
def tools(url: str) -> None:
    person = client(url, Mode.TOOLS).chat.completions.create(
        model="tiny", response_model=Person, max_retries=0, **ASKED
    )
    assert isinstance(person, Person) and person.name, person


@check("JSON mode, in which the answer is any object")
def any_object(url: str) -> None:
    wish = "Alice is 7 years old. Answer in JSON with the fields name and age."
    person = client(url, Mode.JSON).chat.completions.create(
        model="tiny",
        response_model=Person,
        messages=[{"role": "user", "content": wish}],
        temperature=0,
        max_retries=0,
    )
    assert isinstance(person, Person) and person.name, person


@check("JSON by a schema")
def by_schema(url: str) -> None:
    person = client(url, Mode.JSON_SCHEMA).chat.completions.create(
        model="tiny", response_model=Person, max_retries=0, **ASKED
    )
    assert isinstance(person, Person) and person.name, person


@check("tools mode and JSON by a schema, on a model with random weights")
def forced(url: str) -> None:
    for mode in (Mode.TOOLS, Mode.JSON_SCHEMA):
        light = client(url, mode).chat.completions.create(
            model="random", response_model=Light, max_retries=0, max_tokens=400, **ASKED
        )
        assert isinstance(light, Light), (mode, light)


@check("a model that fills while it streams")
def partial(url: str) -> None:
    lights = list(
        client(url, Mode.TOOLS).chat.completions.create_partial(
            model="random", response_model=Light, max_retries=0, max_tokens=400, **ASKED
        )
    )
    assert len(lights) > 1
    assert isinstance(lights[-1].on, bool), lights[-1]


@check("the asynchronous client")
async def asynchronous(url: str) -> None:
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as openai:
        light = await instructor.from_openai(openai, mode=Mode.TOOLS).chat.completions.create(
            model="random", response_model=Light, max_retries=0, max_tokens=400, **ASKED
        )
    assert isinstance(light, Light), light


main()
