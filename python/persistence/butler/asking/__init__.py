"""Queries of a chain of repositories: which datasets exist, and what is known of each."""
