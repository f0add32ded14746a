-- Mails on their way out, and what buyers read where they are signed in.

CREATE TABLE mails (
    mail_id    uuid PRIMARY KEY
  , recipient  text NOT NULL
  , template   text NOT NULL
  , locale     text NOT NULL
  , facts      jsonb NOT NULL
  , created_at timestamptz NOT NULL DEFAULT now()
  , sent_at    timestamptz
  , failures   integer NOT NULL DEFAULT 0
  , error      text
  , retry_at   timestamptz NOT NULL DEFAULT now() + interval '5 minutes'
);
COMMENT ON TABLE mails IS 'local, merchants insert: what we want to tell somebody by mail; rendered and sent by a job';
COMMENT ON COLUMN mails.facts IS 'What the template needs; a secret in it is good once only, and is wiped when the mail is out';
COMMENT ON COLUMN mails.retry_at IS 'When an unsent mail is tried (again) by the sweep; infinity: given up, see error';
CREATE INDEX mails_by_recipient ON mails (recipient);
CREATE INDEX mails_to_send ON mails (retry_at) WHERE sent_at IS NULL;

CREATE TABLE notices (
    buyer_id  uuid NOT NULL
  , notice_id uuid NOT NULL
  , kind      text NOT NULL
  , facts     jsonb NOT NULL
  , link      text NOT NULL
  , at        timestamptz NOT NULL DEFAULT now()
  , read_at   timestamptz
  , PRIMARY KEY (buyer_id, notice_id)
  , CONSTRAINT a_notice_is_of_a_kind CHECK (kind IN ('coupon_given', 'coupon_ends', 'live_soon', 'live_begun', 'level_up', 'level_ends'
      , 'shop_message'))
);
COMMENT ON TABLE notices IS 'by buyer: what we tell a buyer where they are signed in';
COMMENT ON COLUMN notices.facts IS 'As parties/notifications/model.py says: {name, shop, until, words}';
COMMENT ON COLUMN notices.link IS 'Where it leads, a path of ours';
CREATE INDEX notices_by_time ON notices (buyer_id, at DESC, notice_id DESC);
CREATE INDEX notices_unread ON notices (buyer_id) WHERE read_at IS NULL;
