-- Messages of shops to their customers: what they say, whether they may go out, and what became of each.

CREATE TABLE message_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE message_transitions IS 'reference: the states of a message that follow each other';
INSERT INTO message_transitions (from_state, to_state) VALUES
    ('nowhere', 'queued'), ('queued', 'sending'), ('queued', 'delivered'), ('queued', 'dropped'), ('queued', 'failed')
  , ('sending', 'queued'), ('sending', 'sent'), ('sending', 'delivered'), ('sending', 'bounced'), ('sending', 'failed')
  , ('sending', 'unsure'), ('sent', 'delivered'), ('sent', 'bounced'), ('sent', 'failed'), ('sent', 'queued')
  , ('delivered', 'bounced'), ('unsure', 'sent'), ('unsure', 'delivered'), ('unsure', 'bounced');

CREATE TABLE message_templates (
    merchant_id uuid NOT NULL
  , template_id uuid NOT NULL
  , channel     text NOT NULL
  , name        text NOT NULL
  , playbook    text NOT NULL DEFAULT ''
  , version     integer NOT NULL
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , archived_at timestamptz
  , PRIMARY KEY (merchant_id, template_id)
  , CONSTRAINT a_template_is_of_a_channel CHECK (channel IN ('email', 'inbox', 'sms', 'wechat'))
  , CONSTRAINT a_template_has_a_name CHECK (name <> '')
  , CONSTRAINT a_template_has_said_something CHECK (version > 0)
);
COMMENT ON TABLE message_templates IS 'by merchant: the messages that a shop has written';
COMMENT ON COLUMN message_templates.playbook IS 'From which ready one it was made, such as welcome; empty: from none';
COMMENT ON COLUMN message_templates.version IS 'Which of its versions is said from now on';
CREATE INDEX message_templates_by_time ON message_templates (merchant_id, created_at DESC, template_id DESC);

CREATE TABLE message_template_versions (
    merchant_id uuid NOT NULL
  , template_id uuid NOT NULL
  , version     integer NOT NULL
  , subject     jsonb NOT NULL
  , body        jsonb NOT NULL
  , button      jsonb NOT NULL
  , link        text NOT NULL
  , code        text NOT NULL DEFAULT ''
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, template_id, version)
  , FOREIGN KEY (merchant_id, template_id) REFERENCES message_templates
);
COMMENT ON TABLE message_template_versions IS 'by merchant, append-only: what a template said, and from when on; a message is always said in the version in which it was queued';
COMMENT ON COLUMN message_template_versions.subject IS 'Words with {{variables}}; button: what stands on the button that leads to link; empty where there is none';
COMMENT ON COLUMN message_template_versions.link IS 'A variable such as {{cart.url}}, or a page of ours such as /shops/tea';
COMMENT ON COLUMN message_template_versions.code IS 'Of a template that the channel keeps (WeChat): its id there';

