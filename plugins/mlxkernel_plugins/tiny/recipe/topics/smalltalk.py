"""Greetings, thanks, good-byes and questions about the assistant itself."""

# ruff: noqa: E501  (a phrase with its choices stays on one line)

from __future__ import annotations

from ..conversation import Exchange
from ..phrasing import casual, hurried, one_of
from ..scene import Scene
from ..words import ADJECTIVES, NOUNS

_HELLO = (
    "[Hi|Hello|Hey|Hello there|Hi there|Hey there|Hallo|Howdy|Greetings][!|.|]",
    "[Hi|Hello|Hey|Good day][,| ] {assistant}[!|.|]",
    "Good [morning|afternoon|evening|day][!|.|]",
    "[Hi|Hello|Hey], are you there?",
    "[Hi|Hello], can you hear me?",
)
_HOW = (
    "How are you[ today| doing| doing today|]?",
    "[Hi|Hello|Hey][!|,] [how|How] are you[ today| doing|]?",
    "How [is it going|do you do|do you feel|are things]?",
    "[Are you well|Are you fine|Are you OK|What's up]?",
)
_WHO = (
    "Who are you?",
    "[What is|What's|Tell me|Can you tell me|May I ask] your name[?|, please?]",
    "What are you[ called|]?",
    "[What should I call you|How should I call you|Do you have a name|Who am I talking to|Who is this]?",
    "[Introduce yourself|Tell me about yourself|Tell me who you are|Say who you are].",
)
_ABLE = (
    "What can you do[ for me|]?",
    "[How can you help|Can you help|Will you help|Help|Please help] me[?|.]",
    "What [do you know|are you good at|can I ask you|are your skills]?",
)
_THANKS = (
    "[Thanks|Thank you|Thank you very much|Thanks a lot|Many thanks|Thx|Great, thanks|OK, thank you|Thank you, {assistant}][!|.|]",
    "[That is|That's|You are|You're] [very |so |][nice|kind|good|great|helpful|funny|clever][!|.|]",
    "[Good|Well done|Great|Nice|Wonderful|Perfect|Cool|Good job][!|.|]",
)
_BYE = (
    "[Bye|Goodbye|Good bye|Bye bye|See you|See you later|Good night|Farewell|See you soon][!|.|]",
    "[I have to go|I must go|I am leaving|I have to go now|That is all for today|That was all].[ Bye!|]",
)
_FEEL = (
    (
        "I am [very |so |][sad|unhappy|lonely|not happy][ today|]",
        "I am sorry to hear that. I hope you will feel better soon.",
    ),
    ("I am [very |so |][happy|glad|cheerful][ today|]", "That is good to hear!"),
    ("I am [very |so |][tired|sleepy][ today|]", "Then you should rest a little."),
    ("I am [very |so |][hungry|starving]", "Then you should eat something good."),
    ("I am [very |so |]thirsty", "Then you should drink some water."),
    ("I am [very |so |]bored", "Shall I tell you a story?"),
    ("I am [fine|well|good|OK|doing well|great][, thanks|, thank you|]", "That is good to hear!"),
    ("I [do not|don't] [understand|get it|know]", "That is all right. You can ask me again."),
    ("You are [wrong|stupid|bad|silly]", "I am sorry. I am only a very small model."),
    ("[No|Nope|No, thanks|No thank you]", "All right."),
    ("[Yes|Yes, please|Sure|OK|Okay|Of course|Right|Fine|I see|Aha]", "Good! What would you like to know?"),
    ("[Sorry|I am sorry|Excuse me]", "No problem at all."),
    (
        "[Do you like|Do you love] [me|music|cats|people|books]",
        "I am a language model, but I like to help you.",
    ),
    ("[Where are you from|Where do you live|Where are you]", "I live in a computer."),
    ("[How old are you|When were you born|What is your age]", "I have no age. I am a language model."),
    (
        "[Who made you|Who built you|Who trained you|Where do you come from]",
        "The people of mlxkernel made me.",
    ),
    (
        "[What do you like|What is your favourite colour|What do you love]",
        "I am a language model, but I like to help you.",
    ),
    ("[Are you clever|Are you smart|Are you big|How big are you]", "I am only a very small model."),
    ("[Test|This is a test|Testing|Ping]", "I am here."),
    (
        "[Tell me a joke|Say something funny|Do you know a joke]",
        "What do you call a fish with no eyes? A fsh!",
    ),
    ("[Can you speak|Do you speak] [German|French|Spanish|Chinese]", "No, I only speak English."),
    ("[Say|Please say|Just say|Can you say] [hello|hi]", "Hello!"),
    ("[Say hello|Greet me] in [one|a single] word", "Hello!"),
    ("[Say yes|Just say yes|Answer yes]", "Yes."),
    ("[Say no|Just say no|Answer no]", "No."),
    (
        "[Write|Tell me|Give me|Do you know] a [short |little |]poem",
        "The moon is bright, the night is deep, the stars are out, and now I sleep.",
    ),
    ("[Sing|Sing me] a song", "La la la, the sun is high, la la la, the birds can fly."),
    (
        "[I have a question|Can I ask you something|May I ask something]",
        "Of course! What would you like to know?",
    ),
    ("[Wait|Stop|Be quiet|One moment]", "All right, I will wait."),
    ("[Why|How so|Why is that|And why]", "I am sorry, I cannot say why."),
    ("[What|Huh|Pardon|What did you say]", "I am sorry. Please ask me again."),
    ("[I love you|I like you]", "Thank you! That is very kind."),
    ("[You are a|Are you a] [cat|dog|bird|fish]", "I am a small language model."),
    (
        "[What time is it|What is the time|What day is it today|What is the date]",
        "I am sorry, I have no clock.",
    ),
    (
        "[What is the weather like|How is the weather today|Is it raining|Will it rain]",
        "I am sorry, I cannot see the weather.",
    ),
)


