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
  , ('reserve', 'credit', '{"zh-Hans": "商家滚动准备金", "en": "Merchants'' rolling reserves"}')
  , ('payout_in_transit', 'credit', '{"zh-Hans": "在途结算款", "en": "Payouts on their way"}')
  , ('commission', 'credit', '{"zh-Hans": "平台佣金收入", "en": "Commission revenue"}')
  , ('fee_tax', 'credit', '{"zh-Hans": "平台服务费应交税费", "en": "Tax on fees, owed to the tax office"}')
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
  , ('suspense', 'debit', '{"zh-Hans": "待查差异", "en": "Differences being looked into"}')
  , ('door_claims', 'debit', '{"zh-Hans": "货到付款待收款", "en": "To be collected at the door"}')
  , ('carrier_cash', 'debit', '{"zh-Hans": "承运商代收款", "en": "Cash with carriers"}')
  , ('exchange_clearing', 'credit', '{"zh-Hans": "货币兑换清算", "en": "Exchange clearing"}')
  , ('exchange_differences', 'credit', '{"zh-Hans": "汇兑损益", "en": "Realised exchange differences"}')
  , ('own_funds', 'credit', '{"zh-Hans": "平台自有资金", "en": "The platform''s own funds"}')
  , ('other_costs', 'debit', '{"zh-Hans": "银行及其他费用", "en": "Bank charges and other costs"}')
  , ('host_payable', 'credit', '{"zh-Hans": "应付主播与机构款", "en": "Payable to hosts and agencies"}')
  , ('host_clearing', 'debit', '{"zh-Hans": "主播佣金清算", "en": "Hosts'' commission clearing"}');

