"""Ids out of a path."""

import re

_ID = re.compile(r"[0-9a-f]{24}")


def is_id(text: str) -> bool:
    """Whether a word can be an id at all; one that can not names nothing, as one that is not there."""
    return _ID.fullmatch(text) is not None
