"""Pure rules of the API and of webhooks."""
