"""The field of view of a kind of image is found by its rule."""

import cv2
import numpy as np
import pytest

from retseg.image import view_image
from retseg.image.views import find_bright_part


def draw_octagon() -> np.ndarray:
    """What an endoscope shows: an octagon with a dark hole, 300 x 400, on a surround that is not quite black."""
    pixels = np.full((300, 400, 3), (4, 3, 6), np.uint8)
    corners = np.array([(120, 20), (280, 20), (340, 90), (340, 210), (280, 280), (120, 280), (60, 210), (60, 90)])
    cv2.fillPoly(pixels, [corners], (180, 110, 90))
    cv2.circle(pixels, (200, 150), 20, (2, 2, 2), -1)
    return pixels


def test_a_threshold_finds_an_octagon_without_its_hole() -> None:
    found = find_bright_part(draw_octagon())
    corners = np.array([(120, 20), (280, 20), (340, 90), (340, 210), (280, 280), (120, 280), (60, 210), (60, 90)])
    wanted = cv2.fillPoly(np.zeros((300, 400), np.uint8), [corners], 1) > 0
    assert (found != wanted).mean() < 0.005
    assert found[150, 200] and not found[5, 5]


def test_a_caption_beside_it_is_no_part_of_it() -> None:
    pixels = draw_octagon()
    cv2.rectangle(pixels, (5, 5), (45, 15), (255, 255, 255), -1)
    assert not find_bright_part(pixels)[10, 20]


def test_a_black_image_has_no_bright_part() -> None:
    assert not find_bright_part(np.zeros((40, 50, 3), np.uint8)).any()


@pytest.mark.parametrize(("rule", "corner"), [("frame", True), ("threshold", False), ("round", False)])
def test_each_rule_gives_its_own_field_of_view(rule: str, corner: bool) -> None:
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    pixels = np.where((x**2 + y**2 < 0.8)[..., None], np.uint8([170, 100, 60]), np.uint8(0))
    found = view_image(pixels, rule)  # type: ignore[arg-type]
    assert bool(found.mask[0, 0]) is corner and found.mask[150, 150]
