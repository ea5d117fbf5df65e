"""The framework's own policy files: data, read by `persistence.policy.load`."""
