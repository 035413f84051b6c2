"""Letters go to a real SMTP server here."""

from tests.smtp_server import certificates, hire, office, open_office

__all__ = ["certificates", "hire", "office", "open_office"]
