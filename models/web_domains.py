"""Which domain names a company: the registrable one of its website or e-mail, and never a shared host.

What is registrable says the Public Suffix List, with its private part (foo.github.io is its own); the list
comes with the library, and nothing is fetched.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

_SHARED = """
facebook.com fb.com fb.me messenger.com instagram.com threads.net threads.com linkedin.com lnkd.in x.com
twitter.com t.co youtube.com youtu.be tiktok.com pinterest.* snapchat.com reddit.com tumblr.com vk.com ok.ru
weibo.com xing.com wa.me whatsapp.com t.me telegram.me telegram.org discord.com discord.gg skype.com
mastodon.social bsky.app twitch.tv vimeo.com soundcloud.com spotify.com bandcamp.com flickr.com behance.net
dribbble.com deviantart.com patreon.com ko-fi.com buymeacoffee.com gofundme.com kickstarter.com meetup.com
eventbrite.* linktr.ee beacons.ai bio.link lnk.bio linkin.bio about.me taplink.cc campsite.bio solo.to
carrd.co bit.ly goo.gl tinyurl.com ow.ly buff.ly rebrand.ly g.page g.co sites.google.com docs.google.com
drive.google.com maps.google.com play.google.com business.google.com plus.google.com forms.gle
maps.app.goo.gl apps.apple.com itunes.apple.com maps.apple.com music.apple.com microsoftstore.com
appsource.microsoft.com amazon.* ebay.* etsy.com alibaba.com aliexpress.com shopify.com gumroad.com
medium.com substack.com wordpress.com blogger.com ghost.io hashnode.com dev.to notion.so notion.site
notion.com super.site typeform.com airtable.com calendly.com canva.com coda.io trello.com github.com
gitlab.com bitbucket.org sourceforge.net huggingface.co wix.com wixsite.com editorx.io
weebly.com squarespace.com strikingly.com jimdo.com jimdofree.com webnode.* godaddysites.com webs.com
yolasite.com site123.me tilda.ws business.site mystrikingly.com webador.* duda.co hubspot.com
hubspotpagebuilder.com unbouncepages.com clickfunnels.com kajabi.com teachable.com thinkific.com podia.com
sharepoint.com dropbox.com box.com onedrive.com yelp.* tripadvisor.* trustpilot.com glassdoor.* indeed.*
crunchbase.com angel.co wellfound.com producthunt.com g2.com capterra.com clutch.co upwork.com fiverr.com
booking.com airbnb.* wikipedia.org google.com bing.com yahoo.* archive.org localhost.run ngrok.io
"""
SHARED = frozenset(_SHARED.split())
"""Hosts at which everybody has a page, also below them; `x.*` stands for x under every ending."""

_OF_ANY_SITE = re.compile(
    r"([a-z]{2}([-_][a-z]{2})?|index|home|default|start|main|welcome|about([-_]us)?|contact([-_]us)?|pricing"
    r"|products?|services?|solutions|features|shop|store|blog|news|careers|jobs|login|signup|imprint|impressum"
    r"|legal|privacy|terms|support|help|faq|web|site)(\.\w{2,5})?",
    re.IGNORECASE,
)
"""Parts of a path that every site has: a language, the front page, the prices. Others may name one page of
many, somebody's on a host that we do not know to be shared."""

_LABELS = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _icann() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


def domain_of_website(url: str | None, also: Iterable[str] = (), allow: Iterable[str] = ()) -> str | None:
    """None for a page on a shared host, and for a URL whose path names the page: it may be anybody's."""
    text = (url or "").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, names_someone = parts.hostname, "@" in parts.netloc
    except ValueError:  # people write anything there
        return None
    names_someone = names_someone or _names_a_page(parts.query)
    if host is None or names_someone or not _is_front_page(parts.path, parts.fragment):
        return None
    return None if is_shared(host, also, allow) else registrable(host)


def domain_of_email(email: str | None) -> str | None:
    return registrable((email or "").rpartition("@")[2])


@lru_cache(65_536)
def registrable(host: str) -> str | None:
    """In lower case and ASCII (xn--...). None for an address, a bare ending, and what is no host name."""
    name = _ascii(host)
    if name is None or _is_address(name):
        return None
    found: str | None = _suffixes().privatesuffix(name)
    return found


def is_shared(host: str, also: Iterable[str] = (), allow: Iterable[str] = ()) -> bool:
    name = _ascii(host) or ""
    return not is_among(name, frozenset(allow)) and is_among(name, SHARED | frozenset(also))


@lru_cache(65_536)
def is_among(name: str, listed: frozenset[str]) -> bool:
    """Whether a name, or one above it, is listed; a wildcard stands for endings, not for subdomains."""
    labels = name.split(".")
    parents = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return any(each in listed or _by_wildcard(each, listed) for each in parents)


def spellings(domain: str) -> list[str]:
    """As people see it, where that differs."""
    try:
        shown = idna.decode(domain)
    except idna.IDNAError:
        return [domain]
    return [domain] if shown == domain else [domain, shown]


def _by_wildcard(name: str, listed: frozenset[str]) -> bool:
    first, _, ending = name.partition(".")
    return f"{first}.*" in listed and _icann().publicsuffix(name) == ending


def _ascii(host: str) -> str | None:
    name = host.strip().strip(".").lower()
    try:
        plain = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return None
    return plain if len(plain) <= 253 and _LABELS.fullmatch(plain) else None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return name.rpartition(".")[2].isdecimal()  # 1.2.3, and what else is no name
    return True


def _names_a_page(query: str) -> bool:
    """Where a visitor came from (utm_source, gclid) says nothing of the page."""
    return any(not name.startswith(("utm", "gclid", "fbclid", "ref")) for name, _ in parse_qsl(query[:2000]))


def _is_front_page(path: str, fragment: str) -> bool:
    parts = [part for part in path.split("/") if part]
    return all(_OF_ANY_SITE.fullmatch(part) for part in parts) and not fragment.startswith(("!", "/"))
