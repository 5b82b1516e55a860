"""The words that invoices, receipts and contracts are made of: en, de, fr, es, it, nl, pt.

Every pattern is for folded text (lower case, no accents; see layout.fold). A label carries a weight: how surely the
value beside it is what is looked for. OCR swaps letters, so the commonest misreadings of a label stand with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A pattern and how sure a sign it is, 0 to 1."""

    pattern: re.Pattern[str]
    weight: float


def _labels(*groups: tuple[float, str]) -> tuple[Label, ...]:
    return tuple(Label(re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])"), weight) for weight, pattern in groups)


TOTAL = _labels(
    (
        1.0,
        r"grand ?total|total amount due|amount due|total due|balance due|invoice total|total to pay|amount payable"
        r"|total payable|net payable|total incl(?:usive|uding|\.)?[a-z .]*|total ?\(?(?:incl|inc)[a-z .]*\)?"
        r"|total amt[a-z .]*|total rounded|rounded total|total after [a-z ]+|nett? total|total sales"
        r"|rechnungs(?:end)?(?:betrag|summe)|gesamt(?:betrag|summe|preis)?(?: brutto| inkl[a-z. ]*)?|endbetrag|endsumme"
        r"|brutto(?:betrag|summe)|zahlbetrag|zu zahlen(?:der betrag)?|zahlungsbetrag|summe brutto|total brutto"
        r"|total ttc|net a payer|montant (?:total|ttc|a payer)|total a payer|total general"
        r"|total a pagar|importe total|total factura|total con iva|importe a pagar"
        r"|totale (?:fattura|documento|complessivo|da pagare|dovuto)|importo totale|da pagare"
        r"|totaal(?:bedrag)?(?: te betalen| incl[a-z. ]*)|te betalen|totaalbedrag|valor total|total geral|total da fatura",
    ),
    (0.85, r"due payable|gross (?:amount|total)|total (?:amount|price|cost|gross|eur|usd|rm|in [a-z]{3})|gross|ttc|brutto"),
    (0.8, r"t ?o ?t ?a ?l|totals|tota1|totai|jumlah|summe|totaal|totale|saldo|razem|suma|summa|att betala|a pagar|kokku|viso"),
    (0.5, r"balance|amount|betrag|montant|importe|importo|bedrag|sum|paid|payment|ukupno"),
)
# A row with one of these is not the total, whatever else it says.
NOT_TOTAL = re.compile(
    r"(?<![a-z])(?:sub ?-? ?total|sub ?tot|zwischensumme|sous[- ]?total|subtotale|subtotaal|suma parcial"
    r"|excl[a-z.]*|exclusive|before tax|before vat|ohne (?:ust|mwst)[a-z.]*|hors tax[a-z]*|total ht|sin iva|senza iva"
    r"|net ?to(?:betrag|summe)|total net|net total:|taxable|sav(?:ing|ed)s?|discount|rabatt|remise|descuento|sconto|korting"
    r"|total (?:items?|qty|quantity|disc[a-z]*|tax|vat|gst|mwst|ust|tva|iva|pieces|pcs|spots|points|savings?|weeks?)"
    r"|(?:items?|qty|quantity) total|tax total|vat total|change|cash(?:ed)?|tender[a-z]*|rueckgeld|ruckgeld|gegeben|rendu"
    r"|especes|cambio|wisselgeld|troco|rounding(?: adj[a-z]*)?|points?|anzahlungen|deposit|zuschlage|abschlage"
    r"|gst summary|gst analysis|per night|unit price|einzelpreis|previous|beginning)(?![a-z])"
)
# The money that changed hands: often larger than the total.
TENDERED = re.compile(
    r"(?<![a-z])(?:cash|tender[a-z]*|change|paid|card|visa|master ?card|amex|debit|credit|bar|gegeben|ruckgeld|rueckgeld"
    r"|ec[- ]?karte|kartenzahlung|especes|carte|rendu|efectivo|cambio|tarjeta|contanti|carta|resto|contant|pin|wisselgeld"
    r"|troco|dinheiro|payment|approved)(?![a-z])"
)
SUBTOTAL = _labels(
    (
        1.0,
        r"sub ?-? ?total|sub ?tot\.?|zwischensumme|total ht|sous[- ]?total|total hors tax[a-z]*|montant (?:total )?ht"
        r"|base imponible|imponibile|subtotale|subtotaal|netto ?(?:betrag|summe)|summe netto|gesamt(?:betrag)? netto"
        r"|total netto|rechnungssumme ohne ust[.a-z]*|net total|total net|total excl[a-z. ]*|total \(?exc[a-z. ]*\)?"
        r"|total before [a-z]+|totaal excl[a-z. ]*|suma parcial|warenwert|positionssumme|total taxable[a-z ]*"
        r"|total exclusive[a-z ]*",
    ),
    (0.7, r"net amount|net|netto|ht|taxable amount|amount before tax|nett|excl[a-z.]*"),
)
TAX = _labels(
    (
        1.0,
        r"total (?:tax|vat|gst|mwst|ust|tva|iva|sst)|(?:tax|vat|gst|mwst|iva|tva) total|sales tax|steuerbetrag"
        r"|mehrwertsteuer|umsatzsteuer|montant tva|total tva|cuota iva|importe iva|totale iva|totaal btw|btw bedrag"
        r"|mwst ?-?betrag|tax amount|vat amount|gst amount|summe (?:mwst|ust)|valor iva|gst payable",
    ),
    (0.85, r"vat|gst|hst|pst|mwst\.?|ust\.?|u ?st|tva|i\.?v\.?a\.?|btw|tax(?:es)?|steuer|moms|sst|service tax|igst|cgst|must|hust"),
)
NOT_TAX = re.compile(
    r"(?<![a-z])(?:tax invoice|tax ?id|vat ?(?:id|no|reg|nr|number)[a-z.]*|gst ?(?:id|no|reg|number|summary|analysis)[a-z.]*"
    r"|ust\.?-? ?id[a-z.-]*|steuer-?(?:nr|nummer)[a-z.]*|before tax|excl[a-z.]*|ohne|incl[a-z.]*|inkl[a-z.]*|hors"
    r"|inclusive|exclusive|tax code|num[a-z]* tva|n.? ?tva|p\.? ?iva|partita iva|btw ?-?(?:nr|nummer)[a-z.]*|taxable"
    r"|including|after tax|with tax)(?![a-z])"
)

