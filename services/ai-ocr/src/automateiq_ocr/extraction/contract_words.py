"""The words by which contracts are built: who, between whom, from when, for how long, under which law.

English first; German, French and Spanish where their contracts are built alike. Patterns named `..._FOLDED` are
matched against folded text (`layout.fold`), the others against the text as printed, since names live from capitals.
"""

from __future__ import annotations

import re

# A company's name ends with its legal form; what follows it is no longer the name (ISO 20275 lists such forms).
_FORMS = (
    r"inc|incorporated|llc|l\.l\.c|llp|l\.l\.p|lp|l\.p|plc|p\.l\.c|ltd|limited|corp|corporation|co|company|n\.?a"
    r"|p\.?c|gmbh|ag|kg|kgaa|ohg|ug|gbr|se|e\.?v|e\.?k|sarl|s\.a\.r\.l|s\.?a\.?r\.?l|sas|s\.a\.s|s\.?a|sasu|s\.?l"
    r"|s\.l\.u|s\.?p\.?a|s\.?r\.?l|b\.?v|n\.?v|ab|oy|oyj|a/s|aps|as|pty|pte|sdn|bhd|kk|lda|ltda|holdings?|group|trust"
    r"|bank|foundation|stiftung|university"
)
LEGAL_FORM = re.compile(rf"(?:{_FORMS})\.?", re.IGNORECASE)
# Forms that are written without a full stop: one behind them ends the sentence.
UNDOTTED = re.compile(
    r"GmbH|AG|KG|KGaA|OHG|UG|LLC|LLP|LP|PLC|plc|SE|SAS|SARL|SL|SA|AB|Oy|BV|NV|Limited|Company|Corporation"
)
# These are often words within a name ("Holdings, Inc.", "Bank of Example"): a name may go on after them.
MIDDLE_FORM = re.compile(
    r"(?:limited|corp|corporation|co|company|holdings?|group|trust|bank|foundation|stiftung|university|se|as|ab|sa|na"
    r"|pc|sl|ag|kg)\.?",
    re.IGNORECASE,
)
# Small words inside a name, taken where a capital follows.
LINK = re.compile(r"(?:of|de|del|du|des|la|le|les|von|vom|van|der|den|da|do|dos|for|für|y|e|the|zu|zum|am)")
# "and" inside a name: before these only, elsewhere it parts two names.
PARTNER = re.compile(
    r"(?:company|co|sons?|associates|partners|brothers|daughters|söhne|fils|hijos|cie)\W*", re.I
)