CREATE TABLE messages (
    merchant_id   uuid NOT NULL
  , message_id    uuid NOT NULL
  , buyer_id      uuid
  , channel       text NOT NULL
  , template_id   uuid NOT NULL
  , version       integer NOT NULL
  , variables     jsonb NOT NULL
  , marketing     boolean NOT NULL
  , origin        text NOT NULL DEFAULT ''
  , locale        text NOT NULL DEFAULT ''
  , address       text NOT NULL DEFAULT ''
  , state         text NOT NULL
  , why           text NOT NULL DEFAULT ''
  , tries         integer NOT NULL DEFAULT 0
  , bounces       integer NOT NULL DEFAULT 0
  , due_at        timestamptz
  , not_before    timestamptz NOT NULL
  , quiet_from    time
  , quiet_to      time
  , created_at    timestamptz NOT NULL DEFAULT now()
  , handed_at     timestamptz
  , delivered_at  timestamptz
  , opened_at     timestamptz
  , clicked_at    timestamptz
  , complained_at timestamptz
  , PRIMARY KEY (merchant_id, message_id)
  , FOREIGN KEY (merchant_id, template_id, version) REFERENCES message_template_versions
  , CONSTRAINT a_message_goes_by_a_channel CHECK (channel IN ('email', 'inbox', 'sms', 'wechat'))
  , CONSTRAINT what_is_to_be_done_has_its_time CHECK ((state IN ('queued', 'sending')) = (due_at IS NOT NULL))
  , CONSTRAINT a_trial_goes_to_an_address CHECK (buyer_id IS NOT NULL OR address <> '')
  , CONSTRAINT what_arrived_has_its_time CHECK (state <> 'delivered' OR delivered_at IS NOT NULL)
  , CONSTRAINT quiet_hours_begin_and_end CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
  , CONSTRAINT only_advertising_keeps_quiet CHECK (marketing OR quiet_from IS NULL)
  , CONSTRAINT variables_are_flat CHECK (jsonb_typeof(variables) = 'object')
);
COMMENT ON TABLE messages IS 'by merchant: each message to each customer, from when it was wanted to what became of it';
COMMENT ON COLUMN messages.message_id IS 'Whoever wants it gives it: said twice, it goes out once; it is the key at the gateway, and in the Message-ID of a mail';
COMMENT ON COLUMN messages.buyer_id IS 'To whom; none: a trial to the address of who wrote it';
COMMENT ON COLUMN messages.marketing IS 'Only to who wants such; otherwise it belongs to an order of theirs';
COMMENT ON COLUMN messages.origin IS 'Who wanted it: journey:<id>, trial';
COMMENT ON COLUMN messages.locale IS 'In which language it was said; address: where it went; both written when it is handed over';
COMMENT ON COLUMN messages.why IS 'Why it was dropped, failed or came back: a Why of operations/outreach/model.py, then what the other side said';
COMMENT ON COLUMN messages.tries IS 'How often it was handed over or asked about; bounces: how often it came back for a while';
COMMENT ON COLUMN messages.due_at IS 'When a worker looks at it (again)';
COMMENT ON COLUMN messages.quiet_from IS 'From then until quiet_to, by the clocks where its reader is, it does not leave; none: at any hour';
COMMENT ON COLUMN messages.opened_at IS 'Opened and clicked for the first time, of those whose doings may be analysed';
CREATE INDEX messages_due ON messages (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_by_time ON messages (merchant_id, created_at DESC, message_id DESC);
CREATE INDEX messages_by_state ON messages (merchant_id, state, created_at DESC, message_id DESC);
CREATE INDEX messages_of_a_template ON messages (merchant_id, template_id, created_at DESC, message_id DESC);
CREATE INDEX messages_of_a_customer ON messages (merchant_id, buyer_id, created_at DESC, message_id DESC) WHERE buyer_id IS NOT NULL;
CREATE INDEX messages_of_a_buyer ON messages (buyer_id, created_at DESC, message_id DESC) WHERE buyer_id IS NOT NULL;
CREATE INDEX messages_by_id ON messages (message_id);

CREATE TABLE message_steps (
    merchant_id uuid NOT NULL
  , message_id  uuid NOT NULL
  , step_id     uuid NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , why         text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, message_id, step_id)
  , FOREIGN KEY (from_state, to_state) REFERENCES message_transitions
);
COMMENT ON TABLE message_steps IS 'by merchant, append-only: how a message went from state to state';

CREATE TABLE message_stops (
    buyer_id    uuid NOT NULL
  , merchant_id uuid NOT NULL
  , channel     text NOT NULL
  , stopped     boolean NOT NULL
  , how         text NOT NULL
  , at          timestamptz NOT NULL
  , PRIMARY KEY (buyer_id, merchant_id, channel)
  , CONSTRAINT a_stop_is_of_a_channel CHECK (channel IN ('email', 'inbox', 'sms', 'wechat'))
);
COMMENT ON TABLE message_stops IS 'by buyer: from which shops a buyer wants no more messages of their own accord by a channel';
COMMENT ON COLUMN message_stops.how IS 'one_click: by the button of a mail program; preferences: on the page that a message leads to; account: in the account';

CREATE TABLE suppressed_addresses (
    channel text NOT NULL
  , digest  text NOT NULL
  , why     text NOT NULL
  , at      timestamptz NOT NULL
  , PRIMARY KEY (channel, digest)
);
COMMENT ON TABLE suppressed_addresses IS 'by key: addresses that nothing is sent to any more, since it came back for good';
COMMENT ON COLUMN suppressed_addresses.digest IS 'SHA-256 of the address in small letters: whose it was is not kept';

CREATE TABLE message_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , message_id  uuid NOT NULL
  , path        text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE message_codes IS 'by key: short addresses in text messages, and where they lead; forgotten some months after';
CREATE INDEX message_codes_by_time ON message_codes (at);
