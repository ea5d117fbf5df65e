"""SQLAlchemy, which is not always installed."""

from __future__ import annotations

from persistence.files import extras

with extras.needed("sqlalchemy", "The alert production database"):
    import sqlalchemy

__all__ = ["sqlalchemy"]