CREATE TABLE ledger_chart (
    kind    text PRIMARY KEY REFERENCES ledger_account_kinds
  , class   text NOT NULL
  , money   text
  , by_hand boolean NOT NULL
  , purpose jsonb NOT NULL
  , CONSTRAINT an_account_is_of_a_class CHECK (class IN ('asset', 'liability', 'income', 'expense', 'equity'))
  , CONSTRAINT money_is_cash_or_somebodys CHECK (money IN ('cash', 'buyers', 'merchants'))
  , CONSTRAINT cash_is_an_asset_and_what_is_owed_a_liability CHECK (
        money IS NULL OR (class = 'asset') = (money = 'cash') AND (class = 'liability') = (money <> 'cash'))
);
COMMENT ON TABLE ledger_chart IS 'reference: what each kind of account is for: every kind stands here';
COMMENT ON COLUMN ledger_chart.money IS 'cash: money at a channel or bank; buyers, merchants: money of theirs that the platform holds';
COMMENT ON COLUMN ledger_chart.by_hand IS 'Staff may write an entry on it by hand, two of them together: no other part of the house counts on what it says, transfer by transfer';
INSERT INTO ledger_chart (kind, class, money, by_hand, purpose) VALUES
    ('channel_cash', 'asset', 'cash', true, '{"zh-Hans": "支付渠道已收取、尚未退回或划转到银行的资金。", "en": "What payment channels have collected and neither given back nor paid on to the bank."}')
  , ('bank_cash', 'asset', 'cash', true, '{"zh-Hans": "平台银行账户中的资金。", "en": "Money in the platform''s bank accounts."}')
  , ('purchase_clearing', 'liability', NULL, false, '{"zh-Hans": "一次付款在买家一侧的对应科目；与子订单清算合计为零。", "en": "The buyer''s side of a payment; with order clearing it comes to zero."}')
  , ('order_clearing', 'asset', NULL, false, '{"zh-Hans": "一次付款在商家一侧的对应科目；与订单合并清算合计为零。", "en": "The merchants'' side of a payment; with purchase clearing it comes to zero."}')
  , ('held', 'liability', 'buyers', false, '{"zh-Hans": "买家已付款、尚未确认收货的资金。", "en": "What buyers have paid for goods that they have not confirmed yet."}')
  , ('refund_due', 'liability', 'buyers', false, '{"zh-Hans": "已同意、尚未到账的退款。", "en": "Refunds that are promised and have not arrived."}')
  , ('payable', 'liability', 'merchants', false, '{"zh-Hans": "已归商家、尚未结算的款项；为负时是商家欠款。", "en": "What is the merchants'' and not paid out yet; below zero, what they owe."}')
  , ('reserve', 'liability', 'merchants', false, '{"zh-Hans": "按约定暂扣、到期自动释放的商家款项。", "en": "What is kept back of merchants'' payouts by agreement, until it is released by itself."}')
  , ('payout_in_transit', 'liability', 'merchants', false, '{"zh-Hans": "已交银行、银行尚未付出的结算款。", "en": "Payouts that the bank has been told to make and has not made."}')
  , ('commission', 'income', NULL, false, '{"zh-Hans": "向商家收取的佣金，已扣除退回部分。", "en": "Commission taken from merchants, less what went back with refunds."}')
  , ('fee_tax', 'liability', NULL, true, '{"zh-Hans": "向商家收取的费用中所含、应向税务机关缴纳的税款。", "en": "What merchants have paid as tax on fees: the platform owes it to the tax office."}')
  , ('subsidy', 'expense', NULL, false, '{"zh-Hans": "平台承担的优惠，补给商家。", "en": "The platform''s part of promotions, made good to merchants."}')
  , ('goodwill', 'expense', NULL, false, '{"zh-Hans": "平台赔付给商家或买家的款项。", "en": "What the platform has paid to put things right."}')
  , ('deposit', 'liability', 'merchants', false, '{"zh-Hans": "商家缴存的保证金。", "en": "Deposits that merchants have paid in."}')
  , ('fines', 'income', NULL, false, '{"zh-Hans": "商家因违规缴纳的违约金。", "en": "Fines that merchants have paid for violations."}')
  , ('balance', 'liability', 'buyers', false, '{"zh-Hans": "买家可用余额。", "en": "Money that buyers have to spend here."}')
  , ('balance_held', 'liability', 'buyers', false, '{"zh-Hans": "待付款订单占用的买家余额。", "en": "Of it, what is kept for purchases that are being paid."}')
  , ('points', 'liability', NULL, false, '{"zh-Hans": "平台承诺的积分，每分为一个最小货币单位；不是收到的资金。", "en": "Points that the platform has promised, a minor unit each; no money that was received."}')
  , ('points_held', 'liability', NULL, false, '{"zh-Hans": "待付款订单占用的积分。", "en": "Of them, what is kept for purchases that are being paid."}')
  , ('gift_cards', 'liability', 'buyers', false, '{"zh-Hans": "已售出或送出、尚未兑换的礼品卡。", "en": "Gift cards sold or given that nobody has redeemed."}')
  , ('gift_clearing', 'asset', NULL, false, '{"zh-Hans": "礼品卡兑换时的过渡科目，合计为零。", "en": "Where a card crosses into a balance; zero in total."}')
  , ('marketing_cost', 'expense', NULL, false, '{"zh-Hans": "平台送出的卡、积分与补偿，减去过期部分。", "en": "Cards, points and credit given away, less what expired."}')
  , ('presale_deposits', 'liability', 'buyers', false, '{"zh-Hans": "预售中买家已付的定金。", "en": "Deposits that buyers have paid in presales."}')
  , ('compensation_clearing', 'asset', NULL, false, '{"zh-Hans": "商家赔付转入买家余额时的过渡科目，合计为零。", "en": "Where a shop''s compensation crosses to a buyer; zero in total."}')
  , ('transfers_received', 'liability', 'buyers', false, '{"zh-Hans": "已到账、尚未用于订单的买家转账。", "en": "What buyers have transferred and no purchase has taken."}')
  , ('channel_fees', 'expense', NULL, true, '{"zh-Hans": "支付渠道扣收的手续费。", "en": "What payment channels keep as their fees."}')
  , ('chargebacks', 'asset', NULL, false, '{"zh-Hans": "渠道因拒付扣走、正在争议的款项。", "en": "What channels have taken back and is being argued about."}')
  , ('disputed', 'liability', 'merchants', false, '{"zh-Hans": "因拒付冻结的商家款项，结案前不结算。", "en": "Of what merchants are owed, what is set aside until a chargeback is decided."}')
  , ('chargeback_losses', 'expense', NULL, false, '{"zh-Hans": "平台因拒付承担的损失，减去败诉后追回的。", "en": "What the platform lost by chargebacks, less what came back after it was lost."}')
  , ('suspense', 'asset', NULL, false, '{"zh-Hans": "对账差异，等待查明。", "en": "Differences of statements that are being looked into."}')
  , ('door_claims', 'asset', NULL, false, '{"zh-Hans": "买家约定签收时支付、尚未收到的货款。", "en": "What buyers have promised to pay at the door and nobody has collected yet."}')
  , ('carrier_cash', 'asset', 'cash', false, '{"zh-Hans": "承运商已代收、尚未回款的货款。", "en": "What carriers have collected at the door and not paid on yet."}')
  , ('exchange_clearing', 'equity', NULL, false, '{"zh-Hans": "兑换时一种货币转出、另一种转入的过渡科目；余额为该货币的未平头寸。", "en": "Where one currency leaves and another comes in; what is left is the open position in a currency."}')
  , ('exchange_differences', 'income', NULL, false, '{"zh-Hans": "已实现的汇兑损益，按本位币记录；负数为损失。", "en": "Realised gains on exchanges, in the house''s currency; below zero, losses."}')
  , ('own_funds', 'equity', NULL, true, '{"zh-Hans": "平台股东投入或提走的自有资金。", "en": "What the platform''s owners have put in or taken out."}')
  , ('other_costs', 'expense', NULL, true, '{"zh-Hans": "银行收费等手工记录的费用。", "en": "Charges of the bank and other costs that are written down by hand."}')
  , ('host_payable', 'liability', 'merchants', false, '{"zh-Hans": "从商家结算款中扣出、应付给主播或机构的佣金与坑位费；为负时是其应退款。", "en": "Commission and slot fees taken from shops and owed to their hosts and agencies; below zero, what these owe."}')
  , ('host_clearing', 'asset', NULL, false, '{"zh-Hans": "佣金从商家转给主播或机构时的过渡科目，合计为零。", "en": "Where a host''s commission crosses from the shop; zero in total."}');

