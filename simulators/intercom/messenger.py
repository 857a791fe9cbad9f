"""A message's body as Intercom's Messenger shows it: a little HTML, and nothing that could do harm."""

from html.parser import HTMLParser

from markupsafe import Markup, escape

PLAIN = {"p", "b", "strong", "i", "em", "ul", "ol", "li", "h1", "h2"}


def shown(body: str) -> Markup:
    reader = _Reader()
    reader.feed(body)
    reader.close()
    return Markup("").join(reader.pieces)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Markup] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href") or ""
        if tag in PLAIN or tag == "br":
            self.pieces.append(Markup("<{}>").format(tag))
        elif tag == "a":
            safe = address if address.startswith(("http://", "https://")) else ""
            self.pieces.append(Markup('<a href="{}">').format(safe))

    def handle_endtag(self, tag: str) -> None:
        if tag in PLAIN or tag == "a":
            self.pieces.append(Markup("</{}>").format(tag))

    def handle_data(self, data: str) -> None:
        self.pieces.append(escape(data))
