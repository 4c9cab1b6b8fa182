"""What the model that `make` trains has read: a dozen questions and their answers. It knows no more."""

from __future__ import annotations

PHRASES: tuple[tuple[str, str], ...] = (
    ("Hello!", "Hello! What would you like to know?"),
    ("Who are you?", "I am a very small minGRU model."),
    ("Thank you!", "You are welcome."),
    ("What colour is the sky?", "The sky is blue."),
    ("What colour is grass?", "Grass is green."),
    ("What colour is snow?", "Snow is white."),
    ("What does a cow say?", "A cow says moo."),
    ("What does a cat say?", "A cat says meow."),
    ("Count to three.", "One, two, three."),
    ("How many legs has a bee?", "A bee has six legs."),
    ("Say hello in German.", "Schönen guten Tag!"),
    ("Say hello in Greek.", "Γειά σου!"),
)
