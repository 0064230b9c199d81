"""What networks say they pay, beside what our ledger expects of them."""
