"""The server that the clients meet: the bundled models, and two with random weights.

`random` is for forced calls. `long` is for coding agents, whose first request has tens of thousands of
tokens: one layer, so that a processor reads them in seconds, and the tokenizer and template of `tiny`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mlxkernel.testing import ServeProcess, serve_process

LONG = 65_536
"""Tokens of context that `long` has."""

CONFIG = """\
[models.tiny]
source = "bundled:tiny"
preload = true

[models.tiny-vision]
source = "bundled:tiny-vision"
preload = true

[models.random]
source = "{random}"
tool_format = "hermes"
preload = true

[models.long]
source = "{long}"

[models.long.defaults]
max_tokens = 64

[models.short]
source = "bundled:tiny"

[models.short.defaults]
max_tokens = 8

[media]
fetch = true
allowed_hosts = ["127.0.0.1"]
"""


@contextlib.contextmanager
def server() -> Iterator[ServeProcess]:
    """A real server on a free port, all of its models ready."""
    from tests.plugins.mlx_text.architectures import PLAIN
    from tests.plugins.mlx_text.harness import TOOLS_TEMPLATE, write_model

    with tempfile.TemporaryDirectory() as folder:
        random = write_model(
            Path(folder) / "random", {**PLAIN, "max_position_embeddings": 8192}, template=TOOLS_TEMPLATE
        )
        config = Path(folder) / "mlx.toml"
        config.write_text(CONFIG.format(random=random, long=_write_long(Path(folder) / "long")))
        with serve_process("-c", str(config)) as process:
            process.wait_ready()
            yield process


def _write_long(folder: Path) -> Path:
    from tests.plugins.mlx_text.architectures import PLAIN
    from tests.plugins.mlx_text.harness import write_model

    from mlxkernel_plugins import tiny

    bundled = Path(tiny.__file__).parent / "model"
    sizes = {"num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 32}
    tokens = {
        key: json.loads((bundled / "config.json").read_text())[key] for key in ("vocab_size", "eos_token_id")
    }
    write_model(folder, {**PLAIN, **sizes, **tokens, "max_position_embeddings": LONG})
    for name in ("tokenizer.json", "chat_template.jinja"):
        shutil.copy(bundled / name, folder)
    settings = json.loads((bundled / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": LONG}))
    return folder
