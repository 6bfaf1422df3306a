"""From evidence to an ``Analysis``: every rule asked of every session, what they say joined with its lines, reviewed.

Each failure is isolated. Pure but for reading.
"""
