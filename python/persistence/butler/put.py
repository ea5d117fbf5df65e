"""Write a dataset: as one file, or as components, all of which are written or none."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from persistence.butler import write
from persistence.butler.chain import Chain
from persistence.butler.define import Definer
from persistence.butler.get import Reader
from persistence.butler.provenance import recorder
from persistence.butler.provenance.recorder import Recorder
from persistence.butler.read import read
from persistence.butler.repository import Repository
from persistence.butler.write import Prepared
from persistence.cameras import faces
from persistence.composites import assemble, provenance, references
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.errors import NoResults, PersistenceError, RepositoryError
from persistence.files import atomic
from persistence.files.batch import Batch

# The active collectors. They belong to the process, as a task may write in threads of its own.
_collections: dict[object, list[Location]] = {}


@contextlib.contextmanager
def collected() -> Iterator[list[Location]]:
    """Collect the locations that are written to in a ``with`` block.

    Yields
    ------
    locations : `list` [`Location`]
        Those of all Butlers of this process, in order; for a composite, those of its components.
    """
    key, locations = object(), list[Location]()
    _collections[key] = locations
    try:
        yield locations
    finally:
        del _collections[key]


class _Leaf(NamedTuple):
    """A component with a file of its own."""

    request: Request
    obj: Any
    data_id: DataId


class Writer:
    """Write datasets to the outputs of a chain.

    Parameters
    ----------
    chain : `Chain`
        The repositories.
    reader : `Reader`
        The reader, which knows the dataset types of the chain.
    definer : `Definer`
        Registers dataset types of parents in the outputs.
    durable : `bool`
        Whether files are flushed to the disk before `put` returns.
    recorders : sequence of `Recorder`
        The last one records the inputs of written datasets; nothing is recorded if it is empty.
    """

    def __init__(
        self,
        chain: Chain,
        reader: Reader,
        definer: Definer,
        durable: bool = True,
        recorders: Sequence[Recorder] = (),
    ) -> None:
        self._chain = chain
        self._reader = reader
        self._definer = definer
        self._durable = durable
        self._recorders = recorders
        self._unfinished: Sequence[Repository] = chain.outputs

    def put(self, request: Request, obj: Any, data_id: DataId, backup: bool = False) -> None:
        """Write a dataset to each output that knows its type.

        Raises
        ------
        NoResults
            If no output knows it.
        """
        for repository in self._unfinished:
            write.refuse(repository)
            write.finish_abandoned(repository)
        self._unfinished = ()
        if not self._reader.dataset(request, data_id).composite:
            writers = self._writers(request, data_id)
            self._chain.settle()
            for repository in writers:
                self._note([write.write(repository, request, obj, data_id, backup, self._durable)])
            return
        jobs = [
            (repository, write.prepare(repository, leaf.request, leaf.data_id), leaf)
            for leaf in self._leaves(request, obj, data_id)
            for repository in self._writers(leaf.request, leaf.data_id)
        ]
        self._chain.settle()
        roots = {repository.root for repository, _, _ in jobs}
        with Batch(self._durable, roots) as batch:
            for _repository, prepared, leaf in jobs:
                with write.naming(prepared.location):
                    self._place(prepared, leaf, backup, batch)
            batch.commit()
        self._note([prepared.location for _repository, prepared, _leaf in jobs])

    def _note(self, locations: list[Location]) -> None:
        """Record written datasets in the journals of their trees, and for active collectors."""
        recorder.note_put(locations, recorder.innermost(self._recorders))
        for collection in list(_collections.values()):
            collection += locations

    def _writers(self, request: Request, data_id: DataId) -> list[Repository]:
        writers = self._chain.writers(request)
        if not writers:
            reasons = [] if self._chain.outputs else ["no output: this Butler only reads"]
            raise NoResults("No locations for put:", request.name, data_id, reasons)
        for repository in self._chain.hidden(request):
            raise _unseen(repository, request, self._chain)
        self._definer.register_in_outputs(request.datasetType)
        return writers

    def _leaves(self, request: Request, obj: Any, data_id: DataId) -> Iterator[_Leaf]:
        """Yield the components of an object, and those of components that are composites."""
        dataset = self._reader.dataset(request, data_id)
        if not dataset.composite:
            yield _Leaf(request, obj, data_id)
            return
        knowing = self._chain.knowing(request)
        knowing.vocabulary.refuse_code(dataset, "disassembler")
        parts = assemble.disassemble(dataset, faces.wrap(obj, knowing.mapper.objects), data_id)
        for part in parts.values():
            inner = self._chain.request(part.datasetType)
            yield from self._leaves(inner, faces.unwrap(part.obj), data_id)

    def _place(self, prepared: Prepared, leaf: _Leaf, backup: bool, batch: Batch) -> None:
        """Write a component to a temporary file beside its final path.

        If it was read from a file and is unchanged, a reference to that file is written instead.
        """
        target = prepared.location.full_path
        source = self._source(prepared.location, leaf.obj)
        with batch.place(target, backup) as temporary:
            prepared.write(leaf.obj, temporary)
            types = self._reader.types
            if source is not None and _is_unchanged(prepared, source, temporary, types):
                references.refer(temporary, target, source.full_path, batch)
            elif os.path.islink(target):
                batch.remove(references.note_of(target))

    def _source(self, location: Location, obj: Any) -> Location | None:
        """Return the file that an object was read from, if a reference to it is allowed."""
        source = provenance.location(obj)
        parents = {repository.root for repository in self._chain.read} - {location.root}
        if source is None or source.root not in parents:
            return None
        same_form = (source.storage, source.python, source.hdu) == (
            location.storage,
            location.python,
            location.hdu,
        )
        return (
            source if same_form and os.path.splitext(source.path)[1] not in (".gz", ".fz") else None
        )


def _unseen(repository: Repository, request: Request, chain: Chain) -> RepositoryError:
    """Return the error for a dataset that `get` would not find again where it is written.

    A warning would not do: what is computed next would be computed from another dataset.
    """
    name, root, pins = request.datasetType, repository.root, chain.pinned(request)
    roots = [root, *(pinned for pin in pins for pinned in pin.roots)]
    return RepositoryError(
        f"{' and '.join(map(str, pins))}: what is written into {root} would not be found again. "
        f"Take the pin away, or search the output, too: pins={{{name!r}: {roots}}}"
    )


def _is_unchanged(prepared: Prepared, source: Location, written: str, types: str) -> bool:
    """Return whether writing an object yields the same bytes as writing what its source contains.

    That it is the same object does not suffice: it may have been modified in memory.
    """
    try:
        references.check(source.full_path)
        before = read(Request(source.datasetType), source, types)
    # the file is gone or damaged: all the more reason to write the object
    except (OSError, PersistenceError):
        return False
    import tempfile  # lazy: slow to import, and only needed for references

    with tempfile.TemporaryDirectory() as folder:
        again = os.path.join(folder, os.path.basename(written))
        prepared.write(before, again)
        return atomic.alike(again, written)
