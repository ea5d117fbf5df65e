"""Colour images of three bands, by the names of ``lsst.afw.display.rgb``: Lupton et al. (2004)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.gen2types.display.figures import pyplot
from persistence.gen2types.exceptions import LengthError
from persistence.gen2types.images.maskedimage import Pixels
from persistence.gen2types.images.plane import Plane


def _pixels(image: Any) -> Any:
    """Return an image as an array; masked images and exposures too."""
    if isinstance(image, Pixels):
        image = image.image
    return image.array if isinstance(image, Plane) else np.asarray(image)


class Mapping:
    """How the brightness of three bands becomes colours; its subclasses say how.

    Parameters
    ----------
    minimum : `float` or sequence of three
        The brightness that is black.
    image : image, optional
        Ignored; accepted for compatibility with afw.
    """

    _inner: Any

    def __init__(self, minimum: Any = None, image: Any = None) -> None:
        from astropy.visualization import lupton_rgb

        self._inner = lupton_rgb.Mapping(_minimum(minimum), image)

    def makeRgbImage(
        self, imageR: Any = None, imageG: Any = None, imageB: Any = None, **_: Any
    ) -> NDArray[np.uint8]:
        """Return colours as an array, shape (rows, columns, 3), the first row at the bottom.

        Raises
        ------
        LengthError
            If the images differ in size.
        """
        bands = [_pixels(image).astype(float) for image in (imageR, imageG, imageB)]
        if len({band.shape for band in bands}) > 1:
            sizes = ", ".join(str(band.shape) for band in bands)
            raise LengthError(f"the images of the three bands differ in size: {sizes}")
        colors: NDArray[np.uint8] = self._inner.make_rgb_image(*bands)
        return colors

    def intensity(self, imageR: Any, imageG: Any, imageB: Any) -> Any:
        """Return the brightness of each pixel: the mean of its bands."""
        return computeIntensity(imageR, imageG, imageB)


class LinearMapping(Mapping):
    """A linear mapping.

    Parameters
    ----------
    minimum, maximum : `float`, optional
        The brightness that is black, and white.
    image : image, optional
        One whose least and greatest pixels are these if they are absent.
    """

    def __init__(self, minimum: Any = None, maximum: Any = None, image: Any = None) -> None:
        from astropy.visualization import lupton_rgb

        if image is not None:
            pixels = _pixels(image)
            minimum = np.nanmin(pixels) if minimum is None else minimum
            maximum = np.nanmax(pixels) if maximum is None else maximum
        self._inner = lupton_rgb.LinearMapping(minimum, maximum)


class ZScaleMapping(LinearMapping):
    """A linear mapping between the limits that IRAF's zscale finds in an image.

    Parameters
    ----------
    image : image
        Where they are found.
    nSamples : `int`
        How many of its pixels are looked at.
    contrast : `float`
        IRAF's.
    """

    def __init__(self, image: Any, nSamples: int = 1000, contrast: float = 0.25) -> None:
        from astropy.visualization import ZScaleInterval

        zscale = ZScaleInterval(n_samples=nSamples, contrast=contrast)
        super().__init__(*zscale.get_limits(_pixels(image)))


class AsinhMapping(Mapping):
    """A mapping that is linear for faint pixels, and logarithmic for bright ones.

    Parameters
    ----------
    minimum : `float` or sequence of three
        The brightness that is black.
    dataRange : `float`
        From black to white, were it linear.
    Q : `float`
        How soon it is logarithmic.
    """

    def __init__(self, minimum: Any, dataRange: float, Q: float = 8) -> None:
        from astropy.visualization import lupton_rgb

        self._inner = lupton_rgb.AsinhMapping(_minimum(minimum), dataRange, Q)


class AsinhZScaleMapping(Mapping):
    """An `AsinhMapping` between the limits that IRAF's zscale finds in an image.

    Parameters
    ----------
    image : image or sequence of three
        Where they are found; of three, in their brightness.
    Q : `float`
        How soon it is logarithmic.
    pedestal : `float` or sequence of three, optional
        What was added to the images.
    """

    def __init__(self, image: Any, Q: float = 8, pedestal: Any = None) -> None:
        from astropy.visualization import lupton_rgb

        several = isinstance(image, Sequence) or getattr(image, "ndim", 2) == 3
        images = [_pixels(band).astype(float) for band in (image if several else [image])]
        self._inner = lupton_rgb.AsinhZScaleMapping(*images, Q=Q, pedestal=pedestal)


def _minimum(minimum: Any) -> Any:
    return 0.0 if minimum is None else minimum


def computeIntensity(imageR: Any, imageG: Any = None, imageB: Any = None) -> Any:
    """Return the mean of three bands; of one alone, itself."""
    if imageG is None or imageB is None:
        return _pixels(imageR)
    return sum(_pixels(image) for image in (imageR, imageG, imageB)) / 3


def makeRGB(
    imageR: Any,
    imageG: Any = None,
    imageB: Any = None,
    minimum: Any = 0,
    dataRange: float = 5,
    Q: float = 8,
    saturatedBorderWidth: int = 0,
    saturatedPixelValue: float | None = None,
    xSize: int | None = None,
    ySize: int | None = None,
    rescaleFactor: float | None = None,
    fileName: Any = None,
) -> NDArray[np.uint8]:
    """Return a colour image of three bands, by an `AsinhMapping`.

    Parameters
    ----------
    imageR, imageG, imageB : image
        What becomes red, green and blue; if only the first is given, it becomes all of them.
    minimum, dataRange, Q
        As of `AsinhMapping`.
    saturatedBorderWidth, saturatedPixelValue, xSize, ySize, rescaleFactor : optional
        Not done here.
    fileName : `str`, optional
        Where the picture is written to.

    Returns
    -------
    colors : array of uint8, shape (rows, columns, 3)
        The first row is the bottom: ``imshow(colors, origin="lower")``.

    Raises
    ------
    NotImplementedError
        If saturated pixels or another size are requested.
    """
    if saturatedBorderWidth or xSize or ySize or rescaleFactor:
        raise NotImplementedError(
            "makeRGB() replaces no saturated pixels and changes no sizes here: it was called with "
            f"saturatedBorderWidth={saturatedBorderWidth}, xSize={xSize}, ySize={ySize}, "
            f"rescaleFactor={rescaleFactor}"
        )
    green = imageR if imageG is None else imageG
    blue = imageR if imageB is None else imageB
    colors = AsinhMapping(minimum, dataRange, Q).makeRgbImage(imageR, green, blue)
    if fileName is not None:
        writeRGB(fileName, colors)
    return colors


def displayRGB(rgb: Any, show: bool = True, title: str | None = None) -> None:
    """Show a colour image with matplotlib."""
    plt = pyplot()
    plt.imshow(rgb, interpolation="nearest", origin="lower")
    if title:
        plt.title(title)
    if show:
        plt.show()


def writeRGB(fileName: Any, rgbImage: Any) -> None:
    """Write a colour image to a file, with its first row at the bottom."""
    pyplot().imsave(fileName, np.ascontiguousarray(rgbImage), origin="lower")
