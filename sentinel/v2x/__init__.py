"""Vehicle-to-everything: payload messages and what a receiver makes of them."""
