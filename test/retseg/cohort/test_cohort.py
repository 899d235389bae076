"""`retseg cohort`: every image becomes one row, or one line of failures.csv, whatever is killed on the way."""

import json
import os
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet
import pytest


def list_children(process):
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def wait_for_rows(output, process, files=1):
    """Wait until so many files of rows are there, while the process runs."""
    for _ in range(1200):
        if len(list((output / "rows").glob("*.jsonl"))) >= files or process.poll() is not None:
            return
        time.sleep(0.1)
    raise AssertionError("no rows after 120 s")


def test_a_nested_folder_becomes_a_table_with_mirrored_masks(tmp_path, fill, cohort):
    study = cohort(fill(tmp_path / "photographs", 4))
    facts = study.run("--masks", "--overlay", "--workers", "1")
    assert (facts["images"], facts["rows"], facts["failures"]) == (4, 4, 0)
    rows = study.read()
    assert [row["id"] for row in rows] == [f"000{n}/{eye}/fundus.png" for n in (0, 1) for eye in ("OD", "OS")]
    assert all(float(row["vessel_density"]) > 0 and row["models"].startswith("vessel-drive 1 ") for row in rows)
    table = pyarrow.parquet.read_table(study.output / "cohort.parquet").to_pylist()
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    assert table[0]["vessel_branching_points"] == int(rows[0]["vessel_branching_points"])
    for row in rows:
        mask = cv2.imread(str(study.output / "masks" / "vessel" / f"{row['id']}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (int(row["height"]), int(row["width"]))
        density = (mask > 0).sum() / int(row["field_of_view_area_px2"])
        assert float(row["vessel_density"]) == pytest.approx(density)
        assert (study.output / "overlay" / f"{row['id']}.png").is_file()


def test_an_image_without_a_retina_has_empty_cells_and_no_zeros(tmp_path, cohort):
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "black.png"), np.zeros((100, 100, 3), np.uint8))
    study = cohort(tmp_path / "in")
    facts = study.run("--workers", "1")
    (row,) = study.read()
    assert facts["rejected_now"] == 1 and row["retina_found"] == "false"
    assert "no field of view" in row["warnings"]
    assert (row["quality_verdict"], row["quality_reasons"]) == ("reject", "dark")
    measures = {name: value for name, value in row.items() if name.startswith(("vessel_", "field_of_view_"))}
    assert len(measures) >= 7 and set(measures.values()) == {""}
    (cells,) = pyarrow.parquet.read_table(study.output / "cohort.parquet").to_pylist()
    assert all(cells[name] is None for name in measures)


def test_a_second_run_examines_nothing_and_a_new_image_alone_is_added(tmp_path, fill, cohort, eyes):
    study = cohort(fill(tmp_path / "in", 3))
    study.run("--workers", "1")
    before = (study.output / "cohort.parquet").stat().st_mtime_ns
    assert study.run()["examined_now"] == 0
    assert (study.output / "cohort.parquet").stat().st_mtime_ns == before
    (tmp_path / "in" / "new.png").write_bytes(eyes[0])
    assert study.run("--workers", "1")["examined_now"] == 1
    assert len(study.read()) == 4


@pytest.mark.parametrize(
    ("more", "complaint"),
    [(("--masks",), "--masks (False, now True)"), (("--max-pixels", "90000"), "--max-pixels (None, now 90000)")],
)
def test_a_changed_option_is_refused(tmp_path, fill, cohort, more, complaint):
    study = cohort(fill(tmp_path / "in", 1))
    study.run("--workers", "1")
    study.run(*more, status=1)
    assert complaint in study.complaint and "give a new --output" in study.complaint


def test_a_changed_model_is_refused(tmp_path, fill, cohort, green_job):
    study = cohort(fill(tmp_path / "in", 1))
    study.run("--workers", "1")
    card = green_job.models / "vessel-drive" / "card.toml"
    card.write_text(card.read_text().replace("threshold = 0.5", "threshold = 0.4"))
    study.run(status=1)
    assert "was begun with another model ('vessel-drive'" in study.complaint


def test_parts_share_the_images_and_a_last_run_merges_them(tmp_path, fill, cohort):
    study = cohort(fill(tmp_path / "in", 12))
    first, second = (study.run("--part", f"{part}/2", "--workers", "1") for part in (1, 2))
    assert first["rows"] + second["rows"] == 12 and min(first["rows"], second["rows"]) > 0
    assert not (study.output / "cohort.csv").exists()
    assert study.run()["examined_now"] == 0
    assert len({row["id"] for row in study.read()}) == len(study.read()) == 12


def test_a_second_run_at_the_same_time_is_refused(tmp_path, fill, cohort):
    study = cohort(fill(tmp_path / "in", 40))
    first = study.start("--workers", "1")
    try:
        for _ in range(600):
            if (study.output / "run.json").exists():
                break
            time.sleep(0.1)
        study.run(status=1)
        assert "another run writes into" in study.complaint
    finally:
        first.kill()
        first.wait()


def test_three_hundred_eyes_outlive_kills_of_workers_and_of_the_program(tmp_path, fill, cohort, eyes):
    """Every process is killed at some moment; then each eye has one row and one mask, equal to those of its twins."""
    source = fill(tmp_path / "in", 300)
    damaged = [source / f"{number:04d}" / "OD" / "broken.jpg" for number in range(0, 150, 10)]
    for path in damaged:
        path.write_bytes(b"this is a text\n")
    study = cohort(source)
    first = study.start("--masks", "--workers", "2")
    wait_for_rows(study.output, first)
    for child in list_children(first)[-2:]:
        os.kill(child, signal.SIGKILL)
    wait_for_rows(study.output, first, 2)
    assert first.poll() is None, "a killed worker is replaced"
    first.kill()
    first.communicate()
    held = sum(len(path.read_text().splitlines()) for path in (study.output / "rows").glob("*.jsonl"))
    assert 0 < held < 315
    facts = study.run("--masks", "--workers", "2")
    assert facts["examined_now"] == 315 - held
    assert (facts["rows"], facts["failures"]) == (300, 15)
    rows = study.read()
    assert len({row["id"] for row in rows}) == len(rows) == 300
    masks = list((study.output / "masks").rglob("*.png"))
    assert len(masks) == 300 and not list(study.output.rglob(".writing-*/*"))
    assert len({path.read_bytes() for path in masks}) <= len(eyes), "the same eye, the same mask"
    twins = {}
    for row in rows:
        number = int(row["id"][:4]) * 2 + ("/OS/" in row["id"])
        twins.setdefault(number % len(eyes), set()).add(row["vessel_length_px"])
    assert all(len(values) == 1 for values in twins.values())
    assert {row["path"] for row in study.read("failures.csv")} == set(map(str, damaged))


def test_a_run_that_is_asked_to_end_keeps_what_it_has_done(tmp_path, fill, cohort):
    study = cohort(fill(tmp_path / "in", 200))
    process = study.start("--masks", "--workers", "1")
    for _ in range(600):
        if len(list((study.output / "masks").rglob("*.png"))) > 3:
            break
        time.sleep(0.1)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    (written,) = (study.output / "rows").glob("*.jsonl")
    assert all(json.loads(line)["failure"] == "" for line in written.read_text().splitlines())
