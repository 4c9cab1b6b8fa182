"""Small configurations of families of mlx_vlm that differ in how pictures reach the language model."""

from __future__ import annotations

from typing import Any, NamedTuple

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<pad>",
    "<image>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
    "<fake_token_around_image>",
    "<global-img>",
    "<end_of_utterance>",
    "[IMG]",
    "[IMG_BREAK]",
    "[IMG_END]",
    *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)),
)
"""The special tokens of all these families; their places here are their ids."""

VOCABULARY = 360
"""Tokens of the tokenizer and of the models: mlx_vlm's own detokenizer takes no id beyond the tokenizer's."""


class Family(NamedTuple):
    """The files of a model's folder, and the text that stands for a picture in its chat template.

    `scale` is the spread of its random embeddings.
    """

    config: dict[str, Any]
    preprocessor: dict[str, Any]
    processor: dict[str, Any]
    mark: str
    scale: float = 0.5


def token(text: str) -> int:
    """The id of a special token."""
    return SPECIAL.index(text)


_TEXT: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-6,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 1024,
    "rope_theta": 10000.0,
}

_TOWER: dict[str, Any] = {
    "num_hidden_layers": 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 2,
    "patch_size": 4,
    "image_size": 16,
}

_QWEN_TOKENS = {
    "image_token_id": token("<|image_pad|>"),
    "video_token_id": token("<|video_pad|>"),
    "vision_start_token_id": token("<|vision_start|>"),
    "vision_end_token_id": token("<|vision_end|>"),
}

_QWEN_PICTURES = {
    "image_processor_type": "Qwen2VLImageProcessor",
    "patch_size": 4,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "min_pixels": 64,
    "max_pixels": 4096,
}

_QWEN_MARK = "<|vision_start|><|image_pad|><|vision_end|>"

_SECTIONS = {"type": "mrope", "mrope_section": [2, 3, 3]}

_QWEN_TOWER: dict[str, Any] = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "out_hidden_size": 64,
    "num_heads": 2,
    "patch_size": 4,
}

# Multimodal rotary positions: a picture takes fewer positions than tokens.
QWEN2_VL = Family(
    {
        "model_type": "qwen2_vl",
        **_TEXT,
        **_QWEN_TOKENS,
        "rope_scaling": _SECTIONS,
        "vision_config": {
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 64,
            "num_heads": 2,
            "patch_size": 4,
            "spatial_patch_size": 4,
            "mlp_ratio": 2,
        },
    },
    _QWEN_PICTURES,
    {},
    _QWEN_MARK,
)

# The same, with a tower that looks through windows.
QWEN2_5_VL = Family(
    {
        "model_type": "qwen2_5_vl",
        **_TEXT,
        **_QWEN_TOKENS,
        "rope_scaling": _SECTIONS,
        "vision_config": {
            **_QWEN_TOWER,
            "spatial_patch_size": 4,
            "window_size": 16,
            "fullatt_block_indexes": [1],
        },
    },
    _QWEN_PICTURES,
    {},
    _QWEN_MARK,
)

# The same, and its first layers are given features of their own (deepstack).
QWEN3_VL = Family(
    {
        "model_type": "qwen3_vl",
        **_QWEN_TOKENS,
        "text_config": {
            **_TEXT,
            "model_type": "qwen3_vl_text",
            "head_dim": 16,
            "rope_scaling": {"rope_type": "default", "mrope_section": [2, 3, 3], "mrope_interleaved": True},
        },
        "vision_config": {
            **_QWEN_TOWER,
            "depth": 3,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0, 1],
        },
    },
    _QWEN_PICTURES,
    {},
    _QWEN_MARK,
)

