"""Which domain names a company."""

import pytest

from models.free_mail import is_free_mail
from models.web_domains import domain_of_email, domain_of_website, is_shared, spellings


@pytest.mark.parametrize(
    "website",
    [
        "https://www.facebook.com/quillandco",
        "facebook.com",
        "https://m.facebook.com/",
        "https://www.linkedin.com/company/quillandco",
        "https://uk.linkedin.com",
        "https://linktr.ee/quillandco",
        "quillandco.linktr.ee",
        "https://sites.google.com/view/quillandco",
        "https://sites.google.com",
        "https://quillandco.medium.com",
        "https://www.youtube.com/@quillandco",
        "https://x.com/quillandco",
        "https://instagram.com/quillandco",
        "https://apps.apple.com/us/app/quill/id1",
        "https://play.google.com/store/apps/details?id=quill",
        "https://quillandco.notion.site/Home",
        "https://quillandco.wixsite.com/shop",
        "https://quillandco.wordpress.com",
        "https://amazon.co.uk",
        "https://github.io",
        "https://someplace.example/quillandco",
        "https://someplace.example/shop/quillandco",
        "https://someplace.example/~quill",
        "https://someplace.example/#!/quill",
        "http://192.168.1.10",
        "http://[2001:db8::1]/",
        "1.2.3.4",
        "localhost",
        "co.uk",
        "info@quillandco.example",
        "https://facebook.com@quillandco.example/",
        "https://-bad-.example",
        "n/a",
        "http://[",
        "https://" + "a" * 300 + ".example",
        " ",
        None,
    ],
)
def test_website_that_names_no_company(website: str | None) -> None:
    assert domain_of_website(website) is None


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://quillandco.example", "quillandco.example"),
        ("HTTPS://WWW.QuillAndCo.example:8443/", "quillandco.example"),
        ("live.quillandco.example", "quillandco.example"),
        ("https://shop.quillandco.co.uk/en-gb/index.html?utm=1", "quillandco.co.uk"),
        ("https://quillandco.example./de", "quillandco.example"),
        ("https://quillandco.github.io", "quillandco.github.io"),
        ("https://www.quillandco.github.io/", "quillandco.github.io"),
        ("https://quillandco.myshopify.com", "quillandco.myshopify.com"),
        ("https://müller.example", "xn--mller-kva.example"),
        ("https://shop.xn--mller-kva.example", "xn--mller-kva.example"),
    ],
)
def test_website_names_the_registrable_domain(website: str, domain: str) -> None:
    assert domain_of_website(website) == domain


def test_shared_hosts_can_be_added_and_taken_away() -> None:
    assert is_shared("a.hosts.example", also=["hosts.example"])
    assert not is_shared("medium.com", allow=["medium.com"])


def test_domain_of_an_email_is_registrable() -> None:
    assert domain_of_email("jane@mail.acme.example") == "acme.example"
    assert domain_of_email("jane@[192.168.1.1]") is None
    assert domain_of_email("jane") is None


@pytest.mark.parametrize(
    ("domain", "free"),
    [
        ("live.quillandco.example", False),
        ("quillandco.example", False),
        ("yahoo.acme.com", False),
        ("live.com", True),
        ("yahoo.co.uk", True),
        ("outlook.com.br", True),
        ("nyc.rr.com", True),
        ("live.github.io", False),
    ],
)
def test_wildcard_covers_endings_and_no_subdomains(domain: str, free: bool) -> None:
    assert is_free_mail(domain) is free


def test_international_domain_is_looked_up_as_people_write_it_too() -> None:
    assert spellings("xn--mller-kva.example") == ["xn--mller-kva.example", "müller.example"]
    assert spellings("acme.example") == ["acme.example"]
