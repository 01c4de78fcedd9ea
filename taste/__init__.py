"""The taste graph: who likes what, up to the second, and where it could lead.

Plain functions over Arrow and numpy; nothing here knows Ray or HTTP. What a caller uses, in the order of a request:

    store = EventStore(url)                            # taste.store; SQLite or PostgreSQL, one per process
    await store.add_async(events)                      # taste.events.Event; answers when durable
    events = await store.call(store.of_person, id)
    marks = await store.call(store.marks, id)

    model = TasteModel.load(folder, encoder_version=...)   # taste.model; once per replica, then taste.walk.warm_up()
    profile = build_profile(id, events, model, now=now, marks=marks)           # taste.profile; a few ms, not kept
    view = profile_view(profile)                       # JSON for the person's own page

    proposals = propose(model, profile, adventurousness=0.3, seed=day)         # taste.explore; ids for a feed
    rows = ...                                         # the caller fetches them from the item table, with vectors
    ranked = rank(rows, model, profile, RankSettings(...), proposals=proposals)   # taste.rank; also for search results
    found = complements(model, item_id)                # taste.complements; "goes with"

    await store.call(store.mark, id, interest.id, "muted")                     # or "pinned", or None
    await store.call(store.forget_items, id, interest.items)                   # or forget_event, forget_person

Training is `taste.model.train_model`, on edges from `taste.graph`; `batch.train_taste` runs it as a job.
"""
