"""Releases: which versions of encoder, item table, Navigator and taste model belong together.

A release store is a folder, local or on any fsspec object store:

    current.json                 the pointer: which release is live
    releases/ID/release.json     what each release is made of, and how it was made
    tables/                      the LanceDB database with the item tables
    features/VERSION/            cached base features, by base encoder version
    models/...                   heads, Navigator checkpoints, taste models
    rejects/                     rows that could not be used, with the reason

Jobs write releases; promoting one replaces the pointer in one step; rolling back does the same with an older id.
`URI#NAME` is the same store by another pointer, NAME.json: a job that is given `shop#candidate` builds on the candidate
and promotes to it, and what is live stays live.
"""

import fcntl
import json
import logging
import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import EllipsisType
from typing import Annotated, Any

import fsspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from catalog.errors import InvalidInput, NotFound, Superseded

logger = logging.getLogger(__name__)

LIVE = "current"
"""The pointer that replicas follow."""

_WITH_POINTER = re.compile(r"(?P<uri>.+)#(?P<pointer>[a-z]+)")

ReleaseId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class TableRef(BaseModel):
    """An item table at one version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(description="LanceDB version; the tag of the release's id pins it.")
    rows: int


class EncoderRef(BaseModel):
    """The encoder whose vectors the item table holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(
        description="Name for `catalog.encoder.load_base_encoder`, or path inside the store: `models/towers/...`."
    )
    version: str
    head: str | None = Field(default=None, description="Path of the trained head inside the store.")
    size: int | None = Field(default=None, description="Matryoshka size of the head's vectors; the full one if None.")
    composer: str | None = Field(default=None, description="Path of the combiner of picture and words, if trained.")


class AlignmentRef(BaseModel):
    """A map between the vectors of two encoder versions (`catalog.align`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Path inside the store.")
    source: str = Field(description="Encoder version of the vectors that it reads.")
    target: str = Field(description="Encoder version of the vectors that it gives.")
    cosine: float = Field(description="Mean cosine of mapped to true vectors on held-out items.")


class ModelRef(BaseModel):
    """A trained model inside the store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Path inside the store.")
    version: str
    encoder_version: str = Field(description="Whose vectors it was trained on.")
    metrics: dict[str, float] = Field(default_factory=dict)


