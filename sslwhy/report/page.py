"""Reports with colour: for a terminal and as an HTML page, both by way of rich (the extra ``cli``)."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.text import Text

    from sslwhy.report.report import Report

_STYLES = (
    (r"(?m)^error\[[a-z0-9-]+\]", "bold red"),
    (r"(?m)^also\[[a-z0-9-]+\]", "bold yellow"),
    (r"(?m)^ok:", "bold green"),
    (
        r"(?m)^  (expected|actual|or else|perhaps|fix|while|address|peer|chain|trust|observed|unchecked|probes|more)\b",
        "cyan",
    ),
)


def coloured(block: str) -> Text:
    """Return a block with its headings and labels coloured; nothing in it is taken for markup."""
    from rich.text import Text

    text = Text(block)
    for pattern, style in _STYLES:
        text.highlight_regex(pattern, style)
    return text


def render_page(reports: Iterable[Report]) -> str:
    """Return one HTML page with every report; all text is escaped.

    Raises:
        ImportError: rich is not installed; the message says how to get it.
    """
    try:
        from rich.console import Console
    except ImportError as missing:
        raise ImportError("an HTML page needs rich: pip install 'sslwhy[cli]'") from missing
    import io

    console = Console(record=True, file=io.StringIO(), width=200, highlight=False, soft_wrap=True)
    for report in reports:
        console.print(coloured(str(report)))
        console.print()
    return console.export_html(inline_styles=True)