# Words that stand for a party without being its name, and placeholders of forms.
ROLE_FOLDED = re.compile(
    r"(?:the |der |die |das |le |la |el )?(?:company|employee|employer|executive|seller|buyer|purchaser|recipient"
    r"|receiving party|disclosing party|discloser|provider|client|customer|contractor|consultant|supplier|vendor"
    r"|lessor|lessee|landlord|tenant|licensor|licensee|party|parties|other party|each party|undersigned|you|we|us|i|me"
    r"|its|name|title|date|by|state|authorized person|x{2,}|agreement|director|corporation|auftraggeber\w*"
    r"|auftragnehmer\w*|verkaufer\w*|kaufer\w*|vermieter\w*|mieter\w*|arbeitgeber\w*|arbeitnehmer\w*|kunde|anbieter\w*"
    r"|parteien|vertragspartner\w*|client|prestataire|vendeur|acheteur|bailleur|locataire|comprador\w*|vendedor\w*"
    r"|confidential information|effective date)"
)
BETWEEN_FOLDED = re.compile(
    r"(?<!\w)(?:by and (?:between|among)|between and among|between|among|zwischen|entre(?: les soussignes)?)(?!\w) ?:?"
    r"|(?<!\w)by(?= (?:[^.]|\.(?! [a-z])){3,200} in favou?r of )|(?<!\w)parties ?:?(?= \(?(?:1|i|a)[).] )"
)
# What the sentence must be about for its "between" to part the parties of this paper.
AGREEMENT_FOLDED = re.compile(
    r"(?<!\w)(?:agreement|contract|amendment|addendum|lease|memorandum of understanding|deed|\w*vertrag|vereinbarung"
    r"|contrat|accord|convention|avenant|contrato|acuerdo|convenio)(?!\w)"
)
THIS_PAPER_FOLDED = re.compile(
    r"(?<!\w)(?:this|the following|dieser?|der folgende|le present|la presente|el presente)\s[^.]{0,120}?"
    rf"{AGREEMENT_FOLDED.pattern}"
)
MADE_FOLDED = re.compile(
    r"(?<!\w)(?:made|entered|dated|executed|effective|concluded|is between|geschlossen|abgeschlossen|conclu|celebrado"
    r"|suscrito|wird|folgender|following)(?!\w)"
)
# Another paper that is only spoken of.
OTHER_PAPER_FOLDED = re.compile(
    r"(?<!\w)(?:that certain|pursuant to|reference is made|as defined in|set forth in|parties to)"
)
# Where the list of the parties is over.
PARTIES_END_FOLDED = re.compile(
    r"(?<!\w)(?:whereas|recitals?|witnesseth|background|now,? therefore|in consideration|agree as follows"
    r"|with (?:respect|reference) to|in connection with|regarding|is entered into|are entered into|under the following"
    r"|to assure|sets? forth|hereby agree|praambel|wird folgend\w*|uber (?:die|den|das)|il a ete convenu|preambule"
    r"|exponen|manifiestan|collectively referred|together referred)(?!\w)"
)
_AND = r"(?:and|und|et|y|in favou?r of)"
PART_FOLDED = re.compile(rf"[,;]?\s+(?:[-–]\s?)?{_AND}(?:\s?[-–])?\s+|[)\]]\s*[,;]\s*(?:{_AND}\s+)?|;\s+")
# "(the "Company")", "(nachfolgend „Auftraggeber“)", "(ci-après « le Client »)": a name given in brackets.
GIVEN = re.compile(r"\s*,?\s*[(\[][^()\[\]]{0,90}?[“\"„«'‘][^”\"“»'’]{1,60}[”\"“»'’]")
FORM_OF = re.compile(
    r"\s*,?\s*(?:an?|une?|eine?|una?)\s+(?:[\w.-]+\s+){0,5}"
    r"(?:corporation|company|partnership|trust|bank|association|individual|resident|société|sociedad|gesellschaft)",
    re.I,
)
UNDERSIGNED = re.compile(
    r"\s*(?:[-–,] |[(\[]?(?:i{1,3}|\d|[a-d])[)\].]\s+|(?:the )?undersigned,?\s+|der |die |dem |the firm |la société |"
    r"(?:mr|mrs|ms|herrn?|frau|m|mme)\.?\s+)*",
    re.I,
)

SALUTATION_FOLDED = re.compile(
    r"\W*(?:dear (?:[\w.,'-]+ ){0,4}[\w.,'-]+ ?|(?:ladies (?:and|&) )?gentlemen|ladies|to whom it may concern"
    r"|sehr geehrte.*|madame, monsieur|messieurs|mesdames.*|estimad[oa]s?.*|muy senor.*)\W*"
)
SIGNED_FOLDED = re.compile(
    r"in witness whereof|very truly yours|sincerely|yours (?:truly|faithfully)|agreed (?:to )?and accepted"
    r"|accepted and agreed|confirmed and agreed|by ?: ?(?:/s/|_)|unterschrift|fait a |hochachtungsvoll"
)

MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|januar|februar|marz|mai"
    "|juni|juli|oktober|dezember|janvier|fevrier|mars|avril|juin|juillet|aout|septembre|octobre|novembre|decembre"
    "|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
EFFECTIVE_NAME_FOLDED = re.compile(
    r"[“\"„«'‘ ](?:effective date|commencement date|date of agreement)[”\"“»'’ )]"
)
DATED_FOLDED = re.compile(
    r"(?<!\w)(?:(?:made|dated|entered into|executed|effective|is effective|concluded)(?: (?:and|on|in|into|as|of"
    r"|effective|entered|made|executed|dated|by))*(?: this| the)?|as of(?: this| the)?|this|vom|am|datiert|en date du"
    r"|le|conclu le|fecha|a|el|dated:?)\W*$"
)
SIGNING_DATE_FOLDED = re.compile(r"(?<!\w)(?:dated?|datum|fecha|le|den)\W{0,3}$")

