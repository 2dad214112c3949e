"""Signing in as somebody of the demo."""


def sign_in_as(page, product, role):
    """Sign in as the person of a role in words; where they land is up to them."""
    login = product.login(role)
    page.goto(product.url)
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password", exact=True).fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1).wait_for()
