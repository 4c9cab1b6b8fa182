"""Workers: one process per loaded model, and the frames between it and the kernel.

`frames` is the protocol, `runtime` runs a `StepEngine` inside the worker process, `client` is the
kernel's end of the socket. Who starts, watches and restarts workers is `mlxkernel.supervisor`.
"""
