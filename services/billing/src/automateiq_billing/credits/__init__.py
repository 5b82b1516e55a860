"""The credit ledger: grants, holds and what became of them."""
