"""Filling a repository: plan, deliver, record."""
