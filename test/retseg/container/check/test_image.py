"""What the upload form asks of an image, from its configuration alone."""

import pytest

from retseg.container.check.image import judge_image, read_environment

GOOD = {
    "User": "retseg",
    "Labels": {"org.grand-challenge.api-method": "invoke"},
    "Entrypoint": ["python3", "serve.py"],
    "Env": ["PATH=/usr/bin", "RETSEG_CHALLENGE=drive"],
}


def verdicts(change, architecture="amd64", size=900_000_000):
    return {finding.rule: finding.verdict for finding in judge_image({**GOOD, **change}, architecture, size)}


def test_our_own_configuration_breaks_no_rule():
    assert set(verdicts({}).values()) == {"pass"}


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "root:root", None])
def test_root_is_refused_by_every_name_it_has(user):
    assert verdicts({"User": user})["image.user"] == "fail"


@pytest.mark.parametrize("user", ["user", "1000", "1000:1000", "user:user"])
def test_any_other_user_is_taken(user):
    assert verdicts({"User": user})["image.user"] == "pass"


def test_an_arm_image_is_refused():
    assert verdicts({}, "arm64")["image.architecture"] == "fail"


@pytest.mark.parametrize(("label", "verdict"), [("exec", "pass"), ("invoke", "pass"), ("http", "fail"), ("", "fail")])
def test_the_label_has_two_values(label, verdict):
    assert verdicts({"Labels": {"org.grand-challenge.api-method": label}})["image.label"] == verdict


def test_no_label_means_exec():
    assert verdicts({"Labels": None})["image.label"] == "pass"


def test_an_image_that_runs_nothing_is_refused():
    assert verdicts({"Entrypoint": None, "Cmd": None})["image.command"] == "fail"


def test_a_variable_that_the_platform_removes_is_warned_about():
    assert verdicts({"Env": ["GRAND_CHALLENGE_MAX_WORKERS=4"]})["image.environment"] == "warn"


def test_a_very_large_image_is_warned_about():
    assert verdicts({}, size=11_000_000_000)["image.size"] == "warn"


def test_the_environment_is_read_by_name():
    assert read_environment(GOOD, "RETSEG_CHALLENGE") == "drive"
    assert read_environment(GOOD, "RETSEG") == ""
