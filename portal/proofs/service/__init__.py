"""What is handed out about consent. Verbs belong inside a unit of work; setting PDFs does not."""