# The same positions over recurrent layers, whose states cannot be trimmed.
QWEN3_5 = Family(
    {
        "model_type": "qwen3_5",
        **_QWEN_TOKENS,
        "vocab_size": VOCABULARY,
        "text_config": {
            **{key: value for key, value in _TEXT.items() if key != "rope_theta"},
            "model_type": "qwen3_5_text",
            "head_dim": 32,
            "full_attention_interval": 2,
            "linear_num_value_heads": 4,
            "linear_num_key_heads": 2,
            "linear_key_head_dim": 32,
            "linear_value_head_dim": 32,
            "linear_conv_kernel_dim": 4,
            "rope_parameters": {
                "type": "default",
                "mrope_section": [2, 3, 3],
                "rope_theta": 10000.0,
                "partial_rotary_factor": 0.5,
            },
        },
        "vision_config": {**_QWEN_TOWER, "model_type": "qwen3_5", "num_position_embeddings": 16},
    },
    _QWEN_PICTURES,
    {},
    _QWEN_MARK,
)

# Sliding windows, and a picture is a fixed number of tokens.
GEMMA3 = Family(
    {
        "model_type": "gemma3",
        "image_token_index": token("<image_soft_token>"),
        "hidden_size": 64,
        "pad_token_id": token("<pad>"),
        "vocab_size": VOCABULARY,
        "text_config": {
            **{key: value for key, value in _TEXT.items() if key != "rope_theta"},
            "model_type": "gemma3_text",
            "num_hidden_layers": 3,
            "head_dim": 16,
            "query_pre_attn_scalar": 16,
            "sliding_window": 12,
            "sliding_window_pattern": 3,
            "mm_tokens_per_image": 4,
        },
        "vision_config": {**_TOWER, "model_type": "siglip_vision_model"},
    },
    {
        "image_processor_type": "Gemma3ImageProcessor",
        "size": {"height": 16, "width": 16},
        "do_pan_and_scan": False,
    },
    {"image_seq_length": 4},
    "<start_of_image>",
    0.1,
)

LLAVA = Family(
    {
        "model_type": "llava",
        "image_token_index": token("<image>"),
        "vocab_size": VOCABULARY,
        "text_config": {**_TEXT, "model_type": "llama"},
        "vision_config": {
            **_TOWER,
            "model_type": "clip_vision_model",
            "num_hidden_layers": 3,
            "projection_dim": 32,
        },
    },
    {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 16},
        "crop_size": {"height": 16, "width": 16},
    },
    {"patch_size": 4, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1},
    "<image>",
)

_TILES = {
    "size": {"longest_edge": 32},
    "max_image_size": {"longest_edge": 16},
    "do_image_splitting": True,
}

_IDEFICS: dict[str, Any] = {
    "image_token_id": token("<image>"),
    "scale_factor": 2,
    "vocab_size": VOCABULARY,
    "text_config": {**_TEXT, "model_type": "llama", "head_dim": 16},
    "vision_config": {**_TOWER, "model_type": "idefics3_vision"},
}

# A picture is cut into tiles, with text between them.
IDEFICS3 = Family(
    {"model_type": "idefics3", **_IDEFICS},
    {"image_processor_type": "Idefics3ImageProcessor", **_TILES},
    {"image_seq_len": 4},
    "<image>",
)

SMOLVLM = Family(
    {"model_type": "smolvlm", **_IDEFICS},
    {"image_processor_type": "SmolVLMImageProcessor", **_TILES},
    {"image_seq_len": 4},
    "<image>",
)

_PIXTRAL_PICTURES = {
    "image_processor_type": "PixtralImageProcessor",
    "patch_size": {"height": 4, "width": 4},
    "size": {"longest_edge": 16},
}


