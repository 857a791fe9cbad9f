"""`mogulflow agents`."""

import typer

from commands.terminal import console, settings, told

app = typer.Typer(help="Who may use the MCP server, as config/agents.yaml says.")


@app.callback(invoke_without_command=True)
def agents(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_() -> None:
    """List principals: how they sign in, their scopes and accounts, and when their tokens expire."""
    from commands.agents import print_principals
    from operations.agents.tokens import agents_of

    found = settings()
    print_principals(told(lambda: agents_of(found)), found.agents_file, console)


@app.command()
def token(name: str) -> None:
    """Make a token for NAME: it is shown once, with the line for the file, which keeps its SHA-256 alone."""
    from commands.agents import print_token
    from operations.agents.tokens import token_for

    found = settings()
    print_token(told(lambda: token_for(found, name)), found.agents_file, console)
