"""What is raised for a model that nobody said to trust."""

HINT = "If you know who made it, and trust them, allow it: trust_model=True, or --trust-model."


class UntrustedModelError(ValueError):
    """A model has what could reach files, the network or Python, and nobody said to trust it."""

    error_code = 9  # FAILED_PRECONDITION, as the state of a version that is not served for it
