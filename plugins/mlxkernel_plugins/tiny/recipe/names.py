"""Names of people: real ones in two lists, and made-up ones from syllables, split by their checksum."""

from __future__ import annotations

import random
import zlib
from typing import Literal

Part = Literal["training", "held-out"]

TRAINING: tuple[str, ...] = (
    "Aaron", "Abigail", "Adam", "Adrian", "Agnes", "Aisha", "Albert", "Alex", "Alfred", "Amelia", "Amir",
    "Amy", "Andrea", "Andrew", "Angela", "Anita", "Anna", "Anthony", "Antonio", "Arthur", "Astrid",
    "Barbara", "Beatrice", "Benjamin", "Bernard", "Beth", "Bill", "Boris", "Brenda", "Brian", "Bruno",
    "Caleb", "Camila", "Carl", "Carlos", "Carmen", "Caroline", "Cecilia", "Charles", "Charlotte", "Chen",
    "Chloe", "Christine", "Clara", "Claudia", "Colin", "Connor", "Craig", "Cynthia", "Daniel", "Daphne",
    "Deborah", "Denis", "Derek", "Diana", "Diego", "Dominic", "Donald", "Dora", "Dylan", "Eddie", "Edith",
    "Edward", "Eleanor", "Elena", "Elias", "Elizabeth", "Ella", "Emil", "Emily", "Eric", "Erika", "Ernest",
    "Esther", "Eugene", "Eva", "Evelyn", "Fatima", "Felix", "Fiona", "Florence", "Frank", "Frederick",
    "Gabriel", "Gary", "Gemma", "Geoffrey", "Gerald", "Gina", "Gloria", "Gordon", "Grace", "Graham",
    "Greta", "Gustav", "Hannah", "Harold", "Harriet", "Harry", "Hassan", "Hector", "Heidi", "Helen",
    "Henry", "Hilda", "Howard", "Hugo", "Ibrahim", "Ida", "Igor", "Ines", "Ingrid", "Irene", "Isaac",
    "Isabel", "Ivan", "Jack", "Jacob", "James", "Jane", "Janet", "Jason", "Jean", "Jennifer", "Jeremy",
    "Jessica", "Joan", "Joel", "John", "Jonas", "Jonathan", "Joseph", "Joyce", "Juan", "Judith", "Julia",
    "Julian", "Karen", "Karl", "Kate", "Kenneth", "Kevin", "Khalid", "Kim", "Lara", "Laura", "Lawrence",
    "Leah", "Lena", "Leo", "Leon", "Leonard", "Lewis", "Liam", "Lily", "Linda", "Lisa", "Liu", "Louise",
    "Lucas", "Lucy", "Luis", "Lukas", "Magnus", "Malcolm", "Marco", "Margaret", "Maria", "Marie", "Marion",
    "Mark", "Martha", "Martin", "Mary", "Matthew", "Maurice", "Max", "Maya", "Megan", "Melissa", "Michael",
    "Miguel", "Mila", "Milo", "Miriam", "Mohammed", "Molly", "Monica", "Nadia", "Naomi", "Nathan", "Neil",
    "Nicholas", "Nicole", "Nigel", "Nikita", "Noah", "Nora", "Norman", "Olga", "Oliver", "Omar", "Oscar",
    "Otto", "Pablo", "Pamela", "Patricia", "Paul", "Pedro", "Peter", "Philip", "Rachel", "Ralph", "Ravi",
    "Raymond", "Rebecca", "Richard", "Rita", "Robert", "Robin", "Roger", "Roland", "Rosa", "Rose",
    "Russell", "Ruth", "Ryan", "Sally", "Samuel", "Sandra", "Sara", "Scott", "Sean", "Sebastian", "Sergio",
    "Sharon", "Silvia", "Simon", "Sofia", "Sonia", "Stanley", "Stella", "Stephen", "Steven", "Stuart",
    "Susan", "Sven", "Tara", "Teresa", "Thomas", "Tim", "Tina", "Tobias", "Tom", "Toni", "Uma", "Ursula",
    "Valentina", "Vanessa", "Vera", "Victor", "Vincent", "Viola", "Walter", "Wanda", "Wei", "Wendy",
    "William", "Xavier", "Yasmin", "Yusuf", "Zachary", "Zoe",
)  # fmt: skip
"""Real first names that the training may use."""

HELD_OUT: tuple[str, ...] = (
    "Alice", "Bob", "Carol", "David", "Emma", "Ethan", "Fred", "George", "Hans", "Holly", "Iris", "Ken",
    "Kai", "Linus", "Luke", "Marta", "Mia", "Mona", "Nina", "Olivia", "Pia", "Priya", "Quentin", "Rosie",
    "Sam", "Sophie", "Tariq", "Theo", "Tilda", "Ulrich", "Vikram", "Violet", "Yuki", "Zara", "Ada", "Basil",
    "Celia", "Edgar", "Farah", "Gwen", "Hiro", "Jasper", "Klara", "Lydia", "Mateo", "Niko", "Odette",
    "Petra", "Rafael", "Selma",
)  # fmt: skip
"""Real first names that only the evaluation uses."""

_STARTS: tuple[str, ...] = (
    "B", "Br", "C", "Ch", "Cl", "D", "Dr", "F", "Fl", "G", "Gr", "H", "J", "K", "Kl", "L", "M", "N", "P",
    "Pr", "Qu", "R", "S", "Sh", "St", "T", "Th", "Tr", "V", "W", "Y", "Z", "A", "E", "I", "O", "U", "Al",
    "An", "El", "Er", "Il", "Or", "Os", "Ul",
)  # fmt: skip
_MIDDLES: tuple[str, ...] = (
    "a", "e", "i", "o", "u", "ai", "ea", "ie", "oo", "ar", "er", "or", "an", "en", "in", "on", "al", "el",
    "il", "am", "em", "im", "as", "is", "os", "ad", "ed", "ol", "un", "ur", "ia", "io",
)  # fmt: skip
_JOINTS: tuple[str, ...] = (
    "b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "nd", "ll", "nn",
    "rr", "tt", "st", "lb", "rk", "dr", "th", "sh", "ck", "mm", "ss", "ph",
)  # fmt: skip
_ENDS: tuple[str, ...] = (
    "a", "o", "e", "i", "y", "an", "en", "in", "on", "ar", "er", "or", "el", "al", "il", "us", "is", "as",
    "ah", "eth", "ick", "ina", "ella", "ette", "olf", "ert", "ald", "iel", "ora", "ena", "ie", "ko", "mi",
    "ra", "ta",
)  # fmt: skip


def part_of(word: str) -> Part:
    """Return the part of the split that a made-up word belongs to: one in eight is held out, for ever the
    same.
    """
    return "held-out" if zlib.crc32(word.encode()) % 8 == 0 else "training"


def invented(rng: random.Random, part: Part) -> str:
    """Return a made-up name of two to four syllables that belongs to `part`."""
    while True:
        name = rng.choice(_STARTS) + rng.choice(_MIDDLES)
        for _ in range(rng.choice((0, 1, 1, 2))):
            name += rng.choice(_JOINTS) + rng.choice(_MIDDLES)
        name += rng.choice(_JOINTS) + rng.choice(_ENDS)
        if part_of(name) == part and name not in TRAINING and name not in HELD_OUT:
            return name


def first_name(rng: random.Random, part: Part) -> str:
    """Return a name of `part`: seven of ten are made up, so that names have to be copied, not known."""
    if rng.random() < 0.7:
        return invented(rng, part)
    return rng.choice(TRAINING if part == "training" else HELD_OUT)
