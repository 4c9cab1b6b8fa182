"""The small facts that tiny knows by heart. They are all in the training: facts cannot be held out, only
phrasings can.
"""

from __future__ import annotations

CAPITALS: dict[str, str] = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Austria": "Vienna",
    "Greece": "Athens", "Norway": "Oslo", "Sweden": "Stockholm", "Finland": "Helsinki",
    "Denmark": "Copenhagen",
    "Ireland": "Dublin", "England": "London", "Poland": "Warsaw", "Portugal": "Lisbon", "Hungary": "Budapest",
    "Russia": "Moscow", "Egypt": "Cairo", "Japan": "Tokyo", "China": "Beijing", "India": "New Delhi",
    "Peru": "Lima", "Canada": "Ottawa", "Cuba": "Havana", "Kenya": "Nairobi", "Belgium": "Brussels",
}  # fmt: skip

COLOUR_OF: dict[str, str] = {
    "the sky": "blue", "grass": "green", "snow": "white", "blood": "red", "coal": "black",
    "the sun": "yellow",
    "a banana": "yellow", "a lemon": "yellow", "a tomato": "red", "a carrot": "orange", "milk": "white",
    "chocolate": "brown", "the sea": "blue", "a frog": "green", "a cherry": "red", "a strawberry": "red",
    "an elephant": "grey", "a crow": "black", "a leaf": "green", "a pig": "pink", "wood": "brown",
    "a plum": "purple",
    "the night": "black", "a cloud": "white", "a pumpkin": "orange", "a mouse": "grey", "a cucumber": "green",
}  # fmt: skip

SOUND_OF: dict[str, str] = {
    "cat": "meow", "dog": "woof", "cow": "moo", "sheep": "baa", "duck": "quack", "pig": "oink",
    "horse": "neigh",
    "hen": "cluck", "lion": "roar", "owl": "hoot", "bee": "buzz", "snake": "hiss", "mouse": "squeak",
    "frog": "croak",
    "wolf": "howl", "bird": "tweet", "donkey": "hee-haw",
}  # fmt: skip

OPPOSITES: tuple[tuple[str, str], ...] = (
    ("big", "small"), ("hot", "cold"), ("old", "young"), ("fast", "slow"), ("happy", "sad"), ("up", "down"),
    ("left", "right"), ("day", "night"), ("black", "white"), ("good", "bad"), ("open", "closed"),
    ("high", "low"),
    ("long", "short"), ("hard", "soft"), ("loud", "quiet"), ("light", "dark"), ("wet", "dry"),
    ("full", "empty"),
    ("rich", "poor"), ("clean", "dirty"), ("early", "late"), ("strong", "weak"), ("thick", "thin"),
    ("yes", "no"),
    ("first", "last"), ("in", "out"), ("love", "hate"), ("begin", "end"), ("win", "lose"), ("buy", "sell"),
    ("push", "pull"), ("sweet", "sour"), ("near", "far"), ("true", "false"), ("friend", "enemy"),
    ("new", "used"),
)  # fmt: skip

LEGS: dict[str, str] = {
    "dog": "four", "cat": "four", "horse": "four", "cow": "four", "bird": "two", "duck": "two", "hen": "two",
    "spider": "eight", "ant": "six", "bee": "six", "snake": "no", "fish": "no", "elephant": "four",
    "frog": "four",
    "crab": "ten", "person": "two", "owl": "two", "mouse": "four",
}  # fmt: skip

HOME_OF: dict[str, str] = {
    "fish": "in the water", "bird": "in a nest", "bee": "in a hive", "fox": "in a den", "whale": "in the sea",
    "penguin": "on the ice", "camel": "in the desert", "monkey": "in the trees", "cow": "on a farm",
    "bear": "in the forest",
    "spider": "in a web", "owl": "in an old tree", "frog": "by the pond", "shark": "in the sea",
    "snail": "in its shell",
}  # fmt: skip

FOOD_OF: dict[str, str] = {
    "cat": "fish and mice", "dog": "meat and bones", "cow": "grass", "rabbit": "carrots and grass",
    "monkey": "bananas",
    "horse": "hay and apples", "bear": "honey and berries", "mouse": "cheese and seeds", "lion": "meat",
    "bird": "seeds",
    "frog": "flies", "squirrel": "nuts", "sheep": "grass", "panda": "bamboo", "owl": "mice",
}  # fmt: skip

YOUNG_OF: dict[str, str] = {
    "cat": "kitten", "dog": "puppy", "cow": "calf", "horse": "foal", "sheep": "lamb", "hen": "chick",
    "pig": "piglet",
    "duck": "duckling", "bear": "cub", "lion": "cub", "goat": "kid", "frog": "tadpole", "deer": "fawn",
}  # fmt: skip