def _gemma4(both_ways: bool) -> Family:
    """Its smaller models feed every layer per token, its larger ones look at a picture in both directions."""
    return Family(
        {
            "model_type": "gemma4",
            "image_token_id": token("<image_soft_token>"),
            "audio_token_id": token("<|video_pad|>"),
            "boi_token_id": token("<start_of_image>"),
            "eoi_token_id": token("<end_of_image>"),
            "audio_config": None,
            "hidden_size": 64,
            "vocab_size": VOCABULARY,
            "pad_token_id": token("<pad>"),
            "text_config": {
                **{key: value for key, value in _TEXT.items() if key != "rope_theta"},
                "model_type": "gemma4_text",
                "num_hidden_layers": 6,
                "head_dim": 16,
                "global_head_dim": 16,
                "vocab_size_per_layer_input": VOCABULARY,
                "hidden_size_per_layer_input": 0 if both_ways else 16,
                "num_kv_shared_layers": 0 if both_ways else 2,
                "sliding_window": 12,
                "use_bidirectional_attention": "vision" if both_ways else None,
                "use_double_wide_mlp": False,
                "layer_types": ["sliding_attention", "full_attention"] * 3,
            },
            "vision_config": {
                **_TOWER,
                "model_type": "gemma4_vision",
                "num_key_value_heads": 2,
                "head_dim": 16,
                "global_head_dim": 16,
                "pooling_kernel_size": 2,
                "position_embedding_size": 64,
                "default_output_length": 70,
            },
        },
        {"patch_size": 4, "max_soft_tokens": 70, "pooling_kernel_size": 2},
        {},
        "<image_soft_token>",
        0.1,
    )


# Pictures of any size, in rows with a token at the end of each.
PIXTRAL = Family(
    {
        "model_type": "pixtral",
        "image_token_index": token("[IMG]"),
        "vocab_size": VOCABULARY,
        "text_config": {**_TEXT, "model_type": "mistral", "head_dim": 16},
        "vision_config": {**_TOWER, "model_type": "pixtral", "head_dim": 16, "image_size": 32},
    },
    _PIXTRAL_PICTURES,
    {"patch_size": 4},
    "[IMG]",
)

MISTRAL3 = Family(
    {**PIXTRAL.config, "model_type": "mistral3", "spatial_merge_size": 2},
    _PIXTRAL_PICTURES,
    {"patch_size": 4, "spatial_merge_size": 2},
    "[IMG]",
)

# Its language model looks at the whole prompt in both directions.
PALIGEMMA = Family(
    {
        "model_type": "paligemma",
        "image_token_index": token("<image>"),
        "hidden_size": 64,
        "pad_token_id": token("<pad>"),
        "vocab_size": VOCABULARY,
        "text_config": {**_TEXT, "model_type": "gemma", "head_dim": 16},
        "vision_config": {**_TOWER, "model_type": "siglip_vision_model", "projection_dim": 64},
    },
    {
        "image_processor_type": "SiglipImageProcessor",
        "size": {"height": 16, "width": 16},
        "image_seq_length": 16,
    },
    {"image_seq_length": 16},
    "<image>",
)

# Some of its layers look at the pictures, which are no tokens of the prompt.
MLLAMA = Family(
    {
        "model_type": "mllama",
        "image_token_index": token("<image>"),
        "vocab_size": VOCABULARY,
        "text_config": {**_TEXT, "model_type": "mllama_text_model", "cross_attention_layers": [1]},
        "vision_config": {
            **_TOWER,
            "model_type": "mllama_vision_model",
            "num_global_layers": 1,
            "vision_output_dim": 64,
            "intermediate_layers_indices": [1],
        },
    },
    {
        "image_processor_type": "MllamaImageProcessor",
        "size": {"height": 16, "width": 16},
        "max_image_tiles": 4,
    },
    {},
    "<image>",
)

ALL = {
    "qwen2_vl": QWEN2_VL,
    "qwen2_5_vl": QWEN2_5_VL,
    "qwen3_vl": QWEN3_VL,
    "qwen3_5": QWEN3_5,
    "gemma3": GEMMA3,
    "gemma4": _gemma4(both_ways=False),
    "gemma4-both-ways": _gemma4(both_ways=True),
    "llava": LLAVA,
    "idefics3": IDEFICS3,
    "smolvlm": SMOLVLM,
    "pixtral": PIXTRAL,
    "mistral3": MISTRAL3,
}
"""By the name of the architecture; each is some 100,000 parameters."""