CREATE TABLE ledger_counterparties (
    owner_id uuid PRIMARY KEY
  , name     text NOT NULL UNIQUE
);
COMMENT ON TABLE ledger_counterparties IS 'reference: channels and banks that have accounts of their own here: what they charged and paid on is of no single buyer or merchant';
-- (The operator's own bank, on which people write by hand before any statement has come.)
INSERT INTO ledger_counterparties (owner_id, name) VALUES ('561931b6-f093-521f-9245-d3c46385ef57', 'bank');

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
  , CONSTRAINT a_reserve_was_kept_back CHECK (kind <> 'reserve' OR credits >= debits)
  , CONSTRAINT presale_deposits_are_there CHECK (kind <> 'presale_deposits' OR credits >= debits)
  , CONSTRAINT no_more_fines_are_undone_than_were_taken CHECK (kind <> 'fines' OR credits >= debits)
  , CONSTRAINT nobody_spends_what_is_not_there CHECK (
        kind NOT IN ('balance', 'balance_held', 'points', 'points_held', 'gift_cards', 'transfers_received')
        OR credits >= debits)
  , CONSTRAINT frozen_money_is_there CHECK (kind <> 'disputed' OR credits >= debits)
  , CONSTRAINT only_what_was_taken_back_comes_back CHECK (kind <> 'chargebacks' OR debits >= credits)
  , CONSTRAINT payouts_paid_were_on_their_way CHECK (kind <> 'payout_in_transit' OR credits >= debits)
);
COMMENT ON TABLE ledger_accounts IS 'by owner: accounts of a merchant, a buyer, a host or agency, an issue of gift cards, or a channel or bank; the platform''s own accounts are sub-accounts of theirs';
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

