"""Provenance: what datasets were computed from, when and by whom, in journals."""
