"""mlx_vlm, wrapped: loading a model with its processor (pinned to ``mlx-vlm>=0.7.10,<0.8``).

`network` runs what is loaded here, `probe` tries it. tests/plugins/mlx_vision holds what is relied on, for
several families.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlx_vlm.quant_utils import get_total_parameters
from mlx_vlm.utils import load_image_processor, load_model, load_processor

from mlxkernel.api import LoadProgress, ModelSpec, WorkerToolbox
from mlxkernel.errors import MlxKernelError
from mlxkernel.messages import Json
from mlxkernel_mlx.assembly import Loaded
from mlxkernel_mlx.loading import chat_format, foreign_code, read_json, read_weights, refuse_code
from mlxkernel_mlx.tokenizer import Tokenizer
from mlxkernel_plugins.mlx_vision.features import FeatureCache
from mlxkernel_plugins.mlx_vision.network import VisionNetwork
from mlxkernel_plugins.mlx_vision.probe import probe
from mlxkernel_plugins.mlx_vision.reading import VisionReader

logger = logging.getLogger(__name__)

_NAMING_CODE = (
    "config.json",
    "tokenizer_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
)
"""The files whose ``auto_map`` names Python code of the model's folder."""

_IMAGE_TOKENS = ("image_token_id", "image_token_index")
"""What families call the token of which a picture has many in a prompt."""


def load(
    spec: ModelSpec, folder: Path, toolbox: WorkerToolbox, progress: LoadProgress, *, feature_bytes: int
) -> Loaded:
    """Load model and processor, and try them on a picture. Raises `MlxKernelError` with the mend."""
    config = read_json(folder / "config.json")
    architecture = str(config.get("model_type"))
    if not spec.trust_remote_code:
        _refuse_code(spec.name, folder, config)
    progress("weights", 0.0)
    model = _model(spec, folder, architecture)
    weight_bytes = read_weights(model, progress)
    processor = _processor(spec, folder, model)
    tokenizer = _tokenizer(processor)
    family = toolbox.family_of(architecture)
    reader = VisionReader(
        spec.name,
        tokenizer,
        processor,
        _image_token(spec.name, architecture, model),
        chat_format(spec, tokenizer, family, toolbox),
    )
    network = VisionNetwork(model, FeatureCache(feature_bytes))
    probe(spec.name, architecture, network, reader)
    network.features.clear()
    return Loaded(
        architecture=architecture,
        family=family,
        network=network,
        tokenizer=tokenizer,
        reader=reader,
        config=config,
        generation=read_json(folder / "generation_config.json"),
        parameters=int(get_total_parameters(model)),
        weight_bytes=weight_bytes,
        modalities=("text", "image"),
    )


def _refuse_code(name: str, folder: Path, config: Mapping[str, Json]) -> None:
    # Some families of mlx_vlm load their processors with trust_remote_code=True, whatever they are told; so
    # the folder is looked at before mlx_vlm sees it.
    refuse_code(name, config)
    for file in _NAMING_CODE:
        if "auto_map" in read_json(folder / file):
            raise foreign_code(name, f"model '{name}' brings its own code (auto_map in {file})")


def _model(spec: ModelSpec, folder: Path, architecture: str) -> Any:
    try:
        model = load_model(folder, lazy=True)
    except FileNotFoundError as error:
        raise MlxKernelError(
            f"model '{spec.name}' has no weights: its folder holds no model*.safetensors"
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if f"Model type {architecture} not supported" not in str(error):
            raise MlxKernelError(f"model '{spec.name}' cannot be built from its files: {error}") from error
        raise MlxKernelError(
            f"model '{spec.name}': mlx-vlm does not know the architecture '{architecture}'; "
            "a newer mlx-vlm may"
        ) from error
    if not all(hasattr(model, part) for part in ("language_model", "get_input_embeddings")):
        raise MlxKernelError(
            f"model '{spec.name}': mlx-vlm's '{architecture}' has no language model that answers questions "
            "about pictures, so this engine cannot run it"
        )
    return model


def _processor(spec: ModelSpec, folder: Path, model: Any) -> Any:
    ends = getattr(model.config, "eos_token_id", None)
    trust = spec.trust_remote_code
    try:
        processor = load_processor(folder, True, eos_token_ids=ends, trust_remote_code=trust)
        own = load_image_processor(folder, trust_remote_code=trust)
    except (AttributeError, ImportError, KeyError, OSError, TypeError, ValueError) as error:
        raise MlxKernelError(f"the processor of model '{spec.name}' cannot be loaded: {error}") from error
    if own is not None:
        processor.image_processor = own
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise MlxKernelError(
            f"the processor of model '{spec.name}' takes in no pictures: its folder lacks "
            "preprocessor_config.json or processor_config.json"
        )
    return processor


def _tokenizer(processor: Any) -> Tokenizer:
    hf = processor.tokenizer
    if hf.chat_template is None:
        hf.chat_template = getattr(processor, "chat_template", None)
    return Tokenizer(hf, frozenset(int(token) for token in hf.stopping_criteria.eos_token_ids))


def _image_token(name: str, architecture: str, model: Any) -> int:
    for key in _IMAGE_TOKENS:
        token = getattr(model.config, key, None)
        if isinstance(token, int) and token >= 0:
            return token
    raise MlxKernelError(
        f"model '{name}': the prompts of mlx-vlm's '{architecture}' have no token for a picture, so "
        "this engine cannot run it"
    )
