"""The tables' history; `tortoise -c models.migrating.CONFIG makemigrations` adds to it."""
