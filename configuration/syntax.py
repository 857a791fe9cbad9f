"""What is wrong with a file that YAML cannot read, in words for who wrote it, with the line."""

import re
from collections.abc import Callable, Sequence

from ruamel.yaml.error import MarkedYAMLError

NAME_AND_REST = re.compile(
    r"^(?P<lead>[\s-]*)(?P<name>[\w.$-]+|\"[^\"]*\"|'[^']*')\s*:(?:\s+(?P<value>.*))?$"
)
LOOKED_AT = 1_000
"""Letters of a line: a text of that length is quoted in no message."""

INDENTED = "Names that belong together begin in one column, an entry of a list begins with `- `"


class Problem:
    """What the parser says, with the lines it speaks of. Lines count from 1."""

    def __init__(self, lines: Sequence[str], error: MarkedYAMLError) -> None:
        self._lines = lines
        self.said = f"{error.context or ''} {error.problem or ''}"
        self.line = error.problem_mark.line + 1 if error.problem_mark else 1
        self.column = error.problem_mark.column if error.problem_mark else 0
        self.began = error.context_mark.line + 1 if error.context_mark else self.line
        if not self.text(self.began).strip():  # at the end of the file
            self.began = max((n for n, each in enumerate(lines, 1) if each.strip()), default=self.began)

    def text(self, line: int) -> str:
        return self._lines[line - 1][:LOOKED_AT] if 0 < line <= len(self._lines) else ""

    def above(self, line: int) -> str:
        """The nearest line before it that says something."""
        lines = (each[:LOOKED_AT] for each in reversed(self._lines[: line - 1]))
        before = (each for each in lines if each.strip() and not _comment(each))
        return next(before, "")

    @property
    def rest(self) -> str:
        """Of the line, from the place of the problem on."""
        return self.text(self.line)[self.column :].strip()


Said = tuple[int, str]


def said_of(text: str, error: MarkedYAMLError) -> Said:
    """Line and sentence."""
    problem = Problem(text.splitlines(), error)
    for look in LOOKS:
        if found := look(problem):
            return found
    return problem.line, f"cannot be read as YAML: {error.problem}"


def _tab(problem: Problem) -> Said | None:
    if "'\\t'" not in problem.said:
        return None
    leading = not problem.text(problem.line)[: problem.column].strip()
    where = "is indented with a tab" if leading else "has a tab before the value"
    return problem.line, f"the line {where}: YAML takes spaces alone"


def _other_space(problem: Problem) -> Said | None:
    """A space that looks like one, as word processors and web pages have it."""
    for line in (problem.line - 1, problem.line):
        text = problem.text(line)
        if set(text[: len(text) - len(text.lstrip())]) - {" ", "\t"}:
            return line, "the line is indented with a character that only looks like a space: type spaces"
    return None


def _reserved_start(problem: Problem) -> Said | None:
    first = problem.rest[:1]
    alias = "undefined alias" in problem.said
    if not (
        alias or "cannot start any token" in problem.said or "mapping keys are not allowed" in problem.said
    ):
        return None
    first = "*" if alias else first
    return problem.line, f"a value must not begin with {first}{_quoted(problem.text(problem.line))}"


def _second_colon(problem: Problem) -> Said | None:
    """`name: big: one`."""
    if "mapping values are not allowed" not in problem.said:
        return None
    text = problem.text(problem.line)
    match = NAME_AND_REST.match(text[: problem.column])
    if match and (match["value"] or "").strip():
        return problem.line, f"the value has a colon in it{_quoted(text)}"
    return problem.line, f"the line is indented deeper than the one above it, which has a value. {INDENTED}"


def _no_colon(problem: Problem) -> Said | None:
    if "could not find expected ':'" not in problem.said:
        return None
    text = problem.text(problem.began).strip()
    if re.match(r"^-\w", text):
        return problem.began, f"`{_short(text)}` needs a space behind the dash: `- {_short(text[1:])}`"
    if match := re.match(r"^(- )?(\w+):(\S.*)$", text):
        return problem.began, f"needs a space behind the colon: `{match[2]}: {_short(match[3])}`"
    return problem.began, f"`{_short(text)}` has no colon: write `name: value`"


def _unclosed(problem: Problem) -> Said | None:
    if "quoted scalar" in problem.said and "unexpected end" in problem.said:
        return problem.began, "the quote that begins here is not closed"
    if "quoted scalar" in problem.said and "escape" in problem.said:
        return problem.line, r"\ begins an escape in double quotes: use single quotes, or write \\"
    if "flow" not in problem.said:
        return None
    begun = problem.text(problem.began)
    hidden = re.search(r"[\[{].*?\s#|[\[{]#", begun)
    if hidden or re.search(r"[\[{]\s*$", problem.above(problem.line).split("#")[0]):
        return (
            problem.began,
            '`#` begins a comment, so that the list or mapping is not closed: quote the text, "#..."',
        )
    bracket = "]" if "sequence" in problem.said or "']'" in problem.said else "}"
    return problem.began, f"the list or mapping that begins here is not closed: `{bracket}` is missing"


def _block(problem: Problem) -> Said | None:
    if "expected <block end>" not in problem.said:
        return None
    found = problem.said.rpartition("found ")[2]
    text = problem.text(problem.line)
    if "scalar" in found or "," in found or "]" in found or "}" in found:
        return problem.line, f"something follows a value that was complete{_quoted(text)}"
    spaces = len(text) - len(text.lstrip())
    by = "1 space" if spaces == 1 else f"{spaces} spaces"
    return problem.line, f"the line is indented by {by}, which fits no line above it. {INDENTED}"


def _document(problem: Problem) -> Said | None:
    if "another document" not in problem.said:
        return None
    return problem.line, "`---` begins a second document: a file holds one"


def _block_scalar(problem: Problem) -> Said | None:
    if "block scalar" not in problem.said:
        return None
    text = problem.text(problem.began)
    return problem.began, f"| and > begin a text of several lines{_quoted(text)}"


def _twice(problem: Problem) -> Said | None:
    _, _, behind = problem.said.partition('found duplicate key "')
    name, found, _ = behind.partition('" with value')
    if not found:
        return None
    return problem.line, f"`{_short(name)}` stands twice in one place: keep one of them"


def _merge(problem: Problem) -> Said | None:
    if "for merging" not in problem.said:
        return None
    return problem.line, "`<<` takes a mapping that was named before, such as `<<: *name`"


LOOKS: tuple[Callable[[Problem], Said | None], ...] = (
    _tab, _other_space, _reserved_start, _second_colon, _no_colon, _unclosed, _block, _document,
    _block_scalar, _twice, _merge,
)  # fmt: skip


def _quoted(line: str) -> str:
    """`: quote it, name: "big: one"`, where the line is a name and a value."""
    match = NAME_AND_REST.match(line)
    value = (match["value"] or "").strip() if match else ""
    if not match or not value:
        return ": quote it"
    inner = value.strip("\"'").replace('"', "'").replace("\\", "")
    return f': quote it, {match["name"]}: "{_short(inner)}"'


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _comment(line: str) -> bool:
    return line.lstrip().startswith("#")
