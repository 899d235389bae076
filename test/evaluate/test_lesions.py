"""Lesions found and false lesions, from files to metrics.json, report and figures."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def lesions(tmp_path: Path, write_image) -> Path:
    """Two photographs with exudates of 5 x 5 pixels: the first with two, of which one is found; the second healthy.

    The healthy one has a predicted exudate with a probability of 0.7.
    """
    truth, found, false = np.zeros((3, 60, 80), np.uint8)
    cv2.rectangle(truth, (10, 10), (14, 14), 255, -1)
    cv2.rectangle(truth, (50, 30), (54, 34), 255, -1)
    cv2.rectangle(found, (12, 12), (16, 16), 230, -1)
    cv2.rectangle(false, (30, 40), (34, 44), 178, -1)
    write_image(tmp_path / "truth/hard_exudate/eye1.png", truth)
    write_image(tmp_path / "truth/hard_exudate/eye2.png", np.zeros_like(truth))
    for name, predicted in (("eye1", found), ("eye2", false)):
        write_image(tmp_path / f"truth/images/{name}.png", np.full((60, 80, 3), 90, np.uint8))
        map16 = predicted.astype(np.uint16) * 257
        write_image(tmp_path / f"predicted/hard_exudate/{name}_probability.png", map16)
    return tmp_path


def test_lesions_are_counted_over_all_images_and_drawn(lesions: Path, evaluate, read_metrics) -> None:
    options = ["--ground-truth", lesions / "truth", "--predictions", lesions / "predicted", "--output", lesions / "out"]
    options += ["--challenge", "fundus", "--protocol", "fundus-lesions", "--task", "hard_exudate", "--save-figures"]
    assert evaluate(*options) == 0
    document = read_metrics(lesions / "out")
    found = document["aggregates"]["hard_exudate"]
    assert found["lesions_found"]["mean"] == 0.5
    assert found["false_lesions_per_image"]["mean"] == 0.5
    assert found["froc"]["mean"] == pytest.approx(0.5)
    counts = [row["hard_exudate"]["false_lesions_per_image"] for row in document["results"]]
    assert counts == [0, 1]
    curve = document["froc"]["hard_exudate"]
    assert curve["lesions_found"][-1] == 0.5
    assert curve["false_lesions_per_image"][-1] == 0.5
    page = (lesions / "out" / "report.html").read_text()
    figure = page[page.index('id="plot-froc"') :].partition("</figure>")[0]
    assert "Lesions found 0.500 at False lesions per image 0.500." in figure
    assert ">1/8</text>" in figure
    points = json.loads(figure.partition('<script type="application/json">')[2].partition("</script>")[0])
    assert points["lines"][0]["points"][-1][3] == 0.5, "the readout shows false lesions per image"
    assert (lesions / "out" / "figures" / "froc.svg").is_file()
    assert "false lesions" in page.lower()
