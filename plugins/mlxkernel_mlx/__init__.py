"""What an engine over MLX is made of: continuous batching, sampling, constraints, text from tokens.

A library for engine plugins: the built-in engines stand on it, and anyone's may. `engine` is the loop
(receive, prefill, launch, read); `network` is what a plugin brings, the few operations in which the model
libraries differ; `states` handles the layer caches that mlx_lm and mlx_vlm have in common. `intake` turns
requests into the `jobs` that the engine runs, `reading` is what differs there between models that see and
models that do not. `prefill`, `batch`, `sampling`, `adjustments` and `constraints` compute; `detokenizer`,
`stops` and `choice` make text of tokens; `embedding` makes vectors; `assembly` puts it all together.

What does not live here: loading a model (each plugin knows its library), reasoning and tool formats (they
parse events in the kernel). Importing this package imports no MLX; importing its modules does.
"""
