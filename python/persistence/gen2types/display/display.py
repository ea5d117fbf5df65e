"""`Display`: where images are shown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from persistence.errors import UsageError, did_you_mean
from persistence.gen2types import wrap
from persistence.gen2types.display import colors
from persistence.gen2types.display.device import Device
from persistence.gen2types.display.figures import Figures
from persistence.gen2types.images.image import DecoratedImage, Image
from persistence.gen2types.images.indexing import PARENT
from persistence.gen2types.images.info import Described
from persistence.gen2types.images.mask import Mask
from persistence.gen2types.images.maskedimage import Pixels

DEVICES: Mapping[str, type[Device]] = {"matplotlib": Figures, "virtualDevice": Device}
# Devices of the LSST stack, and what they need.
_ELSEWHERE: Mapping[str, str] = {
    "ds9": "the program ds9 and LSST's package display_ds9",
    "firefly": "firefly_client, a Firefly server and LSST's package display_firefly",
    "ginga": "ginga and LSST's package display_ginga",
    "astrowidgets": "astrowidgets and LSST's package display_astrowidgets",
}
_TRANSPARENCY = 70.0  # percent; that of afw's device for matplotlib


class Display:
    """A place where images are shown: a frame of a device.

    Parameters
    ----------
    frame : `int`, `str` or `matplotlib.figure.Figure`, optional
        Which frame.
    backend : `str`, optional
        The device: ``matplotlib``, or ``virtualDevice``, which shows nothing; by default that of
        `setDefaultBackend`.
    **settings
        Settings of the device.

    Raises
    ------
    UnknownDevice
        If the device is not here.
    """

    _displays: ClassVar[dict[Any, Display]] = {}
    _defaultBackend: ClassVar[str] = "matplotlib"
    _defaultFrame: ClassVar[Any] = 0
    _defaultColors: ClassVar[dict[str, str]] = dict(colors.DEFAULTS)
    _defaultTransparency: ClassVar[dict[str | None, float]] = {None: _TRANSPARENCY}
    _defaultColormap: ClassVar[Any] = "gray"

    def __init__(
        self, frame: Any = None, backend: str | None = None, *words: Any, **settings: Any
    ) -> None:
        self.frame = Display._defaultFrame if frame is None else frame
        self.name = _device_name(backend or Display._defaultBackend)
        self._buffers = 0
        self._callbacks: dict[str, Callable[..., Any]] = {}
        self._generated = colors.generator()
        self._colors = dict(Display._defaultColors)
        self._transparencies = dict(Display._defaultTransparency)
        self._xy0 = (0, 0)
        self._impl = DEVICES[self.name](self, *words, **settings)
        self._impl.set_colormap(Display._defaultColormap)
        self._impl.set_planes(self._colors, self._transparencies)
        Display._displays[self.frame] = self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        """Return a method that only the device has, such as ``savefig``."""
        if not name.startswith("_"):
            with contextlib.suppress(AttributeError):
                return getattr(self._impl, name)
        raise AttributeError(
            f"{type(self).__name__} has no {name!r}{did_you_mean(name, dir(type(self)))}"
        )

    def __str__(self) -> str:
        return f"Display[{self.frame}]"

    # -- images
    def mtv(self, data: Any, title: str = "", wcs: Any = None) -> None:
        """Show an image, with the flags of its pixels in colours.

        Parameters
        ----------
        data : `Exposure`, `MaskedImage`, `Image`, `Mask` or array
            The image to show.
        title : `str`, optional
            The title.
        wcs : `SkyWcs`, optional
            The WCS of an image without one, for sky positions.

        Raises
        ------
        UsageError
            If an exposure comes with another WCS.
        TypeError
            If it is not an image.
        """
        shown = _face(data)
        if isinstance(shown, Described):
            if wcs is not None:
                raise UsageError("mtv() accepts no wcs for an exposure, which has its own")
            wcs = shown.getWcs() if shown.hasWcs() else None
        if isinstance(shown, Pixels):
            has_mask = shown._ours.mask is not None
            image, mask = shown.image, shown.mask if has_mask else None
        elif isinstance(shown, Mask):
            image, mask = None, shown
        elif isinstance(shown, Image):
            image, mask = shown, None
        else:
            raise TypeError(f"mtv() shows images, not a {type(data).__name__}")
        self._xy0 = shown.getXY0()
        if mask is not None:
            self._color_planes(mask)
        self._impl.mtv(image, mask, wcs, title)

    image = mtv

    def _color_planes(self, mask: Any) -> None:
        """Assign a colour to each plane that has none."""
        for name in mask.getMaskPlaneDict():
            if name not in self._colors:
                self._colors[name] = next(self._generated)
        self._impl.set_planes(self._colors, self._transparencies)

    def scale(
        self, algorithm: str, min: Any, max: Any = None, unit: str | None = None, **options: Any
    ) -> None:
        """Choose how numbers become brightness.

        Parameters
        ----------
        algorithm : `str`
            ``linear``, ``asinh``, ``log`` or ``sqrt``.
        min, max : `float` or `str`
            The values shown as black and white; or ``zscale`` or ``minmax`` alone.
        unit : `str`, optional
            What the numbers are: ``Absolute`` as if absent, ``Percent`` or ``Sigma``.
        **options
            ``Q``: the strength by which ``asinh`` brightens faint pixels.
        """
        self._impl.scale(algorithm, min, max, unit, **options)

    def setImageColormap(self, cmap: Any) -> None:
        self._impl.set_colormap(cmap)

    # -- mask planes
    def setMaskPlaneColor(self, name: Any, color: str | None = None) -> None:
        """Set the colour of a plane, or, by a mapping, of several; IGNORE hides it."""
        given = name if isinstance(name, Mapping) else {name: color}
        self._colors.update(given)
        self._impl.set_planes(self._colors, self._transparencies)

    def getMaskPlaneColor(self, name: str | None = None) -> Any:
        return dict(self._colors) if name is None else self._colors.get(name)

    def setMaskTransparency(self, transparency: float, name: Any = None) -> None:
        """Set how transparent a plane is, or all of them: 0 to 100 percent."""
        percent = float(np.clip(transparency, 0, 100))
        names = [name] if name is None or isinstance(name, str) else list(name)
        if name is None:
            self._transparencies.clear()
        self._transparencies.update(dict.fromkeys(names, percent))
        self._impl.set_planes(self._colors, self._transparencies)

    def getMaskTransparency(self, name: str | None = None) -> float:
        return self._transparencies.get(name, self._transparencies[None])

    def maskColorGenerator(self, omitBW: bool = True) -> Iterator[str]:
        return colors.generator(omitBW)

    # -- what is drawn over it
    def dot(
        self,
        symb: Any,
        c: float,
        r: float,
        size: float = 2,
        ctype: Any = None,
        origin: Any = PARENT,
        **options: Any,
    ) -> None:
        """Draw a symbol.

        Parameters
        ----------
        symb : `str` or ellipse
            ``+``, ``x``, ``*``; ``o``, a circle; ``@:xx,xy,yy``, an ellipse of these moments, or
            one of ``lsst.afw.geom.ellipses``; any other text is written.
        c, r : `float`
            Its column and row.
        size : `float`
            Its half width, or radius, in pixels.
        ctype : `str`, optional
            Its colour.
        origin : `ImageOrigin`
            Whether column and row are those of the parent image or of the array.
        **options
            ``textAngle`` (deg, counterclockwise) and ``fontFamily`` of text.
        """
        x, y = self._position(c, r, origin)
        if isinstance(symb, str) and symb.startswith("@:"):
            symb = tuple(float(number) for number in symb[2:].split(","))
        elif isinstance(symb, int | float):
            symb = str(symb)
        self._impl.dot(symb, x, y, float(size or 2), ctype, **options)

    def line(
        self,
        points: Any,
        origin: Any = PARENT,
        symbs: Any = False,
        ctype: Any = None,
        size: float = 0.5,
    ) -> None:
        """Draw lines between points, or with ``symbs`` a symbol at each."""
        points = [self._position(x, y, origin) for x, y in points]
        if not points:
            return
        if not symbs:
            self._impl.line(points, ctype)
            return
        marks = symbs if hasattr(symbs, "__iter__") else ["o"] * len(points)
        for mark, (x, y) in zip(marks, points, strict=False):
            self._impl.dot(mark, x, y, size, ctype)

    def _position(self, c: float, r: float, origin: Any) -> tuple[float, float]:
        x0, y0 = (0, 0) if origin == PARENT else self._xy0
        return float(c) + x0, float(r) + y0

    def erase(self) -> None:
        """Remove everything drawn over the image."""
        self._impl.erase()

    @contextlib.contextmanager
    def Buffering(self) -> Iterator[Self]:
        """Draw only at the end of a block."""
        self._buffers += 1
        try:
            yield self
        finally:
            self._buffers -= 1
            self._impl.flush()

    @property
    def is_buffering(self) -> bool:
        """Whether drawing waits for the end of a block."""
        return self._buffers > 0

    def flush(self) -> None:
        self._impl.flush()

    # -- which part is seen
    def zoom(
        self, zoomfac: float | None = None, colc: Any = None, rowc: Any = None, origin: Any = PARENT
    ) -> None:
        """Show a part of the image, around a position if it is given."""
        if (colc is None) != (rowc is None):
            raise UsageError("zoom() needs both a column and a row, or neither")
        if colc is not None:
            self.pan(colc, rowc, origin)
        if zoomfac is not None:
            if zoomfac <= 0:
                raise UsageError(f"zoom({zoomfac}): the factor has to be positive")
            self._impl.zoom(float(zoomfac))

    def pan(self, colc: Any = None, rowc: Any = None, origin: Any = PARENT) -> None:
        """Show the image around a position."""
        if colc is None or rowc is None:
            raise UsageError("pan() needs a column and a row")
        self._impl.pan(*self._position(colc, rowc, origin))

    # -- the device
    def show(self) -> None:
        self._impl.show()

    def close(self) -> None:
        self._impl.close()
        Display._displays.pop(self.frame, None)

    def setCallback(
        self, k: str, func: Callable[..., Any] | None = None, noRaise: bool = False
    ) -> Any:
        """Accept a function for a key; as nothing is interactive here, it is never called."""
        before = self._callbacks.pop(k, None)
        if func is not None:
            self._callbacks[k] = func
        return before

    def getActiveCallbackKeys(self, onlyActive: bool = True) -> list[str]:
        return sorted(self._callbacks)

    def interact(self) -> None:
        """Return at once: no key is read."""

    # -- defaults
    @staticmethod
    def setDefaultBackend(backend: str) -> None:
        Display._defaultBackend = _device_name(backend)

    @staticmethod
    def getDefaultBackend() -> str:
        return Display._defaultBackend

    @staticmethod
    def setDefaultFrame(frame: Any = 0) -> None:
        Display._defaultFrame = frame

    @staticmethod
    def getDefaultFrame() -> Any:
        return Display._defaultFrame

    @staticmethod
    def incrDefaultFrame() -> Any:
        Display._defaultFrame += 1
        return Display._defaultFrame

    @staticmethod
    def setDefaultImageColormap(cmap: Any) -> None:
        Display._defaultColormap = cmap

    @staticmethod
    def setDefaultMaskPlaneColor(name: Any = None, color: str | None = None) -> None:
        """Set the colour of a plane for displays to come; without a name, afw's colours."""
        given = name if isinstance(name, Mapping) else {name: color}
        Display._defaultColors.update(dict(colors.DEFAULTS) if name is None else given)

    @staticmethod
    def setDefaultMaskTransparency(maskPlaneTransparency: Any = None) -> None:
        """Set how transparent planes are in displays to come: one number, or by name."""
        given = maskPlaneTransparency
        if not isinstance(given, Mapping):
            given = {None: _TRANSPARENCY if given is None else float(given)}
        Display._defaultTransparency.update(given)

    @staticmethod
    def getDisplay(
        frame: Any = None,
        backend: str | None = None,
        create: bool = True,
        verbose: bool = False,
        *words: Any,
        **settings: Any,
    ) -> Display:
        """Return the display of a frame, a new one if there is none."""
        frame = Display._defaultFrame if frame is None else frame
        known = Display._displays.get(frame)
        if known is not None and backend in (None, known.name):
            return known
        if not create:
            raise UsageError(f"no display has the frame {frame!r}")
        return Display(frame, backend, verbose, *words, **settings)

    @staticmethod
    def delAllDisplays() -> None:
        """Close all displays."""
        for display in list(Display._displays.values()):
            display.close()


def _device_name(backend: str) -> str:
    """Return the name of a device that there is.

    Raises
    ------
    UnknownDevice
        If there is none of that name, or it is one of the LSST stack.
    """
    name = str(backend).rpartition(".")[2].removeprefix("display_")
    if name in DEVICES:
        return name
    if name in _ELSEWHERE:
        raise UnknownDevice(
            f"the backend {name!r} of lsst.afw.display is not part of this package: it needs "
            f"{_ELSEWHERE[name]}. Here there is setDefaultBackend('matplotlib')"
        )
    known = (*DEVICES, *_ELSEWHERE)
    raise UnknownDevice(
        f"lsst.afw.display has no backend {backend!r}{did_you_mean(name, known)}; here there are "
        f"{', '.join(DEVICES)}"
    )


class UnknownDevice(UsageError, ImportError, RuntimeError):
    """A backend that is not here."""


def _face(data: Any) -> Any:
    if isinstance(data, np.ndarray):
        return Image.of(data)
    return wrap(data.image if isinstance(data, DecoratedImage) else data)
