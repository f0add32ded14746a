-- Buyers, with or without a login.

CREATE TABLE buyers (
    buyer_id   uuid PRIMARY KEY
  , email      text
  , name       text NOT NULL DEFAULT ''
  , phone      text NOT NULL DEFAULT ''
  , locale     text NOT NULL
  , country    text
  , guest      boolean NOT NULL
  , nobody     boolean NOT NULL DEFAULT false
  , source     text
  , birthday   text
  , created_at timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT nobody_is_known_by_nothing CHECK (NOT nobody OR (guest AND email IS NULL AND phone = '' AND name = ''
                                                               AND source IS NULL))
  , CONSTRAINT a_birthday_is_a_day_of_the_year CHECK (birthday ~ '^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')
);
COMMENT ON TABLE buyers IS 'by buyer: everybody who buys; a guest has no login';
COMMENT ON COLUMN buyers.nobody IS 'Stands for one imported order that names no customer: not a person, and not counted as one';
CREATE INDEX buyers_who_are_nobody ON buyers (buyer_id) WHERE nobody;
CREATE INDEX buyers_by_time ON buyers (created_at, buyer_id);
CREATE INDEX buyers_by_email ON buyers (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX buyers_by_phone ON buyers (phone) WHERE phone <> '';
CREATE INDEX buyers_by_name ON buyers (name) WHERE name <> '';
CREATE INDEX buyers_by_birthday ON buyers (birthday, buyer_id) WHERE birthday IS NOT NULL;
COMMENT ON COLUMN buyers.birthday IS 'MM-DD, as they say themselves: without the year, which nobody needs to wish well';
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
  , browser_id uuid
  , at         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE visitor_merges IS 'by key: a visitor who signed in is this buyer; nothing is rewritten';
COMMENT ON COLUMN visitor_merges.browser_id IS 'In which browser: whoever signs in there has the same, while each has visitors'' ids of their own';
CREATE INDEX visitors_of_a_buyer ON visitor_merges (buyer_id, at DESC);

CREATE TABLE marketing_consents (
    buyer_id   uuid NOT NULL
  , consent_id uuid NOT NULL
  , channel    text NOT NULL
  , agreed     boolean NOT NULL
  , wording    text NOT NULL
  , how        text NOT NULL
  , secret     text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, consent_id)
  , CONSTRAINT one_says_so_somewhere CHECK (how IN ('profile', 'mail', 'preferences', 'complaint', 'answer', 'import'))
  , CONSTRAINT one_agrees_to_a_channel CHECK (channel IN ('email', 'sms', 'wechat'))
);
COMMENT ON TABLE marketing_consents IS 'by buyer, append-only: whether a buyer wants news and offers by a channel; the last counts, and who never said so wants none';
COMMENT ON COLUMN marketing_consents.wording IS 'Which words were agreed to: WORDS of parties/customers/consenting.py';
COMMENT ON COLUMN marketing_consents.how IS 'profile: on their page; mail: by the link in such a mail; preferences: on the page that a message leads to; complaint: as unwanted; answer: by an answer to a text message; import: elsewhere, before';
COMMENT ON COLUMN marketing_consents.secret IS 'Ends the link in each such mail, by which it is withdrawn without signing in';
CREATE INDEX marketing_consents_last ON marketing_consents (buyer_id, channel, at DESC, consent_id DESC);

CREATE TABLE wechat_openids (
    buyer_id uuid PRIMARY KEY
  , openid   text NOT NULL
  , at       timestamptz NOT NULL
  , CONSTRAINT an_openid_is_something CHECK (openid <> '')
);
COMMENT ON TABLE wechat_openids IS 'by buyer: by what name the house''s WeChat account knows a buyer';
