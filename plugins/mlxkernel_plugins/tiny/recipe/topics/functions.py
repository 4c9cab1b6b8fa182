"""The kinds of functions that a conversation may offer: how they are described, asked for, and what they
answer.
"""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..facts import COLOURS_OF_LIGHT, ROOMS, SKIES
from ..names import Part, first_name
from ..words import WEEK, city, lovable, nonsense

Value = str | int | bool
Draw = Callable[[random.Random, Part], Value]


@dataclass(frozen=True)
class Parameter:
    """One parameter: the names it may go by, its JSON type, a description and where its value comes from."""

    names: tuple[str, ...]
    kind: str
    description: str
    draw: Draw
    options: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the parameter."""
        schema: dict[str, Any] = {"type": self.kind, "description": self.description}
        if self.options:
            schema["enum"] = list(self.options)
        return schema


@dataclass(frozen=True)
class Function:
    """One kind of function.

    `asks` are phrases with the parameters' first names as slots. `result` draws what the tool answers, and
    `answer` is the sentence made of parameters and result together.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    asks: tuple[str, ...]
    result: Callable[[random.Random, dict[str, Any]], dict[str, Any]]
    answer: str


def _city(rng: random.Random, part: Part) -> Value:
    return city(rng, part)


def _number(low: int, high: int) -> Draw:
    return lambda rng, part: rng.randint(low, high)


def _from(options: tuple[str, ...]) -> Draw:
    return lambda rng, part: rng.choice(options)


def _words(low: int, high: int) -> Draw:
    return lambda rng, part: nonsense(rng, part, rng.randint(low, high))


def _weather(rng: random.Random, given: dict[str, Any]) -> dict[str, Any]:
    return {"temperature": rng.randint(-15, 39), "sky": rng.choice(SKIES)}


