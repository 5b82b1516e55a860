"""The titles of the columns of invoices' tables, in seven languages; matched against folded text (`layout.fold`)."""

from __future__ import annotations

import re

from automateiq_ocr.extraction.vocabulary import any_of

_CODE = r"(?: ?\(?(?:eur|usd|gbp|chf|sek|nok|dkk|pln|cad|aud|rm|inr|rs|€|\$|£)\)?)?"  # the currency
TITLE: dict[str, re.Pattern[str]] = {
    "unit_price": any_of(
        r"unit ?(?:price|cost|rate)", r"u ?/?\.? ?p(?:rice)?\.?", r"price(?: each| ?/ ?unit| per unit)?", r"rate",
        r"unit amount", r"each", r"cost", r"einzel-?(?:preis|betrag)?", r"einzelpr\.?", r"e-?preis", r"ep",
        r"(?:netto)?preis(?: pro einheit| ?/ ?einheit| ?/| je \S+)?", r"stuckpreis", r"stundensatz",
        r"einheitspreis", r"p\.?u\.?(?: h\.?t\.?)?", r"prix(?: (?:unitaire|unit\.?|u\.?)(?: h\.?t\.?)?)?",
        r"precio(?: unitario| unit\.?| ud\.?)?", r"prezzo(?: unitario| unit\.?)?", r"tarif(?:a|f)?", r"tarief",
        r"(?:stuk|eenheids)?prijs(?: per (?:stuk|eenheid))?", r"preco(?: unitario| unit\.?)?", r"u\.? price",
        r"s/price", r"valor unit\S*", r"p\.? ?unit\S*",
    ),
    "amount": any_of(
        rf"(?:line |net |total |ext\.? )?amount{_CODE}", r"(?:line |item )?total(?: (?:price|amount|net))?",
        r"ext(?:ended|\.)? ?(?:price|amount)", r"value",
        rf"amt\.?{_CODE}", r"net(?:t)?(?: price| value)?", r"sum", r"charges?",
        r"(?:gesamt|zeilen|netto|brutto|positions)-?betrag", rf"betrag(?: in)?{_CODE}",
        r"gesamt-?(?:preis|netto)?\.?", r"(?:netto|gesamt|positions)wert", r"netto", r"prix h\.?t\.?", r"summe",
        r"wert", r"g-?preis", r"gp", r"montant(?: (?:total )?(?:h\.?t\.?|ttc))?", r"total h\.?t\.?",
        r"total ttc", r"prix total", r"importe(?: total)?", r"importo", r"totale", r"(?:totaal|netto)?bedrag",
        r"totaal(?: \w+\.?)?", r"valor(?: total)?", r"preco total", r"subtota(?:l|al)", r"sous-total",
    ),
    "quantity": any_of(
        r"qty\.?(?: shipped| ordered| ?/ ?hrs?)?", r"quantity", r"quant\.?", r"units", r"hours", r"hrs", r"nights",
        r"menge", r"anzahl", r"stuck(?:zahl)?", r"stunden", r"std\.?", r"qte\.?", r"quantite", r"cantidad",
        r"cant\.?", r"unidades", r"uds?\.?", r"quantita", r"q\.?ta\.?", r"aantal", r"hoeveelheid", r"quantidade",
        r"qtd\.?e?", r"pcs", r"stk\.?", r"nombre", r"qnty",
    ),
    "description": any_of(
        r"descriptions?(?: of (?:goods|services?|work))?", r"item(?: descriptions?| name)?s?",
        r"products?(?: name| description)?", r"particulars", r"details?", r"services?", r"(?:artikel-?)?bezeichnung",
        r"(?:artikel-?|leistungs-?)?beschreibung", r"artikel(?:name)?", r"leistung(?:en)?", r"text", r"produkt",
        r"ware", r"positionstext", r"designation", r"libelle", r"article", r"produit", r"prestation",
        r"descripcion", r"concepto", r"articulo", r"descrizione", r"articolo", r"omschrijving", r"descricao",
        r"produto", r"goods", r"title", r"activity", r"task", r"desc\.?",
    ),
    "tax_rate": any_of(
        r"(?:vat|tax|gst|mwst\.?|ust\.?|tva|iva|btw|steuer)(?: ?-?\(?%\)?| rate|-?[- ]?satz|\s?%)?", r"steuersatz",
        r"% ?(?:vat|mwst|ust|tva|iva|btw)", r"sales tax",
    ),
    "discount": any_of(
        r"discount(?: ?%)?", r"disc\.?(?: ?%)?", r"d ?%", r"rabatt(?: ?%)?", r"remise",
        r"rem\.?", r"descuento", r"dto\.?",
        r"sconto", r"korting", r"desconto", r"allowance",
    ),
    "other": any_of(
        r"pos\.?(?:-?nr\.?)?", r"position", r"no\.?", r"#", r"nr\.?", r"code", r"sku", r"unit", r"einheit", r"eh",
        r"me", r"unite", r"uom", r"date", r"datum", r"art\.?-?(?:nr\.?|no\.?)(?:-\w+\.?)?", r"geb", r"hsn(?:/sac)?",
        r"artikel-?(?:nr\.?|nummer)", r"ref\.?", r"reference", r"item (?:no\.?|code|#|number)", r"serial", r"gtin",
        r"part (?:no\.?|number)", r"product (?:code|id)", r"%", r"ean", r"vke/geb", r"unsere", r"meng\.?-", r"line",
        r"period", r"verguteter zeitraum", r"tax amount", r"vat amount", r"basis", r"fecha", r"data", r"codigo",
    ),
}  # fmt: skip
# Second rows of titles: "Unit / price", "Positions- / betrag / ohne USt.".
MORE_FOLDED = re.compile(
    r"\W*+(?:(?:ohne|art|unitaire|unitario|price|each|excl|incl|ht|ttc|eur|usd|gbp|in|of|net|gross|nr|stk|geb|lief"
    r"|kunde|unsere|ihre|ust|mwst|vat|tax|no|code|rate|number|amount|total|per|pro|je|einheit|unit|ex|inc|description"
    r"|betrag|preis|satz|€|%|[$£])\W*+){0,4}"
)
# Headings of what follows the table of items: another table of it lists no items.
SECTION_FOLDED = re.compile(
    r"(?:zahlungs(?:bedingungen|art|informationen|ziel)|(?:umsatz)?steuer-?aufschlusselung|beleg-?summen?"
    r"|zu- und abschlage|payment (?:terms|details|information|method|history)|payments?"
    r"|(?:vat|tax) (?:breakdown|summary|details|analysis)"
    r"|bank(?: details|verbindung)?|terms(?: (?:and|&) conditions)?|notes?|comments?|remarks|bemerkungen|hinweise?"
    r"|conditions de (?:paiement|reglement)|reglement|modalites de paiement|forma de pago|condiciones de pago"
    r"|modalita di pagamento|condizioni di pagamento|betal(?:ings)?(?:gegevens|ing|voorwaarden)|summary|zusammenfassung"
    r"|recapitulatif|riepilogo|resumen)\W*"
)
CARRIED_FOLDED = re.compile(
    r"(?<!\w)(?:(?:carried|brought|balance) forward|carry forward|c/?f|b/?f|ubertrag|a reporter"
    r"|suma y sigue|suma anterior|a riportare|riporto|transporteren|page total|seitensumme)(?!\w)"
    r"|(?<!\w)(?:page|seite|pagina) \d|^\W*report(?=\W*\d)"
)
# Rows that explain a price and sell nothing; discounts count where they stand as an amount of their own.
EXPLAINS_FOLDED = re.compile(
    r"(?<!\w)(?:\w*rabatt\w*|discount|remise|preisbasis|(?:brutto)?preis ?:|basisbetrag|grundpreis|saving|korting"
    r"|sconto|descuento|desconto|ersparnis|coupon|promo\w*|skonto|of which|davon|included|incl\.|deposit paid)(?!\w)"
)
# Counts of goods and points, which stand among the lines and at their end.
COUNT_FOLDED = re.compile(
    r"(?<!\w)(?:total (?:qty|quantity|items?|points|no\.? of \w+|lines|pieces|pcs|units)|(?:no\.?|number) of items?"
    r"|items? ?(?:count|qty|sold|\(?s\)? ?:)|item\(s\)|qtys?(?:\(s\))? ?:|member points?"
    r"|points? ?:|anzahl (?:artikel|positionen)|artikelanzahl|nombre d.articles|nb (?:d.)?articles?"
    r"|aantal artikelen|total articles?|articulos|posten|sprzedaz opodatk\w*|kokku"
    r"|sub ?.{0,3}t[o0]t?a[li1t]|t[o0]ta[li1] \w*qty)(?!\w)"
)
