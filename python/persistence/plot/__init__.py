"""Figures of what tasks measure; drawn with matplotlib, which is imported when one is drawn."""
