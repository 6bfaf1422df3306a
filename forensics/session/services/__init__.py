"""Asked of services: the model's API, MCP servers, how they slowed down and failed."""
