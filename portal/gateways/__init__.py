"""The only doors to outside services. Only these modules import twilio."""
