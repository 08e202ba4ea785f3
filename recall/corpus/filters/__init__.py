"""What leaves a corpus or is masked in it: opt-outs, quality rules, boilerplate, benchmark items, personal data."""
