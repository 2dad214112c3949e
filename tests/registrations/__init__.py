"""Tests of registering with the carriers (N-5)."""
