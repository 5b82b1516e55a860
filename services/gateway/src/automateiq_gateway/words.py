"""The words of the API for the enums of the protos, read from the protos themselves."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from automateiq_gateway.replies import enum_words


@cache
def numbers(enum: Any) -> Mapping[str, Any]:
    """The number of each word; "not said" has none."""
    return {word: number for number, word in enum_words(enum).items() if word is not None}
