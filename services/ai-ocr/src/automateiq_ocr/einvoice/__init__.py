"""Electronic invoices: their XML, inside a PDF or alone, read and held against the page."""
