"""Simplest right rows, one module for each slice."""
