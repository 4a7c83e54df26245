"""通知: what people are told, kept in the mini-program and sent by WeChat where they allowed it."""
