"""The demo: a workspace to look at, a website to personalize, and traffic for it."""
