"""What `tortoise -c models.migrating.CONFIG makemigrations` compares the tables against."""

from models import MODEL_MODULES

APP = "models"
MIGRATIONS_MODULE = "models.migrations"

CONFIG = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {
        APP: {
            "models": list(MODEL_MODULES),
            "default_connection": "default",
            "migrations": MIGRATIONS_MODULE,
        }
    },
    "use_tz": True,
    "timezone": "UTC",
}
