"""Metadata: property sets, configurations, package versions, detector calibrations."""
