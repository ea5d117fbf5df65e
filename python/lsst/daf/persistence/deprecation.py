"""Gen2's name of `persistence.compat.deprecation`."""

from persistence.compat.deprecation import always_warn, deprecate_class

__all__ = ["always_warn", "deprecate_class"]
