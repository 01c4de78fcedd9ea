"""A shop that nobody visits gives its replicas back, and has them again when somebody comes."""

import time
from typing import Any

import httpx
import psutil

from benchmarks.scale_out.calls import raylet_behind
from benchmarks.search_http import serving, without_assistant
from catalog.release import ReleaseStore

ASLEEP = ("QueryEncoder", "Retriever")
"""What may go. The ingress must stay, for it is what hears the next customer."""

IDLE_S = 2.0
GONE_WITHIN_S = 90.0


def measure(store: ReleaseStore) -> dict[str, Any]:
    """Seconds until the replicas of an idle shop are gone, until its next search is answered, and of the one after.

    Raises:
        TimeoutError: they did not go within GONE_WITHIN_S.
        httpx.HTTPStatusError: a search failed.
    """
    with serving(store.uri, {}, _may_sleep) as url, httpx.Client(base_url=url, timeout=120) as client:
        _search(client, "a lamp")
        began = time.monotonic()
        while found := _replicas(url):
            if time.monotonic() - began > GONE_WITHIN_S:
                raise TimeoutError(f"still there after {GONE_WITHIN_S:.0f} s: {found}")
            time.sleep(0.1)
        gone = time.monotonic() - began
        return {
            "replicas_gone_after_s": gone,
            "idle_before_that_s": IDLE_S,
            "first_search_s": _search(client, "a green lamp"),
            "next_search_s": _search(client, "a red lamp"),
        }


def _may_sleep(config: dict[str, Any]) -> None:
    without_assistant(config)
    for deployment in config["applications"][0]["deployments"]:
        if deployment["name"] in ASLEEP:
            deployment["autoscaling_config"] |= {
                "min_replicas": 0,
                "initial_replicas": 1,
                "downscale_delay_s": IDLE_S,
                "upscale_delay_s": 0,
            }


def _search(client: httpx.Client, text: str) -> float:
    began = time.monotonic()
    client.post("/v1/search", json={"text": text}).raise_for_status()
    return time.monotonic() - began


def _replicas(url: str) -> list[str]:
    """Titles of the living replicas that may go."""
    found = []
    for process in raylet_behind(url).children():
        try:
            title = (process.cmdline() or [""])[0]
        except psutil.Error:
            continue
        found += [name for name in ASLEEP if f"ServeReplica:windowshop:{name}" in title]
    return found
