"""`mogulflow reconcile`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import Account, console, run, settings, told

app = typer.Typer(no_args_is_help=True, help="Month-end reconciliation: why figures differ, and the proof.")


Period = Annotated[str, typer.Option(help="Month, as 2026-10; by default the one before this")]


@app.command("run")
def begin(
    account: Account = "default",
    period: Period = "",
    draft: Annotated[bool, typer.Option("--draft", help="Only judge it: nobody signs a draft")] = False,
) -> None:
    """Read a month, judge it, write its pack. Ctrl-C leaves it running. Exits 1 where it was not judged."""
    import commands.months as command

    if not run(command.run(settings(), account, period, "draft" if draft else "final", console)):
        raise typer.Exit(1)


@app.command()
def status(account: Account = "default", period: Period = "") -> None:
    """Say where a month stands: what was read, the three numbers, its pack, who signed."""
    import commands.months as command

    if not run(command.status(settings(), account, period, console)):
        raise typer.Exit(1)


@app.command()
def show(account: Account = "default", period: Period = "") -> None:
    """List what is unexplained, with who looks after it."""
    import commands.months as command

    run(command.show(settings(), account, period, console))


Finding = Annotated[str, typer.Argument(help="A finding's id, or how it begins")]


@app.command()
def assign(
    finding: Finding,
    owner: Annotated[str, typer.Argument(help="Who is to look after it")],
    account: Account = "default",
    period: Period = "",
) -> None:
    """Give a finding to somebody."""
    import commands.months as command

    run(command.assign(settings(), account, period, finding, owner, console))


@app.command()
def note(
    finding: Finding,
    text: Annotated[str, typer.Argument(help="What is to stand beside it in the report")],
    account: Account = "default",
    period: Period = "",
) -> None:
    """Write a remark on a finding."""
    import commands.months as command

    run(command.note(settings(), account, period, finding, text, console))


@app.command()
def propose(
    findings: Annotated[
        list[str] | None, typer.Argument(help="Ids, or how they begin; without any they are listed")
    ] = None,
    account: Account = "default",
    period: Period = "",
    reason: Annotated[str, typer.Option(help="For whoever decides")] = "",
    again: Annotated[
        bool, typer.Option("--again", help="Anew, where an earlier one was refused or taken back")
    ] = False,
) -> None:
    """Correct in ChartMogul what findings show to be wrong there, once somebody else has agreed. Without
    findings nothing is proposed, and what could be is listed, each with the difference that it leaves."""
    import commands.months as command

    run(command.propose(settings(), account, period, findings or [], reason, again, console))


@app.command("sign-off")
def sign_off(
    account: Account = "default",
    period: Period = "",
    preparer: Annotated[str, typer.Option(help="Who prepared it; by default as the rules say")] = "",
    comment: Annotated[str, typer.Option(help="Needed where too much is unexplained")] = "",
    pack: Annotated[str, typer.Option(help="Hash of the pack that was looked at; else the present one")] = "",
) -> None:
    """Sign a month that somebody else prepared. A signed month is never judged anew."""
    import commands.months as command

    run(command.sign_off(settings(), account, period, preparer, comment, pack, console))


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A pack, or a folder of packs")],
    key: Annotated[
        str, typer.Option(help="Public key that you know, or a file with it; this installation's by default")
    ] = "",
    head: Annotated[str, typer.Option(help="Hash that was posted: some pack must have it")] = "",
) -> None:
    """Say whether a file of a pack was changed, added or removed, whether the signature is right, and whether
    a month is missing. Needs neither Temporal nor a network. Exits 1 where something is wrong."""
    import commands.reconcile as command

    if not told(lambda: command.verify(settings, pack, key, head, console)):
        raise typer.Exit(1)


@app.command("key")
def new_key() -> None:
    """Make the key that signs packs, and show its public half, which others verify with."""
    import commands.reconcile as command

    found = settings()
    told(lambda: command.new_key(found, console))
