"""Quality of kept pages, 0 to 5: labels of people or of a judge, a ranker that is fitted to them, and its scores."""
