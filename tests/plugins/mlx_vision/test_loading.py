"""What is told of a model, and what is refused by name before or while it is loaded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.mlx_text.harness import Driver
from tests.plugins.mlx_vision.architectures import MLLAMA, PALIGEMMA, Family
from tests.plugins.mlx_vision.harness import ask, open_engine, picture, user, write_model

from mlxkernel.api import WorkerEngine
from mlxkernel.errors import MlxKernelError
from mlxkernel_plugins.mlx_vision import Config, mlxkernel_register_engines


@pytest.fixture
def copy(seeing: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of the model's folder with tables changed: `copy(**{"config.json": {"key": value}})`."""

    def copied(**changes: dict[str, Any]) -> Path:
        folder = tmp_path / "model"
        shutil.copytree(seeing, folder)
        for name, table in changes.items():
            file = folder / name
            old = json.loads(file.read_text()) if file.exists() else {}
            file.write_text(json.dumps({**old, **table}))
        return folder

    return copied


def refusal(folder: Path, **changes: Any) -> str:
    with pytest.raises(MlxKernelError) as caught:
        open_engine(folder, **changes)
    return str(caught.value)


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    program = (
        "import sys; import mlxkernel_plugins.mlx_vision as p; p.mlxkernel_register_engines(p.Config());"
        "print([name for name in ('mlx', 'mlx_vlm', 'transformers', 'numpy', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_engine_suits_what_sees() -> None:
    (engine,) = mlxkernel_register_engines(Config())
    assert isinstance(engine, WorkerEngine)
    assert engine.name == "mlx-vision"
    assert engine.suits({"model_type": "qwen3_vl", "vision_config": {"depth": 2}})
    assert engine.suits({"model_type": "phi3_v", "img_processor": {"name": "clip"}})
    assert not engine.suits({"model_type": "qwen3"})
    assert not engine.suits({"model_type": "gemma3", "vision_config": None})


def test_what_is_told_of_a_model(driver: Driver) -> None:
    info = driver.info
    assert (info.engine, info.architecture, info.modalities) == ("mlx-vision", "qwen3_vl", ("text", "image"))
    assert (info.context, info.vocabulary) == (1024, 360)
    assert info.parameters > 100_000
    assert info.weight_bytes == 4 * info.parameters


@pytest.mark.parametrize(
    "file",
    ["config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json"],
)
def test_code_in_the_folder_does_not_run_unasked(file: str, copy: Callable[..., Path]) -> None:
    folder = copy(**{file: {"auto_map": {"AutoProcessor": "code.Own"}}})
    (folder / "code.py").write_text("raise SystemExit('this ran')\n")
    assert refusal(folder) == (
        f"model 'm' brings its own code (auto_map in {file}), which does not run unasked; if you trust it, "
        "write trust_remote_code = true under [models.m]"
    )


def test_a_model_file_does_not_run_unasked(copy: Callable[..., Path]) -> None:
    folder = copy(**{"config.json": {"model_file": "code.py"}})
    (folder / "code.py").write_text("raise SystemExit('this ran')\n")
    assert refusal(folder) == (
        "model 'm' brings its own code (code.py), which does not run unasked; if you trust it, write "
        "trust_remote_code = true under [models.m]"
    )
    with pytest.raises(SystemExit, match="this ran"):
        open_engine(folder, trust_remote_code=True)


def test_an_architecture_that_mlx_vlm_does_not_know(copy: Callable[..., Path]) -> None:
    folder = copy(**{"config.json": {"model_type": "unheard_of"}})
    assert refusal(folder) == (
        "model 'm': mlx-vlm does not know the architecture 'unheard_of'; a newer mlx-vlm may"
    )


def test_a_folder_without_weights(copy: Callable[..., Path]) -> None:
    folder = copy()
    (folder / "model.safetensors").unlink()
    assert refusal(folder) == "model 'm' has no weights: its folder holds no model*.safetensors"


def test_weights_of_another_shape(copy: Callable[..., Path]) -> None:
    folder = copy()
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["hidden_size"] = 32
    (folder / "config.json").write_text(json.dumps(config))
    assert refusal(folder).startswith("model 'm' cannot be built from its files: ")


def test_a_picture_s_token_is_needed(copy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    from mlxkernel_plugins.mlx_vision import library

    monkeypatch.setattr(library, "_IMAGE_TOKENS", ("no_such_setting",))
    assert refusal(copy()) == (
        "model 'm': the prompts of mlx-vlm's 'qwen3_vl' have no token for a picture, so this engine cannot "
        "run it"
    )


@pytest.mark.parametrize(
    ("family", "why"),
    [
        (MLLAMA, "it looks at pictures by cross-attention"),
        (PALIGEMMA, "its prompts cannot be processed in pieces"),
    ],
    ids=["mllama", "paligemma"],
)
def test_what_a_family_cannot_do_here_is_found_while_it_is_loaded(
    family: Family, why: str, tmp_path: Path
) -> None:
    name = family.config["model_type"]
    assert refusal(write_model(tmp_path / "model", family)) == (
        f"model 'm': this engine cannot run the pictures of mlx-vlm's '{name}': {why}"
    )


def test_a_family_that_looks_both_ways_reads_up_to_its_last_picture_at_once(
    seeing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlx_vlm.models.qwen3_vl.language import LanguageModel

    expected = open_engine(seeing).ask(ask("a", user("Look: ", picture(1), "What is it?"))).choices[0].text
    monkeypatch.setattr(LanguageModel, "no_chunked_prefill", True, raising=False)
    driver = open_engine(seeing)
    lengths: list[int] = []
    run = LanguageModel.__call__

    def noted(self: Any, inputs: Any, **named: Any) -> Any:
        lengths.append(inputs.shape[1])
        return run(self, inputs, **named)

    monkeypatch.setattr(LanguageModel, "__call__", noted)
    job = driver.engine.prepare(ask("b", user("Look: ", picture(1), "What is it?")))
    solid = job.prompts[0].solid  # type: ignore[union-attr]
    answer = driver.ask(ask("c", user("Look: ", picture(1), "What is it?")))
    assert lengths[0] >= solid > 0
    assert answer.choices[0].text == expected
    again = driver.ask(ask("d", user("Look: ", picture(1), "What is that?")))
    assert again.usage.cached_tokens >= solid
    assert driver.ask(ask("e", user("Look: ", picture(2), "What?"))).usage.cached_tokens == 0
