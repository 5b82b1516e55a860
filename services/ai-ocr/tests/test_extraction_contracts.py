"""Contracts: parties, first day, term, renewal and governing law, one habit of drafting a test."""

import pytest
from automateiq_ocr.extraction.contracts import Contract, find_contract
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.evidence import stands_on
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.recognition.models import Page
from extraction_deeds import set_page
from hypothesis import given, settings
from hypothesis import strategies as st


def contract_of(*pages: Page) -> Contract:
    """What the pages say, after the proof that every value stands on them."""
    layout = lay_out(pages)
    found = find_contract(pages, layout)
    single = (found.effective_date, found.term, found.governing_law, found.renewal)
    for field in (*found.parties, *(field for field in single if field is not None)):
        assert stands_on(field, pages, layout), field
    return found


def names(contract: Contract) -> list[str]:
    return [party.value for party in contract.parties]


# --- parties ---


def test_the_preamble_names_the_parties_and_their_descriptions_are_no_names() -> None:
    contract = contract_of(
        set_page(
            "SERVICES AGREEMENT",
            "",
            'This Services Agreement (the "Agreement") is made as of May 4, 2021, by and between Quillfeather',
            "Bindery, Inc., a Delaware corporation with offices at 12 Mill Lane, Dover, DE 19901 (the",
            '"Company"), and Thistlewick & Sons LLC, an Ohio limited liability company ("Supplier").',
            "The Company and Acme Paper Corp. have worked together before.",
        )
    )
    assert names(contract) == ["Quillfeather Bindery, Inc.", "Thistlewick & Sons LLC"]


def test_three_parties_and_a_person() -> None:
    contract = contract_of(
        set_page(
            "This Agreement is entered into on 3 March 2020 by and among Alder Mills Ltd (“Alder”), Birch Inks",
            "GmbH, Hafenstrasse 1, 20457 Hamburg (“Birch”), and Rowan P. Hathaway, an individual residing in",
            "Leeds (“Hathaway”).",
        )
    )
    assert names(contract) == ["Alder Mills Ltd", "Birch Inks GmbH", "Rowan P. Hathaway"]


@pytest.mark.parametrize(
    ("rows", "parties"),
    [
        (
            (
                "THIS AGREEMENT is dated 5 May 2020",
                "PARTIES",
                "(1) ALDER MILLS LIMITED, a company incorporated in England whose registered office is in Leeds",
                "(the Discloser); and",
                "(2) BIRCH INKS PLC, whose registered office is at 2 Ink Road, York (the Recipient).",
            ),
            ["ALDER MILLS LIMITED", "BIRCH INKS PLC"],
        ),
        (
            (
                "This Agreement made as of the 3rd day of June, 2014,",
                "BETWEEN:",
                "ALDER MILLS INC.",
                '(hereinafter called the "Company")',
                "- and -",
                "BIRCH INKS LLC",
                '(hereinafter called the "Recipient")',
            ),
            ["ALDER MILLS INC.", "BIRCH INKS LLC"],
        ),
        (
            (
                "This Agreement is entered into as of May 1, 2010, by and between Smith and Wolfram Holding",
                "Corporation, a Nevada corporation (“SWH”), and Procter & Gable Company (“PG”).",
            ),
            ["Smith and Wolfram Holding Corporation", "Procter & Gable Company"],
        ),
        (
            (
                "This Confidentiality Agreement is made as of April 2, 2012 by Birch Inks LLC, a Delaware limited",
                "liability company (“Recipient”), in favor of Alder Mills, Inc., a Delaware corporation.",
            ),
            ["Birch Inks LLC", "Alder Mills, Inc."],
        ),
        (
            (
                "ENTRE LES SOUSSIGNÉS :",
                "La société Papeterie du Lac, SARL, dont le siège est à Annecy, D'UNE PART,",
                "ET La société Imprimerie Morel, SAS, D'AUTRE PART,",
            ),
            ["Papeterie du Lac, SARL", "Imprimerie Morel, SAS"],
        ),
    ],
)
def test_other_ways_of_listing_the_parties(rows: tuple[str, ...], parties: list[str]) -> None:
    assert names(contract_of(set_page(*rows))) == parties


def test_a_blank_in_a_form_is_no_party() -> None:
    contract = contract_of(
        set_page(
            "This Confidentiality Agreement is made this ___ day of ________, 20__ between Marlow Grain Inc., a",
            "Texas corporation (the “Company”), and ______________ (the “Employee”).",
        )
    )
    assert names(contract) == ["Marlow Grain Inc."]
    assert contract.effective_date is None


