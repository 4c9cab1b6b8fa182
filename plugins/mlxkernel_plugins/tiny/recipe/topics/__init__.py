"""What tiny can talk about, one topic a module.

A topic is a function from a scene to one exchange. `smalltalk`, `memory`, `knowledge`, `sums`, `copying` and
`stories` write exchanges that can stand in any conversation; `tools` writes whole conversations. The weights
are in `mixture`.
"""
