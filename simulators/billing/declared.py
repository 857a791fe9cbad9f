"""What a simulated billing system declares."""

from collections.abc import Callable

from fastapi import APIRouter

from simulators.billing import control, pages, shown
from simulators.billing.books import NotPossible
from simulators.billing.state import Billing
from simulators.kit.refusal import Refusal
from simulators.kit.vendor import Vendor


def billing_vendor(
    title: str,
    tone: str,
    api: str,
    state: type[Billing],
    router: APIRouter,
    refusal: Callable[[int], Refusal],
    *,
    links: tuple[str, ...] = (),
    expired: Refusal | None = None,
) -> Vendor:
    """`links` are paths by which the vendor's own links lead to an invoice, with `{id}`; see also Vendor."""
    name = title.lower()
    return Vendor(
        name=name,
        title=title,
        tone=tone,
        api=api,
        state=state,
        routers=(
            router,
            control.router_of(name, state),
            pages.router_of(name, state, links),
            shown.router_of(name, state),
        ),
        refusal=refusal,
        expired=expired,
        handlers={NotPossible: control.answer_not_possible},
    )