DEFINITIONS: dict[str, str] = {
    "cat": "A cat is a small furry animal that likes to sleep and to catch mice.",
    "dog": "A dog is a friendly animal that barks and guards the house.",
    "horse": "A horse is a big strong animal that people can ride.",
    "cow": "A cow is a farm animal that eats grass and gives milk.",
    "bird": "A bird is an animal with wings and feathers.",
    "fish": "A fish is an animal that lives and swims in the water.",
    "elephant": "An elephant is a very big grey animal with a long trunk.",
    "bee": "A bee is a small insect that makes honey.",
    "tree": "A tree is a tall plant with a trunk, branches and leaves.",
    "flower": "A flower is the colourful part of a plant, and it often smells sweet.",
    "apple": "An apple is a round fruit that grows on a tree.",
    "banana": "A banana is a long yellow fruit.",
    "bread": "Bread is a food that is baked from flour and water.",
    "cheese": "Cheese is a food that is made from milk.",
    "water": "Water is a clear liquid that all living things need.",
    "snow": "Snow is frozen water that falls from the clouds in winter.",
    "rain": "Rain is water that falls from the clouds.",
    "the sun": "The sun is the star that gives us light and warmth.",
    "the moon": "The moon is a ball of rock that goes round the earth.",
    "star": "A star is a huge ball of hot gas that shines in the sky.",
    "the sea": "The sea is a very large body of salt water.",
    "river": "A river is water that flows through the land to the sea.",
    "mountain": "A mountain is a very high piece of land.",
    "house": "A house is a building where people live.",
    "school": "A school is a place where children learn.",
    "book": "A book is a set of pages with words to read.",
    "clock": "A clock is a machine that shows the time.",
    "car": "A car is a machine with four wheels that takes people along the road.",
    "train": "A train is a row of wagons that runs on rails.",
    "boat": "A boat is a small ship that carries people over water.",
    "computer": "A computer is a machine that works with numbers and words.",
    "robot": "A robot is a machine that can do work by itself.",
    "language model": "A language model is a program that guesses the next word again and again.",
    "friend": "A friend is somebody whom you like and trust.",
    "doctor": "A doctor is a person who helps sick people.",
    "teacher": "A teacher is a person who helps others to learn.",
    "baker": "A baker is a person who makes bread and cakes.",
    "music": "Music is sound that is put together so that it is good to hear.",
    "kitchen": "A kitchen is a room where people cook.",
    "garden": "A garden is a place where people grow flowers and vegetables.",
    "spoon": "A spoon is a tool for eating soup.",
    "hammer": "A hammer is a tool for hitting nails.",
    "umbrella": "An umbrella keeps you dry when it rains.",
    "winter": "Winter is the coldest season of the year.",
    "summer": "Summer is the warmest season of the year.",
    "love": "Love is a strong and warm feeling for somebody.",
    "time": "Time is what clocks measure, from one moment to the next.",
    "ice": "Ice is water that is frozen hard.",
    "fire": "Fire is hot and bright, and it burns wood.",
    "wind": "Wind is air that moves.",
    "spider": "A spider is a small animal with eight legs that spins a web.",
    "whale": "A whale is a huge animal that lives in the sea.",
    "frog": "A frog is a small green animal that jumps and lives by the pond.",
    "fox": "A fox is a clever red animal with a bushy tail.",
    "city": "A city is a large place where many people live.",
    "island": "An island is land with water all round it.",
}

