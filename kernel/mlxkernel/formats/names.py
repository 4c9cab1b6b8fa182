"""Names: what may stand as the name of a tool in a text."""

from __future__ import annotations

import re

NAME = re.compile(r"[^\s<>\"'`{}()\[\]=,;|｜]+")
"""The name of a tool, as strict as the formats need it to tell a call from other text."""

LIMIT = 256
"""How long a name or key may be, in characters; what is longer is none."""
