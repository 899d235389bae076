"""What the page is told of the models: thresholds, colours, norms with their source, and scores of the card."""

from retseg.challenge.looks import Looks
from retseg.colours import Style, choose_styles, to_hex
from retseg.measures import NORMS
from retseg.view import describe_settings


def test_every_task_has_the_threshold_of_its_card_and_the_colour_of_the_report(steps) -> None:
    settings = describe_settings("Any eye", [(step.card, step.tasks) for step in steps])
    styles = choose_styles([task["name"] for task in settings["tasks"]])
    for task in settings["tasks"]:
        card = next(step.card for step in steps if step.card.name == task["model"])
        assert task["threshold"] == card.tasks[task["name"]].threshold
        assert task["colour"] == to_hex(styles[task["name"]].colour)


def test_a_norm_is_told_only_with_its_source_and_vessels_have_none(steps) -> None:
    settings = describe_settings("Any eye", [(step.card, step.tasks) for step in steps])
    norms = {task["name"]: task["norm"] for task in settings["tasks"]}
    assert norms["vessel"] == {}
    assert all(norms[task]["source"] == NORMS[task].source != "" for task in norms if task != "vessel")


def test_what_to_expect_is_what_the_card_measured_on_images_left_out(steps) -> None:
    tasks = describe_settings("Any eye", [(step.card, step.tasks) for step in steps])["tasks"]
    expected = {task["name"]: task["expect"] for task in tasks}
    assert "left out of its training" in expected["vessel"]
    healthy = next(score for score in steps[1].card.held_out if score.metric == "false_lesions")
    assert f"In {healthy.count} healthy eyes" in expected["microaneurysm"]


def test_a_challenge_gives_words_and_colours_of_its_own(steps) -> None:
    looks = Looks({"vessel": "blood vessel"}, {"vessel": Style((255, 136, 0), "stripes")})
    settings = describe_settings("Any eye", [(step.card, step.tasks) for step in steps], looks)
    vessel = next(task for task in settings["tasks"] if task["name"] == "vessel")
    assert (vessel["title"], vessel["colour"], vessel["pattern"]) == ("Blood vessel", "#ff8800", "stripes")
