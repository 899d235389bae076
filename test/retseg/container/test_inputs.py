"""inputs.json, sockets and their one image."""

import json
from pathlib import Path

import pytest

from retseg.container.error import ContractError
from retseg.container.inputs import InputSocket, choose_image_socket, choose_interface, find_image, read_inputs

SOCKET = InputSocket("color-fundus-image", "images/some-folder")


@pytest.mark.parametrize("keys", [("socket",), ("interface",), ("socket", "interface")])
def test_sockets_are_read_under_the_new_key_the_old_one_or_both(make_case, keys):
    folder = make_case({"color-fundus-image": "images/some-folder", "age": "age.json"}, keys)
    assert read_inputs(folder / "inputs.json") == (SOCKET, InputSocket("age", "age.json"))


def test_a_null_socket_beside_an_interface_is_read_as_an_interface(tmp_path):
    item = {"socket": None, "interface": {"slug": "a", "relative_path": "images/b"}}
    (tmp_path / "inputs.json").write_text(json.dumps([item]))
    assert read_inputs(tmp_path / "inputs.json") == (InputSocket("a", "images/b"),)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not valid JSON"),
        ("[{", "not valid JSON"),
        ("{}", "not a list of input sockets"),
        ("[]", "not a list of input sockets"),
        ("null", "not a list of input sockets"),
        ('["color-fundus-image"]', "item 1 has neither"),
        ('[{"slug": "a", "relative_path": "b"}]', "item 1 has neither the key 'socket' nor 'interface'"),
        ('[{"socket": {"slug": "a"}}]', "item 1 has no text under 'relative_path'"),
        ('[{"socket": {"slug": 3, "relative_path": "b"}}]', "item 1 has no text under 'slug'"),
        ('[{"socket": {"slug": "a", "relative_path": ""}}]', "item 1 has no text under 'relative_path'"),
        ('[{"socket": {"slug": "a", "relative_path": "b"}}, {"socket": {"slug": "a", "relative_path": "c"}}]', "twice"),
    ],
)
def test_an_invalid_inputs_json_is_named_with_what_is_wrong(tmp_path, text, complaint):
    (tmp_path / "inputs.json").write_text(text)
    with pytest.raises(ContractError, match=complaint) as raised:
        read_inputs(tmp_path / "inputs.json")
    assert str(tmp_path / "inputs.json") in str(raised.value)


def test_an_inputs_json_that_is_not_text_or_not_a_file_is_named(tmp_path):
    (tmp_path / "inputs.json").write_bytes(b"\xff\xfe\x00[")
    with pytest.raises(ContractError, match="not valid JSON"):
        read_inputs(tmp_path / "inputs.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ContractError, match="cannot be read"):
        read_inputs(tmp_path / "folder")


def test_the_set_of_sockets_picks_the_interface_whatever_their_order(challenge):
    assert choose_interface(challenge, ["color-fundus-image"]) is challenge.interface[0]
    assert choose_interface(challenge, ["color-fundus-image", "second-image"]) is challenge.interface[2]
    assert choose_interface(challenge, ["second-image", "color-fundus-image"]) is challenge.interface[2]


@pytest.mark.parametrize("slugs", [["age-in-months"], ["age-in-months", "color-fundus-image"]])
def test_an_unknown_set_of_sockets_is_answered_with_the_known_ones(challenge, slugs):
    with pytest.raises(ContractError, match=r"takes \(color-fundus-image\) or \(second-image\) or") as raised:
        choose_interface(challenge, slugs)
    assert f"({', '.join(slugs)})" in str(raised.value)


def test_an_interface_with_two_images_is_refused_because_one_is_segmented(challenge):
    sockets = [SOCKET, InputSocket("second-image", "images/second")]
    assert choose_image_socket(challenge, sockets[:1]) is SOCKET
    with pytest.raises(ContractError, match="2 image inputs, wanted one"):
        choose_image_socket(challenge, sockets)


@pytest.mark.parametrize("name", ["a.mha", "a.tif", "a.tiff", "A.TIF", "1.2.3.mha"])
def test_the_image_is_found_by_the_relative_path_and_not_by_the_slug(make_case, name):
    folder = make_case()
    (folder / "images/color-fundus-image").mkdir()
    (folder / "images/color-fundus-image/wrong.mha").touch()
    (folder / "images/some-folder" / name).touch()
    (folder / "images/some-folder/.DS_Store").touch()
    (folder / "images/some-folder/._a.mha").touch()
    assert find_image(folder, SOCKET) == folder / "images/some-folder" / name


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], r"holds 0 \(found: nothing\)"),
        (["a.png"], r"holds 0 \(found: a.png\)"),
        (["a.mha", "b.tif"], r"holds 2 \(found: a.mha, b.tif\)"),
    ],
)
def test_a_socket_with_no_image_or_with_two_is_named_with_what_it_holds(make_case, names, complaint):
    folder = make_case()
    for name in names:
        (folder / "images/some-folder" / name).touch()
    with pytest.raises(ContractError, match=complaint) as raised:
        find_image(folder, SOCKET)
    assert "'color-fundus-image'" in str(raised.value)


def test_a_socket_without_its_folder_is_named(make_case):
    with pytest.raises(ContractError, match="has no folder"):
        find_image(make_case(), InputSocket("color-fundus-image", "images/elsewhere"))


def test_the_input_folder_may_be_a_symbolic_link_as_it_is_on_the_platform(make_case, tmp_path):
    (make_case() / "images/some-folder/a.mha").touch()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "input")
    assert find_image(link, SOCKET) == link / "images/some-folder/a.mha"


@pytest.mark.parametrize(
    "path", ["../secret", "images/../../secret", "{absolute}", "images/way-out", "images/file-out"]
)
def test_a_path_that_leaves_the_input_folder_is_refused(make_case, tmp_path, path):
    folder = make_case()
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.mha").touch()
    (folder / "images/way-out").symlink_to(secret)
    (folder / "images/file-out").mkdir()
    (folder / "images/file-out/a.mha").symlink_to(secret / "a.mha")
    with pytest.raises(ContractError, match="leaves"):
        find_image(folder, InputSocket("color-fundus-image", path.format(absolute=secret)))


def test_a_neighbour_whose_name_begins_like_the_input_folder_is_outside_of_it(make_case, tmp_path):
    folder = make_case()
    (tmp_path / "input-2").mkdir()
    (tmp_path / "input-2/a.mha").touch()
    (folder / "images/near").symlink_to(tmp_path / "input-2")
    with pytest.raises(ContractError, match="leaves"):
        find_image(folder, InputSocket("color-fundus-image", str(Path("images/near"))))
