"""litreview: from a saved search to survey items that trace back to a page."""

__version__ = "0.1.0"
