"""A process that takes events on stdin and acknowledges them on stdout, to be killed by test_durability.

One JSON list of events per line in; one JSON list of ids per line out, written only after the store has answered.
"""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from taste.events import Event
from taste.store import EventStore


def main(url: str) -> None:
    store = EventStore(url)
    lock = threading.Lock()

    def take(line: str) -> None:
        events = [Event.model_validate(row) for row in json.loads(line)]
        store.add(events)
        with lock:
            sys.stdout.write(json.dumps([event.id for event in events]) + "\n")
            sys.stdout.flush()

    print("ready", flush=True)
    with ThreadPoolExecutor(16) as pool:
        for line in sys.stdin:
            pool.submit(take, line)
    store.close()


if __name__ == "__main__":
    main(sys.argv[1])
