"""What a session is: the case, its agents, its files, its speech, its ending."""
