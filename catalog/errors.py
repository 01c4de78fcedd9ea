"""The exceptions of the ground floor, in one tree.

    WindowshopError
    ├── InvalidInput        what the caller gave cannot be used: says which value, and what would do
    │   ├── BadItem         one row of a catalogue is not an item
    │   ├── BadPicture      bytes that are not a picture we can or will decode
    │   └── BadSource       a catalogue that cannot be opened or understood at all
    │       └── Shrunk      an export without most of what the shop sells
    ├── NotFound            an item, table or release that does not exist
    ├── Superseded          another release went live while a job made its own from the one before
    ├── VersionMismatch     vectors or models of two different encoder versions were about to meet
    ├── Fetch               a picture or file could not be read from where it is said to be
    └── MissingDependency   an optional package or model is not installed

`serve_app` maps this tree to HTTP problem documents once; jobs map it to reject reasons.
"""


class WindowshopError(Exception):
    """Base of every error that Windowshop raises on purpose. `code` is a stable, machine-readable name."""

    code = "error"


class InvalidInput(WindowshopError, ValueError):
    """What the caller gave cannot be used."""

    code = "invalid_input"


class BadItem(InvalidInput):
    """One row of a catalogue is not an item. `code` says how: missing_id, invalid_field, ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadPicture(InvalidInput):
    """Bytes that are not a picture we can or will decode. `code` says why: truncated, too_large, ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadSource(InvalidInput):
    """A catalogue that cannot be opened or understood at all."""

    code = "bad_source"


class Shrunk(BadSource):
    """An export that lacks so much of what the shop sells that it is more likely to be broken."""

    code = "shrunk"


class NotFound(WindowshopError, LookupError):
    """An item, table or release that does not exist."""

    code = "not_found"


class Superseded(WindowshopError):
    """Another release went live while a job made its own from the one before: promoting it would undo the other."""

    code = "superseded"


class VersionMismatch(WindowshopError):
    """Vectors or models of two different encoder versions were about to meet."""

    code = "version_mismatch"


class Fetch(WindowshopError, OSError):
    """A picture or file could not be read from where it is said to be. `code`: not_found, timeout, forbidden, ..."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class MissingDependency(WindowshopError, ImportError):
    """An optional package or model is not installed; the message says how to install it."""

    code = "missing_dependency"
