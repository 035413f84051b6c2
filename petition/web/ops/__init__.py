"""Operations: health checks, static files, and the mailbox of development."""
