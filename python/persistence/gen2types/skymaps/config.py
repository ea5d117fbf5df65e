"""The configuration of a sky map, with values that can be set one by one."""

from __future__ import annotations

from typing import Any

from persistence.errors import did_you_mean
from persistence.skymap.config import SkyMapConfig


class Config:
    """The configuration of a kind of sky map: attributes, by the names of pex_config.

    Parameters
    ----------
    config_class : `type`
        The configuration of ours of that kind.
    **values
        What differs from the defaults.
    """

    def __init__(self, config_class: type[SkyMapConfig], **values: Any) -> None:
        object.__setattr__(self, "_class", config_class)
        # The number of rings has no default: it must be set before a map is created.
        object.__setattr__(self, "_values", {})
        self.update(**values)

    def update(self, **values: Any) -> None:
        """Set values by name.

        Raises
        ------
        AttributeError
            If there is no such name.
        """
        for name, value in values.items():
            setattr(self, name, value)

    def _names(self) -> list[str]:
        names: list[str] = list(self._class.__dataclass_fields__)
        return names

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names():
            raise AttributeError(
                f"{self._class.__name__} has no field {name!r}{did_you_mean(name, self._names())}"
            )
        self._values[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._names():
            raise AttributeError(name)
        if name in self._values:
            return self._values[name]
        default = self._class.__dataclass_fields__[name].default
        # A list can be appended to, as in pex_config.
        value = list(default) if isinstance(default, tuple) else default
        return self._values.setdefault(name, value) if isinstance(value, list) else value

    def made(self) -> SkyMapConfig:
        """Return the configuration as this package's class.

        Raises
        ------
        PolicyError
            If a value is missing, or invalid.
        """
        config: SkyMapConfig = self._class.of(dict(self._values))
        return config

    def validate(self) -> None:
        self.made()

    def toDict(self) -> dict[str, Any]:
        return self.made().values()

    def __eq__(self, other: object) -> bool:
        return self.made() == other.made() if isinstance(other, Config) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._class, self._values)

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self._values.items())
        return f"{self._class.__name__}({words})"


def of(config: SkyMapConfig) -> Config:
    """Return the configuration of a map, for reading."""
    return Config(type(config), **config.values())


def _rebuilt(config_class: type[SkyMapConfig], values: dict[str, Any]) -> Config:
    return Config(config_class, **values)
