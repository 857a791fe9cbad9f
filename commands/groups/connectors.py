"""`mogulflow connector`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import console, errors, run, settings, told

app = typer.Typer(no_args_is_help=True, help="Any REST API, as the files in config/connectors describe it.")


@app.command("list")
def list_() -> None:
    """List all operations, and how a repeat of each has no second effect."""
    from commands.connectors import print_listed
    from operations.connectors import listed

    found = settings()
    print_listed(told(lambda: listed(found)), found.connector.folder, console)


@app.command()
def check() -> None:
    """Check the files, their variables, and what the routes call. Exits 1 where one is at fault."""
    from commands.connectors import print_findings
    from configuration.files import load_routes
    from operations.connectors import checked

    found = settings()
    routes = told(lambda: load_routes(found.routes_file))
    if not print_findings(run(checked(found, routes)), console):
        raise typer.Exit(1)


@app.command("try")
def try_(
    name: str,
    operation: str,
    with_: Annotated[
        Path | None, typer.Option("--with", help="JSON file with event, facts and answers to fill in")
    ] = None,
    key: Annotated[str, typer.Option(help="In the place of an event's key")] = "try",
    send: Annotated[bool, typer.Option("--send", help="Send it, also where it writes")] = False,
) -> None:
    """Show the request with its secrets hidden. A read is sent; a write only with --send."""
    from commands.connectors import print_tried, values_in
    from operations.connectors import tried

    given = told(lambda: values_in(with_))
    found = run(tried(settings(), name, operation, given, key=key, send=send))
    print_tried(found, sent=found.answer is not None or bool(found.rows) or send, console=console)


@app.command("import")
def import_(
    file: Path,
    only: Annotated[str, typer.Option(help="Operations with this in their path or name")] = "",
    variable: Annotated[
        str, typer.Option(help="Begins the names of the variables with its secrets")
    ] = "MY_API",
) -> None:
    """Propose a connector from an OpenAPI description, on the standard output; what to see to, beside it."""
    from commands.connectors import print_proposed
    from operations.connector_import import proposed, read

    with errors.status("Reading the description"):
        document = told(lambda: read(file))
    print_proposed(told(lambda: proposed(document, variable, only)), errors)
