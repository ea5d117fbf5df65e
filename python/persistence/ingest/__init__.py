"""Ingest: bring files into a repository. Plan, deliver, record."""