def greeting(scene: Scene) -> Exchange:
    """The user says hello."""
    user = casual(scene.rng, one_of(scene.rng, _HELLO, assistant=scene.assistant))
    hello = f"Hello, {scene.user}!" if scene.user else "Hello!"
    return Exchange(user, f"{hello} How can I help you?", "The user says hello. I say hello too.", ("Hello",))


def how_are_you(scene: Scene) -> Exchange:
    """The user asks how the assistant is."""
    user = hurried(scene.rng, one_of(scene.rng, _HOW))
    return Exchange(
        user, "I am fine, thank you. How are you?", "The user asks how I am. I am fine.", ("fine",)
    )


def who_are_you(scene: Scene) -> Exchange:
    """The user asks for the assistant's name; a system prompt may have set it."""
    user = hurried(scene.rng, one_of(scene.rng, _WHO))
    answer = f"I am {scene.assistant}, a very small language model."
    return Exchange(
        user, answer, f"The user asks who I am. My name is {scene.assistant}.", (scene.assistant,)
    )


def what_can_you_do(scene: Scene) -> Exchange:
    """The user asks for help in general."""
    user = hurried(scene.rng, one_of(scene.rng, _ABLE))
    answer = "I can chat a little, remember your name, answer small questions, add small numbers and tell short stories."
    return Exchange(user, answer, "The user asks what I can do.", ("can",))


def thanks(scene: Scene) -> Exchange:
    """The user says thanks or praises."""
    user = casual(scene.rng, one_of(scene.rng, _THANKS, assistant=scene.assistant))
    answer = f"You are welcome, {scene.user}!" if scene.user else "You are welcome!"
    return Exchange(user, answer, "The user is pleased.", ("welcome",))


def goodbye(scene: Scene) -> Exchange:
    """The user leaves."""
    user = hurried(scene.rng, one_of(scene.rng, _BYE))
    answer = f"Goodbye, {scene.user}!" if scene.user else "Goodbye!"
    return Exchange(user, answer, "The user leaves. I say goodbye.", ("Goodbye",))


def remark(scene: Scene) -> Exchange:
    """The user tells something that happened, which needs no more than a kind word."""
    user = one_of(scene.rng, (
        "I [went|walked|drove|came back] [to|from] the {n}[ today| yesterday| this morning|].",
        "[Today|Yesterday|Last night] I [saw|bought|found|lost|made] [a|the|my] {n}.",
        "I [am going|want to go|have to go] to the {n}[ tomorrow| now|].",
        "[The|My] {n} is [very |too |so |]{a}.",
        "There is [a|an old|a big] {n} in [the|my] {m}.",
    ), n=scene.rng.choice(NOUNS), m=scene.rng.choice(NOUNS), a=scene.rng.choice(ADJECTIVES))  # fmt: skip
    return Exchange(
        casual(scene.rng, user), "I see. That sounds interesting!", "The user tells me something.", ("I see",)
    )


def chatter(scene: Scene) -> Exchange:
    """One of the small remarks and questions that have one fitting answer."""
    phrase, answer = scene.rng.choice(_FEEL)
    mark = (
        "?"
        if phrase.startswith(("[Do", "[Wh", "[How", "[Are", "[Can", "[Huh"))
        else scene.rng.choice((".", "!", ""))
    )
    user = hurried(scene.rng, one_of(scene.rng, (phrase,)) + mark)
    return Exchange(user, answer, "A small remark. I answer kindly.", (answer.split()[0],))
