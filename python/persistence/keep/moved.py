"""Where something is that was moved: by the user's word, or by what lies beside the tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from persistence.butler import moved_trees


class Moved:
    """The new places of old paths.

    Parameters
    ----------
    relink : mapping [`str`, `str`], optional
        Old directory -> new directory, as the user says.
    """

    def __init__(self, relink: Mapping[str, str] = {}) -> None:
        # What was found shows how the beginnings of other paths changed.
        self._known = {os.path.normpath(old): os.path.abspath(new) for old, new in relink.items()}
        self._folders: dict[tuple[str, str], list[str]] = {}

    def find(
        self,
        path: str,
        root: str,
        is_it: Callable[[str], bool] = os.path.exists,
        by_name: bool = False,
    ) -> str | None:
        """Return where a path is now; None if it is not found.

        Parameters
        ----------
        path : `str`
            The old, absolute path.
        root : `str`
            The tree that names it: it may have been moved together with the path.
        is_it : callable, optional
            Returns whether a candidate is right.
        by_name : `bool`, optional
            Whether the last component of the path is enough; else its directory has to have the
            same name, too.
        """
        for old, new in self._known.items():
            if path == old or path.startswith(f"{old}/"):
                candidate = new + path[len(old) :]
                if is_it(candidate):
                    return candidate
        folder, name = os.path.split(path)
        for directory in self._candidates(folder, root):
            candidate = os.path.join(directory, name)
            if is_it(candidate):
                self._learn(folder, directory)
                return candidate
        places = moved_trees.beside(path, root) if by_name else iter(())
        return next(filter(is_it, places), None)

    def _candidates(self, folder: str, root: str) -> list[str]:
        """Return the directories that may be a directory that was moved."""
        if (folder, root) not in self._folders:
            places = moved_trees.beside(folder, os.path.join(root, "-"))  # in the root, too
            self._folders[folder, root] = list(filter(os.path.isdir, places))
        return self._folders[folder, root]

    def _learn(self, folder: str, directory: str) -> None:
        one, other = folder.split("/"), directory.split("/")
        while one and other and one[-1] == other[-1]:
            del one[-1], other[-1]
        if len(one) > 1:
            self._known.setdefault("/".join(one), "/".join(other))


def outdated(texts: Mapping[str, str], root: str) -> Iterator[tuple[str, str]]:
    """Yield links that lead to nothing, with the absolute paths that they name."""
    for path, text in texts.items():
        full = os.path.join(root, path)
        if not os.path.exists(full):
            yield path, os.path.normpath(os.path.join(os.path.dirname(full), text))
