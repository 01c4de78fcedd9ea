"""The Chat page in Chromium: from a vague wish over a picture to a shortlist, and what can go wrong on the way."""

import pytest
from PIL import Image

from catalog.demo.load import DATA
from tests.ui.conftest import Served
from tests.ui.scripted_shop import ScriptedShop
from ui.app import create_page
from ui.client import ShopClient
from ui.examples import ROOMS

pytestmark = pytest.mark.browser
FINISHED = ".ws-latest .ws-cost:not([hidden])"


@pytest.fixture(scope="module")
def served():
    """The scripted shop and the page in front of it."""
    shop = ScriptedShop()
    api = Served(shop.app)
    page = Served(create_page(ShopClient(api.url), [("mara", "Mara")]))
    yield shop, page.url
    page.stop()
    api.stop()


@pytest.fixture
def shop(served):
    """The scripted shop as it is at first."""
    shop = served[0]
    shop.pause_s, shop.failing, shop.hung_up, shop.has_assistant = 0.0, None, 0, True
    for kept in (shop.asked, shop.events, shop.searched, shop.conversations):
        kept.clear()
    return shop


@pytest.fixture
def page(open_page, served, shop):
    return open_page(served[1], ready=".ws-example")


def say(page, words):
    page.fill("#ws-say", words)
    page.keyboard.press("Enter")
    page.wait_for_function(
        "words => document.querySelector('.ws-latest .ws-asked p')?.textContent === words", arg=words
    )
    page.wait_for_selector(FINISHED)


def chips(page):
    return page.locator(".ws-latest .ws-understood .ws-chip").all_text_contents()


def test_from_a_vague_wish_over_a_picture_to_a_shortlist(page, shop, tmp_path):
    """An example, a picture, what goes with a piece, two saved, compared: the shortlist adds up, events are sent."""
    page.locator(".ws-example").first.click()
    page.wait_for_selector(FINISHED)
    assert page.locator(".ws-latest .ws-card").count() >= 1
    assert "0 pictures encoded" in page.locator(".ws-latest .ws-cost summary").text_content()

    Image.open(DATA / "images" / "armchair-001.webp").convert("RGB").save(tmp_path / "seen.jpg")
    page.set_input_files("#ws-file", tmp_path / "seen.jpg")
    page.wait_for_selector(".ws-with-picture:not([hidden])")
    say(page, "armchairs like this one, under 600")
    assert shop.asked[-1]["picture"]["data"].startswith("data:image/jpeg;base64,")
    assert shop.asked[-1]["conversation_id"] == shop.asked[0].get("conversation_id", "c1")
    assert page.locator(".ws-latest .ws-yours").is_visible()
    assert page.locator(".ws-with-picture").is_hidden()
    assert "1 picture encoded" in page.locator(".ws-latest .ws-cost summary").text_content()
    first = page.locator(".ws-latest .ws-card").first
    listed = [first.get_attribute("data-id")]
    first.locator(".ws-save").click()

    first.get_by_role("button", name="Goes with").click()
    page.wait_for_function("document.querySelectorAll('.ws-turn').length === 3")
    page.wait_for_selector(FINISHED)
    assert shop.asked[-1]["intent"] == {"action": "complete"}
    assert shop.asked[-1]["item_ids"] == listed
    assert page.locator(".ws-latest .ws-together").text_content().startswith("Together €")
    second = page.locator(".ws-latest .ws-card").nth(1)
    listed.append(second.get_attribute("data-id"))
    second.locator(".ws-save").click()

    total = sum(shop.items[id_]["price"] for id_ in listed)
    shown = page.locator(".ws-total b").text_content()
    assert float(shown.replace("€", "").replace(",", "")) == pytest.approx(total)
    page.wait_for_function("document.querySelectorAll('.ws-list li').length === 2")
    assert [event["item_id"] for event in shop.events if event["kind"] == "save"] == listed

    page.click("[data-act='compare-list']")
    page.wait_for_selector(".ws-latest .ws-compared")
    assert shop.asked[-1]["item_ids"] == listed
    row = page.locator(".ws-compared tr", has=page.get_by_role("rowheader", name="Price"))
    assert row.locator("td").count() == 2

    page.reload()
    page.wait_for_function("document.querySelectorAll('.ws-turn').length === 4")
    assert page.locator(".ws-list li").count() == 2
    page.locator(".ws-list .ws-off").first.click()
    page.wait_for_function("document.querySelectorAll('.ws-list li').length === 1")
    page.wait_for_timeout(200)
    assert [event["item_id"] for event in shop.events if event["kind"] == "save"] == listed[1:]


