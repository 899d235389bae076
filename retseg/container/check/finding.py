"""The verdict of a rule: pass, warn or fail, with one sentence and the remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One rule applied to one thing.

    Attributes:
        rule: its name, `<what is looked at>.<what about it>`.
        verdict: `fail` where the platform, or the leaderboard, would refuse or punish it.
        sentence: what was found.
        remedy: what to do; empty for a pass.
        where: the run in which it was found; empty if only one thing is checked.
    """

    rule: str
    verdict: Verdict
    sentence: str
    remedy: str = ""
    where: str = ""

    @property
    def complaint(self) -> str:
        """Sentence and remedy on one line, for the end of stderr."""
        where = f" ({self.where})" if self.where else ""
        text = f"{self.rule}{where}: {self.sentence}" + (f"; {self.remedy}" if self.remedy else "")
        return " ".join(text.split())


def passed(rule: str, sentence: str) -> Finding:
    """The finding of a rule that holds."""
    return Finding(rule, "pass", sentence)


def find_failure(findings: Iterable[Finding]) -> Finding | None:
    """The failure to report. It is the first one, because the findings are sorted with the best explanation first."""
    return next((finding for finding in findings if finding.verdict == "fail"), None)


def list_findings(findings: Iterable[Finding]) -> list[str]:
    """The findings as lines of text; the same line of several runs is written once, with their number."""
    lines: dict[str, int] = {}
    for finding in findings:
        where = "" if finding.verdict == "pass" or not finding.where else f" ({finding.where})"
        line = f"{finding.verdict:<4}  {finding.rule:<18} {finding.sentence}{where}"
        if finding.remedy:
            line += f"\n{'':<25}-> {finding.remedy}"
        lines[line] = lines.get(line, 0) + 1
    return [line if count == 1 else f"{line} ({count} runs)" for line, count in lines.items()]
