"""Who is looking at the page: kept by the browser, the same on every page."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files


def script(*names: str) -> str:
    """A page's own script, behind the one that knows the person. They become one function, so they share their names.

    Args:
        names: of files in `assets`, in order.
    """
    return "\n".join((files("ui") / "assets" / name).read_text() for name in ("person.js", *names))


def shopper_options(shoppers: Sequence[tuple[str, str]]) -> str:
    """The made-up shoppers to choose from, (id, name), as HTML options."""
    return "".join(f'<option value="{escape(id_, quote=True)}">{escape(name)}</option>' for id_, name in shoppers)
