"""How the vision-language model `tiny-vision` is made: pictures, questions, training and scores.

`drawing` and `scenes` draw pictures from a seed, `topics` and `mixture` write what is said about them,
`network`, `sight` and `train` need PyTorch and make the weights, `evaluate` measures them through mlx_vlm.
The language half starts from the weights of `tiny`, whose recipe is `..recipe`. Nothing here is imported when
the model is served.
"""
