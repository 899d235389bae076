"""From a file to what the page shows of it, one after the other, whatever the file is."""

from pathlib import Path

import numpy as np
import pytest

from retseg.image import write_picture
from retseg.predictor import drop_small
from retseg.preprocessing import scale_component_size
from retseg.view import Desk, Step
from retseg.view.desk import MOST_PHOTOGRAPHS, DeskError, Photograph
from retseg.view.levels import cut_masks, find_cut


def work(desk: Desk, path: Path, name: str = "", own: bool = False) -> Photograph:
    number = desk.add(path, name or path.name, own)
    desk.work_once()
    return desk.find(number)


def test_a_photograph_ends_with_the_masks_that_the_models_card_makes(desk, steps, eye) -> None:
    photograph = work(desk, eye.path)
    assert (photograph.stage, photograph.sentence) == ("done", "")
    for step in steps:
        for task in step.tasks:
            rule = step.card.tasks[task]
            smallest = scale_component_size(
                rule.minimum_component_size, photograph.region, step.card.framing, step.card.preprocessing
            )
            expected = drop_small(eye.probabilities[task] >= rule.threshold, smallest)
            cuts = {task: find_cut(rule.threshold)}
            made = cut_masks({task: photograph.levels[task]}, cuts, photograph.smallest)[task]
            assert np.array_equal(made, expected)


def test_vessels_are_there_while_the_lesions_are_still_looked_for(steps, eye) -> None:
    seen = []

    def look(image):
        seen.append(tuple(desk.find(1).levels))
        return steps[1].predict(image)

    desk = Desk((steps[0], Step(steps[1].card, steps[1].tasks, look)))
    work(desk, eye.path)
    assert seen == [("vessel",)]


def test_a_warning_of_both_models_is_said_once(desk, eye) -> None:
    assert work(desk, eye.path).warnings == ("drawn.png is a drawing.",)


def test_a_file_that_is_no_image_is_one_sentence_with_the_name_that_was_dropped(desk, tmp_path) -> None:
    path = tmp_path / "dropped.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    photograph = work(desk, path, "my <eye>.png", own=True)
    assert photograph.stage == "failed"
    assert photograph.sentence.startswith("my <eye>.png ") and str(tmp_path) not in photograph.sentence
    assert not path.exists(), "the desk removes its copy"


def test_an_own_copy_is_removed_and_a_file_of_the_user_is_kept(desk, eye, tmp_path) -> None:
    copy = tmp_path / "dropped.png"
    copy.write_bytes(eye.path.read_bytes())
    assert work(desk, copy, own=True).stage == "done"
    work(desk, eye.path)
    assert (copy.exists(), eye.path.exists()) == (False, True)


def test_an_error_of_a_model_is_said_and_the_next_photograph_is_worked_on(steps, eye) -> None:
    def fail(image):
        raise MemoryError

    desk = Desk((Step(steps[0].card, steps[0].tasks, fail),))
    failed, again = work(desk, eye.path), work(desk, eye.path)
    assert failed.stage == again.stage == "failed"
    assert "not enough memory" in failed.sentence


def test_an_image_with_too_many_pixels_is_refused_before_it_is_decoded(steps, eye) -> None:
    photograph = work(Desk(steps, max_pixels=1000), eye.path)
    assert photograph.stage == "failed" and "420 x 400" in photograph.sentence


def test_a_photograph_that_was_removed_meanwhile_is_forgotten(steps, eye) -> None:
    def remove(image):
        desk.remove(1)
        return steps[0].predict(image)

    desk = Desk((Step(steps[0].card, steps[0].tasks, remove), steps[1]))
    desk.add(eye.path, "drawn.png")
    desk.work_once()
    assert desk.list_all() == ()


def test_a_full_desk_takes_no_more(desk, eye) -> None:
    for _ in range(MOST_PHOTOGRAPHS):
        desk.add(eye.path, "drawn.png")
    with pytest.raises(DeskError, match="remove one"):
        desk.add(eye.path, "drawn.png")


def test_an_image_without_a_retina_has_empty_masks(steps, tmp_path) -> None:
    write_picture(tmp_path / "black.png", np.zeros((64, 64, 3), np.uint8))
    found = steps[0].predict

    def nothing(image):
        made = found(image)
        empty = np.zeros((64, 64))
        return type(made)(made.masks, {"vessel": empty.astype(np.float32)}, empty.astype(bool), ("no field of view",))

    photograph = work(Desk((Step(steps[0].card, ("vessel",), nothing),)), tmp_path / "black.png")
    assert photograph.stage == "done" and photograph.smallest == {"vessel": 0}