CREATE TABLE ledger_base (
    kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , until    timestamptz NOT NULL
  , PRIMARY KEY (kind, currency)
);
COMMENT ON TABLE ledger_base IS 'local: what all accounts of a kind came to at the end of a day that nothing is written into any more, moved on by a sweep: questions about later moments, and about the weeks before, begin here';

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

CREATE TABLE ledger_period_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE ledger_period_transitions IS 'reference: the states of a month of the books that follow each other';
INSERT INTO ledger_period_transitions (from_state, to_state) VALUES
    ('nowhere', 'proposed'), ('open', 'proposed'), ('proposed', 'open'), ('proposed', 'closed'), ('closed', 'open');

CREATE TABLE ledger_periods (
    period      date PRIMARY KEY
  , begins      timestamptz NOT NULL
  , ends        timestamptz NOT NULL
  , state       text NOT NULL
  , proposed_by text
  , closed_by   text
  , closed_at   timestamptz
  , reopening_by    text
  , reopening_words text NOT NULL DEFAULT ''
  , CONSTRAINT a_period_is_a_month CHECK (extract(day FROM period) = 1 AND begins < ends)
  , CONSTRAINT a_period_is_open_proposed_or_closed CHECK (state IN ('open', 'proposed', 'closed'))
  , CONSTRAINT proposed_means_by_whom CHECK ((state IN ('proposed', 'closed')) = (proposed_by IS NOT NULL))
  , CONSTRAINT closed_means_by_whom_and_when CHECK (
        (state = 'closed') = (closed_by IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL))
  , CONSTRAINT two_people_close_a_period CHECK (closed_by <> proposed_by)
  , CONSTRAINT only_a_closed_month_is_opened_for_a_reason CHECK (
        reopening_by IS NULL OR (state = 'closed' AND reopening_words <> ''))
);
COMMENT ON TABLE ledger_periods IS 'reference: months of the books that somebody has wanted to close; nothing is posted into a closed one';
COMMENT ON COLUMN ledger_periods.period IS 'The first day of the month, in the house''s time zone';
COMMENT ON COLUMN ledger_periods.reopening_by IS 'Who wants it opened again: another person agrees';
COMMENT ON COLUMN ledger_periods.ends IS 'The first moment that is not within it';

