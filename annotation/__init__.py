"""People in the loop: what they are asked, what they answered. Imports recall, never the reverse."""
