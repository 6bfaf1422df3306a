"""What of a session goes on for a while, lane by lane: what pictures are drawn from."""
