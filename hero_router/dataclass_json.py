"""Converts dataclasses to JSON objects and back, and checks the types of their fields.

Pure: no I/O, no clock.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def known_fields(cls: type["DataclassInstance"], value: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a JSON object that are fields of the class; others are left out."""
    names = {name for name, _ in field_types(cls)}
    return {name: item for name, item in value.items() if name in names}


def plain_fields(item: "DataclassInstance") -> dict[str, Any]:
    """The fields without copies: `asdict` copies even immutable values, which takes far longer."""
    return {name: getattr(item, name) for name, _ in field_types(type(item))}


def checked(item: T) -> T:
    """The item itself. Raises TypeError if a field's value is not of the field's type."""
    for name, allowed in field_types(type(item)):
        if not isinstance(getattr(item, name), allowed):
            raise TypeError(f"{name} has a value of another type")
    return item


@cache
def field_types(cls: type["DataclassInstance"]) -> tuple[tuple[str, tuple[type, ...]], ...]:
    """The name of each field, with the classes that its values may have."""
    return tuple((item.name, _classes(item.type)) for item in fields(cls))


def _classes(kind: Any) -> tuple[type, ...]:
    """`str | None` as two classes, `tuple[str, ...]` as `tuple`; JSON writes 5.0 as 5 too."""
    found = get_args(kind) if isinstance(kind, UnionType) else (get_origin(kind) or kind,)
    return (*found, int) if float in found else found
