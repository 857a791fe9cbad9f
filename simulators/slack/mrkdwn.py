"""Slack's mrkdwn as HTML: links, mentions and simple styles; everything else is shown as it is."""

import html
import re
from collections.abc import Callable

from markupsafe import Markup, escape

CONTROL = re.compile(r"<([^<>\n]+)>")
STYLES = (
    (re.compile(r"```(.+?)```", re.DOTALL), r"<pre>\1</pre>"),
    (re.compile(r"`([^`\n]+)`"), r"<code>\1</code>"),
    (re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)"), r"<strong>\1</strong>"),
    (re.compile(r"(?<!\w)_([^_\n]+)_(?!\w)"), r"<em>\1</em>"),
    (re.compile(r"(?<!\w)~([^~\n]+)~(?!\w)"), r"<s>\1</s>"),
    (re.compile(r"^&gt; ?(.*)$", re.MULTILINE), r"<q>\1</q>"),
)
EMOJI = {
    "rotating_light": "🚨", "warning": "⚠️", "white_check_mark": "✅", "x": "❌", "tada": "🎉",
    "chart_with_downwards_trend": "📉", "chart_with_upwards_trend": "📈", "moneybag": "💰",
    "wave": "👋", "information_source": "ℹ️", "hourglass": "⌛", "bust_in_silhouette": "👤",
}  # fmt: skip


def to_html(text: str, name_of: Callable[[str], str]) -> Markup:
    """`name_of` gives the name for a person's id."""
    controls: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        controls.append(_control(match[1], name_of))
        return f"\0{len(controls) - 1}\0"

    # Senders escape &, < and > themselves: what is left in angle brackets is Slack's own syntax.
    shown = str(escape(html.unescape(CONTROL.sub(set_aside, text.replace("\0", "")))))
    for pattern, replacement in STYLES:
        shown = pattern.sub(replacement, shown)
    shown = _with_emoji(shown).replace("\n", "<br>")
    return Markup(re.sub(r"\0(\d+)\0", lambda match: controls[int(match[1])], shown))


def plain(text: str) -> Markup:
    return Markup(_with_emoji(str(escape(text))).replace("\n", "<br>"))


def _control(content: str, name_of: Callable[[str], str]) -> str:
    target, _, label = content.partition("|")
    if target.startswith("@"):
        return f'<span class="mention">@{escape(name_of(target[1:]))}</span>'
    if target.startswith("#"):
        return f'<span class="mention">#{escape(label or target[1:])}</span>'
    if target.startswith("!"):
        return f'<span class="mention">@{escape(label or target[1:])}</span>'
    address = html.unescape(target)
    if address.startswith(("http://", "https://", "mailto:")):
        return f'<a href="{escape(address)}">{escape(html.unescape(label) or address)}</a>'
    return str(escape(f"<{content}>"))


def _with_emoji(text: str) -> str:
    return re.sub(r":([a-z_]+):", lambda match: EMOJI.get(match[1], match[0]), text)
