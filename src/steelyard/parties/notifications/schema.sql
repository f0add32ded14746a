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
  , retry_at   timestamptz NOT NULL DEFAULT now() + interval '5 minutes'
);
COMMENT ON TABLE mails IS 'local, merchants insert: what we want to tell somebody by mail; rendered and sent by a job';
COMMENT ON COLUMN mails.facts IS 'What the template needs; a secret in it is good once only, and is wiped when the mail is out';
COMMENT ON COLUMN mails.retry_at IS 'When an unsent mail is tried (again) by the sweep; infinity: given up, see error';
CREATE INDEX mails_by_recipient ON mails (recipient);
CREATE INDEX mails_to_send ON mails (retry_at) WHERE sent_at IS NULL;
