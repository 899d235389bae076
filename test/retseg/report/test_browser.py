"""The page as its reader has it: in Chromium, from a file, without a network."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retseg.report import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests are driven by playwright")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; on Debian: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(lesions, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "report.html"
    write_report(*lesions, path)
    return path


@pytest.fixture
def page(browser, report: Path) -> Iterator:
    """The report, opened; whatever it complains of or asks for fails the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme="light")
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: complaints.append(request.url) if is_foreign(request.url, report) else None)
    opened.goto(report.as_uri())
    opened.locator("#viewer[data-drawn]").wait_for()
    yield opened
    context.close()
    assert complaints == []


def is_foreign(url: str, report: Path) -> bool:
    return url != report.as_uri() and not url.startswith(("data:", "blob:"))


def wait_drawn(page, words: str) -> None:
    page.locator(f'#viewer[data-drawn="{words}"]').wait_for()  # by a selector: the page forbids the eval of others


def see(page) -> bytes:
    return page.locator(".stage canvas").screenshot()


def column(page, place: int) -> list[str]:
    return page.locator(f".panel:not([hidden]) tbody tr > :nth-child({place})").all_inner_texts()


def test_it_opens_on_the_worst_case(page) -> None:
    assert page.locator("#viewer").is_visible()
    worst = page.locator(".panel:not([hidden]) tbody tr").first
    assert worst.get_attribute("aria-current") == "true"
    assert worst.inner_text().split()[0] in page.locator("#viewer-title").inner_text()
    assert page.locator(".panel:not([hidden]) tbody img").count() == 7


def test_it_sorts_by_any_column_and_keeps_undefined_values_last(page) -> None:
    page.get_by_role("radio", name="Neovascularization").check()
    header = page.locator(".panel:not([hidden]) thead th").nth(1)
    assert header.get_attribute("aria-sort") == "ascending"
    values = column(page, 2)
    known = [value for value in values if value != "–"]
    assert known == sorted(known)
    assert values[len(known) :] == ["–"] * (len(values) - len(known)) != []
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert column(page, 2) == known[::-1] + ["–"] * (len(values) - len(known))
    page.locator(".panel:not([hidden]) thead th").first.get_by_role("button").click()
    assert column(page, 1) == [f"case_{number}" for number in range(1, 8)]


def test_layers_switch_one_by_one_and_change_the_picture(page) -> None:
    page.get_by_role("radio", name="IRMA").check()
    number = page.locator("#viewer").get_attribute("data-case")
    wait_drawn(page, f"{number} irma tp fp fn")
    seen = {see(page)}
    for layer, rest in (("tp", "fp fn"), ("fp", "fn"), ("fn", "")):
        page.locator(f'[data-layer="{layer}"]').uncheck()
        wait_drawn(page, f"{number} irma {rest}")
        seen.add(see(page))
    for layer, on in (("truth", "truth"), ("prediction", "truth prediction")):
        page.locator(f'[data-layer="{layer}"]').check()
        wait_drawn(page, f"{number} irma {on}")
        seen.add(see(page))
    assert len(seen) == 6


def test_the_layers_have_the_colours_that_the_legend_promises(page) -> None:
    """At full opacity the middle of a true positive is exactly its colour, though the browser did the painting."""
    page.get_by_role("radio", name="IRMA").check()
    page.locator("[data-fader]").fill("100")
    number = page.locator("#viewer").get_attribute("data-case")
    wait_drawn(page, f"{number} irma tp fp fn")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    share = page.evaluate(
        """() => {
          const canvas = document.querySelector('.stage canvas');
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          let hits = 0;
          for (let i = 0; i < data.length; i += 4) hits += data[i] === 0 && data[i + 1] === 172 && data[i + 2] === 110;
          return hits / (data.length / 4);
        }"""
    )
    assert share > 0.01