def test_examples_are_of_this_catalogue_and_have_answers(page, shop):
    """Each example came out of a search that found something, and has a picture."""
    examples = page.locator(".ws-example")
    assert examples.count() == 4
    kinds = {kind.lower() for item in shop.items.values() for kind in item["category"]}
    for words in examples.all_text_contents():
        assert any(kind in words.lower() for kind in (*kinds, *ROOMS)), words
    assert examples.last.text_content().startswith("A whole living room, ")
    page.wait_for_function(
        "[...document.querySelectorAll('.ws-example img')].every((i) => i.complete && i.naturalWidth)"
    )


def test_cards_come_before_the_words(page, shop):
    """While the answer is still being written its cards can be used, and what is being done is said."""
    shop.pause_s = 0.4
    page.fill("#ws-say", "vases")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ws-latest .ws-bone", state="attached")
    page.wait_for_selector(".ws-latest .ws-card")
    assert page.locator(".ws-go").get_attribute("aria-label") == "Stop"
    assert "Which of them" not in page.locator(".ws-latest .ws-said").text_content()
    page.locator(".ws-latest .ws-card .ws-save").first.click()
    assert page.locator(".ws-list li").count() == 1
    shop.pause_s = 0.0
    page.wait_for_selector(FINISHED)
    assert page.locator(".ws-go").get_attribute("aria-label") == "Send"


def test_a_chip_that_is_removed_sends_the_turn_again(page, shop):
    """The same turn, without that condition, in its own place; chips of earlier turns stay as they are."""
    say(page, "mirrors")
    say(page, "oak dining tables under 900, not round")
    assert chips(page) == ["dining tables", "oak", "not round", "up to €900"]
    page.get_by_role("button", name="Remove oak").click()
    page.wait_for_function("!document.querySelector('.ws-latest [data-value=oak]')")
    page.wait_for_selector(FINISHED)
    assert shop.asked[-1]["edit"] is True
    assert shop.asked[-1]["intent"] == {
        "action": "search",
        "categories": ["dining tables"],
        "price_max": 900,
        "exclude": ["round"],
    }
    assert page.locator(".ws-turn").count() == 2
    assert len(shop.conversations["c1"]["turns"]) == 2
    assert page.evaluate("getComputedStyle(document.querySelector('.ws-turn .ws-chip')).pointerEvents") == "none"


def test_a_chip_removed_while_the_answer_is_written(page, shop):
    """The turn that runs is given up, and replaced once the shop has it."""
    shop.pause_s = 0.2
    page.fill("#ws-say", "teal vases under 900")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove teal").click()
    shop.pause_s = 0.0
    page.wait_for_selector(FINISHED)
    assert shop.asked[-1]["edit"] is True
    assert len(shop.conversations["c1"]["turns"]) == 1
    assert "teal" not in chips(page)


def test_what_gave_way_is_told(page):
    """A condition that nothing met is said, and its chip is struck through."""
    say(page, "mirrors under 3")
    assert "so here is what comes closest" in page.locator(".ws-latest .ws-relaxed").text_content()
    assert page.locator(".ws-let-go").text_content() == "up to €3"


def test_citations_point_at_their_cards(page):
    """Hovering or focusing a number lights its card; pressing it leads there. Numbers without a card stay text."""
    say(page, "rugs")
    cite = page.locator(".ws-latest .ws-cite")
    assert cite.all_text_contents() == ["1", "2"]
    cite.nth(1).hover()
    card = page.locator(".ws-latest .ws-card").nth(1)
    assert "ws-lit" in card.get_attribute("class")
    page.mouse.move(5, 5)
    assert "ws-lit" not in card.get_attribute("class")
    cite.nth(1).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('.ws-card').dataset.id") == card.get_attribute("data-id")
    say(page, "hello there")
    assert page.locator(".ws-latest .ws-card").count() == 0
    assert page.locator(".ws-latest .ws-understood").text_content() == ""


def test_what_is_asked_about_is_called_by_its_name(page):
    """Beside an answer about the second one stands its name: in that answer it is number 1."""
    say(page, "rugs")
    second = page.locator(".ws-latest .ws-card").nth(1).get_attribute("data-id")
    say(page, "what is the second one made of?")
    card = page.locator(".ws-latest .ws-card")
    assert card.count() == 1 and card.get_attribute("data-id") == second
    (name,) = chips(page)
    assert name in card.text_content() and "number" not in name
    assert page.locator(".ws-latest .ws-understood .ws-chip").get_attribute("aria-label") == f"Remove {name}"