def test_a_letter_agreement_binds_its_writer_and_its_addressee() -> None:
    contract = contract_of(
        set_page(
            "Marlow Grain Inc.",
            "12 Silo Road",
            "Amarillo, TX 79101",
            "January 30, 2013",
            "Hollis Freight LLC",
            "Attention: Dana Hollis",
            "Dear Ms. Hollis:",
            "In connection with your interest in a possible transaction involving Marlow Grain Inc. (the",
            "“Company”), Hollis Freight LLC (“Hollis”) agrees to keep all information confidential. The Company",
            "is advised by Stone Advisers LLC. This letter agreement shall be governed by the law of the State of",
            "Texas.",
            "Very truly yours,",
            "Marlow Grain Inc.",
            "By: /s/ Robin Marlow",
            "Accepted and agreed:",
            "Hollis Freight LLC",
            "By: /s/ Dana Hollis",
        )
    )
    assert sorted(names(contract)) == ["Hollis Freight LLC", "Marlow Grain Inc."]
    assert all("named_in_signed" in party.checks for party in contract.parties)
    assert contract.effective_date is not None
    assert contract.effective_date.value == "2013-01-30"
    assert contract.governing_law is not None
    assert contract.governing_law.value == "Texas"


def test_the_parties_of_another_paper_are_not_those_of_this_one() -> None:
    contract = contract_of(
        set_page(
            "This Amendment is made as of June 1, 2019 between Alder Mills Ltd and Birch Inks GmbH. Reference is made",
            "to that certain Supply Agreement dated as of May 2, 2011 by and between Rowan Foods Inc. (“Rowan”) and",
            "Hollis Freight LLC (“Hollis”).",
        )
    )
    assert names(contract) == ["Alder Mills Ltd", "Birch Inks GmbH"]
    assert contract.effective_date is not None
    assert contract.effective_date.value == "2019-06-01"


def test_a_signature_under_the_name_makes_a_party_surer() -> None:
    preamble = "This Agreement is made on 3 March 2020 between Alder Mills Ltd (“Alder”) and Birch Inks GmbH (“Birch”)."
    signed = ("IN WITNESS WHEREOF the parties have signed.", "Alder Mills Ltd", "By: Jo Alder")
    (alder, birch) = contract_of(set_page(preamble, *["Some clause."] * 6, *signed)).parties
    assert alder.confidence > birch.confidence


@pytest.mark.parametrize(
    ("rows", "parties"),
    [
        (
            (
                "Dienstleistungsvertrag",
                "Dieser Vertrag wird am 5. März 2022 geschlossen zwischen",
                "Mühlbach Papier GmbH, Uferweg 3, 50667 Köln (nachfolgend „Auftraggeber“)",
                "und",
                "Sonja Krantz (nachfolgend „Auftragnehmerin“).",
            ),
            ["Mühlbach Papier GmbH", "Sonja Krantz"],
        ),
        (
            (
                "CONTRAT DE PRESTATION",
                "Le présent contrat est conclu le 5 mars 2022 entre Papeterie du Lac SARL, au capital de 10 000 €",
                "(ci-après « le Client »), et Imprimerie Morel SAS (ci-après « le Prestataire »).",
            ),
            ["Papeterie du Lac SARL", "Imprimerie Morel SAS"],
        ),
        (
            (
                "CONTRATO DE SERVICIOS",
                "El presente contrato se celebra el 5 de marzo de 2022 entre Papeles del Sur S.L. (el “Cliente”) y",
                "Imprenta Gómez S.A. (el “Proveedor”).",
            ),
            ["Papeles del Sur S.L.", "Imprenta Gómez S.A."],
        ),
    ],
)
def test_other_languages_build_it_alike(rows: tuple[str, ...], parties: list[str]) -> None:
    contract = contract_of(set_page(*rows))
    assert names(contract) == parties
    assert contract.effective_date is not None
    assert contract.effective_date.value == "2022-03-05"


# --- the first day ---

BETWEEN = "between Alder Mills Ltd (“Alder”) and Birch Inks GmbH (“Birch”)."


@pytest.mark.parametrize(
    "row",
    [
        f"THIS AGREEMENT is made and entered into this 5th day of March, 2012 by and {BETWEEN}",
        f"This Agreement, made this 5 th day of March , 2012, is {BETWEEN}",
        f"This Agreement, dated as of March 5, 2012 (this “Agreement”), is {BETWEEN}",
        f"This Agreement is dated as of March 5, 2012 (the “Effective Date”) and is {BETWEEN}",
        f"This Agreement is {BETWEEN} It is effective as of March 5, 2012 (the “Effective Date”).",
        f"This Agreement, dated 5 March 2012, is {BETWEEN} It replaces the agreement dated January 9, 2009.",
    ],
)
def test_the_day_of_the_preamble(row: str) -> None:
    found = contract_of(set_page(row)).effective_date
    assert found is not None
    assert found.value == "2012-03-05"


def test_without_another_day_the_last_signature_counts_with_doubt() -> None:
    body = ["A clause about paper, ink and their delivery."] * 8
    signatures = ("Alder Mills Ltd   Birch Inks GmbH", "Date: October 20, 2007   Date: October 28, 2007")
    found = contract_of(set_page(f"This Agreement is {BETWEEN}", *body, *signatures)).effective_date
    assert found is not None
    assert found.value == "2007-10-28"
    assert found.confidence < 0.7


