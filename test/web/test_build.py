"""The static page: its files, its models in one file each with their hash, and what is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from retseg.engine import choose_engine, open_engine
from retseg.models import PACKAGED_MODELS, find_card
from web.build import SiteError, copy_page, refuse_unknown, write_model

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_page_is_that_of_the_local_program_with_another_source(tmp_path: Path) -> None:
    copy_page(tmp_path)
    assert "retseg_token" not in (tmp_path / "source.js").read_text(encoding="utf-8")
    assert "Worker" in (tmp_path / "source.js").read_text(encoding="utf-8")
    local = {path.name for path in (ROOT / "retseg" / "view" / "page").iterdir()} - {"source-server.js", "page.html"}
    assert local | {"index.html", "source.js", "worker.js"} <= {path.name for path in tmp_path.iterdir()}


def test_a_model_is_one_file_that_its_hash_names_and_the_engine_agrees_with(tmp_path: Path) -> None:
    card = find_card("vessel", (PACKAGED_MODELS,))
    told = write_model(card, ("vessel",), tmp_path)
    content = (tmp_path / told["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == told["sha256"]
    model = onnx.load_model_from_string(content)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert told["tasks"][0]["threshold"] == card.tasks["vessel"].threshold
    assert json.loads(json.dumps(told))["inference"]["scales"] == list(card.inference.scales)
    tile = np.random.default_rng(1).normal(size=(1, 3, 64, 64)).astype(np.float32)
    known = open_engine(choose_engine("openvino"), card)(tile)
    found = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: tile})[0]
    assert np.abs(found - known).max() < 0.5, "bfloat16 of the engine explains a tenth"


def test_a_model_that_the_page_cannot_run_is_refused() -> None:
    card = find_card("vessel", (PACKAGED_MODELS,))
    refuse_unknown(card)
    with pytest.raises(SiteError, match="'vessel' needs CLAHE"):
        refuse_unknown(replace(card, preprocessing=replace(card.preprocessing, clahe=2.0)))


def test_the_lock_has_a_hash_for_every_package_and_no_address() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages["node_modules/onnxruntime-web"]["version"] == "1.30.0"
    assert all(each["integrity"].startswith("sha512-") and "resolved" not in each for each in packages.values())
