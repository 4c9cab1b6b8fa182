"""The kinds of functions of the last stage: what they are called, how people ask for them and what they answer."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..facts import COLOURS_OF_LIGHT, ROOMS, SKIES
from ..names import Part, first_name, invented
from ..words import MONTHS, NOUNS, WEEK, city, lovable, nonsense
from .naming import CREATE, GET, SEND, SET

Value = str | int | float | bool
Draw = Callable[[random.Random, Part], Value]
Outcome = Callable[[random.Random, Part, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Slot:
    """One parameter of a kind.

    Attributes:
        key: the slot in the phrases.
        bases: the names that it may go by.
        kind: its JSON type.
        draw: where its value comes from.
        options: the allowed values, where they are few.
        tails: for a parameter that may be left out: what a user adds to give it; a boolean has one for true and
            one for false.
        words: what stands in the phrases for true and for false, where that is not the value itself.
        spoken: how the value is said, where people say it in other ways than the call.
    """

    key: str
    bases: tuple[str, ...]
    kind: str
    draw: Draw
    options: tuple[str, ...] = ()
    tails: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    spoken: Callable[[random.Random, Any], str] | None = None

    def said(self, rng: random.Random, value: Value) -> Value:
        """Return what stands in a phrase for the value."""
        if self.words:
            return self.words[0 if value else 1]
        return self.spoken(rng, value) if self.spoken else value


@dataclass(frozen=True)
class Kind:
    """One kind of function; `answer` is the sentence made of the given values and of the fields of `outcome`.

    `key` names the kinds that chains of calls are made of, `usual` further ones that stand in every tutorial.
    """

    verbs: tuple[str, ...]
    nouns: tuple[str, ...]
    descriptions: tuple[str, ...]
    slots: tuple[Slot, ...]
    asks: tuple[str, ...]
    outcome: Outcome
    answer: str
    calculates: bool = False
    key: str = ""
    usual: str = ""


def _city(rng: random.Random, part: Part) -> Value:
    return city(rng, part)


def _person(rng: random.Random, part: Part) -> Value:
    return first_name(rng, part)


def _thing(rng: random.Random, part: Part) -> Value:
    return lovable(rng, part)


def _word(rng: random.Random, part: Part) -> Value:
    return nonsense(rng, part, 1)


def number(low: int, high: int) -> Draw:
    """Return the drawing of a whole number."""
    return lambda rng, part: rng.randint(low, high)


def decimal(low: int, high: int) -> Draw:
    """Return the drawing of a number with up to two decimals, half of them whole."""

    def draw(rng: random.Random, part: Part) -> Value:
        drawn = round(rng.uniform(low, high), rng.choice((0, 0, 1, 2)))
        return int(drawn) if drawn == int(drawn) else drawn

    return draw


def among(options: tuple[str, ...]) -> Draw:
    """Return the drawing of one of the options."""
    return lambda rng, part: rng.choice(options)


def _words(low: int, high: int) -> Draw:
    return lambda rng, part: nonsense(rng, part, rng.randint(low, high))


def _boolean(rng: random.Random, part: Part) -> Value:
    return rng.random() < 0.5


def _code(rng: random.Random, part: Part) -> Value:
    letters = "".join(rng.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    return f"{letters}{rng.choice(('-', '', '-'))}{rng.randint(10, 9999)}"


def _path(rng: random.Random, part: Part) -> Value:
    folder = f"{nonsense(rng, part, 1)}/" if rng.random() < 0.6 else ""
    return f"{folder}{nonsense(rng, part, 1)}.{rng.choice(('txt', 'md', 'py', 'csv', 'json'))}"


def _zone(rng: random.Random, part: Part) -> Value:
    region = rng.choice(("Europe", "Asia", "America", "Africa", "Australia"))
    return f"{region}/{city(rng, part).replace(' ', '_')}"


def _expression(rng: random.Random, part: Part) -> Value:
    sign = rng.choice("+-*/") if rng.random() < 0.9 else "+"
    text = f"{rng.randint(1, 999)} {sign} {rng.randint(1, 99)}"
    return f"{text} {rng.choice('+-*')} {rng.randint(1, 20)}" if rng.random() < 0.2 else text


def _spoken_sum(rng: random.Random, expression: str) -> str:
    """Return a sum as it is written, as people type it, or in words."""
    draw = rng.random()
    if draw < 0.4:
        return expression
    if draw < 0.55:
        return expression.replace(" ", "") if draw < 0.48 else expression.replace("*", "x")
    for sign, word in (("+", "plus"), ("-", "minus"), ("*", "times"), ("/", "divided by")):
        expression = expression.replace(sign, word)
    return expression


def _mail(rng: random.Random, part: Part) -> Value:
    return f"{invented(rng, part).lower()}@{rng.choice(('mail', 'post', 'example'))}.{rng.choice(('com', 'org', 'net'))}"


def _clock(rng: random.Random) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"


def _done(*words: str) -> Outcome:
    return lambda rng, part, given: {"status": rng.choice(words)}


def _with(field: str, low: int, high: int) -> Outcome:
    return lambda rng, part, given: {field: rng.randint(low, high)}


def _named(field: str, draw: Draw) -> Outcome:
    return lambda rng, part, given: {field: draw(rng, part)}


UNITS = ("celsius", "fahrenheit")
LANGUAGES = ("German", "French", "Spanish", "Italian", "English", "Chinese", "Polish", "Greek")
MONEY = ("euros", "dollars", "pounds", "yen", "francs")
_PLACE = Slot(
    "city",
    ("city", "location", "place", "town", "where", "area", "region", "spot", "destination", "municipality"),
    "string",
    _city,
)
_WHO = Slot(
    "name",
    ("name", "person", "who", "contact", "user", "friend", "customer", "employee", "member", "guest"),
    "string",
    _person,
)
_A = ("a", "x", "first", "left", "num1", "number1", "m", "p", "one")
_B = ("b", "y", "second", "right", "num2", "number2", "n", "q", "two")


def _arithmetic(
    verbs: tuple[str, ...], says: str, sign: str, ask: str, find: Callable[[int, int], int]
) -> Kind:
    """Return one of the four kinds that calculate with two numbers."""
    return Kind(
        verbs, ("numbers", "two_numbers", "integers", "values", "two_values", "pair", "operands"),
        (f"[Calculate|Compute|Return|Get] the {says} of two [numbers|integers]", f"{verbs[0].capitalize()} two numbers"),
        (Slot("a", _A, "number", number(1, 999)), Slot("b", _B, "number", number(1, 99))),
        (f"[What is|How much is|Calculate|What's|Compute] {{a}} {ask} {{b}}?", f"[What is|Compute|Calculate] {{a}} {sign} {{b}}[?|]",
         f"[Please |]{verbs[0]} {{a}} [and|{'by' if sign in '*/' else 'and'}] {{b}}." if sign in "+*/" else "Subtract {b} from {a}."),
        lambda rng, part, given: {"result": find(given["a"], given["b"])},
        f"{{a}} {ask} {{b}} is {{result}}.", calculates=True, key=says,
    )  # fmt: skip


def _lights(rng: random.Random, part: Part, given: dict[str, Any]) -> dict[str, Any]:
    return {"status": rng.choice(("done", "ok"))}


KINDS: tuple[Kind, ...] = (
    Kind(GET, ("weather", "current_weather", "forecast", "weather_report", "temperature", "climate"),
         ("[Get|Find|Returns|Look up] the [current |]weather [in|for|of] a [city|place|given location]", "[Tells the weather|Current weather conditions|Weather service]", "Get [current |]temperature for a given location."),
         (_PLACE, Slot("unit", ("unit", "units", "scale", "degrees", "temperature_unit"), "string", among(UNITS), UNITS, ("[In|Use] {unit}[, please|].", "I want it in {unit}."))),
         ("[What is|What's|How is|How's|Tell me|Check|Can you tell me|Get me] the weather [like |]in {city}[ today| now| right now|]?", "[Is it|Will it be] [cold|warm|raining|sunny|hot|windy] in {city}[ today|]?",
          "[Will I need a coat|How warm is it|How cold is it|Do I need an umbrella|What is the temperature|How hot is it] in {city}[ now| today|]?", "[I am going|I travel|I fly] to {city}. [What is the weather|How is the weather|How is the weather there]?"),
         lambda rng, part, given: {"temperature": rng.randint(-15, 39), "sky": rng.choice(SKIES)}, "It is {sky} in {city}, with {temperature} degrees.", key="weather"),
    Kind(GET, ("time", "current_time", "clock", "local_time", "hour"),
         ("[Get|Find|Returns] the [current |local |]time in a [city|place]", "[The current time of a place|Tells what time it is somewhere|World clock]"),
         (_PLACE,), ("What time is it in {city}[ now| right now|]?", "[What is|Tell me|What's|Get me] the [local |current |]time in {city}[?|]", "How late is it in {city}?", "[Can you tell me|Do you know] what time it is in {city}?"),
         lambda rng, part, given: {"time": _clock(rng)}, "It is {time} in {city}.", key="time"),
    Kind(GET, ("time", "current_time", "time_in_zone", "zone_time", "datetime", "date_and_time"),
         ("[Get|Returns|Find] the [current |]time in a time zone", "The time of a zone"),
         (Slot("zone", ("timezone", "time_zone", "zone", "tz", "region", "area"), "string", _zone),), ("What time is it in {zone}[ now|]?", "[What is|Tell me|Get] the [current |]time in [the time zone |the zone |]{zone}[?|]"),
         lambda rng, part, given: {"time": _clock(rng)}, "It is {time} in {zone}.", usual="zone"),
    _arithmetic(("add", "sum", "plus", "total"), "sum", "+", "plus", lambda a, b: a + b),
    _arithmetic(("subtract", "minus", "take_away", "difference"), "difference", "-", "minus", lambda a, b: a - b),
    _arithmetic(("multiply", "times", "product"), "product", "*", "times", lambda a, b: a * b),
    _arithmetic(("divide", "quotient", "split"), "quotient", "/", "divided by", lambda a, b: a // b),
    Kind(("calculate", "compute", "evaluate", "calc", "solve", "run", "do"), ("calculator", "expression", "math", "sum", "formula", "calculation", "arithmetic"),
         ("[Calculate|Evaluate|Compute|Solve] [a sum|an expression|a mathematical expression|arithmetic]", "[A calculator|Does sums|Calculator for arithmetic]"),
         (Slot("expression", ("expression", "sum", "formula", "expr", "calculation", "equation", "term", "math"), "string", _expression, spoken=_spoken_sum),),
         ("[What is|How much is|Calculate|What's|Compute|Work out] {expression}[?|]", "[Can you calculate|Please calculate|Use the calculator:|I need to know] {expression}[?|]"),
         lambda rng, part, given: {"result": rng.randint(-50, 9999)}, "The result of {expression} is {result}.", calculates=True, usual="calculator"),
    Kind(SEND, ("message", "email", "mail", "text", "note", "sms", "letter"),
         ("[Send|Write] a [message|text|short message] to a person", "[Sends a text to somebody|Message service]"),
         (Slot("to", ("to", "recipient", "person", "receiver", "contact", "who", "addressee"), "string", _person), Slot("text", ("text", "message", "body", "content", "words", "note"), "string", _words(1, 5)),
          Slot("urgent", ("urgent", "important", "priority", "express", "critical"), "boolean", _boolean, (), ("It is urgent.", "It is not urgent."))),
         ("[Send|Write|Please send] {to} [the message|a message saying|the text]: {text}.", "[Send|Write] a message to {to}: {text}.", "Tell {to} this: {text}.", "[Write|Send|Text] \"{text}\" to {to}."),
         _done("sent", "delivered", "ok"), "The message to {to} is sent.", key="message"),
    Kind(SEND, ("email", "mail", "e_mail", "message"), ("[Send|Write] an e-mail to an address", "Sends an e-mail"),
         (Slot("address", ("address", "to", "email", "recipient", "mail_address"), "string", _mail), Slot("subject", ("subject", "title", "topic", "about"), "string", _words(1, 3))),
         ("[Send|Write] an [e-mail|email] to {address} about {subject}.", "Mail {address} with the subject {subject}."), _done("sent", "queued"), "The e-mail to {address} is sent."),
    Kind(SET, ("light", "lamp", "room_light", "lights", "light_state"), ("[Switch|Turn] the light of a room [on or off|]", "Turns a lamp on or off"),
         (Slot("room", ("room", "place", "where", "area", "location"), "string", among(ROOMS), ROOMS), Slot("state", ("state", "mode", "power", "status", "switch"), "string", among(("on", "off")), ("on", "off"))),
         ("[Turn|Switch] {state} the light in the {room}[, please|]", "[Turn|Switch|Put] the {room} light {state}.", "[Can you turn|Please turn|I want] the light in the {room} {state}."), _lights, "The light in the {room} is {state} now."),
    Kind(GET, ("price", "cost", "item_price", "product_price", "price_of_item"), ("[Get|Find] the price of [a thing|an item|a product]", "[Finds what something costs|Price list|Looks up a price]"),
         (Slot("item", ("item", "product", "thing", "article", "object", "goods"), "string", _thing), Slot("currency", ("currency", "money", "in_currency"), "string", among(MONEY), MONEY, ("[In|Tell me in] {currency}[, please|].",))),
         ("[What is|Tell me|Find|Check] the price of {item}[?|]", "[How much do I pay|What do I pay] for {item}?", "[How much does it cost to buy|What would I pay for] {item}?"), _with("price", 1, 400), "The price of {item} is {price}.", key="price"),
    Kind(CREATE, ("reminder", "alarm", "task", "reminder_at"), ("[Remind the user of something|Sets a reminder for an hour|Create a reminder]",),
         (Slot("hour", ("hour", "at", "time", "when", "clock"), "integer", number(0, 23)), Slot("what", ("what", "title", "text", "about", "label", "task"), "string", _words(1, 4))),
         ("[Remind me|Please remind me|Can you remind me] at {hour} [of|about]: {what}.", "[Set|Make|Create] a reminder at {hour}: {what}."), _done("set", "created", "ok"), "I will remind you at {hour}."),
    Kind(("set", "start", "create", "run", "begin"), ("timer", "countdown", "stopwatch", "egg_timer"), ("[Start|Set] a timer", "Counts down some minutes"),
         (Slot("minutes", ("minutes", "duration", "length", "time", "mins"), "integer", number(1, 90)), Slot("label", ("label", "name", "title", "purpose"), "string", _word, (), ("Call it {label}.", "The name is {label}."))),
         ("[Set|Start|Please start] a timer for {minutes} minutes.", "[Start|Give me] a {minutes} minute timer.", "Count down {minutes} minutes."), _done("started", "running"), "The timer for {minutes} minutes is running."),
    Kind(GET, ("events", "calendar", "appointments", "agenda", "schedule", "meetings"), ("[Get|List|Read] the events of a day", "Reads the calendar"),
         (Slot("day", ("day", "weekday", "date", "on", "when"), "string", among(WEEK), WEEK),), ("What [is|do I have] [in my calendar |planned |]on {day}?", "[Read|Show] me my [calendar|events|meetings] [for|on] {day}.", "[Am I busy|Am I free|Do I have meetings] on {day}?"),
         _with("events", 0, 9), "You have {events} events on {day}."),
    Kind(SET, ("colour", "lamp_colour", "color", "light_color", "lamp"), ("[Set|Change] the colour of the lamp",), (Slot("colour", ("colour", "color", "shade", "tint", "hue"), "string", among(COLOURS_OF_LIGHT), COLOURS_OF_LIGHT),),
         ("[Make|Turn|Paint] the lamp {colour}[, please|].", "[Set|Change] the [colour of the lamp|lamp] to {colour}."), _done("done", "ok"), "The lamp is {colour} now."),
    Kind(GET, ("phone", "phone_number", "number", "telephone", "mobile"), ("[Find|Get|Look up] the phone number of a person", "[Looks up somebody's phone number|Phone book]"),
         (_WHO,), ("[What is|Find|Look up|I need|Get me] the [phone |]number of {name}[?|]", "How can I call {name}?", "[What is|Find|What's] {name}'s phone number[?|]"), lambda rng, part, given: {"number": str(rng.randint(100000, 999999))}, "The number of {name} is {number}.", key="phone"),
    Kind(GET, ("address", "home", "residence", "user_city", "home_city"), ("[Find|Get|Look up] the city where a person lives", "Tells where somebody lives"),
         (_WHO,), ("Where does {name} live?", "[What is|Find|Look up] the [home|city|address] of {name}[?|]", "[In which city|In what town] does {name} live?"), _named("city", _city), "{name} lives in {city}.", key="home"),
    Kind(GET, ("age", "person_age", "birthday", "years"), ("[Find|Get] the age of a person",), (_WHO,), ("How old is {name}?", "[What is|Find|Look up] the age of {name}[?|]"), _with("age", 2, 99), "{name} is {age} years old."),
    Kind(("translate", "convert", "say", "speak"), ("text", "sentence", "words", "phrase", "language"), ("[Translate a text|Translates words] into [another|a] language",),
         (Slot("text", ("text", "words", "sentence", "phrase", "source", "input"), "string", _words(1, 4)), Slot("language", ("language", "to", "target", "lang", "tongue", "into"), "string", among(LANGUAGES), LANGUAGES)),
         ("[Translate|Please translate|Put] \"{text}\" [into|to] {language}.", "[Translate|Say] this in {language}: {text}.", "How do you say \"{text}\" in {language}?"), _named("translation", lambda r, p: f"{invented(r, p).lower()} {invented(r, p).lower()}"), "In {language} it is: {translation}."),
    Kind(("convert", "exchange", "change", "swap"), ("money", "currency", "amount", "cash"), ("[Convert|Change] money from one currency to another", "Currency converter"),
         (Slot("amount", ("amount", "sum", "value", "money", "how_much"), "number", decimal(1, 900)), Slot("source", ("from", "source", "from_currency", "base", "have"), "string", among(MONEY), MONEY), Slot("target", ("to", "target", "to_currency", "into", "want"), "string", among(MONEY), MONEY)),
         ("[Convert|Change|Exchange] {amount} {source} [to|into] {target}.", "How [much is|many {target} are] {amount} {source} in {target}?", "What [is|are] {amount} {source} in {target}?"), _with("converted", 1, 9000), "{amount} {source} are {converted} {target}."),
    Kind(("convert", "change", "calculate", "turn"), ("temperature", "degrees", "heat"), ("Convert a temperature to another unit",),
         (Slot("value", ("value", "degrees", "temperature", "amount"), "number", decimal(-20, 110)), Slot("unit", ("unit", "to", "target", "scale"), "string", among(UNITS), UNITS)),
         ("[Convert|Change] {value} degrees to {unit}.", "[What is|What are|How much are] {value} degrees in {unit}?"), _with("converted", -30, 220), "{value} degrees are {converted} in {unit}."),
    Kind(("search", "find", "look_up", "google", "query", "browse"), ("web", "internet", "online", "pages", "sites", "search_engine"), ("Search the [web|internet]", "[Finds pages about something|Web search]"),
         (Slot("query", ("query", "q", "search", "words", "terms", "keywords", "question", "topic"), "string", _words(1, 4)), Slot("limit", ("limit", "count", "max", "results", "top", "number"), "integer", number(1, 20), (), ("[Give me|Show me|I want] {limit} results.", "Only {limit} results."))),
         ("[Search the web|Search|Search the internet|Look online|Search online] for {query}.", "[Find|Show me] [pages|websites] about {query}."), _with("hits", 0, 900), "I found {hits} pages about {query}.", usual="search"),
    Kind(GET, ("news", "headlines", "latest_news", "articles"), ("[Get|Read] the news about a topic",), (Slot("topic", ("topic", "category", "subject", "about", "section"), "string", among(("sport", "science", "politics", "music", "business", "health")), ("sport", "science", "politics", "music", "business", "health")),),
         ("[What is the news|What's new|Any news] in {topic}?", "[Read|Show|Give] me the [latest |]{topic} news.", "[Any news|What is the news] about {topic}?"), _named("headline", _words(2, 4)), "The news is: {headline}."),
    Kind(("play", "start", "put_on", "stream"), ("music", "song", "track", "playlist", "artist"), ("Play [music|a song|songs]",), (Slot("song", ("song", "title", "track", "what", "music", "artist"), "string", _words(1, 3)), Slot("shuffle", ("shuffle", "random", "mix", "repeat"), "boolean", _boolean, (), ("[Shuffle|Mix] it.", "Do not [shuffle|mix] it."))),
         ("[Play|Please play|Can you play|Put on] the song {song}.", "[Play|Start] {song}.", "I want to hear {song}."), _done("playing"), "I am playing {song}."),
    Kind(SET, ("volume", "loudness", "sound", "speaker"), ("Set the volume [of the speaker|]",), (Slot("level", ("level", "volume", "percent", "value", "loudness"), "integer", number(0, 100)), Slot("mute", ("mute", "muted", "silent", "quiet"), "boolean", _boolean, (), ("[Mute|Silence] it.", "Do not [mute|silence] it."))),
         ("[Set|Turn|Change] the volume to {level}[ percent|].", "[Volume|Loudness] {level}[, please|]."), _done("done", "ok"), "The volume is {level} now."),
    Kind(("book", "reserve", "order", "get"), ("table", "restaurant", "dinner", "seats"), ("[Book|Reserve] a table in a restaurant",), (Slot("people", ("people", "guests", "persons", "seats", "party", "size"), "integer", number(1, 12)), Slot("place", ("restaurant", "place", "where", "venue", "name"), "string", _person), Slot("day", ("day", "date", "when", "on"), "string", among(WEEK), WEEK, ("[On|For] {day}[, please|].", "It is for {day}."))),
         ("[Book|Reserve|Please book] a table for {people} [people |]at {place}.", "[I need|We want|I want] a table for {people} at {place}."), _done("booked", "confirmed"), "The table for {people} at {place} is booked."),
    Kind(("book", "find", "search", "reserve", "buy"), ("flight", "ticket", "trip", "train", "plane", "journey"), ("[Book|Find] a [flight|trip|train] from one city to another",),
         (Slot("origin", ("origin", "from", "start", "departure", "from_city", "source"), "string", _city), Slot("target", ("destination", "to", "end", "arrival", "to_city", "target"), "string", _city), Slot("class", ("class", "seat", "cabin", "seat_class"), "string", among(("economy", "business", "first")), ("economy", "business", "first"), ("[In|I want|Use] {class} class.",))),
         ("[Book|Find|I need|Get me] a [flight|trip|ticket|train] from {origin} to {target}.", "[I want to go|I fly|Take me|I want to travel] from {origin} to {target}."), lambda rng, part, given: {"number": _code(rng, part)}, "The trip from {origin} to {target} is booked: {number}."),
    Kind(GET, ("distance", "route", "way", "kilometres", "path_length"), ("[Get|Find|Measure] the distance between two [cities|places]",), (Slot("origin", ("origin", "from", "start", "first", "place_a", "point_a"), "string", _city), Slot("target", ("destination", "to", "end", "second", "place_b", "point_b"), "string", _city)),
         ("How far is it from {origin} to {target}?", "[What is|Tell me] the distance [between {origin} and|from {origin} to] {target}[?|]", "How many kilometres are there between {origin} and {target}?"), _with("kilometres", 10, 9000), "From {origin} to {target} it is {kilometres} kilometres."),
    Kind(GET, ("stock", "stock_price", "share", "share_price", "quote"), ("[Get|Find] the price of a [stock|share]",), (Slot("symbol", ("symbol", "ticker", "stock", "company", "share"), "string", lambda r, p: "".join(r.choice("ABCDEFGHKLMNPRSTUVWXYZ") for _ in range(r.randint(3, 4)))),),
         ("[What is|Tell me|Check] the [stock|share] price of {symbol}[?|]", "How is the {symbol} [stock|share] doing?"), _with("value", 1, 999), "The share of {symbol} is at {value}."),
    Kind(GET, ("definition", "meaning", "dictionary", "word"), ("[Look up|Find] the meaning of a word", "A dictionary"), (Slot("word", ("word", "term", "entry", "expression"), "string", _word),),
         ("[Look up|Define] the word {word}.", "[What is|Find|Look up] the [meaning|definition] of \"{word}\"[?|]"), _named("meaning", lambda r, p: f"a {nonsense(r, p, 2)}"), "It means: {meaning}."),
    Kind(("read", "open", "load", "show", "cat", "view"), ("file", "document", "text_file", "content"), ("[Read|Open|Show] a [text |]file",), (Slot("path", ("path", "file", "filename", "file_path", "name", "document"), "string", _path),), ("[Read|Open|Show me|Please read|Print] [the file |]{path}.", "What is in [the file |]{path}?"), _named("content", _words(1, 5)), "The file says: {content}.", key="file"),
    Kind(("write", "save", "create", "make", "store"), ("note", "memo", "file", "entry"), ("[Write|Save] a note",), (Slot("title", ("title", "name", "heading", "subject"), "string", _word), Slot("text", ("text", "content", "body", "note"), "string", _words(1, 5))),
         ("[Write|Save|Make] a note [called|with the title] {title}: {text}.", "[Note|Save] under {title}: {text}."), _done("saved", "written", "ok"), "The note {title} is saved."),
    Kind(("list", "show", "ls", "get", "count"), ("files", "folder", "directory", "documents"), ("List the files [of|in] a folder",), (Slot("folder", ("folder", "directory", "path", "dir", "where"), "string", lambda r, p: f"{nonsense(r, p, 1)}" + (f"/{nonsense(r, p, 1)}" if r.random() < 0.3 else "")),), ("[List|Show me] the files in {folder}.", "[What|Which] files are in [the folder |]{folder}?"), _with("files", 0, 99), "There are {files} files in {folder}."),
    Kind(GET, ("user", "account", "profile", "customer", "record"), ("[Get|Load] a user by number", "Finds an account by its number"), (Slot("user", ("user_id", "id", "number", "account", "key", "customer_id"), "integer", number(1, 9999)),), ("[Who is|Find|Load|Show me] [user|account|customer] [number |]{user}[?|]", "[What is|Tell me] the name of user {user}[?|]"), _named("name", _person), "User {user} is {name}.", key="user"),
    Kind(("order", "buy", "get", "request"), ("food", "meal", "dish", "pizza", "lunch"), ("Order [food|a meal]",), (Slot("dish", ("dish", "food", "meal", "item", "what"), "string", _thing), Slot("count", ("count", "quantity", "portions", "amount", "how_many"), "integer", number(1, 12)), Slot("delivery", ("delivery", "deliver", "bring", "to_home"), "boolean", _boolean, (), ("[Deliver|Bring] it [please|to me].", "I will [pick it up|fetch it]."))),
         ("[Order|I want|Please order|Get me] {count} [portions of|times|servings of] {dish}.", "[I would like|Buy] {count} [portions of|times] {dish}."), lambda rng, part, given: {"minutes": rng.randint(5, 90)}, "Your {dish} will be ready in {minutes} minutes."),
    Kind(SET, ("thermostat", "heating", "temperature", "heater", "room_temperature"), ("Set the [heating|temperature] [of|in] a room", "Controls the heating"), (Slot("degrees", ("degrees", "temperature", "value", "target", "celsius"), "number", lambda r, p: r.choice((r.randint(12, 28), r.randint(12, 28) + 0.5))), Slot("room", ("room", "place", "where", "zone"), "string", among(ROOMS), ROOMS, ("[In|That is for] the {room}.",))),
         ("[Set|Turn|Change] the [heating|thermostat] to {degrees}[ degrees|].", "[Make|Heat] it [up |]to {degrees} degrees."), _done("done", "ok"), "The heating is set to {degrees} degrees."),
    Kind(("roll", "throw", "cast", "toss"), ("dice", "die", "cubes"), ("Roll a die",), (Slot("sides", ("sides", "faces", "size", "max", "eyes"), "integer", number(4, 30)),), ("[Roll|Throw] a [die|dice] with {sides} sides.", "[Roll|Throw] a {sides}-sided die."), _with("rolled", 1, 30), "It is {rolled}."),
    Kind(("flip", "toss", "throw", "spin"), ("coin", "penny", "a_coin"), ("[Flip|Toss] a coin",), (), ("[Flip|Toss|Throw] a coin[, please|].", "Heads or tails?"), _named("side", among(("heads", "tails"))), "It is {side}."),
    Kind(GET, ("location", "position", "my_location", "whereabouts", "gps"), ("[Get|Find] the place where the user is now",), (), ("Where am I[ now| right now|]?", "[Which city am I in|In which town am I|What is my location]?", "[Find|Tell me|Get] my [location|position]."), _named("city", _city), "You are in {city}.", key="here"),
    Kind(GET, ("date", "today", "current_date", "day"), ("[Get|Returns] the date of today", "Tells which day it is"), (), ("[What is the date|What day is it|Which date is it] today?", "[Tell|Give] me today's date.", "What is today's date?"), lambda rng, part, given: {"date": f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"}, "Today is {date}."),
    Kind(GET, ("battery", "battery_level", "power_level", "charge"), ("[Get|Check] the level of the battery",), (), ("How full is [the|my] battery?", "[What is|Check|Tell me] the battery level[?|]"), _with("percent", 1, 100), "The battery is at {percent} percent."),
    Kind(CREATE, ("item", "shopping_item", "to_list", "to_cart", "product"), ("[Add|Put] something [to|on] the shopping list",), (Slot("item", ("item", "product", "thing", "what", "article"), "string", _thing), Slot("amount", ("amount", "count", "quantity", "number", "how_many"), "integer", number(1, 20), (), ("I need {amount}[ of them| of it|].", "Make it {amount}."))),
         ("[Add|Put] {item} [to|on] [my|the] [shopping list|list].", "[I need to buy|Do not forget to buy|Note for shopping:] {item}."), _done("added", "ok"), "I have added {item} to your list."),
    Kind(("cancel", "delete", "stop", "remove", "undo"), ("order", "booking", "purchase", "reservation"), ("Cancel an order",), (Slot("order", ("order_id", "order", "number", "id", "code", "reference"), "string", _code),), ("[Cancel|Please cancel|Stop|Delete] [the|my] order {order}.", "I do not want the order {order} any more."), _done("cancelled", "done"), "The order {order} is cancelled."),
    Kind(("track", "find", "follow", "trace", "check"), ("parcel", "package", "shipment", "delivery", "box"), ("[Track|Find] a parcel",), (Slot("code", ("code", "number", "tracking_code", "id", "parcel_id"), "string", _code),), ("Where is [my|the] [parcel|package] {code}?", "[Track|Find|Follow] [my|the] [parcel|package] {code}."), _named("place", _city), "The parcel {code} is in {place}."),
    Kind(("lock", "set", "control", "secure", "close"), ("door", "lock", "gate", "house_door"), ("[Lock or unlock|Control] a door",), (Slot("door", ("door", "which", "entrance", "gate"), "string", among(("front", "back", "garage", "garden")), ("front", "back", "garage", "garden")), Slot("locked", ("locked", "lock", "closed", "secure"), "boolean", _boolean, words=("Lock", "Unlock"))),
         ("{locked} the {door} door[, please|].", "[Can you|Please] {locked} the {door} door[?|.]"), _done("done", "ok"), "That is done for the {door} door."),
    Kind(("count", "measure", "get"), ("letters", "characters", "length", "chars"), ("Count the letters of a word",), (Slot("word", ("word", "text", "string", "input"), "string", lambda r, p: invented(r, p).lower()),), ("How many letters [has|does] the word {word}[ have|]?", "[Count|Get] the letters [of|in] {word}."), lambda rng, part, given: {"letters": len(given["word"])}, "{word} has {letters} letters."),
    Kind(CREATE, ("user", "account", "member", "person", "customer"), ("[Create|Add|Register] a [user|new user]",), (Slot("name", ("name", "user_name", "who", "first_name", "login"), "string", _person), Slot("age", ("age", "years", "how_old"), "integer", number(5, 99)), Slot("admin", ("admin", "is_admin", "boss", "owner"), "boolean", _boolean, (), ("[Make them|It is] an admin.", "[Not|This is not] an admin."))),
         ("[Create|Add|Register] [a|the] user {name}, age {age}.", "[Create|Add|Register] {name}, {age} years old.", "[Create|Make] an account for {name}, who is {age}."), _done("created", "ok"), "The user {name} is created."),
    Kind(("draw", "get", "pick", "generate", "make"), ("random_number", "random", "number", "lucky_number"), ("[Get|Draw] a random number between two numbers",), (Slot("low", ("low", "min", "from", "start", "minimum"), "integer", number(0, 50)), Slot("high", ("high", "max", "to", "end", "maximum"), "integer", number(51, 999))),
         ("[Give me|Draw|Pick|Get] a [random |]number [between {low} and|from {low} to] {high}.",), _with("drawn", 0, 999), "The number is {drawn}."),
)  # fmt: skip
"""All kinds, those of the earlier stages among them."""

BY_KEY: dict[str, Kind] = {kind.key or kind.usual: kind for kind in KINDS if kind.key or kind.usual}

CLASSICS: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "weather": (("get_weather", "get_current_weather", "weather", "fetch_weather"), {"city": ("city", "location"), "unit": ("unit",)}),
    "time": (("get_time", "get_current_time", "current_time", "local_time"), {"city": ("city", "location", "place")}),
    "zone": (("get_time", "get_current_time", "current_time", "time"), {"zone": ("timezone", "time_zone", "zone", "tz")}),
    "calculator": (("calculator", "calculate", "calc", "evaluate"), {"expression": ("expression", "expr", "sum")}),
    "sum": (("add", "add_numbers", "sum"), {"a": ("a", "x"), "b": ("b", "y")}),
    "product": (("multiply", "multiply_numbers", "times"), {"a": ("a", "x"), "b": ("b", "y")}),
    "message": (("send_message", "send_email", "message"), {"to": ("to", "recipient"), "text": ("text", "body", "message"), "urgent": ("urgent",)}),
    "search": (("search", "web_search", "search_web"), {"query": ("query", "q"), "limit": ("limit", "count")}),
}  # fmt: skip
"""The functions of every tutorial, under the names that they have there, by the keys of their kinds."""

ATTRIBUTES: tuple[str, ...] = (
    "size", "speed", "level", "label", "owner", "mode", "depth", "weight", "height", "width", "rank", "shape", "style",
    "limit", "power", "angle", "colour", "title", "source", "target", "group", "tag", "count", "score", "delay", "phase",
    "grade", "index", "code", "format", "theme", "volume", "brand", "flavour", "length", "pace", "zone", "team", "sort",
    "max_size", "min_level", "start_time", "end_time", "room_number", "page", "step", "batch", "layer", "priority_level",
    "pattern", "channel", "quality", "ratio", "scale", "border", "status", "version", "prefix", "suffix", "branch",
)  # fmt: skip
"""Parameter names of the functions that are made up."""

ACTIONS: tuple[str, ...] = (
    "polish", "paint", "count", "move", "wash", "fold", "open", "close", "lift", "pack", "sort", "mix", "cut", "bake",
    "test", "scan", "print", "build", "clean", "fix", "bend", "burn", "dry", "fill", "freeze", "grind", "hang", "heat",
    "hide", "join", "launch", "load", "mark", "mend", "pour", "press", "pull", "push", "rent", "reset", "rotate", "sell",
    "shake", "sharpen", "spin", "stack", "stretch", "sweep", "tune", "twist", "weigh", "wrap", "inspect", "archive",
    "upload", "download", "restart", "deploy", "merge", "format", "rename", "compress", "encrypt", "validate", "assign",
)  # fmt: skip
"""What made-up functions do, to one of `words.NOUNS`."""

OBJECTS = NOUNS
