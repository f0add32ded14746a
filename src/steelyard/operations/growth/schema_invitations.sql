-- Invitations: what shops and the platform promise for bringing a friend, who invited whom, and what became of it.

CREATE TABLE invite_programmes (
    merchant_id    uuid PRIMARY KEY
  , name           jsonb NOT NULL
  , currency       text NOT NULL REFERENCES currencies
  , inviter_coupon uuid
  , inviter_points integer NOT NULL DEFAULT 0
  , friend_coupon  uuid
  , friend_points  integer NOT NULL DEFAULT 0
  , least          bigint NOT NULL
  , wait_days      integer NOT NULL
  , per_month      integer NOT NULL
  , friends        integer NOT NULL
  , closed_at      timestamptz
  , version        integer NOT NULL DEFAULT 1
  , changed_at     timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT only_the_platform_promises_points CHECK ((inviter_points = 0 AND friend_points = 0)
        OR merchant_id = '00000000-0000-0000-0000-000000000000')
  , CONSTRAINT each_is_rewarded_in_one_way CHECK ((inviter_coupon IS NULL OR inviter_points = 0)
                                              AND (friend_coupon IS NULL OR friend_points = 0))
  , CONSTRAINT what_is_promised_has_an_end CHECK (least >= 0 AND wait_days >= 0 AND per_month > 0 AND friends > 0)
);
COMMENT ON TABLE invite_programmes IS 'by merchant: what a shop, or under an id of zeros the platform, promises for inviting a friend';
COMMENT ON COLUMN invite_programmes.least IS 'So much, in minor units, of the friend''s first order has to be kept';
COMMENT ON COLUMN invite_programmes.wait_days IS 'So long after it was received it could go back';
COMMENT ON COLUMN invite_programmes.per_month IS 'For so many friends an inviter is rewarded in a month';
COMMENT ON COLUMN invite_programmes.friends IS 'The budget: so many friends are rewarded altogether';

CREATE TABLE invite_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE invite_codes IS 'by key: the code by which a buyer invites to a shop, or (an id of zeros) to the marketplace';
CREATE INDEX invite_codes_of_a_buyer ON invite_codes (buyer_id, merchant_id);

CREATE TABLE invitation_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE invitation_transitions IS 'reference: the states of an invitation that follow each other';
INSERT INTO invitation_transitions (from_state, to_state) VALUES
    ('nowhere', 'accepted'), ('accepted', 'ordered'), ('accepted', 'lapsed'), ('ordered', 'rewarded'), ('ordered', 'review')
  , ('ordered', 'refused'), ('ordered', 'lapsed'), ('review', 'rewarded'), ('review', 'refused'), ('review', 'lapsed')
  , ('rewarded', 'undone');

CREATE TABLE invitations (
    merchant_id   uuid NOT NULL
  , invitation_id uuid NOT NULL
  , inviter_id    uuid NOT NULL
  , friend_id     uuid NOT NULL
  , state         text NOT NULL
  , accepted_at   timestamptz NOT NULL DEFAULT now()
  , order_shop    uuid
  , order_id      uuid
  , due_at        timestamptz
  , against       text[] NOT NULL DEFAULT '{}'
  , note          text NOT NULL DEFAULT ''
  , inviter_coupon uuid
  , inviter_points integer NOT NULL DEFAULT 0
  , friend_coupon uuid
  , friend_points integer NOT NULL DEFAULT 0
  , least         bigint NOT NULL
  , wait_days     integer NOT NULL
  , changed_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, invitation_id)
  , FOREIGN KEY (merchant_id) REFERENCES invite_programmes
  , CONSTRAINT a_friend_takes_one_invitation UNIQUE (merchant_id, friend_id)
  , CONSTRAINT ordered_means_what CHECK ((order_id IS NULL) = (order_shop IS NULL)
                                     AND (state NOT IN ('ordered', 'review', 'rewarded', 'undone') OR order_id IS NOT NULL))
);
COMMENT ON TABLE invitations IS 'by merchant: who took whose invitation, by which first order it is judged, and what came of it';
COMMENT ON COLUMN invitations.friend_id IS 'As who it was taken: a visitor may have an account since';
COMMENT ON COLUMN invitations.order_shop IS 'Whose the order is: of an invitation to the marketplace any shop''s';
COMMENT ON COLUMN invitations.due_at IS 'When it is rewarded, unless something speaks against it; none: the order is not received yet';
COMMENT ON COLUMN invitations.against IS 'What spoke against it when it was due';
COMMENT ON COLUMN invitations.inviter_coupon IS 'What was promised when it was taken; once rewarded what was given, none where no copy was left';
COMMENT ON COLUMN invitations.least IS 'So much of the first order has to be kept, as it was promised when it was taken; so for wait_days';
CREATE INDEX invitations_of_an_inviter ON invitations (inviter_id, merchant_id, accepted_at DESC);
CREATE INDEX invitations_of_a_friend ON invitations (friend_id);
CREATE INDEX invitations_of_an_order ON invitations (order_shop, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX invitations_due ON invitations (due_at) WHERE state = 'ordered';
CREATE INDEX invitations_waiting ON invitations (accepted_at) WHERE state = 'accepted';
CREATE INDEX invitations_by_state ON invitations (merchant_id, state, changed_at DESC, invitation_id);

CREATE TABLE invitation_history (
    merchant_id   uuid NOT NULL
  , invitation_id uuid NOT NULL
  , step          integer NOT NULL
  , from_state    text NOT NULL
  , to_state      text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , PRIMARY KEY (merchant_id, invitation_id, step)
  , FOREIGN KEY (merchant_id, invitation_id) REFERENCES invitations
  , FOREIGN KEY (from_state, to_state) REFERENCES invitation_transitions
);
COMMENT ON TABLE invitation_history IS 'by merchant, append-only: each change of an invitation''s state';
