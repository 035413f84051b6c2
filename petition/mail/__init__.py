"""Letters as bytes, and handing them over."""
