"""The mlxkernel microkernel: the path of a request, and the doors through which plugins enter it.

What lives here: the internal model of requests and events, the plugin host, the request
pipeline, the HTTP server, the pool of models and the supervisor of their worker processes.
What does not: API dialects, engines, model families, formats, caches and auth schemes. Those are
plugins, found through the entry-point group ``mlxkernel.v1``; and nothing here imports MLX.
"""

__version__ = "0.1.0"

from mlxkernel.hookspecs import hookimpl

__all__ = ["__version__", "hookimpl"]
