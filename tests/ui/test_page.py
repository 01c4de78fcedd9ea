"""What a shopper does on the page, in Chromium."""

import pytest

from tests.serve_app.tiny_shop import draw, png

pytestmark = pytest.mark.browser


def settled(page):
    """Wait until what was asked last has been answered."""
    page.wait_for_timeout(150)
    page.wait_for_function("!document.querySelector('.ws-busy')")


def titles(page):
    return page.locator(".ws-card h3").all_text_contents()


def search(page, words):
    page.fill("#ws-text", words)
    page.keyboard.press("Enter")
    settled(page)


@pytest.fixture
def page(open_page, page_url):
    return open_page(page_url)


def test_words_paging_and_the_way_back(page):
    """Searching by words shows why, more pages add to what is there, and Back returns to what was before."""
    browsing = titles(page)
    search(page, "red lamp")
    assert titles(page)[0].startswith("Red lamp")
    assert "Matches your words" in page.locator(".ws-why").first.text_content()
    assert page.locator(".ws-status").text_content() == "For “red lamp”"
    page.click('[data-act="more"]')
    settled(page)
    assert len(titles(page)) == 40
    assert page.locator('[data-act="more"]').is_hidden()
    page.go_back()
    settled(page)
    assert titles(page) == browsing


def test_every_picture_on_the_page_is_there(page):
    """Pictures come through the page's own server, with words for who cannot see them."""
    images = page.locator(".ws-card img")
    images.last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('.ws-card img')].every((i) => i.complete && i.naturalWidth)")
    assert all(images.nth(i).get_attribute("alt") for i in range(images.count()))


def test_a_picture_then_a_part_of_it_then_words(page, tmp_path):
    """A photo with two things: the whole, then the part that is dragged over, then bent by words."""
    scene = draw("vase", "red", (300, 300)).resize((600, 300))
    scene.paste(draw("vase", "red", (300, 300)), (0, 0))
    scene.paste(draw("table", "black", (300, 300)), (300, 0))
    (tmp_path / "scene.png").write_bytes(png(scene))
    page.set_input_files("#ws-file", tmp_path / "scene.png")
    settled(page)
    assert page.locator(".ws-status").text_content() == "Looks like your picture"
    frame = page.locator(".ws-crop").bounding_box()
    page.mouse.move(frame["x"] + 0.55 * frame["width"], frame["y"] + 2)
    page.mouse.down()
    page.mouse.move(frame["x"] + 0.98 * frame["width"], frame["y"] + frame["height"] - 2, steps=3)
    page.mouse.up()
    settled(page)
    assert "table" in titles(page)[0]
    page.click('[data-act="whole"]')
    settled(page)
    assert page.locator(".ws-box").is_hidden()
    search(page, "green")
    assert any(title.startswith("Green") for title in titles(page)[:4])
    page.click('[data-act="unpick"]')
    settled(page)
    assert page.locator(".ws-look").is_hidden()


def test_a_file_that_is_no_picture(page, tmp_path):
    """It is said kindly, and what was there stays."""
    (tmp_path / "notes.txt").write_text("not a picture")
    page.set_input_files("#ws-file", tmp_path / "notes.txt")
    page.wait_for_selector("text=no picture your browser can open")
    assert titles(page)


def test_more_like_this_with_the_keyboard(page):
    """Every card can be reached and used without a mouse."""
    search(page, "green vase")
    page.locator(".ws-card .ws-like").first.focus()
    page.keyboard.press("Enter")
    settled(page)
    assert page.locator(".ws-chip").text_content().startswith("Like: Green vase")
    assert "vase" in titles(page)[0]
    page.locator(".ws-chip").click()
    settled(page)
    assert page.locator(".ws-chip").count() == 0


def test_looking_closer(page):
    """The dialog tells what the catalogue says, is closed with Escape, and leads on to what is alike."""
    search(page, "black table")
    page.locator('[data-act="open"]').first.click()
    dialog = page.locator(".ws-dialog")
    assert "Black table" in dialog.locator("h2").text_content()
    page.keyboard.press("Escape")
    assert dialog.is_hidden()
    page.locator('[data-act="open"]').first.click()
    dialog.locator('[data-act="like"]').click()
    settled(page)
    assert dialog.is_hidden()
    assert page.locator(".ws-status").text_content() == "More like this"


def test_filters_and_what_to_relax(page):
    """Filters narrow, show as chips that can be taken off, and when nothing is left the page says which is too much."""
    page.check('input[name="colors"][value="red"]')
    settled(page)
    page.check('input[name="categories"][value="lamps"]')
    settled(page)
    assert set(titles(page)) == {"Red lamp Uno", "Red lamp Duo"}
    page.fill('input[name="price_max"]', "5")
    page.keyboard.press("Tab")
    settled(page)
    assert titles(page) == []
    notice = page.locator(".ws-notice")
    assert "Nothing quite fits" in notice.text_content()
    notice.get_by_role("button", name="Without the price limit").click()
    settled(page)
    assert set(titles(page)) == {"Red lamp Uno", "Red lamp Duo"}
    page.get_by_role("button", name="Remove red").click()
    settled(page)
    assert not page.is_checked('input[name="colors"][value="red"]')
    assert len(titles(page)) == 10
    page.select_option(".ws-sort select", "price_desc")
    settled(page)
    prices = [float(text.split()[0][1:]) for text in page.locator(".ws-card .ws-price").all_text_contents()]
    assert prices == sorted(prices, reverse=True)


def test_on_a_phone(open_page, page_url):
    """At 390 pixels nothing is cut off sideways, filters fold away, and things are large enough for a thumb."""
    page = open_page(page_url, 390, 844, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".ws-panel").is_hidden()
    page.locator(".ws-filters summary").tap()
    page.locator('label:has(input[value="green"])').tap()
    settled(page)
    assert all(title.startswith("Green") for title in titles(page))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for selector in ('[data-act="pick"]', ".ws-search .ws-primary", ".ws-filters summary", ".ws-card .ws-like"):
        assert page.locator(selector).first.bounding_box()["height"] >= 36, selector


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_by_day_and_by_night(open_page, page_url, scheme):
    """Text stands out from its ground by at least 4.5 to 1 (WCAG AA)."""
    page = open_page(page_url, color_scheme=scheme)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    for selector in (".ws-card h3", ".ws-brand", ".ws-price", ".ws-like", ".ws-check small", ".ws-status"):
        ink = page.evaluate("(s) => getComputedStyle(document.querySelector(s)).color", selector)
        assert _contrast(ink, ground) >= 4.5, (selector, ink, ground)


def test_when_the_shop_is_down(open_page, page_without_a_shop):
    """No stack trace and no empty page: a sentence, and a button to try again."""
    page = open_page(page_without_a_shop)
    assert "not answering" in page.locator('[role="alert"]').text_content()
    page.click('[data-act="again"]')
    settled(page)
    assert page.locator('[role="alert"]').is_visible()


def _contrast(one, other):
    def luminance(color):
        channels = [float(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
