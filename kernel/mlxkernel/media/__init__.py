"""Media: what becomes of a client's pictures before an engine sees them.

`admission` is the step of the pipeline: every picture of a request becomes checked bytes, or the request
is refused. `fetcher` and `files` get what a URL names, `addresses`, `origins` and `resolver` say where
they may go. `inspector` has the bytes looked at by `inspection`, which runs in processes of its own, since
a decoder is the part of a server that hostile bytes attack. `settings` is the table ``[media]``.

What does not live here: how a dialect writes a picture, and what a model makes of its pixels.
"""
