"""The page as its user has it: in Chromium, at two sizes and in two themes, with files that are really dropped."""

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import uvicorn

from retseg.image import read_mask, write_picture
from retseg.view import Desk, describe_settings
from retseg.view.access import Access
from retseg.view.levels import cut_masks, find_cut
from retseg.view.server import create_app, open_port

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests are driven by playwright")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LOOKS = [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")]
LOOK_NAMES = ["desktop-light", "desktop-dark", "phone-light", "phone-dark"]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; on Debian: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        yield chromium
        chromium.close()


@pytest.fixture
def address(steps, tmp_path) -> Iterator[str]:
    """A page with an empty desk, really listening."""
    listening = open_port(0, "127.0.0.1")
    access = Access(listening.getsockname()[1], "the-token")
    desk = Desk(steps)
    desk.start()
    settings = describe_settings("Any eye", [(step.card, step.tasks) for step in steps])
    server = uvicorn.Server(uvicorn.Config(create_app(desk, settings, access, tmp_path), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield access.address
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(params=[(DESKTOP, "light")], ids=["desktop-light"])
def page(request, browser, address) -> Iterator:
    """The page, opened; whatever it complains of or asks for elsewhere fails the test."""
    size, scheme = request.param
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=False)
    opened = context.new_page()
    complaints: list[str] = []
    origin = re.match(r"http://[^/]+/", address)[0]
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request", lambda asked: complaints.append(asked.url) if not asked.url.startswith((origin, "blob:")) else None
    )
    opened.goto(address)
    opened.locator("html[data-ready]").wait_for()
    yield opened
    context.close()
    expected = "Failed to load resource: the server responded with a status of 400"
    assert [text for text in complaints if not text.startswith(expected)] == []


def drop(page, *paths: Path) -> None:
    page.locator("#files").set_input_files([str(path) for path in paths])


def wait_measured(page) -> None:
    page.locator("html[data-measured]").wait_for()


def see(page, pane: str = "overlay") -> bytes:
    page.wait_for_timeout(120)
    return page.locator(f'[data-pane="{pane}"] canvas').screenshot()


def count_pixels(page, colour: str) -> int:
    """How many pixels of the overlay have exactly a colour."""
    page.wait_for_timeout(120)
    content = page.locator('[data-pane="overlay"] canvas').screenshot()
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), 1)[:, :, ::-1]
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((pixels == wanted).all(axis=2).sum())


def colour_of(page, task: str) -> str:
    return page.locator(f"#task-{task}").evaluate("box => box.style.getPropertyValue('--colour')")


def test_a_dropped_file_is_shown_with_what_was_found(page, eye) -> None:
    content = eye.path.read_bytes()
    page.evaluate(
        """(bytes) => {
          const files = new DataTransfer();
          files.items.add(new File([Uint8Array.from(bytes)], 'drawn.png', { type: 'image/png' }));
          dispatchEvent(new DragEvent('drop', { dataTransfer: files, cancelable: true }));
        }""",
        list(content),
    )
    wait_measured(page)
    assert page.locator("#title").inner_text() == "drawn.png"
    assert re.search(r"\d+ haemorrhages?", page.locator("#headline").inner_text())
    assert "drawn.png is a drawing." in page.locator("#verdict").inner_text()
    assert "%" in page.locator('[data-task="vessel"] .value').inner_text()
    assert page.locator('[data-task="soft_exudate"] .value').inner_text() == "none"
    assert count_pixels(page, "#ffffff") == 0, "no cursor yet"


