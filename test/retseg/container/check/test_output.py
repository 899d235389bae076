"""The platform's own rules for an output folder, each with a folder that breaks it and the words it is refused with."""

import numpy as np
import pytest
import SimpleITK

from retseg.challenge import Socket
from retseg.container.check.finding import find_failure
from retseg.container.check.grid import describe_grid
from retseg.container.check.output import judge_output

VESSEL = Socket("binary-vessel-segmentation", "images/binary-vessel-segmentation", "segmentation", "vessel")
HEAT = Socket("vessel-likelihood", "images/vessel-likelihood", "heatmap", "vessel")
SPACING = (0.5, 0.25)


def picture(values, spacing=SPACING):
    image = SimpleITK.GetImageFromArray(np.asarray(values))
    image.SetSpacing(spacing)
    return image


@pytest.fixture
def mask():
    """A mask of 6 x 4 pixels with one vessel."""
    values = np.zeros((4, 6), np.uint8)
    values[1] = 1
    return values


@pytest.fixture
def grid(mask):
    return describe_grid(picture(mask))


@pytest.fixture
def write(tmp_path):
    """Write an image into a socket's folder."""

    def write(image, name="a.mha", socket=VESSEL):
        path = tmp_path / socket.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        SimpleITK.WriteImage(image, str(path))
        return path

    return write


def complain(folder, sockets, grid):
    failure = find_failure(judge_output(folder, sockets, grid))
    return failure.complaint if failure else ""


def test_a_mask_as_it_should_be_breaks_no_rule(tmp_path, write, mask, grid):
    write(picture(mask))

    findings = judge_output(tmp_path, [VESSEL], grid)

    assert {finding.verdict for finding in findings} == {"pass"}
    assert [finding.rule for finding in findings] == [
        f"output.{name}" for name in ("present", "type", "values", "size", "geometry")
    ]


def test_an_empty_mask_is_a_valid_answer(tmp_path, write, mask, grid):
    write(picture(mask * 0))

    assert complain(tmp_path, [VESSEL], grid) == ""


def test_white_must_be_the_declared_value_not_255(tmp_path, write, mask, grid):
    write(picture(mask * 255))

    assert "valid voxel values for the output 'binary-vessel-segmentation' are 0, 1" in complain(
        tmp_path, [VESSEL], grid
    )


def test_a_challenge_that_declares_255_takes_255(tmp_path, write, mask, grid):
    white = Socket(VESSEL.slug, VESSEL.path, "segmentation", "vessel", (0, 255))
    write(picture(mask * 255))

    assert complain(tmp_path, [white], grid) == ""


@pytest.mark.parametrize("kind", [np.float32, np.int16, np.uint16])
def test_only_8_bit_integers_have_segments(tmp_path, write, mask, grid, kind):
    write(picture(mask.astype(kind)))

    assert "image segments could not be determined" in complain(tmp_path, [VESSEL], grid)


def test_a_colour_mask_has_no_segments(tmp_path, write, mask, grid):
    write(SimpleITK.GetImageFromArray(np.stack([mask] * 3, -1), isVector=True))

    assert "3 component(s)" in complain(tmp_path, [VESSEL], grid)


def test_a_tiff_mask_lacks_the_tags_that_its_segments_are_read_from(tmp_path, write, mask, grid):
    write(picture(mask), "a.tif")

    assert "is a TIFF" in complain(tmp_path, [VESSEL], grid)


def test_a_png_mask_is_not_imported_at_all(tmp_path, write, mask, grid):
    write(picture(mask), "a.png")

    assert "holds 0 (found: a.png)" in complain(tmp_path, [VESSEL], grid)


def test_two_images_in_a_socket_are_one_too_many_even_in_a_folder_below(tmp_path, write, mask, grid):
    write(picture(mask))
    write(picture(mask), "below/b.mha")

    assert "only 1 image should be produced" in complain(tmp_path, [VESSEL], grid)


def test_a_declared_output_that_is_not_there_is_named(tmp_path, write, mask, grid):
    write(picture(mask))

    assert "'vessel-likelihood' was not produced: images/vessel-likelihood does not exist" in complain(
        tmp_path, [VESSEL, HEAT], grid
    )


def test_a_truncated_image_cannot_be_read(tmp_path, write, mask, grid):
    path = write(picture(np.zeros((64, 64), np.uint8)))
    path.write_bytes(path.read_bytes()[:-3000])

    assert "is not a whole image" in complain(tmp_path, [VESSEL], grid)


def test_a_mask_of_another_size_than_its_input_is_refused_here_though_not_by_the_platform(tmp_path, write, mask, grid):
    write(picture(mask[:, 1:]))

    assert "is 5 x 4, but its input is 6 x 4" in complain(tmp_path, [VESSEL], grid)


def test_a_mask_that_lost_its_spacing_lies_elsewhere(tmp_path, write, mask, grid):
    write(picture(mask, (1.0, 1.0)))

    assert "the spacing of the output 'binary-vessel-segmentation' is (1, 1)" in complain(tmp_path, [VESSEL], grid)


def test_a_geometry_that_went_through_a_float_is_the_same(tmp_path, write, mask, grid):
    noisy = picture(mask, (0.5 + 1e-7, 0.25))
    noisy.SetOrigin((1e-9, -1e-9))
    write(noisy)

    assert complain(tmp_path, [VESSEL], grid) == ""


def test_a_heatmap_holds_probabilities_and_nothing_else(tmp_path, write, mask, grid):
    write(picture(mask.astype(np.float32) / 2), socket=HEAT)
    assert complain(tmp_path, [HEAT], grid) == ""

    write(picture(np.where(mask > 0, np.nan, 0).astype(np.float32)), socket=HEAT)
    assert "reaches from nan" in complain(tmp_path, [HEAT], grid)


@pytest.mark.parametrize(("text", "verdict"), [("{", "fail"), ('{"dice": NaN}', "warn"), ('{"dice": 1}', "pass")])
def test_json_must_parse_and_nan_becomes_null(tmp_path, text, verdict):
    (tmp_path / "results.json").write_text(text)

    assert [finding.verdict for finding in judge_output(tmp_path, [], None)] == [verdict]


def test_without_a_challenge_every_folder_with_an_image_is_taken_for_an_output(tmp_path, write, mask):
    write(picture(mask * 255))

    verdicts = {finding.rule: finding.verdict for finding in judge_output(tmp_path, None, None)}

    assert verdicts["output.declared"] == "warn"
    assert verdicts["output.values"] == "warn"
    assert verdicts["output.type"] == "pass"


def test_nothing_at_all_is_a_failure_also_when_nothing_is_declared(tmp_path):
    assert "there is no image" in complain(tmp_path, None, None)


def test_a_file_beside_the_declared_outputs_is_seen_by_nobody(tmp_path, write, mask, grid):
    write(picture(mask))
    (tmp_path / "probabilities.npy").write_bytes(b"0")

    warnings = [f for f in judge_output(tmp_path, [VESSEL], grid) if f.verdict == "warn"]

    assert [finding.rule for finding in warnings] == ["output.undeclared"]
    assert "probabilities.npy" in warnings[0].sentence
