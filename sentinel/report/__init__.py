"""What a scan found, for people: a table on the terminal, a page in a browser."""
