-- Campaigns of the platform, and the goods that shops sign up for them.

CREATE TABLE campaigns (
    campaign_id   uuid PRIMARY KEY
  , code          text NOT NULL UNIQUE
  , name          jsonb NOT NULL
  , about         jsonb NOT NULL DEFAULT '{}'
  , sign_up_from  timestamptz NOT NULL
  , sign_up_until timestamptz NOT NULL
  , starts_at     timestamptz NOT NULL
  , ends_at       timestamptz NOT NULL
  , rules         jsonb NOT NULL
  , created_at    timestamptz NOT NULL DEFAULT now()
  , ended_at      timestamptz
  , ended_by      text
  , reason        text NOT NULL DEFAULT ''
  , CONSTRAINT sign_up_is_over_when_it_starts CHECK (sign_up_from < sign_up_until AND sign_up_until <= starts_at)
  , CONSTRAINT a_campaign_starts_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT an_ended_campaign_was_ended_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE campaigns IS 'reference: campaigns of the platform, for which shops sign goods up';
COMMENT ON COLUMN campaigns.code IS 'Its address: small letters, digits and hyphens';
COMMENT ON COLUMN campaigns.rules IS 'What goods have to keep to, as trade/campaigns/model.py says';
COMMENT ON COLUMN campaigns.ended_at IS 'When it was ended before its time, by whom and for the reason beside it';
CREATE INDEX campaigns_by_end ON campaigns (ends_at, campaign_id);

CREATE TABLE campaign_entries (
    merchant_id uuid NOT NULL
  , entry_id    uuid NOT NULL
  , campaign_id uuid NOT NULL REFERENCES campaigns
  , product_id  uuid NOT NULL
  , sku_id      uuid NOT NULL
  , price       bigint NOT NULL
  , pieces      integer NOT NULL
  , per_buyer   integer
  , state       text NOT NULL DEFAULT 'waiting'
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , asked_by    text NOT NULL
  , decided_at  timestamptz
  , decided_by  text
  , reason      text NOT NULL DEFAULT ''
  , leave_asked_at timestamptz
  , leave_reason text NOT NULL DEFAULT ''
  , leave_answered_at timestamptz
  , leave_answer text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, entry_id)
  , CONSTRAINT an_article_is_signed_up_once UNIQUE (merchant_id, campaign_id, sku_id)
  , CONSTRAINT an_entry_is_in_a_state CHECK (state IN ('waiting', 'approved', 'sent_back', 'withdrawn'))
  , CONSTRAINT what_is_decided_was_decided_by_somebody CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT sent_back_has_a_reason CHECK (state <> 'sent_back' OR reason <> '')
  , CONSTRAINT who_asks_to_leave_says_why CHECK ((leave_asked_at IS NULL) = (leave_reason = ''))
  , CONSTRAINT what_was_not_asked_is_not_answered CHECK (leave_answered_at IS NULL OR leave_asked_at IS NOT NULL)
  , CONSTRAINT an_entry_sells_something CHECK (price > 0 AND pieces > 0 AND per_buyer > 0)
);
COMMENT ON TABLE campaign_entries IS 'by merchant: an article that a shop signs up for a campaign, at which price and how many';
COMMENT ON COLUMN campaign_entries.entry_id IS 'Once approved, also the id of the flash sale that sells it';
COMMENT ON COLUMN campaign_entries.leave_asked_at IS 'When the shop asked, while the campaign runs, to end this article; for the reason beside it';
COMMENT ON COLUMN campaign_entries.leave_answered_at IS 'When the platform let it go (then it is withdrawn) or, with the words beside it, did not';
CREATE INDEX campaign_entries_to_decide ON campaign_entries (campaign_id, asked_at, entry_id) WHERE state = 'waiting';
CREATE INDEX campaign_entries_of_a_campaign ON campaign_entries (campaign_id, state, entry_id);