DATE = _labels(
    (
        1.0,
        r"invoice date|date of (?:the )?invoice|date of issue|issue date|date issued|issued(?: on| at)?|bill(?:ing)? date"
        r"|receipt date|statement date|rechnungs-?(?:datum|tag)|beleg-?datum|ausstellungsdatum|ausgestellt am"
        r"|date (?:de )?(?:la )?facture|date d.? ?emission|facture du|fecha (?:de )?(?:la )?(?:factura|emision)"
        r"|data (?:della )?fattura|data (?:di )?emissione|data documento|factuurdatum|data (?:da )?fatura|data de emissao",
    ),
    (0.8, r"date|datum|fecha|data|dat|dt|dated|vom|du|kuupaev|date/time|date time|business date"),
)
DUE_DATE = _labels(
    (
        1.0,
        r"due date|date due|payment due(?: date)?|due (?:on|by)|pay(?:ment)? by|payable by|please (?:pay|remit) (?:until|by)"
        r"|fallig(?:keit)?(?:sdatum| am| bis| zum)?|falligkeitsdatum|zahlbar bis|zahlungsziel|bis zum|zahlung bis"
        r"|(?:date d.? ?)?echeance|a payer avant|payable avant|date limite(?: de paiement)?|fecha de vencimiento"
        r"|vencimiento|data (?:di )?scadenza|scadenza|verval(?:datum)?|betalen voor|uiterste betaaldatum"
        r"|data de vencimento|vencimento|due",
    ),
    (0.6, r"netto bis|bis|until|charged on or after|on or after"),
)
OTHER_DATE = re.compile(
    r"(?<![a-z])(?:deliver[a-z]*|ship[a-z]*|order(?:ed)?|liefer[a-z-]*|leistungs[a-z-]*|bestell[a-z-]*|auftrag[a-z-]*"
    r"|livraison|commande|entrega|pedido|consegna|ordine|levering|bestelling|valid|expir[a-z]*|exp|gultig[a-z]*|birth"
    r"|arriv[a-z]*|depart[a-z]*|check[- ]?(?:in|out)|anreise|abreise|period[a-z]*|from|skonto|print[a-z]*|training"
    r"|customer since|member since|reg(?:istration)? date|zeitraum|flight)(?![a-z])"
)

