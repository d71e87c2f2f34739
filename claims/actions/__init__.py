"""The only code that writes: verbs in a noun's module, each one transaction with an explicit actor (`by=`)."""
