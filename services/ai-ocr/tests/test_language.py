"""The language of a text, from the little that a receipt says."""

import pytest
from automateiq_ocr.recognition.language import LANGUAGES, detect

TEXTS = {
    "en": "Thank you for shopping with us. Please keep your receipt. Cash paid 20.00, change 3.50",
    "de": "Vielen Dank für Ihren Einkauf! Bitte bewahren Sie den Beleg auf. MwSt 19% Summe 12,90 EUR",
    "fr": "Merci de votre visite. Veuillez conserver ce ticket. Montant TTC 45,00 dont TVA 7,50",
    "es": "Gracias por su compra. Conserve el recibo para cualquier cambio. Importe 23,10 IVA incluido",
    "it": "Grazie e arrivederci. Conservare lo scontrino per eventuali cambi. Totale complessivo 9,80",
    "nl": "Bedankt voor uw bezoek. Bewaar deze kassabon goed. Te betalen bedrag 17,25 inclusief btw",
    "pt": "Obrigado pela sua visita. Guarde este recibo para qualquer troca. Valor a pagar 31,00",
    "sv": "Tack för ditt köp och välkommen åter. Spara kvittot. Att betala 129,00 varav moms",
    "pl": "Dziękujemy za zakupy i zapraszamy ponownie. Paragon fiskalny. Do zapłaty 54,20",
}


@pytest.mark.parametrize("language", TEXTS)
def test_a_receipts_language_is_named(language: str) -> None:
    found, confidence = detect(TEXTS[language])
    assert found == language
    assert 0.6 < confidence <= 1


@pytest.mark.parametrize("language", TEXTS)
def test_capitals_and_numbers_change_nothing(language: str) -> None:
    assert detect(f"123 {TEXTS[language].upper()} 45/67-89 # 000012 X 3")[0] == language


@pytest.mark.parametrize(
    "text", ["", "  \n", "12.50 3/4 #", "TOTAL 12.00", "\x00\ufeff", "A B C D E F G H I"]
)
def test_too_little_text_names_no_language(text: str) -> None:
    assert detect(text) == ("", 0.0)


def test_a_few_chinese_signs_are_enough() -> None:
    assert detect("合计金额 现金")[0] == "zh"


def test_a_very_long_text_is_judged_by_its_beginning() -> None:
    assert detect(TEXTS["de"] * 20_000)[0] == "de"
    assert len(set(LANGUAGES)) == len(LANGUAGES)
