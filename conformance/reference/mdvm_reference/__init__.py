"""The reference interpreter of Machine Dialect bytecode: the semantics of `spec/`, written to be read."""

__version__ = "1.0.0"
