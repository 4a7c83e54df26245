"""叫号: tickets, calling, windows."""
