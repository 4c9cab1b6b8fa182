"""The built-in plugins: one package each, entering by the same door as anyone's.

A package's ``__init__`` holds its hook implementations and its `Config`; the other modules do the
work. No package imports another, and none needs more of the kernel than its public interface.
"""
