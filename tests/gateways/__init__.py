"""Tests of the doors to the carrier."""
