"""The Responses API: ``/v1/responses``, its answers as items, and the answers that are kept.

`bodies` and `items` hold the shapes of requests, `objects` and `events` those of answers; `reading` leads
from the one to the kernel's words, `assembly` back from the kernel's events. `store` keeps answers for
`endpoints` and for ``previous_response_id``, and knows those under way. `fields` says of every field
whether it is honoured. Source of the format: OpenAI's API reference and the types of its Python package.
"""
