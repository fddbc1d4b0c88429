"""The service: HTTP, start page and command line."""
