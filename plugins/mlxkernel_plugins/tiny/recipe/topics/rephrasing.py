"""The same wishes in many more words: what the last stage adds to the phrases of the stages before it."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from collections.abc import Callable

from ..conversation import Exchange
from ..facts import NUMBER_WORDS
from ..phrasing import casual, choose, hurried, one_of
from ..scene import Scene
from ..words import LOVABLE_OF, NOUNS, lovable
from . import knowledge, memory, smalltalk, sums

Topic = Callable[[Scene], Exchange]

_MY_NAME = (
    "[Just so you know|By the way|FYI|Before we start|First of all], [my name is|I am|I'm|people call me|everyone calls me] {name}.",
    "[My friends call me|Everybody calls me|People know me as|I go by|You may call me|The name is|Name's|It's] {name}[.|!|]",
    "[Nice to meet you|Pleased to meet you|Good to meet you][,|!|.] [I am|I'm|my name is] {name}.",
    "[I would like to introduce myself|Let me introduce myself|Allow me to introduce myself][:|.] [I am|I'm|My name is] {name}.",
    "[Hey there|Hi there|Good evening|Hello there][,|!] [it is|it's|I am|I'm] {name}[ speaking| here|].",
    "[My first name is|I was named|My parents named me|I have the name] {name}.", "[Remember|Please note|Note]: my name is {name}.",
)  # fmt: skip
_NAME_ASKED = (
    "[Could you tell me|Can you say|Can you remind me|Would you remind me|Remind me|Please tell me|Could you remind me] what my name is[?|, please?]",
    "[What name did I give you|What name did I tell you|Which name did I say|What did I tell you my name was|What do you call me|How do you call me]?",
    "[Have you forgotten|You do remember|Surely you know|Do you recall|Can you recall|Can you still remember] my name[?|, right?]",
    "[I forgot|I have forgotten] my [own |]name. What is it?", "[Quick test|Test|A question|Quick question]: what is my name?", "[My name|My name is what|And my name]?",
    "[Say|Tell me|Repeat|Write] my name[ again| once more| please|].", "What is the name I [told|gave] you?",
)  # fmt: skip
_LOVE = (
    "[One thing I love is|I am a big fan of|I am crazy about|I am fond of|There is nothing better than|I could not live without|I have always loved] {thing}.",
    "[What makes me happy is|My great love is|My hobby is|My passion is] {thing}.", "I [enjoy|prefer|fancy] {thing} [most|above all|a lot].",
)  # fmt: skip
_LOVE_ASKED = (
    "[What makes me happy|What am I fond of|What do I enjoy|What is my great love|What am I a fan of]?", "[Remind me|Could you tell me|Can you recall] what I [love|like|enjoy][?|]",
    "What was [my favourite thing|the thing I love]?",
)  # fmt: skip
_LEADS = (
    "[Hey|OK|Okay|So|Well|Right|Alright|Good|Great|Thanks|Fine|Cool][,|.]", "[Quick question|One question|One more question|Another question|A question|Next question|Question]:",
    "[One more thing|Something else|Now something else|Next|And now|By the way][:|,]", "[Could you help me?|Can you help me?|I need help.|Please help.|Help me, please.]",
    "[I was wondering|I would like to know|I want to know|I am curious|Tell me|Let me ask you|I have to know][:|,]", "[Sorry to bother you|Excuse me|Sorry|Pardon me][,|:]", "[My child asks|My teacher asks|Somebody asked me|They asked me|My friend wants to know]:",
)  # fmt: skip
_TAILS = (
    "Thanks!",
    "Thank you.",
    "Thanks in advance.",
    "Please.",
    ":)",
    "I am curious.",
    "I forgot.",
    "Any idea?",
    "Do you know?",
    "Just asking.",
    "Quickly, please.",
    "I need it for school.",
)


def dressed(topic: Topic) -> Topic:
    """Return the topic with more words around what the user says."""

    def talk(scene: Scene) -> Exchange:
        exchange = topic(scene)
        text, rng = exchange.user, scene.rng
        draw = rng.random()
        if draw < 0.7:
            lead = one_of(rng, _LEADS)
            inner = (
                text
                if rng.random() < 0.5
                or text.startswith(("I ", "I'"))
                or (text.split()[0].istitle() and scene.user and text.startswith(scene.user))
                else text[:1].lower() + text[1:]
            )
            text = f"{lead} {inner}"
        if draw > 0.5:
            text = (text if text[-1] in ".?!" else f"{text}.") + " " + rng.choice(_TAILS)
        return Exchange(text, exchange.answer, exchange.thought, exchange.accepted)

    return talk


def tells_name(scene: Scene) -> Exchange:
    """The user says their name in one of many other ways."""
    scene.user = scene.name()
    user = one_of(scene.rng, _MY_NAME, name=scene.user)
    return Exchange(
        casual(scene.rng, user),
        f"Nice to meet you, {scene.user}!",
        f"The user is called {scene.user}.",
        (scene.user,),
    )


def asks_name(scene: Scene) -> Exchange:
    """The user asks for their name in one of many other ways."""
    user = casual(scene.rng, one_of(scene.rng, _NAME_ASKED))
    if not scene.user:
        return Exchange(
            user,
            "You have not told me your name yet.",
            "The user asks for their name. Nobody has told me.",
            ("not told",),
        )
    return Exchange(
        user,
        f"Your name is {scene.user}.",
        f"The user asks for their name. They said {scene.user}.",
        (scene.user,),
    )


def tells_love(scene: Scene) -> Exchange:
    """The user says what they love in other words."""
    scene.told["love"] = thing = lovable(scene.rng, scene.part)
    user = casual(scene.rng, one_of(scene.rng, _LOVE, thing=thing))
    return Exchange(user, f"I will remember that you love {thing}.", f"The user loves {thing}.", (thing,))


def asks_love(scene: Scene) -> Exchange:
    """The user asks in other words what they love."""
    user = casual(scene.rng, one_of(scene.rng, _LOVE_ASKED))
    thing = scene.told.get("love")
    if thing is None:
        return Exchange(user, "You have not told me what you love.", "Nobody has told me.", ("not told",))
    return Exchange(user, f"You love {thing}.", f"The user loves {thing}.", (thing,))


_MORE = ("{b} more", "{b}", "another {b}")
_GAIN = (
    "[I have|I own|There are] {a} {t}[ and| and then|. Then] I [get|find|buy|win|receive|take|pick up] {m}.", "I [buy|find|get|see|have] {a} {t} [today|in the morning] and {b} [tomorrow|in the evening|later].",
    "{name} has {a} {t} and [gets|finds|buys|wins|receives] {m}.", "{name} gives me {a} {t} and [my friend|my brother|my mother] gives me {b}.", "There are {a} {t} on the table and I [put|lay] {m} there.",
)  # fmt: skip
_LOSS = (
    "[I have|I own|I had|There are] {a} {t}[ and| and then|. Then] I [lose|give away|sell|eat|throw away|use|break] {b}[ of them|].", "{name} has {a} {t} and [loses|gives away|sells|uses|breaks] {b}[ of them|].",
    "There are {a} {t} on the table and I take {b} away.", "From {a} {t} {name} takes {b}.",
)  # fmt: skip
_HOW_MANY = (
    "How many {t} [are there|are left|is that|do I have|does that make] [now|in the end|altogether|]?",
    "How many [are there|is that|do I have][ now|]?",
    "[What is the number of|Count the] {t}[ now|][?|.]",
)
_COUNTED = (
    *(f"{noun}s" for noun in NOUNS if noun[-1] not in "sfhxye"),
    "apples",
    "eggs",
    "cats",
    "dogs",
    "birds",
    "stamps",
    "candles",
    "marbles",
    "sweets",
    "cards",
)


def sum_told(scene: Scene) -> Exchange:
    """A sum told as a small story; the answer says the sum first, which makes the number easy to find."""
    rng = scene.rng
    a, b = rng.randint(1, 12), rng.randint(1, 12)
    thing, gain = rng.choice(_COUNTED), rng.random() < 0.55 or a == b
    if not gain:
        a, b = max(a, b), min(a, b)
    result, sign = (a + b, "plus") if gain else (a - b, "minus")
    words = rng.random() < 0.25
    shown = [NUMBER_WORDS[n] if words else str(n) for n in (a, b)]
    more = rng.choice(_MORE).format(b=shown[1])
    told = one_of(rng, _GAIN if gain else _LOSS, a=shown[0], b=shown[1], m=more, t=thing, name=scene.name())
    ask = one_of(rng, _HOW_MANY, t=thing).replace(" ?", "?")
    answer = f"{a} {sign} {b} is {result}, so you have {result} {thing}."
    return Exchange(f"{told} {ask}", answer, f"{a} {sign} {b} is {result}.", (f"have {result} {thing}",))


_REPLIES: tuple[tuple[str, str], ...] = (
    ("[How was your day|How did you sleep|Are you having a good day|How is life|How do you do today|Everything OK|All good]?", "I am fine, thank you. How are you?"),
    ("[I need your help|I need some help|Could you help me|I have a problem|Can you assist me|Please assist me]", "How can I help you?"),
    ("[Thanks a bunch|Thank you so much|Cheers|Much appreciated|That helped|That was helpful|Awesome|Excellent|Brilliant|Amazing|Sweet|Lovely]", "You are welcome!"),
    ("[Catch you later|Take care|Till next time|Until tomorrow|Good night then|So long|Have a nice day|I am off]", "Goodbye!"),
    ("[I am angry|I am upset|I am ill|I am sick|I feel bad|My head hurts|I had a bad day|Today was terrible]", "I am sorry to hear that. I hope you will feel better soon."),
    ("[I feel great|I had a good day|I am excited|Today was wonderful|I won a prize|I passed my exam]", "That is good to hear!"),
    ("[Are you a robot|Are you human|Are you a person|Are you real|Are you alive|Are you an AI]?", "I am a small language model."),
    ("[Can you think|Can you feel|Do you sleep|Do you eat|Do you dream]?", "No, I am a small language model."),
    ("[Can you hear me|Are you awake|Are you still there|Anybody there|Is somebody there|Knock knock]", "I am here."),
    ("[Let us talk|Talk to me|Let's chat|Say anything|Chat with me|I want to talk]", "Good! What would you like to know?"),
    ("[What should I eat|What shall I cook|What do you recommend for dinner]?", "Soup and bread are always good."),
    ("[What should I do today|What shall I do|I do not know what to do|Any plans]?", "Take a walk, or read a good book."),
)  # fmt: skip


def reply(scene: Scene) -> Exchange:
    """Small talk that the earlier stages did not have."""
    phrase, answer = scene.rng.choice(_REPLIES)
    user = hurried(
        scene.rng,
        choose(scene.rng, phrase) + scene.rng.choice(("", ".", "!") if "?" not in phrase else ("",)),
    )
    return Exchange(user, answer, "The user talks to me. I answer kindly.", (answer,))


def favourite(scene: Scene) -> Exchange:
    """The user asks the assistant whether it likes something."""
    thing = scene.rng.choice(LOVABLE_OF[scene.part])
    user = one_of(
        scene.rng, ("[Do you like|Do you love|What do you think of|What about] {thing}?",), thing=thing
    )
    return Exchange(
        hurried(scene.rng, user),
        f"I am a language model, but I have read good things about {thing}.",
        accepted=(thing,),
    )


_DRESSABLE: tuple[Topic, ...] = (
    *knowledge.QUESTIONS,
    sums.small_sum,
    memory.asks_name,
    memory.asks_more,
    memory.asks_love,
    smalltalk.who_are_you,
    smalltalk.how_are_you,
)

REPHRASED: tuple[tuple[Topic, float], ...] = (
    (tells_name, 8), (asks_name, 9), (tells_love, 3), (asks_love, 3), (sum_told, 12), (reply, 5), (favourite, 1.5),
    *((dressed(topic), 1.2) for topic in _DRESSABLE),
)  # fmt: skip
"""The topics of this module with their weights."""
