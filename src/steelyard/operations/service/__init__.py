"""Customer service: what buyers are told about their purchases without asking. Mails follow the events of trade; those about
questions to a shop are in `questions`, those to a shop's owners in `shop_mails`."""
