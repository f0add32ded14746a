-- Buyers, with or without a login.

CREATE TABLE buyers (
    buyer_id   uuid PRIMARY KEY
  , email      text
  , name       text NOT NULL DEFAULT ''
  , phone      text NOT NULL DEFAULT ''
  , locale     text NOT NULL
  , country    text
  , guest      boolean NOT NULL
  , source     text
  , created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE buyers IS 'by buyer: everybody who buys; a guest has no login';
CREATE INDEX buyers_by_time ON buyers (created_at, buyer_id);
CREATE INDEX buyers_by_email ON buyers (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX buyers_by_phone ON buyers (phone) WHERE phone <> '';
CREATE INDEX buyers_by_name ON buyers (name) WHERE name <> '';
COMMENT ON COLUMN buyers.source IS 'Where the buyer came from when not from here: import:<name of the source>:<its id>';

CREATE TABLE addresses (
    buyer_id   uuid NOT NULL REFERENCES buyers
  , address_id uuid NOT NULL
  , address    jsonb NOT NULL
  , is_default boolean NOT NULL DEFAULT false
  , created_at timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, address_id)
);
COMMENT ON TABLE addresses IS 'by buyer: the address book';
COMMENT ON COLUMN addresses.address IS '{name, phone, country, region, city, district, street, postal_code}';
CREATE UNIQUE INDEX one_default_address ON addresses (buyer_id) WHERE is_default;

CREATE TABLE visitor_merges (
    visitor_id uuid PRIMARY KEY
  , buyer_id   uuid NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE visitor_merges IS 'by key: a visitor who signed in is this buyer; nothing is rewritten';
CREATE INDEX visitors_of_a_buyer ON visitor_merges (buyer_id, at DESC);

CREATE TABLE marketing_consents (
    buyer_id   uuid NOT NULL
  , consent_id uuid NOT NULL
  , agreed     boolean NOT NULL
  , wording    text NOT NULL
  , how        text NOT NULL
  , secret     text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, consent_id)
  , CONSTRAINT one_says_so_somewhere CHECK (how IN ('profile', 'mail'))
);
COMMENT ON TABLE marketing_consents IS 'by buyer, append-only: whether a buyer wants mails about coupons; the last counts, and who never said so wants none';
COMMENT ON COLUMN marketing_consents.wording IS 'Which words were agreed to';
COMMENT ON COLUMN marketing_consents.how IS 'profile: on their page; mail: by the link in such a mail';
COMMENT ON COLUMN marketing_consents.secret IS 'Ends the link in each such mail, by which it is withdrawn without signing in';
CREATE INDEX marketing_consents_last ON marketing_consents (buyer_id, at DESC, consent_id DESC);
