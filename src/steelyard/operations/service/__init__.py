"""Customer service: what buyers are told about their purchases without asking. Mails follow the events of trade; those about
questions to a shop are in `questions`, those about refunds and returns that buyers ask for in `case_mails`, those to a
shop's owners in `shop_mails`, those about invoices in `invoice_mails`, those about chargebacks and refunds that wait in
`money_mails`, those about presales, teams and broken promises in `presale_mails`, `team_mails` and `promise_mails`, those
about coupons, with what buyers read where they are signed in, in `coupon_news`; `buyer_mails` is how all of these reach
who bought."""