YES_NO: tuple[tuple[str, str], ...] = (
    ("[Is snow|Is ice|Is winter] cold?", "Yes, it is cold."),
    ("[Is fire|Is the sun] hot?", "Yes, it is hot."),
    ("Is [fire|the sun] cold?", "No, it is hot."),
    ("Is [snow|ice] hot?", "No, it is cold."),
    ("Is the sky [green|red|yellow]?", "No, the sky is blue."),
    ("Is the sky blue?", "Yes, the sky is blue."),
    ("Is grass green?", "Yes, grass is green."),
    ("Is grass [blue|red|purple]?", "No, grass is green."),
    ("Is water wet?", "Yes, water is wet."),
    ("Is water dry?", "No, water is wet."),
    ("Can [birds|bees|owls|butterflies|planes] fly?", "Yes, they can fly."),
    ("Can [dogs|pigs|cows|elephants|horses|stones] fly?", "No, they cannot fly."),
    ("Can [fish|ducks|whales|frogs|sharks] swim?", "Yes, they can swim."),
    ("Can [stones|chairs|books|tables] swim?", "No, they cannot swim."),
    ("Can [people|dogs|cats|horses] run?", "Yes, they can run."),
    ("Can [trees|houses|stones|tables] run?", "No, they cannot run."),
    ("Is a [cat|dog|cow|horse|bee|duck] an animal?", "Yes, it is an animal."),
    ("Is a [table|book|spoon|car|house] an animal?", "No, it is not an animal."),
    ("Is an [apple|orange] a fruit?", "Yes, it is a fruit."),
    ("Is a [banana|cherry|pear|lemon] a fruit?", "Yes, it is a fruit."),
    ("Is a [dog|shoe|chair|car|cow] a fruit?", "No, it is not a fruit."),
    ("Do [dogs|cats|cows|horses] have [four legs|a tail]?", "Yes, they do."),
    ("Do [fish|snakes] have legs?", "No, they have no legs."),
    ("Are you [human|a person|a man|a woman|real]?", "No, I am a small language model."),
    ("Are you [a robot|a computer|a machine|a language model|an AI]?", "Yes, I am a small language model."),
    ("Is the [elephant|whale] big?", "Yes, it is very big."),
    ("Is the [mouse|ant] big?", "No, it is small."),
    ("Is ice cream [sweet|cold]?", "Yes, it is sweet and cold."),
    ("Is a lemon [sour|yellow]?", "Yes, a lemon is yellow and sour."),
)

SIZES: tuple[str, ...] = (
    "ant", "bee", "mouse", "frog", "bird", "cat", "dog", "sheep", "lion", "horse", "elephant", "house",
    "mountain",
)  # fmt: skip
"""From small to large: a pair two or more places apart can be compared."""

KINDS: dict[str, tuple[str, ...]] = {
    "fruit": ("apple", "banana", "cherry", "pear", "plum", "lemon"),
    "animal": ("cat", "dog", "horse", "cow", "fox", "bear"),
    "colour": ("red", "blue", "green", "yellow", "white", "black"),
    "vegetable": ("carrot", "potato", "onion", "tomato", "bean", "pea"),
    "bird": ("owl", "duck", "hen", "parrot", "crow", "swan"),
    "country": ("France", "Italy", "Spain", "Japan", "Egypt", "Norway"),
    "city": ("Paris", "Rome", "London", "Berlin", "Madrid", "Tokyo"),
    "season": ("spring", "summer", "autumn", "winter"),
    "drink": ("water", "milk", "tea", "coffee", "juice", "lemonade"),
    "tool": ("hammer", "saw", "spade", "knife", "brush", "needle"),
    "flower": ("rose", "tulip", "daisy", "lily", "violet", "poppy"),
    "sport": ("football", "tennis", "swimming", "running", "chess", "skiing"),
}

RHYMES: tuple[tuple[str, ...], ...] = (
    ("cat", "hat", "mat", "rat"), ("dog", "fog", "log", "frog"), ("house", "mouse"),
    ("tree", "bee", "sea", "me"),
    ("moon", "spoon", "soon"), ("star", "car", "far", "jar"), ("light", "night", "bright", "right"),
    ("bell", "well", "tell", "shell"), ("king", "ring", "sing", "spring"), ("day", "play", "way", "say"),
    ("blue", "shoe", "two", "you"), ("red", "bed", "bread", "head"), ("cake", "lake", "snake", "make"),
)  # fmt: skip

NUMBER_WORDS: tuple[str, ...] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip

COUNTS: tuple[tuple[str, str], ...] = (
    ("days are [there |]in a week", "There are seven days in a week."),
    ("months are [there |]in a year", "There are twelve months in a year."),
    ("hours are [there |]in a day", "There are twenty-four hours in a day."),
    ("minutes are [there |]in an hour", "There are sixty minutes in an hour."),
    ("seconds are [there |]in a minute", "There are sixty seconds in a minute."),
    ("seasons are [there |]in a year", "There are four seasons in a year."),
    ("letters are [there |]in the alphabet", "There are twenty-six letters in the alphabet."),
    ("eyes do you have", "I have no eyes. I am a language model."),
    ("eyes does a [cat|dog|person|bird] have", "It has two eyes."),
    ("wheels does a car have", "A car has four wheels."),
    ("wheels does a bicycle have", "A bicycle has two wheels."),
    ("fingers does a hand have", "A hand has five fingers."),
    ("wings does a bird have", "A bird has two wings."),
)

SKIES: tuple[str, ...] = ("sunny", "cloudy", "rainy", "windy", "snowy", "foggy", "stormy", "clear")
ROOMS: tuple[str, ...] = ("kitchen", "bedroom", "garden", "hall", "bathroom", "garage")
COLOURS_OF_LIGHT: tuple[str, ...] = ("red", "green", "blue", "white", "pink", "yellow")
