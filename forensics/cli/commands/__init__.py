"""The commands: one file each. Each talks to the user, and leaves the work to what is below."""
