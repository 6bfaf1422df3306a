"""Short answers: findings, sessions, the doctor's account, the catalogue of rules."""
