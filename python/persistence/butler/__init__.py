"""The Butler: repositories opened, searched in chains, read and written."""
