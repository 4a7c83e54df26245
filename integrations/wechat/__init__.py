"""The WeChat mini-program platform."""

from integrations.wechat.client import WechatClient

__all__ = ["WechatClient"]
