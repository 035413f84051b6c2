"""The sign form in a frame on a partner's site, and the script that puts it there."""
