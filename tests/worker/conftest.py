"""Letters go to a real SMTP server here."""

from tests.smtp_server import certificates, smtp_server, start_smtp_server, worker_to

__all__ = ["certificates", "smtp_server", "start_smtp_server", "worker_to"]
