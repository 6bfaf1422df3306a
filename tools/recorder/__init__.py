"""The recorder: runs a genuine client against a scripted API, and keeps the logs with their truth.

The truth of a recording comes from what the API was asked and answered, and from how the process ended; never
from the logs that are to be judged.
"""
