"""`DefectsTask`: lists of bad pixels from raw darks, biases and flats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, TaskError
from persistence.tasks import bad_pixels
from persistence.tasks.bad_pixels import Bools
from persistence.tasks.construct import identity
from persistence.tasks.construct_flat import FlatTask
from persistence.tasks.input_quality import Levels, Look
from persistence.tasks.prepared_inputs import Prepared

if TYPE_CHECKING:
    from persistence.types.metadata.defects import Defects


class DefectsTask(FlatTask):
    """Detect defects: hot pixels in darks or biases; cold and other odd pixels in flats."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.construct_config", "DefectsConfig")
    _DefaultName = "defects"
    calibName = "defects"
    EXAMPLES: ClassVar = {
        "repo --calib repo/CALIB --rerun calibs --id visit=410405..410414 ccdnum=1..62": (
            "detect defects in darks and flats"
        ),
    }

    def refusal(self, look: Look, kind: str) -> str:
        """Return why an input is not used; see `FlatTask.refusal`."""
        return super().refusal(look, kind) if kind == "flat" else ""

    def check(self, prepared: Prepared) -> None:
        """Raise an error if there are too few inputs of a kind."""
        kinds = {prepared.kinds[name] for name in prepared.used()}
        for kind in kinds or {"input"}:
            self._check_number(f"{kind}s", _of(prepared, kind), prepared)

    def make(self, outputRef: Any, prepared: Prepared, levels: Levels | None) -> Struct:
        """Detect defects; see `~persistence.tasks.construct.ConstructTask.make`.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``defects``: a table of boxes.
        """
        bad = np.zeros(prepared.stack.shape, bool)
        self.metadata.set("numInputs", len(prepared.used()))
        for kind in ("dark", "bias", "flat"):
            names = _of(prepared, kind)
            if names:
                found = self._bad(prepared, kind, names)
                self.metadata.set(f"num{kind.capitalize()}Defects", int(np.count_nonzero(found)))
                bad |= found
        self._warn(prepared)
        for amplifier in prepared.detector.amplifiers:
            part = amplifier.trimmed.slices
            bad[part] = bad_pixels.filled_columns(bad[part], self.config.maxBadColumn)
        self._check_share(bad)
        defects = self._table(outputRef, prepared, bad)
        outputRef.put(defects, self.calibName)
        self.log.info(
            "%d defects, of %d pixels (%.3f%%)",
            len(defects), np.count_nonzero(bad), 100 * bad.mean(),
        )  # fmt: skip
        return Struct(defects=defects)

    def _bad(self, prepared: Prepared, kind: str, names: Sequence[str]) -> Bools:
        """Return the bad pixels of one kind of inputs."""
        is_flat = kind == "flat"
        scales = [prepared.looks[name].level if is_flat else 1.0 for name in names]
        image = self.combined(prepared, names, scales).image
        find = bad_pixels.unresponsive if is_flat else bad_pixels.hot
        bad = np.ones(image.shape, bool)  # pixels that no amplifier reads
        for amplifier in prepared.detector.amplifiers:
            part = amplifier.trimmed.slices
            bad[part] = find(image[part], self.config)
        return bad

    def _warn(self, prepared: Prepared) -> None:
        kinds = {prepared.kinds[name] for name in prepared.used()}
        if not kinds & {"dark", "bias"}:
            self.log.warning("no darks or biases among the inputs: hot pixels are not looked for")
        elif "dark" not in kinds:
            self.log.warning(
                "no darks among the inputs: hot pixels are looked for in biases, where most of "
                "them have not gathered anything"
            )
        if "flat" not in kinds:
            self.log.warning("no flats among the inputs: cold pixels are not looked for")

    def _check_share(self, bad: Bools) -> None:
        share = float(bad.mean())
        self.metadata.set("numPixelsBAD", int(np.count_nonzero(bad)))
        self.metadata.set("badFraction", share)
        if share > self.config.maxDefects:
            raise TaskError(
                f"{share:.0%} of the pixels are unlike their neighbours; -c "
                f"maxDefects={self.config.maxDefects:g} is the most that is believed"
            )

    def _table(self, outputRef: Any, prepared: Prepared, bad: Bools) -> Defects:
        from persistence.types.metadata.defects import Defects  # lazy: it needs astropy

        assert prepared.first is not None
        cards = identity(outputRef, {})
        date = cards.pop("DATE-OBS", None)
        meta = {
            "OBSTYPE": self.calibName,
            "INSTRUME": prepared.first.metadata.get("INSTRUME")
            or prepared.first.visit_info.instrument,
            "DETECTOR": prepared.detector.id,
            "CALIBDATE": date,
            **cards,
            "DEFECTTYPE": "BADPIXEL",
            "DEFECTS_SCHEMA": "Simple",
            "DEFECTS_SCHEMA_VERSION": 1,
            **{f"CALIB_INPUT_{number}": name for number, name in enumerate(prepared.used())},
        }
        known = {name: value for name, value in meta.items() if value is not None}
        return Defects.from_boxes(bad_pixels.boxes(bad), known)


def _of(prepared: Prepared, kind: str) -> list[str]:
    """Return the inputs of a kind that are used."""
    return [name for name in prepared.used() if prepared.kinds[name] == kind]
