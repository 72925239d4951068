"""The pages of People, one module per part of it."""
