"""A written page as tests read it."""

import re
import zlib
from base64 import b64decode
from html.parser import HTMLParser

_VOID = {"meta", "br", "input", "link", "img", "hr"}


class Page(HTMLParser):
    """A page taken apart: elements, texts, and whether every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.scripts, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] in ("script", "style") else self.texts).append(data)

    @property
    def text(self):
        return " ".join(self.texts)

    @property
    def unpacked(self):
        """What the page unpacks in the browser."""
        packed = [script for script in self.scripts if re.fullmatch(r"[A-Za-z0-9+/=]{40,}", script)]
        return [zlib.decompress(b64decode(script)).decode() for script in packed]

    def ids(self):
        return [attributes["id"] for _, attributes in self.elements if attributes.get("id")]

    def rows(self):
        """Cells of the body of the table of trials."""
        start = next(i for i, (_, attributes) in enumerate(self.elements) if attributes.get("id") == "trials")
        end = next(i for i, (tag, _) in enumerate(self.elements[start:], start) if tag == "section" or tag == "footer")
        return [i for i, (tag, _) in enumerate(self.elements[start:end]) if tag == "tr"][1:]
