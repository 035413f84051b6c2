"""What every request goes through, whatever page it asks for."""
