"""What a page is: bytes to the text that is scored, and to the Markdown that is kept."""
