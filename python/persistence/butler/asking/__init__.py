"""Questions to a chain of repositories: which datasets there are, and what is known of each."""
