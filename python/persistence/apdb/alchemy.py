"""SQLAlchemy, which is not always installed."""

from __future__ import annotations

from persistence.errors import MissingExtra

try:
    import sqlalchemy
except ImportError as error:
    raise MissingExtra("SQLAlchemy", "ap", "The alert production database") from error

__all__ = ["sqlalchemy"]
