"""The challenges at hand agree with themselves, and a wrong file says what is wrong."""

from pathlib import Path

import pytest

from retseg.challenge import list_challenges, load_challenge
from retseg.toml_schema import SchemaError


@pytest.mark.parametrize("name", list_challenges())
def test_every_protocol_names_its_source_and_its_rules(name: str) -> None:
    challenge = load_challenge(name)
    assert challenge.default_protocol in challenge.protocol
    assert challenge.ground_truth
    for protocol in challenge.protocol.values():
        assert protocol.title
        assert protocol.source
        assert protocol.headline in protocol.metrics


def test_the_standings_of_drac22_are_the_thirteen_published_rows() -> None:
    board = load_challenge("drac22").leaderboard
    assert board is not None
    assert len(board.row) == 13
    assert board.row[9].team == "wintersun0729 (AMDYes)"
    for row in board.row:
        assert row.score == pytest.approx(sum(row.tasks.values()) / 3, abs=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('default_protocol = "drac22"', 'default_protocol = "drac"', "no protocol 'drac'; did you mean 'drac22'"),
        ('empty_truth = "leave_out"', 'empty_truth = "nan"', "'nan' is not one of leave_out, one, zero, count"),
        ('headline = "dice"', 'headline = "auc_pr"', "the metric 'auc_pr' ranks but is not among"),
        ('pooling = "per_image"', 'pooling = "pooled"', "metrics of one image|has no rule 'one'"),
        ("{split}/1. Intra", "{case}/1. Intra", "must hold {case} once"),
        ('file = "{team}/{label}', 'file = "../{label}', "leaves the archive"),
        ("score = 0.5931", "score = 0.1", "best first"),
        ('irma = "1"', 'irna = "1"', "names the task 'irna'; did you mean 'irma'"),
        ('name = "nonperfusion"', 'name = "irma"', "a task is declared twice .* name one model for each"),
        ('model = "drac22-irma"', 'model = ""', "the task 'irma' names no model"),
    ],
)
def test_a_wrong_file_is_refused_by_name(repository: Path, tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (repository / "challenges" / "drac22.toml").read_text()
    assert old in text
    (tmp_path / "drac22.toml").write_text(text.replace(old, new))
    with pytest.raises(SchemaError, match=message):
        load_challenge("drac22", tmp_path)


@pytest.mark.parametrize(
    ("word", "rule"), [("slo", "frame"), ("autofluorescence", "round"), ("endoscopy", "threshold")]
)
def test_a_challenge_brings_its_own_kind_of_image(repository: Path, tmp_path: Path, word: str, rule: str) -> None:
    text = (repository / "challenges" / "drac22.toml").read_text()
    own = f'modality = "{word}"\nfield_of_view = "{rule}"'
    (tmp_path / "own.toml").write_text(text.replace('modality = "octa"', own))
    challenge = load_challenge("own", tmp_path)
    assert (challenge.modality, challenge.view_rule) == (word, rule)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('modality = "slo"', "'slo' does not say how its field of view is found: add field_of_view = 'round'"),
        ('modality = "SLO image"', "'SLO image' is no word of small letters"),
        ('modality = "slo"\nfield_of_view = "square"', "'square' is not one of round, frame, threshold"),
    ],
)
def test_a_kind_of_image_without_a_field_of_view_is_refused(
    repository: Path, tmp_path: Path, line: str, message: str
) -> None:
    text = (repository / "challenges" / "drac22.toml").read_text()
    (tmp_path / "own.toml").write_text(text.replace('modality = "octa"', line))
    with pytest.raises(SchemaError, match=message):
        load_challenge("own", tmp_path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('kind = "label_map"', "is a label_map and has no 'labels'"),
        ('kind = "stack"\ntask = "irma"', "is a stack and names 'task', which its kind does not have"),
        ('kind = "label_map"\nlabels = { irma = [1], nonperfusion = [1] }', "written as 1, 1 on 0: .* must differ"),
        ('kind = "label_map"\nlabels = { irma = [300] }', "one or more values from 0 to 255"),
        ('kind = "label_map"\nlabels = { vessel = [1] }', "names the task 'vessel'"),
        ('kind = "heatmap"\ntask = "irma"\ncompute = { function = "area", tasks = ["irma"] }', "kind is 'value', not"),
        ('kind = "value"\ncompute = { function = "are", tasks = ["irma"] }', "no function 'are'; did you mean 'area'"),
        ('kind = "value"\ncompute = { function = "area", tasks = [] }', r"'area' takes 1 task\(s\), found 0"),
        ('kind = "value"\ncompute = { function = "area", tasks = ["irma"], limits = [2, 1] }', "limits rise, found"),
        ('kind = "value"', "an interface writes 'nonperfusion-areas', which is an input"),
    ],
)
def test_a_wrong_socket_is_refused_by_name(repository: Path, tmp_path: Path, lines: str, message: str) -> None:
    text = (repository / "challenges" / "drac22.toml").read_text()
    old = 'path = "images/nonperfusion-areas"\nkind = "segmentation"\ntask = "nonperfusion"\nvalues = [0, 1]'
    assert old in text
    (tmp_path / "own.toml").write_text(text.replace(old, f'path = "images/nonperfusion-areas"\n{lines}'))
    with pytest.raises(SchemaError, match=message):
        load_challenge("own", tmp_path)
