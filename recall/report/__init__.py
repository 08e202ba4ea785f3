"""What a run did, in figures: read from the run folder alone, and from labels of pages that it never saw."""
