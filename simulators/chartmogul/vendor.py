"""ChartMogul, simulated."""

from simulators.chartmogul import api, attributes, control, editing, imports, lists, pages
from simulators.chartmogul.book import NotPossible
from simulators.chartmogul.requests import refused
from simulators.chartmogul.state import ChartMogul
from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor

MESSAGES = {
    401: "No valid API key provided",
    403: "Your trial has expired",
    404: "The requested resource does not exist",
    429: "Request rate exceeded",
}


def refusal(status: int) -> Refusal:
    return out_of_service(status) if status >= 500 else refused(status, MESSAGES.get(status, "Bad request"))


VENDOR = Vendor(
    name="chartmogul",
    title="ChartMogul",
    tone="#13415c",
    api="/v1/",
    state=ChartMogul,
    routers=(
        editing.router,
        imports.router,
        api.router,
        attributes.router,
        lists.router,
        control.router,
        control.webhook_router,
        pages.router,
    ),
    refusal=refusal,
    handlers={NotPossible: control.answer_not_possible},
)
