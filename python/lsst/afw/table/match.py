"""Gen2's name of `persistence.gen2types.table.match`."""

from persistence.gen2types.table.match import (
    MatchControl,
    ReferenceMatch,
    SimpleMatch,
    SourceMatch,
    matchRaDec,
    matchXy,
    packMatches,
    unpackMatches,
)

__all__ = [
    "MatchControl",
    "ReferenceMatch",
    "SimpleMatch",
    "SourceMatch",
    "matchRaDec",
    "matchXy",
    "packMatches",
    "unpackMatches",
]
