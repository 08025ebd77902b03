"""Makes a report: one HTML file with the page's scripts, styles and pictures, and the data.

It is made from the files of `static` as they are. An import map gives each module as a `data:`
URL, as browsers load no modules from files. `REPLACED` are the modules that ask a router or act on
it; the ones that take their places read the report. The Content-Security-Policy in the file allows
these scripts and styles only, and no request to anywhere.
"""

import base64
import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

MAIN = "js/report/main.js"

LATER_STYLE, LATER_TEMPLATES = "css/later.css", "later.html"
"""What the page loads later: a report has it from the start."""

REPLACED: Mapping[str, str] = {
    "js/live/api.js": "js/report/offline_api.js",
    "js/live/base_url.js": "js/report/offline_base_url.js",
    "js/views/registry.js": "js/report/offline_view_registry.js",
    "js/views/service/tab_table.js": "js/report/tab_table.js",
}
"""Modules of the page, and those that stand in for them in a report."""

IMPORT = re.compile(r'^((?:import|export)\b[^"\']*?from ")(\.[^"]+)(";)', re.MULTILINE)

LINK = re.compile(r"^ *<(?:link|script)\b[^>]*>(?:</script>)?\n", re.MULTILINE)
SHEET = re.compile(r'<link rel="stylesheet" href="static/([^"]+)">')
NOSCRIPT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)
PICTURE = re.compile(r'url\("\.\./(icons/[^"]+)"\)')

ICON = "icons/doubtful.svg"
"""The icon of the browser's tab: it never says that all is well."""

NO_SCRIPT = (
    "<noscript><p>This report needs JavaScript. The end of the file has its content as JSON."
    "</p></noscript>"
)

DATA_BEGIN, DATA_END = (
    '<script type="application/json" data-report>',
    "</script>\n</body>\n</html>\n",
)


class ReportPage(NamedTuple):
    """The text of the file before and after the report's content."""

    begin: str
    end: str


def report_page(index: str, files: Mapping[str, bytes]) -> ReportPage:
    """Make the file from the page's index and its other files, by name."""
    styles = "\n".join(_style(files, name) for name in [*SHEET.findall(index), LATER_STYLE])
    modules = {name: _data_url(text, "text/javascript") for name, text in linked(files).items()}
    # A module's name is looked up as it is written here.
    imports = json.dumps({"imports": modules}).replace("<", "\\u003c")
    start = f'import "{MAIN}";'
    policy = _policy(imports, start, styles)
    head = (
        f'  <meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'  <link rel="icon" href="{_data_url(_text(files, ICON), "image/svg+xml")}">\n'
        f"  <style>{styles}</style>\n"
        f'  <script type="importmap">{imports}</script>\n'
        f'  <script type="module">{start}</script>\n'
    )
    page = NOSCRIPT.sub(NO_SCRIPT, LINK.sub("", index)).replace("<body ", "<body data-report ", 1)
    page = page.replace('<meta charset="utf-8">\n', f'<meta charset="utf-8">\n{head}', 1)
    body = page[: page.rindex("</body>")] + _text(files, LATER_TEMPLATES)
    return ReportPage(body + DATA_BEGIN, DATA_END)


def embedded(text: str) -> str:
    """A piece of JSON so that it cannot end the element that holds it."""
    return text.replace("<", "\\u003c")


def linked(files: Mapping[str, bytes]) -> dict[str, str]:
    """The modules that a report needs, by name; each imports the others by their names."""
    found: dict[str, str] = {}

    def follow(name: str) -> None:
        if name in found:
            return
        found[name] = ""

        def named(match: re.Match[str]) -> str:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[2]))
            path = REPLACED.get(path, path)
            follow(path)
            return f"{match[1]}{path}{match[3]}"

        found[name] = IMPORT.sub(named, _text(files, name))

    follow(MAIN)
    return found


def _policy(imports: str, start: str, styles: str) -> str:
    """Only these scripts and styles; `data:` is what the import map needs.

    No code can make a script of a text: with Trusted Types a browser refuses all ways to.
    """
    scripts = " ".join(f"'{_digest(text)}'" for text in (imports, start))
    return (
        f"default-src 'none'; script-src {scripts} data:; style-src '{_digest(styles)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _style(files: Mapping[str, bytes], name: str) -> str:
    def picture(match: re.Match[str]) -> str:
        return f'url("{_data_url(_text(files, match[1]), "image/svg+xml")}")'

    return PICTURE.sub(picture, _text(files, name))


def _text(files: Mapping[str, bytes], name: str) -> str:
    return files[name].decode()


def _data_url(text: str, kind: str) -> str:
    """The text stays readable, and small in gzip."""
    return f"data:{kind}," + quote(text, safe=" !$'()*+,/:;=?@[]^`{|}~")
