"""A person's own view: what is believed of them, each belief with the events that it comes from."""

from collections.abc import Mapping, Sequence

from serve_app.taste_schemas import (
    EventOut,
    InterestItem,
    InterestOut,
    JourneyOut,
    Landmark,
    Position,
    TasteResponse,
)
from taste.events import Event
from taste.explore import interest_name
from taste.model import TasteModel
from taste.profile import Interest, Profile


def own_view(
    person: str,
    events: Sequence[Event],
    hidden: frozenset[str],
    profile: Profile | None,
    model: TasteModel | None,
    release: str | None,
) -> TasteResponse:
    """The view of a person.

    Args:
        events: all that the profile was made of.
        hidden: items that the person is not shown.
        profile: None where there is no taste model to make one with; then there are events and no interests.
        model: one that has the person's items; the profile was made with it.
        release: whose model it is.
    """
    by_item: dict[str, list[Event]] = {}
    for event in reversed(events):
        by_item.setdefault(event.item or "", []).append(event)
    interests = profile.interests if profile else ()
    explained = {item for interest in interests for item in interest.items}
    return TasteResponse.model_construct(
        user_id=person,
        events=len(events),
        interests=tuple(_interest(interest, by_item, model) for interest in interests),
        others=tuple(_event(event) for event in reversed(events) if event.item not in explained),
        hidden=tuple(sorted(hidden)),
        journey=JourneyOut(
            stage=profile.journey.stage if profile else "inspiration",
            because=profile.journey.because if profile else "no taste model is live",
        ),
        landmarks=tuple(
            Landmark(name=name, position=_at(x, y)) for name, x, y in (model.survey.landmarks if model else ())
        ),
        release=release,
    )


def _interest(interest: Interest, by_item: Mapping[str, Sequence[Event]], model: TasteModel | None) -> InterestOut:
    x, y = interest.position
    return InterestOut.model_construct(
        id=interest.id,
        name=interest_name(interest),
        title=interest.title,
        concepts=interest.concepts,
        importance=round(interest.importance, 4),
        life_cycle=interest.life_cycle,
        mark=interest.mark,
        position=_at(x, y),
        last=interest.last,
        items=tuple(
            InterestItem.model_construct(
                id=item,
                position=_place(item, interest, model),
                events=tuple(_event(event) for event in by_item.get(item, ())),
            )
            for item in interest.items
        ),
    )


def _place(item: str, interest: Interest, model: TasteModel | None) -> Position:
    """An item newer than the model is drawn where its interest is."""
    row = model.rows.get(item) if model else None
    if model is None or row is None:
        return _at(*interest.position)
    x, y = model.survey.places(model.factors.outputs[row])
    return _at(float(x), float(y))


def _at(x: float, y: float) -> Position:
    return Position(x=round(x, 4), y=round(y, 4))


def _event(event: Event) -> EventOut:
    return EventOut.model_construct(
        id=event.id, kind=event.kind, item_id=event.item, board_id=event.board, time=event.time
    )
