"""What the HTTP API, and later the assistant, ask for: search, items, facets. The deployments behind are its handles.

Encoder and retriever follow the release pointer each on its own, so for a moment they may differ. A query's vectors
carry the version of the encoder that made them, and the retriever answers only from a release of that version; if it
has none, the query is encoded once more, with the version that it names. So an answer is always of one release.
"""

import hashlib
from collections import OrderedDict
from dataclasses import replace

from ray.serve.handle import DeploymentHandle

from catalog.errors import NotFound
from catalog.release import Release
from catalog.search import MAX_DEPTH
from serve_app import present
from serve_app.cursor import Cursor, start_of
from serve_app.errors import EncoderBehind, ReleaseGone
from serve_app.handles import call
from serve_app.personal import Personal
from serve_app.pictures import PictureReader, QueryPicture
from serve_app.query import EncodedQuery, Query
from serve_app.retriever import Facets, Found, Lookup, Thumbnail
from serve_app.schemas import ItemResponse, SearchRequest, SearchResponse
from serve_app.timing import Stages

REMEMBERED_QUERIES = 2_000
"""Query vectors kept per ingress replica, about 7 KB each: next pages and popular queries are not encoded again."""


class Shop:
    """One application's encoder and retriever, seen as one shop.

    Args:
        encoder: handle of `QueryEncoder`.
        retriever: handle of `Retriever`.
        pictures: reads the pictures of queries.
        personal: knows the people who search; without it, a search is the same for everybody.
    """

    def __init__(
        self,
        encoder: DeploymentHandle,
        retriever: DeploymentHandle,
        pictures: PictureReader,
        personal: Personal | None = None,
    ) -> None:
        self._encoder = encoder
        self._retriever = retriever
        self._pictures = pictures
        self.personal = personal
        self._remembered: OrderedDict[str, EncodedQuery] = OrderedDict()  # the longest unused first

    async def search(self, request: SearchRequest, stages: Stages, *, upload: bytes | None = None) -> SearchResponse:
        """One page of a search. Raises the errors that `problems` maps."""
        picture = None
        source = request.picture if upload is None else upload
        if source is not None:
            with stages.stage("picture"):
                picture = await self._pictures.read(source, request.region)
        picture_digest = picture.digest if picture else None
        if request.user_id is not None and self.personal is not None:
            lookup = Lookup(
                text=request.text or None,
                has_picture=picture is not None,
                item_ids=request.item_ids,
                filters=request.filters,
                sort=request.sort,
            )
            return await self.personal.search(
                request, picture_digest, lookup, lambda window: self.find(window, picture, stages)
            )
        offset, release, digest = start_of(request, picture_digest)
        lookup = Lookup(
            text=request.text or None,
            has_picture=picture is not None,
            item_ids=request.item_ids,
            filters=request.filters,
            sort=request.sort,
            limit=min(request.limit, MAX_DEPTH - offset),
            offset=offset,
            release=release,
        )
        found = await self.find(lookup, picture, stages)
        more = found.table.num_rows == lookup.limit and offset + lookup.limit < MAX_DEPTH
        with stages.stage("present"):
            return SearchResponse.model_construct(
                items=present.found_items(found.table),
                next_cursor=Cursor(offset + lookup.limit, found.release, digest).encode() if more else None,
                release=found.release,
                missing_item_ids=found.missing,
            )

    async def find(self, lookup: Lookup, picture: QueryPicture | None, stages: Stages) -> Found:
        """Encode what there is to encode, and look it up in a release of the same encoder version."""
        if not lookup.text and picture is None:
            return await self._look_up(lookup, stages)
        encoded, remembered = await self._encode(lookup, picture, None, stages)
        try:
            found = await self._look_up(_with(lookup, encoded), stages)
        except EncoderBehind as behind:
            encoded, _ = await self._encode(lookup, picture, behind.wanted, stages)
            if lookup.release and encoded.version != behind.wanted:
                raise ReleaseGone(
                    f"release {lookup.release!r} is no longer served; search again without the cursor"
                ) from behind
            return await self._look_up(_with(lookup, encoded), stages)
        if remembered and not lookup.release and found.live_encoder != encoded.version:
            # A new encoder is live: what is remembered would keep answering from the release before.
            self._remembered.clear()
            encoded, _ = await self._encode(lookup, picture, None, stages)
            return await self._look_up(_with(lookup, encoded), stages)
        return found

    async def item(self, item_id: str) -> ItemResponse:
        """One item. Raises NotFound."""
        found: Found = await call(self._retriever.items, (item_id,))
        if not found.table.num_rows:
            raise NotFound(f"there is no item {item_id!r}")
        return ItemResponse.model_construct(item=present.items(found.table)[0], release=found.release)

    async def thumbnail(self, item_id: str) -> Thumbnail:
        """An item's small picture. Raises NotFound."""
        thumbnail: Thumbnail = await call(self._retriever.thumbnail, item_id)
        return thumbnail

    async def facets(self) -> Facets:
        """What can be filtered by."""
        facets: Facets = await call(self._retriever.facets)
        return facets

    async def encoder_version(self) -> str:
        """What queries are encoded with. Raises NoRelease."""
        version: str = await call(self._encoder.version)
        return version

    async def release(self) -> Release:
        """The live release. Raises NoRelease."""
        release: Release = await call(self._retriever.release)
        return release

    async def _look_up(self, lookup: Lookup, stages: Stages) -> Found:
        with stages.stage("find"):
            found: Found = await call(self._retriever.find, lookup)
        stages.add("table", found.took_ms)
        return found

    async def _encode(
        self, lookup: Lookup, picture: QueryPicture | None, version: str | None, stages: Stages
    ) -> tuple[EncodedQuery, bool]:
        """The vectors of a query, and whether they were remembered."""
        text, changes_items = lookup.text, bool(lookup.item_ids and lookup.text)
        asked = f"{version}\n{picture.digest if picture else ''}\n{changes_items}\n{text or ''}"
        key = hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()
        if key in self._remembered:
            self._remembered.move_to_end(key)
            return self._remembered[key], True
        pixels = None
        if picture is not None:
            with stages.stage("picture"):
                pixels = await self._pictures.pixels(picture)
        with stages.stage("encode"):
            encoded: EncodedQuery = await call(self._encoder.encode, Query(text, pixels, version, changes_items))
        self._remembered[key] = encoded
        if len(self._remembered) > REMEMBERED_QUERIES:
            self._remembered.popitem(last=False)
        return encoded, False


def _with(lookup: Lookup, encoded: EncodedQuery) -> Lookup:
    return replace(lookup, vectors=encoded.vectors, words=encoded.words, encoder_version=encoded.version)
