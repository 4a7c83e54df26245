"""What every capability stands on; knows nothing of the domain."""
