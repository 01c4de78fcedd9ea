"""Which of a shop's fields become which fields of an item: `--map title=productDisplayName`."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.errors import BadSource
from catalog.item import Item

_MISSING = object()
ITEM_FIELDS = tuple(Item.model_fields)


@dataclass(frozen=True)
class FieldMap:
    """A mapping from a source's fields to those of `Item`.

    A field of the same name is taken as it is unless something else is mapped onto it; the others are left out, or
    with `rest` become attributes.

    Attributes:
        mapped: pairs (target, source): target is a field of `Item` or `attributes.NAME`; source a field's name, or
            a dotted path into nested fields (`meta.cats`, `images.0`).
        constants: pairs (target, value), for rows where nothing else fills the target.
        rest: keep unmapped flat fields as attributes.
    """

    mapped: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    rest: bool = False

    @classmethod
    def parse(cls, maps: Iterable[str] = (), constants: Iterable[str] = (), rest: bool = False) -> "FieldMap":
        """Read `TARGET=FIELD` and `TARGET=VALUE` as a command line gives them.

        Raises:
            BadSource: not of that form, or no such target; names the nearest.
        """
        return cls(
            tuple(_pair("--map", text) for text in maps), tuple(_pair("--set", text) for text in constants), rest
        )

    def apply(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Build the row that `catalog.item.parse_item` reads."""
        targets = {target for target, _ in self.mapped}
        row = {name: fields[name] for name in ITEM_FIELDS if name in fields and name not in targets}
        attributes: dict[str, Any] = {}
        for target, source in self.mapped:
            value = look_up(fields, source)
            if value is _MISSING:
                continue
            if target.startswith("attributes."):
                attributes[target.removeprefix("attributes.")] = value
            else:
                row[target] = value
        for target, constant in self.constants:
            if target.startswith("attributes."):
                attributes.setdefault(target.removeprefix("attributes."), constant)
            elif row.get(target) in (None, "", [], ()):
                row[target] = constant
        if self.rest:
            used = {source.partition(".")[0] for _, source in self.mapped} | set(ITEM_FIELDS)
            for name, value in fields.items():
                if name not in used and not isinstance(value, Mapping):
                    attributes.setdefault(name, value)
        if attributes:
            given = row.get("attributes")
            row["attributes"] = {**given, **attributes} if isinstance(given, Mapping) else attributes
        return row

    def found(self, fields: Mapping[str, Any], skip: set[str]) -> set[str]:
        """The mapped sources that this row has, apart from those in `skip`."""
        return {s for _, s in self.mapped if s not in skip and look_up(fields, s) is not _MISSING}

    def check(self, found: set[str], fields: set[str]) -> None:
        """Refuse a mapping that names a field which no row had.

        Raises:
            BadSource: names the field, the nearest existing one, and all that exist.
        """
        for target, source in self.mapped:
            if source not in found:
                existing = ", ".join(sorted(fields)) or "none"
                near = difflib.get_close_matches(source, fields, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise BadSource(f"--map {target}={source}: no row has {source!r}; {hint}The fields are: {existing}")


def look_up(fields: Mapping[str, Any], path: str) -> Any:
    """Find `path` in nested fields: its exact name first, then by its dotted parts; lists take numbers."""
    if path in fields:
        return fields[path]
    value: Any = fields
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list | tuple) and part.isdecimal() and len(part) < 9 and int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    return value


def _pair(option: str, text: str) -> tuple[str, str]:
    target, separator, source = (part.strip() for part in text.partition("="))
    if not separator or not target or not source:
        raise BadSource(f"{option} {text}: write {option} TARGET={'FIELD' if option == '--map' else 'VALUE'}")
    if target not in ITEM_FIELDS and not (target.startswith("attributes.") and len(target) > len("attributes.")):
        near = difflib.get_close_matches(target, ITEM_FIELDS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise BadSource(
            f"{option} {text}: an item has no field {target!r}; {hint}It has {', '.join(ITEM_FIELDS)}, "
            "and attributes.NAME for anything else"
        )
    return target, source