# --- term, renewal, law ---


@pytest.mark.parametrize(
    ("clause", "term"),
    [
        (
            "11. Term. This Agreement shall continue in full force and effect for a period of two (2) years.",
            "2 years",
        ),
        ("This Agreement shall expire eighteen months after its date.", "18 months"),
        ("The term of this agreement shall be one (1) year from the date hereof.", "1 year"),
        ("Laufzeit: Der Vertrag wird auf drei Jahre geschlossen.", "3 years"),
        ("Durée. Le présent contrat est conclu pour une durée de 24 mois.", "24 months"),
        ("Supplier shall not solicit employees for a period of two (2) years.", None),
        ("Supplier was heard during the six months prior to this Agreement.", None),
    ],
)
def test_the_term_is_that_of_the_agreement_and_not_of_a_duty(clause: str, term: str | None) -> None:
    found = contract_of(set_page("Clauses of the paper.", clause)).term
    assert (found and found.value) == term


@pytest.mark.parametrize(
    ("clause", "law"),
    [
        (
            "This Agreement is governed by and construed under the laws of the State of New York, without regard to",
            "New York",
        ),
        (
            "THIS AGREEMENT IS GOVERNED BY THE LAWS OF THE STATE OF MISSOURI APPLICABLE TO CONTRACTS.",
            "Missouri",
        ),
        ("This Agreement shall be governed by the laws of England and Wales.", "England and Wales"),
        ("It is governed by the internal law, and not the law of conflicts, of the State of Ohio.", "Ohio"),
        ("This contract is governed by English law.", "England"),
        ("Es gilt das Recht der Bundesrepublik Deutschland.", "Deutschland"),
        ("Dieser Vertrag unterliegt deutschem Recht.", "Deutschland"),
        ("Le présent contrat est régi par le droit français.", "France"),
        ("Works are protected under the copyright laws of the United States.", None),
        ("Rules that would lead to the application of the laws of Nevada do not apply.", None),
    ],
)
def test_the_governing_law(clause: str, law: str | None) -> None:
    found = contract_of(set_page("Clauses of the paper.", clause)).governing_law
    assert (found and found.value) == law


def test_the_renewal_is_told_in_its_own_words_over_two_lines() -> None:
    found = contract_of(
        set_page(
            "4. Fees. Fees are paid monthly. This Agreement shall automatically renew for further terms of one",
            "year unless a party gives notice. Invoices are due in 30 days.",
        )
    ).renewal
    assert found is not None
    assert found.value == (
        "This Agreement shall automatically renew for further terms of one year unless a party gives notice."
    )


def test_a_contract_has_no_bill_and_a_bill_no_contract() -> None:
    clause = "The parties hereby agree that Supplier shall deliver paper; confidential terms apply, termination too."
    paper = [clause] * 10
    contract = extract(
        [set_page("SUPPLY AGREEMENT", f"This Agreement is made as of May 4, 2021 {BETWEEN}", *paper)]
    )
    assert contract.document_type == "contract"
    assert (contract.total, contract.line_items, contract.invoice_number) == (None, (), None)
    assert [party.value for party in contract.parties] == ["Alder Mills Ltd", "Birch Inks GmbH"]
    assert contract.date == contract.effective_date is not None
    bill = extract(
        [set_page("Alder Mills Ltd", "INVOICE", "Invoice number   A-77", "Paper   9.00", "Total   9.00")]
    )
    assert bill.document_type == "invoice"
    assert (bill.parties, bill.effective_date, bill.term) == ((), None, None)


@pytest.mark.parametrize(
    "row", ["Dear " + "a" * 3000 + ";", "1 " + "-" * 3000, "between A, " * 600, "this " * 900]
)
def test_a_row_without_end_is_read_at_all(row: str) -> None:
    contract_of(set_page("This Agreement is made", row, row, "Dear Sirs"))


WORDS = st.sampled_from(
    [
        *(
            "This",
            "Agreement",
            "is",
            "made",
            "between",
            "and",
            "among",
            "Alder",
            "Mills",
            "Ltd,",
            "Inc.",
            "(the",
        ),
        *(
            '"Company")',
            "by",
            ",",
            ";",
            "“",
            "”",
            "May",
            "5,",
            "2012",
            "years",
            "two",
            "(2)",
            "term",
            "governed",
        ),
        *(
            "laws",
            "of",
            "the",
            "State",
            "Ohio",
            "renew",
            "Effective",
            "Date:",
            "Dear",
            "Sirs:",
            "zwischen",
            "und",
        ),
        *("GmbH", "12", "_", "(", ")", ".", "A"),
    ]
)


@settings(deadline=None)
@given(st.lists(st.lists(WORDS, max_size=14).map(" ".join), max_size=12))
def test_word_soup_gives_only_what_stands_there(rows: list[str]) -> None:
    contract_of(set_page(*rows))
