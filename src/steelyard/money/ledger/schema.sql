-- Double entry. A transfer names its debit and its credit account, one amount, one currency: a wrong book cannot be written.

CREATE TABLE ledger_account_kinds (
    kind   text PRIMARY KEY
  , normal text NOT NULL
  , name   jsonb NOT NULL
  , CONSTRAINT a_kind_grows_on_one_side CHECK (normal IN ('debit', 'credit'))
);
COMMENT ON TABLE ledger_account_kinds IS 'reference: the chart of accounts';
INSERT INTO ledger_account_kinds (kind, normal, name) VALUES
    ('channel_cash', 'debit', '{"zh-Hans": "渠道资金", "en": "Cash at payment channels"}')
  , ('bank_cash', 'debit', '{"zh-Hans": "银行存款", "en": "Cash at bank"}')
  , ('purchase_clearing', 'credit', '{"zh-Hans": "订单合并清算", "en": "Purchase clearing"}')
  , ('order_clearing', 'debit', '{"zh-Hans": "子订单清算", "en": "Order clearing"}')
  , ('held', 'credit', '{"zh-Hans": "买家待确认资金", "en": "Buyers'' money held until receipt"}')
  , ('refund_due', 'credit', '{"zh-Hans": "应退买家款", "en": "Refunds on their way"}')
  , ('payable', 'credit', '{"zh-Hans": "应付商家款", "en": "Merchants'' payable"}')
  , ('payout_in_transit', 'credit', '{"zh-Hans": "在途结算款", "en": "Payouts on their way"}')
  , ('commission', 'credit', '{"zh-Hans": "平台佣金收入", "en": "Commission revenue"}')
  , ('subsidy', 'debit', '{"zh-Hans": "平台优惠补贴", "en": "Subsidies for promotions"}')
  , ('goodwill', 'debit', '{"zh-Hans": "平台赔付支出", "en": "Goodwill paid by the platform"}')
  , ('deposit', 'credit', '{"zh-Hans": "商家保证金", "en": "Merchants'' deposits"}')
  , ('fines', 'credit', '{"zh-Hans": "违约金收入", "en": "Fines"}')
  , ('balance', 'credit', '{"zh-Hans": "买家余额", "en": "Buyers'' balances"}')
  , ('balance_held', 'credit', '{"zh-Hans": "待付款订单冻结的余额", "en": "Balances kept for unpaid orders"}')
  , ('points', 'credit', '{"zh-Hans": "买家积分", "en": "Buyers'' points"}')
  , ('points_held', 'credit', '{"zh-Hans": "待付款订单冻结的积分", "en": "Points kept for unpaid orders"}')
  , ('gift_cards', 'credit', '{"zh-Hans": "未兑换的礼品卡", "en": "Gift cards not redeemed"}')
  , ('gift_clearing', 'debit', '{"zh-Hans": "礼品卡兑换清算", "en": "Gift card clearing"}')
  , ('marketing_cost', 'debit', '{"zh-Hans": "平台营销费用", "en": "Marketing cost of the platform"}')
  , ('presale_deposits', 'credit', '{"zh-Hans": "预售定金", "en": "Deposits paid in presales"}')
  , ('compensation_clearing', 'debit', '{"zh-Hans": "商家赔付清算", "en": "Compensation clearing"}')
  , ('transfers_received', 'credit', '{"zh-Hans": "已收未核销的银行转账", "en": "Received by bank transfer, not used yet"}')
  , ('channel_fees', 'debit', '{"zh-Hans": "支付渠道手续费", "en": "Fees of payment channels"}')
  , ('chargebacks', 'debit', '{"zh-Hans": "渠道拒付占用款", "en": "Taken back by channels, in dispute"}')
  , ('disputed', 'credit', '{"zh-Hans": "拒付冻结的商家款", "en": "Merchants'' money frozen by chargebacks"}')
  , ('chargeback_losses', 'debit', '{"zh-Hans": "平台拒付损失", "en": "Losses by chargebacks"}')
  , ('suspense', 'debit', '{"zh-Hans": "待查差异", "en": "Differences being looked into"}');