_NUMBER_SIGN = r"(?:\s*(?:n(?:o|r|um|umber|umero|ummer|°|º)?|#|n[o°º]|num(?:ber|ero)?|nummer|id)\.?)"
INVOICE_NUMBER = _labels(
    (
        1.0,
        rf"(?:tax )?invoice{_NUMBER_SIGN}+|inv\.?{_NUMBER_SIGN}+|(?:handels|waren|schluss|teil)?rechnung(?:s-?)?{_NUMBER_SIGN}+"
        rf"|rg\.?-?{_NUMBER_SIGN}|re\.?-?nr\.?|facture{_NUMBER_SIGN}+|{_NUMBER_SIGN[4:-1]}\s+(?:de )?facture"
        rf"|n(?:umero|o|°|º)?\.? de facture|factura{_NUMBER_SIGN}+|n(?:umero|o|°|º)?\.? (?:de )?(?:la )?factura"
        rf"|fattura{_NUMBER_SIGN}+|numero fattura|factuur{_NUMBER_SIGN}+|factuurnummer|fatura{_NUMBER_SIGN}+"
        rf"|bill{_NUMBER_SIGN}+|credit note{_NUMBER_SIGN}+|gutschrift(?:s-?)?{_NUMBER_SIGN}+|tax inv\.? ?no\.?",
    ),
    (
        0.85,
        rf"receipt{_NUMBER_SIGN}+(?: ?no\.?:?)?|beleg-?{_NUMBER_SIGN}+|bon-?{_NUMBER_SIGN}+|ticket{_NUMBER_SIGN}+"
        rf"|document{_NUMBER_SIGN}+|doc\.?{_NUMBER_SIGN}+|order{_NUMBER_SIGN}+|contract{_NUMBER_SIGN}+"
        rf"|check{_NUMBER_SIGN}+|chk{_NUMBER_SIGN}*|folio{_NUMBER_SIGN}*|trans(?:action)?{_NUMBER_SIGN}+",
    ),
    (0.7, r"invoice|rechnung|facture|factura|fattura|factuur|fatura|korrekturrechnung|rechnungskorrektur"),
)
NOT_INVOICE_NUMBER = re.compile(r"(?<![a-z])(?:bestell|kunden|liefer|steuer|ust|telefon|konto|customer|account|vat|gst|tax id)")

SELLER = re.compile(
    r"(?<![a-z])(?:seller|verkaufer|lieferant|rechnungssteller|vendor|supplier|from|vendeur|emetteur|fournisseur|sold by"
    r"|vendedor|emisor|proveedor|venditore|fornitore|leverancier|verkoper|issued by|fornecedor|service provider"
    r"|rechnungsteller|leistungserbringer)(?![a-z])\s*:?"
)
BUYER = re.compile(
    r"(?<![a-z])(?:bill(?:ed)? to|sold to|ship to|invoice to|billing address|shipping address|customer|client|buyer"
    r"|recipient|deliver to|attn|to:|rechnungsempfanger|warenempfanger|kaufer|kunde|empfanger|rechnung an|lieferadresse"
    r"|leistungsempfanger|rechnungsadresse|lieferung an|acheteur|facture a|adresse de (?:facturation|livraison)|livre a"
    r"|destinataire|cliente|facturar a|comprador|destinatario|cessionario|klant|factuuradres|afleveradres|koper"
    r"|comprador|guest|mr|mrs|herr|frau|advertiser|agency|bill-to|payer)(?![a-z])"
)
LEGAL_FORM = re.compile(
    r"(?<![a-z])(?:gmbh(?: ?& ?co\.? ?k[go]a?)?|mbh|ag|kg|kgaa|ohg|ug|e\. ?k\.?|gbr|e\.v\.|inc\.?|llc|l\.l\.c\.|ltd\.?|limited|plc"
    r"|corp\.?|corporation|company|co\.|incorporated|sdn\.? ?bhd\.?|sdn|bhd\.?|s/b|pte\.?|pty\.?|pvt\.?|llp|lp|enterprises?|s\.?a\.?s?\.?"
    r"|s\.?a\.?r\.?l\.?|eurl|s\.?r\.?l\.?|s\.?p\.?a\.?|s\.?l\.?u?\.?|b\.?v\.?|n\.?v\.?|oyj?|ab|a/s|aps|asa?|sp\. ?z ?o\. ?o\.?"
    r"|s\.r\.o\.|d\.o\.o\.|kft|lda\.?|ltda\.?|trading|holdings?)(?![a-z])"
)
TRADE = re.compile(
    r"(?<![a-z])(?:restaurant|restoran|hotel|cafe|coffee|bakery|backerei|store|shop|supermarkt?|supermarket|market|markt|mart"
    r"|pharmacy|apotheke|bar|grill|kitchen|pizzeria|bistro|hardware|stationery|stationary|industries|services?|group"
    r"|verlag|versicherung|telecom|books?|mini ?market|motors?|electrical|food|drogerie|airlines?|inn|marriott)(?![a-z])"
)
TITLE = re.compile(
    r"^\W*(?:(?:tax|simplified|sales|commercial|proforma|customer|official|cash|original|duplicate) )*"
    r"(?:invoice|receipt|bill|order|statement|contract|copy|credit note|(?:handels|waren|schluss|korrektur)?rechnung"
    r"|quittung|kassenbon|beleg|gutschrift|facture|recu|ticket|factura|recibo|fattura|ricevuta|scontrino|factuur|bon"
    r"|fatura|kvitto|invoice ?/ ?receipt|welcome|thank you|page|seite)\b"
)
ADDRESS = re.compile(
    r"(?:\bstr\.|stra(?:ss|s|b)e?\b|\bstreet\b|\bst\.|\broad\b|\brd\b|\bavenue\b|\bave\b|\bblvd\b|\bboulevard\b|\bjalan\b"
    r"|\bjln\b|\bjl\b|\blot\b|\btaman\b|\bfloor\b|\brue\b|\bcalle\b|\bplaza\b|\bvia\b|\bplatz\b|\bweg\b|\bp\.?o\.? box\b"
    r"|\bno\.? ?\d|\b\d{4,6} [a-z]|\b[a-z]{2} \d{5}\b|\bselangor\b|\bkuala\b|\bjohor\b|\bsuite\b|\bunit \d)"
)
CONTACT = re.compile(
    r"(?:\btel\b|\btel[.:]|telephone|telefon|\bphone\b|\bfax\b|e-?mail|@|www\.|https?:|\.com\b|\.de\b|\bgst\b|\bvat\b|\breg\b"
    r"|\btax\b|\bust\b|steuer|\biban\b|\bbic\b|\bswift\b|\bsiret\b|\bsiren\b|\bcashier\b|\btable\b|\bserver\b|\bdate\b"
    r"|\bdatum\b|\btime\b|\bkasse\b|\bcopy\b|\bgln\b|geschaftsfuhrer|handelsregister|lieferadresse|stylesheet|\burn:)"
)

