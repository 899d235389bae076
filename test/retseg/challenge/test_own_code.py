"""Functions that a challenge brings itself are found beside its file, and fail in one sentence."""

import pytest

from retseg.challenge.own_code import OwnCodeError, load_function


def test_a_function_beside_the_file_is_called(tmp_path):
    (tmp_path / "mine.py").write_text("def double(x):\n    return 2 * x\n")
    assert load_function("mine.double", tmp_path)(4) == 8


def test_an_installed_function_is_found_too(tmp_path):
    assert load_function("json.dumps", tmp_path)([1]) == "[1]"


@pytest.mark.parametrize(
    ("dotted", "complaint"),
    [
        ("absent_module.f", r"no module for 'absent_module.f': put absent_module.py beside"),
        ("mine.g", "the module 'mine' has no function 'g'"),
        ("broken.f", r"'broken.f' cannot be imported \(SyntaxError"),
        ("needy.f", r"'needy.f' cannot be imported \(No module named 'not_installed'\): install what it needs"),
    ],
)
def test_a_function_that_cannot_be_loaded_is_refused_in_one_sentence(tmp_path, dotted, complaint):
    (tmp_path / "mine.py").write_text("def f(): pass\n")
    (tmp_path / "broken.py").write_text("def f(:\n")
    (tmp_path / "needy.py").write_text("import not_installed\n")
    with pytest.raises(OwnCodeError, match=complaint):
        load_function(dotted, tmp_path)


def test_what_a_function_raises_becomes_one_sentence(tmp_path):
    (tmp_path / "mine.py").write_text("def f(x):\n    return 1 / x\n")
    with pytest.raises(OwnCodeError, match=r"'mine.f' failed: ZeroDivisionError"):
        load_function("mine.f", tmp_path)(0)