def test_what_is_written_is_heard_in_sentences(page):
    """A screen reader gets how many pieces there are, then whole sentences, not tokens."""
    say(page, "rugs")
    heard = page.locator(".ws-heard p").all_text_contents()
    assert heard[0] == "8 pieces."
    assert all(words.endswith((".", "?")) for words in heard)
    assert heard[1].startswith("number 1 fits")
    assert page.locator(".ws-heard").get_attribute("aria-live") == "polite"


def test_stopping_hangs_up(page, shop):
    """The stop button ends the request all the way to the shop; what was written stays, and asking again works."""
    shop.pause_s = 0.3
    page.fill("#ws-say", "rugs")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ws-latest .ws-card")
    page.click(".ws-go")
    page.wait_for_selector("text=Stopped.")
    for _ in range(20):
        page.wait_for_timeout(100)
        if shop.hung_up:
            break
    assert shop.hung_up == 1
    assert page.locator(".ws-latest .ws-card").count() == 8
    shop.pause_s = 0.0
    page.get_by_role("button", name="Ask again").click()
    page.wait_for_selector(FINISHED)
    assert page.locator(".ws-turn").count() == 1
    assert len(shop.conversations["c1"]["turns"]) == 1


@pytest.mark.parametrize("failing", [503, "stream"])
def test_a_shop_that_is_full_can_be_asked_again(page, shop, failing):
    """A sentence and a button instead of a status, before and in the middle of an answer."""
    shop.failing = failing
    page.fill("#ws-say", "rugs")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ws-latest [role=alert]")
    assert "try again in a moment" in page.locator(".ws-latest [role=alert]").text_content()
    shop.failing = None
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector(FINISHED)
    assert page.locator("[role=alert]").count() == 0
    assert page.locator(".ws-turn").count() == 1


def test_a_file_that_is_no_picture(page, tmp_path):
    """It is said kindly, and nothing is attached."""
    (tmp_path / "notes.txt").write_text("not a picture")
    page.set_input_files("#ws-file", tmp_path / "notes.txt")
    page.wait_for_selector(".ws-toast:not([hidden])")
    assert "no picture" in page.locator(".ws-toast").text_content()
    assert page.locator(".ws-tray").is_hidden()


def test_a_picture_is_pasted_and_dropped(page, shop):
    """Both ways end in the tray; a picture alone is a message."""
    make = """(kind) => fetch('pictures/armchair-001').then((r) => r.blob()).then((blob) => {
      const data = new DataTransfer();
      data.items.add(new File([blob], 'x.webp', { type: blob.type }));
      const event = kind === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
        : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector('.ws-thread').dispatchEvent(event);
    })"""
    page.evaluate(make, "paste")
    page.wait_for_selector(".ws-with-picture:not([hidden])")
    page.get_by_role("button", name="Remove your picture").click()
    assert page.locator(".ws-tray").is_hidden()
    page.evaluate(make, "drop")
    page.wait_for_selector(".ws-with-picture:not([hidden])")
    page.locator("#ws-say").press("Enter")
    page.wait_for_selector(FINISHED)
    assert shop.asked[-1]["message"] == "" and shop.asked[-1]["picture"]


def test_conversations_are_listed_resumed_and_deleted(page, shop):
    """Earlier ones come back with their cards, a new one starts empty, deleting asks once more."""
    say(page, "rugs")
    page.click(".ws-new")
    assert page.locator(".ws-turn").count() == 0
    say(page, "mirrors")
    page.wait_for_function("document.querySelectorAll('.ws-talk').length === 2")
    page.get_by_role("button", name="rugs").first.click()
    page.wait_for_selector(".ws-latest .ws-card")
    assert page.locator(".ws-latest .ws-asked p").text_content() == "rugs"
    assert page.locator(".ws-latest .ws-cite").count() == 2
    assert page.locator(".ws-talk[aria-current]").text_content().startswith("rugs")
    say(page, "and under 300")
    assert shop.asked[-1]["conversation_id"] == "c1"
    page.go_back()
    page.wait_for_function("document.querySelector('.ws-latest .ws-asked p')?.textContent === 'mirrors'")
    delete = page.get_by_role("button", name="Delete the conversation mirrors")
    delete.click()
    assert "c2" in shop.conversations
    delete.click()
    page.wait_for_function("document.querySelectorAll('.ws-talk').length === 1")
    assert list(shop.conversations) == ["c1"]
    assert page.locator(".ws-welcome").is_visible()


