"""Ends with success and without a word."""
