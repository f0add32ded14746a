-- Mails on their way out.

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
);
COMMENT ON TABLE mails IS 'local, merchants insert: what we want to tell somebody by mail; rendered and sent by a job';
COMMENT ON COLUMN mails.facts IS 'What the template needs; never a secret that is still good after it was used';
CREATE INDEX mails_to_send ON mails (created_at) WHERE sent_at IS NULL;
