"""In which language a text is written.

Naive Bayes over byte n-grams (Lui and Baldwin, "langid.py: An Off-the-shelf Language Identification Tool", ACL 2012) in
the model that py3langid 0.4 carries, narrowed to the languages of the businesses that are served. Asked of the letters
alone and in lower case, it named the language of all 23 labelled receipts and of 34 of 35 PDFs of development data
rightly; asked of the whole text, numbers and all, of 16 of the 23. The narrowing keeps a short German receipt from
being taken for Luxembourgish. The model takes 77 MB and half a second, so it is loaded when it is first asked.
"""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Wider than what Tesseract is given data for: a Swedish receipt must not be taken for a Dutch one.
LANGUAGES = (
    *(
        "en",
        "de",
        "fr",
        "es",
        "it",
        "nl",
        "pt",
        "ca",
        "da",
        "sv",
        "no",
        "fi",
        "et",
        "lv",
        "lt",
        "pl",
        "cs",
        "sk",
    ),
    *("hu", "ro", "sl", "hr", "tr", "el", "bg", "ru", "uk", "ms", "id", "zh", "ja", "ko", "ar", "he"),
)
# Tesseract's names of the languages that `scripts/setup` installs data for.
TESSERACT_NAMES = {
    "en": "eng",
    "de": "deu",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "nl": "nld",
    "pt": "por",
}
_MOST_CHARACTERS = 20_000
# Fewer letters name no language: "TOTAL" is written in five of them.
_FEWEST_LETTERS = 12
_WORD = re.compile(r"[^\W\d_]{2,}")


def detect(text: str) -> tuple[str, float]:
    """(ISO 639-1 code, confidence 0..1) of the language that most of the text is in; ("", 0.0) of too little text."""
    words = " ".join(_WORD.findall(text[:_MOST_CHARACTERS])).lower()
    # Chinese, Japanese and Korean say as much in a few signs as others in a sentence.
    if len(words) < _FEWEST_LETTERS and not any(character > "\u2e80" for character in words):
        return "", 0.0
    language, confidence = _identifier().classify(words)
    return str(language), round(min(1.0, float(confidence)), 4)


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