def test_a_task_is_switched_off_and_on_and_drawn_in_its_colour(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    page.locator("#opacity").fill("100")
    colour = colour_of(page, "hard_exudate")
    assert count_pixels(page, colour) > 10
    page.locator("#task-hard_exudate").uncheck()
    assert count_pixels(page, colour) == 0
    page.locator("#task-hard_exudate").check()
    assert count_pixels(page, colour) > 10
    page.locator("#opacity").fill("0")
    assert count_pixels(page, colour) == 0


def test_fill_covers_more_than_the_outline(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    outlined = see(page)
    page.get_by_label("Fill").check()
    assert see(page) != outlined
    page.keyboard.press("o")
    assert see(page) == outlined


def test_the_space_bar_shows_the_bare_photograph(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    page.locator('[data-pane="overlay"] canvas').focus()
    masked = see(page)
    page.keyboard.down(" ")
    bare = see(page)
    page.keyboard.up(" ")
    assert bare != masked and see(page) == masked


def test_two_pictures_move_together_and_share_a_cursor(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    page.get_by_label("Side by side").check()
    before = see(page, "original")
    page.locator('[data-pane="overlay"] canvas').hover(position={"x": 150, "y": 200})
    assert see(page, "original") != before, "the cursor is drawn in the other picture too"
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(150)
    assert page.locator("#zoom").inner_text() != "100 %"
    page.mouse.move(10, 10)
    zoomed = see(page, "original")
    page.locator('[data-pane="overlay"] canvas').focus()
    page.keyboard.press("ArrowRight")
    assert see(page, "original") != zoomed


def test_it_zooms_to_single_pixels_and_reads_their_probability(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    canvas = page.locator('[data-pane="overlay"] canvas')
    canvas.focus()
    page.keyboard.press("1")
    page.keyboard.press("ArrowRight")
    assert page.locator("#zoom").inner_text() == "1600 %"
    page.wait_for_timeout(100)
    words = page.locator("#readout").inner_text()
    x, y = (int(part) for part in re.match(r"(\d+), (\d+)", words).groups())
    told = float(re.search(r"Vessels\s+([\d.]+)", words)[1])
    assert told == pytest.approx(eye.probabilities["vessel"][y, x], abs=0.01)
    page.keyboard.press("0")
    assert page.locator("#zoom").inner_text() != "1600 %"


def test_the_next_lesion_is_brought_into_the_middle(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    page.keyboard.press("n")
    page.wait_for_timeout(100)
    assert re.search(r"(Microaneurysms|Haemorrhages|Hard exudates) (0\.[2-9]|1)", page.locator("#readout").inner_text())


def test_the_threshold_changes_mask_and_measures_and_goes_back_to_the_cards_own(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    row = page.locator('[data-task="vessel"]')
    own, first = see(page), row.locator("dd").first.inner_text()
    slider = row.get_by_role("slider", name="Threshold")
    assert slider.get_attribute("aria-valuetext") == "0.42, the model's own"
    slider.fill("0.9")
    sync_api.expect(row.locator("dd").first).not_to_have_text(first)
    assert "the model's own is 0.42" in slider.get_attribute("aria-valuetext")
    assert see(page) != own
    row.get_by_role("button", name="Back to 0.42").click()
    sync_api.expect(row.locator("dd").first).to_have_text(first)
    assert see(page) == own


def test_downloads_are_what_retseg_predict_writes(page, eye, steps, tmp_path) -> None:
    drop(page, eye.path)
    wait_measured(page)
    files = {}
    for kind in ("masks", "csv", "pdf"):
        page.locator("#download").click()
        with page.expect_download() as waiting:
            page.locator(f'[data-download="{kind}"]').click()
        files[waiting.value.suggested_filename] = Path(waiting.value.path()).read_bytes()
    assert set(files) == {"drawn-masks.zip", "drawn-measures.csv", "drawn.pdf"}
    with zipfile.ZipFile(io.BytesIO(files["drawn-masks.zip"])) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "masks")
    desk = Desk(steps)
    desk.add(eye.path, "drawn.png")
    desk.work_once()
    photograph = desk.find(1)
    rules = {task: step.card.tasks[task] for step in steps for task in step.tasks}
    cuts = {task: find_cut(rule.threshold) for task, rule in rules.items()}
    for task, mask in cut_masks(photograph.levels, cuts, photograph.smallest).items():
        assert np.array_equal(read_mask(tmp_path / "masks" / task / "drawn.png"), np.where(mask, 255, 0)), task
    lines = files["drawn-measures.csv"].decode().splitlines()
    assert lines[0] == "image,task,measure,value,unit"
    assert lines[1] == f"drawn.png,field_of_view,area,{420 * 400},px2"
    pdf = files["drawn.pdf"]
    assert pdf.startswith(b"%PDF-1.4") and pdf.count(b"/Type /Page ") == 1 and pdf.count(b"/DCTDecode") == 2
    assert int(re.search(rb"startxref\n(\d+)\n%%EOF", pdf)[1]) == pdf.rindex(b"xref\n0 ")
    assert b"not a medical device" in pdf and b"(drawn.png)" in pdf


def test_what_is_no_photograph_is_one_sentence_and_the_rest_goes_on(page, eye, tmp_path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(eye.path.read_bytes()[:900])
    notes = tmp_path / "<img src=x onerror=alert(1)>.txt"
    notes.write_bytes(b"x")
    drop(page, notes, broken, eye.path)
    trouble = page.locator("#trouble")
    sync_api.expect(trouble).to_contain_text("<img src=x onerror=alert(1)>.txt is not an image file")
    failed = page.locator('html[data-state="failed"]')
    failed.wait_for()
    assert "broken.png is truncated or damaged" in page.locator("#verdict").inner_text()
    page.get_by_role("button", name="drawn.png", exact=True).click()
    wait_measured(page)
    page.get_by_role("button", name="Remove broken.png").click()
    sync_api.expect(page.locator("#strip")).to_be_hidden()
    page.get_by_role("button", name="Close this message").click()
    assert trouble.is_hidden()


def test_without_the_token_the_page_says_what_to_do(browser, address) -> None:
    page = browser.new_page()
    page.goto(address.split("#", maxsplit=1)[0])
    sync_api.expect(page.locator("#trouble")).to_contain_text("open the address that `retseg view` printed")
    page.close()


@pytest.mark.parametrize("page", LOOKS, ids=LOOK_NAMES, indirect=True)
def test_a_program_for_accessibility_finds_nothing_serious(page, eye) -> None:
    """WCAG 2.2 A and AA by axe-core: the empty page, and the page with a photograph and everything unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the rules are those of axe-core").Axe()
    for _ in range(2):
        found = [(each["id"], node["html"]) for each in axe.run(page).response["violations"] for node in each["nodes"]]
        assert found == []
        if page.locator("#found").is_hidden():
            drop(page, eye.path)
            wait_measured(page)
            for opener in page.locator(".opener").all()[1:]:
                opener.click()
            page.locator("#download").click()


@pytest.mark.parametrize("page", LOOKS, ids=LOOK_NAMES, indirect=True)
def test_the_photograph_is_the_largest_thing_and_nothing_scrolls_sideways(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    size = page.viewport_size
    box = page.locator('[data-pane="overlay"]').bounding_box()
    assert box["width"] >= (0.7 if size["width"] > 1000 else 1) * size["width"] - 1
    assert box["height"] >= 0.4 * size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_keyboard_reaches_every_control_in_the_order_of_the_page(page, eye) -> None:
    drop(page, eye.path)
    wait_measured(page)
    page.locator("body").click(position={"x": 5, "y": 5})
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "task-soft_exudate":
            break
    wanted = ["open", "download", "theme", "CANVAS", "opacity", "task-vessel", "threshold-vessel", "task-soft_exudate"]
    places = [reached.index(name) for name in wanted]
    assert places == sorted(places)


def test_a_photograph_with_more_pixels_than_the_screen_keeps_its_masks_in_place(page, eye, tmp_path) -> None:
    """Three times the size: the same vessels under the same cursor."""
    large = tmp_path / "large.png"
    write_picture(large, np.asarray(cv2.resize(eye.phantom.pixels, None, fx=3, fy=3), np.uint8))
    drop(page, large)
    wait_measured(page)
    page.locator("#opacity").fill("100")
    page.get_by_label("Fill").check()
    assert count_pixels(page, colour_of(page, "vessel")) > 300
