"""The words by which pages say where a document begins, ends and goes on, in the languages that are read."""

from __future__ import annotations

import re

_I = re.IGNORECASE

NUMBERING = re.compile(
    r"(?:\b(?:pages?|seite|blatt|pagina|página|blad|pág|pag|page\s+n[o°]\.?)\b\.?\s*:?\s*)"
    r"(?P<page>\d{1,3})\s*(?:of|von|de|di|van|sur|/|\|)\s*(?P<count>\d{1,3})\b",
    _I,
)

_KINDS = (
    r"(?:tax\s+|sales\s+|proforma\s+|pro\s+forma\s+)?invoice|receipt|credit\s+(?:note|memo)|statement|purchase\s+order"
    r"|delivery\s+note|quotation|agreement|contract"
    r"|rechnung|quittung|kassenbon|gutschrift|lieferschein|bestellung|angebot|vertrag|kontoauszug|mahnung"
    r"|facture|re[çc]u|avoir|devis|contrat|bon\s+de\s+(?:commande|livraison)"
    r"|fattura|ricevuta|scontrino|nota\s+di\s+credito|contratto|ordine"
    r"|factura|recibo|presupuesto|contrato|pedido|nota\s+de\s+cr[ée]dito|fatura"
    r"|factuur|kassabon|creditnota|bestelbon|offerte|overeenkomst"
)
TITLE = re.compile(rf"^\W*(?:{_KINDS})\b|\b(?:{_KINDS})\W*$", _I)

# A label, what abbreviates "number", and a value that holds a digit. Not the numbers of a customer or a tax office.
NUMBER = re.compile(
    r"(?:invoice|receipt|rechnungs?|beleg|gutschrifts?|factuur|facture|fattura|factura|fatura|recibo|bill|contract)[\s-]*"
    r"(?:number|nummer|num[ée]ro|n[úu]mero|numero|nr|no|n°|nº|#)\s*[.:#]*\s*"
    r"(?P<number>(?=[\w/.-]*\d)[A-Z0-9][\w/.-]{2,24})",
    _I,
)

# As the EU writes them.
VAT_NUMBER = re.compile(
    r"\b(?:AT\s?U|BE\s?|BG|CY|CZ|DE\s?|DK|EE|EL|ES|FI|FR|GB\s?|HR|HU|IE|IT\s?|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
    r"[0-9]{8,12}\b"
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b")

TOTAL = re.compile(
    r"\b(?:total|grand\s+total|amount\s+due|balance\s+due|summe|gesamt(?:betrag|summe)?|zu\s+zahlen|endbetrag"
    r"|betrag|summa|suma|sum|saldo|balance|montant|[àa]\s+payer|totale|importe|totaal|te\s+betalen)\b[^\n]{0,40}\d[.,]\d{2}\b",
    _I,
)

AMOUNT = re.compile(r"\d[.,]\d{2}\b")

SIGNATURE = re.compile(
    r"\b(?:in\s+witness\s+whereof|signatures?|signed\s+by|unterschrift|signé|firma(?:to|do)?|assinatura|handtekening)\b"
    r"|^\s*(?:by|name|title)\s*:",
    _I | re.MULTILINE,
)

CONTINUED = re.compile(
    r"\b(?:continued|carried\s+forward|brought\s+forward|übertrag|fortsetzung|suite|report\s+de|a\s+reporter"
    r"|segue|riporto|continuaci[óo]n|suma\s+y\s+sigue|vervolg)\b",
    _I,
)

SEPARATOR = re.compile(
    r"\bpatch[\s_-]*(?:code)?[\s_-]*(?:t|ii|2)\b|\bpatcht\b|\bseparator\b|\btrenn(?:blatt|seite)\b|\bdocument\s+break\b",
    _I,
)
