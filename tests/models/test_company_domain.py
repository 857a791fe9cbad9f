"""What a website and an e-mail address say of whose company it is."""

import pytest

from models.company_domain import company_domain, of_host, of_website


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("acme.example", "acme.example"),
        ("https://www.acme.co.uk/", "acme.co.uk"),
        ("HTTP://Shop.Acme.com:8443/en-gb/index.html", "acme.com"),
        ("https://acme.com/de/pricing", "acme.com"),
        ("https://acme.com.", "acme.com"),
        ("https://user:secret@acme.com", "acme.com"),
        ("https://b\u00fccher.example", "b\u00fccher.example"),
        ("https://xn--bcher-kva.example", "b\u00fccher.example"),
        ("acme.github.io", "acme.github.io"),
        ("https://acme.myshopify.com", "acme.myshopify.com"),
        ("github.io", None),
        ("co.uk", None),
        ("localhost", None),
        ("http://192.0.2.7", None),
        ("http://[2001:db8::1]/", None),
        ("https://facebook.com", None),
        ("https://m.facebook.com/acme", None),
        ("https://www.instagram.com/acme/", None),
        ("https://x.com/acme", None),
        ("https://www.youtube.com/@acme", None),
        ("https://acme.medium.com", None),
        ("https://acme.substack.com/about", None),
        ("https://acme.wordpress.com", None),
        ("https://docs.google.com/document/d/1", None),
        ("https://apps.apple.com/app/acme/id1", None),
        ("https://play.google.com/store/apps/details?id=com.acme", None),
        ("https://t.me/acme", None),
        ("https://directory.example/firms/acme-ltd", None),
        ("https://city.example/~acme", None),
        ("https://city.example/?firm=acme", None),
        ("none", None),
        ("n/a", None),
        ("http://", None),
        ("http://[", None),
        ("https://" + "a" * 300 + ".com", None),
        ("a" * 200_000, None),
        ("", None),
        (None, None),
    ],
)
def test_website(website: str | None, domain: str | None) -> None:
    assert of_website(website) == domain


def test_host_of_an_address_is_registrable_too() -> None:
    assert of_host("eu.mail.acme.co.jp") == "acme.co.jp"


def test_email_counts_where_the_website_says_nothing() -> None:
    def free(domain: str) -> bool:
        return domain == "gmail.com"

    assert company_domain("https://linktr.ee/acme", "ann@acme.example", free) == "acme.example"
    assert company_domain("https://linktr.ee/acme", "ann@gmail.com", free) is None
    assert company_domain("https://gmail.com", None, free) is None
