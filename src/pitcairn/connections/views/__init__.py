"""The pages of Connections, one module per part of the navigation."""
