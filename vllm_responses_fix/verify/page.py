"""What verification has found, as one page of HTML that needs nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from .conversation import Turn
from .prompts import Prompt, parting, word_start
from .run import Result, Verdict

_STATES = {
    "equal": "equal",
    "different": "different",
    "unknown": "can't tell",
    "skipped": "not checked",
}
_HEADS = {0: "All equal", 1: "Different", 2: "Cannot tell"}

_STYLE = """\
:root { color-scheme: light dark; --text: #1f2328; --dim: #59636e; --back: #ffffff;
  --card: #f6f8fa; --line: #d1d9e0; --equal: #1a7f37; --different: #b3261e;
  --mark: #ffd8d3; --kept: #c9f0d1; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f0f6fc; --dim: #9198a1; --back: #0d1117; --card: #151b23;
    --line: #3d444d; --equal: #4ac26b; --different: #ff9492; --mark: #6b2427;
    --kept: #17502b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; color: var(--text);
  background: var(--back); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .5rem; } h2 { font-size: 1.1rem; margin: 0; }
h3 { font-size: 1rem; margin: 1rem 0 .5rem; }
p { margin: .5rem 0; } .dim { color: var(--dim); }
.equal { color: var(--equal); } .different, .unknown { color: var(--different); }
.verdict { border-left: .3rem solid; padding: .1rem 0 .1rem .8rem; }
.verdict p { color: var(--text); }
ul { list-style: none; padding: 0; } li { padding: .1rem 0; }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
a { color: inherit; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
@media (max-width: 44rem) { .sides { grid-template-columns: 1fr; } }
figure { margin: 0; min-width: 0; }
figcaption { color: var(--dim); font-size: .875rem; }
pre { margin: .25rem 0; padding: .6rem; border: 1px solid var(--line);
  border-radius: 6px; background: var(--card); white-space: pre-wrap;
  overflow-wrap: anywhere;
  font: 13px/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
mark { color: inherit; background: var(--mark); }
mark.kept { background: var(--kept); }
summary { cursor: pointer; }"""


@dataclass(frozen=True)
class Page:
    """What the page is about.

    Attributes:
        base_url, model: the server that was asked, and its model.
        effort: what that took, and what became of it, a sentence each.
        results: what the checks have shown.
        verdict: what they come to.
    """

    base_url: str
    model: str
    effort: Sequence[str]
    results: Sequence[Result]
    verdict: Verdict

    def html(self) -> str:
        """The page."""
        return "\n".join(self._parts()) + "\n"

    def _parts(self) -> Iterator[str]:
        code = self.verdict.exit_code
        kind = {0: "equal", 1: "different"}.get(code, "unknown")
        yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<title>{_HEADS[code]}: {escape(self.base_url)}</title>"
        yield f"<style>\n{_STYLE}\n</style>\n</head>\n<body>"
        yield f'<div class="verdict {kind}"><h1>{_HEADS[code]}</h1>'
        yield f"<p>{escape(self.verdict.sentence)}</p></div>"
        yield f'<p class="dim">{escape(self.base_url)}, model {escape(self.model)}. '
        yield f"{escape(' '.join(self.effort))}</p>"
        yield "<ul>"
        for result in self.results:
            name = result.check.name
            yield (
                f'<li><a href="#{name}">{name}</a>: {escape(result.check.what)}, '
                f'<strong class="{result.state}">{_STATES[result.state]}</strong></li>'
            )
        yield "</ul>"
        for result in self.results:
            yield from _section(result)
        yield "</body>\n</html>"


def _section(result: Result) -> Iterator[str]:
    name, state = result.check.name, result.state
    yield f'<section id="{name}"><h2>{name}: <span class="{state}">{_STATES[state]}'
    yield f'</span></h2>\n<p class="dim">{escape(result.check.what)}</p>'
    if result.remark:
        yield f"<p>{escape(result.remark)}</p>"
    for turn in result.turns:
        yield from _turn(turn, result)
    yield "</section>"


def _turn(turn: Turn, result: Result) -> Iterator[str]:
    chained, replayed = (_shown(p) for p in (turn.chained, turn.replayed))
    if turn.is_equal:
        by = turn.chained.by if turn.chained else ""
        yield f"<details><summary>Turn {turn.number}: equal, compared by {by}</summary>"
        yield f"<pre>{escape(chained)}</pre></details>"
        return
    where = result.difference.where if result.difference else ""
    yield f"<h3>Turn {turn.number} differs: {escape(where)}</h3>"
    if (turn.chained is None or turn.replayed is None) and result.difference:
        chained, replayed = result.difference.chained, result.difference.replayed
    start, end = _common(chained, replayed)
    yield '<div class="sides">'
    for head, text, kind in (
        ("by previous_response_id", chained, ""),
        ("replayed in full", replayed, ' class="kept"'),
    ):
        stop = len(text) - end
        middle = escape(text[start:stop]) or " (nothing here) "
        yield (
            f"<figure><figcaption>{head}</figcaption><pre>{escape(text[:start])}"
            f"<mark{kind}>{middle}</mark>{escape(text[stop:])}</pre></figure>"
        )
    yield "</div>"


def _shown(prompt: Prompt | None) -> str:
    """A prompt, to be read."""
    if prompt is None:
        return ""
    if prompt.by == "messages":
        return "\n\n".join(prompt.content)
    return prompt.text or f"(the server says only how long it is: {prompt.tokens})"


def _common(one: str, other: str) -> tuple[int, int]:
    """How long the beginning, of whole words, and the end are that two texts share."""
    start = word_start(one, parting(one, other))
    return start, parting(one[start:][::-1], other[start:][::-1])