def test_a_resumed_conversation_is_as_it_was(page, shop, tmp_path):
    """The picture, what was pointed at and the total come back, and a chip that is removed sends them again."""
    Image.open(DATA / "images" / "armchair-001.webp").convert("RGB").save(tmp_path / "seen.jpg")
    page.set_input_files("#ws-file", tmp_path / "seen.jpg")
    page.wait_for_selector(".ws-with-picture:not([hidden])")
    say(page, "armchairs like this, under 600")
    page.locator(".ws-latest .ws-card").first.get_by_role("button", name="Goes with").click()
    page.wait_for_selector(".ws-latest .ws-together:not([hidden])")
    page.wait_for_selector(FINISHED)
    title = page.locator(".ws-turn .ws-card").first.get_attribute("data-title")
    told = page.locator(".ws-latest .ws-together").text_content()
    page.reload()
    page.wait_for_selector(FINISHED)
    assert page.locator(".ws-latest .ws-together").text_content() == told
    assert page.locator(".ws-latest .ws-asked-about img").get_attribute("alt") == title
    yours = page.locator(".ws-turn").first.locator(".ws-yours")
    assert yours.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
    page.click(".ws-new")
    first = shop.conversations["c1"]
    first["turns"] = first["turns"][:1]
    page.get_by_role("button", name="armchairs like this").first.click()
    page.get_by_role("button", name="Remove up to €600").click()
    page.wait_for_function("!document.querySelector('.ws-latest [data-field=price_max]')")
    page.wait_for_selector(FINISHED)
    assert shop.asked[-1]["edit"] is True
    assert shop.asked[-1]["picture"]["data"].startswith("data:image/jpeg")


def test_what_is_saved_on_discover_is_on_the_shortlist(page, shop, served):
    """One shortlist for all pages, with its total; what is taken off it is no longer saved there either."""
    page.goto(f"{served[1]}/discover")
    page.wait_for_selector(".ws-card")
    for n in (0, 1):
        page.locator(".ws-card .ws-save").nth(n).focus()
        page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.ws-shelf').textContent.startsWith('Shortlist 2 · €')")
    listed = [page.locator(".ws-card").nth(n).get_attribute("data-id") for n in (0, 1)]
    page.wait_for_timeout(200)
    # Two requests on their way at once: either may come first.
    assert sorted(event["item_id"] for event in shop.events if event["kind"] == "save") == sorted(listed)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".ws-status").bounding_box()["height"] < 80  # the bar has a row for the words on a phone
    page.set_viewport_size({"width": 1400, "height": 900})
    page.click(".ws-shelf")
    page.wait_for_function("document.querySelectorAll('.ws-list li').length === 2")
    total = page.locator(".ws-total b").text_content()
    assert float(total.replace("€", "").replace(",", "")) == sum(shop.items[id_]["price"] for id_ in listed)
    page.locator(".ws-list .ws-off").first.click()
    page.wait_for_function("document.querySelectorAll('.ws-list li').length === 1")
    page.goto(f"{served[1]}/discover")
    page.wait_for_selector(".ws-card")
    pressed = [page.locator(".ws-card .ws-save").nth(n).get_attribute("aria-pressed") for n in (0, 1)]
    assert pressed == ["false", "true"]
    assert [event["item_id"] for event in shop.events if event["kind"] == "save"] == listed[1:]


def test_how_adventurous_counts_on_every_page(page, shop, served):
    """The slider's place is kept, and goes with each message, at its lowest too."""
    slider = page.get_by_label("Adventurousness")
    assert slider.input_value() == "0.3"
    slider.fill("0")
    say(page, "rugs")
    assert shop.asked[-1]["adventurousness"] == 0
    page.goto(f"{served[1]}/discover")
    page.wait_for_selector(".ws-card")
    assert slider.input_value() == "0"
    slider.fill("0.8")
    page.goto(served[1])
    page.wait_for_selector(".ws-example")
    say(page, "mirrors")
    assert shop.asked[-1]["adventurousness"] == 0.8