CREATE TABLE ledger_counterparties (
    owner_id uuid PRIMARY KEY
  , name     text NOT NULL UNIQUE
);
COMMENT ON TABLE ledger_counterparties IS 'reference: channels and banks that have accounts of their own here: what they charged and paid on is of no single buyer or merchant';

CREATE TABLE ledger_accounts (
    owner_id   uuid NOT NULL
  , kind       text NOT NULL REFERENCES ledger_account_kinds
  , currency   text NOT NULL REFERENCES currencies
  , debits     bigint NOT NULL DEFAULT 0
  , credits    bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (owner_id, kind, currency)
  , CONSTRAINT totals_only_grow CHECK (debits >= 0 AND credits >= 0)
  , CONSTRAINT held_money_is_there CHECK (kind <> 'held' OR credits >= debits)
  , CONSTRAINT refunds_paid_were_due CHECK (kind <> 'refund_due' OR credits >= debits)
  , CONSTRAINT a_deposit_is_never_below_zero CHECK (kind <> 'deposit' OR credits >= debits)
  , CONSTRAINT presale_deposits_are_there CHECK (kind <> 'presale_deposits' OR credits >= debits)
  , CONSTRAINT no_more_fines_are_undone_than_were_taken CHECK (kind <> 'fines' OR credits >= debits)
  , CONSTRAINT nobody_spends_what_is_not_there CHECK (
        kind NOT IN ('balance', 'balance_held', 'points', 'points_held', 'gift_cards', 'transfers_received')
        OR credits >= debits)
  , CONSTRAINT frozen_money_is_there CHECK (kind <> 'disputed' OR credits >= debits)
  , CONSTRAINT only_what_was_taken_back_comes_back CHECK (kind <> 'chargebacks' OR debits >= credits)
  , CONSTRAINT payouts_paid_were_on_their_way CHECK (kind <> 'payout_in_transit' OR credits >= debits)
);
COMMENT ON TABLE ledger_accounts IS 'by owner: accounts of a merchant, a buyer, an issue of gift cards, or a channel or bank; the platform''s own accounts are sub-accounts of theirs';
CREATE INDEX ledger_accounts_of_a_kind ON ledger_accounts (kind, currency, owner_id);
COMMENT ON COLUMN ledger_accounts.debits IS 'Sum of all debits, in minor units';

CREATE TABLE ledger_summed (
    kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , at       timestamptz NOT NULL
  , PRIMARY KEY (kind, currency)
);
COMMENT ON TABLE ledger_summed IS 'local: what all accounts of a kind came to when they were last summed, all at the same instant';

CREATE TABLE ledger_transfers (
    owner_id    uuid NOT NULL
  , transfer_id uuid NOT NULL
  , debit       text NOT NULL
  , credit      text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL
  , reason      text NOT NULL
  , document    uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (owner_id, transfer_id)
  , FOREIGN KEY (owner_id, debit, currency) REFERENCES ledger_accounts (owner_id, kind, currency)
  , FOREIGN KEY (owner_id, credit, currency) REFERENCES ledger_accounts (owner_id, kind, currency)
  , CONSTRAINT money_moves_between_two_accounts CHECK (debit <> credit)
  , CONSTRAINT an_amount_is_positive CHECK (amount > 0)
);
COMMENT ON TABLE ledger_transfers IS 'by owner, append-only: every movement of money between two accounts of one owner';
COMMENT ON COLUMN ledger_transfers.document IS 'What caused it: a payment, an order, a refund or a payout; transfers of two owners meet by it';
COMMENT ON COLUMN ledger_transfers.reason IS 'captured, allotted, released, commission, refund_due, refunded, commission_returned, subsidy, subsidy_returned, payout, paid_out …';
CREATE UNIQUE INDEX a_document_moves_money_once ON ledger_transfers (owner_id, document, reason, debit, credit);
CREATE INDEX ledger_transfers_by_document ON ledger_transfers (document);
CREATE INDEX ledger_transfers_of_an_owner ON ledger_transfers (owner_id, at DESC, transfer_id DESC);
CREATE INDEX ledger_transfers_by_time ON ledger_transfers (at DESC, transfer_id DESC);
CREATE INDEX ledger_transfers_by_reason ON ledger_transfers (reason, at DESC, transfer_id DESC);
