"""A service that sends a page by fax."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from simulators.kit.pages import render
from simulators.kit.refusal import Refusal
from simulators.kit.seed import Seed
from simulators.kit.vendor import State, Vendor
from simulators.world import world_of


class Fax(State):
    def reset(self, seed: Seed) -> None:
        self.pages: list[str] = []

    def summary(self) -> str:
        return f"{len(self.pages)} pages sent."


class PaperJam(Exception):
    pass


router = APIRouter()


@router.post("/fax/v2/pages")
async def send(request: Request) -> dict[str, int]:
    text = (await request.body()).decode()
    if text == "staple":
        raise PaperJam
    pages = world_of(request).of(Fax).pages
    pages.append(text)
    return {"sent": len(pages)}


@router.get("/fax/")
async def page(request: Request) -> Response:
    return render(request, "base.html", system="fax")


@router.get("/control/fax/pages")
async def sent(request: Request) -> list[str]:
    return world_of(request).of(Fax).pages


async def answer_paper_jam(request: Request, error: Exception) -> Response:
    return JSONResponse({"fax": "paper jam"}, 409)


def refusal(status: int) -> Refusal:
    return Refusal(status, {"fax": "busy"}, {"X-Fax": str(status)})


VENDOR = Vendor(
    name="fax",
    title="Fax",
    tone="#556b2f",
    api="/v2/",
    state=Fax,
    routers=(router,),
    refusal=refusal,
    expired=Refusal(419, {"fax": "who are you?"}),
    handlers={PaperJam: answer_paper_jam},
)
