"""Signatures: signing, confirming, moderation, and the keys that find an address again."""
