"""The forms of a bundle, by the ending of its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from persistence.errors import UsageError
from persistence.keep.archive_layout import Form
from persistence.keep.archive_tar import Tar
from persistence.keep.archive_zip import Zip

# Ending of the archive's name -> its form.
FORMS: Mapping[str, Callable[[], Form]] = {".zip": Zip, ".tar": Tar}


def form_of(path: str) -> Form:
    """Return the form of an archive, by the ending of its name.

    Raises
    ------
    UsageError
        If the ending is another.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending not in FORMS:
        raise UsageError(
            f"{path} is neither a .zip nor a .tar: the ending says which form the archive has"
        )
    return FORMS[ending]()
