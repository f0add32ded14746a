-- Links by which a shop's campaigns lead here, what came of them, and what campaigns cost.

CREATE TABLE campaign_links (
    merchant_id uuid NOT NULL
  , link_id     uuid NOT NULL
  , code        text NOT NULL
  , name        text NOT NULL
  , target      text NOT NULL
  , target_id   uuid
  , path        text NOT NULL
  , source      text NOT NULL
  , medium      text NOT NULL
  , campaign    text NOT NULL
  , content     text NOT NULL DEFAULT ''
  , created_at  timestamptz NOT NULL DEFAULT now()
  , created_by  text NOT NULL
  , ended_at    timestamptz
  , PRIMARY KEY (merchant_id, link_id)
  , CONSTRAINT a_link_leads_to_a_product_a_shop_or_a_room CHECK (target IN ('product', 'shop', 'live'))
  , CONSTRAINT a_link_stays_in_the_house CHECK (path LIKE '/%' AND path NOT LIKE '//%')
  , CONSTRAINT a_link_has_a_name CHECK (name <> '')
  , CONSTRAINT a_link_says_where_it_stands CHECK (source <> '' AND medium <> '')
);
COMMENT ON TABLE campaign_links IS 'by merchant, never deleted: links that a shop puts somewhere, each telling where (UTM)';
COMMENT ON COLUMN campaign_links.code IS 'Its short address: /l/<code>';
COMMENT ON COLUMN campaign_links.target_id IS 'The product or the live room; none for the shop';
COMMENT ON COLUMN campaign_links.path IS 'Where it leads, in this house';
COMMENT ON COLUMN campaign_links.ended_at IS 'Since when it is out of the list; whoever still has it is led on all the same';
CREATE INDEX campaign_links_newest ON campaign_links (merchant_id, created_at DESC, link_id DESC);

CREATE TABLE link_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , link_id     uuid NOT NULL
);
COMMENT ON TABLE link_codes IS 'by key, merchants insert: whose link a short address is';

CREATE TABLE link_days (
    merchant_id uuid NOT NULL
  , link_id     uuid NOT NULL
  , day         date NOT NULL
  , clicks      integer NOT NULL DEFAULT 0
  , scans       integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, link_id, day)
  , FOREIGN KEY (merchant_id, link_id) REFERENCES campaign_links
);
COMMENT ON TABLE link_days IS 'by merchant: how often a link was followed on a day; names nobody';
COMMENT ON COLUMN link_days.scans IS 'Of the clicks, those by its QR code';

CREATE TABLE link_orders (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , link_id     uuid NOT NULL
  , paid        bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, link_id) REFERENCES campaign_links
);
COMMENT ON TABLE link_orders IS 'by merchant: paid orders of people whom a link brought last';
CREATE INDEX link_orders_of_a_link ON link_orders (merchant_id, link_id);

CREATE TABLE campaign_costs (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , channel     text NOT NULL
  , source      text NOT NULL DEFAULT ''
  , campaign    text NOT NULL DEFAULT ''
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, day, channel, source, campaign, currency)
  , CONSTRAINT a_cost_is_positive CHECK (amount > 0)
  , CONSTRAINT costs_are_of_a_known_channel CHECK (channel IN ('direct', 'search', 'social', 'link', 'mail', 'ad', 'qr', 'invite'
      , 'live'))
);
COMMENT ON TABLE campaign_costs IS 'by merchant: what a campaign, or a channel as a whole, cost on a day; as people have entered it';
COMMENT ON COLUMN campaign_costs.amount IS 'Minor units of the currency';
