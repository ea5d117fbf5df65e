"""Which extensions of a file get a row: those of the camera's detectors, by name or by number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from persistence.errors import FormatterError
from persistence.files.fits_headers import COMPRESSED, Cards
from persistence.ingest.config import ParseConfig
from persistence.types.exposure.translator import HeaderTranslator

_MOST_SHOWN = 3
_MOST_NAMES = 12
# What afw calls the planes of one image.
_PLANES = ("IMAGE", "MASK", "VARIANCE")


def wanted(
    hdus: Iterable[Cards], config: ParseConfig, translator: HeaderTranslator
) -> list[tuple[int, Cards]]:
    """Find the extensions that get a row, walking to the end of the file.

    An extension is known by EXTNAME, or by the number of its detector.

    Parameters
    ----------
    hdus : iterable of `Cards`
        The headers of the file, the primary one first.
    config : `ParseConfig`
        Which extensions get a row, and which do not.
    translator : `HeaderTranslator`
        Knows the detectors and the keyword of their number.

    Returns
    -------
    extensions : `list` [`tuple` [`int`, `Cards`]]
        The number and the header of each; none if the file is one row.

    Raises
    ------
    FormatterError
        If an image may be of a detector that gets a row, and its header does not tell, or tells two
        detectors; if two are of one; or if there is none, and the file is not one row.
    """
    found: dict[str, tuple[int, Cards]] = {}
    unknown: list[str] = []
    names: list[str] = []
    images = number = 0
    for number, cards in enumerate(hdus):
        if not number:
            continue
        names.append(str(cards.get("EXTNAME") or f"HDU {number}, which has no EXTNAME"))
        name = _name(number, cards, config, translator)
        if name in config.extnames:
            if name in found:
                raise FormatterError(f"HDUs {found[name][0]} and {number} are both {name}")
            found[name] = (number, cards)
        elif _holds_image(cards):
            images += 1
            if _is_unknown(name, config.skippedExtnames):
                unknown.append(f"HDU {number}" + (f" ({name})" if name else " (without EXTNAME)"))
    if not found and not config.orWhole:
        has = f" (it has {listed(names)})" if names else ""
        raise FormatterError(
            f"none of its {number} extensions is one of {some(config.extnames)}{has}"
        )
    if (found and unknown) or (not found and images > 1):
        untold = some(unknown) if found else f"its {images} images"
        keyword = translator.detector_key or "another keyword"
        raise FormatterError(
            f"it does not tell the detector of {untold}: neither EXTNAME nor {keyword} is of one "
            f"of {some(config.extnames)} (it has {listed(names)})"
        )
    return list(found.values())


def _name(
    number: int, cards: Cards, config: ParseConfig, translator: HeaderTranslator
) -> str | None:
    """Return what an extension is called: by itself, or as the detector of its number is."""
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
    """Return whether an extension that gets no row may be any detector's."""
    return not name or name == COMPRESSED or (bool(skipped) and name not in skipped)


def _holds_image(cards: Cards) -> bool:
    """Return whether an extension holds an image of its own, which is not a plane of another's."""
    kind = cards.get("EXTTYPE") or cards.get("EXTNAME")
    if kind in _PLANES or any(key.startswith("MP_") for key in cards):
        return False
    is_table = cards.get("XTENSION") in ("BINTABLE", "TABLE") and not cards.get("ZIMAGE")
    return not is_table and bool(cards.get("NAXIS"))


def listed(names: Sequence[str]) -> str:
    """Return the names of a file's extensions, each once; of very many the first."""
    distinct = list(dict.fromkeys(names))
    more = f", ... ({len(distinct)} names)" if len(distinct) > _MOST_NAMES else ""
    return ", ".join(distinct[:_MOST_NAMES]) + more


def some(words: Iterable[str]) -> str:
    """Return the first of some words, and how many there are."""
    listed = list(words)
    more = f", ... ({len(listed)} names)" if len(listed) > _MOST_SHOWN else ""
    return ", ".join(listed[:_MOST_SHOWN]) + more
