"""The trajectory format of other agents and harnesses."""
