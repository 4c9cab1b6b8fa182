"""The test kit: what plugin authors and this project's own tests stand on.

`fake` is an engine without a model, `law` checks the law of events, `server` runs a real server on a
real port, `process` one as users start it. `dialects` is the suite for dialects, with scripted runs from
`runs`, strangers' bodies from `hostility` and clients' ways to take streams apart in `framing`.
`tool_formats` is the suite for tool formats; it is imported by itself, for it needs hypothesis and
llguidance. `reasoning` is the suite for reasoning formats. Only tests import the kit.
"""

from mlxkernel.testing.dialects import DialectSuite, GoldenRequest, RefusedField, WireAnswer, WireChoice
from mlxkernel.testing.fake import FakeEngine, Script, fake_plugin
from mlxkernel.testing.law import check_law
from mlxkernel.testing.process import ServeProcess, serve_process, until
from mlxkernel.testing.server import RunningServer, run_server

__all__ = [
    "DialectSuite",
    "FakeEngine",
    "GoldenRequest",
    "RefusedField",
    "RunningServer",
    "Script",
    "ServeProcess",
    "WireAnswer",
    "WireChoice",
    "check_law",
    "fake_plugin",
    "run_server",
    "serve_process",
    "until",
]
