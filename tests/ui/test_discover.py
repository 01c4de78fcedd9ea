"""The Discover page in Chromium: a feed that follows the shopper, and a taste to see and to steer."""

import pytest

from tests.serve_app.personal_api import application, deploy
from tests.serve_app.tiny_taste import add_tasteful_release, of_color
from tests.ui.conftest import Served
from ui.app import create_page
from ui.client import ShopClient

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The API with a taste model, and the page with one made-up shopper who likes red chairs."""
    folder = tmp_path_factory.mktemp("discover")
    add_tasteful_release(folder)
    api = Served(application(*deploy(str(folder), f"sqlite:///{folder / 'events.db'}")))
    client = ShopClient(api.url)
    events = [
        {"id": f"e{n}", "user_id": "ana", "kind": "save", "item_id": item}
        for n, item in enumerate(of_color("red", "chair") + of_color("blue", "vase")[:3])
    ]
    client.record(events)
    page = Served(create_page(client, [("ana", "Ana")]))
    yield page.url, client
    page.stop()
    api.stop()


@pytest.fixture
def page(open_page, shop):
    return open_page(f"{shop[0]}/discover")


def settled(page):
    page.wait_for_timeout(200)
    page.wait_for_function("!document.querySelector('.ws-busy')")


def as_ana(page):
    page.select_option(".ws-as select", "ana")
    page.wait_for_selector(".ws-own")
    settled(page)


def test_a_made_up_shopper_has_a_feed_and_a_taste(page):
    """Choosing a shopper shows their interests on map and list, each card says why, and there are more pages."""
    as_ana(page)
    assert page.locator(".ws-interest").count() == page.locator(".ws-own").count() >= 2
    assert "chairs" in page.locator(".ws-own b").first.text_content().lower()
    assert all(page.locator(".ws-why").all_text_contents())
    before = page.locator(".ws-card").count()
    page.click('[data-act="more"]')
    settled(page)
    ids = page.eval_on_selector_all(".ws-card", "cards => cards.map(card => card.dataset.id)")
    assert len(ids) == len(set(ids)) > before


def test_saving_and_hiding_by_keyboard(page, shop):
    """Both buttons answer to the keyboard at once; saving grows the taste, hiding can be undone."""
    page.wait_for_selector(".ws-card")
    settled(page)
    first = page.locator(".ws-card").first
    first.locator(".ws-save").focus()
    page.keyboard.press("Enter")
    assert first.locator(".ws-save").get_attribute("aria-pressed") == "true"
    page.wait_for_selector(".ws-own")
    second = page.locator(".ws-card").nth(1)
    item = second.get_attribute("data-id")
    second.locator(".ws-hide").focus()
    page.keyboard.press("Enter")
    assert page.locator(f'.ws-card[data-id="{item}"]').is_hidden()
    assert "ws-hide" in page.evaluate("document.activeElement.className")
    page.wait_for_function("document.querySelector('.ws-beliefs').textContent.includes('1 hidden')")
    page.click('[data-act="undo"]')
    page.wait_for_function("!document.querySelector('.ws-beliefs').textContent.includes('hidden')")
    assert page.locator(f'.ws-card[data-id="{item}"]').is_visible()


def test_an_interest_is_muted_and_forgotten(page, shop):
    """What the list's buttons do is done in the shop, and the list shows it."""
    as_ana(page)
    page.click('.ws-own >> nth=0 >> [data-what="muted"]')
    page.wait_for_selector(".ws-own.ws-muted")
    assert [i["mark"] for i in shop[1].taste("ana")["interests"]].count("muted") == 1
    page.click('.ws-own.ws-muted [data-what="unmark"]')
    page.wait_for_function("!document.querySelector('.ws-own.ws-muted')")
    before = len(shop[1].taste("ana")["interests"])
    page.click('.ws-own >> nth=-1 >> [data-what="interest"]')
    page.wait_for_function(f"document.querySelectorAll('.ws-own').length < {before}")
    assert len(shop[1].taste("ana")["interests"]) == before - 1


def test_an_event_that_is_not_kept_is_taken_back(page, shop, monkeypatch):
    """When the shop does not answer, the heart is empty again and the shopper is told."""
    from ui.client import ApiUnavailable

    def down(*_):
        raise ApiUnavailable("down")

    page.wait_for_selector(".ws-card")
    settled(page)
    monkeypatch.setattr(ShopClient, "record", down)
    save = page.locator(".ws-card .ws-save").first
    save.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".ws-toast:not([hidden])")
    assert save.get_attribute("aria-pressed") == "false"


def test_more_like_this_leads_to_the_search_page(page):
    """A card's own button shows what is like it, on the page that can filter it."""
    page.wait_for_selector(".ws-card")
    title = page.locator(".ws-card").first.get_attribute("data-title")
    page.locator(".ws-card .ws-like").first.click()
    page.wait_for_selector(".ws-chip")
    assert title in page.locator(".ws-chip").text_content()


def test_a_phone_has_it_all_in_one_column(open_page, shop):
    """Nothing is wider than the screen, buttons are there without hovering, and the taste folds."""
    page = open_page(f"{shop[0]}/discover", 390, 844, has_touch=True)
    page.wait_for_selector(".ws-card")
    as_ana_hidden = page.locator(".ws-figure").is_hidden()
    assert as_ana_hidden
    choice = page.locator(".ws-as select").bounding_box()
    assert choice["x"] + choice["width"] <= 390 - 15
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click(".ws-taste summary")
    assert page.locator(".ws-figure").is_visible()
