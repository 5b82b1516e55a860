"""The rankers that are trained: one line each. Add yours here."""

from __future__ import annotations

from learning import Task

TASKS: tuple[Task, ...] = ()
