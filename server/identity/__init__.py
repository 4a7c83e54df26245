"""身份: who somebody is, how they log in, and what they are there for."""
