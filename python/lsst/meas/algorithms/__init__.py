"""The point spread functions of ``lsst.meas.algorithms``; other names are not part of this package.

See `persistence.gen2types.absent`: they can be imported, and raise an error when used.
"""

import pkgutil

from persistence.gen2types import absent
from persistence.gen2types.psf.kinds import (
    CoaddPsf,
    DoubleGaussianPsf,
    KernelPsf,
    SingleGaussianPsf,
)

__path__ = pkgutil.extend_path(__path__, __name__)

absent.install()


def __getattr__(name: str) -> object:
    return absent.named(__name__, name)


__all__ = ["CoaddPsf", "DoubleGaussianPsf", "KernelPsf", "SingleGaussianPsf"]
