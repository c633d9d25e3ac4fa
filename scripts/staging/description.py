"""The description of a pull request, in the form that vLLM asks for."""

import textwrap

from .forked_tests import PYTEST
from .series import Step
from .trial import Trial

_RELATED = """\
- #43247 is open for the same report. It adds earlier calls to the messages in a loop of
  its own, beside the conversion of `input`, and goes on leaving out reasoning. Here one
  conversion is for both, so a chained turn renders as the same conversation sent in
  full, whatever its items, and earlier messages are not changed by it.
- #42189 merges contiguous assistant items of an `input`. Chained turns do not go
  through that conversion before this series, and do after it.
- #37697 (fixed by #37727) is the leak of earlier `instructions`. The filter that keeps
  them out also drops system items that a client sent; the series tells them apart.
- #34738 was about how much the stores keep. What is kept, and for how long, is not
  changed here."""


def describe(step: Step, trial: Trial, number: int, total: int) -> str:
    """The description of one patch of the series, as Markdown.

    Args:
        step: the patch.
        trial: what its tests gave, for the test result.
        number: its place in the series, from 1.
        total: the length of the series.
    """
    command = " ".join([*PYTEST, step.test])
    place = f"Patch {number} of {total}"
    after = "; it stands alone." if number == 1 else ", on top of those before it."
    return "\n".join(
        [
            f"# {step.fix.subject}",
            "",
            "## Purpose",
            "",
            textwrap.fill(step.patch.why, 88),
            "",
            textwrap.fill(f"With this change: {step.patch.what}", 88),
            "",
            f"{step.fix.issues}",
            "",
            f"{place}{after}",
            "",
            *_changed_tests(step),
            "### Related work",
            "",
            _RELATED,
            "",
            "## Test Plan",
            "",
            "Every test of the new file fails without the change and passes with it.",
            "",
            _block("bash", command),
            "",
            "## Test Result",
            "",
            "Without the change:",
            "",
            _block("text", trial.before.output.strip()),
            "",
            "With it:",
            "",
            _block("text", trial.after.output.strip()),
            "",
        ]
    )


def _changed_tests(step: Step) -> list[str]:
    if not step.contradicts:
        return []
    return [
        "### Existing tests that ask for what is changed here",
        "",
        "Below `tests/entrypoints/openai/`; they are to be changed with it:",
        "",
        *(f"- `{test}`" for test in step.contradicts),
        "",
    ]


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
