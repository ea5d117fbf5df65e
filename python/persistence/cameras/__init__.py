"""Cameras: mappers with their hooks, detectors and identifiers; YAML cameras; installed ones."""
