"""Bodies that are no HTML (text, Markdown, source files, notebooks): what of them is scored, and what is kept."""
