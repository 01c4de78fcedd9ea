"""`python -m batch.precompute`: the command line of the job."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from batch.command import ends_plainly
from batch.precompute.flow import FlowOptions
from batch.precompute.job import Job, Report, precompute
from batch.precompute.leavers import MAX_GONE
from batch.precompute.progress import for_terminal
from batch.ray_session import connect
from catalog.fetch import FetchLimits
from catalog.images import MAX_PIXELS
from catalog.sources import FieldMap, open_source

app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)


@app.command()
def main(
    source: Annotated[
        str,
        typer.Option(
            help="SCHEME:WHERE with `jsonl:`, `csv:`, `parquet:`, `images:` or `abo:`, then a path, glob or URI: "
            "`jsonl:items.jsonl`, `csv:s3://shop/export/*.csv.gz`, `images:photos/`."
        ),
    ],
    release: Annotated[str, typer.Option(help="The release store: a folder or object-store URI that holds releases.")],
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="TARGET=FIELD: take an item's field from another field of the source; dots reach into nested fields "
            "(`category=meta.cats`, `image=photos.0`). Fields of the same name need no mapping. Any other field can "
            "become an attribute (`attributes.season=season`). Repeat as needed.",
        ),
    ] = None,
    constants: Annotated[
        list[str] | None, typer.Option("--set", help="TARGET=VALUE for rows that have none: `currency=USD`.")
    ] = None,
    attributes_rest: Annotated[bool, typer.Option(help="Keep all unmapped flat fields as attributes.")] = False,
    language: Annotated[str, typer.Option(help="Preferred language where a source has several.")] = "en",
    encoder: Annotated[
        str,
        typer.Option(help="`packaged`, or the hub id or folder of a SigLIP model: `google/siglip2-base-patch16-224`."),
    ] = "packaged",
    promote: Annotated[bool, typer.Option(help="Make the new release the live one.")] = True,
    max_gone: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of the live items that may leave the shop at once; an export that lacks more is not promoted.",
        ),
    ] = MAX_GONE,
    require_image: Annotated[bool, typer.Option(help="Reject items without a picture.")] = False,
    trust_addresses: Annotated[
        bool, typer.Option(help="A picture at an unchanged address has not changed: do not fetch it again.")
    ] = False,
    max_pixels: Annotated[int, typer.Option(help="Reject pictures of more pixels than this.")] = MAX_PIXELS,
    timeout_s: Annotated[float, typer.Option(help="Longest silence of a picture's server, in seconds.")] = 10.0,
    retries: Annotated[int, typer.Option(help="Further attempts after 429, 5xx or a time-out.")] = 3,
    encoders: Annotated[int | None, typer.Option(help="Encoding actors; by default one per GPU, or per CPU.")] = None,
    gpus_per_encoder: Annotated[
        float | None, typer.Option(help="Share of a GPU per encoding actor; 0 encodes on CPUs.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures per encoder call; 256 on GPUs, 32 on CPUs.")] = None,
    wave_rows: Annotated[int, typer.Option(help="Rows between two merges; bounds memory and scratch space.")] = 200_000,
) -> None:
    """Encode a catalogue once, offline: fetch its pictures, turn pictures and words into vectors, and write a release.

    Run it again after the catalogue changed: only what changed is encoded, and what left is taken out.
    Killed half-way? The same command goes on where it was. Rows that cannot be used are listed with their reasons.

        python -m batch.precompute --source jsonl:items.jsonl --release shop/

        python -m batch.precompute --source csv:export.csv --map title=productDisplayName --map image=photo_url
        --set currency=EUR --release s3://bucket/shop

        ray job submit --working-dir . -- python -m batch.precompute --source ... --release s3://bucket/shop
    """
    with ends_plainly("Stopped. The same command goes on from here; nothing that was finished is encoded again."):
        fields = FieldMap.parse(maps or (), constants or (), attributes_rest)
        job = Job(
            source=open_source(source, fields, language=language),
            release=release,
            encoder=encoder,
            promote=promote,
            max_gone=max_gone,
            require_image=require_image,
            trust_addresses=trust_addresses,
            max_pixels=max_pixels,
            limits=FetchLimits(timeout_s=timeout_s, retries=retries),
            flow=FlowOptions(encoders, gpus_per_encoder, batch_size),
            wave_rows=wave_rows,
        )
        connect()
        with for_terminal() as progress:
            report = precompute(job, progress)
    show(report, Console(width=None if sys.stdout.isatty() else 120))


def show(report: Report, console: Console) -> None:
    """Print what became of the catalogue."""
    table = Table(title=None, show_header=False, box=None, pad_edge=False)
    for name, count in (
        ("rows read", report.rows),
        ("encoded", report.encoded),
        ("facts updated", report.updated),
        ("unchanged", report.unchanged),
        ("taken out", report.gone),
        ("kept as they were, for their rows are rejected", report.kept),
        ("rejected", report.rejected),
        *((f"  {reason}", count) for reason, count in sorted(report.reasons.items())),
        ("items in the release", report.items),
    ):
        table.add_row(name, f"{count:,}")
    console.print(table)
    if report.rejects:
        console.print(f"rejected rows: {report.rejects}", highlight=False, soft_wrap=True)
    note = "" if report.changed else " (nothing changed)"
    console.print(f"release {report.release}{note}", highlight=False)
