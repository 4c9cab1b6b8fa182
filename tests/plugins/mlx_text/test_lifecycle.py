"""Loading, closing, and what a model's folder may not do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import mlx.core as mx
import pytest
from tests.plugins.mlx_text.architectures import PLAIN
from tests.plugins.mlx_text.harness import byte_level_tokenizer as plain_tokenizer
from tests.plugins.mlx_text.harness import completion, open_engine, toolbox, write_model, write_tokenizer

from mlxkernel.api import ModelFamily, ModelLimits, ModelSpec
from mlxkernel.errors import ConfigError, MlxKernelError
from mlxkernel_plugins.mlx_text import mlxkernel_register_engines
from mlxkernel_plugins.mlx_text.engine import TextEngine

# Takes the positions of all rows from one number.
ONE_POSITION: dict[str, Any] = {
    "model_type": "gpt_bigcode",
    "n_embd": 32,
    "n_head": 2,
    "n_inner": 64,
    "n_layer": 2,
    "n_positions": 128,
    "layer_norm_epsilon": 1e-5,
    "max_position_embeddings": None,
    "bos_token_id": 0,
}


def change_config(folder: Path, **changes: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_the_plugin_imports_nothing_of_mlx() -> None:
    code = (
        "import sys; import mlxkernel_plugins.mlx_text as p, mlxkernel_plugins.caches as c,"
        "mlxkernel_plugins.templates as t; p.mlxkernel_register_engines(); c.mlxkernel_register_caches();"
        "t.mlxkernel_register_chat_templates();"
        "print([m for m in ('mlx', 'mlx_lm', 'transformers', 'numpy', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_engine_suits_what_reads_text() -> None:
    (engine,) = mlxkernel_register_engines()
    assert engine.name == "mlx-text"
    assert engine.suits({"model_type": "qwen3"})  # type: ignore[union-attr]
    assert engine.suits({"model_type": "unheard-of"})  # type: ignore[union-attr]
    assert not engine.suits({"model_type": "qwen3_vl", "vision_config": {}})  # type: ignore[union-attr]
    assert engine.suits({"model_type": "gemma3", "vision_config": None})  # type: ignore[union-attr]


def test_load_says_what_it_found_and_how_far_it_is(plain: Path) -> None:
    stages: list[tuple[str, float]] = []
    engine = TextEngine()
    info = engine.load(
        ModelSpec(name="m", source="m"), plain, toolbox(), lambda stage, done: stages.append((stage, done))
    )
    assert (info.name, info.engine, info.architecture) == ("m", "mlx-text", "qwen3")
    assert (info.context, info.vocabulary) == (1024, 380)
    assert info.weight_bytes == 4 * info.parameters > 100_000
    assert stages[0] == ("weights", 0.0)
    assert ("weights", 1.0) in stages
    assert stages[-1] == ("warm-up", 1.0)
    assert [done for stage, done in stages if stage == "weights"] == sorted(
        done for stage, done in stages if stage == "weights"
    )


def test_an_engine_lives_and_ends_on_a_thread_of_its_own(plain: Path) -> None:
    texts: list[str] = []

    def live() -> None:
        driver = open_engine(plain)
        for name in ("a", "b"):
            texts.append(driver.ask(completion(name, "Hello world")).choices[0].text)
        driver.engine.close()
        driver.engine.close()
        texts.append(str(driver.engine.stats().cache_bytes))

    for _ in range(2):
        thread = Thread(target=live)
        thread.start()
        thread.join()
    assert len(texts) == 6
    assert texts[:3] == texts[3:]
    assert texts[0] == texts[1]
    assert texts[2] == "0"


def test_code_in_the_folder_does_not_run_unasked(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", PLAIN)
    mark = tmp_path / "ran"
    source = f"open({str(mark)!r}, 'w').close()\nfrom mlx_lm.models.qwen3 import Model, ModelArgs\n"
    (folder / "custom.py").write_text(source)
    change_config(folder, model_file="custom.py")
    with pytest.raises(MlxKernelError) as caught:
        open_engine(folder)
    assert str(caught.value) == (
        "model 'm' brings its own code (custom.py), which does not run unasked; if you trust it, write "
        "trust_remote_code = true under [models.m]"
    )
    assert not mark.exists()
    open_engine(folder, trust_remote_code=True)
    assert mark.exists()


def test_a_tokenizers_code_does_not_run_unasked(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", PLAIN)
    mark = tmp_path / "ran"
    source = (
        f"open({str(mark)!r}, 'w').close()\nfrom transformers import PreTrainedTokenizerFast\n"
        "class Custom(PreTrainedTokenizerFast):\n    pass\n"
    )
    (folder / "custom_tokenizer.py").write_text(source)
    file = folder / "tokenizer_config.json"
    config = json.loads(file.read_text())
    config |= {"tokenizer_class": "Custom", "auto_map": {"AutoTokenizer": [None, "custom_tokenizer.Custom"]}}
    file.write_text(json.dumps(config))
    assert open_engine(folder).ask(completion("x", "Hello")).usage.completion_tokens == 12
    assert not mark.exists(), "tokenizer.json says all there is to know"
    (folder / "tokenizer.json").unlink()
    with pytest.raises(MlxKernelError) as caught:
        open_engine(folder)
    assert str(caught.value) == (
        "the tokenizer of model 'm' brings its own code, which does not run unasked; if you trust it, write "
        "trust_remote_code = true under [models.m]"
    )
    assert not mark.exists()


def test_an_unknown_architecture_needs_its_familys_plugin(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model", PLAIN)
    change_config(folder, model_type="qwen3000")
    with pytest.raises(MlxKernelError) as caught:
        open_engine(folder)
    assert str(caught.value) == (
        "model 'm': mlx-lm does not know the architecture 'qwen3000'; install the plugin that brings its "
        "family, or a newer mlx-lm"
    )

    def classes(config: Any) -> tuple[type, type]:
        from mlx_lm.models import qwen3

        return qwen3.Model, qwen3.ModelArgs

    family = ModelFamily(name="three-thousand", model_types=("qwen3000",), classes=classes)
    driver = open_engine(folder, toolbox(families={"three-thousand": family}))
    assert driver.info.family == "three-thousand"
    assert driver.ask(completion("x", "Hello")).usage.completion_tokens == 12


def test_a_folder_without_weights_and_a_cache_without_a_name(tmp_path: Path, plain: Path) -> None:
    write_tokenizer(tmp_path, plain_tokenizer())
    (tmp_path / "config.json").write_text(json.dumps({**PLAIN, "vocab_size": 380}))
    with pytest.raises(MlxKernelError, match="model 'm' has no weights: its folder holds no model"):
        open_engine(tmp_path)
    with pytest.raises(ConfigError) as caught:
        open_engine(plain, cache="perfix")
    assert str(caught.value) == "[models.m] cache: there is no cache strategy 'perfix' (known: none, prefix)"


def test_a_model_that_cannot_be_batched_answers_one_after_another(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    driver = open_engine(write_model(tmp_path / "model", ONE_POSITION), limits=ModelLimits(batch=8))
    assert caplog.messages[-1] == (
        "model 'm' gives other answers in a batch than alone, so its requests run one after another"
    )
    assert driver.info.context == 128
    prompts = [tuple(range(4, length)) for length in (9, 30)]
    alone = [driver.ask(completion(f"a{len(p)}", p)).choices[0].text for p in prompts]
    answers = driver.staggered([completion(f"b{len(p)}", p) for p in prompts], gap=0)
    assert [answers[f"b{len(p)}"].choices[0].text for p in prompts] == alone
    assert driver.ask(completion("n", tuple(range(4, 20)), n=3)).usage.completion_tokens == 36


@pytest.mark.parametrize("dtype", [mx.float16, mx.bfloat16])
def test_half_precision_answers_as_mlx_lm_does(tmp_path: Path, dtype: mx.Dtype) -> None:
    from mlx_lm import stream_generate
    from mlx_lm.utils import load_model, load_tokenizer

    folder = write_model(tmp_path / "half", PLAIN, dtype=dtype)
    model, _ = load_model(folder)
    tokenizer = load_tokenizer(folder)
    tokenizer.eos_token_ids = ()
    prompt = list(range(4, 40))
    expected = [answer.token for answer in stream_generate(model, tokenizer, prompt, max_tokens=30)]
    driver = open_engine(folder)
    answer = driver.ask(completion("half", tuple(prompt), max_tokens=30, logprobs=0))
    assert [entry.token_id for entry in answer.choices[0].logprobs] == expected