NUMBER_WORDS = {
    word: number
    for number, words in {
        1: "one a an first ein eine einem einen un une uno una",
        2: "two second zwei deux dos",
        3: "three third drei trois tres",
        4: "four fourth vier quatre cuatro",
        5: "five fifth funf cinq cinco",
        6: "six sixth sechs seis",
        7: "seven seventh sieben sept siete",
        8: "eight eighth acht huit ocho",
        9: "nine ninth neun neuf nueve",
        10: "ten tenth zehn dix diez",
        12: "twelve zwolf douze doce",
        15: "fifteen funfzehn quinze quince",
        18: "eighteen achtzehn dix-huit dieciocho",
        20: "twenty zwanzig vingt veinte",
        24: "twenty-four vierundzwanzig vingt-quatre veinticuatro",
        30: "thirty dreissig trente treinta",
        36: "thirty-six sechsunddreissig trente-six",
        48: "forty-eight",
        60: "sixty sechzig soixante sesenta",
        90: "ninety neunzig",
    }.items()
    for word in words.split()
}
UNITS = {
    "year": "years", "years": "years", "anniversary": "years", "jahr": "years", "jahre": "years",
    "jahren": "years", "jahres": "years", "an": "years", "ans": "years", "annee": "years", "annees": "years",
    "ano": "years", "anos": "years", "month": "months", "months": "months", "monat": "months",
    "monate": "months", "monaten": "months", "mois": "months", "mes": "months", "meses": "months",
    "week": "weeks", "weeks": "weeks", "wochen": "weeks", "semaines": "weeks", "semanas": "weeks",
    "day": "days", "days": "days", "tage": "days", "tagen": "days", "jours": "days", "dias": "days",
}  # fmt: skip
_NUMBERS = "|".join(sorted(map(re.escape, NUMBER_WORDS), key=len, reverse=True))
_UNITS = "|".join(sorted(UNITS, key=len, reverse=True))
DURATION_FOLDED = re.compile(
    rf"(?<![\w.])(?:(?P<word>{_NUMBERS})|(?P<digits>\d{{1,3}}))[\s-]{{0,3}}"
    rf"(?:[(\[]\s*(?P<again>\d{{1,3}})\s*[)\]])?[\s-]{{0,3}}"
    rf"(?:(?:calendar|full|consecutive|volle[nr]?|weitere[nr]?)\s)?(?P<unit>{_UNITS})(?!\w)"
)

LAW_FOLDED = re.compile(
    r"(?<!\w)(?:governed|construed|interpreted|enforced|subject|applie[sd]|governing law|applicable law|choice of law"
    r"|unterliegt|gilt|anwendbar\w*|regi[es]?|soumis|droit applicable|se rige|regira|ley aplicable)(?!\w)"
)
_OF_A_STATE = (
    r"(?:the |der |des |den |l'|la |el |los )?(?:(?:u\.?s\.? )?(?:state|commonwealth|province|republic|kingdom"
    r"|territory|federal republic|bundesrepublik|republik|schweizerischen eidgenossenschaft|confederation|republique"
    r"|royaume|reino|republica|estado) (?:of |de |du |d')?(?:the )?)?"
)
# What follows is the place whose law it is.
LAW_OF_FOLDED = re.compile(
    rf"(?<!\w)(?:laws? (?:of|in force in)|(?:and )?not the law of conflicts,? of) {_OF_A_STATE}"
    rf"|(?<!\w)recht (?:der|des|von) {_OF_A_STATE}"
    rf"|(?<!\w)(?:droit|lois?) (?:de|du|des) {_OF_A_STATE}|(?<!\w)(?:ley|leyes|derecho) (?:del?) {_OF_A_STATE}"
)
# Capitals that are no part of the place, in clauses printed in capitals throughout.
AFTER_PLACE_FOLDED = re.compile(
    r"(?:applicable|without|excluding|other|as|regardless|except|in|for|shall|to|which|with|including|state|and|y|und"
    r"|unter|sous|sans|sin|irrespective|that|this|each|the|governing|conflicts?)\W*"
)
NOT_THE_LAW_FOLDED = re.compile(
    r"(?:other than|application of|conflicts?|courts?|copyright|securities)[\w ,]{0,25}$"
)
ADJECTIVE_LAW_FOLDED = re.compile(
    r"(?<!\w)(?:(?P<de>deutsch|osterreichisch|schweizer(?:isch)?)e[mns]?s? recht"
    r"|(?:droit|loi) (?P<fr>francaise?|belge|suisse|luxembourgeoise?)"
    r"|(?:ley|legislacion|derecho) (?P<es>espanola?|mexicana?|argentina?)"
    r"|(?P<en>english|german|french|swiss|dutch|irish|scottish|austrian|spanish|italian) law)(?!\w)"
)

RENEWAL_FOLDED = re.compile(
    r"(?<!\w)(?:renew(?:s|ed|al|als|able)?|automatically (?:be )?extend\w*|extended for (?:an )?additional"
    r"|verlangert sich|verlangerung|stillschweigend|tacite reconduction|renouvel\w+|reconduit\w*|prorrog\w+"
    r"|renovar\w*|renueva)(?!\w)"
)
