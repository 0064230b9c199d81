"""Words of a text, so that what is written and what is looked for meet.

The tsvector is made here and not by PostgreSQL's parser, which knows no Chinese word
and whose idea of a letter depends on the locale of the cluster. Latin words are folded
(accents, case, plural). Chinese is kept as its characters and pairs of neighbours: they
are found whatever words a segmenter would have cut on the day of writing. Only what is
looked for is cut into words, by jieba, so that each may stand anywhere in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

import rjieba
from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import Value
from django.db.models.functions import Cast

MOST_WORDS = 12  # of a query; the rest only narrows what is narrow already
MOST_POSITIONS = 4000  # of a text; PostgreSQL keeps 16383 positions
LONGEST_WORD = 60

_CHINESE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_RUN = re.compile(rf"[{_CHINESE}]+|[^\W_{_CHINESE}]+")
# Alone they say nothing, and every text has them.
_FILLERS = frozenset(
    "的 了 和 与 在 是 之 a an and for in of on or the to with".split()
)


class WordQuery(SearchQuery):
    """A ready-made tsquery: it is cast, not parsed once more."""

    template = "%(expressions)s::tsquery"

    def __init__(self, tsquery: str) -> None:
        super().__init__(Value(tsquery), search_type="raw")


def vector_of(*texts: tuple[str, str]) -> Cast:
    """The value of a `search` column: pairs of a text and its weight, "A" to "D"."""
    return Cast(Value(vector_text(*texts)), SearchVectorField())


def vector_text(*texts: tuple[str, str]) -> str:
    lexemes = (
        (lexeme, weight) for text, weight in texts for lexeme in _lexemes_of(text)
    )
    numbered = zip(range(1, MOST_POSITIONS + 1), lexemes, strict=False)
    return " ".join(f"'{word}':{place}{weight}" for place, (word, weight) in numbered)


def query_of(text: str) -> WordQuery | None:
    """All the words of a text, the last one maybe half typed; None if it has none."""
    words = list(_words_of(text))[:MOST_WORDS]
    telling = [word for word in words if word not in _FILLERS] or words
    if not telling:
        return None
    parts = [_part(word) for word in telling]
    if not _is_chinese(telling[-1]) and not text[-1:].isspace():
        parts[-1] = f"({parts[-1]} | '{telling[-1]}':*)"
    return WordQuery(" & ".join(parts))


def folded(text: str) -> str:
    """Without case and accents; full-width letters become plain ones."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def _lexemes_of(text: str) -> Iterator[str]:
    for run in _RUN.findall(folded(text)):
        if _is_chinese(run):
            yield from run
            yield from _pairs(run)
        else:
            word = run[:LONGEST_WORD]
            yield word
            if (stem := _singular(word)) != word:
                yield stem


def _words_of(text: str) -> Iterator[str]:
    for run in _RUN.findall(folded(text)):
        if _is_chinese(run) and len(run) > 2:
            yield from rjieba.cut(run)
        else:
            yield run[:LONGEST_WORD]


def _part(word: str) -> str:
    if not _is_chinese(word):
        return f"'{_singular(word)}'"
    return " & ".join(f"'{piece}'" for piece in _pairs(word) or [word])


def _pairs(run: str) -> Iterable[str]:
    return [a + b for a, b in pairwise(run)]


def _is_chinese(word: str) -> bool:
    return re.match(rf"[{_CHINESE}]", word) is not None


def _singular(word: str) -> str:
    """English plurals only: a stemmer for all languages would fold names too."""
    if len(word) < 4 or not word.isascii() or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word.removesuffix("s")