def test_it_zooms_by_wheel_buttons_and_keys_and_pans(page) -> None:
    viewer, canvas = page.locator("#viewer"), page.locator(".stage canvas")
    zoomed = lambda: int(viewer.get_attribute("data-zoom"))  # noqa: E731
    fitted = zoomed()
    canvas.hover()
    canvas.focus()
    page.mouse.wheel(0, -400)
    sync_api.expect(viewer).not_to_have_attribute("data-zoom", str(fitted))
    page.wait_for_timeout(300)
    wheeled = zoomed()
    assert wheeled > fitted
    page.locator('[data-zoom="in"]').click()
    sync_api.expect(viewer).not_to_have_attribute("data-zoom", str(wheeled))
    assert zoomed() > wheeled
    canvas.focus()
    before = see(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert see(page) != before
    page.keyboard.press("0")
    sync_api.expect(viewer).to_have_attribute("data-zoom", str(fitted))
    page.locator('[data-zoom="in"]').click()
    sync_api.expect(viewer).not_to_have_attribute("data-zoom", str(fitted))
    page.locator('[data-zoom="full"]').click()
    sync_api.expect(viewer).to_have_attribute(
        "data-zoom", str(fitted)
    )  # a small image never gets smaller than the stage


def test_it_can_be_used_from_the_keyboard_alone(page) -> None:
    first, second = (
        page.locator(".panel:not([hidden]) .case-name").nth(0),
        page.locator(".panel:not([hidden]) .case-name").nth(1),
    )
    first.focus()
    page.keyboard.press("ArrowDown")
    name = second.inner_text()
    sync_api.expect(page.locator("#viewer-title")).to_contain_text(name)
    assert second.evaluate("button => button === document.activeElement")
    page.locator(".stage canvas").focus()
    page.keyboard.press("[")
    sync_api.expect(page.locator("#viewer-title")).to_contain_text(first.inner_text())
    page.keyboard.press("3")
    assert page.locator('[data-layer="fn"]').is_checked()
    page.keyboard.down(" ")
    number = page.locator("#viewer").get_attribute("data-case")
    wait_drawn(page, f"{number} all ")
    page.keyboard.up(" ")
    wait_drawn(page, f"{number} all fn truth prediction")


def test_a_curve_can_be_read_under_the_pointer(page) -> None:
    figure = page.locator("#plot-pr")
    resting = figure.locator("figcaption").inner_text()
    figure.locator("svg").hover()
    assert "threshold" in figure.locator("figcaption").inner_text()
    page.locator("h1").hover()
    assert figure.locator("figcaption").inner_text() == resting


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(browser, report: Path, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, by the relative luminance of a text and the nearest background behind it."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(report.as_uri())
    page.locator("#viewer[data-drawn]").wait_for()
    poor = page.evaluate(
        """() => {
          const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = (node) => {
            for (let at = node; at; at = at.parentElement) {
              const colour = parse(getComputedStyle(at).backgroundColor);
              if ((colour[3] ?? 1) > 0.5) return colour;
            }
            return [255, 255, 255];
          };
          const found = [];
          for (const node of document.querySelectorAll('body *')) {
            const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
            if (!own || !node.checkVisibility() || node.matches('script, style, noscript, title, desc')) continue;
            const style = getComputedStyle(node);
            const colour = node.namespaceURI.includes('svg') ? style.fill : style.color;
            const [a, b] = [light(parse(colour)), light(behind(node))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) found.push(`${node.tagName} ${node.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
          }
          return found;
        }"""
    )
    context.close()
    assert poor == []


def test_the_theme_button_overrides_the_systems_choice(page) -> None:
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")  # noqa: E731
    button = page.locator("#theme")
    grounds = [ground()]
    for _ in range(3):
        button.click()
        grounds.append(ground())
    assert grounds[0] == grounds[1] == grounds[3] != grounds[2], "auto (light), light, dark, auto"


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_no_width_makes_the_page_scroll_sideways(browser, report: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(report.as_uri())
    page.locator("#viewer[data-drawn]").wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    context.close()
    assert wide <= width


def test_it_prints(page, tmp_path: Path) -> None:
    page.pdf(path=tmp_path / "report.pdf", format="A4")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert 1 < content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") < 12