CREATE TABLE ledger_period_history (
    period     date NOT NULL REFERENCES ledger_periods
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , words      text NOT NULL DEFAULT ''
  , PRIMARY KEY (period, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES ledger_period_transitions
);
COMMENT ON TABLE ledger_period_history IS 'local, append-only: each change of a month''s state, with why it was opened again';

-- (No foreign key to the accounts: it would lock each of their rows, and sales wait for some of them.)
CREATE TABLE ledger_snapshots (
    owner_id uuid NOT NULL
  , kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , period   date NOT NULL REFERENCES ledger_periods
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , PRIMARY KEY (owner_id, kind, currency, period)
);
COMMENT ON TABLE ledger_snapshots IS 'by owner: what an account came to at the end of a closed month in which it moved, from the beginning of the books';
CREATE INDEX ledger_snapshots_of_a_period ON ledger_snapshots (period);

CREATE TABLE ledger_period_totals (
    period   date NOT NULL REFERENCES ledger_periods
  , kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , PRIMARY KEY (period, kind, currency)
);
COMMENT ON TABLE ledger_period_totals IS 'local: what all accounts of a kind came to at the end of a closed month, from the beginning of the books';

CREATE TABLE ledger_voucher_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE ledger_voucher_transitions IS 'reference: the states of an entry by hand that follow each other';
INSERT INTO ledger_voucher_transitions (from_state, to_state) VALUES
    ('nowhere', 'proposed'), ('proposed', 'posted'), ('proposed', 'declined');

CREATE TABLE ledger_vouchers (
    owner_id    uuid NOT NULL
  , voucher_id  uuid NOT NULL
  , state       text NOT NULL
  , reverses    uuid
  , currency    text NOT NULL REFERENCES currencies
  , debit       text REFERENCES ledger_account_kinds
  , credit      text REFERENCES ledger_account_kinds
  , amount      bigint
  , words       text NOT NULL
  , proposed_by text NOT NULL
  , proposed_at timestamptz NOT NULL DEFAULT now()
  , decided_by  text
  , decided_at  timestamptz
  , PRIMARY KEY (owner_id, voucher_id)
  , FOREIGN KEY (owner_id, reverses) REFERENCES ledger_transfers (owner_id, transfer_id)
  , CONSTRAINT an_entry_by_hand_is_proposed_posted_or_declined CHECK (state IN ('proposed', 'posted', 'declined'))
  , CONSTRAINT an_entry_by_hand_says_why CHECK (words <> '')
  , CONSTRAINT an_entry_by_hand_is_whole CHECK (
        (debit IS NULL) = (amount IS NULL) AND (credit IS NULL) = (amount IS NULL) AND debit <> credit AND amount > 0)
  , CONSTRAINT an_entry_by_hand_does_something CHECK (reverses IS NOT NULL OR amount IS NOT NULL)
  , CONSTRAINT decided_means_by_whom_and_when CHECK (
        (state <> 'proposed') = (decided_by IS NOT NULL) AND (state <> 'proposed') = (decided_at IS NOT NULL))
  , CONSTRAINT two_people_write_by_hand CHECK (state <> 'posted' OR decided_by <> proposed_by)
);
COMMENT ON TABLE ledger_vouchers IS 'by owner: entries that people write by hand: one proposes, another agrees; a correction names the transfer that it reverses';
COMMENT ON COLUMN ledger_vouchers.reverses IS 'The transfer that is posted the other way round';
COMMENT ON COLUMN ledger_vouchers.amount IS 'Minor units of what is posted instead, or besides';
CREATE UNIQUE INDEX a_transfer_is_reversed_once ON ledger_vouchers (owner_id, reverses)
    WHERE reverses IS NOT NULL AND state <> 'declined';
CREATE INDEX ledger_vouchers_by_time ON ledger_vouchers (proposed_at DESC, voucher_id DESC);
CREATE INDEX ledger_vouchers_to_decide ON ledger_vouchers (proposed_at) WHERE state = 'proposed';

CREATE TABLE ledger_voucher_history (
    owner_id   uuid NOT NULL
  , voucher_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , words      text NOT NULL DEFAULT ''
  , PRIMARY KEY (owner_id, voucher_id, step)
  , FOREIGN KEY (owner_id, voucher_id) REFERENCES ledger_vouchers
  , FOREIGN KEY (from_state, to_state) REFERENCES ledger_voucher_transitions
);
COMMENT ON TABLE ledger_voucher_history IS 'by owner, append-only: each change of the state of an entry by hand';

CREATE TABLE ledger_days (
    day      date NOT NULL
  , kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , PRIMARY KEY (day, kind, currency)
);
COMMENT ON TABLE ledger_days IS 'local: what was moved on each of the last days, for pictures: summed by a sweep, and anew while a day is young';

CREATE TABLE ledger_days_summed (
    day date PRIMARY KEY
  , at  timestamptz NOT NULL
);
COMMENT ON TABLE ledger_days_summed IS 'local: which days ledger_days knows, those on which nothing moved too';
