"""Doors that time opens: attempts at jobs, webhook tries, and keeping house."""
