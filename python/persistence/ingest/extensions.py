"""Find the extensions of a file that have a row: those of the camera's detectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from persistence.errors import FormatterError
from persistence.files.fits_headers import COMPRESSED, Cards
from persistence.ingest.config import ParseConfig
from persistence.types.exposure.translator import HeaderTranslator

_MOST_SHOWN = 3
_MOST_NAMES = 12
# afw's names for the planes of one image.
_PLANES = ("IMAGE", "MASK", "VARIANCE")


def wanted(
    hdus: Iterable[Cards], config: ParseConfig, translator: HeaderTranslator
) -> list[tuple[int, Cards]]:
    """Return the extensions that have a row, after reading to the end of the file.

    An extension is identified by EXTNAME, or by the number of its detector.

    Parameters
    ----------
    hdus : iterable of `Cards`
        The headers of the file, the primary one first.
    config : `ParseConfig`
        The extensions with and without a row.
    translator : `HeaderTranslator`
        Knows the detectors and the keyword of their number.

    Returns
    -------
    extensions : `list` [`tuple` [`int`, `Cards`]]
        The number and the header of each; empty if the file is one row.

    Raises
    ------
    FormatterError
        If an image may belong to a detector with a row, but its header identifies none, or two; if
        two images belong to one detector; or if there is none, and the file is not one row.
    """
    by_name: dict[str, tuple[int, Cards]] = {}
    unknown: list[str] = []
    names: list[str] = []
    images = number = 0
    for number, cards in enumerate(hdus):
        if not number:
            continue
        names.append(str(cards.get("EXTNAME") or f"HDU {number}, which has no EXTNAME"))
        name = _name(number, cards, config, translator)
        if name in config.extnames:
            if name in by_name:
                raise FormatterError(f"HDUs {by_name[name][0]} and {number} are both {name}")
            by_name[name] = (number, cards)
        elif _holds_image(cards):
            images += 1
            if _is_unknown(name, config.skippedExtnames):
                unknown.append(f"HDU {number}" + (f" ({name})" if name else " (without EXTNAME)"))
    if not by_name and not config.orWhole:
        has = f" (it has {listed(names)})" if names else ""
        raise FormatterError(
            f"none of its {number} extensions is one of {some(config.extnames)}{has}"
        )
    if (by_name and unknown) or (not by_name and images > 1):
        unidentified = some(unknown) if by_name else f"its {images} images"
        keyword = translator.detector_key or "another keyword"
        raise FormatterError(
            f"the detector of {unidentified} is unknown: neither EXTNAME nor {keyword} is one of "
            f"{some(config.extnames)} (it has {listed(names)})"
        )
    return list(by_name.values())


def _name(
    number: int, cards: Cards, config: ParseConfig, translator: HeaderTranslator
) -> str | None:
    """Return the name of an extension: its own, or that of the detector with its number."""
    name = cards.get("EXTNAME")
    try:
        detector = translator.detector_number(cards)
    except FormatterError as error:
        raise FormatterError(f"HDU {number}: {error}") from error
    if name not in config.extnames and detector is not None:
        named = translator.detectors.get(detector)
        return named if named in config.extnames else name
    return name


def _is_unknown(name: str | None, skipped: Sequence[str]) -> bool:
    """Return whether an extension without a row may belong to a detector."""
    return not name or name == COMPRESSED or (bool(skipped) and name not in skipped)


def _holds_image(cards: Cards) -> bool:
    """Return whether an extension is an image of its own, not a mask or variance plane."""
    kind = cards.get("EXTTYPE") or cards.get("EXTNAME")
    if kind in _PLANES or any(key.startswith("MP_") for key in cards):
        return False
    is_table = cards.get("XTENSION") in ("BINTABLE", "TABLE") and not cards.get("ZIMAGE")
    return not is_table and bool(cards.get("NAXIS"))


def listed(names: Sequence[str]) -> str:
    """Return the names of a file's extensions, each once, shortened if there are many."""
    distinct = list(dict.fromkeys(names))
    more = f", ... ({len(distinct)} names)" if len(distinct) > _MOST_NAMES else ""
    return ", ".join(distinct[:_MOST_NAMES]) + more


def some(words: Iterable[str]) -> str:
    """Return the first of some words, and their number."""
    listed = list(words)
    more = f", ... ({len(listed)} names)" if len(listed) > _MOST_SHOWN else ""
    return ", ".join(listed[:_MOST_SHOWN]) + more