COLUMNS: dict[str, re.Pattern[str]] = {
    "description": re.compile(
        r"(?<![a-z])(?:desc(?:ription|r)?|item|items|product|service|article|artikel(?:bezeichnung)?|bezeichnung|beschreibung"
        r"|leistung|designation|libelle|descripcion|concepto|producto|descrizione|omschrijving|descricao|details"
        r"|particulars|name|code/desc|text)(?![a-z])"
    ),
    "quantity": re.compile(
        r"(?<![a-z])(?:qty|qnty|quantity|menge|anzahl|anz|quantite|qte|cantidad|cant|quantita|qta|aantal|quantidade|hours|units"
        r"|stuck|pcs)(?![a-z])"
    ),
    "unit_price": re.compile(
        r"(?<![a-z])(?:unit ?price|unit ?cost|price(?: ?/ ?unit)?|u ?/ ?price|rate|einzelpreis|e-?preis|netto ?preis|stuckpreis|preis"
        r"|prix(?: unitaire)?|p\.?u\.?|precio(?: unitario)?|prezzo(?: unitario)?|prijs|stukprijs|preco|list price)(?![a-z])"
    ),
    "amount": re.compile(
        r"(?<![a-z])(?:amount|total|line total|ext(?:ended)?(?: price)?|sum|gesamt(?:preis)?|betrag|netto ?wert|positions-?betrag"
        r"|summe|montant|total ht|importe|importo|bedrag|totaal|totale|valor|gross amount|charges)(?![a-z])"
    ),
}

INVOICE_WORDS = _labels(
    (3.0, r"invoice|rechnung(?:s[a-z-]*)?|facture|factura|fattura|factuur|fatura|[a-z]+rechnung|rechnungskorrektur"),
    (1.5, r"due date|bill to|invoice (?:no|date|number)|zahlbar|zahlungsziel|iban|payment terms|remit|amount due|ust-?id[a-z.-]*"
          r"|fallig[a-z]*|bic|skonto|purchase order|kunden-?(?:nr|nummer)"),
    (1.0, r"subtotal|balance due|customer|kunde|client|guest|folio|netto"),
)
RECEIPT_WORDS = _labels(
    (3.0, r"receipt|kassenbon|quittung|kassenbeleg|recu|recibo|scontrino|ricevuta|kvitto|kassabon|bon|paragon|cash bill"),
    (1.8, r"cash(?:ier)?|change|kasse|bar|gegeben|ruckgeld|mastercard|visa|kundenbeleg|terminal[a-z-]*|debit|tender(?:ed)?"
          r"|aid|approved|contactless|rendu|table|check|server|kassierer|beleg|bon-?nr|pos|tse|rounding|k-u-n-d-e-n-b-e-l-e-g"),
    (1.0, r"thank you|danke|vielen dank|merci|gracias|grazie|come again|goods sold|tip|trinkgeld|bediente|you were served"),
)
CONTRACT_WORDS = _labels(
    (3.0, r"agreement|contract|vertrag|vereinbarung|contrat|convention|contrato|acuerdo|contratto|accordo|overeenkomst|acordo"),
    (2.0, r"hereinafter|whereas|hereby|witnesseth|hereto|herein|thereof|governing law|in witness whereof|party|parties"
          r"|confidential(?:ity)?|vertragspartei(?:en)?|kundigung|nachstehend|ci-apres|les parties|en adelante|las partes"
          r"|le parti|partijen|as partes|undersigned|termination|obligations?|disclos(?:e|ing|ure)|terms and conditions"),
)
