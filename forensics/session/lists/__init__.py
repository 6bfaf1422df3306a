"""Asked of plans: todo lists, their items and their order."""