def _clock(rng: random.Random, given: dict[str, Any]) -> dict[str, Any]:
    return {"time": f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"}


def _done(word: str) -> Callable[[random.Random, dict[str, Any]], dict[str, Any]]:
    return lambda rng, given: {"status": word}


_CITY = Parameter(("city", "location", "place", "town"), "string", "The city", _city)

FUNCTIONS: tuple[Function, ...] = (
    Function(
        ("get_weather", "weather", "current_weather", "get_current_weather"),
        ("Get the weather in a city", "The current weather of a place", "Tells the weather"),
        (_CITY,),
        ("[What is|What's|How is|Tell me] the weather [like |]in {city}[ today| now|]?", "Is it [cold|warm|raining|sunny] in {city}?",
         "[Will I need a coat|How warm is it] in {city}?"),
        _weather,
        "It is {sky} in {city}, with {temperature} degrees.",
    ),
    Function(
        ("get_time", "current_time", "clock", "time_in"),
        ("Get the time in a city", "The current time of a place", "Tells what time it is somewhere"),
        (_CITY,),
        ("What time is it in {city}[ now|]?", "[What is|Tell me] the time in {city}[?|]", "How late is it in {city}?"),
        _clock,
        "It is {time} in {city}.",
    ),
    Function(
        ("add", "add_numbers", "sum", "plus"),
        ("Add two numbers", "The sum of two numbers"),
        (Parameter(("a", "x", "first"), "integer", "The first number", _number(10, 999)),
         Parameter(("b", "y", "second"), "integer", "The second number", _number(10, 999))),
        ("[What is|How much is|Calculate] {a} plus {b}?", "[What is|Compute] {a} + {b}[?|]", "Add {a} and {b}."),
        lambda rng, given: {"result": given["a"] + given["b"]},
        "{a} plus {b} is {result}.",
    ),
    Function(
        ("multiply", "times", "product"),
        ("Multiply two numbers", "The product of two numbers"),
        (Parameter(("a", "x", "first"), "integer", "The first number", _number(2, 99)),
         Parameter(("b", "y", "second"), "integer", "The second number", _number(2, 99))),
        ("[What is|How much is|Calculate] {a} times {b}?", "[What is|Compute] {a} * {b}[?|]", "Multiply {a} by {b}."),
        lambda rng, given: {"result": given["a"] * given["b"]},
        "{a} times {b} is {result}.",
    ),
    Function(
        ("send_message", "send_email", "write_message", "message"),
        ("Send a message to a person", "Sends a text to somebody"),
        (Parameter(("to", "recipient", "person"), "string", "The person", lambda rng, part: first_name(rng, part)),
         Parameter(("text", "message", "body"), "string", "The text", _words(1, 4))),
        ("[Send|Write] {to} [the message|a message saying]: {text}", "[Send|Write] a message to {to}: {text}", "Tell {to} this: {text}"),
        _done("sent"),
        "The message to {to} is sent.",
    ),
    Function(
        ("set_light", "switch_light", "light", "turn_light"),
        ("Switch the light of a room", "Turns a lamp on or off"),
        (Parameter(("room", "place"), "string", "The room", _from(ROOMS), ROOMS),
         Parameter(("state", "mode"), "string", "On or off", _from(("on", "off")), ("on", "off"))),
        ("[Turn|Switch] {state} the light in the {room}[, please|]", "[Turn|Switch] the {room} light {state}[.|]", "Light {state} in the {room}!"),
        _done("done"),
        "The light in the {room} is {state} now.",
    ),
    Function(
        ("get_price", "price_of", "find_price", "price"),
        ("Get the price of a thing", "Finds what something costs in euros"),
        (Parameter(("item", "product", "thing"), "string", "The thing", lambda rng, part: lovable(rng, part)),),
        ("[What is|Tell me|Find] the price of {item}[?|]", "[How much do I pay|What do I pay] for {item}?"),
        lambda rng, given: {"price": rng.randint(1, 400)},
        "The price of {item} is {price} euros.",
    ),
    Function(
        ("set_alarm", "add_reminder", "remind", "create_reminder"),
        ("Remind the user of something", "Sets a reminder for an hour"),
        (Parameter(("hour", "at", "time"), "integer", "The hour", _number(0, 23)),
         Parameter(("what", "title", "text"), "string", "What to remember", _words(1, 3))),
        ("Remind me at {hour} [of|about]: {what}", "[Set|Make] a reminder at {hour}: {what}"),
        _done("set"),
        "I will remind you at {hour}.",
    ),
    Function(
        ("get_events", "calendar", "list_events", "appointments"),
        ("Get the events of a day", "Reads the calendar"),
        (Parameter(("day", "weekday"), "string", "The day of the week", _from(WEEK), WEEK),),
        ("What [is|do I have] [in my calendar |planned |]on {day}?", "[Read|Show] me my [calendar|events] [for|on] {day}[.|]"),
        lambda rng, given: {"events": rng.randint(0, 9)},
        "You have {events} events on {day}.",
    ),
    Function(
        ("set_colour", "lamp_colour", "paint_lamp"),
        ("Set the colour of the lamp", "Changes the colour of a lamp"),
        (Parameter(("colour", "color", "shade"), "string", "The colour", _from(COLOURS_OF_LIGHT), COLOURS_OF_LIGHT),),
        ("[Make|Turn|Paint] the lamp {colour}[.|, please.|]", "[Set|Change] the [colour of the lamp|lamp] to {colour}[.|]"),
        _done("done"),
        "The lamp is {colour} now.",
    ),
    Function(
        ("find_phone", "phone_number", "lookup_phone", "get_number"),
        ("Find the phone number of a person", "Looks up somebody's phone number"),
        (Parameter(("name", "person", "who"), "string", "The name of the person", lambda rng, part: first_name(rng, part)),),
        ("[What is|Find|Look up|I need] the [phone |]number of {name}[?|]", "How can I call {name}?", "[What is|Find] {name}'s phone number[?|]"),
        lambda rng, given: {"number": str(rng.randint(100000, 999999))},
        "The number of {name} is {number}.",
    ),
)  # fmt: skip
