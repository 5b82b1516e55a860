"""Every sample document, in the order of expected.json."""

from samples.make import (
    contract,
    invoice_de,
    invoice_fr,
    invoice_gb,
    invoice_long,
    invoice_us,
    letter,
    receipts,
    scan_pdf,
    scan_tiff,
    scan_webp,
)
from samples.make.model import Sample

SAMPLES: tuple[Sample, ...] = (
    invoice_gb.SAMPLE,
    invoice_de.SAMPLE,
    invoice_us.SAMPLE,
    invoice_fr.SAMPLE,
    invoice_long.SAMPLE,
    contract.SAMPLE,
    letter.SAMPLE,
    scan_pdf.SAMPLE,
    scan_tiff.SAMPLE,
    scan_webp.SAMPLE,
    receipts.THERMAL,
    receipts.PHOTO,
)
