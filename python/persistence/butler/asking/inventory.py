"""``butler.index``: the inventory of a chain: what exists, what is missing, what exists twice."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler.asking import answer, ask, files, join
from persistence.butler.asking.ask import Where
from persistence.butler.asking.files import Choice
from persistence.butler.asking.question import Question
from persistence.butler.asking.rows import Rows
from persistence.butler.get import Reader
from persistence.butler.index import trees
from persistence.butler.index.tree import Tree
from persistence.butler.query import Matching
from persistence.butler.subset import Asked, ButlerSubset
from persistence.dataids import expression
from persistence.dataids.dataid import DataId, as_given
from persistence.dataids.expression import EVERYTHING
from persistence.errors import DataIdError, UnknownKey, did_you_mean

_COPY = ("repository", "path", "size", "written")
_SUMMARY: Mapping[str, type] = {
    "datasetType": str,
    "repository": str,
    "count": int,
    "size": int,
    "newest": datetime.datetime,
    "oldest": datetime.datetime,
}
Progress = Callable[[int, int, int], None]


class Inventory:
    """The inventory of the repositories of a Butler: ``butler.index``.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    reader : `Reader`
        Its reader.

    Notes
    -----
    Like `Butler.query`, it lists directories, and changes nothing in them.
    """

    def __init__(self, butler: Asked, reader: Reader) -> None:
        self._butler = butler
        self._reader = reader

    def __repr__(self) -> str:
        roots = ", ".join(repr(repository.root) for repository in self._butler.chain.inputs)
        return f"<index of {roots}>"

    # -- whole repositories
    # --------------------------------------------------------------------------

    def refresh(self, sizes: bool = False, progress: Progress | None = None) -> None:
        """Compare the index with all directories of all repositories, and of their calibrations.

        Parameters
        ----------
        sizes : `bool`
            Whether the size and time of each file are read, too.
        progress : callable, optional
            Called repeatedly with the number of finished directories, of known directories, and of
            files listed.
        """
        for tree, _ in self._trees():
            tree.build(progress, sizes)

    def summary(
        self, sizes: bool = False, fresh: bool = True, progress: Progress | None = None
    ) -> Rows:
        """Return how many files of each dataset type each repository has.

        Parameters
        ----------
        sizes, progress
            As for `refresh`.
        fresh : `bool`
            False to use the index as it is, without listing directories.

        Returns
        -------
        rows : `Rows`
            The dataset type, the repository, the number of files, their total size (bytes), and the
            modification times of the newest and the oldest (UTC). Sizes and times are None unless
            known for all files. Types with the same path template are counted once, under the
            shortest name. Shadowed files are included.
        """
        if fresh:
            self.refresh(sizes, progress)
        counts = [
            (names[text], number, tree.root, *totals)
            for number, (tree, names) in enumerate(self._trees())
            for text, totals in tree.summary().items()
            if text in names
        ]
        rows = [(name, *rest) for name, _, *rest in sorted(counts, key=lambda row: row[:2])]
        return Rows("what is here", _SUMMARY, lambda: iter(rows))

    def _trees(self) -> Iterator[tuple[Tree, Mapping[str, str]]]:
        """Yield each tree once, with the dataset type of each template in it."""
        names: dict[str, dict[str, str]] = {}
        known: dict[str, Tree] = {}
        chain = self._butler.chain
        for repository in chain.read:
            is_input = repository in chain.inputs
            for name, dataset in repository.mapper.types.items():
                if dataset.template is None or not (is_input or repository in chain.searched(name)):
                    continue
                tree = trees.of(repository, dataset)
                known[tree.root] = tree
                its = names.setdefault(tree.root, {})
                text = dataset.template.file_text
                its[text] = min(its.get(text, name), name, key=rank)
        return ((tree, names[root]) for root, tree in known.items())

    # -- one dataset type
    # ----------------------------------------------------------------------------

    def missing(
        self,
        datasetType: str,
        given: str | Iterable[Mapping[str, Any]] = "raw",
        where: Where = None,
        dataId: Mapping[str, Any] = {},
        fresh: bool = True,
        **rest: Any,
    ) -> Rows:
        """Return the data IDs for which another dataset exists, but not this one.

        Parameters
        ----------
        datasetType : `str`
            The dataset type that may be missing.
        given : `str` or iterable of mapping
            The other dataset type; or data IDs, such as those of the patches of a tract.
        where, dataId, fresh, **rest
            As for `Butler.query`, for the other datasets.

        Returns
        -------
        rows : `Rows`
            The keys of the missing datasets, as far as the other datasets have them; ``refs()`` are
            of the other dataset type.

        Raises
        ------
        DataIdError
            If ``given`` is neither a dataset type nor data IDs, or the types have no common key.
        """
        target = self._name(datasetType)
        data_id = as_given(dataId, rest)
        if not isinstance(given, str | Iterable):
            raise DataIdError(f"given: expected a dataset type or data IDs, not {given!r}")
        if not isinstance(given, str):
            return self._missing_of(target, [{**row, **data_id} for row in given], where, fresh)
        question = self._question(self._name(given), where, data_id, [target], fresh)
        question = question._replace(
            where=expression.every([question.where, expression.unless([target])])
        )
        common = question.common(question.others[target])
        title = f"{question.request.datasetType} without {target}"
        return answer.rows_of(self._butler, question, common, distinct=True, title=title)

    def _missing_of(
        self, target: str, given: Sequence[Mapping[str, Any]], where: Where, fresh: bool
    ) -> Rows:
        bare = self._question(target, None, {}, (), fresh)
        repository = self._butler.chain.knowing(bare.request)
        dataset = repository.mapper.dataset(bare.request)
        ids = [repository.mapper.typed(dataset, row_id) for row_id in given]
        known = {key for key in bare.columns.in_names if all(key in row_id for row_id in ids)}
        keys = [key for key in bare.columns.in_names if key in known]
        for key in {key for row_id in ids for key in row_id}:
            if key not in bare.kinds:
                hint = did_you_mean(key, bare.kinds)
                raise UnknownKey(f"{target} has no key {key!r}{hint}")
        kinds = {key: bare.kinds[key] for key in keys}
        if not isinstance(where, expression.Expression):
            where = expression.parse("" if where is None else where)
        where = where.renamed(repository.mapper.policy.aliases)
        where.check(kinds)
        wanted = [row_id for row_id in ids if where.possible(row_id)]
        values = {key: [row_id[key] for row_id in wanted] for key in keys}
        target_question = self._question(target, None, values, (), fresh) if keys else bare
        existing = (
            set(join.rows(target_question, keys, distinct=True)) if keys and wanted else set()
        )
        rows = list(dict.fromkeys(tuple(row_id[key] for key in keys) for row_id in wanted))
        rows = [row for row in rows if row not in existing]
        matching = Matching(DataId(), tuple(keys), rows)
        refer = functools.partial(ButlerSubset.of, self._butler, target, matching)
        return Rows(f"no {target}", kinds, lambda: iter(rows), lambda: list(refer()))

    def places(
        self,
        datasetType: str,
        dataId: Mapping[str, Any] = {},
        where: Where = None,
        fresh: bool = True,
        **rest: Any,
    ) -> Rows:
        """Return every copy of datasets, in all repositories of the chain.

        Parameters
        ----------
        datasetType : `str`
            The dataset type.
        dataId, where, fresh, **rest
            As for `Butler.query`.

        Returns
        -------
        rows : `Rows`
            The data ID, the repository, the path in it, size (bytes), and modification time (UTC);
            for each data ID, the newest copy first. `Butler.get` reads the copy in the first
            repository of the chain, which may be another one.
        """
        question = self._question(self._name(datasetType), where, as_given(dataId, rest), (), fresh)
        keys = answer.keys(question)
        kinds = {name: question.kinds[name] for name in dict.fromkeys((*keys, *_COPY))}
        single = (
            [[source] for source in question.sources] if question.sources else [question.sources]
        )

        def copies() -> Iterator[tuple[Any, ...]]:
            rows = [
                (number, row)
                for number, sources in enumerate(single)
                for row in join.rows(question._replace(sources=sources), list(kinds))
            ]
            written = list(kinds).index("written")
            return (
                row for _, row in sorted(rows, key=lambda pair: _newest(pair, len(keys), written))
            )

        return Rows(f"places of {question.request.datasetType}", kinds, copies)

    def duplicates(self, *datasetTypes: str, fresh: bool = True) -> dict[str, Rows]:
        """Return the datasets that exist in several repositories of the chain.

        Parameters
        ----------
        *datasetTypes : `str`
            The dataset types. Default: all.
        fresh : `bool`
            False to use the index as it is, without listing directories.

        Returns
        -------
        duplicates : `dict` [`str`, `Rows`]
            For each dataset type with duplicates, a row per copy, as for `places`; the first copy
            of a data ID is the one that `Butler.get` reads.
        """
        names = [self._name(name) for name in datasetTypes] or self._with_copies(fresh)
        by_type = {name: self._shadowing(name, fresh) for name in names}
        return {name: rows for name, rows in by_type.items() if rows}

    def _with_copies(self, fresh: bool) -> list[str]:
        """Return the dataset types with files in several trees."""
        if fresh:
            self.refresh()
        counted: dict[str, int] = {}
        for tree, names in self._trees():
            for text in tree.summary():
                if text in names:
                    counted[names[text]] = counted.get(names[text], 0) + 1
        return [name for name, number in counted.items() if number > 1]

    def _shadowing(self, name: str, fresh: bool) -> Rows:
        question = self._question(name, None, {}, (), fresh)
        keys = tuple(question.columns.in_names)
        kinds = {name: question.kinds[name] for name in dict.fromkeys((*keys, *_COPY))}
        choice = Choice(EVERYTHING, EVERYTHING.possible, sizes=True, paths=True, fresh=fresh)

        def copies() -> Iterator[tuple[Any, ...]]:
            for group in files.ordered(question.sources or (), choice, keys):
                some = list(group)
                for candidate in some if len(some) > 1 else ():
                    yield (
                        *candidate.values,
                        candidate.source.tree.root,
                        candidate.path,
                        candidate.size,
                        candidate.time,
                    )

        return Rows(f"copies of {name}", kinds, copies)

    # -- internals
    # --------------------------------------------------------------------------------------

    def _name(self, name: str) -> str:
        return self._butler.request(name).datasetType

    def _question(
        self,
        name: str,
        where: Where,
        data_id: Mapping[str, Any],
        others: Sequence[str],
        fresh: bool,
    ) -> Question:
        chain = self._butler.chain
        return ask.question(chain, self._reader, name, where, data_id, others, fresh)


def rank(name: str) -> tuple[bool, int, str]:
    """Return the sort key by which one of several names for the same files is chosen."""
    return name.startswith("_"), len(name), name


def _newest(pair: tuple[int, tuple[Any, ...]], keys: int, written: int) -> tuple[Any, ...]:
    number, row = pair
    order = tuple((value is not None, value) for value in row[:keys])
    return order, -(row[written] or 0), number
