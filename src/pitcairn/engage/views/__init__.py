"""The pages of audiences, lists and computed traits."""
