"""The deployment that turns what a customer typed or showed into vectors, a batch at a time."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image
from ray import serve

from catalog.encoder import Encoder, Pixels, Vectors, load_encoder
from catalog.release import Release, ReleaseStore
from serve_app import metrics
from serve_app.live import Live
from serve_app.logs import join_serve_log
from serve_app.query import EncodedQuery, Query

MAX_BATCH = 32


class QueryEncoder:
    """Holds the encoder of the live release, and those of the releases before as long as they may be asked for.

    Queries that arrive while a batch is being computed form the next one, so a lone query does not wait for company.
    The towers run in one worker thread: they are not thread-safe, and the event loop stays free for health checks.
    """

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, release_uri: str, *, device: str | None = None, poll_s: float = 3.0, batch_wait_s: float = 0.002
    ) -> None:
        import torch  # whoever binds the deployment imports this file, and need not wait for it

        join_serve_log()
        self._device = device
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encode")
        self._store = ReleaseStore(release_uri)
        self._live: Live[Encoder] = Live(self._store, self._open, poll_s)
        self._encode_batch.set_batch_wait_timeout_s(batch_wait_s)  # type: ignore[attr-defined]
        # On a CPU, bfloat16 convolutions of small batches are slower on two threads than on one.
        torch.set_num_threads(1)
        await self._live.start()

    async def encode(self, query: Query) -> EncodedQuery:
        """Encode one query. Raises NoRelease if none is live."""
        live = self._live.current
        encoder = next((held for held in self._live.held if held.version == query.version), live)
        encoded: EncodedQuery = await self._encode_batch((encoder, query))
        return encoded

    async def version(self) -> str:
        """Version of the live release's encoder. Raises NoRelease."""
        return self._live.current.version

    async def check_health(self) -> None:
        """Called by Serve: the worker thread must answer within the health check's time limit."""
        await asyncio.get_running_loop().run_in_executor(self._worker, int)

    @serve.batch(max_batch_size=MAX_BATCH, batch_wait_timeout_s=0.002)
    async def _encode_batch(self, queries: list[tuple[Encoder, Query]]) -> list[EncodedQuery]:
        metrics.pictures_encoded(sum(query.pixels is not None for _, query in queries))
        return await asyncio.get_running_loop().run_in_executor(self._worker, encode_together, queries)

    async def _open(self, release: Release) -> Encoder:
        """Releases with the same encoder share it; another one is loaded beside it, in a thread of its own."""
        for held in self._live.held:
            if held.version == release.encoder.version:
                return held
        return await asyncio.to_thread(load_encoder, self._store, release.encoder, self._device)


def encode_together(queries: Sequence[tuple[Encoder, Query]]) -> list[EncodedQuery]:
    """Encode queries in one pass through the towers of each encoder that they ask for."""
    results: dict[int, EncodedQuery] = {}
    for version, encoder in {encoder.version: encoder for encoder, _ in queries}.items():
        rows = [i for i, (asked, _) in enumerate(queries) if asked.version == version]
        texts = [queries[i][1].text for i in rows]
        pictures = [_preprocessed(encoder, queries[i][1].pixels) for i in rows]
        for i, vectors in zip(rows, encoder.encode_queries(texts, pictures), strict=True):
            results[i] = EncodedQuery(version, vectors, _words(encoder, queries[i][1]))
    return [results[i] for i in range(len(queries))]


def _words(encoder: Encoder, query: Query) -> Vectors | None:
    if encoder.composer is None or not query.changes_items or not query.text:
        return None
    return encoder.base.encode_texts([query.text])[0]


def _preprocessed(encoder: Encoder, pixels: Pixels | None) -> Pixels | None:
    return None if pixels is None else encoder.base.preprocess(Image.fromarray(np.asarray(pixels)))
