"""The sizes that pictures are cut by, the same for drawing, training and the processor of the model."""

PATCH = 16
"""The side of a patch in pixels."""

MERGE = 2
"""So many patches a side become one token of the language half."""

CELL = PATCH * MERGE
"""The side in pixels of the square that one token stands for."""

CHANNELS = 3

MOST_PIXELS = 128 * 128
"""A larger picture is made smaller before it is seen: at most 16 tokens."""

LEAST_PIXELS = 96 * 96
"""A smaller picture is made larger."""
