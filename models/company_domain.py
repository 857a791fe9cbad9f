"""Which domain is a company's own: the registrable one of its website or its e-mail address.

What a registrable domain is says the public-suffix list, which names endings of registries (co.uk) and of
hosts that give each customer a name (github.io). Where many share one name the rest of the address tells
them apart, and the domain tells nothing.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from publicsuffixlist import PublicSuffixList

_SHARED = """
about.me amazon.com angel.co apple.com atlassian.net beacons.ai behance.net bio.link bit.ly
bitbucket.org business.site calendly.com canva.com canva.site crunchbase.com dev.to discord.com
discord.gg dribbble.com ebay.com etsy.com eventbrite.com facebook.com fb.com fb.me fiverr.com
flipboard.com flow.page forms.gle g.page github.com gitlab.com glassdoor.com gofundme.com goo.gl
google.com gumroad.com hubspotpagebuilder.com indeed.com indiegogo.com instagram.com issuu.com
kickstarter.com linkedin.com linkin.bio linktr.ee lnk.bio lnkd.in medium.com meetup.com myspace.com
notion.site notion.so ok.ru patreon.com paypal.com paypal.me pinterest.com producthunt.com quora.com
reddit.com sharepoint.com slideshare.net snapchat.com soundcloud.com spotify.com squarespace.com
strikingly.com substack.com t.co t.me taplink.cc telegram.me threads.net tiktok.com tripadvisor.com
trustpilot.com tumblr.com twitch.tv twitter.com typeform.com upwork.com vimeo.com vk.com wa.me
weebly.com weibo.com whatsapp.com wikipedia.org wix.com wixsite.com wordpress.com x.com xing.com
yelp.com youtu.be youtube.com zillow.com
"""
SHARED = frozenset(_SHARED.split())
"""Hosts at which many have a page, a shop or a short link, by their registrable domain."""

_OWN_PAGES = """
about about-us about_us app blog careers company contact contact-us contacts dashboard default en
features help home homepage impressum imprint index info kontakt landing legal login main news page
pricing privacy product products register services shop sign-in sign-up signin signup site start store
support team terms web welcome www
"""
OWN_PAGES = frozenset(_OWN_PAGES.split())
"""Pages that every company's own website has; any other path may name the customer at somebody's host."""

LANGUAGE = re.compile(r"[a-z]{2}([-_][a-z]{2})?")
MOST_SEGMENTS = 4

LONGEST_HOST = 253


def company_domain(website: str | None, email: str | None, says_nothing: Callable[[str], bool]) -> str | None:
    """In small letters, `acme.co.uk`; None where neither names one. `says_nothing`: of a domain at which
    anybody gets an address."""
    for found in (of_website(website), of_host((email or "").rpartition("@")[2])):
        if found and not says_nothing(found):
            return found
    return None


def of_website(website: str | None) -> str | None:
    """None, too, where the address is of a page at a host that others share."""
    parts = _split((website or "").strip())
    if parts is None or parts.query or not _is_own_page(parts.path):
        return None
    domain = of_host(parts.hostname or "")
    return None if domain in SHARED else domain


def _is_own_page(path: str) -> bool:
    segments = [each.partition(".")[0] for each in path.lower().split("/", MOST_SEGMENTS + 2) if each]
    if len(segments) > MOST_SEGMENTS:
        return False
    return all(
        each in OWN_PAGES or (LANGUAGE.fullmatch(each[:6]) is not None and len(each) < 6) for each in segments
    )


@lru_cache(65_536)
def of_host(host: str) -> str | None:
    """The registrable domain that a host is in."""
    name = host.strip().rstrip(".").lower()
    if not 0 < len(name) <= LONGEST_HOST or _is_address(name):
        return None
    try:
        found = _suffixes().privatesuffix(name.encode("idna").decode())
        return found.encode().decode("idna") if found else None
    except UnicodeError:
        return None


def label_and_ending(domain: str) -> tuple[str, str]:
    """`live`, `co.uk` of live.co.uk: the registered label, and the registry's ending after it."""
    ending = _registries().publicsuffix(domain) or ""
    return domain[: -len(ending) - 1].rpartition(".")[2], ending


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


@cache
def _registries() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True, only_icann=True)


def _split(website: str) -> SplitResult | None:
    if not website or len(website) > 2048:
        return None
    try:
        parts = urlsplit(website if "//" in website else f"//{website}")
        return parts if parts.hostname else None
    except ValueError:  # people write anything there
        return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
