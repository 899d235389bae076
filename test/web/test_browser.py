"""The page in headless Chromium, from a plain file server: the masks of the CPU engine, and nothing from elsewhere."""

import functools
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

import retseg
from web.build import SiteError, build

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser tests are driven by playwright")
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
ROOT = Path(__file__).resolve().parent.parent.parent
MINUTES = 4 * 60_000
pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[tuple[Path, str]]:
    """The folder of the page, and its address on this machine."""
    folder = tmp_path_factory.mktemp("site") / "page"
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; on Debian: apt-get install chromium")
    try:
        build(folder, "fundus")
    except SiteError as error:
        pytest.skip(f"onnxruntime-web is not at hand: {error}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def page(site) -> Iterator:
    """The page, opened; what it asks for elsewhere fails the test."""
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS.split())
        opened = chromium.new_page(viewport={"width": 1280, "height": 800})
        far: list[str] = []
        opened.on(
            "request", lambda asked: far.append(asked.url) if not asked.url.startswith((site[1], "blob:")) else None
        )
        opened.goto(site[1])
        opened.locator("html[data-ready]").wait_for()
        yield opened
        chromium.close()
        assert far == []


def test_the_masks_of_the_example_are_those_of_the_cpu_engine(page) -> None:
    page.locator("#example").click()
    page.locator("html[data-measured]").wait_for(timeout=MINUTES)
    assert page.locator("#headline").text_content() == "No lesion was marked"
    page.locator("#download").click()
    with page.expect_download() as download:
        page.locator('[data-download="masks"]').click()
    found = {}
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
        for name in archive.namelist():
            found[name.split("/")[0]] = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 0) > 0
    model = retseg.load_model(challenge="fundus", engine="openvino")
    known = retseg.segment(ROOT / "docs" / "images" / "retina.jpg", model).masks
    assert set(found) == set(known)
    for task, mask in known.items():
        total = int(mask.sum() + found[task].sum())
        assert 2 * int((mask & found[task]).sum()) >= 0.99 * total, task


def test_an_altered_model_is_refused(site, page, tmp_path: Path) -> None:
    content = bytearray((site[0] / "vessel.onnx").read_bytes())
    content[-100] ^= 1
    page.route("**/vessel.onnx", lambda route: route.fulfill(body=bytes(content)))
    page.locator("#example").click()
    page.locator("html[data-stage='failed']").wait_for(timeout=MINUTES)
    assert "SHA-256 differs" in page.locator("#verdict").text_content()
