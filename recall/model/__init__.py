"""The classifier: tokens, fastText training, the collapsed scorer and its evaluation."""
