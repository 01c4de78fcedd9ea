"""The demo's taste: its made-up shoppers' events, and a model learnt from them and from its boards."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.release import ReleaseStore
from serve_app.database import events_url, make_room
from taste.events import Event
from taste.store import MAX_BATCH, EventStore

NAMES = ("Aiko", "Jonas", "Mara", "Felix", "Noor", "Ines", "Tomás", "Lea")
"""What the shoppers on the page are called; they are made up like the rest of them."""

_LIKES = ("save", "cart", "buy")
_LATEST = timedelta(hours=20)
"""The last thing that a shopper did lies so far back, whenever the demo is started first."""


def learn_demo_taste(data: Path, database: str, say: Callable[[str], None]) -> None:
    """Give the live release of the demo a taste model, unless it has one that can be read. Needs a running Ray.

    Args:
        data: the demo's release store.
        database: the event database's URL; "" for the file in the store.
        say: told that it takes a while.
    """
    from batch.train_taste import load_incumbent, train
    from catalog.demo.load import DATA

    store = ReleaseStore(data)
    if load_incumbent(store, store.current()) is not None:
        return
    say("Learning taste from the demo's made-up shoppers")
    url = events_url(database, store)
    load_shoppers(url)
    train(str(data), events=url, boards=str(DATA / "boards.jsonl"))


def load_shoppers(url: str, now: datetime | None = None) -> int:
    """Store the shoppers' events, moved in time so that they end shortly before now; returns how many were new.

    An event's id says that it is the demo's, so loading them again adds nothing.
    """
    from catalog.demo.load import events

    made = events()
    moved = (now or datetime.now(UTC)) - _LATEST - max(event.at for event in made)
    make_room(url)
    store = EventStore(url)
    try:
        added = 0
        for start in range(0, len(made), MAX_BATCH):
            batch = [
                Event.model_validate(
                    {
                        "id": f"demo-{event.event_id}",
                        "person": event.user_id,
                        "kind": event.kind,
                        "item": event.item_id,
                        "time": event.at + moved,
                    }
                )
                for event in made[start : start + MAX_BATCH]
            ]
            added += store.add(batch).added
        return added
    finally:
        store.close()


def demo_shoppers() -> list[str]:
    """ID=NAME of a few shoppers for the page: for each style, the one whose likes are most of that style."""
    from catalog.demo.load import events, items_path

    styles = {row["id"]: row["styles"][0] for row in map(json.loads, items_path().open(encoding="utf-8"))}
    likes: dict[str, Counter[str]] = {}
    for event in events():
        if event.kind in _LIKES and event.item_id in styles:
            likes.setdefault(event.user_id, Counter())[styles[event.item_id]] += 1
    enough = sorted(sum(found.values()) for found in likes.values())[len(likes) // 2]
    keen = {user: found for user, found in likes.items() if sum(found.values()) >= enough}
    chosen: dict[str, str] = {}
    for style in sorted(set(styles.values()), key=str.lower):
        shares = {user: found[style] / sum(found.values()) for user, found in keen.items() if user not in chosen}
        if shares:
            chosen[max(sorted(shares), key=lambda user: shares[user])] = style
    return [f"{user}={name}, who likes {style}" for (user, style), name in zip(chosen.items(), NAMES, strict=False)]
