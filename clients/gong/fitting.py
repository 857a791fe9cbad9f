"""What Gong takes of an interaction: who it is of, and texts that are not too long.

UNVERIFIED: how long Gong's texts and lists may be. The bounds are ours, and what they cut is told.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from models.emails import address
from models.free_mail import is_free_mail
from models.gong import Interaction
from models.web_domains import domain_of_email, domain_of_website, is_shared
from models.wording import short

LONGEST_TITLE, LONGEST_TYPE, LONGEST_NAME, LONGEST_LABEL = 255, 100, 100, 100
LONGEST_VALUE, LONGEST_URL = 1000, 2000
MOST_LABELS, MOST_FIELDS = 20, 50

NOBODY = "it is of nobody: Gong needs an e-mail address, or the company's own domain"
GIVE_ONE = "Give the customer's contact, or their company's website, in ChartMogul or the CRM."

_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")

T = TypeVar("T")


def fitting(interaction: Interaction) -> tuple[Interaction, list[str]]:
    """The same with what Gong takes of it, and what was cut or left out, in words. Raises Rejected where that
    is too little: without a type and a title, or of nobody.

    A CRM account alone is nobody: without name, e-mail address and phone number Gong wants an id of the
    person and the company's domain. UNVERIFIED: whether a name alone would do; it is not relied on.
    """
    lacks: list[str] = []
    fit = interaction.model_copy(update=_texts(interaction, lacks) | _whose(interaction, lacks))
    call = Call("gong", f"log interaction {interaction.key}")
    if not (fit.event_type and fit.title):
        raise refused(call, Rejected, "its type or its title is empty", "Name both.")
    if not (fit.email or fit.company_domain):
        raise refused(call, Rejected, "; ".join([NOBODY, *lacks]), GIVE_ONE)
    return fit, lacks


def _texts(given: Interaction, lacks: list[str]) -> dict[str, object]:
    url = given.content_url
    if url and (not url.startswith(("https://", "http://")) or len(url) > LONGEST_URL):
        url = None
        lacks.append("content_url was left out: it is no address of the web, or too long")
    return {
        "event_type": _line("event_type", given.event_type, LONGEST_TYPE, lacks),
        "title": _line("title", given.title, LONGEST_TITLE, lacks),
        "content_url": url or None,
        "labels": _labels(given.labels, lacks),
        "fields": _fields(given.fields, lacks),
    }


def _whose(given: Interaction, lacks: list[str]) -> dict[str, object]:
    email = address(given.email)
    if email is None and (given.email or "").strip():
        lacks.append("email was left out: it is no address")
    return {
        "email": email,
        "person_name": _line("person_name", given.person_name or "", LONGEST_NAME, lacks) or None,
        "company_domain": _domain(given, email, lacks),
        "account_id": _id("account_id", given.account_id, lacks),
        "opportunity_id": _id("opportunity_id", given.opportunity_id, lacks),
    }


def _domain(given: Interaction, email: str | None, lacks: list[str]) -> str | None:
    """The company's own, as given, else that of the e-mail address. A host that many share names no company:
    Gong would show the event on somebody else's account."""
    domain = domain_of_website(given.company_domain)
    if given.company_domain and (domain is None or is_free_mail(domain)):
        lacks.append("company_domain was left out: it is no company's own")
        domain = None
    domain = domain or domain_of_email(email)
    return None if domain is None or is_free_mail(domain) or is_shared(domain) else domain


def _id(name: str, id: str | None, lacks: list[str]) -> str | None:
    text = (id or "").strip()
    if text and not _SALESFORCE_ID.fullmatch(text):
        lacks.append(f"{name} was left out: it is no id of Salesforce")
        return None
    return text or None


def _labels(given: list[str], lacks: list[str]) -> list[str]:
    lines = (" ".join(each.split()) for each in given)
    labels = list(dict.fromkeys(short(each, LONGEST_LABEL) for each in lines if each))
    return _first(labels, MOST_LABELS, "labels", lacks)


def _fields(given: dict[str, str], lacks: list[str]) -> dict[str, str]:
    """Empty ones are not sent."""
    named = [(name.strip(), value.strip()) for name, value in given.items()]
    known = [(name, value) for name, value in named if name and value]
    for name, value in known:
        if len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE:
            lacks.append(f"{short(name, LONGEST_NAME)} was cut")
    cut = [(short(name, LONGEST_NAME), short(value, LONGEST_VALUE)) for name, value in known]
    return dict(_first(cut, MOST_FIELDS, "fields", lacks))


def _first(items: Iterable[T], most: int, what: str, lacks: list[str]) -> list[T]:
    every = list(items)
    if len(every) > most:
        lacks.append(f"{len(every) - most} {what} were left out: {most} are the most")
    return every[:most]


def _line(name: str, text: str, most: int, lacks: list[str]) -> str:
    line = " ".join(text.split())
    if len(line) > most:
        lacks.append(f"{name} was cut to {most} characters")
    return short(line, most)
