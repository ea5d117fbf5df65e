"""What the construction of all master calibrations has in common: `ConstructTask`."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from persistence.errors import PersistenceError
from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks import combining, input_quality
from persistence.tasks.combining import Combined, Plane
from persistence.tasks.construct_command import ConstructParser, ConstructRunner
from persistence.tasks.construct_inputs import FILTER, Input
from persistence.tasks.input_quality import Levels, Look
from persistence.tasks.prepared_inputs import Prepared

if TYPE_CHECKING:
    from persistence.tasks.isr import IsrTask
    from persistence.types.exposure.detector import Detector
    from persistence.types.exposure.exposure import Exposure

# Keywords of single exposures, which do not apply to a combination, or are written anew.
_OWN = ("EXTNAME", "BUNIT", "OBSTYPE", "OBJECT", "PROCTYPE", "PRODTYPE", "FILENAME", "CHECKSUM")


class Recipe(NamedTuple):
    """The properties of a kind of master: its unit, and the conversion from electrons."""

    unit: str
    per_electron: Plane | float


class ConstructTask(CmdLineTask):
    """Create master calibrations from raws, detector by detector.

    A subclass has a `calibName`, the dataset type of its output, and a method `make`.
    """

    RunnerClass = ConstructRunner
    ParserClass = ConstructParser
    calibName: ClassVar[str]

    isr: IsrTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.makeSubtask("isr")

    @classmethod
    def _makeArgumentParser(cls) -> ConstructParser:
        return ConstructParser(name=str(cls._DefaultName))

    @classmethod
    def compares(cls, config: Any, number: int) -> bool:
        """Return whether the levels of so many detectors are compared before the work is done."""
        return False

    @timeMethod
    def runDataRef(
        self,
        outputRef: Any,
        inputs: Sequence[Input],
        leftOut: Mapping[str, str] | None = None,
        levels: Levels | None = None,
    ) -> Struct:
        """Create the master of one detector, and write it.

        Parameters
        ----------
        outputRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to the master.
        inputs : sequence of `~persistence.tasks.construct_inputs.Input`
            Its inputs.
        leftOut : mapping, optional
            Exposures that were excluded before, with the reasons.
        levels : mapping, optional
            The levels of the inputs of all detectors: detector -> exposure -> electrons.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            The result of `make`, with ``leftOut``: excluded exposures, with the reasons.

        Raises
        ------
        TaskError
            If fewer than ``minInputs`` remain; the message lists the excluded ones, with the
            reasons.
        """
        words = " ".join(f"{key}={value}" for key, value in outputRef.telling().items())
        self.log.info("making %s %s of %d inputs", self.calibName, words, len(inputs))
        prepared = Prepared()
        try:
            self.prepare(prepared, inputs)
            result = self.make(outputRef, prepared, levels)
        finally:
            if prepared.first is not None:
                prepared.stack.close()
        every = {**(leftOut or {}), **prepared.left_out}
        self.note(prepared, every)
        return Struct(**result.getDict(), leftOut=every)

    def prepare(self, prepared: Prepared, inputs: Sequence[Input]) -> None:
        """Remove the instrument signature from the inputs, and exclude deviating ones.

        Raises
        ------
        TaskError
            See `runDataRef`.
        """
        for each in inputs:
            try:
                # without a name, so that its memory is free before the next one is read
                prepared.add(each, self.isr.runDataRef(each.reference).exposure)
            except (TaskError, PersistenceError) as error:
                prepared.left_out[each.name] = str(error)
                continue
            reason = self.refusal(prepared.looks[each.name], each.kind)
            if reason:
                prepared.left_out[each.name] = reason
        for kind in dict.fromkeys(prepared.kinds.values()):
            looks = {
                name: prepared.looks[name]
                for name in prepared.used()
                if prepared.kinds[name] == kind
            }
            prepared.left_out |= input_quality.deviants(looks, kind == "flat", self.config)
        for name, reason in prepared.left_out.items():
            self.log.warning("left out: %s: %s", name, reason)
        self.check(prepared)

    def check(self, prepared: Prepared) -> None:
        """Raise an error if there are too few inputs."""
        self._check_number("inputs", list(prepared.used()), prepared)

    def _check_number(self, noun: str, used: Sequence[str], prepared: Prepared) -> None:
        if len(used) >= self.config.minInputs and used:
            return
        every = prepared.kinds.keys() | prepared.left_out.keys()
        lines = [
            f"{len(used)} {noun} of {len(every)} are left, and -c minInputs="
            f"{self.config.minInputs} are needed",
            *(f"{name}: {reason}" for name, reason in prepared.left_out.items()),
        ]
        raise TaskError("\n  ".join(lines))

    def refusal(self, look: Look, kind: str) -> str:
        """Return why an input is not used, by itself; empty if it is."""
        return "" if math.isfinite(look.level) else "it has no good pixel"

    def make(self, outputRef: Any, prepared: Prepared, levels: Levels | None) -> Struct:
        """Create the master from its inputs, and write it."""
        raise NotImplementedError

    # -- what a master tells of itself
    # --------------------------------------------------------------------------

    def finished(
        self, outputRef: Any, prepared: Prepared, combined: Combined, recipe: Recipe
    ) -> Exposure:
        """Return a combined image as the exposure that is written.

        Pixels that are bad in too many inputs are BAD, and not numbers.
        """
        from persistence.types.exposure.visitinfo import VisitInfo
        from persistence.types.pixels.mask import Mask

        assert prepared.first is not None
        number = len(prepared.used())
        bad = (combined.good < (1.0 - self.config.maxBadInputs) * number) | ~np.isfinite(
            combined.image
        )
        factor = np.asarray(recipe.per_electron, np.float32)
        image, variance = combined.image, combined.variance
        image *= factor
        variance *= factor
        variance *= factor
        image[bad] = variance[bad] = np.nan
        self.metadata.set("numPixelsBAD", int(np.count_nonzero(bad)))
        self.metadata.set("clippedFraction", combined.clipped)
        info = VisitInfo(
            instrument=prepared.first.visit_info.instrument, observation_type=self.calibName
        )
        return prepared.first.replaced(
            image=image,
            variance=variance,
            mask=Mask.from_flags({"BAD": bad}),
            header=self.cards(outputRef, prepared),
            primary=None,
            visit_info=info,
            detector=None,  # the header's value is valid
            wcs=None,
            unit=recipe.unit or None,
        )

    def cards(self, outputRef: Any, prepared: Prepared) -> Any:
        """Return the header of a master: its identity, inputs and quality."""
        assert prepared.first is not None
        header = prepared.header.copy()
        # A master without a filter in its data ID has none, whatever the inputs' filter.
        filters = prepared.first.translator.keywords.get(FILTER, ())
        unwanted = _OWN if FILTER in outputRef.telling() else (*_OWN, *filters)
        for keyword in unwanted:
            header.remove(keyword, ignore_missing=True, remove_all=True)
        header["OBSTYPE"] = (self.calibName, "Observation type")
        header["PROCTYPE"] = ("LSST", "Data processing level")
        cards: dict[str, Any] = {
            **identity(outputRef, prepared.begins),
            **{f"CALIB_INPUT_{number}": name for number, name in enumerate(prepared.used())},
            **self.numbers(prepared),
        }
        for keyword, value in cards.items():
            header[_card(keyword)] = value
        return header

    def numbers(self, prepared: Prepared) -> dict[str, float]:
        """Return header keywords with the quality of the master."""
        names = {"NINPUTS": "numInputs", "CLIPPED": "clippedFraction", "INLEVEL": "level",
                 "INSCATT": "levelScatter"}  # fmt: skip
        numbers = {key: self.metadata[name] for key, name in names.items() if name in self.metadata}
        for name in self.metadata:
            quantity, sign, amplifier = name.partition("_")
            if sign and quantity in ("readNoise", "gain") and amplifier:
                numbers[f"MEASURED {quantity.upper()} {amplifier}"] = self.metadata[name]
        return {key: value for key, value in numbers.items() if math.isfinite(value)}

    def note(self, prepared: Prepared, left_out: Mapping[str, str]) -> None:
        """Note the inputs, and those that were left out."""
        used = list(prepared.used())
        self.metadata.set("inputs", used)
        self.metadata.set("numLeftOut", len(left_out))
        self.metadata.set("leftOut", [f"{name}: {reason}" for name, reason in left_out.items()])

    def note_levels(self, prepared: Prepared) -> None:
        """Note how many inputs are used, their level and the scatter of that (electrons)."""
        levels = np.array([prepared.looks[name].level for name in prepared.used()])
        self.metadata.set("numInputs", len(levels))
        self.metadata.set("level", float(np.median(levels)))
        self.metadata.set("levelScatter", float(np.std(levels)))

    def gains(self, detector: Detector) -> dict[str, float]:
        """Return the gains with which counts were converted (electrons per count)."""
        gains = self.isr.config.gains
        return {
            each.name: float(gains.get(each.name, each.gain or math.nan))
            for each in detector.amplifiers
        }

    def combined(
        self, prepared: Prepared, names: Sequence[str], scales: Sequence[float]
    ) -> Combined:
        """Combine inputs of one kind, each divided by its scale."""
        places = prepared.used()
        is_lit = any(prepared.kinds[name] != "bias" for name in names)
        return combining.combine(
            prepared.stack,
            [places[name] for name in names],
            scales,
            prepared.noise,
            self.config.combination,
            is_lit,
        )


def identity(outputRef: Any, begins: Mapping[str, str]) -> dict[str, str]:
    """Return the header cards by which a master is ingested, and its creation time.

    DATE-OBS is that of an input of the day, if there is one: a camera may count days from noon, or
    in local time.
    """
    words = {**outputRef.telling()}
    words.setdefault(FILTER, "NONE")
    now = datetime.datetime.now(datetime.UTC)
    cards = {
        "CALIB_ID": " ".join(f"{key}={value}" for key, value in words.items()),
        "CALIB_CREATION_DATE": now.strftime("%Y-%m-%d"),
        "CALIB_CREATION_TIME": now.strftime("%H:%M:%S"),
    }
    if "calibDate" in words:
        date = str(words["calibDate"])
        cards["DATE-OBS"] = begins.get(date, date)
    return cards


def _card(keyword: str) -> str:
    """Return a keyword in FITS form: long ones need the HIERARCH convention."""
    return keyword if len(keyword) <= 8 and " " not in keyword else f"HIERARCH {keyword}"