class Release(BaseModel):
    """One deployable set of versions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: ReleaseId
    created: datetime
    parent: ReleaseId | None = None
    encoder: EncoderRef
    items: TableRef
    navigator: ModelRef | None = None
    taste: ModelRef | None = None
    alignments: tuple[AlignmentRef, ...] = Field(
        default=(), description="Carry vectors over between this release's encoder and its parent's."
    )
    source: str | None = Field(default=None, description="Where the catalogue came from.")
    counts: dict[str, int] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    git_commit: str | None = None

    @property
    def tag(self) -> str:
        """The tag that pins the item table."""
        return f"release-{self.id}"


class ReleaseStore:
    """Reads, writes and promotes releases under one URI.

    Args:
        uri: a folder, local or remote; `URI#NAME` reads and moves the pointer NAME in place of the live one.

    `self.uri` is the folder, without the pointer's name.
    """

    def __init__(self, uri: str | os.PathLike[str], storage_options: dict[str, Any] | None = None) -> None:
        named = _WITH_POINTER.fullmatch(str(uri))
        self.pointer = named["pointer"] if named else LIVE
        self.uri = (named["uri"] if named else str(uri)).rstrip("/")
        self.storage_options = storage_options or {}
        self._fs, root = fsspec.core.url_to_fs(self.uri, **self.storage_options)
        self._root = root.rstrip("/")
        self.is_local = isinstance(self._fs, fsspec.implementations.local.LocalFileSystem)
        if self.is_local:
            self.uri = str(Path(self._root).resolve())

    @property
    def address(self) -> str:
        """What opens this store by this pointer from anywhere, whatever the working folder."""
        return self.uri if self.pointer == LIVE else f"{self.uri}#{self.pointer}"

    @property
    def tables_uri(self) -> str:
        """The LanceDB database."""
        return self.path("tables")

    def path(self, *parts: str) -> str:
        """A full URI inside the store."""
        return "/".join([self.uri, *parts])

    def inside(self, uri: str) -> str | None:
        """The path inside the store of what lies at a path or URI; None for what lies elsewhere."""
        full = str(Path(uri).resolve()) if self.is_local and "://" not in uri else uri.rstrip("/")
        return full.removeprefix(f"{self.uri}/") if full.startswith(f"{self.uri}/") else None

    def current_id(self) -> str:
        """Id of the release that the pointer is at: the live one. Raises NotFound if none was ever promoted."""
        try:
            return str(json.loads(self._fs.cat_file(f"{self._root}/{self.pointer}.json"))["release"])
        except FileNotFoundError as error:
            raise NotFound(
                f"no release is live in {self.uri}; make one with `python -m batch.precompute --release {self.uri} ...`"
            ) from error

    def current(self) -> Release:
        """The live release."""
        return self.get(self.current_id())

    def get(self, release_id: str) -> Release:
        """Read one release. Raises NotFound, or InvalidInput if it was written by an incompatible version."""
        try:
            text = self._fs.cat_file(f"{self._root}/releases/{_checked(release_id)}/release.json")
        except FileNotFoundError as error:
            raise NotFound(f"there is no release {release_id!r} in {self.uri}") from error
        try:
            return Release.model_validate_json(text)
        except ValidationError as error:
            raise InvalidInput(f"release {release_id!r} cannot be read: {error}") from error

    def list(self) -> list[Release]:
        """All releases, oldest first; what else lies in their folder is passed over."""
        try:
            folders = self._fs.ls(f"{self._root}/releases", detail=False)
        except FileNotFoundError:
            return []
        names = (folder.rstrip("/").rsplit("/", 1)[-1] for folder in folders)
        releases = [release for name in names if (release := self._readable(name))]
        return sorted(releases, key=lambda release: release.created)

    def _readable(self, name: str) -> Release | None:
        """The release of an entry under `releases/`; None where it is none, or one of another version of Windowshop."""
        try:
            return self.get(name)
        except (NotFound, NotADirectoryError):
            return None
        except InvalidInput as error:
            logger.warning("left out of the list: %s", error)
            return None

    def write(self, release: Release) -> None:
        """Write a new release. Raises InvalidInput if the id exists with other content: releases never change."""
        path = f"{self._root}/releases/{release.id}/release.json"
        text = release.model_dump_json(indent=2).encode()
        if self._fs.exists(path):
            if Release.model_validate_json(self._fs.cat_file(path)) == release:
                return
            raise InvalidInput(f"release {release.id!r} exists and releases never change; choose a new id")
        self._put(path, text)

    def promote(self, release_id: str, *, expected: str | EllipsisType | None = ...) -> Release:
        """Make a release the live one, in one atomic step. Promoting an older release is the rollback.

        Args:
            expected: id of the release that was live when the new one was begun, None if none was; left out, whatever
                is live is replaced. In a local store nothing comes between the look and the swap; on an object store,
                which has no locks, a promotion in the same milliseconds may.

        Raises:
            Superseded: another release is live than was expected, and stays so.
        """
        release = self.get(release_id)
        pointer = {"release": release.id, "promoted": datetime.now(UTC).isoformat()}
        with self._pointer_lock():
            if expected is not ...:
                self._expect(expected, release.id)
            self._put(f"{self._root}/{self.pointer}.json", json.dumps(pointer).encode())
        return release

    def _expect(self, expected: str | None, release_id: str) -> None:
        try:
            live = self.current_id()
        except NotFound:
            live = None
        if live not in (expected, release_id):
            raise Superseded(
                f"release {release_id} is written and was not made live: it was made from {expected or 'no release'}, "
                f"and {live or 'none'} is live by now, which it would undo. Run the job again to build on that, or "
                f"make it live all the same: windowshop releases promote --release {self.address} {release_id}"
            )

    @contextmanager
    def _pointer_lock(self) -> Iterator[None]:
        """Promotions by this pointer one at a time; the lock goes with its process, however that ends."""
        if not self.is_local:
            yield
            return
        path = Path(self._root) / f".{self.pointer}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _put(self, path: str, data: bytes) -> None:
        """Write a whole file so that a reader sees the old or the new content and nothing between."""
        if not self.is_local:
            self._fs.pipe_file(path, data)  # one PUT is atomic on object stores
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)


def new_release_id(now: datetime | None = None) -> str:
    """A sortable id such as 20260131-154500-3fa9."""
    return f"{(now or datetime.now(UTC)):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def git_commit(beside: str = "") -> str | None:
    """The commit of the code that runs, with `+` if it has local changes; None outside a checkout.

    Args:
        beside: a folder of the checkout whose changes do not count.
    """
    here = Path(__file__).parents[1]
    paths = [".", f":(exclude){beside}"] if beside else []
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
        dirty = subprocess.run(
            ["git", "status", "--porcelain", "-uno", "--", *paths], cwd=here, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("+" if dirty.stdout.strip() else "")


def _checked(release_id: str) -> str:
    if "/" in release_id or release_id.startswith("."):
        raise NotFound(f"{release_id!r} is not a release id")
    return release_id
