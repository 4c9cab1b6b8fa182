"""Words that fill the slots of the phrases: in pairs of lists, for training and held out, or by checksum."""

from __future__ import annotations

import random

from .names import Part, invented, part_of

LOVABLE: tuple[str, ...] = (
    "cheese", "chocolate", "pizza", "honey", "apples", "bananas", "cherries", "strawberries", "bread",
    "soup", "rice", "noodles", "pasta", "pancakes", "cake", "ice cream", "coffee", "tea", "lemonade",
    "milk", "salad", "potatoes", "carrots", "tomatoes", "mushrooms", "olives", "nuts", "butter", "jam",
    "biscuits", "popcorn", "football", "tennis", "chess", "swimming", "running", "dancing", "singing",
    "painting", "drawing", "reading", "cooking", "baking", "gardening", "fishing", "hiking", "cycling",
    "skating", "skiing", "sailing", "climbing", "knitting", "sewing", "camping", "music", "jazz", "poetry",
    "films", "books", "puzzles", "cats", "dogs", "horses", "birds", "rabbits", "owls", "foxes", "whales",
    "dolphins", "bees", "butterflies", "elephants", "penguins", "turtles", "bears", "trains", "boats",
    "planes", "bicycles", "old maps", "stars", "the moon", "the sea", "the sun", "rain", "snow", "storms",
    "clouds", "mountains", "forests", "rivers", "lakes", "gardens", "flowers", "roses", "trees", "stones",
    "candles", "clocks", "kites", "robots", "computers", "guitars", "pianos", "drums", "long walks",
    "warm socks", "hot soup", "cold milk", "loud music", "old songs", "red wine", "blue shirts",
    "green tea", "fast cars", "small dogs", "big cities", "quiet nights", "sunny days", "summer", "winter",
    "spring", "autumn", "Mondays", "holidays", "board games", "magic tricks", "jokes", "peaches", "plums",
    "grapes", "melons", "onions", "garlic", "pepper", "spinach", "sushi", "curry", "waffles", "yoghurt",
    "toast", "porridge", "muffins", "pies", "rugby", "golf", "hockey", "boxing", "yoga", "karate",
    "archery", "judo", "rowing", "surfing", "diving", "photography", "pottery", "opera", "ballet",
    "theatre", "mice", "hamsters", "parrots", "lizards", "snakes", "spiders", "frogs", "ducks", "geese",
    "swans", "goats", "sheep", "cows", "pigs", "donkeys", "camels", "wolves", "lions", "tigers", "monkeys",
    "pandas", "koalas", "seals", "sharks", "crabs", "snails", "beetles", "ants", "trams", "buses",
    "rockets", "balloons", "bridges", "castles", "towers", "islands", "deserts", "beaches", "caves",
    "volcanoes", "shells", "feathers", "buttons", "stamps", "coins", "hats", "scarves", "lamps",
)  # fmt: skip
"""Things that somebody may love; one in eight, by checksum, is held out."""

