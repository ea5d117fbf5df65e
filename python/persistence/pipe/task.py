"""`Task`: a step of processing, with a configuration, a log, metadata, and steps below it."""

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
    """A failure whose message says all that there is to say: no traceback is shown."""


@contextlib.contextmanager
def confined() -> Iterator[None]:
    """Let what a task raises be an `Exception`.

    Others would end the run, ``sys.exit(0)`` as if all were well.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise RuntimeError(f"the task raised {told(error)}, which is to end the program") from error


class Later:
    """An attribute of a class that is imported when it is asked for.

    ``--help`` is told without a configuration.

    Parameters
    ----------
    module, name : `str`
        What is imported.
    """

    def __init__(self, module: str, name: str) -> None:
        self._place = module, name

    def __get__(self, instance: object, owner: type) -> Any:
        module, name = self._place
        with extras.needed("lsst.pex.config", f"{owner.__name__}'s configuration"):
            return getattr(importlib.import_module(module), name)


class Task:
    """A step of processing.

    Parameters
    ----------
    config : optional
        The configuration; by default that of the task above, or a new one.
    name : `str`, optional
        What the task is called; by default its `_DefaultName`.
    parentTask : `Task`, optional
        The task above.
    log : optional
        The log of a task that has none above it.

    Attributes
    ----------
    config, log
        Those of the task.
    metadata : `~persistence.types.metadata.property.PropertyList`
        What the task notes about its work.

    Raises
    ------
    RuntimeError
        If there is no name, or no configuration, to be found.
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
        # who has tasks below it
        self._above = None if parentTask is None else weakref.ref(parentTask)
        given = name or (type(self)._DefaultName if parentTask is None else None)
        if given is None:
            needs = "a name" if parentTask is not None else "a name, or a _DefaultName,"
            raise RuntimeError(f"{type(self).__name__} needs {needs}")
        self._name = given
        if parentTask is None:
            self._fullName = given
            self._taskDict: dict[str, weakref.ref[Task]] = {}
            self.log = TaskLog(given) if log is None else log
        else:
            self._fullName = parentTask._computeFullName(given)
            self._taskDict = parentTask._taskDict
            self.log = parentTask.log.getChild(given)
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

    # -- steps below
    # -----------------------------------------------------------------------------------

    def makeSubtask(self, name: str, **keywords: Any) -> None:
        """Make the task that a field of the configuration names, as an attribute of that name.

        Parameters
        ----------
        name : `str`
            The field: a ``ConfigurableField`` or a ``RegistryField``.
        **keywords
            More arguments for the task.

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
        """Give a field of a configuration that has this task as its target."""
        from lsst.pex.config import ConfigurableField  # only tasks with tasks below need it

        return ConfigurableField(target=cls, doc=doc)  # type: ignore[no-untyped-call]

    def getName(self) -> str:
        """Give the name of the task."""
        return self._name

    def getFullName(self) -> str:
        """Give the names of the tasks above and of this one, with dots between."""
        return self._fullName

    def _computeFullName(self, name: str) -> str:
        """Give the full name of a task below.

        Tasks of ``lsst-pipe-base`` ask the one above for it.
        """
        return f"{self._fullName}.{name}"

    def getTaskDict(self) -> dict[str, Task]:
        """Give all tasks of the tree, by their full names."""
        return {
            name: task
            for name, reference in self._taskDict.items()
            if (task := reference()) is not None
        }

    # -- what is kept
    # ----------------------------------------------------------------------------------

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Give an empty catalog for each dataset type whose schema this task defines."""
        return {}

    def getAllSchemaCatalogs(self) -> dict[str, Any]:
        """Give those of all tasks of the tree."""
        tasks = [task for task in self.getTaskDict().values() if hasattr(task, "getSchemaCatalogs")]
        return {name: one for task in tasks for name, one in task.getSchemaCatalogs().items()}

    def getFullMetadata(self) -> PropertySet:
        """Give the metadata of all tasks of the tree: ``processCcd:isr`` for each."""
        full = PropertySet()
        for name, task in self.getTaskDict().items():
            # Tasks of lsst-pipe-base have metadata of a class of their own.
            told = task.metadata.to_dict() if hasattr(task.metadata, "to_dict") else task.metadata
            full.set(name.replace(".", ":"), told)
        return full

    def emptyMetadata(self) -> None:
        """Forget the metadata of all tasks of the tree."""
        for task in self.getTaskDict().values():
            task.metadata = type(task.metadata)()

    @contextlib.contextmanager
    def timer(self, name: str, logLevel: int | None = None) -> Iterator[None]:
        """Note in the metadata what a block uses."""
        with timing.timed(self.metadata, name):
            yield
