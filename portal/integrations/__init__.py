"""What programs of the customer use: API keys, the API's own rules, and outgoing webhooks."""