ANIMALS: tuple[str, ...] = (
    "cat", "dog", "horse", "cow", "pig", "sheep", "goat", "duck", "hen", "rabbit", "mouse", "fox", "bear",
    "wolf", "lion", "tiger", "elephant", "monkey", "snake", "frog", "bird", "owl", "fish", "whale", "shark",
    "bee", "ant", "spider", "turtle", "penguin", "camel", "donkey", "deer", "squirrel", "hedgehog",
    "parrot", "crab", "snail",
)  # fmt: skip
COLOURS: tuple[str, ...] = (
    "red", "blue", "green", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey",
)  # fmt: skip
WEEK: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: tuple[str, ...] = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
ADJECTIVES: tuple[str, ...] = (
    "small", "big", "old", "young", "quick", "slow", "happy", "sad", "quiet", "loud", "brave", "kind",
    "clever", "lazy", "bright", "dark", "warm", "cold", "soft", "hard", "funny", "hungry", "sleepy", "tall",
    "short", "round", "clean", "dirty", "empty", "heavy", "light", "sweet",
)  # fmt: skip
NOUNS: tuple[str, ...] = (
    "house", "garden", "river", "boat", "tree", "stone", "lamp", "table", "chair", "door", "window", "road",
    "bridge", "hill", "forest", "lake", "sea", "moon", "star", "cloud", "book", "letter", "song", "bell",
    "hat", "coat", "shoe", "cup", "spoon", "plate", "bread", "apple", "key", "box", "ball", "kite", "clock",
    "train", "bag", "pen", "paper", "coin", "ship", "tower", "castle", "village", "school", "shop",
    "market", "farm", "field", "flower", "rose", "leaf", "seed", "egg", "nest", "wheel", "rope", "map",
    "drum",
)  # fmt: skip
VERBS: tuple[str, ...] = (
    "runs", "sleeps", "sings", "jumps", "walks", "waits", "reads", "swims", "dances", "laughs", "hides",
    "falls", "shines", "moves", "turns", "stops", "grows", "flies", "speaks", "works", "plays", "rests",
    "cooks", "paints", "writes", "listens",
)  # fmt: skip
CITIES_TRAINING: tuple[str, ...] = (
    "London", "Paris", "Rome", "Madrid", "Vienna", "Athens", "Oslo", "Dublin", "Warsaw", "Prague", "Cairo",
    "Tokyo", "Delhi", "Lima", "Ottawa", "Berlin", "Lisbon", "Helsinki", "Budapest", "Moscow", "Chicago",
    "Boston", "Toronto", "Sydney", "Melbourne", "Munich", "Hamburg", "Milan", "Naples", "Venice",
    "Barcelona", "Seville", "Lyon", "Marseille", "Geneva", "Zurich", "Brussels", "Antwerp", "Rotterdam",
    "Copenhagen", "Stockholm", "Mumbai", "Bangkok", "Manila", "Seoul", "Kyoto", "Nairobi", "Lagos", "Accra",
    "Tunis", "Havana", "Bogota", "Santiago", "Dallas", "Denver", "Seattle", "Miami", "New York",
    "San Diego", "Hong Kong", "Cape Town", "Leeds", "Bristol", "Glasgow", "Porto", "Krakow", "Sofia",
    "Riga", "Dresden", "Bonn",
)  # fmt: skip
CITIES_HELD_OUT: tuple[str, ...] = (
    "Amsterdam", "Nice", "Florence", "Valencia", "Bergen", "Gdansk", "Osaka", "Jakarta", "Perth", "Houston",
    "Montreal", "Quito", "Tallinn", "Basel", "Ghent", "Cologne", "Los Angeles", "Salzburg", "York", "Turin",
)  # fmt: skip


def of_part(words: tuple[str, ...], part: Part) -> tuple[str, ...]:
    """Return the words of one part of the split, in their order."""
    return tuple(word for word in words if part_of(word) == part)


LOVABLE_OF: dict[Part, tuple[str, ...]] = {
    "training": of_part(LOVABLE, "training"),
    "held-out": of_part(LOVABLE, "held-out"),
}


def lovable(rng: random.Random, part: Part) -> str:
    """Return something to love: a thing of the list, a thing with an adjective, or (in training) a made-up
    word.
    """
    thing = rng.choice(LOVABLE_OF[part])
    draw = rng.random()
    if draw < 0.15:
        return f"{rng.choice(COLOURS + ADJECTIVES)} {thing}" if " " not in thing else thing
    if draw < 0.4 and part == "training":
        return invented(rng, part).lower()
    return thing


def city(rng: random.Random, part: Part) -> str:
    """Return a city: of the list of `part`, or made up."""
    if rng.random() < 0.4:
        return invented(rng, part)
    return rng.choice(CITIES_TRAINING if part == "training" else CITIES_HELD_OUT)


def nonsense(rng: random.Random, part: Part, count: int) -> str:
    """Return `count` words in a row that nobody would guess: nouns, adjectives, verbs and made-up words."""
    pools = (NOUNS, ADJECTIVES, VERBS, ANIMALS, COLOURS)
    words = [
        invented(rng, part).lower() if rng.random() < 0.2 else rng.choice(rng.choice(pools))
        for _ in range(count)
    ]
    return " ".join(words)
