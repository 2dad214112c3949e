"""Reports by mail: who gets which, every week or every month (M-3)."""
