"""How the language model `tiny` is made: its text, its tokenizer, its training and its scores.

The generator (`words`, `names`, `facts`, `topics`, `mixture`) writes every sentence that the model ever sees,
from a seed. `tokenizer` learns the vocabulary from that text, `network` and `train` need PyTorch and make the
weights, `evaluate` measures them through mlx_lm. Nothing here is imported when the model is served.
"""
