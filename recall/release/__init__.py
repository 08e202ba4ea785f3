"""What leaves a run: its pages, lists of hosts and prefixes, differences between runs, releases to start from."""
