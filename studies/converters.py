"""What may stand in an address: anything else is no address of ours."""


class TokenConverter:
    """A session's token, in the letters that `secrets.token_urlsafe` uses."""

    regex = "[A-Za-z0-9_-]{1,64}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class KeyConverter(TokenConverter):
    """A study's key."""

    regex = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