def test_hiding_can_be_undone(page, shop):
    """A hidden piece goes at once and its event with the undoing."""
    say(page, "rugs")
    card = page.locator(".ws-latest .ws-card").first
    card.locator(".ws-hide").focus()
    page.keyboard.press("Enter")
    assert card.is_hidden()
    page.wait_for_timeout(200)
    assert [event["kind"] for event in shop.events] == ["hide"]
    page.click('[data-act="undo"]')
    assert card.is_visible()
    page.wait_for_timeout(200)
    assert shop.events == []


def test_the_same_person_on_every_page(page, shop, served):
    """Whoever was chosen here is who searches, and another person has another shortlist."""
    say(page, "rugs")
    visitor = shop.asked[-1]["user_id"]
    page.locator(".ws-latest .ws-card .ws-save").first.click()
    page.select_option(".ws-as select", "mara")
    assert page.locator(".ws-turn").count() == 0
    assert page.locator(".ws-list li").count() == 0
    say(page, "rugs")
    assert shop.asked[-1]["user_id"] == "mara" != visitor
    page.goto(f"{served[1]}/search")
    page.wait_for_selector(".ws-card")
    assert shop.searched[-1]["user_id"] == "mara"
    page.get_by_role("link", name="Chat").click()
    page.wait_for_selector(".ws-example")
    assert page.locator(".ws-as select").input_value() == "mara"


def test_keys_are_enough(page, shop):
    """Tab leads from the message to the answer's chips and cards; two are picked and compared without a mouse."""
    assert page.evaluate("document.activeElement.id") == "ws-say"
    say(page, "rugs under 900")
    for n in (0, 1):
        page.locator(".ws-latest .ws-pick").nth(n).focus()
        page.keyboard.press("Space")
    assert page.locator(".ws-latest .ws-pick[aria-pressed=true]").count() == 2
    page.locator(".ws-tray [data-act=compare]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".ws-latest .ws-compared")
    assert shop.asked[-1]["intent"] == {"action": "compare"} and len(shop.asked[-1]["item_ids"]) == 2
    assert page.locator(".ws-tray").is_hidden()
    unnamed = page.evaluate(
        "[...document.querySelectorAll('#ws-chat button')].filter((b) => b.checkVisibility() && "
        "!(b.getAttribute('aria-label') || b.textContent.trim())).map((b) => b.outerHTML)"
    )
    assert unnamed == []


def test_a_phone_has_it_all(open_page, served, shop):
    """Nothing is cut off sideways, lists come up from below, and things are large enough for a thumb."""
    page = open_page(served[1], 390, 844, ready=".ws-example", has_touch=True)
    page.locator(".ws-example").first.tap()
    page.wait_for_selector(FINISHED)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#ws-shortlist").is_hidden()
    page.locator(".ws-latest .ws-card .ws-save").first.tap()
    page.locator(".ws-tools [popovertarget=ws-shortlist]").tap()
    assert page.locator(".ws-list li").is_visible()
    page.locator("#ws-shortlist .ws-shut").tap()
    assert page.locator("#ws-shortlist").is_hidden()
    box = page.locator(".ws-ask").bounding_box()
    assert box["y"] + box["height"] <= 844
    for selector in (".ws-go", '[data-act="pick"]', ".ws-tools button", ".ws-latest .ws-like", ".ws-latest .ws-save"):
        assert page.locator(selector).first.bounding_box()["height"] >= 36, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_by_day_and_by_night(open_page, served, shop, scheme):
    """Text stands out from the page by at least 4.5 to 1 (WCAG AA)."""
    from tests.ui.test_page import _contrast

    page = open_page(served[1], ready=".ws-example", color_scheme=scheme)
    say(page, "rugs under 3")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for selector in (".ws-said", ".ws-lead", ".ws-cost summary", ".ws-talk small", ".ws-taste-link", ".ws-let-go"):
        page.wait_for_selector(selector, state="attached")
        ink = page.evaluate("(s) => getComputedStyle(document.querySelector(s)).color", selector)
        assert _contrast(ink, ground) >= 4.5, (selector, ink, ground)


def test_without_an_assistant_the_search_comes_first(open_page, served, shop):
    """The front page is the search, and no page names the chat."""
    shop.has_assistant = False
    page = open_page(f"{served[1]}/?like=rug-001&title=x")
    assert page.url.endswith("/search?like=rug-001&title=x")
    assert page.get_by_role("link", name="Chat").count() == 0
    shop.has_assistant = True
    page.goto(f"{served[1]}/search")
    page.wait_for_selector(".ws-nav [data-page=chat]:not([hidden])")
