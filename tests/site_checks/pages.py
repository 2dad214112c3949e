"""Pages of a brokerage's own site, as the checker meets them."""

WHOLE = """<!doctype html><html lang="en"><head><title>Home alerts</title></head><body>
<h1>Home alerts by text</h1>
<form><label>Mobile number <input type="tel" name="phone"></label>
<label><input type="checkbox" name="agree"> I agree to receive recurring automated texts about new
listings from Juniper Realty. Message frequency varies. Message and data rates may apply. Reply HELP
for help, STOP to cancel. Consent is not a condition of purchase.</label>
<p><a href="/privacy">Privacy policy</a> <a href="/terms">Terms of service</a></p></form></body></html>"""
NO_RATES = WHOLE.replace("Message and data rates may apply.", "")
