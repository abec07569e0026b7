"""Training tasks: a table, each task in a file of its own. Another one is a class and a line, or `register`.

The name of a task is the key of its data in a configuration.
"""

import dataclasses

from zoo import lazy
from zoo.errors import InputError
from zoo.tables import Table
from zoo.train.settings import Settings
from zoo.train.tasks.accessibility import AccessibilityTask
from zoo.train.tasks.base import TrainingTask
from zoo.train.tasks.bases import BasesTask
from zoo.train.tasks.binding import BindingTask
from zoo.train.tasks.bins import BinsTask
from zoo.train.tasks.coverage import CoverageTask
from zoo.train.tasks.profile import ProfileTask
from zoo.train.tasks.sites import SitesTask

TASKS: Table[type[TrainingTask]] = Table(
    "task",
    {
        "accessibility": AccessibilityTask,
        "binding": BindingTask,
        "profile": ProfileTask,
        "bins": BinsTask,
        "bases": BasesTask,
        "coverage": CoverageTask,
        "sites": SitesTask,
    },
)


def register(kind: str, task: type[TrainingTask]) -> None:
    """Add a task to those that configurations can have.

    Raises `InputError` for a name that is none, or that is taken by another task or another key.
    """
    keys = {field.name for field in dataclasses.fields(Settings)}
    if not isinstance(kind, str) or not kind.isidentifier() or kind in keys | set(TASKS):
        raise InputError(
            "A task must have a name of its own, which is the key of its data in a configuration",
            example="methylation",
            received={"name": kind, "known": list(TASKS)},
        )
    TASKS.add(kind, task)


def unregister(kind: str) -> None:
    """Remove a task that `register` added. Raises `InputError` for any other."""
    TASKS.remove(kind)


__getattr__, __dir__ = lazy.submodules(__name__)
