"""What the domain-tuned encoder is measured by: `python -m benchmarks.encoder [--only SECTION] [--quick]`.

Prints tables and writes docs/results/encoder.json, a section at a time, each with the machine, versions and commit that
it was measured on. Sections whose data is not on this machine are skipped, saying so. `docs/encoder.md` states the
protocols; base features are computed once and kept in `.cache/encoder`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import encoder_demo, encoder_rooms, encoder_table, encoder_words
from benchmarks.report import write_results


class Section(StrEnum):
    ROOMS = "rooms"
    PARTS = "parts"
    WORDS = "words"
    DEMO = "demo"
    COMPOSED = "composed"
    TABLE = "table"


MEASURES: dict[Section, Callable[[bool], dict[str, Any]]] = {
    Section.ROOMS: encoder_rooms.measure,
    Section.PARTS: encoder_rooms.measure_parts,
    Section.WORDS: encoder_words.measure,
    Section.DEMO: encoder_demo.measure,
    Section.COMPOSED: encoder_demo.measure_composed,
    Section.TABLE: encoder_table.measure,
}


def main(
    only: Annotated[list[Section] | None, typer.Option(help="Sections to measure; all by default.")] = None,
    quick: Annotated[bool, typer.Option(help="A small part of each, to see that it runs; writes nothing.")] = False,
) -> None:
    """Measure the encoder, with and without each of its parts."""
    for section in only or list(Section):
        try:
            figures = MEASURES[section](quick)
        except FileNotFoundError as error:
            Console().print(f"[yellow]{section.value} skipped:[/yellow] {error}")
            continue
        if not quick:
            path = write_results("encoder", {section.value: figures})
            Console().print(f"{section.value} → {path}")


if __name__ == "__main__":
    typer.run(main)
