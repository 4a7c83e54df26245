"""Chinese national (GM) cryptography at the ports."""
