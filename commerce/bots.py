"""Which user agents are machines, and which browser a person uses.

Generic substrings mislead: "bot" alone flags CUBOT phones and "http" every agent that
names its home page. So each word stands alone, or is a product name before its
version. Longer lists than this one (340 µs a new agent) found no more on our samples.
"""

from __future__ import annotations

import re

_WORDS = (
    # Crawlers say so in words of their own, or end their product name in "bot".
    r"(?!cubot)\w*bots?",
    r"\w*crawl(?:er)?",
    r"\w*spider",
    r"scraper",
    r"slurp",
    r"\w*archiver",
    r"facebookexternalhit",
    r"facebookcatalog",
    r"meta-external\w+",
    r"whatsapp",
    r"slack-imgproxy",
    r"skypeuripreview",
    r"embedly",
    r"google-(?:inspectiontool|read-aloud|safety|site-verification)",
    r"googleother",
    r"apis-google",
    r"mediapartners-google",
    r"feedfetcher-google",
    r"google favicon",
    r"chrome-lighthouse",
    r"feedly",
    r"feedburner",
    r"validator",
    r"monitor(?:ing)?",
    r"uptime\w*",
    r"pingdom[\w.]*",
    r"headlesschrome",
    r"phantomjs",
    r"selenium",
    r"puppeteer",
    r"playwright",
    # Programs and libraries.
    r"curl",
    r"wget",
    r"libwww-perl",
    r"python(?:-\w+)*",
    r"aiohttp",
    r"httpx",
    r"go-http-client",
    r"java/[\d._]+",
    r"okhttp",
    r"apache-httpclient",
    r"axios",
    r"node-fetch",
    r"undici",
    r"scrapy",
    r"postmanruntime",
    r"guzzlehttp",
)
_BOT = re.compile(rf"(?<!\w)(?:{'|'.join(_WORDS)})(?!\w)", re.ASCII | re.I)

# The first that fits: browsers name their ancestors after themselves.
_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Instagram", "Instagram"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari/", "Safari"),
)


def is_bot(user_agent: str) -> bool:
    """An empty agent is one too: every browser of a person names itself."""
    return not user_agent.strip() or bool(_BOT.search(user_agent[:1000]))


def browser_of(user_agent: str) -> str:
    return next((name for mark, name in _BROWSERS if mark in user_agent), "other")
