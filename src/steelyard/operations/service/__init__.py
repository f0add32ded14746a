"""Customer service: what buyers are told about their purchases without asking. Mails follow the events of trade.

Mails to shops are in `shop_mails`.
"""
