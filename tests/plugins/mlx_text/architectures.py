"""Small configurations of the kinds of architecture that differ in what a state is."""

from __future__ import annotations

from typing import Any

PLAIN: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
}

SLIDING: dict[str, Any] = {
    "model_type": "gemma3_text",
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "query_pre_attn_scalar": 16,
    "sliding_window": 12,
    "sliding_window_pattern": 3,
}

EXPERTS: dict[str, Any] = {
    **PLAIN,
    "model_type": "qwen3_moe",
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "decoder_sparse_step": 1,
    "mlp_only_layers": [],
    "moe_intermediate_size": 64,
    "norm_topk_prob": True,
}

RECURRENT: dict[str, Any] = {
    "model_type": "mamba2",
    "num_heads": 8,
    "head_dim": 16,
    "hidden_size": 64,
    "intermediate_size": 128,
    "state_size": 16,
    "num_hidden_layers": 2,
    "layer_norm_epsilon": 1e-5,
    "conv_kernel": 4,
    "n_groups": 1,
    "use_bias": False,
    "use_conv_bias": True,
    "tie_word_embeddings": False,
    "time_step_limit": [0.0, 10.0],
    "time_step_rank": "auto",
}

# Its cells take no mask: a padded prefill would be wrong, and is not made.
UNMASKED: dict[str, Any] = {
    "model_type": "mamba",
    "hidden_size": 48,
    "intermediate_size": 96,
    "state_size": 8,
    "num_hidden_layers": 2,
    "conv_kernel": 4,
    "use_bias": False,
    "use_conv_bias": True,
    "time_step_rank": 4,
    "tie_word_embeddings": False,
}

HYBRID: dict[str, Any] = {
    "model_type": "falcon_h1",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "mamba_d_conv": 4,
    "mamba_d_head": 16,
    "mamba_d_ssm": 64,
    "mamba_d_state": 16,
    "mamba_n_groups": 1,
    "mamba_n_heads": 4,
    "tie_word_embeddings": False,
    "lm_head_multiplier": 1.0,
    "embedding_multiplier": 1.0,
    "key_multiplier": 1.0,
    "ssm_multipliers": [1.0, 1.0, 1.0, 1.0, 1.0],
    "mlp_multipliers": [1.0, 1.0],
}

DELTA: dict[str, Any] = {
    **EXPERTS,
    "model_type": "qwen3_next",
    "num_hidden_layers": 4,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 32,
    "linear_value_head_dim": 32,
    "linear_conv_kernel_dim": 4,
    "shared_expert_intermediate_size": 64,
    "partial_rotary_factor": 0.5,
    "full_attention_interval": 2,
}

LATENT: dict[str, Any] = {
    "model_type": "deepseek_v3",
    "hidden_size": 64,
    "intermediate_size": 96,
    "moe_intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "n_shared_experts": 1,
    "n_routed_experts": 4,
    "kv_lora_rank": 32,
    "q_lora_rank": 32,
    "qk_rope_head_dim": 16,
    "v_head_dim": 16,
    "qk_nope_head_dim": 16,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "rope_theta": 10000.0,
}

ALL = {
    "plain": PLAIN,
    "sliding-window": SLIDING,
    "experts": EXPERTS,
    "recurrent": RECURRENT,
    "recurrent-unmasked": UNMASKED,
    "hybrid": HYBRID,
    "gated-delta": DELTA,
    "latent-attention": LATENT,
}
"""By the kind of its state; each is some 100,000 parameters."""
