"""The pages of experiences, one module per task."""
