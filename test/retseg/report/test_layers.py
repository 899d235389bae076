import base64

import cv2
import numpy as np
import pytest

from retseg.report.layers import CaseLayers, encode_bilevel, encode_case, encode_jpeg, reduce_parts, split_agreement


def decode(uri: str) -> np.ndarray:
    content = base64.b64decode(uri.split(",", 1)[1])
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (5, 9), (64, 100)])
def test_a_mask_survives_its_one_bit_png(shape: tuple[int, int]) -> None:
    mask = np.random.default_rng(0).random(shape) < 0.4
    decoded = cv2.imdecode(np.frombuffer(encode_bilevel(mask), np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.shape == (*shape, 4)
    np.testing.assert_array_equal(decoded[..., 3] > 0, mask)


def test_a_one_bit_png_is_smaller_than_the_eight_bit_one() -> None:
    y, x = np.mgrid[:512, :512]
    mask = np.sin(x / 9) + np.cos(y / 7) > 0.3
    assert len(encode_bilevel(mask)) < 0.7 * len(cv2.imencode(".png", mask.astype(np.uint8))[1])


def test_truth_and_prediction_split_into_disjoint_parts_that_add_up() -> None:
    random = np.random.default_rng(1)
    truth, prediction = random.random((20, 30)) < 0.5, random.random((20, 30)) < 0.5
    parts = split_agreement(prediction, truth)
    assert sum(part.astype(int) for part in parts.values()).max() == 1
    np.testing.assert_array_equal(parts["tp"] | parts["fn"], truth)
    np.testing.assert_array_equal(parts["tp"] | parts["fp"], prediction)


def test_reduced_parts_stay_disjoint_and_a_line_of_one_pixel_stays_whole_at_a_third() -> None:
    vessel = np.zeros((90, 90), bool)
    vessel[:, 40] = True
    other = np.zeros_like(vessel)
    other[10:40, 60:80] = True
    reduced = reduce_parts({"tp": vessel, "fp": other, "fn": np.zeros_like(vessel)}, (30, 30))
    assert reduced["tp"][:, 13].all()
    assert reduced["tp"].sum() == 30
    assert not (reduced["tp"] & reduced["fp"]).any()


def test_a_grey_image_is_stored_with_one_channel_and_a_coloured_one_with_three() -> None:
    grey = np.full((16, 16, 3), 90, np.uint8)
    coloured = grey.copy()
    coloured[..., 0] = 200
    one, three = (cv2.imdecode(np.frombuffer(encode_jpeg(i), np.uint8), cv2.IMREAD_UNCHANGED) for i in (grey, coloured))
    assert one.ndim == 2
    assert abs(three[8, 8].astype(int) - (90, 90, 200)).max() <= 8, "blue, green, red"


def test_noise_gives_way_in_quality_to_keep_the_page_small() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (256, 256, 1), dtype=np.uint8).repeat(3, axis=2)
    assert len(encode_jpeg(noise)) < 0.75 * len(encode_jpeg(noise, limit=99))


def test_an_encoded_case_keeps_its_size_or_is_reduced_to_the_one_asked_for() -> None:
    truth = np.zeros((60, 120), bool)
    truth[20:40, 30:90] = True
    layers = CaseLayers(np.full((60, 120, 3), 80, np.uint8), {"irma": truth}, {"irma": truth})
    full, small = encode_case(layers, None), encode_case(layers, 40)
    assert (full.size, full.shown, small.size, small.shown) == ((120, 60), (120, 60), (120, 60), (40, 20))
    assert set(full.masks["irma"]) == {"tp"}, "a mask without a pixel is absent"
    np.testing.assert_array_equal(decode(full.masks["irma"]["tp"])[..., 3] > 0, truth)
    assert decode(small.masks["irma"]["tp"]).shape[:2] == (20, 40)
    assert decode(small.image or "").shape == (20, 40)


def test_an_image_smaller_than_the_wanted_size_is_not_blown_up() -> None:
    mask = np.ones((10, 20), bool)
    assert encode_case(CaseLayers(None, {"irma": mask}, {"irma": mask}), 640).shown == (20, 10)


def test_a_case_without_a_photograph_has_masks_all_the_same() -> None:
    mask = np.ones((10, 20), bool)
    encoded = encode_case(CaseLayers(None, {"irma": mask}, {"irma": ~mask}), None)
    assert encoded.image is None
    assert set(encoded.masks["irma"]) == {"fn"}


def test_masks_of_two_sizes_are_refused_by_name() -> None:
    layers = CaseLayers(None, {"irma": np.ones((10, 20), bool)}, {"irma": np.ones((20, 10), bool)})
    with pytest.raises(ValueError, match=r"truth of irma 20x10, prediction of irma 10x20"):
        encode_case(layers, None)
