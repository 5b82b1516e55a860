"""Electronic invoices and views over HTTP: an XML invoice is uploaded, read, looked at, and taken away."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from tests.business import Business

pytestmark = pytest.mark.fleet

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
XRECHNUNG = f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="{_UBL}Invoice-2" xmlns:cac="{_UBL}CommonAggregateComponents-2"
 xmlns:cbc="{_UBL}CommonBasicComponents-2">
 <cbc:ID>XR-2024-9</cbc:ID><cbc:IssueDate>2024-04-03</cbc:IssueDate>
 <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity>
  <cbc:RegistrationName>Gärtnerei Waldhof GmbH</cbc:RegistrationName>
 </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">19.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount>100.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount>119.00</cbc:TaxInclusiveAmount><cbc:PayableAmount>119.00</cbc:PayableAmount>
 </cac:LegalMonetaryTotal>
</Invoice>"""


def test_an_xml_invoice_is_read_shown_and_exported(business: Callable[[], Business]) -> None:
    shop, stranger = business(), business()
    uploaded = shop.upload(XRECHNUNG.encode(), "xrechnung.xml")
    assert (uploaded["mimetype"], uploaded["pageCount"]) == ("application/xml", 1)
    shop.process(uploaded["id"])
    document = shop.ended(uploaded["id"])
    assert document["status"] == "processed", document.get("failure")
    data = document["ocrResult"]["extractedData"]
    total = data["total"]
    assert (total["value"], total["origin"], total["checks"]) == ("119.00", "xml", ["net_plus_tax"])
    assert data["vendor"]["value"] == data["vendor"]["sourceText"] == "Gärtnerei Waldhof GmbH"
    base = f"/api/documents/{uploaded['id']}"
    picture = shop.client.get(f"{base}/pages/1/image", params={"width": 500})
    assert Image.open(BytesIO(picture.content)).width == 500
    made = shop.client.get(f"{base}/export")
    assert made.headers["content-type"] == "application/pdf"
    with pypdfium2.PdfDocument(made.content) as opened:
        assert "Waldhof" in opened[0].get_textpage().get_text_range()
    known = shop.client.get(f"{base}/export", headers={"If-None-Match": made.headers["etag"]})
    assert known.status_code == 304
    text = shop.client.get(f"{base}/export", params={"format": "text"})
    assert text.text == document["ocrResult"]["text"]
    assert stranger.client.get(f"{base}/export").status_code == 404
    assert stranger.client.get(f"{base}/pages/1/image").status_code == 404


def test_a_scan_becomes_a_pdf_that_can_be_searched(business: Callable[[], Business], samples: Path) -> None:
    shop = business()
    uploaded = shop.upload_file(samples / "scan-invoice-kestrel-lane.tif")
    shop.process(uploaded["id"])
    document = shop.ended(uploaded["id"])
    assert document["status"] == "processed", document.get("failure")
    made = shop.client.get(f"/api/documents/{uploaded['id']}/export", params={"format": "pdf"})
    with pypdfium2.PdfDocument(made.content) as opened:
        assert len(opened) == document["pageCount"] == 2
        words = " ".join(opened[page].get_textpage().get_text_range() for page in range(2)).split()
    read = [box["text"] for box in document["ocrResult"]["boundingBoxes"]]
    assert len(set(read) & set(words)) >= 0.9 * len(set(read))
    hocr = shop.client.get(f"/api/documents/{uploaded['id']}/export", params={"format": "hocr"})
    assert hocr.text.count('class="ocrx_word"') == len(read)
