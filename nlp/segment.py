"""Vietnamese word segmentation, for encoders that were trained on segmented text (PhoBERT).

The only module that touches underthesea. Segmenting costs about a quarter of the time that our whole
path takes for a report (``make bench``), so it is a step of the artifacts that need it and not a rule
of the service.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby

#: underthesea takes a text apart at these; they must stay whole, as in the training texts.
_MASK = re.compile(r"<[a-z]+>")
# underthesea's pattern of an address takes time exponential in the signs behind it: 40 exclamation
# marks would hold the service for years. What may begin an address stays as it is.
_LINK = re.compile(r"(?:ftp|http)s?:|[.][a-z]{2,13}/")
#: Letters of the longest run without white space that is segmented: other patterns are quadratic.
_LONGEST_RUN = 100
# The model is loaded by the first call; a second thread would meet it half loaded.
_LOADING = threading.Lock()


def segmenter_version() -> str:
    """Name and version of the segmenter that is installed, ``""`` if none is."""
    try:
        return f"underthesea {version('underthesea')}"
    except PackageNotFoundError:
        return ""


def segmenter() -> Callable[[str], str]:
    """A function from text to text whose words of several syllables are joined by ``_``.

    The function is safe to share between threads. It puts one space between words; masks
    (``<phone>``) and links stay whole; what the segmenter fails on stays as it is written.
    """
    from underthesea import word_tokenize

    with _LOADING:
        word_tokenize("tải mô hình", format="text")

    def segment(text: str) -> str:
        runs = _MASK.sub(r" \g<0> ", unicodedata.normalize("NFC", text)).split()
        return " ".join(
            " ".join(group) if whole else joined(" ".join(group))
            for whole, group in groupby(runs, key=_stays_whole)
        )

    def joined(text: str) -> str:
        try:
            return str(word_tokenize(text, format="text"))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            # A panic of its Rust core is no Exception. The words are read one syllable at a time:
            # worse, but a report must not be lost to the segmenter.
            return text

    return segment


def _stays_whole(run: str) -> bool:
    return len(run) > _LONGEST_RUN or bool(_MASK.fullmatch(run) or _LINK.search(run))
