-- What buyers have to spend here: a balance and points, each also an account of the ledger; and gift cards, which fill a balance.

CREATE TABLE purses (
    buyer_id uuid NOT NULL
  , purse    text NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , amount   bigint NOT NULL DEFAULT 0
  , check_at timestamptz
  , PRIMARY KEY (buyer_id, purse, currency)
  , CONSTRAINT a_purse_is_of_a_known_kind CHECK (purse IN ('balance', 'points'))
  , CONSTRAINT nobody_spends_more_than_is_there CHECK (amount >= 0)
);
COMMENT ON TABLE purses IS 'by buyer: what a buyer has free to spend: the same as the ledger account of that kind, and the row that spending locks';
COMMENT ON COLUMN purses.amount IS 'In minor units; a point is one minor unit';
COMMENT ON COLUMN purses.check_at IS 'When the first of what came in with a time to expire may expire; none when nothing does';
CREATE INDEX purses_to_check ON purses (check_at) WHERE check_at IS NOT NULL;

CREATE TABLE purse_lines (
    buyer_id   uuid NOT NULL
  , line_id    uuid NOT NULL
  , purse      text NOT NULL
  , currency   text NOT NULL
  , cause      text NOT NULL
  , document   uuid NOT NULL
  , about      uuid
  , amount     bigint NOT NULL
  , after      bigint NOT NULL
  , note       text NOT NULL DEFAULT ''
  , by         text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , expires_at timestamptz
  , PRIMARY KEY (buyer_id, line_id)
  , FOREIGN KEY (buyer_id, purse, currency) REFERENCES purses
  , CONSTRAINT a_movement_moves_something CHECK (amount <> 0)
  , CONSTRAINT what_is_left_is_not_negative CHECK (after >= 0)
  , CONSTRAINT a_cause_is_known CHECK (cause IN (
        'redeemed', 'credited', 'held', 'returned', 'refunded', 'earned', 'welcomed', 'checked_in', 'given'
      , 'reviewed', 'taken_back', 'expired', 'compensated', 'level', 'invited', 'task', 'undone'))
  , CONSTRAINT only_what_comes_in_expires CHECK (expires_at IS NULL OR amount > 0)
);
COMMENT ON TABLE purse_lines IS 'by buyer, append-only: every movement of a purse, as its statement tells it';
COMMENT ON COLUMN purse_lines.document IS 'What caused it, once: a card, a credit, a payment, a refund, an order, an expiry';
COMMENT ON COLUMN purse_lines.about IS 'The purchase of a payment, the order of a refund, of points, of a review or of a compensation; none for others';
COMMENT ON COLUMN purse_lines.after IS 'What was in the purse afterwards';
CREATE UNIQUE INDEX a_document_moves_a_purse_once ON purse_lines (buyer_id, purse, cause, document);
CREATE INDEX purse_lines_by_time ON purse_lines (buyer_id, at DESC, line_id DESC);
CREATE INDEX purse_lines_expiring ON purse_lines (buyer_id, purse, currency, expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE gift_issues (
    issue_id   uuid PRIMARY KEY
  , name       text NOT NULL
  , amount     bigint NOT NULL
  , currency   text NOT NULL REFERENCES currencies
  , cards      integer NOT NULL
  , sold       boolean NOT NULL
  , expires_at timestamptz
  , issued_at  timestamptz NOT NULL DEFAULT now()
  , issued_by  text NOT NULL
  , CONSTRAINT an_issue_is_of_some_cards CHECK (cards > 0 AND amount > 0)
  , CONSTRAINT what_was_paid_for_does_not_expire CHECK (NOT sold OR expires_at IS NULL)
);
COMMENT ON TABLE gift_issues IS 'by key: gift cards that were issued together; their money is owed in the ledger by an account of the issue';
COMMENT ON COLUMN gift_issues.sold IS 'They were paid for, outside the shop; else the platform gives them away';
CREATE INDEX gift_issues_by_time ON gift_issues (issued_at DESC, issue_id DESC);

CREATE TABLE gift_cards (
    code_hash   bytea PRIMARY KEY
  , card_id     uuid NOT NULL
  , issue_id    uuid NOT NULL
  , last4       text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , sold        boolean NOT NULL
  , state       text NOT NULL DEFAULT 'open'
  , expires_at  timestamptz
  , redeemed_by uuid
  , ended_at    timestamptz
  , CONSTRAINT a_card_is_open_or_ended CHECK (state IN ('open', 'redeemed', 'cancelled', 'expired', 'refunded'))
  , CONSTRAINT ended_means_when CHECK ((state = 'open') = (ended_at IS NULL))
  , CONSTRAINT redeemed_means_by_whom CHECK ((state = 'redeemed') = (redeemed_by IS NOT NULL))
);
COMMENT ON TABLE gift_cards IS 'by key: cards whose code fills a balance once; of the code only its SHA-256 and its last four symbols are kept';
COMMENT ON COLUMN gift_cards.issue_id IS 'The issue that it is of, or the sale in the shop, which is one card''s issue';
COMMENT ON COLUMN gift_cards.last4 IS 'Empty as long as a card sold in the shop has no code: it is made when the card is sent';
CREATE INDEX gift_cards_of_an_issue ON gift_cards (issue_id, card_id);
CREATE INDEX gift_cards_of_a_buyer ON gift_cards (redeemed_by) WHERE redeemed_by IS NOT NULL;
CREATE INDEX gift_cards_to_expire ON gift_cards (expires_at) WHERE state = 'open' AND expires_at IS NOT NULL;
