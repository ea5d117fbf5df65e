"""Policies: YAML files of dataset types, read, checked and merged into frozen values."""
