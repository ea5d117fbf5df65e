"""Cameras: mappers and their hooks, detectors and identifiers, YAML cameras, installed cameras."""
