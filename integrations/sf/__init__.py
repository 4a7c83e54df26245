"""SF Express: the open platform 丰桥 for customers with a monthly account."""
