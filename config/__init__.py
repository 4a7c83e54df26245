"""Settings, logging and the data shipped with the product."""
