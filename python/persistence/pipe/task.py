"""`Task`: a processing step, with a configuration, a log, metadata, and subtasks."""

from __future__ import annotations

import contextlib
import importlib
import weakref
from collections.abc import Iterator
from typing import Any, ClassVar

from persistence.errors import told
from persistence.files import extras
from persistence.pipe import timing
from persistence.pipe.logs import TaskLog
from persistence.types.metadata.property import PropertyList, PropertySet


class TaskError(Exception):
    """A failure with a complete message: no traceback is shown."""


@contextlib.contextmanager
def confined() -> Iterator[None]:
    """Re-raise errors of a task that are not an `Exception`.

    They would end the run; ``sys.exit(0)`` even with success.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise RuntimeError(f"the task raised {told(error)}, which would end the program") from error


class Later:
    """A class attribute that is imported when it is first used.

    ``--help`` is printed without a configuration.

    Parameters
    ----------
    module, name : `str`
        The module, and the name in it.
    """

    def __init__(self, module: str, name: str) -> None:
        self._place = module, name

    def __get__(self, instance: object, owner: type) -> Any:
        module, name = self._place
        with extras.needed("lsst.pex.config", f"{owner.__name__}'s configuration"):
            return getattr(importlib.import_module(module), name)


class Task:
    """A processing step.

    Parameters
    ----------
    config : optional
        The configuration. Default: that in the parent's configuration, or a new one.
    name : `str`, optional
        The task's name. Default: its `_DefaultName`.
    parentTask : `Task`, optional
        The parent task.
    log : optional
        The log, for a task without a parent.

    Attributes
    ----------
    config, log
        The configuration and the log.
    metadata : `~persistence.types.metadata.property.PropertyList`
        The task's remarks about its work.

    Raises
    ------
    RuntimeError
        If there is no name, or no configuration.

    Examples
    --------
    >>> from lsst.pex.config import Config, Field  # doctest: +SKIP
    >>> class ScaleConfig(Config):  # doctest: +SKIP
    ...     factor = Field(dtype=float, default=2.0, doc="The factor.")
    >>> class ScaleTask(Task):  # doctest: +SKIP
    ...     ConfigClass = ScaleConfig
    ...     _DefaultName = "scale"
    ...
    ...     def run(self, value):
    ...         return self.config.factor * value
    >>> ScaleTask().run(21.0)  # doctest: +SKIP
    42.0
    """

    ConfigClass: ClassVar[Any] = None
    _DefaultName: ClassVar[str | None] = None

    def __init__(
        self,
        config: Any = None,
        name: str | None = None,
        parentTask: Task | None = None,
        log: Any = None,
    ) -> None:
        self.metadata = PropertyList()
        # a parent
        self._above = None if parentTask is None else weakref.ref(parentTask)
        own_name = name or (type(self)._DefaultName if parentTask is None else None)
        if own_name is None:
            needs = "a name" if parentTask is not None else "a name, or a _DefaultName,"
            raise RuntimeError(f"{type(self).__name__} needs {needs}")
        self._name = own_name
        if parentTask is None:
            self._fullName = own_name
            self._taskDict: dict[str, weakref.ref[Task]] = {}
            self.log = TaskLog(own_name) if log is None else log
        else:
            self._fullName = parentTask._computeFullName(own_name)
            self._taskDict = parentTask._taskDict
            self.log = parentTask.log.getChild(own_name)
        self.config = self._configured(config)
        self._taskDict[self._fullName] = weakref.ref(self)

    @property
    def _parentTask(self) -> Task | None:
        return None if self._above is None else self._above()

    def _configured(self, config: Any) -> Any:
        if config is not None:
            return config
        if self._parentTask is not None:
            return getattr(self._parentTask.config, self._name)
        if type(self).ConfigClass is None:
            raise RuntimeError(f"{type(self).__name__} needs a config, or a ConfigClass")
        return type(self).ConfigClass()

    # -- subtasks
    # -----------------------------------------------------------------------------------

    def makeSubtask(self, name: str, **keywords: Any) -> None:
        """Create the task that a field of the configuration names, as an attribute of that name.

        Parameters
        ----------
        name : `str`
            The field: a ``ConfigurableField`` or a ``RegistryField``.
        **keywords
            Further arguments for the task.

        Raises
        ------
        KeyError
            If there is no such field.
        """
        field = getattr(self.config, name, None)
        if field is None:
            raise KeyError(f"{type(self).__name__}: the configuration has no task {name!r}")
        setattr(self, name, field.apply(name=name, parentTask=self, **keywords))

    @classmethod
    def makeField(cls, doc: str) -> Any:
        """Return a field of a configuration with this task as its target.

        Parameters
        ----------
        doc : `str`
            The field's description.

        Returns
        -------
        field : `lsst.pex.config.ConfigurableField`
            The field.
        """
        from lsst.pex.config import ConfigurableField  # lazy: only needed for subtasks

        return ConfigurableField(target=cls, doc=doc)  # type: ignore[no-untyped-call]

    def getName(self) -> str:
        """Return the name of the task.

        Returns
        -------
        name : `str`
            The name.
        """
        return self._name

    def getFullName(self) -> str:
        """Return the names of the parents and of this task, joined by dots.

        Returns
        -------
        name : `str`
            The name, such as ``processCcd.isr``.
        """
        return self._fullName

    def _computeFullName(self, name: str) -> str:
        """Return the full name of a subtask.

        Tasks of ``lsst-pipe-base`` call this method of their parent.
        """
        return f"{self._fullName}.{name}"

    def getTaskDict(self) -> dict[str, Task]:
        """Return all tasks of the tree, by their full names.

        Returns
        -------
        tasks : `dict` [`str`, `Task`]
            Full name to task.
        """
        return {
            name: task
            for name, reference in self._taskDict.items()
            if (task := reference()) is not None
        }

    # -- schemas and metadata
    # ----------------------------------------------------------------------------------

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Return an empty catalog for each dataset type whose schema this task defines.

        Returns
        -------
        catalogs : `dict` [`str`, `~persistence.types.table.catalog.Catalog`]
            Dataset type to empty catalog.
        """
        return {}

    def getAllSchemaCatalogs(self) -> dict[str, Any]:
        """Return the schema catalogs of all tasks of the tree.

        Returns
        -------
        catalogs : `dict` [`str`, `~persistence.types.table.catalog.Catalog`]
            Dataset type to empty catalog.
        """
        tasks = [task for task in self.getTaskDict().values() if hasattr(task, "getSchemaCatalogs")]
        return {name: pair for task in tasks for name, pair in task.getSchemaCatalogs().items()}

    def getFullMetadata(self) -> PropertySet:
        """Return the metadata of all tasks of the tree: ``processCcd:isr`` for each.

        Returns
        -------
        metadata : `~persistence.types.metadata.property.PropertySet`
            The metadata by full name, with colons.
        """
        full = PropertySet()
        for name, task in self.getTaskDict().items():
            # Tasks of lsst-pipe-base have metadata of another class.
            values = task.metadata.to_dict() if hasattr(task.metadata, "to_dict") else task.metadata
            full.set(name.replace(".", ":"), values)
        return full

    def emptyMetadata(self) -> None:
        """Clear the metadata of all tasks of the tree."""
        for task in self.getTaskDict().values():
            task.metadata = type(task.metadata)()

    @contextlib.contextmanager
    def timer(self, name: str, logLevel: int | None = None) -> Iterator[None]:
        """Record the resources used in a block in the metadata.

        Parameters
        ----------
        name : `str`
            The prefix of the entries.
        logLevel : `int`, optional
            Not used; for code written for Gen2.
        """
        with timing.timed(self.metadata, name):
            yield
