"""`agents`: principals as a table, and a new token."""

from rich.console import Console

from commands.show import folding
from commands.texts import escape
from models.agents import Agents, Principal
from operations.agents.tokens import Token, has_expired


def print_principals(agents: Agents, file: str, console: Console) -> None:
    if not agents.principals:
        console.print(f"{escape(file)} has no principals: nobody is let in.")
        return
    table = folding("principal", "signs in by", "scopes", "accounts", "owner", "expires")
    for name, each in agents.principals.items():
        table.add_row(
            escape(name),
            _sign_in(name, each),
            escape(_scopes(each)),
            escape(", ".join(each.accounts)),
            escape(each.owner) or "nobody",
            _expiry(each),
        )
    console.print(table)


def print_token(token: Token, file: str, console: Console) -> None:
    """The token goes where it can be copied from, and nowhere else."""
    console.print("The token, which is not shown again:")
    console.print(f"\n  {token.token}\n", soft_wrap=True, highlight=False)
    if token.is_new:
        console.print(f"Under `principals` of {escape(file)}, with the scopes that it needs:")
        console.print(
            f"\n  {escape(token.name)}:\n    {escape(token.line)}\n    scopes: \\[metrics.read]\n",
            soft_wrap=True,
            highlight=False,
        )
        return
    console.print(f"Under `{escape(token.name)}` of {escape(file)}, in the place of its line:")
    console.print(f"\n    {escape(token.line)}\n", soft_wrap=True, highlight=False)
    console.print(_what_of_the_older(token))


def _what_of_the_older(token: Token) -> str:
    if token.replaces:
        return "The oldest of its tokens no longer counts then, the newer one goes on until you remove it."
    return "Tokens that it has go on: remove the older digest when the new token is in use."


def _sign_in(name: str, principal: Principal) -> str:
    if name.startswith("idp:"):
        return "identity provider"
    tokens = len(principal.token_sha256)
    return {0: "[red]nothing: it has no token[/]", 1: "a token"}.get(tokens, f"{tokens} tokens")


def _scopes(principal: Principal) -> str:
    said = f"as its token's `{principal.scopes_from}` says" if principal.scopes_from else ""
    listed = ", ".join(principal.scopes)
    if said and listed:
        return f"{said}, of {listed}"
    return said or listed or "none"


def _expiry(principal: Principal) -> str:
    if principal.expires is None:
        return "never"
    return f"[red]since {principal.expires}[/]" if has_expired(principal) else str(principal.expires)
