"""Convert detector names to numbers, and back: headers often contain only one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.dataids.template import PathTemplate
from persistence.errors import FormatterError, did_you_mean


@dataclass(frozen=True)
class Naming:
    """The names of a camera's detectors.

    Attributes
    ----------
    key : `str` or None
        The property with a detector's number.
    form : `PathTemplate` or None
        The template of a name, filled from properties.
    names : mapping
        Number -> name.
    """

    key: str | None = None
    form: PathTemplate | None = None
    names: Mapping[int, str] = field(default_factory=dict)

    def others(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the missing number of a detector, or the missing parts of its name.

        Raises
        ------
        FormatterError
            If no detector has such a name.
        """
        if self.key is None or self.form is None or not self.form.keys:
            return {}
        parts = {part: values[part] for part in self.form.keys if values.get(part) is not None}
        number = values.get(self.key)
        if number is None and len(parts) == len(self.form.keys):
            name = self.form.format(parts)
            numbers = [number for number, known in self.names.items() if known == name]
            if self.names and not numbers:
                raise FormatterError(
                    f"the camera has no detector {name!r}{did_you_mean(name, self.names.values())}"
                )
            return {self.key: numbers[0]} if numbers else {}
        if isinstance(number, int) and number in self.names and len(parts) < len(self.form.keys):
            known = self.form.parse(self.names[number]) or {}
            return {part: value for part, value in known.items() if part not in parts}
        return {}
