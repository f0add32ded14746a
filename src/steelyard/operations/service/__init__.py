"""Customer service: what buyers are told about their purchases without asking. Mails follow the events of trade."""
