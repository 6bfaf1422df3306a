"""All files' rows as one table: each event once, by one clock, with its session. It knows no agent and no rule."""
