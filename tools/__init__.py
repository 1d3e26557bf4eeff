"""What makes and checks the project itself; no part of the wheel."""
