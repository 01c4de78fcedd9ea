"""The soak finds what it is there to find: lost and doubled events, wrong releases, failures, growth."""

import asyncio

import httpx
import pytest

from benchmarks.soak.faults import Fault, Struck
from benchmarks.soak.load import Call, Customers, Ledger
from benchmarks.soak.shop import Catalogue
from benchmarks.soak.verdict import Memory, judge

A, B = ("ana", "1"), ("ana", "2")
PROXY = Fault("proxy", "the head's", lambda shop: None, carries=True)
RETRIEVER = Fault("replica", "Retriever", lambda shop: None)


def call(began=0.0, ended=1.0, **more):
    return Call("search", began, ended, **more)


def steady(*totals):
    return Memory([(5.0 * i, {1: ("Api", mib)}) for i, mib in enumerate(totals)])


def verdict_on(calls=(), *, struck=(), kept=(A, B), memory=None, **ledger):
    told = Ledger(list(calls) or [call()], sent={A, B}, acknowledged={A, B}, said_added=2)
    for name, value in ledger.items():
        setattr(told, name, value)
    return judge(told, struck, kept, memory or steady(*[500.0] * 12))


def test_a_good_run_passes():
    verdict = verdict_on()
    assert verdict.broken == []
    assert verdict.figures["calls"]["failed"] == 0


@pytest.mark.parametrize(
    "kept, said, words",
    [
        ([A], 2, "1 acknowledged events are lost"),
        ([A, B, B], 2, "1 events are doubled"),
        ([A, B, ("ana", "3")], 2, "1 were never sent"),
        ([A, B], 3, "more events were called new"),
    ],
)
def test_events_lost_or_doubled_are_found(kept, said, words):
    assert any(words in broken for broken in verdict_on(kept=kept, said_added=said).broken)


def test_an_answer_of_another_release_is_found():
    verdict = verdict_on([call(wrong="lamp-1 at 9 in r2, where it is 8")])
    assert any("another release" in broken for broken in verdict.broken)


def test_one_failure_in_a_thousand_is_borne_and_no_more():
    assert not verdict_on([call() for _ in range(999)] + [call(failure="500")]).broken
    assert verdict_on([call() for _ in range(998)] + [call(failure="500")]).broken


def test_only_what_was_in_flight_at_a_kill_goes_down_with_it():
    at_it = call(began=1.0, ended=3.0, failure="the stream broke off")
    after = call(began=2.5, ended=3.0, failure="500")
    struck = [Struck(PROXY, at=2.0, whole_after_s=1.0)]
    assert verdict_on([at_it], struck=struck).figures["calls"]["went_down_with_what_was_killed"] == 1
    assert verdict_on([after], struck=struck).figures["calls"]["failed"] == 1
    behind = [Struck(RETRIEVER, at=2.0, whole_after_s=1.0)]  # customers are not connected to it
    assert verdict_on([at_it], struck=behind).figures["calls"]["failed"] == 1


def test_what_does_not_recover_is_told():
    verdict = verdict_on(struck=[Struck(PROXY, at=2.0, whole_after_s=None)])
    assert any("not whole again: proxy" in broken for broken in verdict.broken)


def test_memory_that_grows_is_found():
    assert not verdict_on(memory=steady(*[500.0] * 6, *[540.0] * 6)).broken
    assert any("memory grew" in one for one in verdict_on(memory=steady(*[500.0] * 6, *[600.0] * 6)).broken)


class Proxies:
    """Two proxies; answers what it is told, in turn."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append(request.url.host)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def ask(proxies):
    catalogue = Catalogue(None, ("r1", "r2"), {"r1": {"lamp": 1.0}, "r2": {"lamp": 2.0}})
    customers = Customers(["http://one", "http://two"], catalogue, "run")
    customers._client = httpx.AsyncClient(transport=httpx.MockTransport(proxies))
    await asyncio.wait_for(customers._item(), 10)
    return customers.ledger.calls[0]


def item(release, price):
    return httpx.Response(200, json={"item": {"id": "lamp", "price": price}, "release": release})


async def test_customers_go_to_the_other_proxy_and_come_back_after_503():
    proxies = Proxies(httpx.ConnectError("gone"), httpx.Response(503, headers={"Retry-After": "0"}), item("r1", 1.0))
    found = await ask(proxies)
    assert (found.lost, found.refused, found.failure, found.wrong) == (1, 1, "", "")
    assert proxies.asked[0] != proxies.asked[1]


async def test_customers_notice_what_is_wrong():
    assert "500" in (await ask(Proxies(httpx.Response(500, text="oh")))).failure
    assert (await ask(Proxies(httpx.Response(503)))).failure == "503 without Retry-After"
    assert "lamp at 1.0 in r2" in (await ask(Proxies(item("r2", 1.0)))).wrong
    assert "no release 'r9'" in (await ask(Proxies(item("r9", 1.0)))).wrong
