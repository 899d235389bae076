"""The server behind the page: who may ask, and what it answers to files that are no photographs."""

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from retseg.image import Geometry
from retseg.image.limits import MOST_FILE_BYTES
from retseg.measures import measure_masks
from retseg.view import describe_settings
from retseg.view import server as server_module
from retseg.view.access import Access
from retseg.view.levels import cut_masks, find_cut
from retseg.view.server import create_app

ACCESS = Access(4711, "secret-token")
TOKEN = {"x-retseg-token": ACCESS.token}
HOST = "http://127.0.0.1:4711"


@pytest.fixture
def client(desk, tmp_path):
    settings = describe_settings("Any eye", [(step.card, step.tasks) for step in desk.steps])
    with TestClient(create_app(desk, settings, ACCESS, tmp_path), base_url=HOST) as made:
        yield made


@pytest.fixture
def dropped(client, desk, eye) -> int:
    number = client.post("/photographs?name=drawn.png", headers=TOKEN, content=eye.path.read_bytes()).json()["number"]
    desk.work_once()
    return number


ASKED = [
    "/settings",
    "/photographs",
    "/photographs/1/image",
    "/photographs/1/levels/vessel",
    "/photographs/1/thumbnail",
]


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-retseg-token": "guessed"},
        {"x-retseg-token": ""},
        {**TOKEN, "host": "evil.example:4711"},
        {**TOKEN, "host": "127.0.0.1:4712"},
        {**TOKEN, "origin": "http://evil.example"},
        {**TOKEN, "origin": "null"},
        {**TOKEN, "origin": "https://127.0.0.1:4711"},
    ],
)
def test_nothing_is_told_to_another_page_or_without_the_token(client, dropped, path, headers) -> None:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 403
    assert set(answer.json()) == {"detail"} and "retseg view" in answer.json()["detail"]


def test_a_form_of_another_page_cannot_drop_a_file(client, desk) -> None:
    answer = client.post("/photographs?name=eye.png", headers={"origin": "http://evil.example"}, content=b"x")
    assert (answer.status_code, desk.list_all()) == (403, ())


@pytest.mark.parametrize("host", ["127.0.0.1:4711", "localhost:4711"])
def test_the_page_itself_is_open_and_holds_nothing_of_the_user(client, dropped, host) -> None:
    page = client.get("/", headers={"host": host})
    assert page.status_code == 200 and "drawn.png" not in page.text and ACCESS.token not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert page.headers["cache-control"] == "no-store" and page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["../pyproject.toml", "%2e%2e/server.py", "server.py", "page/page.css", "/etc/passwd"])
def test_no_other_file_is_given(client, name) -> None:
    assert client.get(f"/{name}", headers=TOKEN).status_code == 404


def test_a_dropped_photograph_is_shown_with_its_masks_and_measures(client, desk, eye, dropped) -> None:
    state = client.get("/photographs", headers=TOKEN).json()[0]
    assert (state["name"], state["stage"], state["width"], state["height"]) == ("drawn.png", "done", 420, 400)
    pixels = cv2.imdecode(np.frombuffer(client.get("/photographs/1/image", headers=TOKEN).content, np.uint8), 1)
    assert np.array_equal(pixels[:, :, ::-1], eye.phantom.pixels)
    settings = client.get("/settings", headers=TOKEN).json()
    cuts = {task["name"]: task["cut"] for task in settings["tasks"]}
    found = client.post("/photographs/1/measures", headers=TOKEN, json=cuts).json()
    photograph = desk.find(1)
    masks = cut_masks(photograph.levels, cuts, photograph.smallest)
    rows = measure_masks(photograph.image, masks, photograph.region).rows
    told = {(row["task"], row["measure"]): row["value"] for row in found["rows"]}
    assert told["microaneurysm", "count"] == str(rows["microaneurysm"][0].value)
    assert float(told["vessel", "density"]) == pytest.approx(rows["vessel"][0].value, rel=1e-5)
    assert photograph.image.geometry == Geometry((420, 400))


def test_a_higher_threshold_measures_a_smaller_mask(client, dropped) -> None:
    shares = []
    for threshold in (0.2, 0.8):
        cuts = {"haemorrhage": find_cut(threshold)}
        rows = client.post("/photographs/1/measures", headers=TOKEN, json=cuts).json()["rows"]
        shares.append(next(float(row["value"]) for row in rows if row["measure"] == "area_fraction"))
    assert shares[0] > shares[1]


def test_without_scikit_image_only_the_vessels_are_not_measured(client, dropped, monkeypatch) -> None:
    monkeypatch.setattr("retseg.measures.masks.importlib.util.find_spec", lambda _: None)
    found = client.post("/photographs/1/measures", headers=TOKEN, json={"vessel": 100, "haemorrhage": 100}).json()
    assert "scikit-image" in found["warnings"][0]
    assert {row["task"] for row in found["rows"]} == {"field_of_view", "landmarks", "quality", "haemorrhage"}


@pytest.mark.parametrize("cuts", [{"fovea": 3}, {"vessel": 0}, {"vessel": 256}, {"vessel": "x"}, [1]])
def test_thresholds_that_make_no_sense_are_refused(client, dropped, cuts) -> None:
    assert client.post("/photographs/1/measures", headers=TOKEN, json=cuts).status_code in (400, 422)


@pytest.mark.parametrize(
    "name", ["../../../tmp/evil.png", "a" * 4000 + ".png", "<img src=x onerror=alert(1)>.png", "\x00.png", "\u202e.png"]
)
def test_a_hostile_name_stays_a_name(client, desk, eye, tmp_path, name) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    answer = client.post("/photographs", params={"name": name}, headers=TOKEN, content=eye.path.read_bytes())
    assert answer.status_code == 201
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path not in before]
    assert [path.name for path in written] == ["dropped.png"]
    desk.work_once()
    state = client.get("/photographs", headers=TOKEN).json()[0]
    assert state["stage"] == "done" and len(state["name"]) <= 120 and state["name"].isprintable()


@pytest.mark.parametrize("name", ["virus.exe", "notes", "eye.png.sh", ""])
def test_a_file_that_is_no_image_is_refused_with_a_sentence(client, desk, name) -> None:
    answer = client.post("/photographs", params={"name": name}, headers=TOKEN, content=b"x")
    assert answer.status_code == 400 and "convert it to PNG" in answer.json()["detail"]
    assert desk.list_all() == ()


def test_a_huge_file_is_refused_by_its_length_and_by_its_bytes(client, desk, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(server_module, "DEFAULT_LIMITS", server_module.DEFAULT_LIMITS.__class__(file_bytes=1 << 20))
    announced = client.post("/photographs?name=a.png", headers=TOKEN, content=b"0" * (2 << 20))

    def parts():
        for _ in range(20):
            yield b"0" * (1 << 17)

    unannounced = client.post("/photographs?name=a.png", headers=TOKEN, content=parts())
    for answer in (announced, unannounced):
        assert answer.status_code == 400 and "more than 1 MB" in answer.json()["detail"]
    assert desk.list_all() == () and not list(tmp_path.iterdir()), "nothing is left behind"
    assert MOST_FILE_BYTES == 1 << 30


def test_a_removed_photograph_is_gone(client, dropped) -> None:
    assert client.delete("/photographs/1", headers=TOKEN).status_code == 200
    assert client.get("/photographs", headers=TOKEN).json() == []
    gone = client.get("/photographs/1/image", headers=TOKEN)
    assert gone.status_code == 404 and "was removed" in gone.json()["detail"]
