"""The words that documents in English, German, French, Spanish, Italian, Dutch and Portuguese label their data with.

All patterns are matched against folded text (`layout.fold`): lower case, no accents.
"""

from __future__ import annotations

import re

from automateiq_ocr.extraction.alternatives import joined

_START, _END = r"(?<!\w)", r"(?!\w)"


def any_of(*patterns: str) -> re.Pattern[str]:
    """One pattern that finds any of these at word boundaries."""
    return re.compile(f"{_START}(?:{joined(patterns)}){_END}")


def either(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    """One pattern that finds where any of these, made by `any_of`, does: most rows have none, and are asked once."""
    return any_of(*(pattern.pattern.removeprefix(_START).removesuffix(_END) for pattern in patterns))


# --- amounts ---

TOTAL_TO_PAY = any_of(
    r"grand total", r"total due", r"(?:total )?amount due", r"balance due",
    r"total amount(?: due| payable)?", r"invoice (?:total|amount)", r"total (?:of )?invoice",
    r"amount payable", r"total payable", r"total to pay", r"amount to pay", r"to pay", r"please pay",
    r"nett? (?:total|payable|amount) payable", r"payable amount",
    r"total (?:amount )?(?:\(?incl\S*|after round\S*|rounded|with tax|inc\.? \S+)",
    r"round(?:ed|ing)? total", r"total sales? \(?incl\S*", r"total (?:rm|usd|eur|gbp|aud|cad|chf)",
    r"bill total", r"order total", r"total charged?", r"gesamtbetrag", r"rechnungs(?:gesamt)?betrag",
    r"rechnungsendbetrag", r"zahl(?:ungs)?betrag", r"endbetrag", r"end(?:summe|preis)",
    r"gesamt(?:summe|preis)?(?: inkl\S*| brutto)?", r"brutto(?:betrag|summe|gesamtbetrag)",
    r"zu (?:be)?zahlen(?:der betrag)?", r"zu zahlen", r"fallige[rn]? betrag", r"offener betrag",
    r"rechnungssumme", r"summe (?:eur|brutto|inkl\S*)", r"gesamtsumme", r"uberweisungsbetrag",
    r"forderungsbetrag", r"total t\.?t\.?c\.?", r"montant (?:total )?t\.?t\.?c\.?", r"net a payer",
    r"total a payer", r"a payer", r"montant (?:du|a payer|total)", r"prix total ttc", r"somme a payer",
    r"total general", r"total a pagar", r"importe total", r"total factura", r"total con iva", r"a pagar",
    r"total importe", r"totale (?:da pagare|fattura|documento|complessivo)", r"importo (?:totale|dovuto)",
    r"netto a pagare", r"totaal(?:bedrag)?(?: incl\S*)?", r"te (?:betalen|voldoen)", r"eindtotaal",
    r"factuurbedrag", r"totaal te betalen", r"valor (?:total|a pagar)", r"total geral", r"att betala",
    r"totalt(?: sek)?", r"gross total", r"total gross", r"do zaplaty", r"razem", r"suma pln",
)  # fmt: skip
TOTAL = any_of(
    r"total(?:e|es|s)?", r"to[tl1]al", r"summe", r"amount", r"betrag", r"tota[l1i]", r"som", r"suma",
    r"sum", r"gross", r"brutto", r"ttc",
)  # fmt: skip
SUBTOTAL = any_of(
    r"sub[\s-]?tota(?:l|al|le)s?(?: \(?excl\S*)?",
    r"total (?:before|without|excl\S*|ex\.?|net|taxable) ?\S*",
    r"net(?:t)?(?: total| amount| sales| value)?", r"total net(?: \S+)?", r"goods(?: total| value)?",
    r"taxable(?: amount)?", r"total sales? \(?excl\S*", r"amount before tax", r"sales total",
    r"total goods", r"total exc\S*", r"zwischensumme(?: netto)?",
    r"netto(?:betrag|summe|warenwert|gesamtbetrag|umsatz)?", r"summe netto", r"warenwert",
    r"gesamt(?:betrag|summe|preis)?,? ?\(?netto\)?", r"gesamt netto", r"nettogesamt\S*", r"positionssumme",
    r"steuer\S*grundlage", r"summe (?:der )?positionen", r"gesamtnetto\S*", r"total h\.?t\.?(?: net)?",
    r"sous[\s-]total(?: ht)?", r"montant (?:total )?(?:net )?h\.?t\.?", r"total hors taxes?",
    r"base (?:ht|imponible|imponibile)", r"hors taxes?", r"total net ht", r"total sin iva",
    r"importe neto", r"neto", r"imponibile", r"totale imponibile", r"totale netto", r"subtotaal",
    r"totaal excl\S*", r"total iliquido", r"summa", r"total bruto",
)  # fmt: skip
_VAT = (
    r"vat|v\.a\.t\.?|gst|hst|pst|qst|sst|i\.?g\.?s\.?t|c\.?g\.?s\.?t|s\.?g\.?s\.?t|mwst|m\.?w\.?st|ust|mehrwertsteuer"
    r"|ptu|kaibemaks|pvm|g\.s\.t|sst|gov tax"
    r"|umsatzsteuer|versicherungssteuer|tva|t\.v\.a|iva|i\.v\.a|igic|btw|b\.t\.w|moms|vax|mws|tps|tvq"
)
TAX = any_of(
    rf"(?:{_VAT})\.?", r"(?:sales |state |local |city |service |total |est\.? )?tax(?:es)?",
    r"steuer(?:betrag|n)?", r"steuersumme", r"taxe?s?", r"impuesto", r"imposta", r"imposto", r"belasting",
    r"\S*umsatzsteuer", r"\S*steuerbetrag",
)  # fmt: skip
TAX_SUM = any_of(
    rf"total (?:{_VAT}|tax(?:es)?)", rf"(?:{_VAT}|tax|steuer) ?-?(?:total|gesamt|summe|amount total)",
    r"tax total", r"total taxes", r"steuern? gesamt", r"gesamt(?:e)? (?:mwst|ust|steuer)\S*",
    r"summe (?:mwst|ust|steuer\w*)", r"steuergesamtbetrag", r"steuerbetrag gesamt",
    r"total (?:de la )?tva", r"totaal btw", r"totale iva", r"total iva", r"total (?:amount of )?tax",
    r"summe umsatzsteuer", r"gesamtsteuer\S*", r"suma ptu", r"moms totalt", r"montant (?:total )?(?:de la )?tva",
)  # fmt: skip
# "Total" beside one of these is no amount of money to pay.
NOT_AN_AMOUNT = any_of(
    r"(?:total )?(?:qty|quantity|items?|pieces?|units?|savings?|discount|points|weight|hours|menge|"
    r"anzahl)",
    r"total (?:no\.?|number) of.*", r"artikel", r"nombre", r"vous economisez", r"you saved?",
    r"sie sparen", r"rabatt", r"skonto", r"remise", r"deposit", r"acompte", r"anzahlung", r"sort code",
    r"account(?: no\S*| number)?", r"iban", r"bic", r"hrb", r"siret", r"capital(?: social)?",
    r"tel(?:\.|efon|ephone)?", r"fax", r"rate", r"page", r"seite", r"carried forward", r"brought forward",
    r"ubertrag", r"a reporter", r"report", r"previous(?: balance)?", r"late",
)  # fmt: skip
PAYMENT = any_of(
    r"cash", r"card", r"visa\S*", r"master\s?card", r"amex", r"debit", r"credit(?: card)?", r"eftpos",
    r"contactless", r"maestro", r"bar(?:zahlung)?", r"karte(?:nzahlung)?", r"ec[\s-]?(?:karte|cash)?",
    r"girocard", r"kreditkarte", r"zahlung", r"gegeben", r"especes", r"cb", r"carte(?: bancaire| bleue)?",
    r"efectivo", r"tarjeta", r"contanti", r"pin", r"bancontact", r"tender(?:ed)?", r"paid", r"payments?",
    r"amount paid", r"bezahlt", r"regle", r"kort", r"bankkort", r"received",
)  # fmt: skip
CHANGE = any_of(
    r"change(?: due)?", r"ruckgeld", r"wechselgeld", r"rendu", r"monnaie", r"cambio", r"resto",
    r"wisselgeld", r"zuruck", r"cash(?: tendered| received)?", r"tendered", r"gegeben", r"bar gegeben",
    r"tip", r"gratuity", r"rounding(?: adj\S*)?", r"round(?:ing)? ?(?:off|adj\S*|adjustment)", r"rundung",
    r"arrondi", r"balance (?:forward|brought.*)", r"(?:amount )?outstanding", r"vaxel",
)  # fmt: skip

# Still to be paid: nothing on a bill that was paid.
DUE = any_of(
    r"(?:total |net |current |new |remaining |outstanding )?(?:amount|balance) (?:due|payable|outstanding|owing)",
    r"(?:current |new |closing |remaining |outstanding )?balance", r"total due", r"amount to (?:be paid|pay)",
    r"please pay", r"to pay", r"zahlbetrag", r"falliger betrag", r"offener betrag", r"restbetrag", r"saldo",
    r"(?:noch )?zu (?:be)?zahlen(?:der betrag)?", r"uberweisungsbetrag", r"net a payer",
    r"(?:montant |reste )?(?:du|a payer)",
    r"solde(?: du)?", r"total a pagar", r"a pagar", r"pendiente(?: de pago)?", r"(?:netto|totale) (?:da|a) pagare",
    r"importo dovuto", r"te (?:betalen|voldoen)(?: bedrag)?", r"openstaand", r"valor a pagar", r"att betala",
    r"do zaplaty", r"at betale",
)  # fmt: skip
TIP = any_of(
    r"tip", r"gratuity", r"trinkgeld", r"pourboire", r"propina", r"mancia", r"fooi", r"gorjeta", r"dricks",
    r"napiwek", r"drikkepenge",
)  # fmt: skip
TIP_SUGGESTED = any_of(r"suggest\w*", r"\d+ ?%", r"guide", r"not included", r"vorschlag", r"empfehlung")
ROUNDING = any_of(
    r"round\w*(?: ?(?:adj\S*|off|diff\S*|amount))?", r"rundung\w*", r"arrondi\w*", r"redondeo", r"arrotondamento",
    r"afronding\w*", r"arredond\w*", r"oresavrundning", r"avrundning", r"afrunding", r"zaokraglenie", r"rnd(?:ing)?",
    r"\w*ounding", r"bill round\S*", r"pelarasan\w*",
)  # fmt: skip
DISCOUNT = any_of(
    r"discount\w*", r"disc\.?", r"rabatt\w*", r"remise", r"reduction", r"descuento", r"sconto", r"korting", r"desconto",
    r"coupon\w*", r"voucher", r"gutschein", r"savings?", r"you saved?", r"rabat", r"skonto", r"agency commission",
    r"commission",
)  # fmt: skip
# Taken off or put on, also in sum: "Gesamtbetrag der Abschläge".
ALLOWANCE = any_of(
    r"\w*abschlage?", r"\w*zuschlage?", r"\w*nachlass\w*", r"allowances?", r"surcharges?",
    r"total (?:discount|savings?)",
)  # fmt: skip
CASH = any_of(
    r"cash", r"(?:amount |cash )?tender(?:ed)?", r"(?:bar )?gegeben", r"bar(?:zahlung)?", r"especes", r"efectivo",
    r"contant[ie]?", r"gotowka", r"kontant", r"cash received", r"paid(?: amount)?", r"amount paid", r"dinheiro",
    r"tunai",
    r"received", r"rm (?:cash|tender)", r"cash payment",
)  # fmt: skip
CHANGE_BACK = any_of(
    r"change(?: due)?", r"ruckgeld", r"wechselgeld", r"zuruck", r"rendu", r"monnaie(?: rendue)?", r"cambio", r"resto",
    r"wisselgeld", r"terug", r"troco", r"vaxel", r"tillbaka", r"reszta", r"byttepenge", r"retur", r"baki",
)  # fmt: skip

# What names the currency that follows it.
CURRENCY_LABEL = re.compile(
    r"(?:currency|wahrung|devise|moneda|valuta|divisa|moeda|(?:amounts?|betrage?|prices?|montants?) (?:in|en))\W*$"
)
# Whose dollar "$" is, by what else stands on the page.
DOLLARS = {
    "HKD": any_of(r"hong kong", r"kowloon", r"hksar"),
    "CAD": any_of(
        # No cities: streets of the United States have their names.
        r"canada", r"hst", r"tvq", r"[abceghj-nprstvxy]\d[abceghj-nprstv-z] \d[abceghj-nprstv-z]\d",
    ),
    "AUD": any_of(r"australia", r"abn", r"pty", r"nsw", r"sydney", r"melbourne"),
    "NZD": any_of(r"new zealand", r"auckland"),
    "SGD": any_of(r"singapore", r"pte"),
}  # fmt: skip

# --- numbers ---

_NO = r"(?:numbers?|num\.?|no\.?|nos\.?|n[°ºo]\.?|nr\.?|nummer|#|num[ée]ro|id|code)"
NUMBER_STRONG = any_of(
    rf"(?:tax |vat |sales |commercial |proforma |pro forma )?invoice\s?-?{_NO}(?!\w)[\s:.#]*",
    r"inv(?:oice)?\.? ?(?:#|no\.?)", rf"rechnungs?\s?-?\s?(?:{_NO}|nr)", r"re\.?-?\s?nr\.?",
    r"rg\.?-?\s?nr\.?", rf"beleg-?\s?{_NO}", rf"gutschrifts?-?\s?{_NO}",
    r"rechnungskorrektur-?\s?(?:nr\.?|nummer)", r"korrekturrechnung\s?(?:nr\.?|nummer)",
    rf"(?:numero de |n[°ºo] (?:de )?)?facture\s?{_NO}",
    r"(?:numero de |n[°ºo]\.? (?:de |da |di )?)(?:la )?(?:facture|factura|fattura|fatura)",
    rf"factura\s?{_NO}", rf"fattura\s?{_NO}", rf"factuur\s?-?{_NO}", rf"fatura\s?{_NO}",
    rf"credit note\s?{_NO}", rf"statement\s?{_NO}", rf"bill\s?{_NO}", rf"document\s?{_NO}",
    rf"doc\.?\s?{_NO}",
)  # fmt: skip
NUMBER_RECEIPT = any_of(
    rf"(?:receipt|rcpt|recpt)\.?\s?{_NO}?", rf"(?:sales )?slip\s?{_NO}", rf"ticket\s?{_NO}?",
    rf"bon-?\s?{_NO}", rf"check\s?{_NO}", rf"chk\s?{_NO}?", rf"order\s?{_NO}",
    rf"trans(?:action)?\.?\s?{_NO}?", rf"bill\s?{_NO}?", rf"kassenbon\s?{_NO}", rf"beleg\s?{_NO}?",
    rf"folio\s?{_NO}?", rf"scontrino\s?{_NO}", rf"doc(?:ument)?\s?{_NO}", r"tax invoice",
    r"kvitto\s?(?:nr\.?)?", rf"reference\s?{_NO}?", rf"cash bill\s?{_NO}?",
)  # fmt: skip
NUMBER_HEADING = any_of(
    r"(?:tax |vat )?invoice", r"\w*rechnung", r"facture", r"factura", r"fattura", r"factuur", r"fatura",
    r"credit note", r"gutschrift", r"rechnungskorrektur", r"schlussrechnung", r"teilrechnung",
)  # fmt: skip
# Before "number", these make it another's.
NUMBER_OF_OTHERS = re.compile(
    r"(?:customer|client|account|order|your|votre|vos|ihre?|vostro|vuestra|su|uw|vossa|purchase|vat|gst|tax reg\w*"
    r"|kunden|company|table|original|zu|to|per|previous|bank|with)\s*$"
)

# --- dates ---

DATE_ISSUE_STRONG = any_of(
    r"(?:invoice|inv\.?|bill(?:ing)?|tax|issue|statement|document|doc\.?|receipt|credit note) ?(?:date|"
    r"dt)",
    r"date of (?:issue|invoice)", r"date (?:issued|of bill)", r"issued(?: on)?", r"rechnungs?-?\s?datum",
    r"beleg-?datum",
    r"gutschrifts?-?datum", r"fakturadatum", r"data wystawienia", r"data de emissao", r"ausstellungsdatum",
    r"re\.?-?datum",
    r"date (?:de |de la |d')?(?:facture|facturation|emission)",
    r"fecha (?:de )?(?:la )?(?:factura|emision|expedicion)",
    r"data (?:della |di |da )?(?:fattura|emissione|fatura|emissao|documento)", r"factuurdatum", r"dated",
    r"invoiced(?: on)?",
)  # fmt: skip
DATE_ISSUE = any_of(
    r"date",
    r"datum",
    r"fecha",
    r"data",
    r"le",
    r"du",
    r"vom",
    r"den",
    r"dat\.?",
    r"on",
    r"dt",
    r"date/time",
    r"heure",
)
DATE_DUE = any_of(
    r"(?:payment |invoice )?due(?: date| on| by)?", r"date due", r"due date",
    r"pay(?:able)? (?:by|before|until)", r"payment (?:due|date|by|deadline)", r"please pay by",
    r"remit (?:until|by|before)",
    r"to be paid by", r"falligkeit\S*", r"fallig(?: am| bis)?",
    r"zahlbar(?: \S+){0,3}? (?:bis|am)(?: zum| spatestens)?(?: zum)?",
    r"zahlungs(?:ziel|frist|termin)(?: bis)?", r"zahlbar bis(?: zum)?", r"(?:date d')?echeance",
    r"a (?:payer|regler) avant(?: le)?", r"(?:fecha de )?vencimiento", r"(?:data )?scadenza",
    r"verval(?:datum|t)", r"te betalen voor", r"(?:data de )?vencimento", r"uiterste betaaldatum",
    r"bis(?: spatestens)?(?: zum)?", r"date limite(?: de paiement)?", r"spatestens", r"prelevement le",
    r"debited on",
)  # fmt: skip
DATE_OTHER = any_of(
    r"(?:delivery|ship(?:ping|ped)?|order|service|supply|print(?:ed)?|start|end|expiry|expires|birth|"
    r"check-?(?:in|out)|arrival|departure|period|completion|po|valid|contract)(?: date| on)?",
    r"liefer\S*", r"leistungs\S*", r"bestell\S*", r"auftrags?\S*", r"liefertermin", r"geburts\S*",
    r"zeitraum", r"abrechnungszeitraum", r"anreise", r"abreise",
    r"(?:date )?(?:de )?(?:livraison|commande|fin de chantier)", r"devis", r"fin", r"debut", r"periode",
    r"entrega", r"pedido", r"consegna", r"besteldatum", r"leverdatum", r"from", r"to", r"von", r"until",
    r"through", r"seit", r"since", r"valid until", r"skonto", r"exp\.?", r"quoted(?: on)?", r"mandat\S*",
    r"warranty", r"ab",
)  # fmt: skip

# What a period of time is called; the first ones say plainly that the document is about it.
PERIOD = any_of(
    r"(?:order |contract )?flight(?: dates?)?", r"schedule(?:d)? dates?", r"contract (?:dates?|period)",
    r"(?:service|billing|statement|usage|rental|subscription|charge) (?:period|dates?)", r"for the period(?: of)?",
    r"leistungs-?zeitraum", r"liefer-?/?leistungszeitraum", r"abrechnungs-?zeitraum", r"rechnungszeitraum",
    r"verbrauchszeitraum", r"periode(?: de (?:facturation|service))?", r"periodo(?: (?:de|di) \w+)?", r"factuurperiode",
    r"zeitraum", r"okres", r"dates", r"run dates?",
)  # fmt: skip
PERIOD_WEAK = any_of(
    r"invoice period", r"period", r"stay", r"aufenthalt", r"sejour", r"between", r"from", r"von", r"du"
)

# --- parties ---

ISSUER = any_of(
    r"from", r"issued by", r"seller", r"vendor", r"supplier", r"sold by", r"issuer", r"remit(?:tance)? to",
    r"make (?:all )?(?:checks?|cheques?) payable to", r"payable to", r"service provider", r"provider",
    r"rechnungse?r?steller", r"verkaufer", r"lieferant", r"absender", r"aussteller", r"auftragnehmer",
    r"emetteur", r"fournisseur", r"vendeur", r"emis par", r"emisor", r"proveedor", r"vendedor",
    r"fornitore", r"emittente", r"cedente", r"leverancier", r"fornecedor", r"emitente",
    r"zahlungsempfanger",
)  # fmt: skip
_STRONG_FORM = (
    r"ltd|limited|llc|llp|inc|corp|corporation|plc|pty|gmbh|mbh|ag|kg|ohg|gbr|kgaa|sarl|sas|eurl|s\.l|s\.l\.u"
    r"|s\.r\.l|srl|s\.p\.a|b\.v|bv|n\.v|s[du0]n\.? ?[b38][hn][d0]|s/b|pte|oy|aps|sp\.? z o\.?o|uab|lda|a\.g"
    r"|e\.v|oyj|asa"
)
STRONG_FORM = re.compile(rf"(?<!\w)(?:{_STRONG_FORM})(?:\.|(?!\w))")
LEGAL_FORM = re.compile(
    rf"(?<!\w)(?:{_STRONG_FORM}|incorporated|e\.?k|se|ug|sasu|s\.?a|s\.?a\.?s|s\.a\.r\.l|s\.?l|spa|nv|v\.o\.f|bhd"
    r"|company|co|ab|a/s|as|s\.c|ou|enterprise|trading)(?:\.|(?!\w))"
)
# No name of an issuer has these words; they belong to addresses, titles and labels.
NO_NAME = re.compile(
    r"@|www\.|https?:|^\W*$|^\d|\d{4,}|(?<!\w)(?:tel|fax|phone|telefon|tax invoice|invoice|\w*rechnung|facture"
    r"|factuur|paragon|k[vy]itto|www|\w*adres|address|anschrift|receipt|page|seite|date|datum|street|road|jalan|jln|lot|\w*strasse|\w*str\.|platz|avenue"
    r"|rue|taman|total|welcome|thank|order|table|bill|statement|iban|bic|dear|copy|original|duplicate|kopie|customer"
    r"|kundenbeleg|agreement|contract|vat|gst|ust|sehr geehrte|cash|description|menge|attn|reprint|amount|account"
    r"|bank|nummer|anschrift|server|cashier|guest|check|confidential|po box|hours|opening)(?!\w)"
)
TAX_ID = any_of(
    r"vat(?: reg\S*)?(?: registration)? ?(?:no|number|id|nr)\S*", r"ust-?id\S*", r"ust\.?-?id\S*",
    r"steuer-?(?:nr|nummer)\S*", r"siret", r"siren", r"rcs", r"gst(?:in)?(?: id| reg\S*)?(?: no)?", r"abn",
    r"hrb", r"amtsgericht", r"registered (?:in|office|no)", r"company (?:reg\S*|no|number)",
    r"co\.? ?(?:reg|no)\S*", r"n\.?i\.?f", r"c\.?i\.?f", r"p\.? ?iva", r"partita iva", r"kvk",
    r"btw(?:-?nr|-?nummer)?", r"tva (?:intra\S*)?", r"st\.?-?nr\S*", r"reg\.? ?no", r"geschaftsfuhr\S*",
    r"sitz der gesellschaft", r"tax id", r"ein", r"nip", r"org\.?(?:nr| ?nummer)\S*", r"vorstand",
    r"handelsregister",
)  # fmt: skip

# --- kinds of documents ---

INVOICE_WORDS = any_of(
    r"(?:tax )?invoice", r"\w*rechnung", r"rechnungssumme\S*", r"steuerbetrag", r"umsatzsteuer\S*",
    r"nettobetrag", r"zahlbetrag", r"rechnungs-korrektur", r"rechnungsempfanger", r"rechnungsbetrag",
    r"sold to", r"subtotal", r"montant ht", r"total ttc", r"facture", r"factura", r"fattura", r"factuur",
    r"fatura", r"rechnungs?(?:nummer|nr|datum)\S*", r"invoice (?:no|number|date|to)\S*", r"bill to",
    r"credit note", r"gutschrift", r"rechnungskorrektur", r"due date", r"beleg-?n\S*", r"amount due",
    r"payment terms", r"zahlbar", r"iban", r"statement", r"remit to", r"kundennummer",
)  # fmt: skip
INVOICE_ONLY = any_of(
    r"iban", r"due date", r"payment terms", r"zahlbar", r"bill to", r"sold to", r"invoice to", r"zahlbetrag",
    r"rechnungssumme", r"kaufer", r"remit to", r"rechnungsnummer",
)  # fmt: skip
RECEIPT_WORDS = any_of(
    r"receipt", r"cash", r"change", r"cashier", r"card", r"thank you", r"come again", r"ticket",
    r"kassenbon", r"bon", r"beleg", r"quittung", r"visa", r"mastercard", r"debit", r"bar", r"terminal",
    r"till", r"server", r"recu", r"ticket de caisse", r"merci de votre visite", r"scontrino", r"recibo",
    r"bonnummer", r"kvitto", r"table", r"tbl", r"guests?", r"approved", r"auth(?: code)?", r"aid",
    r"kasse", r"kassierer", r"vielen dank", r"merci", r"danke", r"exchange", r"goods sold", r"contactless",
    r"kundenbeleg", r"tse\S*", r"carte bancaire", r"pos", r"eftpos", r"grazie", r"gracias", r"rounding\S*",
    r"tendered",
)  # fmt: skip
CONTRACT_WORDS = any_of(
    r"agreement", r"this agreement", r"hereinafter", r"whereas", r"hereby", r"the parties", r"party",
    r"parties", r"governing law", r"in witness whereof", r"termination", r"confidential\w*", r"liability",
    r"shall", r"contract", r"vertrag", r"vertragspartei(?:en)?", r"contrat", r"les parties", r"contrato",
    r"las partes", r"contratto", r"le parti", r"overeenkomst", r"partijen", r"kundigung", r"haftung",
    r"gerichtsstand", r"mietvertrag", r"undersigned", r"executed", r"effective date", r"jurisdiction",
    r"obligations",
)  # fmt: skip
CONTRACT_TITLE = any_of(
    r"\w+ agreement", r"agreement", r"contract", r"\w*vertrag", r"vereinbarung", r"contrat(?: \w+)*",
    r"contrato(?: \w+)*", r"contratto(?: \w+)*", r"overeenkomst", r"lease", r"non-?disclosure(?: \w+)*",
)  # fmt: skip
CREDIT_TITLE = any_of(
    r"credit (?:note|memo|invoice)", r"(?:rechnungs-?korrektur|korrekturrechnung|stornorechnung|storno)",
    r"gutschrift(?! \(selbst)", r"avoir", r"facture d'avoir", r"nota de credito", r"factura rectificativa",
    r"abono",
    r"nota di credito", r"credit-?nota", r"kreditfaktura", r"kreditnota", r"faktura korygujaca",
    r"refund receipt",
)  # fmt: skip
ORDER_TITLE = any_of(
    r"purchase order", r"sales order", r"work order", r"(?:confirmed )?order(?: confirmation| form| details?)?",
    r"bestellung", r"auftragsbestatigung", r"bon de commande", r"orden de compra", r"pedido", r"inkooporder",
    r"ordine(?: d'acquisto)?", r"ordem de compra", r"zamowienie", r"orders?",
)  # fmt: skip
STATEMENT_TITLE = any_of(
    r"(?:account |bank |monthly |customer )?statement(?: of account)?", r"kontoauszug",
    r"releve(?: de compte)?",
    r"extracto(?: de cuenta)?", r"estado de cuenta", r"estratto conto", r"rekeningoverzicht",
    r"rekeningafschrift",
    r"extrato(?: de conta| bancario)?", r"kontoutdrag", r"wyciag(?: bankowy)?",
)  # fmt: skip
