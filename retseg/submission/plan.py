"""Plan a submission: which images, in which order, under which names; errors are found before anything is predicted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from retseg.challenge import Challenge
from retseg.challenge.layout import Submission
from retseg.errors import RetsegError
from retseg.evaluation.inputs.matching import order_naturally


class SubmissionError(RetsegError):
    """The predictions cannot be submitted; the message gives the reason and the remedy."""


@dataclass(frozen=True)
class Plan:
    """The content of a submission, without pixels.

    Attributes:
        tasks: in the order of the challenge.
        layout: of the archive.
        team: the name of the folder in the archive, for challenges that require one.
        names: the stems of the images, in the order of the slices.
    """

    tasks: tuple[str, ...]
    layout: Submission
    team: str
    names: tuple[str, ...]

    def name_member(self, task: str, case: str = "") -> str:
        """The archive's member for a task, and a case where each has its own."""
        label = self.layout.labels.get(task, task)
        return self.layout.file.format(team=self.team, label=label, case=case)


def plan_submission(challenge: Challenge, names: Sequence[str], team: str, file: str, any_number: bool) -> Plan:
    """Check that these images can be submitted.

    Args:
        challenge: to submit to.
        names: stems of the images.
        team: name of the team.
        file: pattern of the members' names, for a challenge that does not state one; that of the challenge when empty.
        any_number: accept any number of images, for a rehearsal.

    Raises:
        SubmissionError: the challenge takes none, the number is wrong, a name is there twice or no number where a stack
            follows the numbers, the team cannot be a folder, or the pattern is wrong.
    """
    if challenge.submission is None:
        raise SubmissionError(f"'{challenge.name}' declares no [submission]: it takes a container, not files")
    layout = _rename(challenge.submission, file)
    doubled = sorted({name for name in names if list(names).count(name) > 1})
    if doubled:
        raise SubmissionError(f"several images are called {', '.join(doubled)}: each needs a name of its own")
    strange = [name for name in names if not (name.isascii() and name.isdecimal())]
    if layout.kind == "stack" and strange:
        raise SubmissionError(f"'{strange[0]}' is no number: the slices of '{challenge.name}' follow the image numbers")
    if not names or (layout.cases and len(names) != layout.cases and not any_number):
        raise SubmissionError(
            f"'{challenge.name}' takes {layout.cases or 'some'} images, here are {len(names)}: give the test images, "
            "or --any-number for a rehearsal"
        )
    if "{team}" in layout.file and (not team or team != team.strip(". ") or any(c in team for c in '/\\:*?"<>|')):
        raise SubmissionError(f"'{team}' cannot name a folder: give --team letters, digits, '-' and '_'")
    plan = Plan(challenge.tasks, layout, team, tuple(sorted(names, key=order_naturally)))
    members = [plan.name_member(task, name) for task in plan.tasks for name in plan.names]
    if layout.kind != "stack" and len(set(members)) != len(members):
        raise SubmissionError(
            f"the pattern '{layout.file}' gives several predictions one name: add {{label}} or {{case}}"
        )
    return plan


def _rename(layout: Submission, file: str) -> Submission:
    if not file:
        return layout
    try:
        renamed = replace(layout, file=file)
        renamed.file.format(team="", label="", case="")
    except (ValueError, KeyError, IndexError) as error:
        raise SubmissionError(f"the pattern '{file}' cannot name the files: {error}") from error
    return renamed
