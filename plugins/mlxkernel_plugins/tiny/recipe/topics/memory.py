"""Remembering what the user told: their name, what they love, the names of others, their home."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from ..conversation import Exchange
from ..phrasing import capital, casual, one_of
from ..scene import Scene
from ..words import COLOURS, city, lovable

_MY_NAME = (
    "[My name is|My name's|I am|I'm|I am called|You can call me|Call me|They call me|Please call me] {name}[.|!|]",
    "[Hi|Hello|Hey|Good morning][,|!|.] [my name is|I am|I'm|this is] {name}[.|!|]",
    "[Hi|Hello], {name} here[.|!|]",
    "{name} is my name[.|!|]",
    "[Please remember|Remember] that my name is {name}.",
)
_NAME_ASKED = (
    "[What is|What's|Tell me|Say|Do you remember|Do you know|Can you tell me|Do you still know] my name[?|, please?]",
    "[Who am I|What am I called|How am I called|What did I say my name was|What was my name|What is my name again]?",
    "[And what|So what|Now, what] is my name?",
    "[Do you remember|Do you know|Tell me] who I am[?|]",
)
_LOVE = (
    "I [really |][love|like|adore] {thing}[.|!|]",
    "I [love|like] {thing} [very much|a lot|most of all|so much][.|!|]",
    "[My favourite thing is|The thing I love most is|What I love is] {thing}[.|]",
    "[Did you know that|You know,|By the way,] I love {thing}[?|.|!]",
)
_LOVE_ASKED = (
    "What do I [love|like|adore][ most| so much|]?",
    "[Do you remember|Do you know|Can you tell me|Tell me] what I [love|like][?|]",
    "[What did I say I love|What did I tell you that I love|Which thing do I love|What was it that I love]?",
)
_TOLD = {
    "dog": (("My dog is [called|named] {value}.", "I have a dog[ called| named|, its name is] {value}.", "My dog's name is {value}."),
            ("What is my [dog called|dog's name]?", "[What is|Tell me] the name of my dog[?|]", "[How is|What is] my dog called?"),
            "Your dog is called {value}."),
    "cat": (("My cat is [called|named] {value}.", "I have a cat[ called| named|, its name is] {value}.", "My cat's name is {value}."),
            ("What is my [cat called|cat's name]?", "[What is|Tell me] the name of my cat[?|]", "[How is|What is] my cat called?"),
            "Your cat is called {value}."),
    "friend": (("My [best |]friend is [called |]{value}.", "I have a friend[ called| named|, and the name is] {value}.", "My friend's name is {value}."),
               ("What is my friend's name?", "[What is|Tell me] the name of my friend[?|]", "[How is|What is|Who is] my friend[ called|]?"),
               "Your friend is called {value}."),
    "sister": (("My sister is [called |]{value}.", "I have a sister[ called| named|] {value}.", "My sister's name is {value}."),
               ("What is my sister's name?", "[What is|Tell me] the name of my sister[?|]", "[How is|What is|Who is] my sister[ called|]?"),
               "Your sister is called {value}."),
    "brother": (("My brother is [called |]{value}.", "I have a brother[ called| named|] {value}.", "My brother's name is {value}."),
                ("What is my brother's name?", "[What is|Tell me] the name of my brother[?|]", "[How is|What is|Who is] my brother[ called|]?"),
                "Your brother is called {value}."),
    "home": (("I [live in|am from|come from] {value}.", "My home is in {value}.", "I [have moved|moved] to {value}."),
             ("Where do I [live|come from]?", "[Do you remember|Tell me] where I [live|am from][?|]", "Where [am I from|is my home]?"),
             "You live in {value}."),
    "colour": (("My [favourite colour|favorite color] is {value}.", "The colour I like best is {value}.", "{value} is my favourite colour."),
               ("[What is|What's|Tell me] my [favourite colour|favorite color][?|]", "Which colour do I like best?"),
               "Your favourite colour is {value}."),
    "age": (("I am {value} years old.", "My age is {value}.", "I [turned|am now] {value}[ years old|]."),
            ("How old am I?", "[What is|Tell me] my age[?|]", "[Do you remember|Do you know] how old I am?"),
            "You are {value} years old."),
}  # fmt: skip
_THOUGHT = "The user asks about something. I look at what was said before."


def tells_name(scene: Scene) -> Exchange:
    """The user says their name, which the scene keeps from now on."""
    scene.user = scene.name() if scene.rng.random() < 0.93 else scene.name().lower()
    phrase = one_of(scene.rng, _MY_NAME, name=scene.user)
    user = casual(scene.rng, phrase) if not phrase.startswith(scene.user) else phrase
    return Exchange(
        user, f"Nice to meet you, {scene.user}!", f"The user is called {scene.user}.", (scene.user,)
    )


def tells_both(scene: Scene) -> Exchange:
    """The user says their name and what they love in one message."""
    scene.user = scene.name()
    scene.told["love"] = thing = lovable(scene.rng, scene.part)
    user = one_of(scene.rng, (
        "[My name is|I am|I'm] {name}[,|] and I [really |][love|like] {thing}[.|!|]",
        "[Hi|Hello][,|!] [my name is|I am|I'm] {name}. I [love|like] {thing}[.|!|]",
        "I love {thing}[,|] and my name is {name}.",
    ), name=scene.user, thing=thing)  # fmt: skip
    answer = f"Nice to meet you, {scene.user}! I will remember that you love {thing}."
    return Exchange(
        casual(scene.rng, user), answer, f"The user is {scene.user} and loves {thing}.", (answer,)
    )


def tells_and_asks(scene: Scene) -> Exchange:
    """The user says their name and asks for it in one message."""
    scene.user = scene.name()
    tell = one_of(
        scene.rng,
        ("[My name is|I am|I'm|Call me] {name}.", "[Hi|Hello], my name is {name}."),
        name=scene.user,
    )
    user = f"{tell} {one_of(scene.rng, _NAME_ASKED[:2])}"
    return Exchange(user, f"Your name is {scene.user}.", f"They said {scene.user}.", (scene.user,))


def asks_all(scene: Scene) -> Exchange:
    """The user asks what the assistant knows about them."""
    user = casual(
        scene.rng,
        one_of(scene.rng, ("What do you [know|remember] about me?", "Tell me [what you know |]about me.")),
    )
    pieces = [f"Your name is {scene.user}."] if scene.user else []
    pieces += [f"You love {scene.told['love']}."] if "love" in scene.told else []
    answer = " ".join(pieces) or "You have not told me anything yet."
    return Exchange(user, answer, f"{_THOUGHT} {answer}", (answer,))


def asks_name(scene: Scene) -> Exchange:
    """The user asks for their own name, told or not."""
    user = casual(scene.rng, one_of(scene.rng, _NAME_ASKED))
    if not scene.user:
        answer = "You have not told me your name yet."
        return Exchange(user, answer, "The user asks for their name. Nobody has told me.", ("not told",))
    thought = f"The user asks for their name. They said {scene.user}."
    return Exchange(user, f"Your name is {scene.user}.", thought, (scene.user,))


def tells_love(scene: Scene) -> Exchange:
    """The user says what they love."""
    scene.told["love"] = thing = lovable(scene.rng, scene.part)
    user = casual(scene.rng, one_of(scene.rng, _LOVE, thing=thing))
    return Exchange(user, f"I will remember that you love {thing}.", f"The user loves {thing}.", (thing,))


def asks_love(scene: Scene) -> Exchange:
    """The user asks what they love, told or not."""
    user = casual(scene.rng, one_of(scene.rng, _LOVE_ASKED))
    thing = scene.told.get("love")
    if thing is None:
        return Exchange(user, "You have not told me what you love.", _THOUGHT, ("not told",))
    return Exchange(user, f"You love {thing}.", f"{_THOUGHT} The user loves {thing}.", (thing,))


def _fresh_value(scene: Scene, key: str) -> str:
    if key == "home":
        return city(scene.rng, scene.part)
    if key == "colour":
        return scene.rng.choice(COLOURS)
    if key == "age":
        return str(scene.rng.randint(5, 99))
    return scene.name()


def tells_more(scene: Scene) -> Exchange:
    """The user tells one of the other things: a pet's name, a friend's, their home, their age."""
    key = scene.rng.choice(tuple(_TOLD))
    scene.told[key] = value = _fresh_value(scene, key)
    tell, _, answer = _TOLD[key]
    phrase = one_of(scene.rng, tell, value=value)
    user = casual(scene.rng, phrase) if not phrase.startswith(value) else capital(phrase)
    reply = answer.format(value=value)
    return Exchange(user, f"I see. {reply}", f"The user tells me something. {reply}", (value,))


def asks_more(scene: Scene) -> Exchange:
    """The user asks for one of the other things: mostly one that was told, at times one that was not."""
    known = [key for key in scene.told if key in _TOLD]
    key = scene.rng.choice(known) if known and scene.rng.random() < 0.85 else scene.rng.choice(tuple(_TOLD))
    _, ask, answer = _TOLD[key]
    user = casual(scene.rng, one_of(scene.rng, ask))
    if key not in scene.told:
        return Exchange(user, "You have not told me that.", f"{_THOUGHT} Nobody has told me.", ("not told",))
    reply = answer.format(value=scene.told[key])
    return Exchange(user, reply, f"{_THOUGHT} {reply}", (scene.told[key],))
