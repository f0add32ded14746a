-- Made from the modules' schema.sql by `make baseline`. Do not edit.

-- kernel

-- What the kernel keeps: the event log and how far its readers have come, answers by idempotency key, rate limits.

-- News travels up through these three tables.

CREATE TABLE events (
    position   bigint GENERATED ALWAYS AS IDENTITY
  , xid        xid8 NOT NULL DEFAULT pg_current_xact_id()
  , kind       text NOT NULL
  , payload    jsonb NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (xid, position)
);
COMMENT ON TABLE events IS 'local, append-only, merchants insert: what has happened, in the words of the module that announced it';
COMMENT ON COLUMN events.xid IS 'The transaction that announced it: readers never step over one that is still open';
COMMENT ON COLUMN events.payload IS 'Ids and amounts only';

CREATE TABLE event_cursors (
    subscriber text PRIMARY KEY
  , xid        xid8 NOT NULL
  , position   bigint NOT NULL
  , moved_at   timestamptz NOT NULL DEFAULT now()
  , paused_at  timestamptz
);
COMMENT ON TABLE event_cursors IS 'local: up to which event each subscriber has read; moved in the transaction of its effects';
COMMENT ON COLUMN event_cursors.paused_at IS 'Since when people have told it to wait; none while it reads';

CREATE TABLE event_failures (
    subscriber text PRIMARY KEY
  , xid        xid8 NOT NULL
  , position   bigint NOT NULL
  , failures   integer NOT NULL
  , error      text NOT NULL
  , retry_at   timestamptz NOT NULL
);
COMMENT ON TABLE event_failures IS 'local: the event that a subscriber cannot get past, since its handler raises; it is tried again at retry_at';

-- The job queue's own tables are not here: the library that brings them makes them, before ours.

CREATE TABLE job_failures (
    job_id bigint PRIMARY KEY
  , job    text NOT NULL
  , tries  integer NOT NULL
  , error  text NOT NULL
  , at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE job_failures IS 'local: the last error of each job that did not come to its end; gone when it does';

-- What goes on by itself, and how it went.

CREATE TABLE sweep_runs (
    sweep         text PRIMARY KEY
  , every_seconds double precision NOT NULL
  , reported_at   timestamptz NOT NULL DEFAULT now()
  , ran_at        timestamptz
  , seconds       double precision
  , moved         bigint NOT NULL DEFAULT 0
  , last_moved    bigint
  , moved_at      timestamptz
  , failures      bigint NOT NULL DEFAULT 0
  , failed_at     timestamptz
  , error         text
  , paused_at     timestamptz
  , wanted_at     timestamptz
  , told_seconds  double precision
  , CONSTRAINT a_sweep_rests_between_rounds CHECK (told_seconds BETWEEN 1 AND 86400)
  , CONSTRAINT a_sweep_that_failed_says_why CHECK ((failed_at IS NULL) = (error IS NULL))
);
COMMENT ON TABLE sweep_runs IS 'local: each sweep as the workers last told of it, and what people have told the workers';
COMMENT ON COLUMN sweep_runs.moved IS 'In all rounds since the first';
COMMENT ON COLUMN sweep_runs.last_moved IS 'In the round that last moved anything, at moved_at';
COMMENT ON COLUMN sweep_runs.paused_at IS 'Since when people have told it to wait; none while it runs';
COMMENT ON COLUMN sweep_runs.told_seconds IS 'How often people want it instead of every_seconds; none: as the program says';
COMMENT ON COLUMN sweep_runs.wanted_at IS 'When somebody last asked for a round at once';

CREATE TABLE check_results (
    module  text NOT NULL
  , name    text NOT NULL
  , ran_at  timestamptz NOT NULL
  , found   integer NOT NULL
  , sample  jsonb NOT NULL
  , PRIMARY KEY (module, name)
);
COMMENT ON TABLE check_results IS 'local: what each truth of checks.sql found when it was last looked for';
COMMENT ON COLUMN check_results.found IS 'How many rows say that it is not true, at most a sample; 0: it is true';

CREATE TABLE check_failures (
    failure_id uuid PRIMARY KEY
  , at         timestamptz NOT NULL DEFAULT now()
  , module     text NOT NULL
  , name       text NOT NULL
  , found      integer NOT NULL
  , sample     jsonb NOT NULL
);
COMMENT ON TABLE check_failures IS 'local, append-only: each time a truth was found not to be true any more, or more widely so';
CREATE INDEX check_failures_by_time ON check_failures (at DESC);

CREATE TABLE http_idempotency_keys (
    caller       text NOT NULL
  , key          text NOT NULL
  , fingerprint  bytea NOT NULL
  , operation_id uuid NOT NULL
  , claimed_at   timestamptz NOT NULL
  , claim        uuid NOT NULL
  , status       integer
  , headers      jsonb
  , body         bytea
  , answered_at  timestamptz
  , PRIMARY KEY (key, caller)
  , CONSTRAINT fingerprint_is_a_sha_256  CHECK (octet_length(fingerprint) = 32)
  , CONSTRAINT answered_means_whole      CHECK (
        (answered_at IS NOT NULL) = (status IS NOT NULL)
        AND (answered_at IS NOT NULL) = (headers IS NOT NULL)
        AND (answered_at IS NOT NULL) = (body IS NOT NULL))
)
-- A claim is small and its answer large: pages begin nearly empty, so that the answer has room beside its claim and its
-- row's two keys are written once.
WITH (fillfactor = 10);
CREATE INDEX http_idempotency_keys_by_age ON http_idempotency_keys (claimed_at);
COMMENT ON TABLE http_idempotency_keys IS 'by key: what a caller asked under an Idempotency-Key, and what we answered';
COMMENT ON COLUMN http_idempotency_keys.caller IS 'Who owns the key: an API key, a session, an agent';
COMMENT ON COLUMN http_idempotency_keys.fingerprint IS 'SHA-256 of method, path and raw body';
COMMENT ON COLUMN http_idempotency_keys.operation_id IS 'The id that the request''s command works under, also when it is taken over';
COMMENT ON COLUMN http_idempotency_keys.claim IS 'Who answers now: a new one when an answer that never came is taken over';

CREATE TABLE rate_limits (
    key     text PRIMARY KEY
  , tokens  double precision NOT NULL
  , at      timestamptz NOT NULL
  , full_at timestamptz NOT NULL
  , CONSTRAINT tokens_are_never_owed CHECK (tokens >= 0)
);
CREATE INDEX rate_limits_by_full_at ON rate_limits (full_at);
COMMENT ON TABLE rate_limits IS 'by key: token buckets of what is limited (log-ins, money), each filling up again by itself';
COMMENT ON COLUMN rate_limits.tokens IS 'What was left at the time in column at';
COMMENT ON COLUMN rate_limits.full_at IS 'When it is as good as new: the row may go';

CREATE TABLE batch_minutes (
    minute         timestamptz NOT NULL
  , batcher        text NOT NULL
  , batches        bigint NOT NULL
  , requests       bigint NOT NULL
  , merged         bigint NOT NULL
  , largest        bigint NOT NULL
  , split          bigint NOT NULL
  , refused        bigint NOT NULL
  , failed         bigint NOT NULL
  , turned_away    bigint NOT NULL
  , waited_seconds double precision NOT NULL
  , worked_seconds double precision NOT NULL
  , PRIMARY KEY (minute, batcher)
);
COMMENT ON TABLE batch_minutes IS 'local: what batchers did, of all processes, by the minute in which they told of it';
COMMENT ON COLUMN batch_minutes.largest IS 'Requests in the largest batch; all else adds up';

-- parties.policies

-- What the operator has decided otherwise than the defaults say.

CREATE TABLE policies (
    policy     text PRIMARY KEY
  , value      bigint NOT NULL
  , changed_at timestamptz NOT NULL DEFAULT now()
  , changed_by uuid
);
COMMENT ON TABLE policies IS 'reference: run-time settings that differ from their defaults in parties/policies/model.py';
COMMENT ON COLUMN policies.value IS 'In the unit of the policy; a yes or no is 1 or 0';

CREATE TABLE policy_changes (
    change_id uuid PRIMARY KEY
  , policy    text NOT NULL
  , before    bigint NOT NULL
  , after     bigint NOT NULL
  , at        timestamptz NOT NULL DEFAULT now()
  , by        uuid
);
COMMENT ON TABLE policy_changes IS 'local, append-only: each change of a run-time setting';
CREATE INDEX policy_changes_of_a_policy ON policy_changes (policy, at DESC);

CREATE TABLE policy_plans (
    policy     text PRIMARY KEY
  , value      bigint NOT NULL
  , from_day   date NOT NULL
  , planned_at timestamptz NOT NULL DEFAULT now()
  , planned_by uuid
);
COMMENT ON TABLE policy_plans IS 'reference: what a run-time setting will be from a day to come, one plan for each';
COMMENT ON COLUMN policy_plans.from_day IS 'From the midnight with which this day begins in Shanghai';

CREATE TABLE document_versions (
    document     text NOT NULL
  , from_day     date NOT NULL
  , summary      jsonb NOT NULL
  , body         jsonb NOT NULL DEFAULT '{}'
  , published_at timestamptz NOT NULL DEFAULT now()
  , published_by uuid
  , PRIMARY KEY (document, from_day)
);
COMMENT ON TABLE document_versions IS 'reference: what people are asked to agree to, each version by the day from which it is in force';
COMMENT ON COLUMN document_versions.from_day IS 'From the midnight with which this day begins in Shanghai';
COMMENT ON COLUMN document_versions.summary IS 'What is new in it, in a sentence or two';
COMMENT ON COLUMN document_versions.body IS 'Its text; empty where the text that the program brings stays as it is';

-- parties.access

-- Who may come in and what they may do.

CREATE TABLE accounts (
    account_id    uuid PRIMARY KEY
  , kind          text NOT NULL
  , name          text NOT NULL
  , email         text NOT NULL
  , password_hash text
  , locale        text NOT NULL
  , merchant_id   uuid
  , buyer_id      uuid
  , department_id uuid
  , disabled_at   timestamptz
  , created_at    timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT an_account_is_of_one_kind CHECK (kind IN ('operator', 'merchant', 'buyer', 'applicant'))
  , CONSTRAINT merchant_staff_have_a_merchant CHECK ((kind = 'merchant') = (merchant_id IS NOT NULL))
  , CONSTRAINT a_buyers_login_has_a_buyer CHECK ((kind = 'buyer') = (buyer_id IS NOT NULL))
);
COMMENT ON TABLE accounts IS 'by key: people who sign in: the operator''s staff, merchants'' staff, buyers, and applicants who may become merchants';
COMMENT ON COLUMN accounts.password_hash IS 'Argon2id; none until the person has set one';
CREATE INDEX accounts_of_the_operator ON accounts (account_id) WHERE kind = 'operator';
CREATE INDEX accounts_of_a_merchant ON accounts (merchant_id) WHERE merchant_id IS NOT NULL;
CREATE INDEX accounts_by_name ON accounts (lower(name) text_pattern_ops);
CREATE INDEX accounts_of_a_department ON accounts (department_id) WHERE department_id IS NOT NULL;
CREATE INDEX account_of_a_buyer ON accounts (buyer_id) WHERE buyer_id IS NOT NULL;

CREATE TABLE logins (
    email      text PRIMARY KEY
  , account_id uuid NOT NULL
  , CONSTRAINT an_email_is_written_in_lower_case CHECK (email = lower(email))
);
COMMENT ON TABLE logins IS 'by key: one e-mail address signs in to one account';

CREATE INDEX logins_sought ON logins (email text_pattern_ops);

CREATE TABLE departments (
    department_id uuid PRIMARY KEY
  , kind          text NOT NULL
  , merchant_id   uuid
  , name          text NOT NULL
  , head_id       uuid
  , created_at    timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_department_is_of_staff CHECK ((kind = 'merchant') = (merchant_id IS NOT NULL) AND kind IN ('operator', 'merchant'))
);
COMMENT ON TABLE departments IS 'by key: parts of a staff: each of it is in one of them or in none';
COMMENT ON COLUMN departments.head_id IS 'The account of who leads it; one of its people';
CREATE INDEX departments_of_a_staff ON departments (kind, merchant_id);

CREATE TABLE saved_views (
    view_id     uuid PRIMARY KEY
  , account_id  uuid NOT NULL
  , kind        text NOT NULL
  , merchant_id uuid
  , path        text NOT NULL
  , query       text NOT NULL
  , name        text NOT NULL
  , shared      boolean NOT NULL DEFAULT false
  , created_at  timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_view_is_of_staff CHECK ((kind = 'merchant') = (merchant_id IS NOT NULL) AND kind IN ('operator', 'merchant'))
);
COMMENT ON TABLE saved_views IS 'by key: a console''s list as somebody filters it often, kept under a name';
COMMENT ON COLUMN saved_views.shared IS 'Seen by all colleagues; else by who made it';
COMMENT ON COLUMN saved_views.query IS 'The questions of the address, without page and format';
CREATE INDEX saved_views_of_a_list ON saved_views (path, merchant_id, created_at);

CREATE TABLE sessions (
    token_hash   bytea PRIMARY KEY
  , account_id   uuid NOT NULL
  , created_at   timestamptz NOT NULL DEFAULT now()
  , seen_at      timestamptz NOT NULL DEFAULT now()
  , expires_at   timestamptz NOT NULL
  , user_agent   text NOT NULL DEFAULT ''
  , address      text NOT NULL DEFAULT ''
);
COMMENT ON TABLE sessions IS 'by key: server-side sessions; the cookie holds the token, we hold its SHA-256';
CREATE INDEX sessions_of_an_account ON sessions (account_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY
  , account_id uuid NOT NULL
  , expires_at timestamptz NOT NULL
  , used_at    timestamptz
);
COMMENT ON TABLE password_resets IS 'by key: links for a new password, sent by mail, good once; an invitation is the first of them';
CREATE INDEX password_resets_of_an_account ON password_resets (account_id);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

CREATE TABLE email_changes (
    account_id uuid PRIMARY KEY
  , email      text NOT NULL
  , token_hash bytea
  , expires_at timestamptz NOT NULL
);
COMMENT ON TABLE email_changes IS 'by key: an e-mail address that becomes an account''s when the link sent there is opened';
CREATE INDEX email_changes_by_token ON email_changes (token_hash);

CREATE TABLE api_keys (
    key_hash    bytea PRIMARY KEY
  , api_key_id  uuid NOT NULL
  , account_id  uuid NOT NULL
  , name        text NOT NULL
  , prefix      text NOT NULL
  , scopes      text[] NOT NULL
  , created_at  timestamptz NOT NULL DEFAULT now()
  , last_used_at timestamptz
  , expires_at  timestamptz
  , revoked_at  timestamptz
);
COMMENT ON TABLE api_keys IS 'by key: keys for programs; shown once, kept as SHA-256';
COMMENT ON COLUMN api_keys.prefix IS 'The first characters of the key, so that people recognise it';
COMMENT ON COLUMN api_keys.scopes IS 'Permissions; a key never may more than its account';
CREATE INDEX api_keys_of_an_account ON api_keys (account_id);
CREATE INDEX api_keys_by_id ON api_keys (api_key_id);

CREATE TABLE permissions (
    permission  text PRIMARY KEY
  , audience    text NOT NULL
  , description jsonb NOT NULL
  , CONSTRAINT a_permission_has_an_audience CHECK (audience IN ('operator', 'merchant', 'both'))
);
COMMENT ON TABLE permissions IS 'reference: what can be permitted at all, such as orders.ship';
COMMENT ON COLUMN permissions.audience IS 'Whose staff may have it; of a merchant''s staff it always means that merchant''s affairs alone';
INSERT INTO permissions (permission, audience, description) VALUES
    ('dashboard.read', 'operator', '{"zh-Hans": "查看今日数据", "en": "See today''s figures"}')
  , ('merchants.read', 'operator', '{"zh-Hans": "查看商家", "en": "See merchants"}')
  , ('merchants.manage', 'operator', '{"zh-Hans": "入驻、暂停与恢复商家", "en": "Admit, suspend and reopen merchants"}')
  , ('orders.read', 'both', '{"zh-Hans": "查看订单", "en": "See orders"}')
  , ('orders.manage', 'operator', '{"zh-Hans": "处理任意订单", "en": "Act on any order"}')
  , ('payments.read', 'operator', '{"zh-Hans": "查看支付与退款", "en": "See payments and refunds"}')
  , ('ledger.read', 'operator', '{"zh-Hans": "查看账簿与试算平衡表", "en": "See the books and the trial balance"}')
  , ('ledger.write', 'operator', '{"zh-Hans": "手工记账、更正与兑换（须两人）", "en": "Write entries by hand, corrections and exchanges (two people)"}')
  , ('ledger.close', 'operator', '{"zh-Hans": "月末结账与反结账（结账须两人）", "en": "Close months of the books (two people) and open them again"}')
  , ('reconciliation.manage', 'operator', '{"zh-Hans": "对账：上传账单、处理差异", "en": "Reconcile: upload statements, work on differences"}')
  , ('fees.manage', 'operator', '{"zh-Hans": "设置佣金与服务费", "en": "Set commission and fees"}')
  , ('settlement.run', 'operator', '{"zh-Hans": "执行结算", "en": "Run settlement"}')
  , ('taxes.manage', 'operator', '{"zh-Hans": "维护税率", "en": "Enter tax rates"}')
  , ('catalog.manage', 'operator', '{"zh-Hans": "管理类目", "en": "Manage categories"}')
  , ('staff.manage', 'both', '{"zh-Hans": "邀请、停用员工并分配角色", "en": "Invite and disable staff, give roles"}')
  , ('audit.read', 'both', '{"zh-Hans": "查看操作日志", "en": "Read the audit log"}')
  , ('settings.manage', 'operator', '{"zh-Hans": "更改平台信息", "en": "Change the platform''s details"}')
  , ('merchants.discipline', 'operator', '{"zh-Hans": "记录违规、裁定申诉、管理保证金", "en": "Record violations, decide appeals, manage deposits"}')
  , ('merchants.review', 'operator', '{"zh-Hans": "审核入驻申请、查看证照", "en": "Review applications of merchants, see their documents"}')
  , ('buyers.read', 'operator', '{"zh-Hans": "查看买家（资料脱敏）", "en": "See buyers, their personal data masked"}')
  , ('buyers.reveal', 'operator', '{"zh-Hans": "查看买家完整资料（留痕）", "en": "See buyers'' personal data in full (each time is written down)"}')
  , ('buyers.manage', 'operator', '{"zh-Hans": "冻结买家、下线会话", "en": "Block buyers and end their sessions"}')
  , ('figures.read', 'merchant', '{"zh-Hans": "查看经营数据", "en": "See the shop''s figures"}')
  , ('system.read', 'operator', '{"zh-Hans": "查看系统运行状况", "en": "See how the system does"}')
  , ('system.manage', 'operator', '{"zh-Hans": "暂停、重试、跳过后台工作", "en": "Pause, retry and skip background work"}')
  , ('orders.ship', 'merchant', '{"zh-Hans": "发货", "en": "Ship orders"}')
  , ('orders.cancel', 'merchant', '{"zh-Hans": "取消订单", "en": "Cancel orders"}')
  , ('orders.refund', 'merchant', '{"zh-Hans": "退款", "en": "Refund orders"}')
  , ('products.read', 'merchant', '{"zh-Hans": "查看商品", "en": "See products"}')
  , ('products.edit', 'merchant', '{"zh-Hans": "编辑商品与价格", "en": "Edit products and prices"}')
  , ('stock.read', 'merchant', '{"zh-Hans": "查看库存", "en": "See stock"}')
  , ('stock.edit', 'merchant', '{"zh-Hans": "入库与盘点", "en": "Receive and count stock"}')
  , ('statements.read', 'merchant', '{"zh-Hans": "查看结算单", "en": "See statements"}')
  , ('shop.edit', 'merchant', '{"zh-Hans": "店铺设置：名称、休假、承运商、收款账户", "en": "Settings of the shop: its name, pauses, carriers, and where its money goes"}')
  , ('shop.decorate', 'merchant', '{"zh-Hans": "装修店铺、维护店内分类", "en": "Decorate the shop and keep its own categories"}')
  , ('api_keys.manage', 'merchant', '{"zh-Hans": "管理 API 密钥", "en": "Manage API keys"}')
  , ('reviews.answer', 'merchant', '{"zh-Hans": "回复评价与回答提问", "en": "Reply to reviews and answer questions"}')
  , ('reviews.moderate', 'operator', '{"zh-Hans": "处理被举报的评价与问答", "en": "Decide on reported reviews and questions"}')
  , ('words.manage', 'operator', '{"zh-Hans": "维护敏感词库", "en": "Keep the dictionary of words that may not be used"}')
  , ('invoices.manage', 'merchant', '{"zh-Hans": "开具发票", "en": "Issue invoices"}')
  , ('freight.edit', 'merchant', '{"zh-Hans": "编辑运费模板", "en": "Edit freight templates"}')
  , ('promotions.manage', 'both', '{"zh-Hans": "设置优惠活动与优惠券", "en": "Make promotions and coupons"}')
  , ('refunds.approve', 'both', '{"zh-Hans": "复核超限额的退款", "en": "Approve refunds above a colleague''s limit"}')
  , ('rooms.manage', 'operator', '{"zh-Hans": "管理直播间：审核、分级、下架、拉黑", "en": "Manage live rooms: approve, grade, take down, keep the blacklist"}')
  , ('live.read', 'merchant', '{"zh-Hans": "查看直播场次与流程", "en": "See live sessions and their rundown"}')
  , ('live.plan', 'merchant', '{"zh-Hans": "申请直播间、管理主播、策划场次", "en": "Apply for a live room, keep its hosts, plan sessions"}')
  , ('live.host', 'merchant', '{"zh-Hans": "主播：开播、看提词器", "en": "Host: go on air, see the teleprompter"}')
  , ('live.run', 'merchant', '{"zh-Hans": "中控：讲解、改价、上库存、发券、抽奖", "en": "Control desk: pin, prices, stock, coupons, draws"}')
  , ('live.serve', 'merchant', '{"zh-Hans": "直播客服：回复弹幕、禁言", "en": "Service in the chat: answer, mute, pick questions"}')
  , ('live.commission', 'merchant', '{"zh-Hans": "约定主播佣金、维护选品池、审批样品", "en": "Agree on hosts'' commission, keep the selection pool, decide about samples"}')
  , ('users.read', 'both', '{"zh-Hans": "查看用户运营：分析、生命周期、人群、实验", "en": "See user operations: analyses, lifecycle, segments, experiments"}')
  , ('users.manage', 'both', '{"zh-Hans": "做用户运营：建人群、旅程、问卷、实验", "en": "Run user operations: segments, journeys, surveys, experiments"}')
  , ('tasks.work', 'both', '{"zh-Hans": "协作看板：查看、新建、处理任务", "en": "The board of tasks: see, open and work on them"}')
  , ('wallets.manage', 'operator', '{"zh-Hans": "发行礼品卡、补偿买家余额", "en": "Issue gift cards, give buyers credit"}');

CREATE TABLE roles (
    role_id     text PRIMARY KEY
  , audience    text NOT NULL
  , name        jsonb NOT NULL
  , merchant_id uuid
  , built_in    boolean NOT NULL DEFAULT false
  , CONSTRAINT a_role_has_an_audience CHECK (audience IN ('operator', 'merchant'))
  , CONSTRAINT a_merchants_own_role_is_for_its_staff CHECK (merchant_id IS NULL OR audience = 'merchant')
  , CONSTRAINT what_is_built_in_is_nobodys_own CHECK (NOT built_in OR merchant_id IS NULL)
);
COMMENT ON TABLE roles IS 'reference: named sets of permissions, for the operator''s staff or for merchants'' staff';
COMMENT ON COLUMN roles.merchant_id IS 'Whose own role it is; none: the operator''s, or every merchant''s';
COMMENT ON COLUMN roles.built_in IS 'It comes with the house and is not changed';
CREATE INDEX roles_of_a_merchant ON roles (merchant_id) WHERE merchant_id IS NOT NULL;
INSERT INTO roles (role_id, audience, name, built_in) VALUES
    ('operator_admin', 'operator', '{"zh-Hans": "平台管理员", "en": "Platform administrator"}', true)
  , ('operator_finance', 'operator', '{"zh-Hans": "平台财务", "en": "Platform finance"}', true)
  , ('operator_service', 'operator', '{"zh-Hans": "平台客服", "en": "Platform customer service"}', true)
  , ('merchant_owner', 'merchant', '{"zh-Hans": "店主", "en": "Shop owner"}', true)
  , ('merchant_clerk', 'merchant', '{"zh-Hans": "店员", "en": "Shop clerk"}', true)
  , ('merchant_content', 'merchant', '{"zh-Hans": "内容运营", "en": "Content editor"}', true)
  , ('merchant_accountant', 'merchant', '{"zh-Hans": "店铺会计", "en": "Shop accountant"}', true)
  , ('merchant_growth', 'merchant', '{"zh-Hans": "用户运营", "en": "User operations"}', true)
  , ('merchant_host', 'merchant', '{"zh-Hans": "主播", "en": "Host"}', true)
  , ('merchant_cohost', 'merchant', '{"zh-Hans": "副播", "en": "Co-host"}', true)
  , ('merchant_desk', 'merchant', '{"zh-Hans": "直播中控", "en": "Live control desk"}', true)
  , ('merchant_live_service', 'merchant', '{"zh-Hans": "直播客服", "en": "Live service"}', true)
  , ('merchant_field', 'merchant', '{"zh-Hans": "直播场务", "en": "Live field crew"}', true);

CREATE TABLE role_permissions (
    role_id    text NOT NULL REFERENCES roles
  , permission text NOT NULL REFERENCES permissions
  , PRIMARY KEY (role_id, permission)
);
COMMENT ON TABLE role_permissions IS 'reference: which role holds which permission';
INSERT INTO role_permissions (role_id, permission)
SELECT 'operator_admin', permission FROM permissions WHERE audience IN ('operator', 'both')
UNION ALL
SELECT 'merchant_owner', permission FROM permissions WHERE audience IN ('merchant', 'both');
INSERT INTO role_permissions (role_id, permission) VALUES
    ('operator_finance', 'dashboard.read'), ('operator_finance', 'merchants.read')
  , ('operator_finance', 'orders.read'), ('operator_finance', 'payments.read')
  , ('operator_finance', 'ledger.read'), ('operator_finance', 'settlement.run'), ('operator_finance', 'wallets.manage')
  , ('operator_finance', 'ledger.write'), ('operator_finance', 'ledger.close')
  , ('operator_finance', 'reconciliation.manage'), ('operator_finance', 'refunds.approve')
  , ('operator_finance', 'taxes.manage'), ('operator_finance', 'fees.manage')
  , ('operator_service', 'dashboard.read'), ('operator_service', 'merchants.read')
  , ('operator_service', 'orders.read'), ('operator_service', 'orders.manage')
  , ('operator_service', 'payments.read'), ('operator_service', 'buyers.read')
  , ('operator_service', 'buyers.reveal'), ('operator_service', 'reviews.moderate')
  , ('operator_service', 'words.manage')
  , ('merchant_clerk', 'orders.read'), ('merchant_clerk', 'orders.ship'), ('merchant_clerk', 'orders.cancel')
  , ('merchant_clerk', 'orders.refund'), ('merchant_clerk', 'products.read')
  , ('merchant_clerk', 'stock.read'), ('merchant_clerk', 'stock.edit'), ('merchant_clerk', 'reviews.answer')
  , ('merchant_clerk', 'figures.read'), ('merchant_accountant', 'figures.read')
  , ('merchant_accountant', 'orders.read'), ('merchant_accountant', 'statements.read'), ('merchant_accountant', 'invoices.manage')
  , ('merchant_content', 'shop.decorate'), ('merchant_content', 'products.read'), ('merchant_content', 'figures.read')
  , ('merchant_growth', 'users.read'), ('merchant_growth', 'users.manage'), ('merchant_growth', 'promotions.manage')
  , ('merchant_growth', 'figures.read'), ('merchant_growth', 'products.read'), ('merchant_growth', 'orders.read')
  , ('merchant_host', 'live.read'), ('merchant_host', 'live.host'), ('merchant_host', 'products.read')
  , ('merchant_cohost', 'live.read'), ('merchant_cohost', 'live.host'), ('merchant_cohost', 'live.serve')
  , ('merchant_cohost', 'products.read')
  , ('merchant_desk', 'live.read'), ('merchant_desk', 'live.plan'), ('merchant_desk', 'live.run')
  , ('merchant_desk', 'live.serve'), ('merchant_desk', 'products.read'), ('merchant_desk', 'stock.read')
  , ('merchant_desk', 'figures.read')
  , ('merchant_live_service', 'live.read'), ('merchant_live_service', 'live.serve'), ('merchant_live_service', 'products.read')
  , ('operator_finance', 'tasks.work'), ('operator_service', 'tasks.work'), ('merchant_clerk', 'tasks.work')
  , ('merchant_content', 'tasks.work'), ('merchant_accountant', 'tasks.work'), ('merchant_growth', 'tasks.work')
  , ('merchant_host', 'tasks.work'), ('merchant_cohost', 'tasks.work'), ('merchant_desk', 'tasks.work')
  , ('merchant_live_service', 'tasks.work'), ('merchant_field', 'tasks.work')
  , ('merchant_field', 'live.read'), ('merchant_field', 'products.read'), ('merchant_field', 'stock.read');

CREATE TABLE account_roles (
    account_id uuid NOT NULL
  , role_id    text NOT NULL REFERENCES roles
  , PRIMARY KEY (account_id, role_id)
);
COMMENT ON TABLE account_roles IS 'by key: which roles a person has';

CREATE TABLE audit_log (
    audit_id    uuid PRIMARY KEY
  , at          timestamptz NOT NULL DEFAULT now()
  , account_id  uuid
  , merchant_id uuid
  , action      text COLLATE "C" NOT NULL
  , subject     text NOT NULL
  , facts       jsonb NOT NULL
  , changes     jsonb NOT NULL DEFAULT '[]'
  , request_id  text
);
COMMENT ON TABLE audit_log IS 'local, append-only, merchants insert: every command of staff: who, what, on what, when';
COMMENT ON COLUMN audit_log.merchant_id IS 'The merchant whose staff it was, or whose affair it was';
COMMENT ON COLUMN audit_log.changes IS '[{"field", "before", "after"}, …]: what became different, field by field';
CREATE INDEX audit_log_by_time ON audit_log (at DESC, audit_id DESC);
CREATE INDEX audit_log_of_a_person ON audit_log (account_id, at DESC, audit_id DESC);
CREATE INDEX audit_log_of_a_subject ON audit_log (subject, at DESC, audit_id DESC);
CREATE INDEX audit_log_of_an_action ON audit_log (action, at DESC, audit_id DESC);
CREATE INDEX audit_log_of_a_merchant ON audit_log (merchant_id, at DESC, audit_id DESC) WHERE merchant_id IS NOT NULL;

-- parties.notifications

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

-- parties.operator

-- The platform operator: the registered entity behind this marketplace.

CREATE TABLE operator_profile (
    only_one            boolean PRIMARY KEY DEFAULT true
  , name                jsonb NOT NULL
  , legal_name          text NOT NULL
  , credit_code         text NOT NULL
  , licence_url         text
  , icp_number          text NOT NULL
  , address             jsonb NOT NULL
  , phone               text NOT NULL
  , email               text NOT NULL
  , country             text NOT NULL
  , currency            text NOT NULL
  , changed_at          timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT there_is_one_operator CHECK (only_one)
);
COMMENT ON TABLE operator_profile IS 'reference: who runs this marketplace, shown on every storefront page';
COMMENT ON COLUMN operator_profile.credit_code IS 'Unified social credit code (GB 32100-2015), checked by its check digit';
COMMENT ON COLUMN operator_profile.icp_number IS 'ICP record number of the site';

-- parties.screening

-- Words that people may not use, or not without somebody looking at it first: the operator's own dictionary.

CREATE TABLE screened_words (
    word_id    uuid PRIMARY KEY
  , word       text NOT NULL
  , key        text COLLATE "C" NOT NULL
  , action     text NOT NULL
  , areas      text[] NOT NULL
  , language   text NOT NULL DEFAULT ''
  , reason     jsonb NOT NULL DEFAULT '{}'
  , source     text NOT NULL DEFAULT ''
  , CONSTRAINT a_word_stands_once UNIQUE (key, language, action)
  , CONSTRAINT a_word_is_refused_held_masked_or_allowed CHECK (action IN ('refuse', 'hold', 'mask', 'allow'))
  , CONSTRAINT a_word_counts_somewhere CHECK (cardinality(areas) > 0 AND areas <@ ARRAY['title', 'description', 'shop'
                                                              , 'review', 'question', 'answer', 'reply', 'message'])
  , CONSTRAINT a_word_has_characters CHECK (key <> '')
);
COMMENT ON TABLE screened_words IS 'reference: the dictionary that people''s words are held against';
COMMENT ON COLUMN screened_words.key IS 'The word as it is compared: of one width and case, without spaces and punctuation';
COMMENT ON COLUMN screened_words.action IS 'allow: a longer word in which a shorter one is meant otherwise';
COMMENT ON COLUMN screened_words.language IS 'zh or en: only in texts that are known to be in another language it does not count; empty: in all';
COMMENT ON COLUMN screened_words.reason IS 'What its writer is told; Text';
COMMENT ON COLUMN screened_words.source IS 'Where the rule comes from: a law and its article, a letter, a decision';
CREATE INDEX screened_words_in_order ON screened_words (key, word_id);

CREATE TABLE screened_words_version (
    only_one boolean PRIMARY KEY DEFAULT true
  , version  uuid NOT NULL
  , CONSTRAINT there_is_one_dictionary CHECK (only_one)
);
COMMENT ON TABLE screened_words_version IS 'reference: another one with every change of the dictionary, so that processes know that theirs is old';
INSERT INTO screened_words_version (version) VALUES ('00000000-0000-4000-8000-000000000000');

CREATE TABLE screened_hits (
    word_id uuid NOT NULL REFERENCES screened_words
  , area    text NOT NULL
  , hits    bigint NOT NULL
  , last_at timestamptz NOT NULL
  , PRIMARY KEY (word_id, area)
);
COMMENT ON TABLE screened_hits IS 'local: how often a word was met where, and when last';

-- What the house begins with: the three words that article 9 of the Advertising Law names, words that mean the same, what
-- is meant otherwise, and how people are led away from the marketplace. Merchants' words wait for a look, nobody is refused.
INSERT INTO screened_words (word_id, word, key, action, areas, language, reason, source) VALUES
    ('5c4ee2ed-0000-4000-8000-000000000001', '国家级', '国家级', 'hold', '{title,description}', 'zh', '{"zh-Hans": "广告法所说的绝对化用语，没有依据不能写。", "en": "An absolute term in the sense of the Advertising Law: it needs proof."}', '广告法第九条第（三）项')
  , ('5c4ee2ed-0000-4000-8000-000000000002', '最高级', '最高级', 'hold', '{title,description}', 'zh', '{"zh-Hans": "广告法所说的绝对化用语，没有依据不能写。", "en": "An absolute term in the sense of the Advertising Law: it needs proof."}', '广告法第九条第（三）项')
  , ('5c4ee2ed-0000-4000-8000-000000000003', '最佳', '最佳', 'hold', '{title,description}', 'zh', '{"zh-Hans": "广告法所说的绝对化用语，没有依据不能写。", "en": "An absolute term in the sense of the Advertising Law: it needs proof."}', '广告法第九条第（三）项')
  , ('5c4ee2ed-0000-4000-8000-000000000004', '第一', '第一', 'hold', '{title}', 'zh', '{"zh-Hans": "排名第一要有依据。", "en": "To be the first of all needs proof."}', '广告法第九条第（三）项：与所列用语同义')
  , ('5c4ee2ed-0000-4000-8000-000000000005', '最', '最', 'hold', '{title}', 'zh', '{"zh-Hans": "“最”字用语要有依据。", "en": "A superlative needs proof."}', '广告法第九条第（三）项：与所列用语同义')
  , ('5c4ee2ed-0000-4000-8000-000000000006', '极品', '极品', 'hold', '{title}', 'zh', '{"zh-Hans": "“极品”属于绝对化用语。", "en": "A word that the authorities take for an absolute term."}', '工商广字〔1997〕第207号')
  , ('5c4ee2ed-0000-4000-8000-000000000007', '最近', '最近', 'allow', '{title}', 'zh', '{}', '')
  , ('5c4ee2ed-0000-4000-8000-000000000008', '最后', '最后', 'allow', '{title}', 'zh', '{}', '')
  , ('5c4ee2ed-0000-4000-8000-000000000009', '第一次', '第一次', 'allow', '{title}', 'zh', '{}', '')
  , ('5c4ee2ed-0000-4000-8000-00000000000a', '第一课', '第一课', 'allow', '{title}', 'zh', '{}', '')
  , ('5c4ee2ed-0000-4000-8000-00000000000b', '加微信', '加微信', 'hold', '{review,question,answer}', '', '{"zh-Hans": "引导到平台外交易，买家得不到保障。", "en": "It leads buyers to where nobody protects them."}', '')
  , ('5c4ee2ed-0000-4000-8000-00000000000c', '加微信', '加微信', 'refuse', '{description,shop,reply,message}', '', '{"zh-Hans": "请不要引导到平台外交易。", "en": "Please do not lead buyers away from the marketplace."}', '');

-- parties.merchants

-- Merchants and their shops.

CREATE TABLE merchant_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE merchant_transitions IS 'reference: the states of a merchant that follow each other';
INSERT INTO merchant_transitions (from_state, to_state) VALUES
    ('nowhere', 'open'), ('nowhere', 'suspended'), ('nowhere', 'closed')
  , ('open', 'suspended'), ('suspended', 'open'), ('suspended', 'closed');

CREATE TABLE merchants (
    merchant_id  uuid PRIMARY KEY
  , code         text NOT NULL
  , legal_name   text NOT NULL
  , credit_code  text NOT NULL DEFAULT ''
  , country      text NOT NULL
  , currency     text NOT NULL
  , state        text NOT NULL
  , self_operated boolean NOT NULL DEFAULT false
  , settlement_days integer NOT NULL DEFAULT 1
  , receipt_days integer NOT NULL DEFAULT 7
  , time_zone    text NOT NULL DEFAULT 'Asia/Shanghai'
  , payout       jsonb NOT NULL DEFAULT '{}'
  , source       text
  , licence_until date
  , licence_reminded date
  , verify_by    date
  , verify_told  date
  , restricted_until timestamptz
  , stopped_by_points boolean NOT NULL DEFAULT false
  , deposit_short boolean NOT NULL DEFAULT false
  , in_debt boolean NOT NULL DEFAULT false
  , captures text NOT NULL DEFAULT 'at_once'
  , created_at   timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_merchant_is_open_or_not CHECK (state IN ('open', 'suspended', 'closed'))
  , CONSTRAINT settlement_waits_some_days CHECK (settlement_days BETWEEN 0 AND 90)
  , CONSTRAINT money_is_taken_at_a_known_moment CHECK (captures IN ('at_once', 'at_packing', 'at_sending'))
  , CONSTRAINT receipt_is_confirmed_by_itself_some_day CHECK (receipt_days BETWEEN 0 AND 60)
);
COMMENT ON TABLE merchants IS 'by merchant: who sells here';
COMMENT ON COLUMN merchants.settlement_days IS 'T+N: days from the release of an order''s money to the statement that pays it';
COMMENT ON COLUMN merchants.receipt_days IS 'Days after delivery until receipt counts as confirmed';
COMMENT ON COLUMN merchants.captures IS 'When the buyer''s money is taken, where the channel can authorise first: when it is paid, when the order is packed, when its first parcel leaves';
COMMENT ON COLUMN merchants.time_zone IS 'Where its days begin and end, in its sales reports: an IANA name';
COMMENT ON COLUMN merchants.licence_until IS 'The last day of its business licence; none: without end, or not known';
COMMENT ON COLUMN merchants.restricted_until IS 'Points hold new products back until then';
COMMENT ON COLUMN merchants.stopped_by_points IS 'Points keep the shop suspended';
COMMENT ON COLUMN merchants.deposit_short IS 'The deposit was not topped up in time: new products are held back';
COMMENT ON COLUMN merchants.in_debt IS 'What it owes the platform was asked for long ago and is not paid: new products are held back';
CREATE INDEX merchants_who_capture_later ON merchants (merchant_id) WHERE captures <> 'at_once';
CREATE INDEX merchants_stopped_by_points ON merchants (restricted_until) WHERE stopped_by_points;
COMMENT ON COLUMN merchants.licence_reminded IS 'The day on which the owners were last reminded of that';
COMMENT ON COLUMN merchants.verify_by IS 'The day by which the operator looks anew at who it is; none: it came from elsewhere';
COMMENT ON COLUMN merchants.verify_told IS 'The day on which the owners were last told of that';
CREATE INDEX merchants_to_verify ON merchants (verify_by) WHERE verify_by IS NOT NULL AND state <> 'closed';
CREATE INDEX merchants_by_licence ON merchants (licence_until) WHERE licence_until IS NOT NULL AND state <> 'closed';
CREATE INDEX merchants_by_credit_code ON merchants (credit_code) WHERE credit_code <> '';
COMMENT ON COLUMN merchants.payout IS 'Where its money goes: {name, bank, account}';

CREATE TABLE shops (
    merchant_id uuid PRIMARY KEY REFERENCES merchants
  , slug        text NOT NULL
  , name        jsonb NOT NULL
  , notice      jsonb NOT NULL DEFAULT '{}'
  , logo        text
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , checklist_put_away_at timestamptz
  , away_from   timestamptz
  , away_until  timestamptz
  , away_notice jsonb NOT NULL DEFAULT '{}'
  , away_sells  boolean NOT NULL DEFAULT false
  , back_told   boolean NOT NULL DEFAULT true
  , CONSTRAINT a_pause_ends_after_it_began CHECK (away_from < away_until)
  , CONSTRAINT a_pause_has_both_ends CHECK ((away_from IS NULL) = (away_until IS NULL))
);
COMMENT ON TABLE shops IS 'by merchant: the merchant''s shop as buyers see it';
COMMENT ON COLUMN shops.away_from IS 'When the shop''s last or next pause begins; a pause that is over stays, for the deadlines of what was ordered in it';
COMMENT ON COLUMN shops.away_sells IS 'Orders are taken while the shop is away, and leave the house after it';
COMMENT ON COLUMN shops.back_told IS 'The owners know that the pause is over, or there is none';
CREATE INDEX shops_coming_back ON shops (away_until) WHERE NOT back_told;

CREATE TABLE shop_names (
    slug        text PRIMARY KEY
  , merchant_id uuid NOT NULL
);
COMMENT ON TABLE shop_names IS 'by key: a shop''s address is unique across the marketplace';

CREATE TABLE merchant_history (
    merchant_id uuid NOT NULL REFERENCES merchants
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES merchant_transitions
);
COMMENT ON TABLE merchant_history IS 'by merchant, append-only: each change of a merchant''s state, with its reason';

CREATE TABLE merchant_categories (
    merchant_id uuid NOT NULL REFERENCES merchants
  , category_id uuid NOT NULL
  , PRIMARY KEY (merchant_id, category_id)
);
COMMENT ON TABLE merchant_categories IS 'by merchant: the categories a merchant may sell in, each with all below it; no row: all categories';

CREATE TABLE licence_renewals (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , renewal_id   uuid NOT NULL
  , good_until   date
  , file         text NOT NULL
  , name         text NOT NULL
  , bytes        bigint NOT NULL
  , state        text NOT NULL
  , reason       text NOT NULL DEFAULT ''
  , handed_in_at timestamptz NOT NULL DEFAULT now()
  , handed_in_by text NOT NULL
  , decided_at   timestamptz
  , decided_by   text
  , PRIMARY KEY (merchant_id, renewal_id)
  , CONSTRAINT a_renewal_waits_or_is_decided CHECK (state IN ('waiting', 'accepted', 'sent_back'))
  , CONSTRAINT decided_means_when_and_by_whom CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT who_sends_back_says_why CHECK (state <> 'sent_back' OR reason <> '')
);
COMMENT ON TABLE licence_renewals IS 'by merchant: new licences that shops have handed in, and what the operator said of them';
COMMENT ON COLUMN licence_renewals.good_until IS 'The last day of the new licence; none: without end';
COMMENT ON COLUMN licence_renewals.file IS 'The scan, in the private file store: seen by the shop and by reviewers only';
CREATE UNIQUE INDEX one_renewal_waits ON licence_renewals (merchant_id) WHERE state = 'waiting';
CREATE INDEX licence_renewals_waiting ON licence_renewals (handed_in_at) WHERE state = 'waiting';

CREATE TABLE paper_kinds (
    kind text PRIMARY KEY
  , name jsonb NOT NULL
);
COMMENT ON TABLE paper_kinds IS 'reference: the kinds of papers that a category may need';
INSERT INTO paper_kinds (kind, name) VALUES
    ('brand_authorisation', '{"zh-Hans": "品牌授权书", "en": "Authorisation by the brand"}')
  , ('cosmetics_filing', '{"zh-Hans": "化妆品备案凭证", "en": "Filing of cosmetics"}')
  , ('food_business', '{"zh-Hans": "食品经营许可证", "en": "Food business licence"}')
  , ('medical_devices', '{"zh-Hans": "医疗器械经营许可证", "en": "Licence for medical devices"}')
  , ('publications', '{"zh-Hans": "出版物经营许可证", "en": "Licence for publications"}')
  , ('quality_report', '{"zh-Hans": "质检报告", "en": "Quality inspection report"}');

CREATE TABLE category_papers (
    category_id uuid NOT NULL
  , kind        text NOT NULL REFERENCES paper_kinds
  , PRIMARY KEY (category_id, kind)
);
COMMENT ON TABLE category_papers IS 'reference: which papers a shop needs to sell in a category and all below it';

CREATE TABLE merchant_papers (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , paper_id     uuid NOT NULL
  , kind         text NOT NULL REFERENCES paper_kinds
  , number       text NOT NULL
  , good_until   date
  , file         text NOT NULL
  , name         text NOT NULL
  , bytes        bigint NOT NULL
  , state        text NOT NULL
  , reason       text NOT NULL DEFAULT ''
  , handed_in_at timestamptz NOT NULL DEFAULT now()
  , handed_in_by text NOT NULL
  , decided_at   timestamptz
  , decided_by   text
  , reminded     date
  , PRIMARY KEY (merchant_id, paper_id)
  , CONSTRAINT a_paper_waits_or_is_decided CHECK (state IN ('waiting', 'accepted', 'sent_back'))
  , CONSTRAINT a_decided_paper_says_when_and_by_whom CHECK ((state = 'waiting') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT who_sends_a_paper_back_says_why CHECK (state <> 'sent_back' OR reason <> '')
);
COMMENT ON TABLE merchant_papers IS 'by merchant: papers that shops have handed in for categories, and what the operator said of them';
COMMENT ON COLUMN merchant_papers.good_until IS 'Its last day; none: without end';
COMMENT ON COLUMN merchant_papers.file IS 'The scan, in the private file store: seen by the shop and by reviewers only';
COMMENT ON COLUMN merchant_papers.reminded IS 'The day on which the owners were last reminded that it ends';
CREATE UNIQUE INDEX one_paper_of_a_kind_waits ON merchant_papers (merchant_id, kind) WHERE state = 'waiting';
CREATE INDEX merchant_papers_waiting ON merchant_papers (handed_in_at, paper_id) WHERE state = 'waiting';
CREATE INDEX merchant_papers_ending ON merchant_papers (good_until) WHERE state = 'accepted';

CREATE TABLE merchant_agreements (
    merchant_id uuid NOT NULL REFERENCES merchants
  , version     text NOT NULL
  , account_id  uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, version)
);
COMMENT ON TABLE merchant_agreements IS 'by merchant, append-only: which version of the rules a merchant agreed to, when, and who did so for it';

-- parties.applications

-- Applications of those who want to become merchants.

CREATE TABLE application_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE application_transitions IS 'reference: the states of an application that follow each other';
INSERT INTO application_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'submitted'), ('submitted', 'sent_back'), ('sent_back', 'submitted')
  , ('submitted', 'approved'), ('submitted', 'refused');

CREATE TABLE applications (
    application_id uuid PRIMARY KEY
  , account_id     uuid NOT NULL
  , state          text NOT NULL
  , facts          jsonb NOT NULL DEFAULT '{}'
  , done           text[] NOT NULL DEFAULT '{}'
  , reasons        jsonb NOT NULL DEFAULT '{}'
  , licence_number text NOT NULL DEFAULT ''
  , slug           text NOT NULL DEFAULT ''
  , created_at     timestamptz NOT NULL DEFAULT now()
  , changed_at     timestamptz NOT NULL DEFAULT now()
  , submitted_at   timestamptz
  , CONSTRAINT an_application_is_in_a_state CHECK (state IN ('draft', 'submitted', 'sent_back', 'approved', 'refused'))
  , CONSTRAINT what_waits_was_submitted CHECK (state = 'draft' OR submitted_at IS NOT NULL)
);
COMMENT ON TABLE applications IS 'by key: who wants to sell here, with all that they have said so far';
COMMENT ON COLUMN applications.facts IS 'All steps together, see model.Facts';
COMMENT ON COLUMN applications.done IS 'The steps that have been saved';
COMMENT ON COLUMN applications.reasons IS '{field: what the operator wants to have corrected}, of the last time it was sent back';
COMMENT ON COLUMN applications.licence_number IS 'As in facts: for finding it again in other applications';
CREATE INDEX applications_of_an_account ON applications (account_id, created_at DESC);
CREATE INDEX applications_in_a_state ON applications (state, submitted_at, application_id);
CREATE INDEX applications_by_licence ON applications (licence_number) WHERE licence_number <> '';
CREATE INDEX applications_by_slug ON applications (slug) WHERE slug <> '';

CREATE TABLE application_history (
    application_id uuid NOT NULL REFERENCES applications
  , step           integer NOT NULL
  , from_state     text NOT NULL
  , to_state       text NOT NULL
  , at             timestamptz NOT NULL DEFAULT now()
  , by             text NOT NULL
  , note           text NOT NULL DEFAULT ''
  , reasons        jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (application_id, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES application_transitions
);
COMMENT ON TABLE application_history IS 'by key, append-only: each change of an application''s state, with what was said about it';

CREATE TABLE application_files (
    application_id uuid NOT NULL REFERENCES applications
  , kind           text NOT NULL
  , file           text NOT NULL
  , name           text NOT NULL
  , bytes          bigint NOT NULL
  , uploaded_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (application_id, kind)
);
COMMENT ON TABLE application_files IS 'by key: scans that belong to an application, in the private file store: seen by the applicant and by reviewers only';
COMMENT ON COLUMN application_files.name IS 'As it was called where it came from';

-- parties.customers

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

-- money.currencies

CREATE TABLE currencies (
    currency text PRIMARY KEY
  , digits   integer NOT NULL
  , name     jsonb NOT NULL
  , CONSTRAINT a_currency_has_an_iso_code CHECK (currency ~ '^[A-Z]{3}$')
  , CONSTRAINT minor_units_are_few CHECK (digits BETWEEN 0 AND 4)
);
COMMENT ON TABLE currencies IS 'reference: ISO 4217 currencies that this marketplace deals in';
COMMENT ON COLUMN currencies.digits IS 'Digits behind the point: what a minor unit is';
INSERT INTO currencies (currency, digits, name) VALUES
    ('CNY', 2, '{"zh-Hans": "人民币", "en": "Chinese yuan"}')
  , ('USD', 2, '{"zh-Hans": "美元", "en": "US dollar"}')
  , ('EUR', 2, '{"zh-Hans": "欧元", "en": "Euro"}')
  , ('GBP', 2, '{"zh-Hans": "英镑", "en": "Pound sterling"}')
  , ('JPY', 0, '{"zh-Hans": "日元", "en": "Japanese yen"}')
  , ('HKD', 2, '{"zh-Hans": "港元", "en": "Hong Kong dollar"}');

-- money.ledger

-- Double entry. A transfer names its debit and its credit account, one amount, one currency: a wrong book cannot be written.

CREATE TABLE ledger_account_kinds (
    kind   text PRIMARY KEY
  , normal text NOT NULL
  , name   jsonb NOT NULL
  , CONSTRAINT a_kind_grows_on_one_side CHECK (normal IN ('debit', 'credit'))
);
COMMENT ON TABLE ledger_account_kinds IS 'reference: the chart of accounts';
INSERT INTO ledger_account_kinds (kind, normal, name) VALUES
    ('channel_cash', 'debit', '{"zh-Hans": "渠道资金", "en": "Cash at payment channels"}')
  , ('bank_cash', 'debit', '{"zh-Hans": "银行存款", "en": "Cash at bank"}')
  , ('purchase_clearing', 'credit', '{"zh-Hans": "订单合并清算", "en": "Purchase clearing"}')
  , ('order_clearing', 'debit', '{"zh-Hans": "子订单清算", "en": "Order clearing"}')
  , ('held', 'credit', '{"zh-Hans": "买家待确认资金", "en": "Buyers'' money held until receipt"}')
  , ('refund_due', 'credit', '{"zh-Hans": "应退买家款", "en": "Refunds on their way"}')
  , ('payable', 'credit', '{"zh-Hans": "应付商家款", "en": "Merchants'' payable"}')
  , ('reserve', 'credit', '{"zh-Hans": "商家滚动准备金", "en": "Merchants'' rolling reserves"}')
  , ('payout_in_transit', 'credit', '{"zh-Hans": "在途结算款", "en": "Payouts on their way"}')
  , ('commission', 'credit', '{"zh-Hans": "平台佣金收入", "en": "Commission revenue"}')
  , ('fee_tax', 'credit', '{"zh-Hans": "平台服务费应交税费", "en": "Tax on fees, owed to the tax office"}')
  , ('subsidy', 'debit', '{"zh-Hans": "平台优惠补贴", "en": "Subsidies for promotions"}')
  , ('goodwill', 'debit', '{"zh-Hans": "平台赔付支出", "en": "Goodwill paid by the platform"}')
  , ('deposit', 'credit', '{"zh-Hans": "商家保证金", "en": "Merchants'' deposits"}')
  , ('fines', 'credit', '{"zh-Hans": "违约金收入", "en": "Fines"}')
  , ('balance', 'credit', '{"zh-Hans": "买家余额", "en": "Buyers'' balances"}')
  , ('balance_held', 'credit', '{"zh-Hans": "待付款订单冻结的余额", "en": "Balances kept for unpaid orders"}')
  , ('points', 'credit', '{"zh-Hans": "买家积分", "en": "Buyers'' points"}')
  , ('points_held', 'credit', '{"zh-Hans": "待付款订单冻结的积分", "en": "Points kept for unpaid orders"}')
  , ('gift_cards', 'credit', '{"zh-Hans": "未兑换的礼品卡", "en": "Gift cards not redeemed"}')
  , ('gift_clearing', 'debit', '{"zh-Hans": "礼品卡兑换清算", "en": "Gift card clearing"}')
  , ('marketing_cost', 'debit', '{"zh-Hans": "平台营销费用", "en": "Marketing cost of the platform"}')
  , ('presale_deposits', 'credit', '{"zh-Hans": "预售定金", "en": "Deposits paid in presales"}')
  , ('compensation_clearing', 'debit', '{"zh-Hans": "商家赔付清算", "en": "Compensation clearing"}')
  , ('transfers_received', 'credit', '{"zh-Hans": "已收未核销的银行转账", "en": "Received by bank transfer, not used yet"}')
  , ('channel_fees', 'debit', '{"zh-Hans": "支付渠道手续费", "en": "Fees of payment channels"}')
  , ('chargebacks', 'debit', '{"zh-Hans": "渠道拒付占用款", "en": "Taken back by channels, in dispute"}')
  , ('disputed', 'credit', '{"zh-Hans": "拒付冻结的商家款", "en": "Merchants'' money frozen by chargebacks"}')
  , ('chargeback_losses', 'debit', '{"zh-Hans": "平台拒付损失", "en": "Losses by chargebacks"}')
  , ('suspense', 'debit', '{"zh-Hans": "待查差异", "en": "Differences being looked into"}')
  , ('door_claims', 'debit', '{"zh-Hans": "货到付款待收款", "en": "To be collected at the door"}')
  , ('carrier_cash', 'debit', '{"zh-Hans": "承运商代收款", "en": "Cash with carriers"}')
  , ('exchange_clearing', 'credit', '{"zh-Hans": "货币兑换清算", "en": "Exchange clearing"}')
  , ('exchange_differences', 'credit', '{"zh-Hans": "汇兑损益", "en": "Realised exchange differences"}')
  , ('own_funds', 'credit', '{"zh-Hans": "平台自有资金", "en": "The platform''s own funds"}')
  , ('other_costs', 'debit', '{"zh-Hans": "银行及其他费用", "en": "Bank charges and other costs"}')
  , ('host_payable', 'credit', '{"zh-Hans": "应付主播与机构款", "en": "Payable to hosts and agencies"}')
  , ('host_clearing', 'debit', '{"zh-Hans": "主播佣金清算", "en": "Hosts'' commission clearing"}');

CREATE TABLE ledger_chart (
    kind    text PRIMARY KEY REFERENCES ledger_account_kinds
  , class   text NOT NULL
  , money   text
  , by_hand boolean NOT NULL
  , purpose jsonb NOT NULL
  , CONSTRAINT an_account_is_of_a_class CHECK (class IN ('asset', 'liability', 'income', 'expense', 'equity'))
  , CONSTRAINT money_is_cash_or_somebodys CHECK (money IN ('cash', 'buyers', 'merchants'))
  , CONSTRAINT cash_is_an_asset_and_what_is_owed_a_liability CHECK (
        money IS NULL OR (class = 'asset') = (money = 'cash') AND (class = 'liability') = (money <> 'cash'))
);
COMMENT ON TABLE ledger_chart IS 'reference: what each kind of account is for: every kind stands here';
COMMENT ON COLUMN ledger_chart.money IS 'cash: money at a channel or bank; buyers, merchants: money of theirs that the platform holds';
COMMENT ON COLUMN ledger_chart.by_hand IS 'Staff may write an entry on it by hand, two of them together: no other part of the house counts on what it says, transfer by transfer';
INSERT INTO ledger_chart (kind, class, money, by_hand, purpose) VALUES
    ('channel_cash', 'asset', 'cash', true, '{"zh-Hans": "支付渠道已收取、尚未退回或划转到银行的资金。", "en": "What payment channels have collected and neither given back nor paid on to the bank."}')
  , ('bank_cash', 'asset', 'cash', true, '{"zh-Hans": "平台银行账户中的资金。", "en": "Money in the platform''s bank accounts."}')
  , ('purchase_clearing', 'liability', NULL, false, '{"zh-Hans": "一次付款在买家一侧的对应科目；与子订单清算合计为零。", "en": "The buyer''s side of a payment; with order clearing it comes to zero."}')
  , ('order_clearing', 'asset', NULL, false, '{"zh-Hans": "一次付款在商家一侧的对应科目；与订单合并清算合计为零。", "en": "The merchants'' side of a payment; with purchase clearing it comes to zero."}')
  , ('held', 'liability', 'buyers', false, '{"zh-Hans": "买家已付款、尚未确认收货的资金。", "en": "What buyers have paid for goods that they have not confirmed yet."}')
  , ('refund_due', 'liability', 'buyers', false, '{"zh-Hans": "已同意、尚未到账的退款。", "en": "Refunds that are promised and have not arrived."}')
  , ('payable', 'liability', 'merchants', false, '{"zh-Hans": "已归商家、尚未结算的款项；为负时是商家欠款。", "en": "What is the merchants'' and not paid out yet; below zero, what they owe."}')
  , ('reserve', 'liability', 'merchants', false, '{"zh-Hans": "按约定暂扣、到期自动释放的商家款项。", "en": "What is kept back of merchants'' payouts by agreement, until it is released by itself."}')
  , ('payout_in_transit', 'liability', 'merchants', false, '{"zh-Hans": "已交银行、银行尚未付出的结算款。", "en": "Payouts that the bank has been told to make and has not made."}')
  , ('commission', 'income', NULL, false, '{"zh-Hans": "向商家收取的佣金，已扣除退回部分。", "en": "Commission taken from merchants, less what went back with refunds."}')
  , ('fee_tax', 'liability', NULL, true, '{"zh-Hans": "向商家收取的费用中所含、应向税务机关缴纳的税款。", "en": "What merchants have paid as tax on fees: the platform owes it to the tax office."}')
  , ('subsidy', 'expense', NULL, false, '{"zh-Hans": "平台承担的优惠，补给商家。", "en": "The platform''s part of promotions, made good to merchants."}')
  , ('goodwill', 'expense', NULL, false, '{"zh-Hans": "平台赔付给商家或买家的款项。", "en": "What the platform has paid to put things right."}')
  , ('deposit', 'liability', 'merchants', false, '{"zh-Hans": "商家缴存的保证金。", "en": "Deposits that merchants have paid in."}')
  , ('fines', 'income', NULL, false, '{"zh-Hans": "商家因违规缴纳的违约金。", "en": "Fines that merchants have paid for violations."}')
  , ('balance', 'liability', 'buyers', false, '{"zh-Hans": "买家可用余额。", "en": "Money that buyers have to spend here."}')
  , ('balance_held', 'liability', 'buyers', false, '{"zh-Hans": "待付款订单占用的买家余额。", "en": "Of it, what is kept for purchases that are being paid."}')
  , ('points', 'liability', NULL, false, '{"zh-Hans": "平台承诺的积分，每分为一个最小货币单位；不是收到的资金。", "en": "Points that the platform has promised, a minor unit each; no money that was received."}')
  , ('points_held', 'liability', NULL, false, '{"zh-Hans": "待付款订单占用的积分。", "en": "Of them, what is kept for purchases that are being paid."}')
  , ('gift_cards', 'liability', 'buyers', false, '{"zh-Hans": "已售出或送出、尚未兑换的礼品卡。", "en": "Gift cards sold or given that nobody has redeemed."}')
  , ('gift_clearing', 'asset', NULL, false, '{"zh-Hans": "礼品卡兑换时的过渡科目，合计为零。", "en": "Where a card crosses into a balance; zero in total."}')
  , ('marketing_cost', 'expense', NULL, false, '{"zh-Hans": "平台送出的卡、积分与补偿，减去过期部分。", "en": "Cards, points and credit given away, less what expired."}')
  , ('presale_deposits', 'liability', 'buyers', false, '{"zh-Hans": "预售中买家已付的定金。", "en": "Deposits that buyers have paid in presales."}')
  , ('compensation_clearing', 'asset', NULL, false, '{"zh-Hans": "商家赔付转入买家余额时的过渡科目，合计为零。", "en": "Where a shop''s compensation crosses to a buyer; zero in total."}')
  , ('transfers_received', 'liability', 'buyers', false, '{"zh-Hans": "已到账、尚未用于订单的买家转账。", "en": "What buyers have transferred and no purchase has taken."}')
  , ('channel_fees', 'expense', NULL, true, '{"zh-Hans": "支付渠道扣收的手续费。", "en": "What payment channels keep as their fees."}')
  , ('chargebacks', 'asset', NULL, false, '{"zh-Hans": "渠道因拒付扣走、正在争议的款项。", "en": "What channels have taken back and is being argued about."}')
  , ('disputed', 'liability', 'merchants', false, '{"zh-Hans": "因拒付冻结的商家款项，结案前不结算。", "en": "Of what merchants are owed, what is set aside until a chargeback is decided."}')
  , ('chargeback_losses', 'expense', NULL, false, '{"zh-Hans": "平台因拒付承担的损失，减去败诉后追回的。", "en": "What the platform lost by chargebacks, less what came back after it was lost."}')
  , ('suspense', 'asset', NULL, false, '{"zh-Hans": "对账差异，等待查明。", "en": "Differences of statements that are being looked into."}')
  , ('door_claims', 'asset', NULL, false, '{"zh-Hans": "买家约定签收时支付、尚未收到的货款。", "en": "What buyers have promised to pay at the door and nobody has collected yet."}')
  , ('carrier_cash', 'asset', 'cash', false, '{"zh-Hans": "承运商已代收、尚未回款的货款。", "en": "What carriers have collected at the door and not paid on yet."}')
  , ('exchange_clearing', 'equity', NULL, false, '{"zh-Hans": "兑换时一种货币转出、另一种转入的过渡科目；余额为该货币的未平头寸。", "en": "Where one currency leaves and another comes in; what is left is the open position in a currency."}')
  , ('exchange_differences', 'income', NULL, false, '{"zh-Hans": "已实现的汇兑损益，按本位币记录；负数为损失。", "en": "Realised gains on exchanges, in the house''s currency; below zero, losses."}')
  , ('own_funds', 'equity', NULL, true, '{"zh-Hans": "平台股东投入或提走的自有资金。", "en": "What the platform''s owners have put in or taken out."}')
  , ('other_costs', 'expense', NULL, true, '{"zh-Hans": "银行收费等手工记录的费用。", "en": "Charges of the bank and other costs that are written down by hand."}')
  , ('host_payable', 'liability', 'merchants', false, '{"zh-Hans": "从商家结算款中扣出、应付给主播或机构的佣金与坑位费；为负时是其应退款。", "en": "Commission and slot fees taken from shops and owed to their hosts and agencies; below zero, what these owe."}')
  , ('host_clearing', 'asset', NULL, false, '{"zh-Hans": "佣金从商家转给主播或机构时的过渡科目，合计为零。", "en": "Where a host''s commission crosses from the shop; zero in total."}');

CREATE TABLE ledger_counterparties (
    owner_id uuid PRIMARY KEY
  , name     text NOT NULL UNIQUE
);
COMMENT ON TABLE ledger_counterparties IS 'reference: channels and banks that have accounts of their own here: what they charged and paid on is of no single buyer or merchant';
-- (The operator's own bank, on which people write by hand before any statement has come.)
INSERT INTO ledger_counterparties (owner_id, name) VALUES ('561931b6-f093-521f-9245-d3c46385ef57', 'bank');

CREATE TABLE ledger_accounts (
    owner_id   uuid NOT NULL
  , kind       text NOT NULL REFERENCES ledger_account_kinds
  , currency   text NOT NULL REFERENCES currencies
  , debits     bigint NOT NULL DEFAULT 0
  , credits    bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (owner_id, kind, currency)
  , CONSTRAINT totals_only_grow CHECK (debits >= 0 AND credits >= 0)
  , CONSTRAINT held_money_is_there CHECK (kind <> 'held' OR credits >= debits)
  , CONSTRAINT refunds_paid_were_due CHECK (kind <> 'refund_due' OR credits >= debits)
  , CONSTRAINT a_deposit_is_never_below_zero CHECK (kind <> 'deposit' OR credits >= debits)
  , CONSTRAINT a_reserve_was_kept_back CHECK (kind <> 'reserve' OR credits >= debits)
  , CONSTRAINT presale_deposits_are_there CHECK (kind <> 'presale_deposits' OR credits >= debits)
  , CONSTRAINT no_more_fines_are_undone_than_were_taken CHECK (kind <> 'fines' OR credits >= debits)
  , CONSTRAINT nobody_spends_what_is_not_there CHECK (
        kind NOT IN ('balance', 'balance_held', 'points', 'points_held', 'gift_cards', 'transfers_received')
        OR credits >= debits)
  , CONSTRAINT frozen_money_is_there CHECK (kind <> 'disputed' OR credits >= debits)
  , CONSTRAINT only_what_was_taken_back_comes_back CHECK (kind <> 'chargebacks' OR debits >= credits)
  , CONSTRAINT payouts_paid_were_on_their_way CHECK (kind <> 'payout_in_transit' OR credits >= debits)
);
COMMENT ON TABLE ledger_accounts IS 'by owner: accounts of a merchant, a buyer, a host or agency, an issue of gift cards, or a channel or bank; the platform''s own accounts are sub-accounts of theirs';
CREATE INDEX ledger_accounts_of_a_kind ON ledger_accounts (kind, currency, owner_id);
COMMENT ON COLUMN ledger_accounts.debits IS 'Sum of all debits, in minor units';

CREATE TABLE ledger_summed (
    kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , at       timestamptz NOT NULL
  , PRIMARY KEY (kind, currency)
);
COMMENT ON TABLE ledger_summed IS 'local: what all accounts of a kind came to when they were last summed, all at the same instant';

CREATE TABLE ledger_base (
    kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , until    timestamptz NOT NULL
  , PRIMARY KEY (kind, currency)
);
COMMENT ON TABLE ledger_base IS 'local: what all accounts of a kind came to at the end of a day that nothing is written into any more, moved on by a sweep: questions about later moments, and about the weeks before, begin here';

CREATE TABLE ledger_transfers (
    owner_id    uuid NOT NULL
  , transfer_id uuid NOT NULL
  , debit       text NOT NULL
  , credit      text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL
  , reason      text NOT NULL
  , document    uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (owner_id, transfer_id)
  , FOREIGN KEY (owner_id, debit, currency) REFERENCES ledger_accounts (owner_id, kind, currency)
  , FOREIGN KEY (owner_id, credit, currency) REFERENCES ledger_accounts (owner_id, kind, currency)
  , CONSTRAINT money_moves_between_two_accounts CHECK (debit <> credit)
  , CONSTRAINT an_amount_is_positive CHECK (amount > 0)
);
COMMENT ON TABLE ledger_transfers IS 'by owner, append-only: every movement of money between two accounts of one owner';
COMMENT ON COLUMN ledger_transfers.document IS 'What caused it: a payment, an order, a refund or a payout; transfers of two owners meet by it';
COMMENT ON COLUMN ledger_transfers.reason IS 'captured, allotted, released, commission, refund_due, refunded, commission_returned, subsidy, subsidy_returned, payout, paid_out …';
CREATE UNIQUE INDEX a_document_moves_money_once ON ledger_transfers (owner_id, document, reason, debit, credit);
CREATE INDEX ledger_transfers_by_document ON ledger_transfers (document);
CREATE INDEX ledger_transfers_of_an_owner ON ledger_transfers (owner_id, at DESC, transfer_id DESC);
CREATE INDEX ledger_transfers_by_time ON ledger_transfers (at DESC, transfer_id DESC);
CREATE INDEX ledger_transfers_by_reason ON ledger_transfers (reason, at DESC, transfer_id DESC);

CREATE TABLE ledger_period_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE ledger_period_transitions IS 'reference: the states of a month of the books that follow each other';
INSERT INTO ledger_period_transitions (from_state, to_state) VALUES
    ('nowhere', 'proposed'), ('open', 'proposed'), ('proposed', 'open'), ('proposed', 'closed'), ('closed', 'open');

CREATE TABLE ledger_periods (
    period      date PRIMARY KEY
  , begins      timestamptz NOT NULL
  , ends        timestamptz NOT NULL
  , state       text NOT NULL
  , proposed_by text
  , closed_by   text
  , closed_at   timestamptz
  , reopening_by    text
  , reopening_words text NOT NULL DEFAULT ''
  , CONSTRAINT a_period_is_a_month CHECK (extract(day FROM period) = 1 AND begins < ends)
  , CONSTRAINT a_period_is_open_proposed_or_closed CHECK (state IN ('open', 'proposed', 'closed'))
  , CONSTRAINT proposed_means_by_whom CHECK ((state IN ('proposed', 'closed')) = (proposed_by IS NOT NULL))
  , CONSTRAINT closed_means_by_whom_and_when CHECK (
        (state = 'closed') = (closed_by IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL))
  , CONSTRAINT two_people_close_a_period CHECK (closed_by <> proposed_by)
  , CONSTRAINT only_a_closed_month_is_opened_for_a_reason CHECK (
        reopening_by IS NULL OR (state = 'closed' AND reopening_words <> ''))
);
COMMENT ON TABLE ledger_periods IS 'reference: months of the books that somebody has wanted to close; nothing is posted into a closed one';
COMMENT ON COLUMN ledger_periods.period IS 'The first day of the month, in the house''s time zone';
COMMENT ON COLUMN ledger_periods.reopening_by IS 'Who wants it opened again: another person agrees';
COMMENT ON COLUMN ledger_periods.ends IS 'The first moment that is not within it';

CREATE TABLE ledger_period_history (
    period     date NOT NULL REFERENCES ledger_periods
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , words      text NOT NULL DEFAULT ''
  , PRIMARY KEY (period, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES ledger_period_transitions
);
COMMENT ON TABLE ledger_period_history IS 'local, append-only: each change of a month''s state, with why it was opened again';

-- (No foreign key to the accounts: it would lock each of their rows, and sales wait for some of them.)
CREATE TABLE ledger_snapshots (
    owner_id uuid NOT NULL
  , kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , period   date NOT NULL REFERENCES ledger_periods
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , PRIMARY KEY (owner_id, kind, currency, period)
);
COMMENT ON TABLE ledger_snapshots IS 'by owner: what an account came to at the end of a closed month in which it moved, from the beginning of the books';
CREATE INDEX ledger_snapshots_of_a_period ON ledger_snapshots (period);

CREATE TABLE ledger_period_totals (
    period   date NOT NULL REFERENCES ledger_periods
  , kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , PRIMARY KEY (period, kind, currency)
);
COMMENT ON TABLE ledger_period_totals IS 'local: what all accounts of a kind came to at the end of a closed month, from the beginning of the books';

CREATE TABLE ledger_voucher_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE ledger_voucher_transitions IS 'reference: the states of an entry by hand that follow each other';
INSERT INTO ledger_voucher_transitions (from_state, to_state) VALUES
    ('nowhere', 'proposed'), ('proposed', 'posted'), ('proposed', 'declined');

CREATE TABLE ledger_vouchers (
    owner_id    uuid NOT NULL
  , voucher_id  uuid NOT NULL
  , state       text NOT NULL
  , reverses    uuid
  , currency    text NOT NULL REFERENCES currencies
  , debit       text REFERENCES ledger_account_kinds
  , credit      text REFERENCES ledger_account_kinds
  , amount      bigint
  , words       text NOT NULL
  , proposed_by text NOT NULL
  , proposed_at timestamptz NOT NULL DEFAULT now()
  , decided_by  text
  , decided_at  timestamptz
  , PRIMARY KEY (owner_id, voucher_id)
  , FOREIGN KEY (owner_id, reverses) REFERENCES ledger_transfers (owner_id, transfer_id)
  , CONSTRAINT an_entry_by_hand_is_proposed_posted_or_declined CHECK (state IN ('proposed', 'posted', 'declined'))
  , CONSTRAINT an_entry_by_hand_says_why CHECK (words <> '')
  , CONSTRAINT an_entry_by_hand_is_whole CHECK (
        (debit IS NULL) = (amount IS NULL) AND (credit IS NULL) = (amount IS NULL) AND debit <> credit AND amount > 0)
  , CONSTRAINT an_entry_by_hand_does_something CHECK (reverses IS NOT NULL OR amount IS NOT NULL)
  , CONSTRAINT decided_means_by_whom_and_when CHECK (
        (state <> 'proposed') = (decided_by IS NOT NULL) AND (state <> 'proposed') = (decided_at IS NOT NULL))
  , CONSTRAINT two_people_write_by_hand CHECK (state <> 'posted' OR decided_by <> proposed_by)
);
COMMENT ON TABLE ledger_vouchers IS 'by owner: entries that people write by hand: one proposes, another agrees; a correction names the transfer that it reverses';
COMMENT ON COLUMN ledger_vouchers.reverses IS 'The transfer that is posted the other way round';
COMMENT ON COLUMN ledger_vouchers.amount IS 'Minor units of what is posted instead, or besides';
CREATE UNIQUE INDEX a_transfer_is_reversed_once ON ledger_vouchers (owner_id, reverses)
    WHERE reverses IS NOT NULL AND state <> 'declined';
CREATE INDEX ledger_vouchers_by_time ON ledger_vouchers (proposed_at DESC, voucher_id DESC);
CREATE INDEX ledger_vouchers_to_decide ON ledger_vouchers (proposed_at) WHERE state = 'proposed';

CREATE TABLE ledger_voucher_history (
    owner_id   uuid NOT NULL
  , voucher_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , words      text NOT NULL DEFAULT ''
  , PRIMARY KEY (owner_id, voucher_id, step)
  , FOREIGN KEY (owner_id, voucher_id) REFERENCES ledger_vouchers
  , FOREIGN KEY (from_state, to_state) REFERENCES ledger_voucher_transitions
);
COMMENT ON TABLE ledger_voucher_history IS 'by owner, append-only: each change of the state of an entry by hand';

CREATE TABLE ledger_days (
    day      date NOT NULL
  , kind     text NOT NULL REFERENCES ledger_account_kinds
  , currency text NOT NULL REFERENCES currencies
  , debits   bigint NOT NULL
  , credits  bigint NOT NULL
  , PRIMARY KEY (day, kind, currency)
);
COMMENT ON TABLE ledger_days IS 'local: what was moved on each of the last days, for pictures: summed by a sweep, and anew while a day is young';

CREATE TABLE ledger_days_summed (
    day date PRIMARY KEY
  , at  timestamptz NOT NULL
);
COMMENT ON TABLE ledger_days_summed IS 'local: which days ledger_days knows, those on which nothing moved too';

-- money.exchange

-- Money of one currency for money of another: documents of two legs, rates as dated data, and what is open in each currency.

CREATE TABLE exchange_rates (
    day      date NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , micros   bigint NOT NULL
  , source   text NOT NULL
  , PRIMARY KEY (day, currency)
  , CONSTRAINT a_rate_is_positive CHECK (micros > 0)
  , CONSTRAINT the_base_has_no_rate CHECK (currency <> 'EUR')
);
COMMENT ON TABLE exchange_rates IS 'reference: reference rates of a day, as the European Central Bank gives them out: so much of a currency for one euro';
COMMENT ON COLUMN exchange_rates.micros IS 'Millionths of the currency''s major unit for one euro';
CREATE INDEX exchange_rates_of_a_currency ON exchange_rates (currency, day DESC);

CREATE TABLE exchange_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE exchange_transitions IS 'reference: the states of an exchange that follow each other';
INSERT INTO exchange_transitions (from_state, to_state) VALUES
    ('nowhere', 'proposed'), ('proposed', 'posted'), ('proposed', 'declined');

CREATE TABLE exchanges (
    exchange_id   uuid PRIMARY KEY
  , on_day        date NOT NULL
  , state         text NOT NULL
  , from_owner    uuid NOT NULL
  , from_kind     text NOT NULL
  , from_currency text NOT NULL REFERENCES currencies
  , sold          bigint NOT NULL
  , to_owner      uuid NOT NULL
  , to_kind       text NOT NULL
  , to_currency   text NOT NULL REFERENCES currencies
  , bought        bigint NOT NULL
  , value         bigint
  , realised      bigint
  , words         text NOT NULL
  , proposed_by   text NOT NULL
  , proposed_at   timestamptz NOT NULL DEFAULT now()
  , decided_by    text
  , decided_at    timestamptz
  , CONSTRAINT an_exchange_is_proposed_posted_or_declined CHECK (state IN ('proposed', 'posted', 'declined'))
  , CONSTRAINT two_currencies_are_exchanged CHECK (from_currency <> to_currency AND sold > 0 AND bought > 0)
  , CONSTRAINT cash_is_exchanged_for_cash_or_own_funds_for_own_funds CHECK (
        (from_kind IN ('channel_cash', 'bank_cash') AND to_kind IN ('channel_cash', 'bank_cash'))
        OR (from_kind = 'own_funds' AND to_kind = 'own_funds'))
  , CONSTRAINT posted_means_its_value CHECK (
        (state = 'posted') = (value IS NOT NULL) AND (state = 'posted') = (realised IS NOT NULL))
  , CONSTRAINT decided_means_by_whom_and_when CHECK (
        (state <> 'proposed') = (decided_by IS NOT NULL) AND (state <> 'proposed') = (decided_at IS NOT NULL))
  , CONSTRAINT two_people_exchange CHECK (state <> 'posted' OR decided_by <> proposed_by)
);
COMMENT ON TABLE exchanges IS 'by key: money of one currency that became money of another, on the word of two people';
COMMENT ON COLUMN exchanges.on_day IS 'The day of the channel''s or bank''s paper, whose reference rate counts';
COMMENT ON COLUMN exchanges.value IS 'In minor units of the house''s currency';
COMMENT ON COLUMN exchanges.realised IS 'What positions that it closed have gained, in minor units of the house''s currency; below zero, lost';
CREATE INDEX exchanges_by_time ON exchanges (proposed_at DESC, exchange_id DESC);

CREATE TABLE exchange_history (
    exchange_id uuid NOT NULL REFERENCES exchanges
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (exchange_id, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES exchange_transitions
);
COMMENT ON TABLE exchange_history IS 'by key, append-only: each change of an exchange''s state';

CREATE TABLE exchange_positions (
    currency text PRIMARY KEY REFERENCES currencies
  , quantity bigint NOT NULL
  , cost     bigint NOT NULL
  , CONSTRAINT what_is_not_open_costs_nothing CHECK (quantity <> 0 OR cost = 0)
  , CONSTRAINT what_was_given_has_brought_something CHECK (quantity >= 0 OR cost <= 0)
  , CONSTRAINT what_was_got_has_cost_something CHECK (quantity <= 0 OR cost >= 0)
);
COMMENT ON TABLE exchange_positions IS 'local: what exchanges have left open in each currency but the house''s';
COMMENT ON COLUMN exchange_positions.quantity IS 'Minor units got by exchanges; below zero, given away';
COMMENT ON COLUMN exchange_positions.cost IS 'What it cost, or below zero what it brought, in minor units of the house''s currency';

-- money.wallets

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

-- money.payments

-- Instructions to payment channels and what they answered.

CREATE TABLE payment_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE payment_transitions IS 'reference: the states of a payment that follow each other';
INSERT INTO payment_transitions (from_state, to_state) VALUES
    ('nowhere', 'instructed'), ('nowhere', 'captured')
  , ('instructed', 'pending'), ('instructed', 'captured'), ('instructed', 'declined'), ('instructed', 'cancelled')
  , ('pending', 'captured'), ('pending', 'declined'), ('pending', 'cancelled')
  , ('declined', 'captured'), ('cancelled', 'captured')
  , ('instructed', 'authorised'), ('pending', 'authorised'), ('declined', 'authorised'), ('cancelled', 'authorised')
  , ('authorised', 'captured'), ('authorised', 'cancelled');

CREATE TABLE payments (
    buyer_id          uuid NOT NULL
  , payment_id        uuid NOT NULL
  , purchase_id       uuid NOT NULL
  , channel           text NOT NULL
  , amount            bigint NOT NULL
  , currency          text NOT NULL REFERENCES currencies
  , state             text NOT NULL
  , channel_reference text
  , cashier_url       text
  , failure           text
  , surplus           boolean NOT NULL DEFAULT false
  , created_at        timestamptz NOT NULL DEFAULT now()
  , expires_at        timestamptz NOT NULL
  , captured_at       timestamptz
  , query_at          timestamptz
  , queries           integer NOT NULL DEFAULT 0
  , handed            jsonb
  , later             boolean NOT NULL DEFAULT false
  , authorised_until  timestamptz
  , void_at           timestamptz
  , instalments       integer NOT NULL DEFAULT 0
  , seller_millionths bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (buyer_id, payment_id)
  , CONSTRAINT a_payment_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT captured_means_when CHECK ((state = 'captured') = (captured_at IS NOT NULL))
  , CONSTRAINT only_what_is_captured_later_is_authorised CHECK (later OR (state <> 'authorised' AND authorised_until IS NULL))
  , CONSTRAINT authorised_means_until CHECK (state <> 'authorised' OR authorised_until IS NOT NULL)
  , CONSTRAINT instalments_are_several CHECK (instalments = 0 OR instalments BETWEEN 2 AND 60)
  , CONSTRAINT the_seller_bears_a_share_of_instalments_only
      CHECK (seller_millionths = 0 OR (seller_millionths BETWEEN 1 AND 1000000 AND instalments > 0))
);
COMMENT ON TABLE payments IS 'by buyer: one instruction to a channel to collect a purchase''s money; its id is the channel''s idempotency key';
COMMENT ON COLUMN payments.surplus IS 'Captured though the purchase did not need it any more (paid twice, or cancelled): refunded by itself';
COMMENT ON COLUMN payments.query_at IS 'When to ask the channel next while the outcome is unknown; none when it is known';
COMMENT ON COLUMN payments.handed IS 'What the payer gets on our own page: a QR code''s text, facts to pay by; none where a channel''s page follows';
COMMENT ON COLUMN payments.later IS 'Asked for as an authorisation only: what is sent of it is captured by payment_captures';
COMMENT ON COLUMN payments.authorised_until IS 'Until when the channel keeps the money back; it stays when it is captured or let go';
COMMENT ON COLUMN payments.void_at IS 'When to ask the channel next to let go what was not captured';
COMMENT ON COLUMN payments.instalments IS 'In how many months the payer pays it to the channel; 0: at once';
COMMENT ON COLUMN payments.seller_millionths IS 'What the channel keeps of it for the instalments, beside its usual fee, as its plan was when it was asked for';
CREATE INDEX payments_in_instalments_of_the_seller ON payments (buyer_id, payment_id) WHERE seller_millionths > 0;
CREATE INDEX payments_authorised ON payments (authorised_until) WHERE state = 'authorised';
CREATE INDEX payments_by_id ON payments (payment_id);
CREATE INDEX payments_of_a_purchase ON payments (purchase_id);
CREATE INDEX payments_by_reference ON payments (channel_reference) WHERE channel_reference IS NOT NULL;
CREATE INDEX payments_to_query ON payments (query_at) WHERE query_at IS NOT NULL;
CREATE INDEX payments_by_time ON payments (created_at DESC, payment_id);

CREATE TABLE payment_history (
    buyer_id   uuid NOT NULL
  , payment_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (buyer_id, payment_id, step)
  , FOREIGN KEY (buyer_id, payment_id) REFERENCES payments
  , FOREIGN KEY (from_state, to_state) REFERENCES payment_transitions
);
COMMENT ON TABLE payment_history IS 'by buyer, append-only: each change of a payment''s state';

CREATE TABLE payment_splits (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , channel     text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , authorised  bigint NOT NULL DEFAULT 0
  , capturing   bigint NOT NULL DEFAULT 0
  , captured    bigint NOT NULL DEFAULT 0
  , released    bigint NOT NULL DEFAULT 0
  , refunding   bigint NOT NULL DEFAULT 0
  , refunded    bigint NOT NULL DEFAULT 0
  , wanted_at   timestamptz
  , refused_at  timestamptz
  , let_go_at   timestamptz
  , disputed    bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id, payment_id)
  , CONSTRAINT all_or_nothing_is_authorised CHECK (authorised IN (0, amount))
  , CONSTRAINT never_take_more_than_authorised
        CHECK (0 <= capturing AND 0 <= captured AND 0 <= released AND capturing + captured + released <= authorised)
  , CONSTRAINT never_refund_more_than_captured CHECK (
        0 <= refunding AND 0 <= refunded AND 0 <= disputed AND refunding + refunded + disputed <= captured)
);
COMMENT ON TABLE payment_splits IS 'by merchant: what part of a payment is for which order: to be collected, authorised, captured, let go, on its way back, refunded';
COMMENT ON COLUMN payment_splits.authorised IS 'What the channel vouches for: kept back for us, or taken already';
COMMENT ON COLUMN payment_splits.capturing IS 'Of authorised, what the channel was asked to take and has not answered about';
COMMENT ON COLUMN payment_splits.released IS 'Of authorised, what is not wanted any more and was never taken';
COMMENT ON COLUMN payment_splits.wanted_at IS 'Since when what is authorised is to be captured: the order was packed or sent';
COMMENT ON COLUMN payment_splits.refused_at IS 'When the channel said that it does not capture it: the order is called off, or given back if it was sent';
COMMENT ON COLUMN payment_splits.let_go_at IS 'Since when a part is released that the channel still keeps back; none once it was told';
COMMENT ON COLUMN payment_splits.disputed IS 'Of captured, what the channel has taken back and we argue about: see chargebacks';
CREATE INDEX splits_of_a_payment ON payment_splits (payment_id);
CREATE INDEX splits_to_capture ON payment_splits (wanted_at)
    WHERE wanted_at IS NOT NULL AND refused_at IS NULL AND capturing + captured + released < authorised;
CREATE INDEX splits_not_captured ON payment_splits (payment_id) WHERE capturing + captured + released < authorised;
CREATE INDEX splits_refused ON payment_splits (refused_at)
    WHERE refused_at IS NOT NULL AND capturing + captured + released < authorised;
CREATE INDEX splits_let_go ON payment_splits (let_go_at) WHERE let_go_at IS NOT NULL;

CREATE TABLE refund_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE refund_transitions IS 'reference: the states of a refund that follow each other';
INSERT INTO refund_transitions (from_state, to_state) VALUES
    ('nowhere', 'instructed'), ('nowhere', 'succeeded')
  , ('instructed', 'sent'), ('instructed', 'succeeded'), ('instructed', 'failed')
  , ('sent', 'succeeded'), ('sent', 'failed'), ('failed', 'instructed'), ('succeeded', 'failed');

CREATE TABLE refunds (
    merchant_id       uuid NOT NULL
  , refund_id         uuid NOT NULL
  , order_id          uuid NOT NULL
  , payment_id        uuid NOT NULL
  , buyer_id          uuid NOT NULL
  , amount            bigint NOT NULL
  , currency          text NOT NULL REFERENCES currencies
  , reason            text NOT NULL
  , state             text NOT NULL
  , channel           text NOT NULL
  , channel_payment   text
  , channel_reference text
  , failure           text
  , created_at        timestamptz NOT NULL DEFAULT now()
  , succeeded_at      timestamptz
  , attempt_at        timestamptz
  , attempts          integer NOT NULL DEFAULT 0
  , part_of           uuid
  , route             text NOT NULL DEFAULT 'origin'
  , twice_at          timestamptz
  , PRIMARY KEY (merchant_id, refund_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT a_refund_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT succeeded_means_when CHECK ((state = 'succeeded') = (succeeded_at IS NOT NULL))
  , CONSTRAINT a_refund_goes_a_known_way CHECK (route IN ('origin', 'balance', 'by_hand'))
  , CONSTRAINT out_of_a_purse_is_back_into_it CHECK (route = 'origin' OR channel NOT IN ('balance', 'points'))
);
COMMENT ON TABLE refunds IS 'by merchant: money on its way back to the buyer; its id is the channel''s idempotency key';
COMMENT ON COLUMN refunds.channel_payment IS 'The channel''s own name of the payment that is refunded';
COMMENT ON COLUMN refunds.attempt_at IS 'When to send it or to ask for its outcome next; none when it is known';
COMMENT ON COLUMN refunds.part_of IS 'The refund that was decided, of which this is what goes back another way than most of it';
COMMENT ON COLUMN refunds.route IS 'balance: into the buyer''s balance instead of the channel; by_hand: transferred by staff, under a number in refunds_by_hand';
COMMENT ON COLUMN refunds.twice_at IS 'When the channel said that it had paid, too, what had gone back another way';
CREATE INDEX refunds_of_an_order ON refunds (merchant_id, order_id);
CREATE INDEX refunds_by_id ON refunds (refund_id);
CREATE INDEX refunds_by_reference ON refunds (channel_reference) WHERE channel_reference IS NOT NULL;
CREATE INDEX refunds_by_time ON refunds (created_at DESC, refund_id DESC);
CREATE INDEX refunds_failed ON refunds (created_at DESC, refund_id DESC) WHERE state = 'failed';
CREATE INDEX refunds_paid_twice ON refunds (created_at DESC, refund_id DESC) WHERE twice_at IS NOT NULL;
CREATE INDEX refunds_of_a_merchant ON refunds (merchant_id, created_at DESC, refund_id DESC);
CREATE INDEX refunds_to_attempt ON refunds (attempt_at) WHERE attempt_at IS NOT NULL;

CREATE TABLE refund_history (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, refund_id, step)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES refunds
  , FOREIGN KEY (from_state, to_state) REFERENCES refund_transitions
);
COMMENT ON TABLE refund_history IS 'by merchant, append-only: each change of a refund''s state';

CREATE TABLE refunds_by_hand (
    bank_number text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , party       text NOT NULL
  , on_day      date NOT NULL
  , recorded_at timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , CONSTRAINT a_refund_by_hand_is_of_some_money CHECK (amount > 0)
);
COMMENT ON TABLE refunds_by_hand IS 'by key, append-only: refunds that staff transferred, each under a number of the bank that is used once';
COMMENT ON COLUMN refunds_by_hand.party IS 'Whose account it went to';
CREATE INDEX refunds_by_hand_of_a_refund ON refunds_by_hand (refund_id, recorded_at);

CREATE TABLE webhook_receipts (
    channel     text NOT NULL
  , event_id    text NOT NULL
  , body        jsonb NOT NULL
  , received_at timestamptz NOT NULL DEFAULT now()
  , applied_at  timestamptz
  , error       text
  , document    uuid
  , PRIMARY KEY (channel, event_id)
);
COMMENT ON TABLE webhook_receipts IS 'by key: verified messages from outside, stored before they are applied, so that the second copy is nothing new';
COMMENT ON COLUMN webhook_receipts.document IS 'The payment or refund that it tells of; none for anything else';
CREATE INDEX webhooks_about_a_document ON webhook_receipts (document) WHERE document IS NOT NULL;
CREATE INDEX webhooks_to_apply ON webhook_receipts (received_at) WHERE applied_at IS NULL;

CREATE TABLE bank_movements (
    bank_number text PRIMARY KEY
  , payment_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , party       text NOT NULL
  , on_day      date NOT NULL
  , recorded_at timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , document    uuid NOT NULL
  , CONSTRAINT a_movement_is_of_some_money CHECK (amount <> 0)
);
COMMENT ON TABLE bank_movements IS 'by key, append-only: lines of the bank statement that are of payments by bank transfer, as staff wrote them down';
COMMENT ON COLUMN bank_movements.amount IS 'Above zero: it came. Below: what was left over was given back';
COMMENT ON COLUMN bank_movements.document IS 'Of its transfer in the books';
COMMENT ON COLUMN bank_movements.party IS 'Whose account it came from or went to';
CREATE INDEX bank_movements_of_a_payment ON bank_movements (payment_id);
CREATE INDEX bank_movements_by_time ON bank_movements (recorded_at DESC, bank_number);
CREATE INDEX payments_by_transfer ON payments (created_at, payment_id) WHERE channel = 'bank_transfer';
CREATE INDEX refunds_by_transfer ON refunds (created_at, refund_id)
    WHERE channel = 'bank_transfer' AND state IN ('instructed', 'sent');

CREATE TABLE channel_rules (
    channel    text NOT NULL
  , valid_from timestamptz NOT NULL
  , offered    boolean NOT NULL
  , place      integer NOT NULL
  , countries  text[] NOT NULL DEFAULT '{}'
  , note       text NOT NULL DEFAULT ''
  , set_by     uuid
  , set_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (channel, valid_from)
  , CONSTRAINT places_are_counted_from_one CHECK (place BETWEEN 1 AND 99)
);
COMMENT ON TABLE channel_rules IS 'reference: what the operator decided about a channel; the latest that has begun counts';
COMMENT ON COLUMN channel_rules.place IS 'Where buyers see it among the others, the first first';
COMMENT ON COLUMN channel_rules.countries IS 'Where goods must go for it to be offered; none: wherever the channel takes them';

CREATE TABLE channel_rule_limits (
    channel    text NOT NULL
  , valid_from timestamptz NOT NULL
  , currency   text NOT NULL REFERENCES currencies
  , smallest   bigint
  , largest    bigint
  , PRIMARY KEY (channel, valid_from, currency)
  , FOREIGN KEY (channel, valid_from) REFERENCES channel_rules
  , CONSTRAINT limits_are_in_order CHECK (coalesce(smallest, 1) > 0 AND coalesce(smallest, 1) <= coalesce(largest, coalesce(smallest, 1)))
);
COMMENT ON TABLE channel_rule_limits IS 'reference: the amounts, in minor units, within which a rule has a channel offered';

CREATE TABLE channel_disputes (
    channel   text NOT NULL
  , reference text NOT NULL
  , told_at   timestamptz NOT NULL DEFAULT now()
  , look_at   timestamptz
  , looks     integer NOT NULL DEFAULT 0
  , problem   text
  , document  uuid
  , PRIMARY KEY (channel, reference)
);
CREATE INDEX channel_disputes_by_document ON channel_disputes (document) WHERE document IS NOT NULL;
COMMENT ON COLUMN channel_disputes.document IS 'The chargeback in the books, once it is there';
COMMENT ON TABLE channel_disputes IS 'by key: chargebacks that a channel has told of, and when it is asked next how far they are';
COMMENT ON COLUMN channel_disputes.look_at IS 'None: it has ended, or is of no payment of ours';
COMMENT ON COLUMN channel_disputes.problem IS 'Why what was told could not be applied';
CREATE INDEX channel_disputes_to_look_at ON channel_disputes (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX channel_disputes_with_a_problem ON channel_disputes (told_at DESC) WHERE problem IS NOT NULL;

CREATE TABLE door_shops (
    merchant_id uuid PRIMARY KEY
  , offered     boolean NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , changed_by  text NOT NULL
);
COMMENT ON TABLE door_shops IS 'by merchant: the shops whose goods can be paid at the door; no row: not offered';

CREATE TABLE door_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE door_transitions IS 'reference: how far what is collected at the door can be';
INSERT INTO door_transitions (from_state, to_state) VALUES
    ('nowhere', 'due'), ('due', 'carried'), ('due', 'void')
  , ('carried', 'collected'), ('carried', 'kept'), ('carried', 'refused'), ('collected', 'remitted');

CREATE TABLE door_remittances (
    bank_number text PRIMARY KEY
  , carrier     text NOT NULL
  , amount      bigint NOT NULL
  , fee         bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , on_day      date NOT NULL
  , recorded_at timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , CONSTRAINT a_remittance_is_of_some_money CHECK (amount > 0 AND fee >= 0)
);
COMMENT ON TABLE door_remittances IS 'by key, append-only: what carriers paid on of the cash that they collected, as staff wrote it down from the bank statement';
COMMENT ON COLUMN door_remittances.fee IS 'What the carrier kept for itself of what it had collected';
CREATE INDEX door_remittances_by_time ON door_remittances (recorded_at DESC, bank_number);

CREATE TABLE door_collections (
    merchant_id   uuid NOT NULL
  , order_id      uuid NOT NULL
  , payment_id    uuid NOT NULL
  , buyer_id      uuid NOT NULL
  , amount        bigint NOT NULL
  , undone        bigint NOT NULL DEFAULT 0
  , currency      text NOT NULL REFERENCES currencies
  , state         text NOT NULL
  , told          bigint
  , reported      bigint
  , carrier       text
  , remittance    text
  , created_at    timestamptz NOT NULL DEFAULT now()
  , ended_at      timestamptz
  , PRIMARY KEY (merchant_id, order_id, payment_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT no_more_is_taken_off_than_was_promised CHECK (0 <= undone AND undone <= amount)
  , CONSTRAINT what_is_on_its_way_was_told CHECK ((state IN ('due', 'void')) = (told IS NULL))
  , CONSTRAINT told_is_what_is_left CHECK (state NOT IN ('carried', 'collected', 'remitted', 'kept') OR (told > 0 AND told = amount - undone))
  , CONSTRAINT a_carrier_has_what_it_collected CHECK ((state IN ('collected', 'remitted')) = (carrier IS NOT NULL))
  , CONSTRAINT remitted_means_by_which CHECK ((state = 'remitted') = (remittance IS NOT NULL))
  , CONSTRAINT over_means_when CHECK ((state IN ('due', 'carried')) = (ended_at IS NULL))
);
COMMENT ON TABLE door_collections IS 'by merchant: what buyers pay at the door, order by order, and where the cash is';
COMMENT ON COLUMN door_collections.amount IS 'What was promised when it was ordered';
COMMENT ON COLUMN door_collections.undone IS 'What refunds have taken off it: it is not collected any more';
COMMENT ON COLUMN door_collections.told IS 'What whoever hands the parcel over asks for, fixed when it leaves';
COMMENT ON COLUMN door_collections.reported IS 'What the carrier says that it got, where it says so';
COMMENT ON COLUMN door_collections.remittance IS 'The bank''s number of what the carrier paid on';
COMMENT ON COLUMN door_collections.ended_at IS 'When it was collected, refused or called off';
CREATE INDEX door_collections_with_carriers ON door_collections (carrier, currency, ended_at, order_id) WHERE state = 'collected';
CREATE INDEX door_collections_on_their_way ON door_collections (created_at, order_id) WHERE state = 'carried';
CREATE INDEX door_refusals_of_a_buyer ON door_collections (buyer_id, ended_at) WHERE state = 'refused';
CREATE INDEX door_collections_of_a_remittance ON door_collections (remittance) WHERE remittance IS NOT NULL;

CREATE TABLE door_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, payment_id, step)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES door_collections
  , FOREIGN KEY (from_state, to_state) REFERENCES door_transitions
);
COMMENT ON TABLE door_history IS 'by merchant, append-only: what became of what is collected at the door';

CREATE INDEX refunds_of_the_door ON refunds (created_at, refund_id) WHERE channel = 'cod' AND state IN ('instructed', 'sent');

CREATE TABLE channel_exclusions (
    channel text NOT NULL
  , about   text NOT NULL
  , subject uuid NOT NULL
  , why     text NOT NULL DEFAULT ''
  , set_by  uuid
  , set_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (channel, about, subject)
  , CONSTRAINT an_exclusion_is_about_a_shop_a_category_or_gift_cards CHECK (about IN ('merchant', 'category', 'gift_cards'))
);
COMMENT ON TABLE channel_exclusions IS 'reference: what a channel is not offered for: the goods of a shop, those of a category and all below it, gift cards';
COMMENT ON COLUMN channel_exclusions.subject IS 'The merchant or the category; the nil UUID for gift cards';

CREATE TABLE channel_fees (
    channel    text NOT NULL
  , currency   text NOT NULL REFERENCES currencies
  , valid_from date NOT NULL
  , millionths bigint NOT NULL
  , fixed      bigint NOT NULL
  , set_by     uuid
  , set_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (channel, currency, valid_from)
  , CONSTRAINT a_fee_is_a_share_and_a_fixed_part CHECK (millionths BETWEEN 0 AND 1000000 AND fixed >= 0)
);
COMMENT ON TABLE channel_fees IS 'reference: what the contract with a channel says that it keeps of a payment, from a day on; the latest that has begun counts';
COMMENT ON COLUMN channel_fees.millionths IS 'Of the amount, half a minor unit upwards';
COMMENT ON COLUMN channel_fees.fixed IS 'And so much besides, in minor units';
-- What the simulated channel has always kept.
INSERT INTO channel_fees (channel, currency, valid_from, millionths, fixed, set_at) VALUES
    ('simpay', 'CNY', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'USD', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'EUR', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'GBP', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'JPY', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00')
  , ('simpay', 'HKD', '2020-01-01', 6000, 0, '2020-01-01 00:00:00+00');

-- money.payments

-- What channels were asked to take of authorised payments, and what was let go of them.

CREATE TABLE capture_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE capture_transitions IS 'reference: the states of a capture that follow each other';
INSERT INTO capture_transitions (from_state, to_state) VALUES
    ('nowhere', 'instructed'), ('instructed', 'succeeded'), ('instructed', 'failed');

CREATE TABLE payment_captures (
    buyer_id     uuid NOT NULL
  , capture_id   uuid NOT NULL
  , payment_id   uuid NOT NULL
  , document     uuid NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , final        boolean NOT NULL
  , state        text NOT NULL
  , failure      text
  , created_at   timestamptz NOT NULL DEFAULT now()
  , ended_at     timestamptz
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , PRIMARY KEY (buyer_id, capture_id)
  , FOREIGN KEY (buyer_id, payment_id) REFERENCES payments
  , CONSTRAINT a_capture_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT a_capture_is_asked_for_until_it_ended CHECK ((state = 'instructed') = (attempt_at IS NOT NULL))
  , CONSTRAINT a_capture_ended_when CHECK ((state = 'instructed') = (ended_at IS NULL))
);
COMMENT ON TABLE payment_captures IS 'by buyer: what a channel was asked to take of an authorised payment; its id is the channel''s idempotency key';
COMMENT ON COLUMN payment_captures.document IS 'Under which the books have it: the payment where the channel captures once, else the capture itself';
COMMENT ON COLUMN payment_captures.final IS 'Nothing more follows: the channel lets go what is left';
CREATE INDEX captures_of_a_payment ON payment_captures (payment_id);
CREATE INDEX captures_by_id ON payment_captures (capture_id);
CREATE INDEX captures_by_document ON payment_captures (document);
CREATE INDEX captures_to_ask ON payment_captures (attempt_at) WHERE attempt_at IS NOT NULL;

CREATE TABLE payment_capture_history (
    buyer_id   uuid NOT NULL
  , capture_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (buyer_id, capture_id, step)
  , FOREIGN KEY (buyer_id, capture_id) REFERENCES payment_captures
  , FOREIGN KEY (from_state, to_state) REFERENCES capture_transitions
);
COMMENT ON TABLE payment_capture_history IS 'by buyer, append-only: each change of a capture''s state';

CREATE TABLE payment_capture_parts (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , capture_id  uuid NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, order_id, capture_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT a_captured_part_is_of_some_money CHECK (amount > 0)
);
COMMENT ON TABLE payment_capture_parts IS 'by merchant, append-only: what of a capture is for which order';
CREATE INDEX capture_parts_of_a_capture ON payment_capture_parts (capture_id);

CREATE TABLE payment_releases (
    merchant_id uuid NOT NULL
  , document    uuid NOT NULL
  , order_id    uuid NOT NULL
  , payment_id  uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , reason      text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, document, payment_id)
  , FOREIGN KEY (merchant_id, order_id, payment_id) REFERENCES payment_splits
  , CONSTRAINT a_release_is_of_some_money CHECK (amount <> 0)
);
COMMENT ON TABLE payment_releases IS 'by merchant, append-only: what of an authorised payment was let go before it was captured: the buyer was never charged with it';
COMMENT ON COLUMN payment_releases.amount IS 'Above zero: let go. Below: the channel had taken it all the same, and it is refunded';
COMMENT ON COLUMN payment_releases.document IS 'The refund that was decided, of which this needed no money back';
CREATE INDEX releases_of_an_order ON payment_releases (merchant_id, order_id);

-- money.payments

-- Channels that did not answer, and how often they did.

CREATE TABLE channel_rest_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE channel_rest_transitions IS 'reference: how a channel is rested and works again';
INSERT INTO channel_rest_transitions (from_state, to_state) VALUES
    ('nowhere', 'resting'), ('resting', 'resting'), ('resting', 'working'), ('working', 'resting');

CREATE TABLE channel_rests (
    channel      text PRIMARY KEY
  , state        text NOT NULL
  , since        timestamptz NOT NULL
  , rested_until timestamptz NOT NULL
  , times        integer NOT NULL
  , why          text NOT NULL
  , CONSTRAINT rested_means_how_often CHECK ((state = 'resting') = (times > 0))
);
COMMENT ON TABLE channel_rests IS 'local: channels that did not answer: not offered until then, and tried again afterwards';
COMMENT ON COLUMN channel_rests.times IS 'How often in a row it was rested: each rest is twice as long as the one before';

CREATE TABLE channel_rest_history (
    channel    text NOT NULL REFERENCES channel_rests
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , why        text NOT NULL
  , by         text NOT NULL
  , PRIMARY KEY (channel, step)
  , FOREIGN KEY (from_state, to_state) REFERENCES channel_rest_transitions
);
COMMENT ON TABLE channel_rest_history IS 'local, append-only: when a channel was rested and worked again';
CREATE INDEX channel_rest_history_by_time ON channel_rest_history (at DESC);

CREATE TABLE channel_calls (
    channel    text NOT NULL
  , tick       timestamptz NOT NULL
  , answered   bigint NOT NULL
  , unanswered bigint NOT NULL
  , PRIMARY KEY (channel, tick)
  , CONSTRAINT calls_are_counted_up CHECK (answered >= 0 AND unanswered >= 0)
);
COMMENT ON TABLE channel_calls IS 'local: how many calls of a channel were answered and how many were not, by ten seconds';
CREATE INDEX channel_calls_by_tick ON channel_calls (tick);

-- money.payments

-- Refunds that had come back and have arrived again.

CREATE TABLE refund_successes (
    merchant_id uuid NOT NULL
  , document    uuid NOT NULL
  , refund_id   uuid NOT NULL
  , nth         integer NOT NULL
  , reference   text
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, document)
  , UNIQUE (merchant_id, refund_id, nth)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES refunds
  , CONSTRAINT the_first_is_the_refund_itself CHECK (nth > 1)
);
COMMENT ON TABLE refund_successes IS 'by merchant, append-only: a refund that had come back has arrived again';
COMMENT ON COLUMN refund_successes.document IS 'What the books name it: the first success bears the refund''s own id';
COMMENT ON COLUMN refund_successes.reference IS 'What the channel, or the bank, called it then';
CREATE INDEX refund_successes_by_reference ON refund_successes (reference) WHERE reference IS NOT NULL;
CREATE INDEX refund_successes_of_a_refund ON refund_successes (refund_id, nth);

-- money.gifts

-- Gift cards that buyers buy in the shop. The platform sells them itself: what is paid for one is owed from that moment on.

CREATE TABLE gift_sales (
    sale_id     uuid PRIMARY KEY
  , batch_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , recipient   text NOT NULL
  , sender      text NOT NULL
  , message     text NOT NULL
  , locale      text NOT NULL
  , day         date NOT NULL
  , placed_at   timestamptz NOT NULL DEFAULT now()
  , pay_by      timestamptz NOT NULL
  , send_at     timestamptz NOT NULL
  , paid_at     timestamptz
  , payment_id  uuid
  , refund_by   timestamptz
  , lapsed_at   timestamptz
  , sent_at     timestamptz
  , sendings    integer NOT NULL DEFAULT 0
  , refunded_at timestamptz
  , refunded_by text
  , refund_reason text NOT NULL DEFAULT ''
  , forgotten   boolean NOT NULL DEFAULT false
  , CONSTRAINT a_card_is_worth_something CHECK (amount > 0)
  , CONSTRAINT paid_means_by_which_payment CHECK ((paid_at IS NULL) = (payment_id IS NULL))
  , CONSTRAINT paid_means_a_last_day_to_give_it_back CHECK ((paid_at IS NULL) = (refund_by IS NULL))
  , CONSTRAINT what_lapsed_was_not_paid CHECK (lapsed_at IS NULL OR paid_at IS NULL)
  , CONSTRAINT only_what_is_paid_is_sent CHECK (sent_at IS NULL OR paid_at IS NOT NULL)
  , CONSTRAINT sent_means_so_many_times CHECK ((sent_at IS NULL) = (sendings = 0))
  , CONSTRAINT only_what_was_paid_is_refunded CHECK (refunded_at IS NULL OR paid_at IS NOT NULL)
  , CONSTRAINT refunded_means_by_whom CHECK ((refunded_at IS NULL) = (refunded_by IS NULL))
);
COMMENT ON TABLE gift_sales IS 'by key: a gift card that a buyer ordered; once it is paid its card is one of gift_cards, whose issue is the sale';
COMMENT ON COLUMN gift_sales.batch_id IS 'Cards that are ordered at once are paid at once, and each goes its own way then: the first one''s id';
COMMENT ON COLUMN gift_sales.refund_reason IS 'Why staff gave the money back; empty: its buyer did';
COMMENT ON COLUMN gift_sales.recipient IS 'The mail address that the code goes to; empty when its buyer was forgotten';
COMMENT ON COLUMN gift_sales.day IS 'The day of the house that it counts for, under what one may buy in a day';
COMMENT ON COLUMN gift_sales.send_at IS 'Not before';
COMMENT ON COLUMN gift_sales.refund_by IS 'Until when a card that nobody has redeemed is taken back';
COMMENT ON COLUMN gift_sales.lapsed_at IS 'It was not paid in time';
COMMENT ON COLUMN gift_sales.sendings IS 'How often a code was sent: each time a new one, and the one before is good for nothing';
COMMENT ON COLUMN gift_sales.forgotten IS 'Its buyer has left: what is personal goes with the sending';
CREATE INDEX gift_sales_of_a_batch ON gift_sales (batch_id, sale_id);
CREATE INDEX gift_sales_of_a_buyer ON gift_sales (buyer_id, placed_at DESC, sale_id DESC);
CREATE INDEX gift_sales_by_time ON gift_sales (placed_at DESC, sale_id DESC);
CREATE INDEX gift_sales_to_lapse ON gift_sales (pay_by) WHERE paid_at IS NULL AND lapsed_at IS NULL;
CREATE INDEX gift_sales_to_send ON gift_sales (send_at) WHERE paid_at IS NOT NULL AND sent_at IS NULL AND refunded_at IS NULL;

CREATE TABLE gift_days (
    buyer_id uuid NOT NULL
  , day      date NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , amount   bigint NOT NULL
  , PRIMARY KEY (buyer_id, day, currency)
  , CONSTRAINT nobody_buys_less_than_nothing CHECK (amount >= 0)
);
COMMENT ON TABLE gift_days IS 'by buyer: what a buyer has ordered of gift cards in a day and not let lapse: the row that orders of one buyer wait at';

-- money.reconciliation

-- What channels and banks say has moved, line by line, beside what our books say.

CREATE TABLE reconciliation_sources (
    source      text PRIMARY KEY
  , side        text NOT NULL
  , format      text NOT NULL
  , utc_minutes integer NOT NULL
  , name        jsonb NOT NULL
  , CONSTRAINT a_source_is_a_channel_a_bank_or_a_carrier CHECK (side IN ('channel', 'bank', 'carrier'))
);
COMMENT ON TABLE reconciliation_sources IS 'reference: who sends statements: a channel is called as in payments.channel, a carrier as carrier:NAME once it has paid on';
COMMENT ON COLUMN reconciliation_sources.utc_minutes IS 'Where its days begin: minutes ahead of UTC';
INSERT INTO reconciliation_sources (source, side, format, utc_minutes, name) VALUES
    ('simpay', 'channel', 'simpay', 0, '{"zh-Hans": "模拟支付", "en": "Simulated channel"}')
  , ('stripe', 'channel', 'stripe', 0, '{"zh-Hans": "Stripe", "en": "Stripe"}')
  , ('alipay', 'channel', 'alipay', 480, '{"zh-Hans": "支付宝", "en": "Alipay"}')
  , ('wechatpay', 'channel', 'wechatpay', 480, '{"zh-Hans": "微信支付", "en": "WeChat Pay"}')
  , ('simbank', 'bank', 'simbank', 0, '{"zh-Hans": "模拟银行", "en": "Simulated bank"}')
  , ('bank', 'bank', 'bank_csv', 480, '{"zh-Hans": "平台收款银行账户", "en": "The platform''s own bank account"}');

CREATE TABLE reconciliation_routes (
    reason text PRIMARY KEY
  , source text REFERENCES reconciliation_sources
);
COMMENT ON TABLE reconciliation_routes IS 'reference: through which bank account, or channel that pays shops, money moves, by why it moves; * is for all that is not said';
COMMENT ON COLUMN reconciliation_routes.source IS 'None: the bank shows many of these in one line, so that they are not laid beside it one by one';
INSERT INTO reconciliation_routes (reason, source) VALUES
    ('paid_out', 'simbank'), ('payout_returned', 'simbank'), ('swept', 'simbank'), ('*', 'bank')
  , ('remitted', NULL), ('carrier_fee', NULL), ('transferred', 'stripe'), ('transfer_reversed', 'stripe');

CREATE TABLE reconciliation_files (
    source      text NOT NULL REFERENCES reconciliation_sources
  , file_id     uuid NOT NULL
  , day         date NOT NULL
  , format      text NOT NULL
  , name        text NOT NULL
  , sha256      text NOT NULL
  , size        bigint NOT NULL
  , lines       integer NOT NULL
  , problems    integer NOT NULL
  , state       text NOT NULL
  , received_by text NOT NULL
  , received_at timestamptz NOT NULL DEFAULT now()
  , withdrawal_asked_by text
  , hash_total    numeric(30) NOT NULL
  , arrived       integer NOT NULL DEFAULT 0
  , arrived_total numeric(30) NOT NULL DEFAULT 0
  , PRIMARY KEY (source, file_id)
  , CONSTRAINT a_file_is_read_or_refused CHECK (state IN ('arriving', 'read', 'refused', 'withdrawn'))
  , CONSTRAINT what_counts_is_all_here CHECK (state <> 'read' OR (arrived = lines AND arrived_total = hash_total))
  , CONSTRAINT refused_means_why CHECK ((state = 'refused') = (problems > 0))
);
COMMENT ON TABLE reconciliation_files IS 'by key: statements as they came, whether they could be read or not';
COMMENT ON COLUMN reconciliation_files.withdrawal_asked_by IS 'Who wants it withdrawn; another person agrees';
COMMENT ON COLUMN reconciliation_files.size IS 'Bytes';
COMMENT ON COLUMN reconciliation_files.lines IS 'That could be read in the file, whether they are here yet or not';
COMMENT ON COLUMN reconciliation_files.hash_total IS 'Amounts and fees of all lines together, in minor units of whatever currency: what must be here before the file counts';
COMMENT ON COLUMN reconciliation_files.arrived IS 'Lines that are here; of a file that is refused, none';
COMMENT ON COLUMN reconciliation_files.arrived_total IS 'Like hash_total, of the lines that are here';
COMMENT ON COLUMN reconciliation_files.problems IS 'How many lines could not be read; one is enough to refuse the file, and nothing of it is used';
-- (Days on which nothing moved have the same bytes: a header and nothing else.)
CREATE UNIQUE INDEX the_same_bytes_are_the_same_file ON reconciliation_files (source, sha256)
    WHERE state = 'read' AND lines > 0;
CREATE UNIQUE INDEX a_day_has_one_statement ON reconciliation_files (source, day) WHERE state = 'read';
-- (One that is broken off goes on when the same bytes come again.)
CREATE UNIQUE INDEX the_same_bytes_arrive_once ON reconciliation_files (source, day, sha256) WHERE state = 'arriving';
CREATE INDEX reconciliation_files_by_time ON reconciliation_files (received_at DESC, file_id DESC);

CREATE TABLE reconciliation_contents (
    source  text NOT NULL
  , file_id uuid NOT NULL
  , part    integer NOT NULL
  , content bytea NOT NULL
  , PRIMARY KEY (source, file_id, part)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
);
COMMENT ON TABLE reconciliation_contents IS 'by key, append-only: the bytes of a statement as they came, in parts';

CREATE TABLE reconciliation_problems (
    source  text NOT NULL
  , file_id uuid NOT NULL
  , number  integer NOT NULL
  , line_no integer NOT NULL
  , problem text NOT NULL
  , told    text NOT NULL
  , PRIMARY KEY (source, file_id, number)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
);
COMMENT ON TABLE reconciliation_problems IS 'by key, append-only: why a statement could not be read, line by line';
COMMENT ON COLUMN reconciliation_problems.told IS 'What stands there, shortened';

CREATE TABLE reconciliation_lines (
    source    text NOT NULL
  , file_id   uuid NOT NULL
  , line_no   integer NOT NULL
  , at        timestamptz NOT NULL
  , kind      text NOT NULL
  , their_id  text NOT NULL
  , reference text
  , document  uuid
  , their_document text
  , currency  text NOT NULL
  , amount    bigint NOT NULL
  , fee       bigint NOT NULL
  , PRIMARY KEY (source, file_id, line_no)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
  , CONSTRAINT a_line_is_of_a_kind CHECK (kind IN (
        'capture', 'refund', 'fee', 'payout', 'paid_out', 'received', 'dispute', 'dispute_won', 'transfer', 'transfer_reversal'
      , 'remitted'
      , 'other'))
);
COMMENT ON TABLE reconciliation_lines IS 'by key, append-only: what a statement says has moved';
COMMENT ON COLUMN reconciliation_lines.their_id IS 'What the sender calls this movement; a second line of it is a duplicate';
COMMENT ON COLUMN reconciliation_lines.reference IS 'What we called it when we asked for it, as it stands there';
COMMENT ON COLUMN reconciliation_lines.document IS 'The payment, refund, payout or transfer that the reference names; it need not be one of ours';
COMMENT ON COLUMN reconciliation_lines.their_document IS 'What the sender calls the payment or refund itself';
COMMENT ON COLUMN reconciliation_lines.amount IS 'Minor units, positive where it came into the account, before the fee';
COMMENT ON COLUMN reconciliation_lines.fee IS 'Minor units that were kept for it; negative where a fee came back';
CREATE INDEX reconciliation_lines_by_their_id ON reconciliation_lines (source, their_id, kind);
CREATE INDEX reconciliation_payouts_by_name ON reconciliation_lines (source, coalesce(reference, their_id))
    WHERE kind = 'payout';

CREATE TABLE reconciliation_matches (
    source      text NOT NULL
  , file_id     uuid NOT NULL
  , line_no     integer NOT NULL
  , owner_id    uuid NOT NULL
  , transfer_id uuid NOT NULL
  , way         text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (source, file_id, line_no)
  , UNIQUE (source, owner_id, transfer_id)
  , FOREIGN KEY (source, file_id, line_no) REFERENCES reconciliation_lines
  , CONSTRAINT a_match_is_found_in_a_way CHECK (way IN ('our_id', 'their_id', 'amount'))
);
COMMENT ON TABLE reconciliation_matches IS 'by key: which transfer of the books a line is about; each line and each transfer once';

CREATE TABLE reconciliation_difference_transitions (
    from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE reconciliation_difference_transitions IS 'reference: the states of a difference that follow each other';
INSERT INTO reconciliation_difference_transitions (from_state, to_state) VALUES
    ('nowhere', 'waiting'), ('nowhere', 'open'), ('nowhere', 'closed')
  , ('waiting', 'open'), ('waiting', 'closed')
  , ('open', 'proposed'), ('open', 'booked'), ('open', 'accepted'), ('open', 'closed')
  , ('proposed', 'open'), ('proposed', 'booked'), ('proposed', 'accepted'), ('proposed', 'closed')
  , ('booked', 'open'), ('booked', 'closed'), ('accepted', 'open'), ('accepted', 'closed'), ('closed', 'waiting');

CREATE TABLE reconciliation_differences (
    source      text NOT NULL REFERENCES reconciliation_sources
  , item_id     uuid NOT NULL
  , day         date NOT NULL
  , kind        text NOT NULL
  , state       text NOT NULL
  , file_id     uuid
  , line_no     integer
  , owner_id    uuid
  , transfer_id uuid
  , document    uuid
  , currency    text NOT NULL
  , theirs      bigint NOT NULL
  , our_currency text NOT NULL
  , ours        bigint NOT NULL
  , found_at    timestamptz NOT NULL DEFAULT now()
  , ended_at    timestamptz
  , ended_on    date
  , into_kind   text
  , proposed_by text
  , booking     uuid
  , words       text NOT NULL DEFAULT ''
  , undo_asked_by text
  , undo_words  text NOT NULL DEFAULT ''
  , PRIMARY KEY (source, item_id)
  , FOREIGN KEY (source, file_id, line_no) REFERENCES reconciliation_lines
  , CONSTRAINT a_difference_is_of_a_kind CHECK (
        kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'duplicate', 'currency', 'day'))
  , CONSTRAINT only_what_is_missing_there_has_no_line CHECK ((kind = 'missing_there') = (line_no IS NULL))
  , CONSTRAINT booked_means_how CHECK ((state = 'booked') = (booking IS NOT NULL))
  , CONSTRAINT ended_means_when CHECK (
        (state IN ('booked', 'accepted', 'closed')) = (ended_at IS NOT NULL AND ended_on IS NOT NULL))
  , CONSTRAINT what_is_accepted_says_why CHECK (state <> 'accepted' OR words <> '')
  , CONSTRAINT it_is_booked_into_a_known_account CHECK (into_kind IN ('suspense', 'channel_fees'))
);
COMMENT ON TABLE reconciliation_differences IS 'by key: where a statement and our books say different things';
COMMENT ON COLUMN reconciliation_differences.day IS 'Of the statement on which it was found';
COMMENT ON COLUMN reconciliation_differences.theirs IS 'Minor units of currency that the statement says; of a fee, what was kept; 0 where it says nothing';
COMMENT ON COLUMN reconciliation_differences.ours IS 'Minor units of our_currency that our books say; of a fee, what was agreed; 0 where they say nothing';
COMMENT ON COLUMN reconciliation_differences.ended_on IS 'The day, as its source counts days, from which it is explained';
COMMENT ON COLUMN reconciliation_differences.undo_asked_by IS 'Who wants what was booked or accepted taken back; above the limit another person agrees';
COMMENT ON COLUMN reconciliation_differences.booking IS 'The document of the transfers that were posted for it';
CREATE UNIQUE INDEX a_line_differs_once ON reconciliation_differences (source, file_id, line_no) WHERE line_no IS NOT NULL;
CREATE UNIQUE INDEX a_transfer_is_missing_once ON reconciliation_differences (source, owner_id, transfer_id)
    WHERE kind = 'missing_there';
CREATE INDEX reconciliation_differences_by_day ON reconciliation_differences (day DESC, source, item_id DESC);
CREATE INDEX reconciliation_differences_to_work_on ON reconciliation_differences (source, day)
    WHERE state IN ('waiting', 'open', 'proposed');
CREATE INDEX reconciliation_differences_left_over ON reconciliation_differences (source, file_id, line_no)
    WHERE kind = 'missing_here' AND state <> 'closed';

CREATE TABLE reconciliation_difference_history (
    source     text NOT NULL
  , item_id    uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , words      text NOT NULL DEFAULT ''
  , PRIMARY KEY (source, item_id, step)
  , FOREIGN KEY (source, item_id) REFERENCES reconciliation_differences
  , FOREIGN KEY (from_state, to_state) REFERENCES reconciliation_difference_transitions
);
COMMENT ON TABLE reconciliation_difference_history IS 'by key, append-only: each change of a difference''s state';

CREATE TABLE reconciliation_days (
    source    text NOT NULL REFERENCES reconciliation_sources
  , day       date NOT NULL
  , file_id   uuid NOT NULL
  , lines     integer NOT NULL
  , matched   integer NOT NULL
  , run_at    timestamptz NOT NULL DEFAULT now()
  , closed_at timestamptz
  , PRIMARY KEY (source, day)
  , FOREIGN KEY (source, file_id) REFERENCES reconciliation_files
);
COMMENT ON TABLE reconciliation_days IS 'by key: a day of a source that was laid beside our books';
COMMENT ON COLUMN reconciliation_days.closed_at IS 'Since when nothing of the day waits for anybody';

CREATE TABLE reconciliation_totals (
    source   text NOT NULL
  , day      date NOT NULL
  , currency text NOT NULL
  , theirs   bigint NOT NULL
  , ours     bigint NOT NULL
  , fees     bigint NOT NULL
  , paid_on  bigint NOT NULL
  , PRIMARY KEY (source, day, currency)
  , FOREIGN KEY (source, day) REFERENCES reconciliation_days
);
COMMENT ON TABLE reconciliation_totals IS 'by key: what the lines of a day come to in a currency, and what the transfers that they were matched with come to';
COMMENT ON COLUMN reconciliation_totals.paid_on IS 'What a channel says it has paid to our bank';

CREATE TABLE reconciliation_fetches (
    source   text NOT NULL REFERENCES reconciliation_sources
  , day      date NOT NULL
  , tries    integer NOT NULL
  , next_at  timestamptz
  , asked_at timestamptz
  , answer   text
  , failure  text
  , PRIMARY KEY (source, day)
  , CONSTRAINT an_answer_is_of_a_kind CHECK (answer IN ('here', 'none', 'other', 'not_yet', 'unreadable', 'failed'))
  , CONSTRAINT answered_means_when CHECK ((answer IS NULL) = (asked_at IS NULL))
);
COMMENT ON TABLE reconciliation_fetches IS 'by key: statements that are asked for; no next_at: it is not asked again by itself';
COMMENT ON COLUMN reconciliation_fetches.answer IS 'What came of asking last. none: the sender says that the day has none; other: another statement of the day counts';
COMMENT ON COLUMN reconciliation_fetches.asked_at IS 'When the last answer came, or did not';
CREATE INDEX reconciliation_fetches_due ON reconciliation_fetches (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX reconciliation_fetches_by_day ON reconciliation_fetches (day DESC, source DESC);

-- goods.catalog

-- What is sold: categories, products (SPU) and their variants (SKU).

CREATE TABLE categories (
    category_id uuid PRIMARY KEY
  , parent_id   uuid REFERENCES categories
  , slug        text NOT NULL UNIQUE
  , name        jsonb NOT NULL
  , path        uuid[] NOT NULL
  , place       integer NOT NULL DEFAULT 0
  , icon        text NOT NULL DEFAULT 'package'
  , picture     text
  , merged_into uuid REFERENCES categories
  , own_no_return text
  , no_return   text
  , CONSTRAINT what_is_not_returned_has_a_reason CHECK (own_no_return IN ('none', 'made_to_order', 'perishable', 'opened_digital', 'periodical', 'confirmed'))
  , CONSTRAINT nothing_is_merged_into_itself CHECK (merged_into <> category_id)
  , CONSTRAINT a_path_ends_with_itself CHECK (path[cardinality(path)] = category_id)
);
COMMENT ON TABLE categories IS 'reference: the category tree of the marketplace';
COMMENT ON COLUMN categories.path IS 'From the root to the category itself';
COMMENT ON COLUMN categories.place IS 'Its place among its siblings';
COMMENT ON COLUMN categories.picture IS 'Name in the file store';
COMMENT ON COLUMN categories.own_no_return IS 'Why its goods are not returned without a reason, as said here: for it and all below it; none: they are, whatever is said above';
COMMENT ON COLUMN categories.no_return IS 'The same as it counts here: its own, else what the nearest above it says';
COMMENT ON COLUMN categories.merged_into IS 'It is out of use; its products went there, and so does its address';
CREATE INDEX categories_by_parent ON categories (parent_id, place);
CREATE INDEX categories_by_path ON categories USING gin (path);

CREATE TABLE category_addresses (
    slug        text PRIMARY KEY
  , category_id uuid NOT NULL REFERENCES categories
);
COMMENT ON TABLE category_addresses IS 'reference: addresses that categories once had, and lead on from';

CREATE TABLE attribute_definitions (
    code       text PRIMARY KEY
  , name       jsonb NOT NULL
  , kind       text NOT NULL
  , unit       text NOT NULL DEFAULT ''
  , values     jsonb NOT NULL DEFAULT '[]'
  , filterable boolean NOT NULL DEFAULT false
  , retired    boolean NOT NULL DEFAULT false
  , CONSTRAINT an_attribute_is_of_a_kind CHECK (kind IN ('choice', 'choices', 'number', 'text', 'yes_no'))
);
COMMENT ON TABLE attribute_definitions IS 'reference: what products may be asked for, such as their material';
COMMENT ON COLUMN attribute_definitions.unit IS 'Written behind a number: W, mm';
COMMENT ON COLUMN attribute_definitions.values IS '[{"code": "leather", "name": Text}, …] for a choice';
COMMENT ON COLUMN attribute_definitions.retired IS 'No new product is asked for it; facts that products have stay';

CREATE TABLE category_attributes (
    category_id uuid NOT NULL REFERENCES categories
  , code        text NOT NULL REFERENCES attribute_definitions
  , required    boolean NOT NULL DEFAULT false
  , place       integer NOT NULL DEFAULT 0
  , PRIMARY KEY (category_id, code)
);
COMMENT ON TABLE category_attributes IS 'reference: which attributes the products of a category and of all below it have';
COMMENT ON COLUMN category_attributes.required IS 'A product without it is incomplete and does not go onto the shelf by itself';
CREATE INDEX category_attributes_by_code ON category_attributes (code);

CREATE TABLE product_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE product_transitions IS 'reference: the states of a product that follow each other';
INSERT INTO product_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('nowhere', 'on_shelf'), ('nowhere', 'off_shelf')
  , ('draft', 'in_review'), ('draft', 'on_shelf'), ('draft', 'binned')
  , ('in_review', 'on_shelf'), ('in_review', 'sent_back'), ('in_review', 'draft')
  , ('sent_back', 'in_review'), ('sent_back', 'on_shelf'), ('sent_back', 'binned')
  , ('on_shelf', 'off_shelf'), ('on_shelf', 'sent_back')
  , ('off_shelf', 'on_shelf'), ('off_shelf', 'in_review'), ('off_shelf', 'binned'), ('binned', 'off_shelf');

CREATE TABLE products (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , category_id uuid NOT NULL REFERENCES categories
  , slug        text NOT NULL
  , title       jsonb NOT NULL
  , description jsonb NOT NULL DEFAULT '{}'
  , options     jsonb NOT NULL DEFAULT '[]'
  , attributes  jsonb NOT NULL DEFAULT '[]'
  , facts       jsonb NOT NULL DEFAULT '{}'
  , tax_class   text NOT NULL DEFAULT 'standard'
  , state       text NOT NULL
  , approved    boolean NOT NULL DEFAULT false
  , gaps        text[] NOT NULL DEFAULT '{}'
  , on_shelf_at  timestamptz
  , off_shelf_at timestamptz
  , lacks_paper boolean NOT NULL DEFAULT false
  , source      text
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , ship_hours  integer
  , authentic_times integer NOT NULL DEFAULT 0
  , free_returns boolean NOT NULL DEFAULT false
  , limits      jsonb
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT a_products_limits_are_named CHECK (jsonb_typeof(limits) = 'object')
  , CONSTRAINT off_the_shelf_after_onto_it CHECK (off_shelf_at > on_shelf_at)
  , CONSTRAINT what_lacks_a_paper_is_off_the_shelf CHECK (NOT lacks_paper OR state = 'off_shelf')
  , CONSTRAINT a_promise_is_kept_in_time_to_come CHECK (ship_hours > 0)
  , CONSTRAINT a_guarantee_is_not_negative CHECK (authentic_times >= 0)
);
COMMENT ON TABLE products IS 'by merchant: products (SPU)';
COMMENT ON COLUMN products.options IS '[{"name": Text, "values": [Text, …]}, …], at most three: what a buyer chooses';
COMMENT ON COLUMN products.attributes IS '[{"name": Text, "value": Text}, …]: what no definition says, so of all its variants';
COMMENT ON COLUMN products.facts IS '{attribute code: [value codes] | number | {language: words}}: as its category''s attributes are defined';
COMMENT ON COLUMN products.ship_hours IS 'Hours after payment in which it is promised to leave the house; none: no promise';
COMMENT ON COLUMN products.authentic_times IS 'How many times its price the shop pays when it is a counterfeit; 0: no promise';
COMMENT ON COLUMN products.free_returns IS 'Whether the shop bears what sending it back costs, whatever the reason';
COMMENT ON COLUMN products.approved IS 'It was on the shelf, or approved, as it is now: it goes back without a review';
COMMENT ON COLUMN products.limits IS 'How many a buyer can have, and an order needs, of all its variants together: {per_order, per_buyer, period, least}';
COMMENT ON COLUMN products.gaps IS 'What it lacks to be complete: see completeness';
COMMENT ON COLUMN products.on_shelf_at IS 'When it goes onto the shelf by itself';
COMMENT ON COLUMN products.off_shelf_at IS 'When it is taken off the shelf by itself';
COMMENT ON COLUMN products.lacks_paper IS 'It was taken off the shelf for a paper that the shop has no more, and comes back with the next one';
COMMENT ON COLUMN products.source IS 'import:<name of the source>:<its id> when it came from elsewhere';
CREATE INDEX products_by_id ON products (product_id);
CREATE INDEX products_lacking_paper ON products (merchant_id, product_id) WHERE lacks_paper;
CREATE INDEX products_of_a_merchant ON products (merchant_id, state, changed_at DESC, product_id);
CREATE INDEX products_newly_changed ON products (merchant_id, changed_at DESC, product_id DESC);
CREATE INDEX products_incomplete ON products (merchant_id, changed_at DESC, product_id DESC) WHERE gaps <> '{}';
CREATE INDEX products_in_a_category ON products (category_id, merchant_id, product_id);
CREATE INDEX products_due_onto_the_shelf ON products (on_shelf_at) WHERE on_shelf_at IS NOT NULL;
CREATE INDEX products_due_off_the_shelf ON products (off_shelf_at) WHERE off_shelf_at IS NOT NULL;
CREATE INDEX products_of_a_category ON products (category_id) WHERE state <> 'binned';
CREATE UNIQUE INDEX a_product_is_imported_once ON products (merchant_id, source) WHERE source IS NOT NULL;

CREATE TABLE product_sought (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , words       text NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
);
COMMENT ON TABLE product_sought IS 'by merchant: what the merchant''s own staff find a product by, in one short row';
COMMENT ON COLUMN product_sought.words IS 'Its titles, article numbers and barcodes, in small letters, a line each';

CREATE TABLE product_history (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, product_id, step)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , FOREIGN KEY (from_state, to_state) REFERENCES product_transitions
);
COMMENT ON TABLE product_history IS 'by merchant, append-only: each change of a product''s state';

CREATE TABLE product_pictures (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , place       integer NOT NULL
  , file        text NOT NULL
  , alt         jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, product_id, place)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
);
COMMENT ON TABLE product_pictures IS 'by merchant: pictures in their order; the first is the main one';
COMMENT ON COLUMN product_pictures.file IS 'Name in the file store, which is the SHA-256 of what is in it and its ending';

CREATE TABLE skus (
    merchant_id  uuid NOT NULL
  , sku_id       uuid NOT NULL
  , product_id   uuid NOT NULL
  , code         text NOT NULL
  , code_upper   text COLLATE "C" GENERATED ALWAYS AS (upper(code)) STORED
  , barcode      text NOT NULL DEFAULT ''
  , choice       integer[] NOT NULL DEFAULT '{}'
  , weight_grams integer NOT NULL DEFAULT 0
  , picture      text
  , active       boolean NOT NULL DEFAULT true
  , place        integer NOT NULL DEFAULT 0
  , was          jsonb
  , ship_hours   integer
  , limits       jsonb
  , PRIMARY KEY (merchant_id, sku_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , UNIQUE (merchant_id, code)
  , CONSTRAINT a_variants_limits_are_named CHECK (jsonb_typeof(limits) = 'object')
  , CONSTRAINT weight_is_not_negative CHECK (weight_grams >= 0)
  , CONSTRAINT a_promise_is_kept_in_time_to_come CHECK (ship_hours > 0)
  , CONSTRAINT what_was_is_not_sold CHECK (was IS NULL OR NOT active AND choice = '{}')
);
COMMENT ON TABLE skus IS 'by merchant: variants (SKU): what is priced, stocked and sold';
COMMENT ON COLUMN skus.code IS 'The merchant''s own article number';
COMMENT ON COLUMN skus.code_upper IS 'For what is typed in small letters: a column of its own, since row-level security lets no function into an index';
COMMENT ON COLUMN skus.choice IS 'For each option of the product, in order, the index of the chosen value';
COMMENT ON COLUMN skus.ship_hours IS 'Where it is promised to leave in other hours than its product';
COMMENT ON COLUMN skus.limits IS 'As products.limits, of this variant by itself';
COMMENT ON COLUMN skus.was IS '{"chosen": [[name Text, value Text], …]} of one whose choice the product does not offer any more; it is kept for its orders';
CREATE INDEX skus_of_a_product ON skus (merchant_id, product_id, place, sku_id);
CREATE INDEX skus_by_code ON skus (merchant_id, code_upper, code);
CREATE INDEX skus_by_barcode ON skus (merchant_id, barcode) WHERE barcode <> '';
CREATE INDEX skus_by_id ON skus (sku_id);
CREATE UNIQUE INDEX a_choice_is_one_sku ON skus (merchant_id, product_id, choice) WHERE active;

CREATE TABLE product_versions (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , version     integer NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , what        jsonb NOT NULL
  , PRIMARY KEY (merchant_id, product_id, version)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
);
COMMENT ON TABLE product_versions IS 'by merchant, append-only: what a product said of itself, each time that it changed';
COMMENT ON COLUMN product_versions.what IS 'Its words, pictures, facts and variants, whole; the first is what it was before its first change';

CREATE TABLE product_reviews (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , product_id  uuid NOT NULL
  , kind        text NOT NULL
  , proposal    jsonb NOT NULL DEFAULT '{}'
  , state       text NOT NULL DEFAULT 'waiting'
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , asked_by    text NOT NULL
  , decided_at  timestamptz
  , decided_by  text
  , reasons     jsonb NOT NULL DEFAULT '[]'
  , version     integer
  , PRIMARY KEY (merchant_id, review_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT a_review_is_of_a_kind CHECK (kind IN ('publication', 'change'))
  , CONSTRAINT a_review_is_in_a_state CHECK (state IN ('waiting', 'approved', 'sent_back', 'withdrawn'))
  , CONSTRAINT decided_means_when CHECK ((state = 'waiting') = (decided_at IS NULL))
  , CONSTRAINT a_change_is_proposed CHECK ((kind = 'change') = (proposal <> '{}'))
  , CONSTRAINT sent_back_means_why CHECK (state <> 'sent_back' OR reasons <> '[]')
);
COMMENT ON TABLE product_reviews IS 'by merchant: what the operator looks at before buyers see it';
COMMENT ON COLUMN product_reviews.proposal IS 'Of a change to what is on sale: title, description, category_id, facts, pictures as they shall be';
COMMENT ON COLUMN product_reviews.reasons IS '[{"field": …, "reason": code, "words": text}, …] when it was sent back';
COMMENT ON COLUMN product_reviews.version IS 'The version of the product that was approved';
CREATE UNIQUE INDEX one_product_review_waits ON product_reviews (merchant_id, product_id) WHERE state = 'waiting';
CREATE INDEX product_reviews_waiting ON product_reviews (asked_at, review_id) WHERE state = 'waiting';
CREATE INDEX product_reviews_decided ON product_reviews (decided_at DESC, review_id DESC) WHERE state IN ('approved', 'sent_back');
CREATE INDEX product_reviews_by_id ON product_reviews (review_id);
CREATE INDEX product_reviews_of_a_product ON product_reviews (merchant_id, product_id, asked_at DESC);

CREATE TABLE review_policy (
    singly       boolean PRIMARY KEY DEFAULT true
  , of_whom      text NOT NULL
  , products     integer NOT NULL
  , changes      boolean NOT NULL
  , CONSTRAINT there_is_one_policy CHECK (singly)
  , CONSTRAINT somebody_is_reviewed CHECK (of_whom IN ('nobody', 'new_merchants', 'everybody'))
  , CONSTRAINT a_merchant_is_new_for_some_products CHECK (products > 0)
);
COMMENT ON TABLE review_policy IS 'reference: whose products the operator looks at before buyers see them';
COMMENT ON COLUMN review_policy.products IS 'A merchant is new until so many products were approved';
COMMENT ON COLUMN review_policy.changes IS 'Whether changes of title, description, category and main picture wait too';
INSERT INTO review_policy (of_whom, products, changes) VALUES ('new_merchants', 3, false);

-- goods.warehouses

CREATE TABLE warehouses (
    merchant_id  uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , name         text NOT NULL
  , address      jsonb NOT NULL DEFAULT '{}'
  , place        integer NOT NULL DEFAULT 0
  , open         boolean NOT NULL DEFAULT true
  , takes_returns boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, warehouse_id)
);
COMMENT ON TABLE warehouses IS 'by merchant: where goods lie; orders are served from the first place that has enough';
COMMENT ON COLUMN warehouses.takes_returns IS 'Where buyers send goods back to; of a merchant one at most';
CREATE UNIQUE INDEX one_warehouse_takes_returns ON warehouses (merchant_id) WHERE takes_returns;

-- goods.inventory

-- How many there are, for whom they are kept, and why that changed.

CREATE TABLE stock (
    merchant_id  uuid NOT NULL
  , sku_id       uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , on_hand      integer NOT NULL DEFAULT 0
  , reserved     integer NOT NULL DEFAULT 0
  , warn_below   integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, sku_id, warehouse_id)
  , CONSTRAINT never_promise_twice CHECK (0 <= reserved AND reserved <= on_hand)
);
COMMENT ON TABLE stock IS 'by merchant: pieces of a SKU in a warehouse';
COMMENT ON COLUMN stock.reserved IS 'Of those on hand, promised to orders that have not left the house';
COMMENT ON COLUMN stock.warn_below IS 'Warn when fewer than this are free';
CREATE INDEX stock_by_sku ON stock (sku_id);
-- Whether something runs low is not in the index itself: placing an order would then write to it each time.
CREATE INDEX stock_to_watch ON stock (merchant_id, sku_id, warehouse_id) WHERE warn_below > 0;

CREATE TABLE stock_movements (
    merchant_id  uuid NOT NULL
  , movement_id  uuid NOT NULL
  , sku_id       uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , quantity     integer NOT NULL
  , reason       text NOT NULL
  , document     uuid NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, movement_id)
  , FOREIGN KEY (merchant_id, sku_id, warehouse_id) REFERENCES stock
  , CONSTRAINT a_movement_moves_something CHECK (quantity <> 0)
  , CONSTRAINT a_movement_has_a_reason CHECK (reason IN ('received', 'shipped', 'returned', 'counted', 'scrapped', 'imported', 'transferred', 'sampled', 'sample_returned'))
);
COMMENT ON TABLE stock_movements IS 'by merchant, append-only: every change of what is on hand, with its reason and document';
CREATE INDEX stock_movements_of_a_merchant ON stock_movements (merchant_id, at DESC, movement_id DESC);
CREATE INDEX stock_movements_by_reason ON stock_movements (merchant_id, reason, at DESC, movement_id DESC);
CREATE INDEX stock_movements_of_a_sku ON stock_movements (merchant_id, sku_id, at DESC);

CREATE TABLE reservations (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , sku_id       uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , quantity     integer NOT NULL
  , PRIMARY KEY (merchant_id, order_id, sku_id, warehouse_id)
  , FOREIGN KEY (merchant_id, sku_id, warehouse_id) REFERENCES stock
  , CONSTRAINT a_reservation_keeps_something CHECK (quantity > 0)
);
COMMENT ON TABLE reservations IS 'by merchant: pieces kept for an order, from placement until they leave the house or the order ends';
COMMENT ON COLUMN reservations.quantity IS 'What is still kept; a row goes away with its last piece';
CREATE INDEX reservations_of_a_sku ON reservations (merchant_id, sku_id);
CREATE UNIQUE INDEX a_document_is_booked_once ON stock_movements (merchant_id, document, reason, sku_id, warehouse_id);

CREATE TABLE stock_counts (
    merchant_id  uuid NOT NULL
  , count_id     uuid NOT NULL
  , warehouse_id uuid NOT NULL
  , blind        boolean NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , made_at      timestamptz NOT NULL DEFAULT now()
  , booked_at    timestamptz
  , dropped_at   timestamptz
  , closed_by    text
  , PRIMARY KEY (merchant_id, count_id)
  , FOREIGN KEY (merchant_id, warehouse_id) REFERENCES warehouses
  , CONSTRAINT a_sheet_is_booked_or_dropped CHECK (booked_at IS NULL OR dropped_at IS NULL)
  , CONSTRAINT closed_means_by_whom CHECK ((booked_at IS NOT NULL OR dropped_at IS NOT NULL) = (closed_by IS NOT NULL))
);
COMMENT ON TABLE stock_counts IS 'by merchant: sheets to count a warehouse on; its id is the document of the differences';
COMMENT ON COLUMN stock_counts.blind IS 'The sheet does not tell what should be there';

CREATE TABLE stock_count_lines (
    merchant_id uuid NOT NULL
  , count_id    uuid NOT NULL
  , sku_id      uuid NOT NULL
  , expected    integer NOT NULL
  , counted     integer
  , PRIMARY KEY (merchant_id, count_id, sku_id)
  , FOREIGN KEY (merchant_id, count_id) REFERENCES stock_counts
  , FOREIGN KEY (merchant_id, sku_id) REFERENCES skus
  , CONSTRAINT nobody_counts_less_than_nothing CHECK (counted >= 0)
);
COMMENT ON TABLE stock_count_lines IS 'by merchant: what a sheet asks for and what was counted';
COMMENT ON COLUMN stock_count_lines.expected IS 'On hand when the sheet was made';

-- goods.taxes

CREATE TABLE tax_rates (
    country    text NOT NULL
  , region     text NOT NULL DEFAULT ''
  , tax_class  text NOT NULL
  , valid_from date NOT NULL
  , valid_to   date
  , millionths integer NOT NULL
  , inclusive  boolean NOT NULL
  , name       jsonb NOT NULL
  , PRIMARY KEY (country, region, tax_class, valid_from)
  , CONSTRAINT a_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_rate_begins_before_it_ends CHECK (valid_to IS NULL OR valid_from < valid_to)
);
COMMENT ON TABLE tax_rates IS 'reference: dated rates by where the goods go and what they are';
COMMENT ON COLUMN tax_rates.region IS 'Empty: the whole country';
COMMENT ON COLUMN tax_rates.millionths IS 'The rate in parts per million: 130000 is 13 %';
COMMENT ON COLUMN tax_rates.inclusive IS 'Whether prices shown to this country already contain it';
COMMENT ON COLUMN tax_rates.valid_to IS 'The first day on which it is not valid any more';
INSERT INTO tax_rates (country, region, tax_class, valid_from, millionths, inclusive, name) VALUES
    ('CN', '', 'standard', '2019-04-01', 130000, true, '{"zh-Hans": "增值税", "en": "VAT"}')
  , ('CN', '', 'reduced', '2019-04-01', 90000, true, '{"zh-Hans": "增值税", "en": "VAT"}')
  , ('GB', '', 'standard', '2011-01-04', 200000, true, '{"zh-Hans": "英国增值税", "en": "UK VAT"}')
  , ('DE', '', 'standard', '2021-01-01', 190000, true, '{"zh-Hans": "德国增值税", "en": "German VAT"}')
  , ('FR', '', 'standard', '2014-01-01', 200000, true, '{"zh-Hans": "法国增值税", "en": "French VAT"}')
  , ('US', 'CA', 'standard', '2017-01-01', 72500, false, '{"zh-Hans": "加州销售税", "en": "California sales tax"}')
  , ('US', 'NY', 'standard', '2005-06-01', 40000, false, '{"zh-Hans": "纽约州销售税", "en": "New York sales tax"}')
  , ('US', 'TX', 'standard', '1990-07-01', 62500, false, '{"zh-Hans": "得州销售税", "en": "Texas sales tax"}');

-- goods.pricing

CREATE TABLE prices (
    merchant_id uuid NOT NULL
  , sku_id      uuid NOT NULL
  , currency    text NOT NULL
  , amount      bigint NOT NULL
  , compare_at  bigint
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , lowest_before bigint
  , PRIMARY KEY (merchant_id, sku_id, currency)
  , CONSTRAINT a_price_is_not_negative CHECK (amount >= 0)
  , CONSTRAINT a_market_price_is_higher CHECK (compare_at IS NULL OR compare_at > amount)
);
COMMENT ON TABLE prices IS 'by merchant: what a SKU costs now, in minor units; there is one price a currency';
COMMENT ON COLUMN prices.lowest_before IS 'The lowest that it cost in the 30 days before this amount; none where it never cost anything else';
COMMENT ON COLUMN prices.compare_at IS 'The price it is compared with (market price), shown struck out';
CREATE INDEX prices_by_sku ON prices (sku_id);

CREATE TABLE unit_costs (
    merchant_id uuid NOT NULL
  , sku_id      uuid NOT NULL
  , currency    text NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, sku_id, currency)
  , CONSTRAINT a_cost_is_not_negative CHECK (amount >= 0)
);
COMMENT ON TABLE unit_costs IS 'by merchant: what a SKU costs the shop itself, in minor units; nobody else sees it';

CREATE TABLE price_history (
    merchant_id uuid NOT NULL
  , sku_id      uuid NOT NULL
  , currency    text NOT NULL
  , until       timestamptz NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, sku_id, currency, until)
);
COMMENT ON TABLE price_history IS 'by merchant, append-only: what a SKU cost before, until it was changed to something else';

-- goods.promotions

-- What shops and the platform take off, until when, how often, who pays for it, and who has a coupon for it.

CREATE TABLE flash_sessions (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , name         jsonb NOT NULL
  , starts_at    timestamptz NOT NULL
  , ends_at      timestamptz NOT NULL
  , created_at   timestamptz NOT NULL DEFAULT now()
  , begun_at     timestamptz
  , ended_at     timestamptz
  , cancelled_by text
  , reason       text NOT NULL DEFAULT ''
  , presale      jsonb
  , only_source  text
  , PRIMARY KEY (merchant_id, session_id)
  , CONSTRAINT a_session_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT what_is_called_off_is_over CHECK (cancelled_by IS NULL OR ended_at IS NOT NULL)
  , CONSTRAINT a_presale_is_everybodys CHECK (only_source IS NULL OR presale IS NULL)
);
COMMENT ON TABLE flash_sessions IS 'by merchant: when a shop sells some pieces at a flash price; its id is the order that keeps them in reservations';
COMMENT ON COLUMN flash_sessions.begun_at IS 'When its beginning was announced; prices go by starts_at';
COMMENT ON COLUMN flash_sessions.ended_at IS 'When what was left was given back to the stock that is sold';
COMMENT ON COLUMN flash_sessions.cancelled_by IS 'Who called it off before its end, for the reason beside it';
COMMENT ON COLUMN flash_sessions.only_source IS 'Its prices count only for orders of this source: live:<session>; none: for all';
COMMENT ON COLUMN flash_sessions.presale IS 'Of a presale: {balance_from, balance_until, ships_by, forfeits}; none: a flash sale';
CREATE INDEX presales_near ON flash_sessions (starts_at) WHERE presale IS NOT NULL;
CREATE INDEX flash_sessions_to_begin ON flash_sessions (starts_at) WHERE begun_at IS NULL AND ended_at IS NULL;
CREATE INDEX flash_sessions_of_a_source ON flash_sessions (merchant_id, only_source) WHERE only_source IS NOT NULL;
CREATE INDEX flash_sessions_to_end ON flash_sessions (ends_at) WHERE ended_at IS NULL;

CREATE TABLE customer_groups (
    merchant_id uuid NOT NULL
  , group_id    uuid NOT NULL
  , name        jsonb NOT NULL
  , orders      integer
  , days        integer
  , created_at  timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, group_id)
  , CONSTRAINT who_comes_in_has_bought_something CHECK (orders > 0)
  , CONSTRAINT who_comes_in_stays_for_some_time CHECK (days > 0)
);
COMMENT ON TABLE customer_groups IS 'by merchant: customers to whom a shop sells at other prices: its regulars, its members';
COMMENT ON COLUMN customer_groups.orders IS 'Who has completed so many orders comes in by themselves; none: by hand alone';
COMMENT ON COLUMN customer_groups.days IS 'How long one stays, from when one came in or completed an order last; none: for good';

CREATE TABLE customer_group_members (
    merchant_id uuid NOT NULL
  , group_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , until       timestamptz
  , source      text NOT NULL
  , PRIMARY KEY (merchant_id, group_id, buyer_id, source)
  , FOREIGN KEY (merchant_id, group_id) REFERENCES customer_groups
  , CONSTRAINT one_is_in_a_group_for_a_reason CHECK (source IN ('hand', 'orders', 'segment', 'experiment', 'level'))
);
COMMENT ON TABLE customer_group_members IS 'by merchant: who is in a group, for each reason since when and until when; who has one reason is in it';
COMMENT ON COLUMN customer_group_members.source IS 'hand: the shop chose them; orders: they bought often enough; segment: a segment of the platform says so; level: they stand on a level of the shop''s membership';
CREATE INDEX customer_group_members_of_a_buyer ON customer_group_members (buyer_id);

CREATE TABLE promotions (
    merchant_id  uuid NOT NULL
  , promotion_id uuid NOT NULL
  , name         jsonb NOT NULL
  , rule         jsonb NOT NULL
  , scope        jsonb NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , starts_at    timestamptz NOT NULL
  , ends_at      timestamptz NOT NULL
  , coupon       boolean NOT NULL
  , code         text
  , copies       integer
  , per_buyer    integer
  , budget       bigint
  , claimed      integer NOT NULL DEFAULT 0
  , spent        bigint NOT NULL DEFAULT 0
  , stopped_at   timestamptz
  , created_at   timestamptz NOT NULL DEFAULT now()
  , platform_millionths integer NOT NULL DEFAULT 0
  , session_id   uuid
  , sku_id       uuid
  , pieces       integer
  , taken        integer NOT NULL DEFAULT 0
  , pieces_per_order integer
  , pieces_per_buyer integer
  , returned_at  timestamptz
  , new_buyers   boolean NOT NULL DEFAULT false
  , given        boolean NOT NULL DEFAULT false
  , presale      jsonb
  , group_id     uuid
  , told_end     timestamptz
  , shelf        boolean NOT NULL DEFAULT false
  , shown_at     timestamptz
  , hidden_at    timestamptz
  , only_source  text
  , PRIMARY KEY (merchant_id, promotion_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES flash_sessions
  , FOREIGN KEY (merchant_id, group_id) REFERENCES customer_groups
  , CONSTRAINT the_platform_pays_for_its_own_only CHECK (platform_millionths = 0 OR merchant_id = '00000000-0000-0000-0000-000000000000')
  , CONSTRAINT the_platform_pays_a_part CHECK (platform_millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_session_has_a_sku_once UNIQUE (merchant_id, session_id, sku_id)
  , CONSTRAINT a_code_is_given_out_once UNIQUE (merchant_id, code)
  , CONSTRAINT it_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT only_coupons_are_claimed CHECK (coupon OR (code IS NULL AND copies IS NULL AND claimed = 0))
  , CONSTRAINT a_coupon_is_given_to_each_so_often CHECK (coupon = (per_buyer IS NOT NULL) AND per_buyer > 0)
  , CONSTRAINT never_claim_more_than_there_are CHECK (0 <= claimed AND (copies IS NULL OR claimed <= copies))
  , CONSTRAINT a_flash_price_has_its_own_pieces CHECK ((session_id IS NULL) = (pieces IS NULL) AND (session_id IS NULL) = (sku_id IS NULL))
  , CONSTRAINT never_take_more_pieces_than_there_are CHECK (0 <= taken AND taken <= coalesce(pieces, 0))
  , CONSTRAINT a_flash_price_is_everybodys CHECK (session_id IS NULL OR NOT coupon)
  , CONSTRAINT only_a_flash_price_is_of_a_source CHECK (only_source IS NULL OR session_id IS NOT NULL)
  , CONSTRAINT a_presale_has_its_own_pieces CHECK (presale IS NULL OR session_id IS NOT NULL)
  , CONSTRAINT what_is_given_is_not_claimed CHECK (NOT given OR (coupon AND code IS NULL))
  , CONSTRAINT only_coupons_are_for_new_buyers CHECK (coupon OR NOT new_buyers)
  , CONSTRAINT a_coupon_is_for_who_holds_it CHECK (group_id IS NULL OR NOT coupon)
  , CONSTRAINT what_stands_on_the_shelf_is_everybodys CHECK (NOT shelf OR (session_id IS NULL AND group_id IS NULL AND NOT coupon AND budget IS NULL))
  , CONSTRAINT only_what_is_for_the_shelf_is_shown CHECK (shelf OR (shown_at IS NULL AND hidden_at IS NULL))
  , CONSTRAINT a_limit_leaves_something CHECK (pieces_per_order > 0 AND pieces_per_buyer > 0)
  , CONSTRAINT never_spend_more_than_the_budget CHECK (0 <= spent AND (budget IS NULL OR spent <= budget))
);
COMMENT ON TABLE promotions IS 'by merchant: what a shop, or under an id of zeros the platform, takes off for whoever buys enough or holds a coupon of it';
COMMENT ON COLUMN promotions.platform_millionths IS 'Of the platform''s own: which part of what they take off it pays; the shops whose goods are cheaper pay the rest';
COMMENT ON COLUMN promotions.rule IS 'What it takes off, as goods/promotions/model.py says: {type, …}';
COMMENT ON COLUMN promotions.scope IS 'Which goods it is for: {shops, products, categories, without}; nothing named: all of the shop, or of all shops';
COMMENT ON COLUMN promotions.code IS 'In capitals; a coupon with a code is got by entering it, one without lies open for claiming';
COMMENT ON COLUMN promotions.copies IS 'How many can be claimed by all buyers together; none: as many as want one';
COMMENT ON COLUMN promotions.per_buyer IS 'How many one buyer can claim; each is used once';
COMMENT ON COLUMN promotions.budget IS 'How much it may take off altogether, in minor units; none: whatever it comes to';
COMMENT ON COLUMN promotions.spent IS 'Of the budget, taken off orders that were not dropped unpaid; nothing is counted without one';
COMMENT ON COLUMN promotions.session_id IS 'The flash sale that it is a price of; its pieces are kept under this id in reservations';
COMMENT ON COLUMN promotions.sku_id IS 'What is sold at this flash price';
COMMENT ON COLUMN promotions.pieces IS 'How many can be had at this flash price, by all buyers together';
COMMENT ON COLUMN promotions.taken IS 'Of those, in orders that were not dropped unpaid';
COMMENT ON COLUMN promotions.pieces_per_order IS 'How many of them one order can have; none: as many as there are';
COMMENT ON COLUMN promotions.pieces_per_buyer IS 'How many of them one buyer can have';
COMMENT ON COLUMN promotions.returned_at IS 'When the pieces that were left went back to the stock that is sold';
COMMENT ON COLUMN promotions.told_end IS 'The end that those who hold a coupon were told of; put off, they are told again';
COMMENT ON COLUMN promotions.group_id IS 'The group of the shop''s customers that it is for; none: everybody';
COMMENT ON COLUMN promotions.given IS 'A coupon that the shop or the platform gives to whom it wants; nobody claims it';
COMMENT ON COLUMN promotions.presale IS 'Of a presale: {price, deposit, counts_for} of a piece, and the terms of the session; none: a flash price';
COMMENT ON COLUMN promotions.only_source IS 'Of its session: it counts only for orders of this source';
COMMENT ON COLUMN promotions.shelf IS 'Its price stands on cards and pages, for everybody: a special price without session, group and coupon';
COMMENT ON COLUMN promotions.shown_at IS 'Of the shelf: when its beginning was announced; the price counts from starts_at on';
COMMENT ON COLUMN promotions.hidden_at IS 'Of the shelf: when its end was announced, or it was stopped';
COMMENT ON COLUMN promotions.new_buyers IS 'It counts only for who has not bought of the shop, or of one of the platform anywhere here, before';
CREATE INDEX promotions_running ON promotions (merchant_id, ends_at) WHERE stopped_at IS NULL;
CREATE INDEX promotions_by_time ON promotions (ends_at, starts_at) WHERE stopped_at IS NULL;
CREATE INDEX promotions_to_claim ON promotions (ends_at, promotion_id) WHERE stopped_at IS NULL AND coupon AND code IS NULL;

CREATE INDEX promotions_on_shelf ON promotions (merchant_id, ends_at) WHERE shelf OR session_id IS NOT NULL;
CREATE INDEX promotions_to_show ON promotions (starts_at) WHERE shelf AND shown_at IS NULL AND hidden_at IS NULL;
CREATE INDEX promotions_to_hide ON promotions (ends_at) WHERE shelf AND shown_at IS NOT NULL AND hidden_at IS NULL;

CREATE TABLE coupon_gifts (
    merchant_id  uuid NOT NULL
  , gift_id      uuid NOT NULL
  , promotion_id uuid NOT NULL
  , audience     text NOT NULL
  , days         integer
  , emails       text[] NOT NULL DEFAULT '{}'
  , asked_by     text NOT NULL
  , asked_at     timestamptz NOT NULL DEFAULT now()
  , done_at      timestamptz
  , given        integer
  , left_out     integer
  , PRIMARY KEY (merchant_id, gift_id)
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT a_gift_says_to_whom CHECK (audience IN ('named', 'bought', 'never', 'segment') AND (audience = 'bought') = (days IS NOT NULL))
  , CONSTRAINT what_is_done_is_counted CHECK ((done_at IS NULL) = (given IS NULL) AND (done_at IS NULL) = (left_out IS NULL))
  , CONSTRAINT addresses_are_kept_until_it_is_done CHECK (done_at IS NULL OR emails = '{}')
);
COMMENT ON TABLE coupon_gifts IS 'by merchant: to whom a shop, or under an id of zeros the platform, gives a coupon of its own, and what came of it';
COMMENT ON COLUMN coupon_gifts.audience IS 'named: by e-mail address; bought: within so many days; never: who follows the shop, or has an account here, and has not bought; segment: who was in a segment when it was asked for';
COMMENT ON COLUMN coupon_gifts.left_out IS 'Who is not known there, has it already, or came after the last copy';
CREATE INDEX coupon_gifts_of_a_coupon ON coupon_gifts (merchant_id, promotion_id, asked_at DESC);

CREATE TABLE promotion_uses (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , promotion_id uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , amount       bigint NOT NULL
  , claim        integer
  , pieces       integer NOT NULL DEFAULT 0
  , at           timestamptz NOT NULL DEFAULT now()
  , given_back_at timestamptz
  , platform     bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id, promotion_id)
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT a_use_takes_off_nothing_or_more CHECK (amount >= 0)
  , CONSTRAINT the_platform_pays_no_more_than_all CHECK (0 <= platform AND platform <= amount)
);
COMMENT ON TABLE promotion_uses IS 'by merchant: what a promotion took off an order; given back when the order was dropped unpaid, or cancelled as a whole';
COMMENT ON COLUMN promotion_uses.merchant_id IS 'Whose promotion it is: for one of the platform not the merchant of the order';
COMMENT ON COLUMN promotion_uses.amount IS 'Nothing where it gives something: a gift';
COMMENT ON COLUMN promotion_uses.platform IS 'Of the amount, what the platform pays';
COMMENT ON COLUMN promotion_uses.order_id IS 'Opaque: whose order it is stands in orders';
COMMENT ON COLUMN promotion_uses.claim IS 'The number of the buyer''s coupon that was used for it';
COMMENT ON COLUMN promotion_uses.pieces IS 'How many of a flash sale''s pieces the order has';
CREATE INDEX promotion_uses_of_a_promotion ON promotion_uses (merchant_id, promotion_id, at);
CREATE INDEX promotion_uses_of_a_coupon ON promotion_uses (merchant_id, promotion_id, buyer_id, claim) WHERE claim IS NOT NULL;

CREATE TABLE coupon_claims (
    buyer_id     uuid NOT NULL
  , promotion_id uuid NOT NULL
  , number       integer NOT NULL
  , merchant_id  uuid NOT NULL
  , claimed_at   timestamptz NOT NULL DEFAULT now()
  , used_for     uuid
  , entered      boolean NOT NULL DEFAULT false
  , again        boolean NOT NULL DEFAULT false
  , PRIMARY KEY (buyer_id, promotion_id, number)
);
COMMENT ON TABLE coupon_claims IS 'by buyer: the coupons that a buyer has, each of them to be used once';
COMMENT ON COLUMN coupon_claims.number IS 'The buyer''s first, second … of this coupon';
COMMENT ON COLUMN coupon_claims.used_for IS 'The order that it was used for; of a coupon of the platform, the purchase';
COMMENT ON COLUMN coupon_claims.entered IS 'It was claimed by entering its code with a purchase: it goes again when that is dropped unpaid';
COMMENT ON COLUMN coupon_claims.again IS 'It was given for a reason that comes again and has a limit of its own, such as a birthday: so many as each may have do not count';

CREATE INDEX coupon_claims_unused ON coupon_claims (promotion_id, buyer_id) WHERE used_for IS NULL;

CREATE TABLE coupon_people (
    person       text NOT NULL
  , limited_by   uuid NOT NULL
  , number       integer NOT NULL
  , used_for     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (person, limited_by, number)
);
COMMENT ON TABLE coupon_people IS 'by key: who used coupons of which each person can have only so many, as far as people can be told apart';
COMMENT ON COLUMN coupon_people.person IS 'SHA-256 of a buyer''s id, an e-mail address or a telephone number, with its kind before it';
COMMENT ON COLUMN coupon_people.limited_by IS 'The coupon; or the shop (zeros: the platform), of whose coupons for new buyers a person uses one';
COMMENT ON COLUMN coupon_people.used_for IS 'The order; for a coupon of the platform, made of the purchase and the coupon';
COMMENT ON COLUMN coupon_people.number IS 'The person''s first, second … time';
CREATE INDEX coupon_people_of_an_order ON coupon_people (used_for);
CREATE INDEX coupon_people_of_a_buyer ON coupon_people (buyer_id);

CREATE TABLE promotion_limits (
    buyer_id     uuid NOT NULL
  , promotion_id uuid NOT NULL
  , pieces       integer NOT NULL
  , most         integer NOT NULL
  , PRIMARY KEY (buyer_id, promotion_id)
  , CONSTRAINT nobody_has_more_than_the_limit CHECK (0 <= pieces AND pieces <= most)
);
COMMENT ON TABLE promotion_limits IS 'by buyer: how many pieces a buyer has at a flash price of which each can have only so many';

-- goods.search

-- What buyers search and browse: one row a product on the shelf, made from catalog, pricing and inventory.

CREATE TABLE search_entries (
    merchant_id   uuid NOT NULL
  , product_id    uuid NOT NULL
  , category_path uuid[] NOT NULL
  , words         tsvector NOT NULL
  , facets        text[] NOT NULL DEFAULT '{}'
  , title         jsonb NOT NULL
  , slug          text NOT NULL
  , picture       text
  , currency      text NOT NULL
  , price         bigint NOT NULL
  , price_to      bigint NOT NULL
  , compare_at    bigint
  , usual         bigint
  , in_stock      boolean NOT NULL
  , sold          integer NOT NULL DEFAULT 0
  , rating        integer NOT NULL DEFAULT 0
  , listed_at     timestamptz NOT NULL
  , ahead         boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE search_entries IS 'by merchant: products on the shelf as search and category pages show them';
COMMENT ON COLUMN search_entries.words IS 'Latin words and CJK bigrams of title, attributes, shop and codes, by the simple configuration';
COMMENT ON COLUMN search_entries.facets IS 'code:value of each attribute that buyers filter by; _ships:free of what is sent free of charge';
COMMENT ON COLUMN search_entries.price IS 'What the cheapest SKU costs now, with what is lowered for everybody';
COMMENT ON COLUMN search_entries.compare_at IS 'What is struck out beside it: the market price; of what is lowered, the lowest of the 30 days before';
COMMENT ON COLUMN search_entries.usual IS 'What the cheapest SKU would cost if nothing were lowered; none: nothing is';
COMMENT ON COLUMN search_entries.sold IS 'Pieces sold, pushed down by orders';
COMMENT ON COLUMN search_entries.rating IS 'Hundredths of a star, pushed down by reviews';
COMMENT ON COLUMN search_entries.ahead IS 'Among what sells best of very many: looked through first for words that too many have';
CREATE INDEX search_by_words ON search_entries USING gin (words);
CREATE INDEX search_by_words_ahead ON search_entries USING gin (words) WHERE ahead;
CREATE INDEX search_ahead ON search_entries (sold, product_id) WHERE ahead;
CREATE INDEX search_by_category ON search_entries USING gin (category_path);
CREATE INDEX search_by_facets ON search_entries USING gin (facets);
CREATE INDEX search_newest ON search_entries (listed_at DESC, product_id DESC);
CREATE INDEX search_best_selling ON search_entries (sold DESC, product_id DESC);
CREATE INDEX search_cheapest ON search_entries (price, product_id);
CREATE INDEX search_best_rated ON search_entries (rating DESC, product_id DESC);
CREATE INDEX search_of_a_merchant ON search_entries (merchant_id, listed_at DESC, product_id DESC);
CREATE INDEX search_best_selling_of_a_merchant ON search_entries (merchant_id, sold DESC, product_id DESC);
CREATE INDEX search_best_selling_of_a_category
    ON search_entries ((category_path[cardinality(category_path)]), sold DESC, product_id DESC);

CREATE TABLE search_figures (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , sold        integer NOT NULL DEFAULT 0
  , rating      integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT sold_is_not_negative CHECK (sold >= 0)
  , CONSTRAINT a_rating_has_five_stars CHECK (rating BETWEEN 0 AND 500)
);
COMMENT ON TABLE search_figures IS 'by merchant: what orders and reviews pushed down about a product, kept while it is off the shelf';

CREATE TABLE search_free_delivery (
    merchant_id uuid NOT NULL
  , currency    text NOT NULL
  , free_from   bigint NOT NULL
  , PRIMARY KEY (merchant_id, currency)
  , CONSTRAINT free_from_is_not_negative CHECK (free_from >= 0)
);
COMMENT ON TABLE search_free_delivery IS 'by merchant: from which amount one piece is sent free of charge in the house''s country, pushed down by freight';

CREATE TABLE search_default_sorts (
    merchant_id uuid NOT NULL
  , list        text NOT NULL
  , sort        text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, list)
);
COMMENT ON TABLE search_default_sorts IS 'by merchant: in which sort a list of a shop''s, or under an id of zeros of the marketplace''s, is shown to who chose none';
COMMENT ON COLUMN search_default_sorts.list IS 'search, categories or shop';

CREATE TABLE search_stale (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE search_stale IS 'by merchant: products whose entries a sweep makes anew, since something changed for all of a shop';

CREATE TABLE search_vocabulary (
    kind     text NOT NULL
  , word     text NOT NULL
  , target   text NOT NULL DEFAULT ''
  , weight   integer NOT NULL
  , pinyin   text NOT NULL DEFAULT ''
  , initials text NOT NULL DEFAULT ''
  , PRIMARY KEY (kind, word)
  , CONSTRAINT a_word_is_of_some_kind CHECK (kind IN ('word', 'run', 'gram', 'category', 'shop', 'value', 'query'))
);
COMMENT ON TABLE search_vocabulary IS 'reference: the words that this marketplace knows: for suggestions and for mending what was mistyped';
COMMENT ON COLUMN search_vocabulary.kind IS 'word: of Latin titles; run: Chinese between two marks; gram: a part of one; value: of an attribute; query: what people search';
COMMENT ON COLUMN search_vocabulary.target IS 'The category''s or the shop''s address';
COMMENT ON COLUMN search_vocabulary.weight IS 'How much of what is sold and searched has the word';
CREATE INDEX search_vocabulary_by_weight ON search_vocabulary (weight DESC);

CREATE TABLE search_log (
    search_id uuid PRIMARY KEY
  , at        timestamptz NOT NULL DEFAULT now()
  , words     text NOT NULL
  , found     integer NOT NULL
  , followed  boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE search_log IS 'local: searches that wait to be counted';
COMMENT ON COLUMN search_log.followed IS 'A hit of such a search was opened';

CREATE TABLE search_days (
    day      date NOT NULL
  , words    text NOT NULL
  , searches integer NOT NULL DEFAULT 0
  , found    integer NOT NULL DEFAULT 0
  , followed integer NOT NULL DEFAULT 0
  , PRIMARY KEY (day, words)
);
COMMENT ON TABLE search_days IS 'local: what was searched, day by day';
COMMENT ON COLUMN search_days.found IS 'How many goods the last search of the day found';
COMMENT ON COLUMN search_days.followed IS 'How often a hit was opened from it';
CREATE INDEX searches_that_found_nothing ON search_days (day, searches DESC) WHERE found = 0;
CREATE INDEX searches_that_found_something ON search_days (words, day) WHERE found > 0;

CREATE TABLE search_hot (
    words text PRIMARY KEY
  , score integer NOT NULL
);
COMMENT ON TABLE search_hot IS 'reference: what many search, find and open these days; made anew by a sweep';

CREATE TABLE search_hot_rules (
    words  text PRIMARY KEY
  , pinned boolean NOT NULL
  , place  integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE search_hot_rules IS 'reference: hot words that the operator shows first (pinned), or never';

CREATE TABLE search_synonyms (
    synonym_id uuid PRIMARY KEY
  , words      text[] NOT NULL
  , CONSTRAINT synonyms_are_two_at_least CHECK (cardinality(words) >= 2)
);
COMMENT ON TABLE search_synonyms IS 'reference: words that mean the same: who searches one finds the others';

CREATE TABLE search_redirects (
    words  text PRIMARY KEY
  , target text NOT NULL
  , CONSTRAINT a_redirect_stays_in_the_house CHECK (target LIKE '/%' AND target NOT LIKE '//%')
);
COMMENT ON TABLE search_redirects IS 'reference: searches that lead to a page instead of a list';

CREATE TABLE search_history (
    buyer_id uuid NOT NULL
  , words    text NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, words)
);
COMMENT ON TABLE search_history IS 'by buyer: what they searched, the last few';

CREATE TABLE search_choices (
    buyer_id      uuid PRIMARY KEY
  , keeps_history boolean NOT NULL DEFAULT true
  , personal      boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE search_choices IS 'by buyer: what they want of us when they look for goods';
COMMENT ON COLUMN search_choices.personal IS 'Whether results may follow what they looked at: the switch of the E-commerce Law, article 18';

-- logistics.freight

-- What it costs to send it, and how.

CREATE TABLE freight_templates (
    merchant_id uuid NOT NULL
  , template_id uuid NOT NULL
  , name        jsonb NOT NULL
  , method      text NOT NULL
  , currency    text NOT NULL
  , place       integer NOT NULL DEFAULT 0
  , days_from   integer NOT NULL
  , days_to     integer NOT NULL
  , active      boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, template_id)
  , CONSTRAINT freight_goes_by_piece_or_weight CHECK (method IN ('piece', 'weight'))
  , CONSTRAINT a_promise_is_a_range CHECK (0 <= days_from AND days_from <= days_to)
);
COMMENT ON TABLE freight_templates IS 'by merchant: a delivery option such as standard or express';

CREATE TABLE freight_zones (
    merchant_id   uuid NOT NULL
  , template_id   uuid NOT NULL
  , zone          integer NOT NULL
  , countries     text[] NOT NULL
  , regions       text[] NOT NULL DEFAULT '{}'
  , deliverable   boolean NOT NULL DEFAULT true
  , first_units   integer NOT NULL DEFAULT 1
  , first_fee     bigint NOT NULL DEFAULT 0
  , next_units    integer NOT NULL DEFAULT 1
  , next_fee      bigint NOT NULL DEFAULT 0
  , free_over     bigint
  , PRIMARY KEY (merchant_id, template_id, zone)
  , FOREIGN KEY (merchant_id, template_id) REFERENCES freight_templates
  , CONSTRAINT units_are_counted_in_steps CHECK (first_units > 0 AND next_units > 0)
  , CONSTRAINT fees_are_not_negative CHECK (first_fee >= 0 AND next_fee >= 0)
);
COMMENT ON TABLE freight_zones IS 'by merchant: what a template charges where; the zone with the lowest number that matches counts';
COMMENT ON COLUMN freight_zones.countries IS 'ISO 3166-1 alpha-2 codes; {*}: everywhere';
COMMENT ON COLUMN freight_zones.regions IS 'Regions (provinces, states) of these countries; empty: all';
COMMENT ON COLUMN freight_zones.first_units IS 'Pieces or grams that the first fee covers';
COMMENT ON COLUMN freight_zones.free_over IS 'Goods worth this much or more go free';

-- logistics.parcels

-- Parcels on their way.

CREATE TABLE carriers (
    carrier text PRIMARY KEY
  , name    jsonb NOT NULL
  , active  boolean NOT NULL DEFAULT true
  , collects boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE carriers IS 'reference: who carries';
COMMENT ON COLUMN carriers.collects IS 'Whether it collects cash at the door and pays it on; with any other, the shop collects it itself';
INSERT INTO carriers (carrier, name, collects) VALUES
    ('simex', '{"zh-Hans": "模拟速运", "en": "Simex Express"}', true)
  , ('simpost', '{"zh-Hans": "模拟邮政", "en": "Simpost"}', true)
  , ('other', '{"zh-Hans": "其他承运商", "en": "Other carrier"}', false);

CREATE TABLE shop_carriers (
    merchant_id uuid NOT NULL
  , carrier     text NOT NULL REFERENCES carriers
  , place       integer NOT NULL
  , PRIMARY KEY (merchant_id, carrier)
);
COMMENT ON TABLE shop_carriers IS 'by merchant: the carriers that a shop sends with; no row: all of them';
COMMENT ON COLUMN shop_carriers.place IS 'The lowest is the one that forms propose';

CREATE TABLE delivery_carriers (
    merchant_id uuid NOT NULL
  , template_id uuid NOT NULL
  , carrier     text NOT NULL REFERENCES carriers
  , PRIMARY KEY (merchant_id, template_id)
  , FOREIGN KEY (merchant_id, template_id) REFERENCES freight_templates
);
COMMENT ON TABLE delivery_carriers IS 'by merchant: which carrier a delivery option goes with';

CREATE TABLE parcel_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE parcel_transitions IS 'reference: the states of a parcel that follow each other';
INSERT INTO parcel_transitions (from_state, to_state) VALUES
    ('nowhere', 'handed_over'), ('nowhere', 'delivered')
  , ('handed_over', 'in_transit'), ('handed_over', 'delivered'), ('handed_over', 'lost')
  , ('in_transit', 'delivered'), ('in_transit', 'lost'), ('lost', 'in_transit'), ('lost', 'delivered')
  , ('handed_over', 'refused'), ('in_transit', 'refused'), ('lost', 'refused');

CREATE TABLE parcels (
    merchant_id  uuid NOT NULL
  , parcel_id    uuid NOT NULL
  , order_id     uuid NOT NULL
  , carrier      text NOT NULL REFERENCES carriers
  , number       text NOT NULL
  , state        text NOT NULL
  , sent_at      timestamptz NOT NULL DEFAULT now()
  , delivered_at timestamptz
  , registered_at timestamptz
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , refused_at   timestamptz
  , collect      bigint
  , collect_currency text REFERENCES currencies
  , PRIMARY KEY (merchant_id, parcel_id)
  , UNIQUE (merchant_id, carrier, number)
  , CONSTRAINT delivered_means_when CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
  , CONSTRAINT what_is_collected_is_some_money CHECK (collect > 0 AND (collect IS NULL) = (collect_currency IS NULL))
);
COMMENT ON COLUMN parcels.collect IS 'What is to be paid for it at the door, in minor units; none: nothing';
COMMENT ON TABLE parcels IS 'by merchant: a parcel with its tracking number';
COMMENT ON COLUMN parcels.order_id IS 'The order, or the after-sales case whose goods go back or out again';
COMMENT ON COLUMN parcels.registered_at IS 'When the carrier promised to tell us where it is';
COMMENT ON COLUMN parcels.refused_at IS 'Since when the carrier says that it does not know the number, or that it cannot be one';
COMMENT ON COLUMN parcels.attempt_at IS 'When to ask the carrier next; none when nothing is to ask';
CREATE INDEX parcels_of_an_order ON parcels (order_id);
CREATE INDEX parcels_by_number ON parcels (carrier, number);
CREATE INDEX parcels_of_a_merchant_by_number ON parcels (merchant_id, number);
CREATE INDEX parcels_under_way ON parcels (merchant_id, sent_at) WHERE state IN ('handed_over', 'in_transit');
CREATE INDEX parcels_sought ON parcels (number text_pattern_ops, merchant_id);
CREATE INDEX parcels_lost ON parcels (merchant_id, order_id) WHERE state = 'lost';
CREATE INDEX parcels_to_ask_about ON parcels (attempt_at) WHERE attempt_at IS NOT NULL;

CREATE TABLE parcel_history (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, parcel_id, step)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
  , FOREIGN KEY (from_state, to_state) REFERENCES parcel_transitions
);
COMMENT ON TABLE parcel_history IS 'by merchant, append-only: each change of a parcel''s state';

CREATE TABLE parcel_scans (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , at          timestamptz NOT NULL
  , code        text NOT NULL
  , place       text NOT NULL DEFAULT ''
  , words       jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, parcel_id, at, code)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
);
COMMENT ON TABLE parcel_scans IS 'by merchant, append-only: what the carrier told about a parcel';

CREATE TABLE parcel_corrections (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , correction  integer NOT NULL
  , carrier     text NOT NULL REFERENCES carriers
  , number      text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, parcel_id, correction)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
);
COMMENT ON TABLE parcel_corrections IS 'by merchant, append-only: the numbers that parcels were sent under by mistake';

CREATE TABLE waybills (
    merchant_id  uuid NOT NULL
  , waybill_id   uuid NOT NULL
  , order_id     uuid NOT NULL
  , carrier      text NOT NULL REFERENCES carriers
  , sender       jsonb NOT NULL
  , recipient    jsonb NOT NULL
  , weight_grams integer NOT NULL
  , collect      boolean NOT NULL DEFAULT false
  , number       text
  , failure      text
  , asked_at     timestamptz NOT NULL DEFAULT now()
  , answered_at  timestamptz
  , PRIMARY KEY (merchant_id, waybill_id)
  , CONSTRAINT a_number_or_a_reason CHECK (number IS NULL OR failure IS NULL)
  , CONSTRAINT answered_means_when CHECK ((answered_at IS NOT NULL) = (number IS NOT NULL OR failure IS NOT NULL))
);
COMMENT ON TABLE waybills IS 'by merchant: numbers that carriers were asked for; its id is the carrier''s idempotency key and becomes the parcel''s';
COMMENT ON COLUMN waybills.collect IS 'The recipient pays the carrier, not the sender';
COMMENT ON COLUMN waybills.answered_at IS 'None while the carrier''s answer is not known';
CREATE INDEX waybills_of_an_order ON waybills (merchant_id, order_id);
CREATE INDEX waybills_unanswered ON waybills (asked_at) WHERE answered_at IS NULL;

-- logistics.fulfilment

-- What has to leave the house, and in which parcel it did.

CREATE TABLE fulfilment_lines (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , sku_id      uuid NOT NULL
  , quantity    integer NOT NULL
  , shipped     integer NOT NULL DEFAULT 0
  , withdrawn   integer NOT NULL DEFAULT 0
  , instructed_at timestamptz NOT NULL DEFAULT now()
  , ship_by     timestamptz
  , judged_at   timestamptz
  , PRIMARY KEY (merchant_id, order_id, line)
  , CONSTRAINT never_ship_more_than_instructed CHECK (0 <= shipped AND 0 <= withdrawn AND shipped + withdrawn <= quantity)
  , CONSTRAINT only_a_promise_is_judged CHECK (judged_at IS NULL OR ship_by IS NOT NULL)
);
COMMENT ON TABLE fulfilment_lines IS 'by merchant: pieces that a paid order wants sent';
COMMENT ON COLUMN fulfilment_lines.withdrawn IS 'Pieces that need not be sent any more';
COMMENT ON COLUMN fulfilment_lines.ship_by IS 'By when it was promised to leave the house; none: no promise';
COMMENT ON COLUMN fulfilment_lines.judged_at IS 'When it was found whether the promise was kept';
CREATE INDEX fulfilment_lines_promised ON fulfilment_lines (ship_by) WHERE ship_by IS NOT NULL AND judged_at IS NULL;
CREATE INDEX fulfilment_lines_promised_by_a_merchant ON fulfilment_lines (merchant_id, ship_by) WHERE ship_by IS NOT NULL AND judged_at IS NULL;
CREATE INDEX fulfilment_lines_of_an_order ON fulfilment_lines (order_id);

CREATE TABLE parcel_lines (
    merchant_id uuid NOT NULL
  , parcel_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , PRIMARY KEY (merchant_id, parcel_id, order_id, line)
  , FOREIGN KEY (merchant_id, parcel_id) REFERENCES parcels
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES fulfilment_lines
  , CONSTRAINT a_parcel_line_holds_something CHECK (quantity > 0)
);
COMMENT ON TABLE parcel_lines IS 'by merchant, append-only: what is in a parcel';
CREATE INDEX parcel_lines_of_an_order ON parcel_lines (order_id);

-- trade.rights

CREATE TABLE rights_rules (
    rule_id    uuid PRIMARY KEY
  , code       text NOT NULL
  , version    integer NOT NULL
  , kind       text NOT NULL
  , name       jsonb NOT NULL
  , days       integer NOT NULL
  , countries  text[] NOT NULL DEFAULT '{}'
  , exceptions text[] NOT NULL DEFAULT '{}'
  , source     jsonb NOT NULL
  , link       text NOT NULL DEFAULT ''
  , since      date
  , until      date
  , percent    integer NOT NULL DEFAULT 0
  , amount_least bigint NOT NULL DEFAULT 0
  , amount_most bigint
  , currency   text REFERENCES currencies
  , hours_least integer NOT NULL DEFAULT 0
  , hours_most integer NOT NULL DEFAULT 0
  , times_most integer NOT NULL DEFAULT 0
  , categories uuid[] NOT NULL DEFAULT '{}'
  , counted_from text NOT NULL DEFAULT 'received'
  , moves      boolean NOT NULL DEFAULT false
  , drafted_at timestamptz NOT NULL DEFAULT now()
  , drafted_by text NOT NULL
  , UNIQUE (code, version)
  , CONSTRAINT a_right_is_of_a_known_kind CHECK (kind IN ('no_reason_return', 'withdrawal', 'fault', 'ship_promise', 'price_protection', 'authenticity', 'return_freight', 'free_returns'))
  , CONSTRAINT a_right_lasts_some_days CHECK (days BETWEEN 0 AND 365 AND (days = 0) = (kind IN ('ship_promise', 'authenticity', 'return_freight', 'free_returns')))
  , CONSTRAINT a_share_is_a_share CHECK (percent BETWEEN 0 AND 100)
  , CONSTRAINT the_least_is_not_more_than_the_most CHECK (0 <= amount_least AND amount_least <= amount_most AND 0 <= hours_least AND hours_least <= hours_most)
  , CONSTRAINT an_amount_is_in_a_currency CHECK (currency IS NOT NULL OR (amount_least = 0 AND amount_most IS NULL))
  , CONSTRAINT hours_are_promised_for_sending CHECK ((hours_most > 0) = (kind = 'ship_promise'))
  , CONSTRAINT times_are_promised_for_what_is_genuine CHECK ((times_most > 0) = (kind = 'authenticity'))
  , CONSTRAINT days_count_from_something CHECK (counted_from IN ('placed', 'received'))
  , CONSTRAINT only_the_last_day_of_a_right_moves CHECK (NOT moves OR kind IN ('no_reason_return', 'withdrawal', 'fault'))
  , CONSTRAINT a_right_ends_after_it_began CHECK (until >= since)
);
COMMENT ON TABLE rights_rules IS 'reference: the rights of buyers, version by version; what is switched on is never changed, only superseded';
COMMENT ON COLUMN rights_rules.code IS 'The right, the same in all its versions';
COMMENT ON COLUMN rights_rules.days IS 'Whole days after the day on which the goods were received; of a price protection, times of 24 hours; 0: nothing lasts';
COMMENT ON COLUMN rights_rules.percent IS 'Of a promise: which part of what was paid a broken one costs';
COMMENT ON COLUMN rights_rules.amount_least IS 'Of a promise: what a broken one costs at least, in minor units';
COMMENT ON COLUMN rights_rules.amount_most IS 'Of a promise: what it costs, or gives back, at most for a line; none: as much as was paid';
COMMENT ON COLUMN rights_rules.currency IS 'Orders in which currency it is for; none: all';
COMMENT ON COLUMN rights_rules.hours_least IS 'The fewest hours after payment in which a shop may promise to send';
COMMENT ON COLUMN rights_rules.times_most IS 'How many times the price a shop may promise for a counterfeit';
COMMENT ON COLUMN rights_rules.categories IS 'For goods of which categories, and those below them; none: all';
COMMENT ON COLUMN rights_rules.counted_from IS 'Of a price protection: when its days begin';
COMMENT ON COLUMN rights_rules.moves IS 'A last day that is no working day where the goods are moves to the next one';
COMMENT ON COLUMN rights_rules.countries IS 'Where the goods go, ISO 3166-1; none: wherever no other rule of its family is';
COMMENT ON COLUMN rights_rules.exceptions IS 'Goods that it does not cover, by the words of categories.no_return';
COMMENT ON COLUMN rights_rules.source IS 'The law and its article, as people read it';
COMMENT ON COLUMN rights_rules.since IS 'It counts for orders placed on this day or later, in the house''s time zone; none: a draft';
COMMENT ON COLUMN rights_rules.until IS 'The last day on which orders are placed under it; none: until it is superseded';
INSERT INTO rights_rules (rule_id, code, version, kind, name, days, countries, exceptions, source, link, since, drafted_at, drafted_by, moves) VALUES
    ('01890000-0000-7000-8000-000000000001', 'cn_seven_days', 1, 'no_reason_return'
   , '{"zh-Hans": "七天无理由退货", "en": "7-day return without a reason"}', 7, '{CN}'
   , '{made_to_order,perishable,opened_digital,periodical,confirmed}'
   , '{"zh-Hans": "《消费者权益保护法》第二十五条；《网络购买商品七日无理由退货暂行办法》第十条；《民法典》第二百零三条", "en": "Consumer Rights Law of the PRC, Art. 25; Interim Measures for the 7-day Return of Goods Bought Online, Art. 10; Civil Code, Art. 203"}'
   , 'https://flk.npc.gov.cn/', '2014-03-15', '2014-03-15', 'house', true)
  , ('01890000-0000-7000-8000-000000000002', 'eu_withdrawal', 1, 'withdrawal'
   , '{"zh-Hans": "欧盟 14 天撤回权", "en": "14-day right of withdrawal (EU)"}', 14
   , '{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK}'
   , '{made_to_order,perishable,opened_digital,periodical}'
   , '{"zh-Hans": "欧盟指令 2011/83/EU 第九条、第十六条；第 1182/71 号条例第三条第四款", "en": "Directive 2011/83/EU, Art. 9 and 16; Regulation No 1182/71, Art. 3 (4)"}'
   , 'https://eur-lex.europa.eu/eli/dir/2011/83/oj', '2014-06-13', '2014-06-13', 'house', true)
  , ('01890000-0000-7000-8000-000000000003', 'house_seven_days', 1, 'no_reason_return'
   , '{"zh-Hans": "七天无理由退货（平台规则）", "en": "7-day return without a reason (marketplace)"}', 7, '{}'
   , '{made_to_order,perishable,opened_digital,periodical,confirmed}'
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '', '2014-03-15', '2014-03-15', 'house', false)
  , ('01890000-0000-7000-8000-000000000004', 'fault', 1, 'fault'
   , '{"zh-Hans": "商品有问题，15 天", "en": "15 days for what is wrong with the goods"}', 15, '{}', '{}'
   , '{"zh-Hans": "本平台规则；法定为 7 天（《消费者权益保护法》第二十四条）", "en": "Rule of this marketplace; by law 7 days (Consumer Rights Law of the PRC, Art. 24)"}'
   , '', '2014-03-15', '2014-03-15', 'house', false);
INSERT INTO rights_rules (rule_id, code, version, kind, name, days, percent, amount_least, amount_most, currency, hours_least, hours_most, times_most, source, since, drafted_at, drafted_by) VALUES
    ('01890000-0000-7000-8000-000000000005', 'ship_by', 1, 'ship_promise'
   , '{"zh-Hans": "承诺时间内发货，超时赔付", "en": "Sent by a promised time, or compensated"}', 0, 5, 300, 3000, 'CNY', 4, 168, 0
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000006', 'genuine', 1, 'authenticity'
   , '{"zh-Hans": "正品保障，假一赔多", "en": "Guaranteed genuine, or paid several times"}', 0, 0, 0, NULL, NULL, 0, 0, 10
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000007', 'return_freight', 1, 'return_freight'
   , '{"zh-Hans": "商家责任退货，运费由商家承担", "en": "The shop bears the return freight where it is to blame"}', 0, 0, 0, 2500, 'CNY', 0, 0, 0
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house')
  , ('01890000-0000-7000-8000-000000000008', 'free_returns', 1, 'free_returns'
   , '{"zh-Hans": "退货包运费", "en": "Free returns"}', 0, 0, 0, 2500, 'CNY', 0, 0, 0
   , '{"zh-Hans": "本平台规则", "en": "Rule of this marketplace"}', '2014-03-15', '2014-03-15', 'house');

CREATE TABLE rights_holidays (
    country text NOT NULL
  , day     date NOT NULL
  , name    jsonb NOT NULL
  , worked  boolean NOT NULL DEFAULT false
  , PRIMARY KEY (country, day)
);
COMMENT ON TABLE rights_holidays IS 'reference: days on which nobody works in a country, and days of the weekend on which people do, as the operator keeps them';
COMMENT ON COLUMN rights_holidays.country IS 'ISO 3166-1';
COMMENT ON COLUMN rights_holidays.worked IS 'A day of the weekend that is worked for a holiday elsewhere in the week';
-- China 2026: notice of the General Office of the State Council of 4 November 2025. China 2027: the days that the Measures for Public
-- Holidays name by their date; those of the moon, and what is worked instead, come with the notice of the year.
INSERT INTO rights_holidays (country, day, name, worked) VALUES
    ('CN', '2026-01-01', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2026-01-02', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2026-01-03', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2026-01-04', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-02-14', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-02-15', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-16', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-17', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-18', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-19', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-20', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-21', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-22', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-23', '{"zh-Hans": "春节", "en": "Spring Festival"}', false)
  , ('CN', '2026-02-28', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-04-04', '{"zh-Hans": "清明节", "en": "Qingming"}', false)
  , ('CN', '2026-04-05', '{"zh-Hans": "清明节", "en": "Qingming"}', false)
  , ('CN', '2026-04-06', '{"zh-Hans": "清明节", "en": "Qingming"}', false)
  , ('CN', '2026-05-01', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-02', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-03', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-04', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-05', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2026-05-09', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-06-19', '{"zh-Hans": "端午节", "en": "Dragon Boat Festival"}', false)
  , ('CN', '2026-06-20', '{"zh-Hans": "端午节", "en": "Dragon Boat Festival"}', false)
  , ('CN', '2026-06-21', '{"zh-Hans": "端午节", "en": "Dragon Boat Festival"}', false)
  , ('CN', '2026-09-20', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2026-09-25', '{"zh-Hans": "中秋节", "en": "Mid-Autumn Festival"}', false)
  , ('CN', '2026-09-26', '{"zh-Hans": "中秋节", "en": "Mid-Autumn Festival"}', false)
  , ('CN', '2026-09-27', '{"zh-Hans": "中秋节", "en": "Mid-Autumn Festival"}', false)
  , ('CN', '2026-10-01', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-02', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-03', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-04', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-05', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-06', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-07', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2026-10-10', '{"zh-Hans": "调休上班", "en": "Worked instead"}', true)
  , ('CN', '2027-01-01', '{"zh-Hans": "元旦", "en": "New Year"}', false)
  , ('CN', '2027-05-01', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2027-05-02', '{"zh-Hans": "劳动节", "en": "Labour Day"}', false)
  , ('CN', '2027-10-01', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2027-10-02', '{"zh-Hans": "国庆节", "en": "National Day"}', false)
  , ('CN', '2027-10-03', '{"zh-Hans": "国庆节", "en": "National Day"}', false);
-- The member states of the Union: the two days that are public holidays in each of them.
INSERT INTO rights_holidays (country, day, name)
SELECT c.country, d.day, d.name
FROM unnest('{AT,BE,BG,CY,CZ,DE,DK,EE,ES,FI,FR,GR,HR,HU,IE,IT,LT,LU,LV,MT,NL,PL,PT,RO,SE,SI,SK}'::text[]) AS c (country)
CROSS JOIN (VALUES ('2026-01-01'::date, '{"zh-Hans": "元旦", "en": "New Year"}'::jsonb)
                 , ('2026-12-25', '{"zh-Hans": "圣诞节", "en": "Christmas"}')
                 , ('2027-01-01', '{"zh-Hans": "元旦", "en": "New Year"}')
                 , ('2027-12-25', '{"zh-Hans": "圣诞节", "en": "Christmas"}')) AS d (day, name);

-- trade.favourites

-- What somebody keeps in mind: favourite products and shops, and what they looked at. A visitor's are kept under the
-- visitor's id, like a cart.

CREATE TABLE favourite_products (
    buyer_id      uuid NOT NULL
  , product_id    uuid NOT NULL
  , merchant_id   uuid NOT NULL
  , kept_price    bigint
  , currency      text
  , kept_in_stock boolean NOT NULL
  , kept_at       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, product_id)
);
COMMENT ON TABLE favourite_products IS 'by buyer: products somebody keeps in mind';
COMMENT ON COLUMN favourite_products.kept_price IS 'From which price it was to be had when it was kept, so that we can say that it fell';
CREATE INDEX favourite_products_of_a_product ON favourite_products (product_id, buyer_id);
CREATE INDEX favourite_products_by_time ON favourite_products (buyer_id, kept_at DESC, product_id DESC);

CREATE TABLE favourite_shops (
    buyer_id    uuid NOT NULL
  , merchant_id uuid NOT NULL
  , kept_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, merchant_id)
);
COMMENT ON TABLE favourite_shops IS 'by buyer: shops somebody follows';
CREATE INDEX favourite_shops_of_a_shop ON favourite_shops (merchant_id, buyer_id);
CREATE INDEX favourite_shops_by_time ON favourite_shops (buyer_id, kept_at DESC, merchant_id DESC);

CREATE TABLE footprints (
    buyer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , merchant_id uuid NOT NULL
  , seen_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, product_id)
);
COMMENT ON TABLE footprints IS 'by buyer: which products somebody looked at, and when last';
CREATE INDEX footprints_by_time ON footprints (buyer_id, seen_at DESC, product_id DESC);
CREATE INDEX footprints_by_age ON footprints (seen_at);

CREATE TABLE footprints_off (
    buyer_id uuid PRIMARY KEY
  , since    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE footprints_off IS 'by buyer: who does not want to be followed about';

-- trade.cart

CREATE TABLE cart_lines (
    buyer_id    uuid NOT NULL
  , sku_id      uuid NOT NULL
  , merchant_id uuid NOT NULL
  , quantity    integer NOT NULL
  , selected    boolean NOT NULL DEFAULT true
  , seen_price  bigint NOT NULL
  , currency    text NOT NULL
  , added_at    timestamptz NOT NULL DEFAULT now()
  , source      text
  , PRIMARY KEY (buyer_id, sku_id)
  , CONSTRAINT a_cart_line_holds_something CHECK (quantity > 0)
);
COMMENT ON TABLE cart_lines IS 'by buyer: what lies in the cart; a visitor''s cart is kept under the visitor''s id';
COMMENT ON COLUMN cart_lines.seen_price IS 'The price the buyer last saw, so that we can say honestly that it moved';
COMMENT ON COLUMN cart_lines.source IS 'From where it was put in last, as orders say it: live:<session>:<second since it began>; none: in the shop';
CREATE INDEX cart_lines_by_age ON cart_lines (added_at);

-- trade.commission

-- What the platform charges merchants of what they sell: fees, the rules by which they are reckoned, and the tax on them.

CREATE TABLE fees (
    fee_id uuid PRIMARY KEY
  , name   jsonb NOT NULL
  , place  integer NOT NULL
  , kept   boolean NOT NULL DEFAULT false
  , CONSTRAINT fees_stand_in_one_order UNIQUE (place)
  , CONSTRAINT the_first_fee_is_the_commission CHECK (place > 0)
);
COMMENT ON TABLE fees IS 'reference: what merchants are charged for; the sales commission is the first, see docs/algorithms/fees.md';
COMMENT ON COLUMN fees.place IS 'The order in which fees are taken: where a line does not bear them all, the last is cut first';
COMMENT ON COLUMN fees.kept IS 'Of sales from now on: the fee stays with the platform when goods come back; else it goes back in proportion';
INSERT INTO fees (fee_id, name, place) VALUES
    ('01980000-0000-7000-8000-000000000001', '{"zh-Hans": "销售佣金", "en": "Sales commission"}', 1);

CREATE TABLE fee_rules (
    rule_id     uuid PRIMARY KEY
  , fee_id      uuid NOT NULL REFERENCES fees
  , merchant_id uuid
  , category_id uuid
  , product_id  uuid
  , channel     text
  , currency    text REFERENCES currencies
  , millionths  integer NOT NULL DEFAULT 0
  , fixed       bigint NOT NULL DEFAULT 0
  , per_piece   boolean NOT NULL DEFAULT false
  , least       bigint
  , most        bigint
  , on_freight  boolean NOT NULL DEFAULT false
  , taxes       text NOT NULL DEFAULT 'shown'
  , valid_from  timestamptz NOT NULL
  , valid_to    timestamptz
  , replaces    uuid
  , set_at      timestamptz NOT NULL
  , set_by      uuid
  , ended_at    timestamptz
  , ended_by    uuid
  , CONSTRAINT a_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_fixed_part_is_not_negative CHECK (fixed >= 0)
  , CONSTRAINT the_least_is_no_more_than_the_most CHECK (0 <= least AND least <= most OR least IS NULL AND 0 <= most OR most IS NULL AND 0 <= least
                                                         OR least IS NULL AND most IS NULL)
  , CONSTRAINT amounts_are_of_a_currency CHECK (currency IS NOT NULL OR fixed = 0 AND least IS NULL AND most IS NULL)
  , CONSTRAINT goods_are_of_a_merchant CHECK (product_id IS NULL OR merchant_id IS NOT NULL AND category_id IS NULL)
  , CONSTRAINT a_sale_comes_by_a_channel CHECK (channel IN ('shop', 'live', 'amazon', 'agent'))
  , CONSTRAINT taxes_are_counted_in_one_way CHECK (taxes IN ('shown', 'without', 'with'))
  , CONSTRAINT a_rule_ends_after_it_begins CHECK (valid_from <= valid_to)
  , CONSTRAINT an_end_was_set_by_somebody CHECK (ended_by IS NULL OR ended_at IS NOT NULL AND valid_to IS NOT NULL)
);
COMMENT ON TABLE fee_rules IS 'reference: how a fee is reckoned for some sales; of each fee the most specific rule counts, of two the same the newer';
COMMENT ON COLUMN fee_rules.merchant_id IS 'Sales of this merchant; none: of everybody';
COMMENT ON COLUMN fee_rules.category_id IS 'This category and those below it; none: all';
COMMENT ON COLUMN fee_rules.product_id IS 'This product alone';
COMMENT ON COLUMN fee_rules.channel IS 'By which channel it was sold: shop, live, amazon, agent; none: by any';
COMMENT ON COLUMN fee_rules.currency IS 'What its amounts are in, and of which sales it counts; none: of all, and it has no amounts';
COMMENT ON COLUMN fee_rules.millionths IS 'The rate in parts per million: 50000 is 5 %';
COMMENT ON COLUMN fee_rules.fixed IS 'On top of the rate, in minor units, for each line of an order or for each of its pieces';
COMMENT ON COLUMN fee_rules.least IS 'The least that a line pays, in minor units';
COMMENT ON COLUMN fee_rules.most IS 'The most that a line pays, in minor units';
COMMENT ON COLUMN fee_rules.on_freight IS 'Whether the line''s part of the freight counts too';
COMMENT ON COLUMN fee_rules.taxes IS 'What the rate is taken of: prices as they are shown, without the taxes in them, or with those on top too';
COMMENT ON COLUMN fee_rules.valid_to IS 'Not counting any more from then on; the same as valid_from: withdrawn before it began';
COMMENT ON COLUMN fee_rules.replaces IS 'The rule that this one was set instead of';
COMMENT ON COLUMN fee_rules.ended_at IS 'When it was said that it ends';
CREATE INDEX fee_rules_of_a_merchant ON fee_rules (merchant_id, valid_to);
CREATE INDEX fee_rules_set_instead ON fee_rules (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX fee_rules_by_beginning ON fee_rules (valid_from DESC, rule_id DESC);

CREATE TABLE fee_taxes (
    fee_id     uuid NOT NULL REFERENCES fees
  , valid_from timestamptz NOT NULL
  , millionths integer NOT NULL
  , set_at     timestamptz NOT NULL
  , set_by     uuid
  , PRIMARY KEY (fee_id, valid_from)
  , CONSTRAINT a_tax_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
);
COMMENT ON TABLE fee_taxes IS 'reference: the rate of tax on a fee, on top of it, from a moment until the next; before the first: none';

-- trade.orders

-- One purchase of a buyer, and in it one order per merchant.

CREATE TABLE purchase_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE purchase_transitions IS 'reference: the states of a purchase that follow each other';
INSERT INTO purchase_transitions (from_state, to_state) VALUES
    ('nowhere', 'placed'), ('nowhere', 'paid'), ('placed', 'paid'), ('placed', 'cancelled');

CREATE TABLE purchases (
    buyer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , code        text NOT NULL
  , state       text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , total       bigint NOT NULL
  , contact     jsonb NOT NULL
  , address     jsonb NOT NULL
  , locale      text NOT NULL
  , source      text
  , placed_at   timestamptz NOT NULL DEFAULT now()
  , pay_by      timestamptz NOT NULL
  , tendered    bigint NOT NULL DEFAULT 0
  , deposit     bigint NOT NULL DEFAULT 0
  , team_id     uuid
  , PRIMARY KEY (buyer_id, purchase_id)
  , CONSTRAINT a_total_is_not_negative CHECK (total >= 0)
  , CONSTRAINT purses_pay_the_total_at_most CHECK (0 <= tendered AND tendered <= total)
  , CONSTRAINT a_deposit_is_a_part_of_the_total CHECK (0 <= deposit AND (deposit = 0 OR (deposit < total AND tendered = 0)))
);
COMMENT ON TABLE purchases IS 'by buyer: what a buyer bought at once and pays at once; its id is the idempotency key of placing it';
COMMENT ON COLUMN purchases.contact IS '{name, email, phone}';
COMMENT ON COLUMN purchases.pay_by IS 'Until then stock is reserved for it; a sweep cancels what is unpaid after';
COMMENT ON COLUMN purchases.source IS 'Opaque: shop, shop:replay:<session>:<second of its replay>, live:<session>:<second since it began>, ucp:<client>, import:<name of the source>:<its id>';
COMMENT ON COLUMN purchases.tendered IS 'Of total, what the buyer''s purses pay (balance and points, see payments); the rest is collected by a channel';
COMMENT ON COLUMN purchases.deposit IS 'Of total, what is paid first, where it is of a presale: see presale_bookings; the rest when its time has come';
COMMENT ON COLUMN purchases.team_id IS 'Opaque: the team of buyers that its one order waits for once it is paid (see groups)';
CREATE INDEX purchases_by_id ON purchases (purchase_id);
CREATE INDEX purchases_of_a_buyer ON purchases (buyer_id, placed_at DESC, purchase_id DESC);
CREATE INDEX purchases_unpaid ON purchases (pay_by) WHERE state = 'placed';

CREATE TABLE purchase_history (
    buyer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (buyer_id, purchase_id, step)
  , FOREIGN KEY (buyer_id, purchase_id) REFERENCES purchases
  , FOREIGN KEY (from_state, to_state) REFERENCES purchase_transitions
);
COMMENT ON TABLE purchase_history IS 'by buyer, append-only: each change of a purchase''s state';

CREATE TABLE order_codes (
    code        text PRIMARY KEY
  , purchase_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , merchant_id uuid
  , order_id    uuid
  , CONSTRAINT an_orders_code_names_its_merchant CHECK ((merchant_id IS NULL) = (order_id IS NULL))
);
COMMENT ON TABLE order_codes IS 'by key: the short code of a purchase (P-…) or of an order (S-…), and whose it is';

CREATE TABLE order_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE order_transitions IS 'reference: the states of an order that follow each other';
INSERT INTO order_transitions (from_state, to_state) VALUES
    ('nowhere', 'placed'), ('nowhere', 'completed'), ('nowhere', 'cancelled')
  , ('placed', 'paid'), ('placed', 'held'), ('placed', 'cancelled'), ('held', 'paid'), ('held', 'cancelled')
  , ('paid', 'held'), ('paid', 'shipped'), ('paid', 'partly_shipped'), ('paid', 'cancelled')
  , ('partly_shipped', 'shipped'), ('shipped', 'completed'), ('shipped', 'cancelled');

CREATE TABLE orders (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , purchase_id  uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , code         text NOT NULL
  , state        text NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , goods        bigint NOT NULL
  , freight      bigint NOT NULL
  , tax_added    bigint NOT NULL
  , tax_included bigint NOT NULL
  , total        bigint NOT NULL
  , commission   bigint NOT NULL
  , refunded     bigint NOT NULL DEFAULT 0
  , commission_returned bigint NOT NULL DEFAULT 0
  , delivery     jsonb NOT NULL
  , contact      jsonb NOT NULL
  , address      jsonb NOT NULL
  , note         text NOT NULL DEFAULT ''
  , source       text
  , import_run   uuid
  , placed_at    timestamptz NOT NULL DEFAULT now()
  , paid_at      timestamptz
  , shipped_at   timestamptz
  , delivered_at timestamptz
  , receive_by   timestamptz
  , completed_at timestamptz
  , cancelled_at timestamptz
  , cancel_reason text
  , buyer_name     text GENERATED ALWAYS AS (lower(address ->> 'name')) STORED
  , phone_backward text GENERATED ALWAYS AS (reverse(regexp_replace(address ->> 'phone', '[^0-9]', '', 'g'))) STORED
  , contact_phone  text GENERATED ALWAYS AS (contact ->> 'phone') STORED
  , contact_email  text GENERATED ALWAYS AS (contact ->> 'email') STORED
  , packing_at   timestamptz
  , reminded_at  timestamptz
  , extended_at  timestamptz
  , hidden_at    timestamptz
  , open_cases   integer NOT NULL DEFAULT 0
  , subsidy      bigint NOT NULL DEFAULT 0
  , subsidy_returned bigint NOT NULL DEFAULT 0
  , freight_offers jsonb NOT NULL DEFAULT '[]'
  , freight_fees jsonb NOT NULL DEFAULT '[]'
  , fee_tax      bigint NOT NULL DEFAULT 0
  , fee_tax_returned bigint NOT NULL DEFAULT 0
  , ship_hours   integer
  , ship_by      timestamptz
  , freight_tax  bigint NOT NULL DEFAULT 0
  , freight_tax_millionths integer NOT NULL DEFAULT 0
  , freight_tax_inclusive boolean NOT NULL DEFAULT true
  , tax_country  text GENERATED ALWAYS AS (upper(address ->> 'country')) STORED
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT open_cases_are_counted CHECK (open_cases >= 0)
  , CONSTRAINT an_order_adds_up CHECK (total = goods + freight + tax_added)
  , CONSTRAINT fees_are_part_of_what_the_merchant_gets CHECK (0 <= commission AND commission <= total + subsidy)
  , CONSTRAINT tax_is_part_of_the_fees CHECK (0 <= fee_tax AND fee_tax <= commission)
  , CONSTRAINT never_take_back_more_subsidy CHECK (0 <= subsidy_returned AND subsidy_returned <= subsidy)
  , CONSTRAINT never_refund_more_than_paid CHECK (0 <= refunded AND refunded <= total)
  , CONSTRAINT never_return_more_commission CHECK (0 <= commission_returned AND commission_returned <= commission)
  , CONSTRAINT never_return_more_tax CHECK (0 <= fee_tax_returned AND fee_tax_returned <= fee_tax)
  , CONSTRAINT a_promise_is_an_hour_at_least CHECK (ship_hours > 0)
  , CONSTRAINT completed_means_when CHECK ((state = 'completed') = (completed_at IS NOT NULL))
  , CONSTRAINT cancelled_means_when CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL))
);
COMMENT ON TABLE orders IS 'by merchant: the part of a purchase that one merchant delivers';
COMMENT ON COLUMN orders.goods IS 'Sum of its lines, in minor units, inclusive taxes included';
COMMENT ON COLUMN orders.tax_added IS 'Taxes on top of the shown prices';
COMMENT ON COLUMN orders.tax_included IS 'Taxes inside goods and freight';
COMMENT ON COLUMN orders.commission IS 'Frozen at sale: all fees of goods and freight, with the tax on them';
COMMENT ON COLUMN orders.fee_tax IS 'Of commission, the tax on fees, which the platform owes the tax office';
COMMENT ON COLUMN orders.fee_tax_returned IS 'Of commission_returned, the tax in it';
COMMENT ON COLUMN orders.freight_fees IS 'Frozen at sale: what of the fees is for the freight, as order_lines.fees';
COMMENT ON COLUMN orders.refunded IS 'Of total, given back to the buyer or on its way there';
COMMENT ON COLUMN orders.commission_returned IS 'Of commission, given back to the merchant because of refunds';
COMMENT ON COLUMN orders.subsidy IS 'Of what promotions took off goods and freight, what the platform pays the merchant; frozen at sale';
COMMENT ON COLUMN orders.subsidy_returned IS 'Of subsidy, taken back because of refunds';
COMMENT ON COLUMN orders.freight_tax IS 'Frozen at sale, of tax_included or tax_added, the part of the freight; its rate is freight_tax_millionths';
COMMENT ON COLUMN orders.tax_country IS 'The place of supply: the country that it is sent to, which no later change of the address leaves';
COMMENT ON COLUMN orders.freight_offers IS 'What promotions took off the freight, as order_lines.offers';
COMMENT ON COLUMN orders.ship_hours IS 'Frozen at sale: hours after payment in which the first of it is to leave the house, where a line promises that; none: see ship_by';
COMMENT ON COLUMN orders.ship_by IS 'By when it is to leave the house: as agreed in a presale, or as promised and once paid; none: within 48 hours of payment, as every order';
COMMENT ON COLUMN orders.delivery IS 'The chosen freight option as it was: {template_id, name, days_from, days_to}';
COMMENT ON COLUMN orders.import_run IS 'Opaque: which import brought it';
COMMENT ON COLUMN orders.buyer_name IS 'Who receives it, in small letters, as staff look for it by its beginning';
COMMENT ON COLUMN orders.phone_backward IS 'The digits of the receiver''s telephone from the last to the first: staff know the last four';
COMMENT ON COLUMN orders.receive_by IS 'Receipt counts as confirmed then';
COMMENT ON COLUMN orders.contact_email IS 'A column, since under row-level security no index on an expression over jsonb is used';
COMMENT ON COLUMN orders.packing_at IS 'The shop has begun to pack it: from now on a buyer asks before it is cancelled or sent elsewhere';
COMMENT ON COLUMN orders.reminded_at IS 'When the buyer last asked the shop to hurry';
COMMENT ON COLUMN orders.extended_at IS 'When the buyer was given more time to receive it, once';
COMMENT ON COLUMN orders.open_cases IS 'After-sales cases that are not ended: meanwhile receipt does not count as confirmed by time alone';
COMMENT ON COLUMN orders.hidden_at IS 'The buyer has taken it off their list; it is there for everybody else';
CREATE INDEX orders_of_a_buyer ON orders (buyer_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_buyer_by_state ON orders (buyer_id, state, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_buyer_refunded ON orders (buyer_id, placed_at DESC, order_id DESC) WHERE refunded > 0;
CREATE INDEX orders_with_a_reminder ON orders (merchant_id, reminded_at) WHERE reminded_at IS NOT NULL AND state IN ('paid', 'partly_shipped');
CREATE INDEX orders_of_a_purchase ON orders (purchase_id);
CREATE INDEX orders_of_a_merchant ON orders (merchant_id, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_merchant_by_state ON orders (merchant_id, state, placed_at DESC, order_id DESC);
CREATE INDEX orders_of_a_contact_phone ON orders (merchant_id, contact_phone);
CREATE INDEX orders_of_an_email ON orders (merchant_id, contact_email) WHERE contact_email IS NOT NULL;
CREATE INDEX orders_to_send_by_payment ON orders (merchant_id, paid_at) WHERE state IN ('paid', 'partly_shipped') AND ship_by IS NULL;
CREATE INDEX orders_to_send_by_day ON orders (merchant_id, ship_by) WHERE state IN ('paid', 'partly_shipped') AND ship_by IS NOT NULL;
CREATE INDEX orders_awaiting_receipt ON orders (merchant_id, receive_by, order_id) WHERE state = 'shipped';
CREATE INDEX orders_sought_by_code ON orders (code text_pattern_ops, merchant_id);
CREATE INDEX orders_by_buyer_name ON orders (buyer_name text_pattern_ops, merchant_id);
CREATE INDEX orders_by_phone ON orders (phone_backward text_pattern_ops, merchant_id);
CREATE INDEX orders_by_time ON orders (placed_at DESC, order_id DESC);
CREATE INDEX orders_by_payment_time ON orders (paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_of_a_merchant_by_payment_time ON orders (merchant_id, paid_at) INCLUDE (buyer_id) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_of_a_merchants_buyer ON orders (merchant_id, buyer_id, paid_at) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_given_back_by_payment_time ON orders (paid_at, merchant_id) WHERE refunded > 0;
CREATE INDEX orders_called_off ON orders (merchant_id, cancelled_at) WHERE cancelled_at IS NOT NULL;
CREATE INDEX orders_to_complete ON orders (receive_by) WHERE state = 'shipped' AND open_cases = 0;
CREATE UNIQUE INDEX an_order_is_imported_once ON orders (merchant_id, source) WHERE source LIKE 'import:%';
-- The last of them: of indexes that seem to cost the same the planner takes the newest, and while there are few orders, or
-- nobody has counted them, all those that begin with the merchant seem to. One of those would be asked for each new row's
-- order, and go through all orders of its merchant. See tests/trade/test_plans.py.
CREATE INDEX orders_by_id ON orders (order_id);

CREATE TABLE order_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (from_state, to_state) REFERENCES order_transitions
);
COMMENT ON TABLE order_history IS 'by merchant, append-only: each change of an order''s state';

CREATE TABLE order_acts (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , act         integer NOT NULL
  , kind        text NOT NULL
  , facts       jsonb NOT NULL DEFAULT '{}'
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, act)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_act_is_of_a_known_kind CHECK (kind IN ('packing', 'reminded', 'extended', 'readdressed', 'hidden', 'shown'))
);
COMMENT ON TABLE order_acts IS 'by merchant: what was done about an order without changing its state, and who did it when';
COMMENT ON COLUMN order_acts.facts IS 'readdressed: {before, after} as addresses; extended: {days}';

CREATE TABLE order_lines (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , line         integer NOT NULL
  , product_id   uuid NOT NULL
  , sku_id       uuid NOT NULL
  , kind         text NOT NULL DEFAULT 'goods'
  , title        jsonb NOT NULL
  , options      jsonb NOT NULL DEFAULT '[]'
  , picture      text
  , sku_code     text NOT NULL
  , quantity     integer NOT NULL
  , unit_price   bigint NOT NULL
  , unit_price_micros bigint
  , amount       bigint NOT NULL
  , tax          bigint NOT NULL DEFAULT 0
  , tax_millionths integer NOT NULL DEFAULT 0
  , tax_inclusive boolean NOT NULL DEFAULT true
  , commission   bigint NOT NULL DEFAULT 0
  , refunded_quantity integer NOT NULL DEFAULT 0
  , refunded     bigint NOT NULL DEFAULT 0
  , source_line  text
  , discount     bigint NOT NULL DEFAULT 0
  , offers       jsonb NOT NULL DEFAULT '[]'
  , fees         jsonb NOT NULL DEFAULT '[]'
  , no_return    text
  , gift         jsonb
  , gift_charged bigint NOT NULL DEFAULT 0
  , ship_hours   integer
  , authentic_times integer NOT NULL DEFAULT 0
  , free_returns boolean NOT NULL DEFAULT false
  , tax_class    text NOT NULL DEFAULT 'standard'
  , PRIMARY KEY (merchant_id, order_id, line)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_line_sells_something CHECK (quantity > 0)
  , CONSTRAINT a_line_costs_nothing_or_more CHECK (unit_price >= 0 AND amount >= 0)
  , CONSTRAINT a_gift_says_why CHECK ((kind = 'gift') = (gift IS NOT NULL))
  , CONSTRAINT only_a_gift_is_charged CHECK (gift_charged = 0 OR (gift IS NOT NULL AND gift_charged > 0))
  , CONSTRAINT a_discount_is_not_negative CHECK (discount >= 0)
  , CONSTRAINT never_refund_more_than_sold CHECK (0 <= refunded_quantity AND refunded_quantity <= quantity)
);
COMMENT ON TABLE order_lines IS 'by merchant: what was sold, as it was at that moment';
COMMENT ON COLUMN order_lines.kind IS 'goods, gift, or for imported lines: postage, fee, sample, voucher, adjustment …';
COMMENT ON COLUMN order_lines.amount IS 'What the pieces cost together; unit_price times quantity, less the discount, unless a sub-unit price was rounded';
COMMENT ON COLUMN order_lines.discount IS 'What promotions took off: amount is without it';
COMMENT ON COLUMN order_lines.offers IS 'Frozen at sale: [{promotion_id, name, amount, platform}]; of each amount the platform paid its part, the merchant the rest';
COMMENT ON COLUMN order_lines.commission IS 'Frozen at sale: all fees of the goods, with the tax on them';
COMMENT ON COLUMN order_lines.fees IS 'Frozen at sale: [{fee_id, name, amount, tax, tax_millionths, kept, rule_id, millionths}], what is nothing left out; see docs/algorithms/fees.md';
COMMENT ON COLUMN order_lines.no_return IS 'Frozen at sale: why it is not returned without a reason, as its category said, and the buyer confirmed where the law wants that';
COMMENT ON COLUMN order_lines.gift IS 'Frozen at sale, of what came for nothing: {promotion_id, name, worth, over, counted, of: [[line, what it counted for]]}';
COMMENT ON COLUMN order_lines.gift_charged IS 'What was kept back of refunds, since the gift was not earned any more and was not sent back';
COMMENT ON COLUMN order_lines.ship_hours IS 'Frozen at sale: hours after payment in which it is promised to leave the house; none: no promise';
COMMENT ON COLUMN order_lines.authentic_times IS 'Frozen at sale: how many times its price a counterfeit costs the shop';
COMMENT ON COLUMN order_lines.free_returns IS 'Frozen at sale: whether the shop bears what sending it back costs, whatever the reason';
COMMENT ON COLUMN order_lines.tax_class IS 'Frozen at sale: of what class the goods were; a rate of nothing does not tell zero-rated from exempt';
COMMENT ON COLUMN order_lines.unit_price_micros IS 'Of an imported line: the price of a piece in millionths of the major unit, when minor units cannot say it';
COMMENT ON COLUMN order_lines.source_line IS 'Of an imported line: its name in its order where it comes from';
COMMENT ON COLUMN order_lines.refunded IS 'Of amount and added tax, given back';
CREATE INDEX order_lines_of_an_order ON order_lines (order_id, line);
CREATE INDEX order_lines_of_a_product ON order_lines (merchant_id, product_id);
CREATE INDEX order_lines_of_an_article ON order_lines (merchant_id, sku_code);
CREATE INDEX order_lines_of_a_sku ON order_lines (merchant_id, sku_id);

CREATE TABLE order_notes (
    merchant_id uuid NOT NULL
  , note_id     uuid NOT NULL
  , order_id    uuid NOT NULL
  , said        text NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, note_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_note_says_something CHECK (said <> '')
);
COMMENT ON TABLE order_notes IS 'by merchant, append-only: what a shop''s staff tell each other about an order; buyers never see it';
CREATE INDEX order_notes_by_time ON order_notes (merchant_id, at DESC);
CREATE INDEX order_notes_of_an_order ON order_notes (merchant_id, order_id, at);

CREATE TABLE order_note_mentions (
    merchant_id uuid NOT NULL
  , note_id     uuid NOT NULL
  , account_id  uuid NOT NULL
  , order_id    uuid NOT NULL
  , seen_at     timestamptz
  , PRIMARY KEY (merchant_id, note_id, account_id)
  , FOREIGN KEY (merchant_id, note_id) REFERENCES order_notes
);
COMMENT ON TABLE order_note_mentions IS 'by merchant: who of the staff is named in a note, and when they opened its order since';
CREATE INDEX order_note_mentions_unseen ON order_note_mentions (merchant_id, account_id, order_id) WHERE seen_at IS NULL;

CREATE TABLE presale_bookings (
    merchant_id     uuid NOT NULL
  , order_id        uuid NOT NULL
  , purchase_id     uuid NOT NULL
  , buyer_id        uuid NOT NULL
  , session_id      uuid NOT NULL
  , quantity        integer NOT NULL
  , deposit         bigint NOT NULL
  , counts_for      bigint NOT NULL
  , deposit_until   timestamptz NOT NULL
  , balance_from    timestamptz NOT NULL
  , balance_until   timestamptz NOT NULL
  , ships_by        timestamptz NOT NULL
  , forfeits        boolean NOT NULL
  , created_at      timestamptz NOT NULL DEFAULT now()
  , deposit_payment uuid
  , deposit_paid_at timestamptz
  , called_off_at   timestamptz
  , opened_at       timestamptz
  , warned_at       timestamptz
  , reason          text NOT NULL DEFAULT ''
  , ended_at        timestamptz
  , outcome         text
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_deposit_counts_for_no_less_than_it_is CHECK (0 <= deposit AND deposit <= counts_for)
  , CONSTRAINT a_paid_deposit_has_its_payment CHECK ((deposit_payment IS NULL) = (deposit_paid_at IS NULL))
  , CONSTRAINT an_end_is_of_a_kind CHECK (outcome IN ('dropped', 'forfeited', 'returned') AND (outcome IS NULL) = (ended_at IS NULL))
  , CONSTRAINT only_what_was_paid_is_given_up CHECK ((outcome = 'dropped') = (deposit_paid_at IS NULL))
  , CONSTRAINT what_is_called_off_is_not_given_up CHECK (called_off_at IS NULL OR outcome <> 'forfeited')
);
COMMENT ON TABLE presale_bookings IS 'by merchant: orders of presales, what is paid of each when, as it was when they were placed';
COMMENT ON COLUMN presale_bookings.session_id IS 'Of which presale';
COMMENT ON COLUMN presale_bookings.deposit IS 'What is paid first, in minor units of the order''s currency; 0: it is paid whole, and sent later';
COMMENT ON COLUMN presale_bookings.counts_for IS 'What the deposit is worth when the balance is paid; what it is worth more is a discount of the order''s line';
COMMENT ON COLUMN presale_bookings.forfeits IS 'Who does not pay the balance in time, or steps back, gives the deposit up; else it goes back';
COMMENT ON COLUMN presale_bookings.deposit_payment IS 'The payment that the deposit was paid by';
COMMENT ON COLUMN presale_bookings.called_off_at IS 'When the shop or the platform said that it is not delivered; a sweep drops it, and the deposit goes back';
COMMENT ON COLUMN presale_bookings.opened_at IS 'When its buyer was told that the balance can be paid, or need not be told any more';
COMMENT ON COLUMN presale_bookings.warned_at IS 'When its buyer was told that it is soon too late for the balance, or need not be told any more';
COMMENT ON COLUMN presale_bookings.outcome IS 'How it ended without being bought: dropped before anything was paid, deposit forfeited, deposit returned';
CREATE INDEX presale_bookings_of_a_presale ON presale_bookings (merchant_id, session_id, order_id);
CREATE INDEX presale_bookings_of_a_buyer ON presale_bookings (buyer_id, created_at DESC, order_id DESC);
CREATE INDEX presale_bookings_of_a_purchase ON presale_bookings (purchase_id);
CREATE INDEX presale_bookings_to_open ON presale_bookings (balance_from)
    WHERE opened_at IS NULL AND deposit_paid_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX presale_bookings_to_warn ON presale_bookings (balance_until)
    WHERE warned_at IS NULL AND deposit_paid_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX presale_bookings_called_off ON presale_bookings (called_off_at) WHERE called_off_at IS NOT NULL AND ended_at IS NULL;

-- trade.groups

-- What shops sell cheaper to so many buyers together, and the teams in which they come together.

CREATE TABLE group_offers (
    merchant_id uuid NOT NULL
  , offer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , prices      jsonb NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , size        integer NOT NULL
  , hours       integer NOT NULL
  , pieces      integer NOT NULL
  , taken       integer NOT NULL DEFAULT 0
  , per_buyer   integer
  , enough      integer
  , starts_at   timestamptz NOT NULL
  , ends_at     timestamptz NOT NULL
  , created_at  timestamptz NOT NULL DEFAULT now()
  , stopped_at  timestamptz
  , stopped_by  text
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, offer_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT a_group_is_more_than_one CHECK (2 <= size AND size <= 100)
  , CONSTRAINT a_team_has_some_hours CHECK (1 <= hours AND hours <= 72)
  , CONSTRAINT never_take_more_pieces_than_are_offered CHECK (0 <= taken AND taken <= pieces AND pieces > 0)
  , CONSTRAINT a_limit_is_one_piece_at_least CHECK (per_buyer > 0)
  , CONSTRAINT enough_is_less_than_all CHECK (1 <= enough AND enough < size)
  , CONSTRAINT an_offer_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT stopped_means_by_whom CHECK ((stopped_at IS NULL) = (stopped_by IS NULL))
);
COMMENT ON TABLE group_offers IS 'by merchant: at which price a product is sold to a team of buyers';
COMMENT ON COLUMN group_offers.prices IS 'What a piece costs a member of a team, in minor units, by SKU: what is not here is not offered';
COMMENT ON COLUMN group_offers.size IS 'So many buyers are a whole team';
COMMENT ON COLUMN group_offers.hours IS 'So long a team waits for its last member';
COMMENT ON COLUMN group_offers.pieces IS 'How many are sold at this price, by all teams together; they are not set aside';
COMMENT ON COLUMN group_offers.taken IS 'Of those, in orders of teams that have not failed';
COMMENT ON COLUMN group_offers.per_buyer IS 'How many of them one buyer can have; none: as many as there are';
COMMENT ON COLUMN group_offers.enough IS 'When a team''s time is over, so many paid members are enough for it to succeed; none: only all of them';
CREATE INDEX group_offers_running ON group_offers (ends_at) WHERE stopped_at IS NULL;
CREATE INDEX group_offers_of_a_product ON group_offers (merchant_id, product_id, ends_at) WHERE stopped_at IS NULL;

CREATE TABLE group_teams (
    merchant_id uuid NOT NULL
  , team_id     uuid NOT NULL
  , offer_id    uuid NOT NULL
  , code        text NOT NULL
  , opened_by   uuid NOT NULL
  , size        integer NOT NULL
  , hours       integer NOT NULL
  , enough      integer
  , members     integer NOT NULL
  , paid        integer NOT NULL DEFAULT 0
  , created_at  timestamptz NOT NULL DEFAULT now()
  , opened_at   timestamptz
  , ends_at     timestamptz
  , full_at     timestamptz
  , failed_at   timestamptz
  , PRIMARY KEY (merchant_id, team_id)
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES group_offers
  , CONSTRAINT never_more_than_its_size CHECK (0 <= paid AND paid <= members AND members <= size)
  , CONSTRAINT an_open_team_has_a_deadline CHECK ((opened_at IS NULL) = (ends_at IS NULL))
  , CONSTRAINT a_team_ends_one_way CHECK (full_at IS NULL OR failed_at IS NULL)
  , CONSTRAINT full_means_all_or_enough CHECK (full_at IS NULL OR (paid >= coalesce(enough, size) AND opened_at IS NOT NULL))
);
COMMENT ON TABLE group_teams IS 'by merchant: buyers who buy together; size, hours and what is enough are those of its offer when it was begun';
COMMENT ON COLUMN group_teams.opened_by IS 'Opaque: the buyer who began it';
COMMENT ON COLUMN group_teams.members IS 'Who has placed an order in it, paid or not yet; of a team that has ended, as it was then';
COMMENT ON COLUMN group_teams.opened_at IS 'When who began it had paid: before that nobody else can join';
COMMENT ON COLUMN group_teams.full_at IS 'When it succeeded: its orders are sent';
COMMENT ON COLUMN group_teams.failed_at IS 'When it came to nothing: its orders are called off, and their money goes back';
CREATE INDEX group_teams_of_an_offer ON group_teams (merchant_id, offer_id, team_id DESC);
CREATE INDEX group_teams_open ON group_teams (merchant_id, offer_id, ends_at)
    WHERE opened_at IS NOT NULL AND full_at IS NULL AND failed_at IS NULL;
CREATE INDEX group_teams_to_end ON group_teams (ends_at) WHERE full_at IS NULL AND failed_at IS NULL;

CREATE TABLE group_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , team_id     uuid NOT NULL
);
COMMENT ON TABLE group_codes IS 'by key: the short code of a team (G-…), which its link bears, and where it is';

CREATE TABLE group_members (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , team_id     uuid NOT NULL
  , offer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , sku_id      uuid NOT NULL
  , pieces      integer NOT NULL
  , placed_at   timestamptz NOT NULL DEFAULT now()
  , paid_at     timestamptz
  , gone_at     timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (merchant_id, team_id) REFERENCES group_teams
  , CONSTRAINT a_member_buys_something CHECK (pieces > 0)
);
COMMENT ON TABLE group_members IS 'by merchant: who is in a team with which order';
COMMENT ON COLUMN group_members.purchase_id IS 'Opaque: what the buyer pays for it';
COMMENT ON COLUMN group_members.gone_at IS 'When the order was dropped unpaid, or called off before the team succeeded: its place and pieces are free again';
CREATE UNIQUE INDEX a_buyer_is_in_a_team_once ON group_members (merchant_id, team_id, buyer_id) WHERE gone_at IS NULL;
CREATE INDEX group_members_of_a_purchase ON group_members (purchase_id);
CREATE INDEX group_members_of_a_buyer ON group_members (merchant_id, offer_id, buyer_id) WHERE gone_at IS NULL;

-- trade.checkout

-- Checkouts under way: what a buyer, at a page or through an agent, is about to place.

CREATE TABLE checkouts (
    checkout_id uuid PRIMARY KEY
  , buyer_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , client      text NOT NULL
  , state       text NOT NULL
  , currency    text NOT NULL
  , locale      text NOT NULL
  , lines       jsonb NOT NULL
  , contact     jsonb NOT NULL DEFAULT '{}'
  , address     jsonb NOT NULL DEFAULT '{}'
  , deliveries  jsonb NOT NULL DEFAULT '{}'
  , notes       jsonb NOT NULL DEFAULT '{}'
  , invoice     jsonb
  , codes       jsonb NOT NULL DEFAULT '[]'
  , discounts   jsonb NOT NULL DEFAULT '[]'
  , from_cart   boolean NOT NULL DEFAULT false
  , purses      jsonb NOT NULL DEFAULT '[]'
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , expires_at  timestamptz NOT NULL
  , CONSTRAINT a_checkout_is_open_or_done CHECK (state IN ('open', 'placed', 'completed', 'cancelled'))
);
COMMENT ON TABLE checkouts IS 'by key: a checkout: its lines, buyer, address and delivery choices, before and while it becomes a purchase';
COMMENT ON COLUMN checkouts.purchase_id IS 'The id that its purchase has or will have; a new one after a failed payment';
COMMENT ON COLUMN checkouts.client IS 'shop, shop:replay:<session>:<second>, live:<session>:<second>, or the profile of the agent that opened it';
COMMENT ON COLUMN checkouts.lines IS '[{line_id, sku_id, quantity, seen_price, confirmed}]; confirmed: that it cannot be returned without a reason';
COMMENT ON COLUMN checkouts.deliveries IS 'merchant_id → template_id of the chosen freight option';
COMMENT ON COLUMN checkouts.notes IS 'merchant_id → what the buyer writes to the shop';
COMMENT ON COLUMN checkouts.invoice IS 'To whom invoices are to be written once it is paid: {company, name, tax_number}; none when none are wanted';
COMMENT ON COLUMN checkouts.purses IS 'What of the buyer''s own is to pay what it can: [balance, points]';
COMMENT ON COLUMN checkouts.codes IS 'Codes of coupons that are used for it if they can, in capitals; claimed when it is placed';
COMMENT ON COLUMN checkouts.discounts IS 'What promotions took off when it was placed, by line and by freight: the same as its order lines keep';
COMMENT ON COLUMN checkouts.from_cart IS 'Placing it takes its lines out of the buyer''s cart';
CREATE INDEX checkouts_never_placed ON checkouts (expires_at) WHERE state IN ('open', 'cancelled');
CREATE INDEX checkouts_of_a_buyer ON checkouts (buyer_id);
CREATE INDEX checkouts_of_a_purchase ON checkouts (purchase_id);

-- trade.aftersales

CREATE TABLE order_refunds (
    merchant_id  uuid NOT NULL
  , refund_id    uuid NOT NULL
  , order_id     uuid NOT NULL
  , goods        bigint NOT NULL
  , freight      bigint NOT NULL
  , commission   bigint NOT NULL
  , fees         jsonb NOT NULL DEFAULT '[]'
  , fee_tax      bigint NOT NULL DEFAULT 0
  , currency     text NOT NULL
  , reason       text NOT NULL
  , note         text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , released     boolean NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , subsidy      bigint NOT NULL DEFAULT 0
  , tax          bigint
  , PRIMARY KEY (merchant_id, refund_id)
  , CONSTRAINT no_more_tax_than_money_goes_back CHECK (tax BETWEEN 0 AND goods + freight)
  , CONSTRAINT a_refund_gives_something_back CHECK (goods >= 0 AND freight >= 0 AND goods + freight > 0)
  , CONSTRAINT a_refund_has_a_reason CHECK (reason IN ('cancelled', 'paid_late', 'goodwill', 'returned', 'imported', 'price_protection'
                                                       , 'refused_at_the_door', 'chargeback', 'uncollected'))
);
COMMENT ON TABLE order_refunds IS 'by merchant, append-only: what was given back of an order and why';
COMMENT ON COLUMN order_refunds.goods IS 'Of the lines, added tax included';
COMMENT ON COLUMN order_refunds.commission IS 'Fees given back with it, with the tax on them';
COMMENT ON COLUMN order_refunds.fees IS 'Of each fee: [{fee_id, amount, tax}], what is nothing left out';
COMMENT ON COLUMN order_refunds.fee_tax IS 'Of commission, the tax';
COMMENT ON COLUMN order_refunds.subsidy IS 'Of what the platform pays the merchant for promotions, taken back with it';
COMMENT ON COLUMN order_refunds.tax IS 'Of goods and freight, what is tax, whether it was in the price or on top; none where history was taken over';
COMMENT ON COLUMN order_refunds.released IS 'Whether the order''s money had already been released to the merchant';
CREATE INDEX order_refunds_of_an_order ON order_refunds (order_id);
CREATE INDEX order_refunds_by_time ON order_refunds (at);
CREATE INDEX order_refunds_of_a_merchant ON order_refunds (merchant_id, at);
CREATE INDEX order_refunds_by_staff ON order_refunds (by, at) WHERE by LIKE 'staff:%';

CREATE TABLE order_refund_lines (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , amount      bigint NOT NULL
  , PRIMARY KEY (merchant_id, refund_id, line)
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES order_refunds
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
);
COMMENT ON TABLE order_refund_lines IS 'by merchant, append-only: which lines a refund is for';

CREATE TABLE cancellation_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE cancellation_transitions IS 'reference: the states of a request to cancel that follow each other';
INSERT INTO cancellation_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked'), ('asked', 'granted'), ('asked', 'refused'), ('asked', 'overtaken');

CREATE TABLE cancellation_requests (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , refund_id   uuid NOT NULL
  , state       text NOT NULL
  , reason      text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , answer      text NOT NULL DEFAULT ''
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , answer_by   timestamptz NOT NULL
  , answered_at timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_answer_has_its_time CHECK ((state = 'asked') = (answered_at IS NULL))
);
COMMENT ON TABLE cancellation_requests IS 'by merchant: a buyer asks the shop to call off an order that it is packing, once an order';
COMMENT ON COLUMN cancellation_requests.refund_id IS 'The id that the refund will have when it is granted';
COMMENT ON COLUMN cancellation_requests.answer_by IS 'Without an answer it is granted then';
COMMENT ON COLUMN cancellation_requests.state IS 'overtaken: the order was sent, or ended otherwise, before the answer';
CREATE INDEX cancellation_requests_open ON cancellation_requests (answer_by) WHERE state = 'asked';
CREATE INDEX cancellation_requests_of_a_merchant ON cancellation_requests (merchant_id, answer_by, order_id) WHERE state = 'asked';
CREATE INDEX cancellation_requests_of_a_buyer ON cancellation_requests (buyer_id);

CREATE TABLE cancellation_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES cancellation_requests
  , FOREIGN KEY (from_state, to_state) REFERENCES cancellation_transitions
);
COMMENT ON TABLE cancellation_history IS 'by merchant, append-only: each change of a request to cancel';

CREATE TABLE aftersales_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE aftersales_transitions IS 'reference: the states of an after-sales case that follow each other';
INSERT INTO aftersales_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked')
  , ('asked', 'agreed'), ('asked', 'refused'), ('asked', 'refunded'), ('asked', 'withdrawn'), ('asked', 'closed')
  , ('agreed', 'sent_back'), ('agreed', 'refunded'), ('agreed', 'withdrawn'), ('agreed', 'closed')
  , ('sent_back', 'refunded'), ('sent_back', 'refused'), ('sent_back', 'withdrawn'), ('sent_back', 'closed')
  , ('refused', 'asked'), ('refused', 'disputed'), ('refused', 'withdrawn'), ('refused', 'closed')
  , ('disputed', 'agreed'), ('disputed', 'refunded'), ('disputed', 'rejected'), ('disputed', 'withdrawn')
  , ('disputed', 'closed')
  , ('agreed', 'disputed'), ('rejected', 'disputed')
  , ('sent_back', 'accepted'), ('accepted', 'resent'), ('accepted', 'refunded'), ('accepted', 'closed')
  , ('resent', 'exchanged'), ('resent', 'disputed');

CREATE TABLE aftersales_cases (
    merchant_id  uuid NOT NULL
  , case_id      uuid NOT NULL
  , order_id     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , refund_id    uuid NOT NULL
  , kind         text NOT NULL
  , reason       text NOT NULL
  , state        text NOT NULL
  , note         text NOT NULL DEFAULT ''
  , photographs  text[] NOT NULL DEFAULT '{}'
  , freight      bigint NOT NULL DEFAULT 0
  , currency     text NOT NULL
  , rule_id      uuid REFERENCES rights_rules
  , answer       text NOT NULL DEFAULT ''
  , complaint    text NOT NULL DEFAULT ''
  , decision     text NOT NULL DEFAULT ''
  , return_to    jsonb
  , carrier      text
  , number       text
  , asked_at     timestamptz NOT NULL DEFAULT now()
  , moved_at     timestamptz NOT NULL DEFAULT now()
  , due_at       timestamptz
  , improved_at  timestamptz
  , ended_at     timestamptz
  , verdict      text
  , decided_at   timestamptz
  , decided_by   text
  , return_freight bigint NOT NULL DEFAULT 0
  , code         text NOT NULL
  , pickup_at    timestamptz
  , pickup_carrier text REFERENCES carriers
  , PRIMARY KEY (merchant_id, case_id)
  , UNIQUE (merchant_id, code)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT who_fetches_is_asked_at_a_time CHECK ((pickup_at IS NULL) = (pickup_carrier IS NULL))
  , CONSTRAINT sending_back_costs_nothing_or_more CHECK (return_freight >= 0)
  , CONSTRAINT a_decision_has_its_verdict_time_and_author CHECK ((verdict IS NULL) = (decided_at IS NULL) AND (verdict IS NULL) = (decided_by IS NULL))
  , CONSTRAINT a_case_is_of_a_known_kind CHECK (kind IN ('refund_only', 'return_refund', 'exchange', 'replacement'))
  , CONSTRAINT a_case_wants_no_negative_freight CHECK (freight >= 0)
  , CONSTRAINT ended_means_when CHECK ((state IN ('exchanged', 'refunded', 'rejected', 'withdrawn', 'closed')) = (ended_at IS NOT NULL))
  , CONSTRAINT whose_turn_it_is_has_a_deadline CHECK ((state IN ('asked', 'agreed', 'sent_back', 'refused', 'accepted', 'resent')) = (due_at IS NOT NULL))
  , CONSTRAINT a_parcel_has_carrier_and_number CHECK ((carrier IS NULL) = (number IS NULL))
  , CONSTRAINT sent_back_means_with_what CHECK (state <> 'sent_back' OR number IS NOT NULL)
  , CONSTRAINT agreed_means_where_to CHECK (state <> 'agreed' OR return_to IS NOT NULL)
  , CONSTRAINT a_dispute_says_why CHECK (state <> 'disputed' OR complaint <> '')
);
COMMENT ON TABLE aftersales_cases IS 'by merchant: a buyer asks for money back for some pieces of an order, with the goods sent back or without';
COMMENT ON COLUMN aftersales_cases.refund_id IS 'The id that the refund has, or will have';
COMMENT ON COLUMN aftersales_cases.photographs IS 'Names in the file store';
COMMENT ON COLUMN aftersales_cases.freight IS 'Of what was paid for sending, asked back too';
COMMENT ON COLUMN aftersales_cases.rule_id IS 'The version of the right by which it was admitted; none when no right had to be looked at';
COMMENT ON COLUMN aftersales_cases.answer IS 'The shop''s last words';
COMMENT ON COLUMN aftersales_cases.complaint IS 'Why the buyer asks the platform to step in';
COMMENT ON COLUMN aftersales_cases.decision IS 'The platform''s reason';
COMMENT ON COLUMN aftersales_cases.verdict IS 'What the platform decided last; none as long as it was not asked';
COMMENT ON COLUMN aftersales_cases.return_to IS 'The warehouse''s address as it was when the shop agreed';
COMMENT ON COLUMN aftersales_cases.return_freight IS 'What sending back cost by the buyer''s receipt, where the shop is to blame; see promises';
COMMENT ON COLUMN aftersales_cases.code IS 'What people call it by; it stands on the parcel that comes back';
COMMENT ON COLUMN aftersales_cases.pickup_at IS 'When a carrier was asked to fetch the goods';
COMMENT ON COLUMN aftersales_cases.due_at IS 'What happens to a silent side happens then; see docs/algorithms/after-sales.md';
COMMENT ON COLUMN aftersales_cases.improved_at IS 'When the buyer improved a refused request, once';
CREATE INDEX aftersales_cases_by_id ON aftersales_cases (case_id);
CREATE INDEX aftersales_cases_of_an_order ON aftersales_cases (order_id);
CREATE INDEX aftersales_cases_due ON aftersales_cases (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX aftersales_cases_of_a_buyer ON aftersales_cases (buyer_id, asked_at DESC, case_id DESC);
CREATE INDEX aftersales_cases_of_a_merchant ON aftersales_cases (merchant_id, asked_at DESC, case_id DESC);
CREATE INDEX aftersales_cases_of_a_merchant_by_state ON aftersales_cases (merchant_id, state, asked_at DESC, case_id DESC);
CREATE INDEX aftersales_cases_to_fetch ON aftersales_cases (pickup_at) WHERE state = 'agreed' AND pickup_at IS NOT NULL;
CREATE INDEX aftersales_cases_disputed ON aftersales_cases (moved_at, case_id) WHERE state = 'disputed';

CREATE TABLE aftersales_case_lines (
    merchant_id uuid NOT NULL
  , case_id     uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , quantity    integer NOT NULL
  , given       integer
  , restocked   integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, case_id, line)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , CONSTRAINT a_case_asks_for_pieces CHECK (quantity > 0)
  , CONSTRAINT never_give_more_than_asked CHECK (given BETWEEN 0 AND quantity)
  , CONSTRAINT never_restock_more_than_given CHECK (restocked BETWEEN 0 AND coalesce(given, 0))
);
COMMENT ON TABLE aftersales_case_lines IS 'by merchant: how many pieces of which lines a case is about';
COMMENT ON COLUMN aftersales_case_lines.given IS 'For how many of them money went back; none as long as that is not decided';
COMMENT ON COLUMN aftersales_case_lines.restocked IS 'How many of them lie on the shelf again; the others were scrapped, or stay with the buyer';
CREATE INDEX aftersales_case_lines_of_an_order ON aftersales_case_lines (order_id);

CREATE TABLE aftersales_exchanges (
    merchant_id uuid NOT NULL
  , case_id     uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , sku_id      uuid NOT NULL
  , options     jsonb NOT NULL DEFAULT '[]'
  , sku_code    text NOT NULL
  , quantity    integer NOT NULL
  , difference  bigint NOT NULL
  , turned      boolean NOT NULL DEFAULT false
  , accepted    integer
  , restocked   integer NOT NULL DEFAULT 0
  , parcel_id   uuid
  , PRIMARY KEY (merchant_id, case_id)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , CONSTRAINT nothing_is_collected_for_an_exchange CHECK (difference >= 0)
  , CONSTRAINT never_exchange_more_than_asked CHECK (accepted BETWEEN 0 AND quantity AND restocked BETWEEN 0 AND coalesce(accepted, 0))
  , CONSTRAINT what_was_sent_was_accepted CHECK (parcel_id IS NULL OR accepted IS NOT NULL)
);
COMMENT ON TABLE aftersales_exchanges IS 'by merchant: what a case is to exchange pieces of its line for; its reservation and its parcels are known by the case''s id';
COMMENT ON COLUMN aftersales_exchanges.options IS 'As they were called when it was asked for';
COMMENT ON COLUMN aftersales_exchanges.difference IS 'What goes back for all pieces asked for, since it is cheaper, in minor units';
COMMENT ON COLUMN aftersales_exchanges.turned IS 'There was not enough of it when the shop agreed: the case became a return with a refund';
COMMENT ON COLUMN aftersales_exchanges.accepted IS 'Pieces that the shop took back to exchange; none before it looked';
CREATE INDEX aftersales_exchanges_by_case ON aftersales_exchanges (case_id);

CREATE TABLE aftersales_appeals (
    merchant_id  uuid NOT NULL
  , case_id      uuid NOT NULL
  , order_id     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , side         text NOT NULL
  , verdict      text NOT NULL
  , first_by     text NOT NULL
  , first_reason text NOT NULL
  , first_at     timestamptz NOT NULL
  , words        text NOT NULL
  , photographs  text[] NOT NULL DEFAULT '{}'
  , by           text NOT NULL
  , appealed_at  timestamptz NOT NULL
  , answer_by    timestamptz NOT NULL
  , answer       text NOT NULL DEFAULT ''
  , answer_photographs text[] NOT NULL DEFAULT '{}'
  , answered_at  timestamptz
  , outcome      text
  , compensation bigint NOT NULL DEFAULT 0
  , currency     text NOT NULL
  , decision     text NOT NULL DEFAULT ''
  , decided_at   timestamptz
  , decided_by   text
  , PRIMARY KEY (merchant_id, case_id)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , CONSTRAINT one_of_two_sides_appeals CHECK (side IN ('buyer', 'shop'))
  , CONSTRAINT an_appeal_ends_in_one_of_these CHECK (outcome IN ('upheld', 'changed', 'lapsed'))
  , CONSTRAINT an_ended_appeal_has_its_time CHECK ((outcome IS NULL) = (decided_at IS NULL))
  , CONSTRAINT somebody_else_decides_about_an_appeal CHECK (decided_by <> first_by)
  , CONSTRAINT only_a_changed_decision_is_made_good CHECK (compensation >= 0 AND (compensation = 0 OR outcome = 'changed'))
);
COMMENT ON TABLE aftersales_appeals IS 'by merchant: an appeal against the platform''s decision of a case, one in a case';
COMMENT ON COLUMN aftersales_appeals.verdict IS 'The decision that is appealed against, with first_by and first_reason';
COMMENT ON COLUMN aftersales_appeals.answer_by IS 'Until when the other side may answer; after that it is decided without';
COMMENT ON COLUMN aftersales_appeals.compensation IS 'What the platform paid the shop for a refund that was wrong';
CREATE INDEX aftersales_appeals_by_case ON aftersales_appeals (case_id);
CREATE INDEX aftersales_appeals_of_a_buyer ON aftersales_appeals (buyer_id);
CREATE INDEX aftersales_appeals_open ON aftersales_appeals (appealed_at, case_id) WHERE outcome IS NULL;

CREATE TABLE aftersales_case_history (
    merchant_id uuid NOT NULL
  , case_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , words       text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, case_id, step)
  , FOREIGN KEY (merchant_id, case_id) REFERENCES aftersales_cases
  , FOREIGN KEY (from_state, to_state) REFERENCES aftersales_transitions
);
COMMENT ON TABLE aftersales_case_history IS 'by merchant: each change of an after-sales case, and what was said with it; the words are blanked with old records';

CREATE TABLE refund_limits (
    merchant_id uuid NOT NULL
  , role_id     text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , valid_from  timestamptz NOT NULL
  , per_refund  bigint
  , per_day     bigint
  , set_by      uuid
  , set_at      timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, role_id, currency, valid_from)
  , CONSTRAINT limits_are_not_below_nothing CHECK (coalesce(per_refund, 0) >= 0 AND coalesce(per_day, 0) >= 0)
);
COMMENT ON TABLE refund_limits IS 'by merchant, append-only: what a role of a shop''s staff may give back alone; the latest that has begun counts';
COMMENT ON COLUMN refund_limits.per_refund IS 'In minor units; none: without a limit';
COMMENT ON COLUMN refund_limits.per_day IS 'In minor units, of one person in a day of the house; none: without a limit';

CREATE TABLE platform_refund_limits (
    role_id     text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , valid_from  timestamptz NOT NULL
  , per_refund  bigint
  , per_day     bigint
  , set_by      uuid
  , set_at      timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (role_id, currency, valid_from)
  , CONSTRAINT limits_are_not_below_nothing CHECK (coalesce(per_refund, 0) >= 0 AND coalesce(per_day, 0) >= 0)
);
COMMENT ON TABLE platform_refund_limits IS 'reference, append-only: what a role of the operator''s staff may give back alone; the latest that has begun counts';

CREATE TABLE refund_request_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE refund_request_transitions IS 'reference: the states of a refund that waits for a second person';
INSERT INTO refund_request_transitions (from_state, to_state) VALUES
    ('nowhere', 'waiting'), ('waiting', 'approved'), ('waiting', 'declined'), ('waiting', 'withdrawn'), ('waiting', 'expired')
  , ('waiting', 'overtaken');

CREATE TABLE refund_requests (
    merchant_id uuid NOT NULL
  , request_id  uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , case_id     uuid
  , side        text NOT NULL
  , command     jsonb NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , why         text NOT NULL
  , state       text NOT NULL
  , asked_by    uuid NOT NULL
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , expires_at  timestamptz NOT NULL
  , answered_by uuid
  , answered_at timestamptz
  , answer      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, request_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT a_refund_that_waits_is_of_some_money CHECK (amount > 0)
  , CONSTRAINT who_asks_is_of_one_side CHECK (side IN ('merchant', 'operator'))
  , CONSTRAINT it_waits_for_a_reason CHECK (why IN ('per_refund', 'per_day'))
  , CONSTRAINT an_answered_request_has_its_time CHECK ((state = 'waiting') = (answered_at IS NULL))
  , CONSTRAINT four_eyes_see_more_than_two CHECK (state <> 'approved' OR (answered_by IS NOT NULL AND answered_by <> asked_by))
  , CONSTRAINT a_refund_is_declined_for_a_reason CHECK (state <> 'declined' OR answer <> '')
);
COMMENT ON TABLE refund_requests IS 'by merchant: a refund above what the person may give back alone: it waits for a second person of the same side';
COMMENT ON COLUMN refund_requests.refund_id IS 'The id that the refund has once it is approved';
COMMENT ON COLUMN refund_requests.command IS 'What is done when it is approved';
COMMENT ON COLUMN refund_requests.amount IS 'What it would have given back when it was asked for; approved, it gives back that or less';
COMMENT ON COLUMN refund_requests.why IS 'Which limit it is above';
COMMENT ON COLUMN refund_requests.state IS 'overtaken: the money went back otherwise, or the case that it was for has ended';
CREATE UNIQUE INDEX a_refund_waits_once ON refund_requests (merchant_id, refund_id) WHERE state = 'waiting';
CREATE INDEX refund_requests_waiting ON refund_requests (side, expires_at) WHERE state = 'waiting';
CREATE INDEX refund_requests_of_an_order ON refund_requests (merchant_id, order_id);
CREATE INDEX refund_requests_of_a_case ON refund_requests (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX refund_requests_by_time ON refund_requests (side, asked_at DESC, request_id DESC);
CREATE INDEX refund_requests_of_a_merchant ON refund_requests (merchant_id, side, asked_at DESC, request_id DESC);
CREATE INDEX refund_requests_approved ON refund_requests (refund_id) WHERE state = 'approved';

CREATE TABLE refund_request_history (
    merchant_id uuid NOT NULL
  , request_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, request_id, step)
  , FOREIGN KEY (merchant_id, request_id) REFERENCES refund_requests
  , FOREIGN KEY (from_state, to_state) REFERENCES refund_request_transitions
);
COMMENT ON TABLE refund_request_history IS 'by merchant, append-only: each change of a refund that waits for a second person';

-- trade.risk

-- Paid orders that look like fraud are held until somebody has looked at them, or time decides.

CREATE TABLE risk_rules (
    rule       text PRIMARY KEY
  , active     boolean NOT NULL
  , points     integer NOT NULL
  , least      integer NOT NULL
  , minutes    integer NOT NULL
  , changed_at timestamptz
  , changed_by text
  , CONSTRAINT a_rule_has_points CHECK (points BETWEEN 1 AND 1000)
  , CONSTRAINT a_rule_counts_something CHECK (least > 0 AND minutes > 0)
);
COMMENT ON TABLE risk_rules IS 'reference: what makes an order suspicious, and how much';
COMMENT ON COLUMN risk_rules.least IS 'How many, or how much in major units of the currency, trip it; without meaning for rules of lists';
COMMENT ON COLUMN risk_rules.minutes IS 'Within which time it counts; without meaning for rules that count nothing';
INSERT INTO risk_rules (rule, active, points, least, minutes) VALUES
    ('new_buyer', true, 60, 2000, 1)
  , ('many_to_address', true, 60, 4, 60)
  , ('many_by_buyer', true, 50, 5, 60)
  , ('failed_payments', true, 50, 3, 1440)
  , ('foreign_phone', true, 30, 1, 1)
  , ('forwarder', true, 40, 1, 1)
  , ('blocked', true, 100, 1, 1);

CREATE TABLE risk_list (
    entry_id uuid PRIMARY KEY
  , list     text NOT NULL
  , kind     text NOT NULL
  , value    text NOT NULL
  , why      text NOT NULL
  , until    date NOT NULL
  , by       text NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT an_entry_stands_on_a_known_list CHECK (list IN ('block', 'allow', 'forwarder'))
  , CONSTRAINT an_entry_is_of_a_known_kind CHECK (kind IN ('email', 'domain', 'phone', 'address'))
  , CONSTRAINT an_entry_says_what_and_why CHECK (value <> '' AND why <> '')
  , CONSTRAINT a_forwarder_is_an_address CHECK (list <> 'forwarder' OR kind = 'address')
);
COMMENT ON TABLE risk_list IS 'local: whom staff know: never to hold, always to hold, and addresses of freight forwarders';
COMMENT ON COLUMN risk_list.value IS 'As it is compared: small letters, without spaces; of a telephone its digits; of an address a part of it';
COMMENT ON COLUMN risk_list.until IS 'It is forgotten on this day';
CREATE UNIQUE INDEX an_entry_stands_on_a_list_once ON risk_list (list, kind, value);
CREATE INDEX risk_list_by_time ON risk_list (at DESC, entry_id DESC);
CREATE INDEX risk_list_to_forget ON risk_list (until);

CREATE TABLE risk_seen (
    purchase_id uuid PRIMARY KEY
  , buyer_id    uuid NOT NULL
  , address     text NOT NULL
  , at          timestamptz NOT NULL
);
COMMENT ON TABLE risk_seen IS 'by key: paid purchases of the last days, by buyer and by what their address comes to, to count how many there are at once';
COMMENT ON COLUMN risk_seen.address IS 'A digest: the address cannot be read from it';
CREATE INDEX risk_seen_of_an_address ON risk_seen (address, at);
CREATE INDEX risk_seen_of_a_buyer ON risk_seen (buyer_id, at);
CREATE INDEX risk_seen_by_time ON risk_seen (at);

CREATE TABLE risk_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE risk_transitions IS 'reference: the states of a look at an order that follow each other';
INSERT INTO risk_transitions (from_state, to_state) VALUES
    ('nowhere', 'passed'), ('nowhere', 'held')
  , ('held', 'released'), ('held', 'cancelled'), ('held', 'overtaken');

CREATE TABLE risk_checks (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , purchase_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , code        text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , score       integer NOT NULL
  , tripped     jsonb NOT NULL
  , state       text NOT NULL
  , checked_at  timestamptz NOT NULL DEFAULT now()
  , decide_by   timestamptz
  , decided_at  timestamptz
  , decided_by  text
  , why         text NOT NULL DEFAULT ''
  , charged_back_at timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT held_means_until_when CHECK ((state = 'passed') = (decide_by IS NULL))
  , CONSTRAINT decided_means_when_and_by_whom
        CHECK ((state IN ('released', 'cancelled', 'overtaken')) = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
);
COMMENT ON TABLE risk_checks IS 'by merchant: orders that tripped a rule, and what became of them; those that tripped none are not kept';
COMMENT ON COLUMN risk_checks.tripped IS '[{rule, points, found}]: found is a number, never who or where';
COMMENT ON COLUMN risk_checks.charged_back_at IS 'When its money was charged back, so that rules can be judged by what came later';
CREATE INDEX risk_checks_held ON risk_checks (decide_by, order_id) WHERE state = 'held';
CREATE INDEX risk_checks_by_time ON risk_checks (checked_at DESC, order_id DESC);
CREATE INDEX risk_checks_of_an_order ON risk_checks (order_id);

CREATE TABLE risk_check_history (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, order_id, step)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES risk_checks
  , FOREIGN KEY (from_state, to_state) REFERENCES risk_transitions
);
COMMENT ON TABLE risk_check_history IS 'by merchant, append-only: each change of a look''s state';

-- trade.chargebacks

-- Chargebacks: a buyer's bank takes captured money back. Which orders it is of, what is said against it, who bears it.

CREATE TABLE chargeback_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE chargeback_transitions IS 'reference: the states of a chargeback that follow each other';
INSERT INTO chargeback_transitions (from_state, to_state) VALUES
    ('nowhere', 'inquiry'), ('nowhere', 'evidence_due')
  , ('inquiry', 'evidence_due'), ('inquiry', 'closed')
  , ('evidence_due', 'answering'), ('evidence_due', 'submitted'), ('evidence_due', 'won'), ('evidence_due', 'lost')
  , ('evidence_due', 'accepted'), ('evidence_due', 'expired')
  , ('answering', 'evidence_due'), ('answering', 'submitted'), ('answering', 'won'), ('answering', 'lost')
  , ('answering', 'accepted'), ('answering', 'expired')
  , ('submitted', 'won'), ('submitted', 'lost')
  , ('lost', 'recovered'), ('accepted', 'recovered'), ('expired', 'recovered');

CREATE TABLE chargebacks (
    buyer_id      uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , code          text NOT NULL
  , payment_id    uuid NOT NULL
  , purchase_id   uuid NOT NULL
  , channel       text NOT NULL
  , reference     text NOT NULL
  , amount        bigint NOT NULL
  , currency      text NOT NULL REFERENCES currencies
  , fee           bigint NOT NULL DEFAULT 0
  , excess        bigint NOT NULL DEFAULT 0
  , covered       bigint NOT NULL DEFAULT 0
  , reason        text NOT NULL
  , state         text NOT NULL
  , opened_at     timestamptz NOT NULL DEFAULT now()
  , opened_by     text NOT NULL
  , note          text NOT NULL DEFAULT ''
  , due_at        timestamptz
  , shop_due_at   timestamptz
  , answer        text
  , facts         jsonb NOT NULL DEFAULT '{}'
  , words         text NOT NULL DEFAULT ''
  , answer_at     timestamptz
  , attempts      integer NOT NULL DEFAULT 0
  , failure       text
  , submitted_at  timestamptz
  , ended_at      timestamptz
  , PRIMARY KEY (buyer_id, chargeback_id)
  , CONSTRAINT a_chargeback_is_of_some_money CHECK (amount > 0 AND fee >= 0 AND 0 <= covered AND covered <= excess AND excess <= amount)
  , CONSTRAINT an_answer_is_evidence_or_acceptance CHECK (answer IN ('evidence', 'accept'))
  , CONSTRAINT ended_means_when CHECK ((state IN ('won', 'lost', 'accepted', 'expired', 'closed', 'recovered')) = (ended_at IS NOT NULL))
  , CONSTRAINT who_answers_has_an_answer CHECK (state <> 'answering' OR answer IS NOT NULL)
);
COMMENT ON TABLE chargebacks IS 'by buyer: money of a payment that its channel has taken back, or asks about';
COMMENT ON COLUMN chargebacks.reference IS 'What the channel, or the bank''s letter, calls it';
COMMENT ON COLUMN chargebacks.fee IS 'What the channel charges for it, in minor units of the currency';
COMMENT ON COLUMN chargebacks.excess IS 'Of amount, what had been given back already: taken twice, and on the platform until it is won';
COMMENT ON COLUMN chargebacks.covered IS 'Of excess, refunds that the channel refused because of it: it has made them thereby';
COMMENT ON COLUMN chargebacks.due_at IS 'By when the channel must have evidence; shop_due_at: by when the shops are to have handed theirs in';
COMMENT ON COLUMN chargebacks.facts IS 'What was handed in, by the names of payments.EVIDENCE_FACTS; words: beside it';
COMMENT ON COLUMN chargebacks.answer_at IS 'When to tell the channel next';
CREATE INDEX chargebacks_by_id ON chargebacks (chargeback_id);
CREATE INDEX chargebacks_of_a_purchase ON chargebacks (purchase_id);
CREATE INDEX chargebacks_by_time ON chargebacks (opened_at DESC, chargeback_id DESC);
CREATE INDEX chargebacks_open ON chargebacks (due_at, chargeback_id) WHERE ended_at IS NULL;
CREATE INDEX chargebacks_to_answer ON chargebacks (answer_at) WHERE answer_at IS NOT NULL;

CREATE TABLE chargeback_history (
    buyer_id      uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , step          integer NOT NULL
  , from_state    text NOT NULL
  , to_state      text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , PRIMARY KEY (buyer_id, chargeback_id, step)
  , FOREIGN KEY (buyer_id, chargeback_id) REFERENCES chargebacks
  , FOREIGN KEY (from_state, to_state) REFERENCES chargeback_transitions
);
COMMENT ON TABLE chargeback_history IS 'by buyer, append-only: each change of a chargeback''s state';

CREATE TABLE chargeback_parts (
    merchant_id   uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , order_id      uuid NOT NULL
  , code          text NOT NULL
  , amount        bigint NOT NULL
  , currency      text NOT NULL REFERENCES currencies
  , reason        text NOT NULL
  , state         text NOT NULL
  , opened_at     timestamptz NOT NULL
  , shop_due_at   timestamptz
  , round         integer NOT NULL DEFAULT 1
  , frozen        boolean NOT NULL DEFAULT false
  , held          boolean NOT NULL DEFAULT false
  , sent_anyway_at timestamptz
  , sent_anyway_by text
  , sent_anyway_why text NOT NULL DEFAULT ''
  , bearer        text
  , bearer_why    text NOT NULL DEFAULT ''
  , refund_id     uuid
  , made_good     bigint NOT NULL DEFAULT 0
  , fee           bigint NOT NULL DEFAULT 0
  , words         text NOT NULL DEFAULT ''
  , answered_at   timestamptz
  , answered_by   text
  , PRIMARY KEY (merchant_id, chargeback_id, order_id)
  , CONSTRAINT a_part_is_of_some_money CHECK (amount > 0 AND made_good >= 0 AND fee >= 0)
  , CONSTRAINT a_merchant_or_the_platform_bears_it CHECK (bearer IN ('merchant', 'platform'))
  , CONSTRAINT a_refund_has_its_bearer CHECK (refund_id IS NULL OR bearer IS NOT NULL)
  , CONSTRAINT answered_means_by_whom CHECK ((answered_at IS NULL) = (answered_by IS NULL))
  , CONSTRAINT sent_anyway_means_by_whom_and_why CHECK ((sent_anyway_at IS NULL) = (sent_anyway_by IS NULL) AND (sent_anyway_at IS NULL) = (sent_anyway_why = ''))
  , CONSTRAINT what_is_sent_anyway_is_not_held CHECK (NOT held OR sent_anyway_at IS NULL)
);
COMMENT ON TABLE chargeback_parts IS 'by merchant: which part of a chargeback is of which order, and what its shop says; state, reason and dates as of the chargeback';
COMMENT ON COLUMN chargeback_parts.round IS 'Counted up when the amount is shared out anew: what was frozen before is thawed under its own number';
COMMENT ON COLUMN chargeback_parts.frozen IS 'Set aside from what the shop is owed: before the order is received its money is held anyway';
COMMENT ON COLUMN chargeback_parts.held IS 'Its order was not sent yet and is held because of it, until it is decided or its shop sends it anyway';
COMMENT ON COLUMN chargeback_parts.sent_anyway_at IS 'When the shop said that it sends the order all the same, at its own risk';
COMMENT ON COLUMN chargeback_parts.bearer IS 'Who bears it when it is lost; none: by the rule of docs/algorithms/chargebacks.md';
COMMENT ON COLUMN chargeback_parts.refund_id IS 'Of a lost one: the refund that the channel has made';
COMMENT ON COLUMN chargeback_parts.made_good IS 'Of a lost or recovered one: what the platform paid the shop for it';
COMMENT ON COLUMN chargeback_parts.fee IS 'Of the channel''s fee, what the shop bears';
CREATE INDEX chargeback_parts_of_one ON chargeback_parts (chargeback_id);
CREATE INDEX chargeback_parts_of_an_order ON chargeback_parts (order_id);
CREATE INDEX chargeback_parts_by_time ON chargeback_parts (merchant_id, opened_at DESC, chargeback_id DESC);
CREATE INDEX chargeback_parts_to_answer ON chargeback_parts (merchant_id, shop_due_at)
    WHERE answered_at IS NULL AND state IN ('inquiry', 'evidence_due');

CREATE TABLE chargeback_files (
    merchant_id   uuid NOT NULL
  , file_id       uuid NOT NULL
  , chargeback_id uuid NOT NULL
  , order_id      uuid NOT NULL
  , file          text NOT NULL
  , name          text NOT NULL
  , bytes         integer NOT NULL
  , by            text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, file_id)
  , FOREIGN KEY (merchant_id, chargeback_id, order_id) REFERENCES chargeback_parts
  , CONSTRAINT a_file_has_something_in_it CHECK (bytes > 0)
);
COMMENT ON TABLE chargeback_files IS 'by merchant: what a shop handed in as evidence, by its name in the private file store';
CREATE INDEX chargeback_files_of_a_part ON chargeback_files (merchant_id, chargeback_id, order_id, at);

-- trade.rewards

-- What orders have earned their buyers in points.

CREATE TABLE order_rewards (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , per_hundred integer NOT NULL
  , earned      bigint NOT NULL
  , taken_back  bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT never_take_back_more_than_was_earned CHECK (0 <= taken_back AND taken_back <= earned)
);
COMMENT ON TABLE order_rewards IS 'by merchant: the points that a received order has earned its buyer, and at which rate';
COMMENT ON COLUMN order_rewards.per_hundred IS 'Points for a hundred minor units paid with money, frozen when they were earned';
COMMENT ON COLUMN order_rewards.taken_back IS 'Because of refunds, as far as the buyer still had them';

-- trade.invoices

-- Invoices: asked for by buyers, issued by merchants.

CREATE TABLE invoice_titles (
    buyer_id   uuid NOT NULL
  , title_id   uuid NOT NULL
  , company    boolean NOT NULL
  , name       text NOT NULL
  , tax_number text NOT NULL DEFAULT ''
  , special    boolean NOT NULL DEFAULT false
  , address    text NOT NULL DEFAULT ''
  , phone      text NOT NULL DEFAULT ''
  , bank       text NOT NULL DEFAULT ''
  , account    text NOT NULL DEFAULT ''
  , is_default boolean NOT NULL DEFAULT false
  , created_at timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, title_id)
  , CONSTRAINT a_company_has_a_number CHECK (company = (tax_number <> ''))
  , CONSTRAINT a_special_title_is_whole CHECK (NOT special OR company AND address <> '' AND phone <> '' AND bank <> '' AND account <> '')
);
COMMENT ON TABLE invoice_titles IS 'by buyer: to whom invoices are written: a person, or a company with its number';
COMMENT ON COLUMN invoice_titles.special IS 'Whether a special VAT invoice is wanted, from which a company deducts the tax: it needs address, telephone, bank and account';
COMMENT ON COLUMN invoice_titles.tax_number IS 'The unified social credit code of a company';
CREATE UNIQUE INDEX one_default_title ON invoice_titles (buyer_id) WHERE is_default;

CREATE TABLE invoice_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE invoice_transitions IS 'reference: the states of an invoice that follow each other';
INSERT INTO invoice_transitions (from_state, to_state) VALUES
    ('nowhere', 'requested'), ('requested', 'issued'), ('requested', 'refused'), ('requested', 'withdrawn')
  , ('issued', 'outdated'), ('outdated', 'issued'), ('outdated', 'reversed');

CREATE TABLE invoices (
    merchant_id  uuid NOT NULL
  , invoice_id   uuid NOT NULL
  , order_id     uuid NOT NULL
  , buyer_id     uuid NOT NULL
  , state        text NOT NULL
  , company      boolean NOT NULL
  , name         text NOT NULL
  , tax_number   text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , number       text NOT NULL DEFAULT ''
  , issued_on    date
  , reason       text NOT NULL DEFAULT ''
  , requested_at timestamptz NOT NULL DEFAULT now()
  , answered_at  timestamptz
  , special      boolean NOT NULL DEFAULT false
  , address      text NOT NULL DEFAULT ''
  , phone        text NOT NULL DEFAULT ''
  , bank         text NOT NULL DEFAULT ''
  , account      text NOT NULL DEFAULT ''
  , reverses     uuid
  , reversed     bigint NOT NULL DEFAULT 0
  , due_by       timestamptz NOT NULL
  , reminded_at  timestamptz
  , PRIMARY KEY (merchant_id, invoice_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (merchant_id, reverses) REFERENCES invoices
  , CONSTRAINT an_invoice_is_about_money CHECK (amount > 0)
  , CONSTRAINT issued_means_number_and_day CHECK ((state IN ('issued', 'outdated', 'reversed')) = (number <> '' AND issued_on IS NOT NULL))
  , CONSTRAINT never_reverse_more_than_was_invoiced CHECK (0 <= reversed AND reversed <= amount)
  , CONSTRAINT reversed_means_all_of_it CHECK (state <> 'reversed' OR reversed = amount)
  , CONSTRAINT a_red_letter_is_not_reversed CHECK (reverses IS NULL OR reversed = 0)
);
COMMENT ON TABLE invoices IS 'by merchant: an invoice that a buyer asked for, and what came of it';
COMMENT ON COLUMN invoices.amount IS 'Of the order''s total what was not given back, tax included, in minor units';
COMMENT ON COLUMN invoices.state IS 'outdated: a red letter is due, since money was given back or another title is wanted; reversed: red letters have taken all of it back';
COMMENT ON COLUMN invoices.reverses IS 'Of a red letter (an invoice below nothing): the invoice that it takes back, all or a part of it';
COMMENT ON COLUMN invoices.reversed IS 'What red letters that are issued have taken back of it';
COMMENT ON COLUMN invoices.due_by IS 'Until when the shop is to issue it';
COMMENT ON COLUMN invoices.reason IS 'Why the shop refused';
CREATE UNIQUE INDEX one_invoice_at_a_time ON invoices (merchant_id, order_id) WHERE state IN ('requested', 'issued') AND reverses IS NULL;
CREATE UNIQUE INDEX one_red_letter_waits ON invoices (merchant_id, reverses) WHERE state = 'requested' AND reverses IS NOT NULL;
CREATE UNIQUE INDEX a_number_is_of_one_invoice ON invoices (merchant_id, number) WHERE number <> '';
CREATE INDEX invoices_due ON invoices (due_by) WHERE state = 'requested';
CREATE INDEX invoices_of_a_merchant ON invoices (merchant_id, state, requested_at DESC, invoice_id DESC);
CREATE INDEX invoices_of_an_order ON invoices (merchant_id, order_id);
CREATE INDEX invoices_of_a_buyer ON invoices (buyer_id, requested_at DESC, invoice_id DESC);

CREATE TABLE invoice_history (
    merchant_id uuid NOT NULL
  , invoice_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, invoice_id, step)
  , FOREIGN KEY (merchant_id, invoice_id) REFERENCES invoices
  , FOREIGN KEY (from_state, to_state) REFERENCES invoice_transitions
);
COMMENT ON TABLE invoice_history IS 'by merchant, append-only: each change of an invoice''s state';

CREATE TABLE invoice_documents (
    merchant_id  uuid NOT NULL
  , invoice_id   uuid NOT NULL
  , content_type text NOT NULL
  , content      bytea NOT NULL
  , PRIMARY KEY (merchant_id, invoice_id)
  , FOREIGN KEY (merchant_id, invoice_id) REFERENCES invoices
);
COMMENT ON TABLE invoice_documents IS 'by merchant, append-only: the file of an issued invoice, handed in with it or later; in the database, since it is for its buyer and its shop alone';

CREATE TABLE invoice_terms (
    merchant_id uuid PRIMARY KEY
  , goods_code  text NOT NULL DEFAULT ''
  , freight_code text NOT NULL DEFAULT ''
  , CONSTRAINT a_tax_code_has_nineteen_digits CHECK (goods_code ~ '^([0-9]{19})?$' AND freight_code ~ '^([0-9]{19})?$')
);
COMMENT ON TABLE invoice_terms IS 'by merchant: what stands in every line that goes into its tax software';
COMMENT ON COLUMN invoice_terms.goods_code IS 'The classification code of its goods (商品和服务税收分类编码), 19 digits; empty: its bookkeeper fills it in';

-- trade.settlement

-- What merchants have earned, the statements that say so and the payouts that pay it.

CREATE TABLE statement_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE statement_transitions IS 'reference: the states of a statement that follow each other';
INSERT INTO statement_transitions (from_state, to_state) VALUES
    ('nowhere', 'issued'), ('nowhere', 'paid')
  , ('issued', 'checked'), ('issued', 'paying'), ('issued', 'batched'), ('checked', 'paying'), ('checked', 'batched')
  , ('batched', 'checked'), ('batched', 'paying'), ('paying', 'paid'), ('paying', 'failed'), ('failed', 'paying')
  , ('failed', 'batched'), ('paid', 'failed')
  , ('issued', 'held'), ('checked', 'held'), ('paying', 'held'), ('held', 'paying'), ('held', 'batched');

CREATE TABLE settlement_terms (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , from_day     date NOT NULL
  , cycle        text NOT NULL
  , days         integer NOT NULL
  , weekday      integer
  , month_day    integer
  , minimum      bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , reserve_rate integer NOT NULL
  , reserve_days integer NOT NULL
  , check_days   integer NOT NULL
  , way          text NOT NULL
  , agreed_by    text NOT NULL
  , agreed_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, from_day)
  , CONSTRAINT a_cycle_is_one_of_these CHECK (cycle IN ('daily', 'weekly', 'monthly', 'on_request'))
  , CONSTRAINT a_release_waits_some_days CHECK (days BETWEEN 0 AND 90)
  , CONSTRAINT a_weekly_cycle_has_its_weekday CHECK ((cycle = 'weekly') = (weekday IS NOT NULL) AND weekday BETWEEN 1 AND 7)
  , CONSTRAINT a_monthly_cycle_has_its_day CHECK ((cycle = 'monthly') = (month_day IS NOT NULL) AND month_day BETWEEN 1 AND 31)
  , CONSTRAINT a_minimum_is_not_negative CHECK (minimum >= 0)
  , CONSTRAINT a_reserve_leaves_something CHECK (reserve_rate BETWEEN 0 AND 500000)
  , CONSTRAINT a_reserve_has_its_days CHECK (reserve_days BETWEEN 0 AND 365 AND (reserve_rate > 0) = (reserve_days > 0))
  , CONSTRAINT a_check_takes_some_days CHECK (check_days BETWEEN 0 AND 30)
  , CONSTRAINT a_payout_goes_one_of_these_ways CHECK (way IN ('direct', 'file', 'stripe'))
);
COMMENT ON TABLE settlement_terms IS 'by merchant: when and how a shop is paid, as agreed with it from a day on; without a row: daily, T+N of merchants';
COMMENT ON COLUMN settlement_terms.days IS 'N of T+N: days from the release of an order''s money until a statement may take it';
COMMENT ON COLUMN settlement_terms.weekday IS 'ISO: 1 is Monday, 7 Sunday';
COMMENT ON COLUMN settlement_terms.month_day IS 'In a shorter month its last day: 31 is the last day of every month';
COMMENT ON COLUMN settlement_terms.minimum IS 'What comes to less waits for more, in currency; in other currencies there is no minimum';
COMMENT ON COLUMN settlement_terms.reserve_rate IS 'Of what a statement''s trade brings, in millionths, kept back for reserve_days';
COMMENT ON COLUMN settlement_terms.check_days IS 'How long the payout waits for the merchant to check the statement; 0: it does not wait';
COMMENT ON COLUMN settlement_terms.way IS 'direct: through the bank that is connected; file: in a bank file that two people make; stripe: to the shop''s account there';

CREATE TABLE statements (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , code         text NOT NULL
  , day          date NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , sales        bigint NOT NULL
  , commission   bigint NOT NULL
  , refunds      bigint NOT NULL
  , commission_returned bigint NOT NULL
  , subsidy      bigint NOT NULL DEFAULT 0
  , subsidy_returned bigint NOT NULL DEFAULT 0
  , adjustments  bigint NOT NULL DEFAULT 0
  , payout       bigint NOT NULL
  , state        text NOT NULL
  , issued_at    timestamptz NOT NULL DEFAULT now()
  , paid_at      timestamptz
  , failure      text
  , bank_reference text
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , way          text NOT NULL DEFAULT 'direct'
  , check_by     timestamptz
  , held_for     text
  , PRIMARY KEY (merchant_id, statement_id)
  , UNIQUE (merchant_id, currency, day)
  , CONSTRAINT it_is_paid_one_of_these_ways CHECK (way IN ('direct', 'file', 'stripe'))
  , CONSTRAINT the_bank_is_asked_of_what_goes_there CHECK (attempt_at IS NULL OR state IN ('issued', 'checked', 'paying', 'held'))
  , CONSTRAINT held_means_for_what CHECK ((state = 'held') = (held_for IS NOT NULL) AND held_for IN ('account', 'balance'))
  , CONSTRAINT a_statement_adds_up
        CHECK (payout = sales + subsidy - commission - refunds + commission_returned - subsidy_returned + adjustments)
  , CONSTRAINT only_what_is_owed_is_paid CHECK (payout > 0)
  , CONSTRAINT paid_means_when CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);
COMMENT ON TABLE statements IS 'by merchant: a settlement statement and its payout; its id is the bank''s idempotency key';
COMMENT ON COLUMN statements.day IS 'The settlement day (UTC+8) it was issued for';
COMMENT ON COLUMN statements.subsidy IS 'What the platform pays of what its promotions took off';
COMMENT ON COLUMN statements.adjustments IS 'What is neither a sale nor a refund: goodwill of the platform, what went into the deposit or came out of it, fines, compensation of buyers, commission of hosts, what the shop paid in of what it owed, cash that it collected itself';
COMMENT ON COLUMN statements.attempt_at IS 'When to instruct the bank or to ask it next';
COMMENT ON COLUMN statements.way IS 'direct: through the bank that is connected; file: in a bank file; stripe: to the shop''s account there';
COMMENT ON COLUMN statements.held_for IS 'What its payout waits for at Stripe: account: the shop''s is not ready; balance: the platform''s has too little';
COMMENT ON COLUMN statements.check_by IS 'Until when the payout waits for the merchant to check it; none: it does not wait';
CREATE INDEX statements_to_check ON statements (check_by) WHERE state = 'issued' AND check_by IS NOT NULL;
CREATE INDEX statements_to_batch ON statements (currency, issued_at, statement_id) WHERE state IN ('issued', 'checked', 'failed', 'held');
CREATE INDEX statements_short ON statements (attempt_at) WHERE held_for = 'balance';
CREATE INDEX statements_to_attempt ON statements (attempt_at) WHERE attempt_at IS NOT NULL;
CREATE INDEX statements_of_a_merchant ON statements (merchant_id, issued_at DESC, statement_id);
CREATE INDEX statements_sought ON statements (code text_pattern_ops, merchant_id);
CREATE INDEX statements_by_time ON statements (issued_at DESC, statement_id);

CREATE TABLE statement_history (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , step         integer NOT NULL
  , from_state   text NOT NULL
  , to_state     text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , by           text NOT NULL
  , PRIMARY KEY (merchant_id, statement_id, step)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , FOREIGN KEY (from_state, to_state) REFERENCES statement_transitions
);
COMMENT ON TABLE statement_history IS 'by merchant, append-only: each change of a statement''s state';

CREATE TABLE settlement_entries (
    merchant_id  uuid NOT NULL
  , entry_id     uuid NOT NULL
  , order_id     uuid
  , document     uuid NOT NULL
  , kind         text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , earned_at    timestamptz NOT NULL DEFAULT now()
  , due_on       date NOT NULL
  , statement_id uuid
  , PRIMARY KEY (merchant_id, entry_id)
  , CONSTRAINT an_entry_is_of_a_kind CHECK (kind IN ('sale', 'subsidy', 'commission', 'refund', 'commission_returned'
                                                       , 'subsidy_returned', 'goodwill', 'deposit', 'deposit_returned', 'fine'
                                                       , 'fine_returned', 'compensation', 'compensation_returned'
                                                       , 'deposit_forfeited', 'debt_paid', 'reserve', 'reserve_released'
                                                       , 'correction', 'correction_taken', 'cash_kept', 'disputed'
                                                       , 'dispute_returned', 'chargeback_fee', 'chargeback_borne', 'taken_back'
                                                       , 'host_commission', 'host_commission_returned', 'slot_fee'))
  , CONSTRAINT costs_are_negative
        CHECK ((kind IN ('commission', 'refund', 'subsidy_returned', 'deposit', 'fine', 'compensation', 'reserve'
                       , 'correction_taken', 'cash_kept', 'disputed', 'chargeback_fee', 'host_commission', 'slot_fee')) = (amount < 0))
);
COMMENT ON TABLE settlement_entries IS 'by merchant: what the merchant''s payable is made of; entries without a statement wait for the next one';
COMMENT ON COLUMN settlement_entries.order_id IS 'None where it is about no order: a deposit, a fine';
COMMENT ON COLUMN settlement_entries.document IS 'What it stems from: an order, a refund, an appeal, a movement of the deposit, a violation, a broken promise, a statement (reserve), a dispute (correction), a reversal at Stripe (taken_back), a session''s slot (slot_fee)';
COMMENT ON COLUMN settlement_entries.due_on IS 'The first settlement day that may take it: T+N';
COMMENT ON COLUMN settlement_entries.statement_id IS 'Its statement, or the one that it is being gathered for (settlement_drafts): so checks.sql holds it, no foreign key';
CREATE UNIQUE INDEX an_entry_is_made_once ON settlement_entries (merchant_id, document, kind);
CREATE INDEX entries_to_settle ON settlement_entries (due_on, merchant_id) WHERE statement_id IS NULL;
CREATE INDEX entries_of_a_statement ON settlement_entries (merchant_id, statement_id, entry_id);
CREATE INDEX entries_waiting_of_a_merchant ON settlement_entries (merchant_id, due_on) WHERE statement_id IS NULL;

CREATE TABLE settlement_drafts (
    merchant_id  uuid NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , statement_id uuid NOT NULL
  , begun_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, currency)
  , UNIQUE (merchant_id, statement_id)
);
COMMENT ON TABLE settlement_drafts IS 'by merchant: statements of very many entries while these are gathered, some thousands a transaction';
COMMENT ON COLUMN settlement_drafts.statement_id IS 'The number that the statement will have; its entries have it already';

CREATE TABLE statement_checks (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , check_no     integer NOT NULL
  , agreed       boolean NOT NULL
  , words        text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, statement_id, check_no)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT an_objection_says_why CHECK (agreed OR words <> '')
);
COMMENT ON TABLE statement_checks IS 'by merchant, append-only: what the merchant says of a statement; the last word counts';
CREATE INDEX statement_checks_objecting ON statement_checks (at DESC, statement_id DESC) WHERE NOT agreed;

CREATE TABLE reserves (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , release_on   date NOT NULL
  , released_at  timestamptz
  , released_by  text
  , PRIMARY KEY (merchant_id, statement_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_reserve_is_something CHECK (amount > 0)
  , CONSTRAINT who_releases_says_when CHECK ((released_at IS NULL) = (released_by IS NULL))
);
COMMENT ON TABLE reserves IS 'by merchant: what a statement kept back of its payout, and when it is released';
CREATE INDEX reserves_to_release ON reserves (release_on) WHERE released_at IS NULL;

CREATE TABLE statement_disputes (
    merchant_id  uuid NOT NULL
  , dispute_id   uuid NOT NULL
  , statement_id uuid NOT NULL
  , entry_id     uuid NOT NULL
  , words        text NOT NULL
  , opened_by    text NOT NULL
  , opened_at    timestamptz NOT NULL DEFAULT now()
  , correction   bigint
  , answer       text NOT NULL DEFAULT ''
  , answered_by  text
  , answered_at  timestamptz
  , PRIMARY KEY (merchant_id, dispute_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , FOREIGN KEY (merchant_id, entry_id) REFERENCES settlement_entries
  , CONSTRAINT a_dispute_says_why CHECK (words <> '')
  , CONSTRAINT an_answer_is_whole CHECK ((answered_at IS NULL) = (answered_by IS NULL) AND (answered_at IS NULL) = (answer = '')
                                     AND (answered_at IS NULL) = (correction IS NULL))
);
COMMENT ON TABLE statement_disputes IS 'by merchant: a line that the merchant disputes, and what the operator answered';
COMMENT ON COLUMN statement_disputes.correction IS '0: declined; otherwise the adjustment that is on the next statement, in the currency of the line';
CREATE UNIQUE INDEX one_open_dispute_a_line ON statement_disputes (merchant_id, entry_id) WHERE answered_at IS NULL;
CREATE INDEX disputes_of_a_statement ON statement_disputes (merchant_id, statement_id, opened_at);
CREATE INDEX disputes_open ON statement_disputes (opened_at, dispute_id) WHERE answered_at IS NULL;

CREATE TABLE payer_accounts (
    currency text PRIMARY KEY REFERENCES currencies
  , holder   text NOT NULL
  , bank     text NOT NULL
  , bic      text NOT NULL DEFAULT ''
  , account  text NOT NULL
  , CONSTRAINT an_account_is_whole CHECK (holder <> '' AND bank <> '' AND account <> '')
);
COMMENT ON TABLE payer_accounts IS 'reference: the operator''s own accounts that bank files pay from';

CREATE TABLE payout_batches (
    batch_id    uuid PRIMARY KEY
  , code        text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , pay_on      date NOT NULL
  , payer       jsonb NOT NULL
  , payments    integer NOT NULL
  , total       bigint NOT NULL
  , made_by     text NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , approved_by text
  , approved_at timestamptz
  , fetched_by  text
  , fetched_at  timestamptz
  , sent_by     text
  , sent_at     timestamptz
  , dropped_by  text
  , dropped_at  timestamptz
  , CONSTRAINT two_people_make_a_batch CHECK (approved_by <> made_by)
  , CONSTRAINT a_batch_pays_something CHECK (payments > 0 AND total > 0)
  , CONSTRAINT an_approval_has_a_name CHECK ((approved_at IS NULL) = (approved_by IS NULL))
  , CONSTRAINT only_what_is_approved_is_fetched CHECK (fetched_at IS NULL OR approved_at IS NOT NULL)
  , CONSTRAINT only_what_was_fetched_is_sent CHECK (sent_at IS NULL OR fetched_at IS NOT NULL)
  , CONSTRAINT what_was_fetched_is_not_dropped CHECK (dropped_at IS NULL OR fetched_at IS NULL)
);
COMMENT ON TABLE payout_batches IS 'by key: payouts that go to the bank in one file';
COMMENT ON COLUMN payout_batches.payer IS 'The operator''s account as it was when the batch was made: {holder, bank, bic, account}';
COMMENT ON COLUMN payout_batches.fetched_at IS 'When the file was first fetched: from then on the money may move';
CREATE INDEX payout_batches_by_time ON payout_batches (made_at DESC, batch_id DESC);

CREATE TABLE payout_orders (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , batch_id     uuid NOT NULL
  , attempt      integer NOT NULL
  , reference    text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , payee        jsonb NOT NULL
  , state        text NOT NULL
  , failure      text NOT NULL DEFAULT ''
  , answered_by  text
  , answered_at  timestamptz
  , PRIMARY KEY (merchant_id, statement_id, batch_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_payment_is_something CHECK (amount > 0)
  , CONSTRAINT an_order_stands_somewhere CHECK (state IN ('drafted', 'instructed', 'paid', 'failed', 'returned', 'dropped'))
  , CONSTRAINT a_failure_says_why CHECK ((state IN ('failed', 'returned')) = (failure <> ''))
  , CONSTRAINT an_answer_has_its_time CHECK ((state IN ('paid', 'failed', 'returned')) = (answered_at IS NOT NULL))
);
COMMENT ON TABLE payout_orders IS 'by merchant: a payout in a bank file; its batch is in payout_batches';
COMMENT ON COLUMN payout_orders.payee IS 'Where it goes, as it was when the batch was made: {name, bank, account}';
COMMENT ON COLUMN payout_orders.reference IS 'EndToEndId at the bank: the statement''s code and the number of the attempt';
CREATE UNIQUE INDEX a_payout_is_in_one_batch ON payout_orders (merchant_id, statement_id) WHERE state IN ('drafted', 'instructed');
CREATE UNIQUE INDEX an_attempt_is_made_once ON payout_orders (merchant_id, statement_id, attempt) WHERE state <> 'dropped';
CREATE INDEX payout_orders_of_a_batch ON payout_orders (batch_id, reference);

CREATE TABLE payout_returns (
    merchant_id  uuid NOT NULL
  , return_id    uuid NOT NULL
  , statement_id uuid NOT NULL
  , attempt      integer NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , reason       text NOT NULL
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, return_id)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_return_says_why CHECK (reason <> '')
);
COMMENT ON TABLE payout_returns IS 'by merchant, append-only: payouts that came back from the bank after they were paid';
COMMENT ON COLUMN payout_returns.attempt IS 'Which instruction it was that came back, from 1 on';
COMMENT ON COLUMN payout_returns.return_id IS 'The document in the books of the return, and of the payment that follows it';
CREATE INDEX returns_of_a_statement ON payout_returns (merchant_id, statement_id, at);

CREATE TABLE held_ages (
    currency   text NOT NULL REFERENCES currencies
  , since_days integer NOT NULL
  , amount     bigint NOT NULL
  , orders     integer NOT NULL
  , at         timestamptz NOT NULL
  , PRIMARY KEY (currency, since_days)
);
COMMENT ON TABLE held_ages IS 'local: money held for buyers by how many days ago it was paid, when it was last counted';
COMMENT ON COLUMN held_ages.since_days IS 'The first day of the band, up to that of the next';

-- trade.settlement

-- What merchants are paid through Stripe: their accounts there, transfers to them, and what was taken back of these.

CREATE TABLE stripe_accounts (
    merchant_id uuid PRIMARY KEY
  , opening_id  uuid NOT NULL
  , account_id  text
  , country     text NOT NULL
  , opened_by   text NOT NULL
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , submitted   boolean NOT NULL DEFAULT false
  , transfers   text NOT NULL DEFAULT 'inactive'
  , payouts     boolean NOT NULL DEFAULT false
  , disabled_for text
  , due         text[] NOT NULL DEFAULT '{}'
  , past_due    text[] NOT NULL DEFAULT '{}'
  , pending     text[] NOT NULL DEFAULT '{}'
  , due_by      timestamptz
  , looked_at   timestamptz
  , look_at     timestamptz
  , way_before  text
  , CONSTRAINT a_way_before_is_a_way CHECK (way_before IN ('direct', 'file'))
  , CONSTRAINT only_what_is_there_is_looked_at CHECK (account_id IS NOT NULL OR (look_at IS NULL AND looked_at IS NULL))
);
COMMENT ON TABLE stripe_accounts IS 'by merchant: a shop''s account at Stripe, connected with the platform''s, as Stripe last said that it stands';
COMMENT ON COLUMN stripe_accounts.opening_id IS 'The idempotency key of the account''s making';
COMMENT ON COLUMN stripe_accounts.account_id IS 'acct_…; none while Stripe has not said that it is there';
COMMENT ON COLUMN stripe_accounts.transfers IS 'Its capability to be sent money: active, inactive, pending, unrequested';
COMMENT ON COLUMN stripe_accounts.payouts IS 'Whether Stripe sends what is there on to the shop''s bank';
COMMENT ON COLUMN stripe_accounts.disabled_for IS 'Why it may do less than was asked for: requirements.disabled_reason';
COMMENT ON COLUMN stripe_accounts.due IS 'What Stripe wants to know, by its own names of it';
COMMENT ON COLUMN stripe_accounts.look_at IS 'When Stripe is asked next how it stands; a message of it brings that forward';
COMMENT ON COLUMN stripe_accounts.way_before IS 'How the shop was paid before it chose Stripe';
CREATE INDEX stripe_accounts_by_name ON stripe_accounts (account_id);
CREATE INDEX stripe_accounts_to_look_at ON stripe_accounts (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE payout_transfers (
    merchant_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , attempt      integer NOT NULL
  , account_id   text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , transfer_id  text
  , reversed     bigint NOT NULL DEFAULT 0
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, statement_id, attempt)
  , FOREIGN KEY (merchant_id, statement_id) REFERENCES statements
  , CONSTRAINT a_transfer_is_something CHECK (amount > 0)
  , CONSTRAINT never_take_back_more_than_was_sent CHECK (0 <= reversed AND reversed <= amount)
  , CONSTRAINT only_what_was_sent_is_taken_back CHECK (reversed = 0 OR transfer_id IS NOT NULL)
);
COMMENT ON TABLE payout_transfers IS 'by merchant: a payout through Stripe, written down before it is asked for';
COMMENT ON COLUMN payout_transfers.attempt IS 'Which instruction of the statement it is, from 1 on: part of its key at Stripe';
COMMENT ON COLUMN payout_transfers.account_id IS 'Where it goes, as it was when it was first asked for';
COMMENT ON COLUMN payout_transfers.transfer_id IS 'tr_…; none while nobody knows that it was made';
COMMENT ON COLUMN payout_transfers.reversed IS 'What was taken back of it, with what is being taken back';
CREATE INDEX transfers_to_take_back ON payout_transfers (merchant_id, currency, at DESC) WHERE transfer_id IS NOT NULL AND reversed < amount;

CREATE TABLE payout_reversals (
    merchant_id  uuid NOT NULL
  , reversal_id  uuid NOT NULL
  , statement_id uuid NOT NULL
  , attempt      integer NOT NULL
  , purpose      text NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL
  , reason       text NOT NULL
  , state        text NOT NULL
  , stripe_id    text
  , failure      text NOT NULL DEFAULT ''
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , ended_at     timestamptz
  , attempt_at   timestamptz
  , attempts     integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, reversal_id)
  , FOREIGN KEY (merchant_id, statement_id, attempt) REFERENCES payout_transfers
  , CONSTRAINT a_reversal_is_something CHECK (amount > 0)
  , CONSTRAINT a_reversal_has_a_purpose CHECK (purpose IN ('owed', 'payout'))
  , CONSTRAINT a_reversal_says_why CHECK (reason <> '')
  , CONSTRAINT a_reversal_stands_somewhere CHECK (state IN ('sent', 'succeeded', 'failed'))
  , CONSTRAINT a_reversal_succeeded_by_name CHECK ((state = 'succeeded') = (stripe_id IS NOT NULL))
  , CONSTRAINT a_failed_reversal_says_why CHECK ((state = 'failed') = (failure <> ''))
  , CONSTRAINT stripe_is_asked_of_what_it_has_not_answered CHECK ((state = 'sent') = (attempt_at IS NOT NULL) AND (state = 'sent') = (ended_at IS NULL))
);
COMMENT ON TABLE payout_reversals IS 'by merchant: what is taken back through Stripe of what was paid out; its id is Stripe''s idempotency key';
COMMENT ON COLUMN payout_reversals.purpose IS 'owed: of what the shop owes, and it counts as given back; payout: the whole payout, which can be paid anew';
COMMENT ON COLUMN payout_reversals.stripe_id IS 'trr_…';
CREATE INDEX reversals_to_attempt ON payout_reversals (attempt_at) WHERE attempt_at IS NOT NULL;
CREATE INDEX reversals_of_a_statement ON payout_reversals (merchant_id, statement_id, at);
CREATE INDEX reversals_of_a_merchant ON payout_reversals (merchant_id, currency, at DESC);

-- trade.einvoices

-- E-invoices (EN 16931): of merchants to buyers, of the platform to merchants.

CREATE TABLE einvoice_sellers (
    merchant_id uuid PRIMARY KEY
  , legal_name  text NOT NULL
  , vat_number  text NOT NULL
  , street      text NOT NULL
  , city        text NOT NULL
  , postal_code text NOT NULL
  , country     text NOT NULL
  , email       text NOT NULL
  , automatic   boolean NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_seller_has_a_vat_number CHECK (vat_number <> '' AND legal_name <> '')
);
COMMENT ON TABLE einvoice_sellers IS 'by merchant: as whom a merchant issues e-invoices';
COMMENT ON COLUMN einvoice_sellers.vat_number IS 'With the prefix of the member state that gave it, such as DE136695976';
COMMENT ON COLUMN einvoice_sellers.automatic IS 'Whether orders that go to the EU are invoiced by themselves when all of them has left the house';

COMMENT ON COLUMN einvoice_sellers.since IS 'When it was said first: orders sent long before it are not asked for';

CREATE TABLE einvoice_series (
    owner_id uuid NOT NULL
  , year     integer NOT NULL
  , last     integer NOT NULL
  , PRIMARY KEY (owner_id, year)
  , CONSTRAINT a_series_counts_from_one CHECK (last > 0)
);
COMMENT ON TABLE einvoice_series IS 'by owner: the last number that a merchant, or the platform (whose id is in numbering.PLATFORM), has given in a year';

CREATE TABLE einvoices (
    merchant_id  uuid NOT NULL
  , einvoice_id  uuid NOT NULL
  , issuer       text NOT NULL
  , kind         text NOT NULL
  , year         integer NOT NULL
  , sequence     integer NOT NULL
  , number       text NOT NULL
  , issued_on    date NOT NULL
  , order_id     uuid
  , refund_id    uuid
  , buyer_id     uuid
  , month        date
  , currency     text NOT NULL
  , net          bigint NOT NULL
  , tax          bigint NOT NULL
  , document     jsonb NOT NULL
  , xml          text NOT NULL
  , issued_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, einvoice_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , CONSTRAINT an_einvoice_is_an_invoice_or_a_credit_note CHECK (kind IN ('invoice', 'credit_note'))
  , CONSTRAINT a_merchant_invoices_orders_the_platform_months CHECK (
        issuer = 'merchant' AND order_id IS NOT NULL AND buyer_id IS NOT NULL AND month IS NULL AND (kind = 'credit_note') = (refund_id IS NOT NULL)
        OR issuer = 'platform' AND order_id IS NULL AND buyer_id IS NULL AND refund_id IS NULL AND month IS NOT NULL)
  , CONSTRAINT a_month_is_its_first_day CHECK (month = date_trunc('month', month)::date)
  , CONSTRAINT sums_are_not_negative CHECK (net >= 0 AND tax >= 0 AND net + tax > 0)
);
COMMENT ON TABLE einvoices IS 'by merchant, append-only: e-invoices and credit notes; what is issued is kept for ten years and longer, as tax laws want it';
COMMENT ON COLUMN einvoices.issuer IS 'merchant: to the buyer of an order; platform: to the merchant, for what it was charged in a month';
COMMENT ON COLUMN einvoices.net IS 'In minor units, of a credit note what is given back';
COMMENT ON COLUMN einvoices.sequence IS 'In the year, of the issuer: without gaps (see checks.sql)';
COMMENT ON COLUMN einvoices.document IS 'What it says, as model.Document; the xml is made of it once, when it is issued';
CREATE UNIQUE INDEX an_order_is_invoiced_once ON einvoices (merchant_id, order_id) WHERE kind = 'invoice' AND order_id IS NOT NULL;
CREATE UNIQUE INDEX a_refund_is_credited_once ON einvoices (merchant_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE UNIQUE INDEX a_merchants_number_is_given_once ON einvoices (merchant_id, issuer, year, sequence);
CREATE INDEX einvoices_of_an_order ON einvoices (merchant_id, order_id);
CREATE INDEX einvoices_of_a_merchant ON einvoices (merchant_id, issuer, issued_at DESC, einvoice_id DESC);
CREATE INDEX einvoices_of_a_month ON einvoices (merchant_id, month, currency) WHERE month IS NOT NULL;
CREATE INDEX einvoices_of_the_platform ON einvoices (month DESC, einvoice_id DESC) WHERE issuer = 'platform';
CREATE INDEX einvoices_of_a_buyer ON einvoices (buyer_id, issued_at DESC) WHERE buyer_id IS NOT NULL;
CREATE INDEX einvoices_by_id ON einvoices (einvoice_id);

-- trade.discipline

-- What shops are held to: rules, violations with points and fines, deposits.

CREATE TABLE violation_rules (
    code     text PRIMARY KEY
  , name     jsonb NOT NULL
  , category text NOT NULL
  , points   integer NOT NULL
  , fine     bigint NOT NULL
  , currency text NOT NULL REFERENCES currencies
  , active   boolean NOT NULL DEFAULT true
  , CONSTRAINT a_rule_is_general_or_serious CHECK (category IN ('a', 'b'))
  , CONSTRAINT a_rule_costs_points_within_reason CHECK (points BETWEEN 0 AND 48)
  , CONSTRAINT a_rule_pays_nobody CHECK (fine >= 0)
);
COMMENT ON TABLE violation_rules IS 'reference: what shops may not do, and what it costs them';
COMMENT ON COLUMN violation_rules.category IS 'a: general; b: serious';
COMMENT ON COLUMN violation_rules.fine IS 'In minor units of its currency';
INSERT INTO violation_rules (code, name, category, points, fine, currency) VALUES
    ('late_dispatch', '{"zh-Hans": "延迟发货", "en": "Sent later than promised"}', 'a', 1, 0, 'CNY')
  , ('unfounded_refusal', '{"zh-Hans": "无正当理由拒绝售后", "en": "After-sales refused without ground"}', 'a', 3, 10000, 'CNY')
  , ('misdescribed', '{"zh-Hans": "商品描述不符", "en": "Goods not as described"}', 'a', 4, 20000, 'CNY')
  , ('missing_papers', '{"zh-Hans": "资质缺失或失效", "en": "Papers missing or out of date"}', 'a', 6, 0, 'CNY')
  , ('false_trade', '{"zh-Hans": "虚假交易", "en": "Made-up trade"}', 'b', 12, 50000, 'CNY')
  , ('counterfeit', '{"zh-Hans": "出售假冒商品", "en": "Counterfeit goods"}', 'b', 24, 200000, 'CNY');

CREATE TABLE violations (
    merchant_id  uuid NOT NULL REFERENCES merchants
  , violation_id uuid NOT NULL
  , code         text NOT NULL REFERENCES violation_rules
  , category     text NOT NULL
  , year         integer NOT NULL
  , points       integer NOT NULL
  , fine         bigint NOT NULL
  , currency     text NOT NULL
  , from_deposit bigint NOT NULL
  , from_payable bigint NOT NULL
  , facts        text NOT NULL
  , subject      text NOT NULL DEFAULT ''
  , subject_id   uuid
  , pictures     text[] NOT NULL DEFAULT '{}'
  , recorded_at  timestamptz NOT NULL
  , recorded_by  text NOT NULL
  , appeal       text NOT NULL DEFAULT ''
  , appeal_pictures text[] NOT NULL DEFAULT '{}'
  , appealed_at  timestamptz
  , appealed_by  text
  , outcome      text
  , decision     text NOT NULL DEFAULT ''
  , decided_at   timestamptz
  , decided_by   text
  , PRIMARY KEY (merchant_id, violation_id)
  , CONSTRAINT a_fine_comes_out_of_two_pockets CHECK (fine = from_deposit + from_payable AND from_deposit >= 0 AND from_payable >= 0)
  , CONSTRAINT a_violation_says_what_happened CHECK (facts <> '')
  , CONSTRAINT evidence_is_an_order_a_product_or_a_case CHECK (subject IN ('', 'order', 'product', 'case') AND (subject = '') = (subject_id IS NULL))
  , CONSTRAINT an_appeal_has_words_and_an_author CHECK ((appeal = '') = (appealed_at IS NULL) AND (appealed_at IS NULL) = (appealed_by IS NULL))
  , CONSTRAINT pictures_come_with_words CHECK (appeal <> '' OR appeal_pictures = '{}')
  , CONSTRAINT only_an_appeal_is_decided CHECK (outcome IS NULL OR appealed_at IS NOT NULL)
  , CONSTRAINT an_appeal_is_upheld_or_not CHECK (outcome IN ('stands', 'revoked'))
  , CONSTRAINT a_decision_says_when_and_by_whom CHECK ((outcome IS NULL) = (decided_at IS NULL) AND (outcome IS NULL) = (decided_by IS NULL))
  , CONSTRAINT somebody_else_decides_than_who_recorded CHECK (decided_by <> recorded_by)
);
COMMENT ON TABLE violations IS 'by merchant: what a shop did against the rules, and what it cost; revoked when its appeal was upheld';
COMMENT ON COLUMN violations.year IS 'The calendar year (Asia/Shanghai) whose points they are';
COMMENT ON COLUMN violations.pictures IS 'Evidence of the staff, by its name in the file store; appeal_pictures: of the shop';
COMMENT ON COLUMN violations.from_deposit IS 'How much of the fine the deposit paid';
COMMENT ON COLUMN violations.from_payable IS 'How much of the fine came, or comes, out of what the shop is owed';
CREATE INDEX violations_of_a_merchant ON violations (merchant_id, recorded_at DESC, violation_id DESC);
CREATE INDEX violations_by_time ON violations (recorded_at DESC, violation_id DESC);
CREATE INDEX violations_appealed ON violations (appealed_at, violation_id) WHERE appealed_at IS NOT NULL AND outcome IS NULL;

CREATE TABLE deposit_terms (
    merchant_id uuid PRIMARY KEY REFERENCES merchants
  , required    bigint NOT NULL
  , by_category bigint NOT NULL DEFAULT 0
  , currency    text NOT NULL
  , due_on      date
  , told_on     date
  , CONSTRAINT a_deposit_is_not_negative CHECK (required >= 0 AND by_category >= 0)
);
COMMENT ON TABLE deposit_terms IS 'by merchant: how much deposit a shop is asked for, and until when';
COMMENT ON COLUMN deposit_terms.required IS 'What staff ask of this shop; it owes the more of the two';
COMMENT ON COLUMN deposit_terms.by_category IS 'What its categories ask for: see category_deposits';
COMMENT ON COLUMN deposit_terms.due_on IS 'The last day for what is missing; none: nothing is missing';
COMMENT ON COLUMN deposit_terms.told_on IS 'The deadline of which the shop was told that it had passed';
CREATE INDEX deposit_terms_due ON deposit_terms (due_on) WHERE due_on IS NOT NULL;

CREATE TABLE category_deposits (
    category_id uuid NOT NULL REFERENCES categories
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , PRIMARY KEY (category_id, currency)
  , CONSTRAINT a_category_asks_for_something CHECK (amount > 0)
);
COMMENT ON TABLE category_deposits IS 'reference: how much deposit a category and all below it ask of a shop that sells there';

CREATE TABLE deposit_movements (
    merchant_id uuid NOT NULL REFERENCES merchants
  , movement_id uuid NOT NULL
  , kind        text NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL
  , reference   text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, movement_id)
  , CONSTRAINT a_movement_is_of_a_kind CHECK (kind IN (
        'from_balance', 'transfer', 'fine', 'fine_returned', 'returned', 'compensation', 'netted'))
  , CONSTRAINT what_leaves_is_negative CHECK (amount <> 0 AND (kind IN ('fine', 'returned', 'compensation', 'netted')) = (amount < 0))
  , CONSTRAINT a_transfer_has_its_reference CHECK (kind <> 'transfer' OR reference <> '')
);
COMMENT ON TABLE deposit_movements IS 'by merchant, append-only: what went into a deposit, and what left it';
COMMENT ON COLUMN deposit_movements.movement_id IS 'The document in the books; of a fine, made from the violation''s id; of a compensation, that of what is paid';
CREATE INDEX deposit_movements_of_a_merchant ON deposit_movements (merchant_id, at DESC, movement_id DESC);
CREATE UNIQUE INDEX a_bank_transfer_counts_once ON deposit_movements (merchant_id, reference) WHERE kind = 'transfer';

CREATE TABLE debts (
    merchant_id uuid NOT NULL REFERENCES merchants
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , claimed_on  date NOT NULL
  , told_on     date
  , restricts   boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, currency)
  , CONSTRAINT who_owes_owes_something CHECK (amount > 0)
);
COMMENT ON TABLE debts IS 'by merchant: what a shop was asked to pay, since neither sales nor deposit did; gone once it is paid';
COMMENT ON COLUMN debts.claimed_on IS 'The day on which it was first asked for';
COMMENT ON COLUMN debts.told_on IS 'The day of the last reminder';
COMMENT ON COLUMN debts.restricts IS 'It holds new products back';
CREATE INDEX debts_to_tell ON debts (told_on);

CREATE TABLE debt_payments (
    merchant_id uuid NOT NULL REFERENCES merchants
  , payment_id  uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL
  , reference   text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, payment_id)
  , CONSTRAINT a_payment_is_more_than_nothing CHECK (amount > 0)
  , CONSTRAINT a_payment_has_its_reference CHECK (reference <> '')
);
COMMENT ON TABLE debt_payments IS 'by merchant, append-only: what shops paid in by transfer of what they owed';
COMMENT ON COLUMN debt_payments.payment_id IS 'The document in the books and on the statement';
CREATE UNIQUE INDEX a_transfer_pays_once ON debt_payments (merchant_id, reference);

-- trade.promises

-- What shops promise with a sale, and what is paid where it was not kept.

CREATE TABLE compensations (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , line         integer NOT NULL
  , cause        text NOT NULL
  , buyer_id     uuid NOT NULL
  , rule_id      uuid REFERENCES rights_rules
  , case_id      uuid
  , basis        bigint NOT NULL
  , amount       bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , due_at       timestamptz NOT NULL
  , excuse       text
  , purse        text
  , from_deposit bigint NOT NULL DEFAULT 0
  , document     uuid NOT NULL
  , at           timestamptz NOT NULL
  , made_good_at timestamptz
  , PRIMARY KEY (merchant_id, document)
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , CONSTRAINT a_compensation_has_a_known_cause CHECK (cause IN ('late', 'counterfeit', 'return_freight'))
  , CONSTRAINT an_excuse_is_known CHECK (excuse IN ('readdressed', 'asked', 'split', 'no_rule', 'nothing_left'))
  , CONSTRAINT paid_or_excused CHECK ((excuse IS NULL) = (amount > 0) AND amount >= 0)
  , CONSTRAINT what_is_paid_is_paid_into_a_purse CHECK ((purse IS NULL) = (amount = 0))
  , CONSTRAINT no_compensation_without_a_rule CHECK (amount = 0 OR rule_id IS NOT NULL)
  , CONSTRAINT a_deposit_pays_a_part_at_most CHECK (from_deposit BETWEEN 0 AND amount)
  , CONSTRAINT lateness_and_freight_cost_their_basis_at_most CHECK (cause = 'counterfeit' OR amount <= basis)
  , CONSTRAINT what_a_case_decided_names_it CHECK ((cause = 'late') = (case_id IS NULL))
  , CONSTRAINT only_what_a_case_cost_is_made_good CHECK (made_good_at IS NULL OR (case_id IS NOT NULL AND amount > 0))
);
COMMENT ON TABLE compensations IS 'by merchant: what shops owed buyers for a line, or for a line in a case, by a dated rule, or why they did not';
COMMENT ON COLUMN compensations.rule_id IS 'The version of the rule that made it';
COMMENT ON COLUMN compensations.case_id IS 'The after-sales case in which the platform decided it';
COMMENT ON COLUMN compensations.basis IS 'What the buyer had paid for the line, less what had gone back; of a case, what went back of it; of freight, what it cost';
COMMENT ON COLUMN compensations.due_at IS 'By when the line was promised to leave; of a case, when it was decided';
COMMENT ON COLUMN compensations.purse IS 'Where the buyer has it: the balance, or points where no balance is kept';
COMMENT ON COLUMN compensations.from_deposit IS 'Which part the deposit paid; the rest came, or comes, out of what the shop is owed';
COMMENT ON COLUMN compensations.document IS 'What the books and the purse name as its cause, made from the order or the case, the cause and the line: it is decided once';
COMMENT ON COLUMN compensations.made_good_at IS 'When the platform paid it back to the shop, since an appeal found the refund wrong; the buyer keeps it';
CREATE INDEX compensations_of_an_order ON compensations (order_id);
CREATE INDEX compensations_of_a_case ON compensations (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX compensations_of_a_merchant ON compensations (merchant_id, at DESC, document DESC);
CREATE INDEX compensations_by_time ON compensations (at DESC, document DESC);

CREATE TABLE price_protections (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , rule_id     uuid NOT NULL REFERENCES rights_rules
  , unit_price  bigint NOT NULL
  , price       bigint NOT NULL
  , pieces      integer NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, refund_id)
  , UNIQUE (merchant_id, order_id, line, price)
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , FOREIGN KEY (merchant_id, refund_id) REFERENCES order_refunds
  , CONSTRAINT only_what_is_cheaper_is_protected CHECK (price < unit_price AND pieces > 0 AND amount > 0)
);
COMMENT ON TABLE price_protections IS 'by merchant, append-only: what went back of lines since their price had fallen, once for each fall';
COMMENT ON COLUMN price_protections.unit_price IS 'What a piece was sold for, before promotions';
COMMENT ON COLUMN price_protections.price IS 'What a piece cost on the day of the claim, without promotions';
COMMENT ON COLUMN price_protections.amount IS 'What went back, in minor units, added tax included';
CREATE INDEX price_protections_of_an_order ON price_protections (order_id);
CREATE INDEX price_protections_by_time ON price_protections (at DESC, refund_id DESC);
CREATE INDEX price_protections_of_a_merchant ON price_protections (merchant_id, at DESC, refund_id DESC);

-- trade.reviews

-- What buyers say: reviews of what they received, scores of the shop behind it, questions and their answers.

CREATE TABLE review_rules (
    only_one        boolean PRIMARY KEY DEFAULT true
  , write_days      integer NOT NULL DEFAULT 90
  , follow_up_days  integer NOT NULL DEFAULT 180
  , automatic_days  integer NOT NULL DEFAULT 0
  , CONSTRAINT there_is_one_set_of_rules CHECK (only_one)
  , CONSTRAINT periods_are_days CHECK (write_days BETWEEN 1 AND 365 AND follow_up_days BETWEEN 1 AND 730
                                       AND automatic_days BETWEEN 0 AND write_days)
);
COMMENT ON TABLE review_rules IS 'reference: how long one may review, and whether silence counts as a good review';
COMMENT ON COLUMN review_rules.write_days IS 'Days after receipt in which a line may be reviewed';
COMMENT ON COLUMN review_rules.follow_up_days IS 'Days after a review in which it may be followed up, once';
COMMENT ON COLUMN review_rules.automatic_days IS 'After so many days without a word a labelled good review is written, which counts in no rating; 0: never';
INSERT INTO review_rules DEFAULT VALUES;

CREATE TABLE reviews (
    merchant_id        uuid NOT NULL
  , review_id          uuid NOT NULL
  , product_id         uuid NOT NULL
  , sku_id             uuid NOT NULL
  , order_id           uuid NOT NULL
  , line               integer NOT NULL
  , buyer_id           uuid NOT NULL
  , author             text NOT NULL DEFAULT ''
  , locale             text NOT NULL
  , options            jsonb NOT NULL DEFAULT '[]'
  , stars              smallint NOT NULL
  , text               text NOT NULL DEFAULT ''
  , pictures           text[] NOT NULL DEFAULT '{}'
  , automatic          boolean NOT NULL DEFAULT false
  , written_at         timestamptz NOT NULL DEFAULT now()
  , follow_up          text
  , follow_up_pictures text[] NOT NULL DEFAULT '{}'
  , followed_up_at     timestamptz
  , reply              text
  , replied_at         timestamptz
  , helpful            integer NOT NULL DEFAULT 0
  , worth              integer NOT NULL DEFAULT 0
  , hidden_at          timestamptz
  , hidden_reason      text
  , hidden_ground      text
  , PRIMARY KEY (merchant_id, review_id)
  , CONSTRAINT a_line_is_reviewed_once UNIQUE (merchant_id, order_id, line)
  , CONSTRAINT a_review_has_one_to_five_stars CHECK (stars BETWEEN 1 AND 5)
  , CONSTRAINT followed_up_means_when CHECK ((follow_up IS NULL) = (followed_up_at IS NULL))
  , CONSTRAINT replied_means_when CHECK ((reply IS NULL) = (replied_at IS NULL))
  , CONSTRAINT hidden_means_why CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL)
                                     AND (hidden_at IS NULL) = (hidden_ground IS NULL))
  , CONSTRAINT votes_are_counted CHECK (helpful >= 0)
  , CONSTRAINT silence_has_no_words CHECK (NOT automatic OR (text = '' AND pictures = '{}' AND follow_up IS NULL))
);
COMMENT ON TABLE reviews IS 'by merchant, never deleted: what a buyer says of one line of an order, after it has arrived';
COMMENT ON COLUMN reviews.author IS 'How the writer is called, masked when it was written; empty: anonymous';
COMMENT ON COLUMN reviews.options IS '[[name, value], …]: the choice that was bought';
COMMENT ON COLUMN reviews.automatic IS 'Nobody wrote it: the buyer was silent for review_rules.automatic_days';
COMMENT ON COLUMN reviews.hidden_ground IS 'held: a word of the dictionary, nobody has looked yet; else on which ground staff took it off the pages';
COMMENT ON COLUMN reviews.worth IS 'How much it tells others: what is in it, and ten for each helpful vote';
CREATE INDEX reviews_by_id ON reviews (review_id);
CREATE INDEX reviews_of_a_product_by_worth ON reviews (product_id, worth DESC, written_at DESC, review_id DESC)
    WHERE hidden_at IS NULL;
CREATE INDEX reviews_of_a_product_by_time ON reviews (product_id, written_at DESC, review_id DESC)
    WHERE hidden_at IS NULL;
CREATE INDEX reviews_of_a_product_by_stars ON reviews (product_id, stars, written_at DESC, review_id DESC)
    WHERE hidden_at IS NULL;
CREATE INDEX reviews_of_a_merchant ON reviews (merchant_id, written_at DESC, review_id DESC);
CREATE INDEX reviews_without_reply ON reviews (merchant_id, written_at DESC, review_id DESC)
    WHERE reply IS NULL AND hidden_at IS NULL AND NOT automatic;
CREATE INDEX low_reviews_without_reply ON reviews (merchant_id, written_at DESC, review_id DESC)
    WHERE reply IS NULL AND hidden_at IS NULL AND NOT automatic AND stars <= 3;
CREATE INDEX reviews_of_a_buyer ON reviews (buyer_id, written_at DESC, review_id DESC);
CREATE INDEX hidden_reviews ON reviews (hidden_at DESC, review_id DESC) WHERE hidden_at IS NOT NULL;

CREATE TABLE review_votes (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, review_id, buyer_id)
  , FOREIGN KEY (merchant_id, review_id) REFERENCES reviews
);
COMMENT ON TABLE review_votes IS 'by merchant: who found a review helpful, each once';
CREATE INDEX review_votes_of_a_buyer ON review_votes (buyer_id);

CREATE TABLE order_scores (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , service     smallint NOT NULL
  , logistics   smallint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT scores_are_one_to_five CHECK (service BETWEEN 1 AND 5 AND logistics BETWEEN 1 AND 5)
);
COMMENT ON TABLE order_scores IS 'by merchant: how an order was served and sent, said with its first review';
CREATE INDEX order_scores_by_time ON order_scores (merchant_id, at);

CREATE TABLE product_ratings (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , stars_1     integer NOT NULL DEFAULT 0
  , stars_2     integer NOT NULL DEFAULT 0
  , stars_3     integer NOT NULL DEFAULT 0
  , stars_4     integer NOT NULL DEFAULT 0
  , stars_5     integer NOT NULL DEFAULT 0
  , texts       integer NOT NULL DEFAULT 0
  , pictured    integer NOT NULL DEFAULT 0
  , followed_up integer NOT NULL DEFAULT 0
  , silent      integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT counts_are_not_negative CHECK (least(stars_1, stars_2, stars_3, stars_4, stars_5, texts, pictured
                                                  , followed_up, silent) >= 0)
);
COMMENT ON TABLE product_ratings IS 'by merchant: how many shown reviews of a product have so many stars, words, pictures';
COMMENT ON COLUMN product_ratings.silent IS 'Automatic good reviews: counted here, and in nothing else';
CREATE INDEX product_ratings_by_product ON product_ratings (product_id);

CREATE TABLE shop_scores (
    merchant_id      uuid NOT NULL
  , day              date NOT NULL
  , category_id      uuid
  , reviews          integer NOT NULL
  , description      integer NOT NULL
  , service          integer NOT NULL
  , logistics        integer NOT NULL
  , said_service     integer NOT NULL
  , said_logistics   integer NOT NULL
  , paid             integer NOT NULL
  , faults           integer NOT NULL
  , due              integer NOT NULL
  , late             integer NOT NULL
  , peers            integer
  , peer_description integer
  , peer_service     integer
  , peer_logistics   integer
  , PRIMARY KEY (merchant_id, day)
  , CONSTRAINT scores_are_hundredths_of_stars CHECK (description BETWEEN 0 AND 500 AND service BETWEEN 0 AND 500
                                                     AND logistics BETWEEN 0 AND 500)
  , CONSTRAINT facts_only_take_away CHECK (service <= said_service AND logistics <= said_logistics)
  , CONSTRAINT facts_are_counted CHECK (paid >= 0 AND faults >= 0 AND 0 <= late AND late <= due)
);
COMMENT ON TABLE shop_scores IS 'by merchant: description, service and logistics over 180 days in hundredths of a star, a row a day; 0: nobody has said';
COMMENT ON COLUMN shop_scores.said_service IS 'What buyers said, before the facts of 30 days took away from it';
COMMENT ON COLUMN shop_scores.faults IS 'After-sales cases of 30 days for a reason that lies with the shop, withdrawn and rejected ones left out; of paid orders';
COMMENT ON COLUMN shop_scores.due IS 'Orders paid in 30 days that were sent, or should have been by now; late of them';
COMMENT ON COLUMN shop_scores.category_id IS 'The root category that most of its goods are in: its peers are the shops of the same';
COMMENT ON COLUMN shop_scores.peers IS 'How many shops the peer_ columns are the average of; none: not compared yet';
CREATE INDEX shop_scores_of_a_day ON shop_scores (day, category_id);
CREATE INDEX shop_scores_to_compare ON shop_scores (day) WHERE peers IS NULL;

CREATE TABLE questions (
    merchant_id   uuid NOT NULL
  , question_id   uuid NOT NULL
  , product_id    uuid NOT NULL
  , buyer_id      uuid NOT NULL
  , author        text NOT NULL DEFAULT ''
  , locale        text NOT NULL
  , text          text NOT NULL
  , asked_at      timestamptz NOT NULL DEFAULT now()
  , answers       integer NOT NULL DEFAULT 0
  , shop_at       timestamptz
  , hidden_at     timestamptz
  , hidden_reason text
  , hidden_ground text
  , PRIMARY KEY (merchant_id, question_id)
  , CONSTRAINT answers_are_counted CHECK (answers >= 0)
  , CONSTRAINT hidden_means_why CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL)
                                     AND (hidden_at IS NULL) = (hidden_ground IS NULL))
);
COMMENT ON TABLE questions IS 'by merchant, never deleted: what people want to know about a product';
COMMENT ON COLUMN questions.shop_at IS 'When the shop first answered';
CREATE INDEX questions_by_id ON questions (question_id);
CREATE INDEX questions_of_a_product ON questions (product_id, asked_at DESC, question_id DESC) WHERE hidden_at IS NULL;
CREATE INDEX questions_of_a_merchant ON questions (merchant_id, asked_at DESC, question_id DESC);
CREATE INDEX questions_unanswered ON questions (merchant_id, asked_at DESC, question_id DESC)
    WHERE shop_at IS NULL AND hidden_at IS NULL;
CREATE INDEX hidden_questions ON questions (hidden_at DESC, question_id DESC) WHERE hidden_at IS NOT NULL;
CREATE INDEX questions_of_a_buyer ON questions (buyer_id, asked_at DESC, question_id DESC);

CREATE TABLE answers (
    merchant_id   uuid NOT NULL
  , answer_id     uuid NOT NULL
  , question_id   uuid NOT NULL
  , by_shop       boolean NOT NULL
  , writer_id     uuid NOT NULL
  , author        text NOT NULL DEFAULT ''
  , text          text NOT NULL
  , answered_at   timestamptz NOT NULL DEFAULT now()
  , helpful       integer NOT NULL DEFAULT 0
  , hidden_at     timestamptz
  , hidden_reason text
  , hidden_ground text
  , PRIMARY KEY (merchant_id, answer_id)
  , FOREIGN KEY (merchant_id, question_id) REFERENCES questions
  , CONSTRAINT votes_are_counted CHECK (helpful >= 0)
  , CONSTRAINT hidden_means_why CHECK ((hidden_at IS NULL) = (hidden_reason IS NULL)
                                     AND (hidden_at IS NULL) = (hidden_ground IS NULL))
);
COMMENT ON TABLE answers IS 'by merchant, never deleted: answers of the shop, and of people who bought the product';
COMMENT ON COLUMN answers.writer_id IS 'The buyer, or the account of the shop''s staff';
CREATE INDEX answers_of_a_question ON answers (question_id, by_shop DESC, helpful DESC, answered_at);
CREATE INDEX hidden_answers ON answers (hidden_at DESC, answer_id DESC) WHERE hidden_at IS NOT NULL;
CREATE INDEX answers_by_id ON answers (answer_id);
CREATE INDEX answers_of_a_writer ON answers (writer_id);

CREATE TABLE answer_votes (
    merchant_id uuid NOT NULL
  , answer_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, answer_id, buyer_id)
  , FOREIGN KEY (merchant_id, answer_id) REFERENCES answers
);
COMMENT ON TABLE answer_votes IS 'by merchant: who found an answer helpful, each once';
CREATE INDEX answer_votes_of_a_buyer ON answer_votes (buyer_id);

CREATE TABLE review_reports (
    merchant_id uuid NOT NULL
  , kind        text NOT NULL
  , subject_id  uuid NOT NULL
  , reporter_id uuid NOT NULL
  , reason      text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, kind, subject_id, reporter_id)
  , CONSTRAINT words_of_people_are_reported CHECK (kind IN ('review', 'question', 'answer'))
);
COMMENT ON TABLE review_reports IS 'by merchant: somebody says that a review, a question or an answer should not stand there';
COMMENT ON COLUMN review_reports.reporter_id IS 'The buyer, or the account of the shop''s staff';
CREATE INDEX review_reports_open ON review_reports (at, subject_id) WHERE closed_at IS NULL;

CREATE TABLE moderation_steps (
    merchant_id uuid NOT NULL
  , step_id     uuid NOT NULL
  , kind        text NOT NULL
  , subject_id  uuid NOT NULL
  , act         text NOT NULL
  , ground      text
  , reason      text NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, step_id)
  , CONSTRAINT something_is_held_hidden_or_shown CHECK (act IN ('held', 'hidden', 'shown'))
  , CONSTRAINT nothing_is_hidden_without_a_ground CHECK ((act = 'shown') = (ground IS NULL))
  , CONSTRAINT nothing_is_hidden_without_a_reason CHECK (act = 'shown' OR reason <> '')
);
COMMENT ON TABLE moderation_steps IS 'by merchant, append-only: who took a review, a question or an answer off the pages, on which ground, and who showed it again';
COMMENT ON COLUMN moderation_steps.by IS 'The account of the operator''s staff; system: a word of the dictionary';
CREATE INDEX moderation_steps_of_a_subject ON moderation_steps (merchant_id, kind, subject_id, at DESC, step_id DESC);

CREATE TABLE review_appeals (
    merchant_id uuid NOT NULL
  , step_id     uuid NOT NULL
  , review_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , words       text NOT NULL
  , appealed_at timestamptz NOT NULL DEFAULT now()
  , hidden_by   text NOT NULL
  , decided_at  timestamptz
  , decided_by  text
  , granted     boolean
  , answer      text
  , PRIMARY KEY (merchant_id, step_id)
  , FOREIGN KEY (merchant_id, step_id) REFERENCES moderation_steps
  , FOREIGN KEY (merchant_id, review_id) REFERENCES reviews
  , CONSTRAINT decided_means_how CHECK ((decided_at IS NULL) = (granted IS NULL) AND (granted IS NULL) = (answer IS NULL)
                                        AND (answer IS NULL) = (decided_by IS NULL))
  , CONSTRAINT somebody_else_decides_than_who_hid_it CHECK (decided_by <> hidden_by)
);
COMMENT ON TABLE review_appeals IS 'by merchant, never deleted: its author wants a hidden review to stand, once for each time that it was hidden';
COMMENT ON COLUMN review_appeals.hidden_by IS 'Whose act it is against: who that is does not decide about it';
CREATE INDEX review_appeals_open ON review_appeals (appealed_at, step_id) WHERE decided_at IS NULL;
CREATE INDEX review_appeals_by_id ON review_appeals (step_id);
CREATE INDEX review_appeals_of_a_review ON review_appeals (review_id);

-- trade.campaigns

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

-- channels.feeds

-- What imports have brought, beside what they wrote through the modules that own it.

CREATE TABLE import_runs (
    fingerprint text PRIMARY KEY
  , run_id      uuid NOT NULL
  , subject     text NOT NULL
  , files       text[] NOT NULL
  , map         text NOT NULL
  , chunks      integer NOT NULL DEFAULT 0
  , counted     integer NOT NULL DEFAULT 0
  , orders      integer NOT NULL DEFAULT 0
  , documents   integer NOT NULL DEFAULT 0
  , refunds     integer NOT NULL DEFAULT 0
  , result      jsonb
  , begun_at    timestamptz NOT NULL DEFAULT now()
  , finished_at timestamptz
  , CONSTRAINT an_import_is_of_something CHECK (subject IN ('products', 'customers', 'orders'))
  , CONSTRAINT finished_means_a_result CHECK ((finished_at IS NOT NULL) = (result IS NOT NULL))
);
COMMENT ON TABLE import_runs IS 'by key: imports by the fingerprint of their files and map: how far each has come';
COMMENT ON COLUMN import_runs.chunks IS 'Chunks that are written; each is one transaction, which counts itself here';
COMMENT ON COLUMN import_runs.counted IS 'Products whose sales have been pushed down to search';
COMMENT ON COLUMN import_runs.orders IS 'Written so far, as are documents and refunds';
COMMENT ON COLUMN import_runs.result IS 'What was told at the end';

CREATE TABLE import_documents (
    merchant_id uuid NOT NULL
  , document_id uuid NOT NULL
  , run_id      uuid NOT NULL
  , role        text NOT NULL
  , number      text NOT NULL
  , buyer_id    uuid
  , country     text
  , currency    text NOT NULL REFERENCES currencies
  , amount      bigint NOT NULL
  , placed_at   timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, document_id)
  , CONSTRAINT a_document_is_no_order CHECK (role IN ('return', 'adjustment', 'stock'))
);
COMMENT ON TABLE import_documents IS 'by merchant, append-only: imported documents that are no orders: returns and credits, corrections of accounts, pieces found or broken';
COMMENT ON COLUMN import_documents.number IS 'Its number where it comes from';
COMMENT ON COLUMN import_documents.buyer_id IS 'None when the customer is not known';
COMMENT ON COLUMN import_documents.amount IS 'Sum of its lines: negative for returns';
CREATE UNIQUE INDEX a_document_is_imported_once ON import_documents (merchant_id, number, role);
CREATE INDEX import_documents_by_time ON import_documents (placed_at);

CREATE TABLE import_lines (
    merchant_id uuid NOT NULL
  , document_id uuid NOT NULL
  , line        integer NOT NULL
  , product_id  uuid NOT NULL
  , sku_id      uuid NOT NULL
  , kind        text NOT NULL
  , title       jsonb NOT NULL
  , quantity    integer NOT NULL
  , unit_price_micros bigint NOT NULL
  , amount      bigint NOT NULL
  , source_line text NOT NULL
  , credited_quantity integer NOT NULL DEFAULT 0
  , credited    bigint NOT NULL DEFAULT 0
  , credited_because text
  , PRIMARY KEY (merchant_id, document_id, line)
  , FOREIGN KEY (merchant_id, document_id) REFERENCES import_documents
  , CONSTRAINT what_is_credited_has_a_reason CHECK ((credited_quantity > 0) = (credited_because IS NOT NULL))
);
COMMENT ON TABLE import_lines IS 'by merchant, append-only: lines of imported documents that are no orders';
COMMENT ON COLUMN import_lines.quantity IS 'Negative for returns';
COMMENT ON COLUMN import_lines.unit_price_micros IS 'Millionths of the major unit';
COMMENT ON COLUMN import_lines.credited_quantity IS 'Of a return, the pieces of which no sale was found: the rest are refunds of orders';
COMMENT ON COLUMN import_lines.credited_because IS 'Why no sale was found: no_earlier_sale, more_than_sold, unknown_customer, kind_not_matched';

-- channels.sheets

-- Changes of many goods at once: by a file, in the grid, or by one action on the ticked ones. Each can be undone for a day.

CREATE TABLE goods_changes (
    merchant_id uuid NOT NULL
  , change_id   uuid NOT NULL
  , kind        text NOT NULL
  , name        text NOT NULL DEFAULT ''
  , state       text NOT NULL
  , rows        jsonb NOT NULL
  , counts      jsonb NOT NULL
  , done        integer NOT NULL DEFAULT 0
  , made_at     timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , applied_at  timestamptz
  , undone_at   timestamptz
  , trouble     text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, change_id)
  , CONSTRAINT a_change_is_of_a_kind CHECK (kind IN ('file', 'grid', 'action'))
  , CONSTRAINT a_change_is_in_a_state CHECK (state IN ('planned', 'applying', 'applied', 'failed', 'undone'))
  , CONSTRAINT applied_means_when CHECK ((state IN ('applied', 'undone')) = (applied_at IS NOT NULL))
  , CONSTRAINT undone_means_when CHECK ((state = 'undone') = (undone_at IS NOT NULL))
);
COMMENT ON TABLE goods_changes IS 'by merchant: changes of many goods at once, as planned, with what was before';
COMMENT ON COLUMN goods_changes.rows IS 'The rows of the plan: see model.Row';
COMMENT ON COLUMN goods_changes.counts IS '{new, changed, unchanged, wrong}: rows of each outcome';
COMMENT ON COLUMN goods_changes.done IS 'How many rows are written already';
COMMENT ON COLUMN goods_changes.trouble IS 'Why it failed';
CREATE INDEX goods_changes_latest ON goods_changes (merchant_id, made_at DESC, change_id DESC);

-- channels.rooms

-- Rooms in which shops sell live: who asked for one, who speaks in it, who works in it, and who or what was stopped.

CREATE TABLE room_application_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE room_application_transitions IS 'reference: the states of an application for a room that follow each other';
INSERT INTO room_application_transitions (from_state, to_state) VALUES
    ('nowhere', 'submitted'), ('submitted', 'sent_back'), ('sent_back', 'submitted')
  , ('submitted', 'approved'), ('submitted', 'refused');

CREATE TABLE room_applications (
    merchant_id    uuid NOT NULL
  , application_id uuid NOT NULL
  , state          text NOT NULL
  , name           jsonb NOT NULL
  , about          jsonb NOT NULL DEFAULT '{}'
  , slug           text NOT NULL
  , category_ids   uuid[] NOT NULL
  , host_id        uuid
  , reasons        jsonb NOT NULL DEFAULT '{}'
  , note           text NOT NULL DEFAULT ''
  , submitted_at   timestamptz NOT NULL DEFAULT now()
  , decided_at     timestamptz
  , decided_by     text
  , PRIMARY KEY (merchant_id, application_id)
  , CONSTRAINT a_room_application_is_in_a_state CHECK (state IN ('submitted', 'sent_back', 'approved', 'refused'))
  , CONSTRAINT a_decision_has_a_day CHECK ((decided_at IS NULL) = (decided_by IS NULL))
  , CONSTRAINT what_was_decided_says_by_whom CHECK (state = 'submitted' OR decided_at IS NOT NULL)
);
COMMENT ON TABLE room_applications IS 'by merchant: shops that want to sell live';
COMMENT ON COLUMN room_applications.slug IS 'The address it wants: /live/{slug}';
COMMENT ON COLUMN room_applications.reasons IS '{field: what is to be corrected}, of the last time it was sent back';
COMMENT ON COLUMN room_applications.note IS 'What the operator said with the decision';
CREATE UNIQUE INDEX a_shop_asks_for_one_room_at_a_time ON room_applications (merchant_id) WHERE state IN ('submitted', 'sent_back');
CREATE INDEX room_applications_in_a_state ON room_applications (state, submitted_at, application_id);

CREATE TABLE room_application_history (
    merchant_id    uuid NOT NULL
  , application_id uuid NOT NULL
  , step           integer NOT NULL
  , from_state     text NOT NULL
  , to_state       text NOT NULL
  , at             timestamptz NOT NULL DEFAULT now()
  , by             text NOT NULL
  , note           text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, application_id, step)
  , FOREIGN KEY (merchant_id, application_id) REFERENCES room_applications
  , FOREIGN KEY (from_state, to_state) REFERENCES room_application_transitions
);
COMMENT ON TABLE room_application_history IS 'by merchant, append-only: each change of state of an application for a room';

CREATE TABLE room_closed_categories (
    category_id uuid PRIMARY KEY REFERENCES categories
  , reason      jsonb NOT NULL
  , source      text NOT NULL DEFAULT ''
  , since       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE room_closed_categories IS 'reference: categories, each with all below it, whose goods are not sold live';
COMMENT ON COLUMN room_closed_categories.source IS 'Where the rule comes from: law and article';

CREATE TABLE room_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE room_transitions IS 'reference: the states of a room that follow each other';
INSERT INTO room_transitions (from_state, to_state) VALUES
    ('nowhere', 'open'), ('open', 'stopped'), ('stopped', 'open'), ('open', 'closed'), ('stopped', 'closed');

CREATE TABLE rooms (
    merchant_id  uuid NOT NULL
  , room_id      uuid NOT NULL
  , slug         text NOT NULL
  , name         jsonb NOT NULL
  , about        jsonb NOT NULL DEFAULT '{}'
  , category_ids uuid[] NOT NULL
  , state        text NOT NULL
  , grade        text NOT NULL DEFAULT 'trial'
  , opened_at    timestamptz NOT NULL DEFAULT now()
  , changed_at   timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, room_id)
  , CONSTRAINT a_room_is_in_a_state CHECK (state IN ('open', 'stopped', 'closed'))
  , CONSTRAINT a_room_has_a_grade CHECK (grade IN ('trial', 'regular', 'trusted'))
);
COMMENT ON TABLE rooms IS 'by merchant: where a shop sells live';
COMMENT ON COLUMN rooms.slug IS 'Its address, /live/{slug}; room_slugs makes it unique across shops';
COMMENT ON COLUMN rooms.category_ids IS 'What is sold in it: categories, each with all below it';
COMMENT ON COLUMN rooms.state IS 'stopped: taken down or on the blacklist, see room_stops';
COMMENT ON COLUMN rooms.grade IS 'How far the operator trusts it: how long and how often it may be on air, see model.LIMITS';
CREATE INDEX rooms_in_a_state ON rooms (state, opened_at, room_id);
CREATE INDEX rooms_of_a_grade ON rooms (grade, opened_at, room_id);

CREATE TABLE room_slugs (
    slug        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
);
COMMENT ON TABLE room_slugs IS 'by key, merchants read: the address of a room (/live/{slug}), and which it is';

CREATE TABLE room_history (
    merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, room_id, step)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
  , FOREIGN KEY (from_state, to_state) REFERENCES room_transitions
);
COMMENT ON TABLE room_history IS 'by merchant, append-only: each change of a room''s state';

CREATE TABLE room_host_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE room_host_transitions IS 'reference: the states of a host that follow each other';
INSERT INTO room_host_transitions (from_state, to_state) VALUES
    ('nowhere', 'waiting'), ('waiting', 'verified'), ('waiting', 'sent_back'), ('sent_back', 'waiting')
  , ('waiting', 'barred'), ('sent_back', 'barred'), ('verified', 'barred'), ('barred', 'waiting')
  , ('waiting', 'gone'), ('sent_back', 'gone'), ('verified', 'gone');

CREATE TABLE room_hosts (
    merchant_id     uuid NOT NULL
  , host_id         uuid NOT NULL
  , account_id      uuid
  , name            text NOT NULL
  , real_name       text NOT NULL
  , document_number text NOT NULL
  , born_on         date NOT NULL
  , scan            text NOT NULL
  , is_ai           boolean NOT NULL DEFAULT false
  , state           text NOT NULL
  , reason          text NOT NULL DEFAULT ''
  , trained_until   date
  , registered_at   timestamptz NOT NULL DEFAULT now()
  , verified_at     timestamptz
  , verified_by     text
  , PRIMARY KEY (merchant_id, host_id)
  , CONSTRAINT a_host_is_in_a_state CHECK (state IN ('waiting', 'verified', 'sent_back', 'barred', 'gone'))
  , CONSTRAINT verified_means_when_and_by_whom CHECK (state <> 'verified' OR (verified_at IS NOT NULL AND verified_by IS NOT NULL))
);
COMMENT ON TABLE room_hosts IS 'by merchant: who speaks in a shop''s rooms';
COMMENT ON COLUMN room_hosts.account_id IS 'Opaque: the member of the shop''s staff who it is; none: somebody from outside';
COMMENT ON COLUMN room_hosts.name IS 'As buyers see it';
COMMENT ON COLUMN room_hosts.real_name IS 'As the identity card says; of a made host, who answers for it';
COMMENT ON COLUMN room_hosts.document_number IS 'Of the identity card: the operator finds the same person in other shops by it';
COMMENT ON COLUMN room_hosts.scan IS 'Of the identity card, in the private file store: the operator sees it, nobody else';
COMMENT ON COLUMN room_hosts.is_ai IS 'A made voice and picture: buyers are told so all the time';
COMMENT ON COLUMN room_hosts.reason IS 'Why it was sent back or barred';
COMMENT ON COLUMN room_hosts.trained_until IS 'Until when the last training counts; none: never trained';
CREATE UNIQUE INDEX a_member_of_the_staff_is_one_host ON room_hosts (merchant_id, account_id) WHERE account_id IS NOT NULL;
CREATE INDEX room_hosts_by_document ON room_hosts (document_number);
CREATE INDEX room_hosts_in_a_state ON room_hosts (state, registered_at, host_id);

CREATE TABLE room_host_history (
    merchant_id uuid NOT NULL
  , host_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, host_id, step)
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , FOREIGN KEY (from_state, to_state) REFERENCES room_host_transitions
);
COMMENT ON TABLE room_host_history IS 'by merchant, append-only: each change of a host''s state';

CREATE TABLE room_trainings (
    merchant_id uuid NOT NULL
  , training_id uuid NOT NULL
  , host_id     uuid NOT NULL
  , course      text NOT NULL
  , passed_on   date NOT NULL
  , good_until  date NOT NULL
  , noted_at    timestamptz NOT NULL DEFAULT now()
  , noted_by    text NOT NULL
  , PRIMARY KEY (merchant_id, training_id)
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , CONSTRAINT a_training_counts_for_some_time CHECK (passed_on < good_until)
);
COMMENT ON TABLE room_trainings IS 'by merchant, append-only: which courses hosts have passed';
CREATE INDEX room_trainings_of_a_host ON room_trainings (merchant_id, host_id, passed_on DESC);

CREATE TABLE room_roles (
    merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
  , account_id  uuid NOT NULL
  , role        text NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, room_id, account_id, role)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
  , CONSTRAINT a_room_has_these_roles CHECK (role IN ('host', 'co_host', 'desk', 'service', 'field'))
);
COMMENT ON TABLE room_roles IS 'by merchant: who of the shop''s staff does what in a room';
COMMENT ON COLUMN room_roles.account_id IS 'Opaque: a member of the shop''s staff, who has the permission that goes with the role';

CREATE TABLE room_stops (
    merchant_id   uuid NOT NULL
  , stop_id       uuid NOT NULL
  , kind          text NOT NULL
  , subject       text NOT NULL
  , room_id       uuid
  , host_id       uuid
  , session_id    uuid
  , name          text NOT NULL
  , reason        text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , appeal        text NOT NULL DEFAULT ''
  , appealed_at   timestamptz
  , appealed_by   text
  , answer        text NOT NULL DEFAULT ''
  , answered_at   timestamptz
  , lifted_at     timestamptz
  , lifted_by     text
  , PRIMARY KEY (merchant_id, stop_id)
  , CONSTRAINT a_stop_is_of_a_kind CHECK (kind IN ('takedown', 'blacklist'))
  , CONSTRAINT a_stop_is_of_one_subject CHECK (
        (subject = 'room') = (room_id IS NOT NULL AND session_id IS NULL AND host_id IS NULL)
    AND (subject = 'session') = (session_id IS NOT NULL AND room_id IS NOT NULL AND host_id IS NULL)
    AND (subject = 'host') = (host_id IS NOT NULL AND room_id IS NULL AND session_id IS NULL))
  , CONSTRAINT lifted_means_by_whom CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
  , CONSTRAINT an_appeal_says_something CHECK ((appealed_at IS NULL) = (appeal = ''))
  , CONSTRAINT what_is_answered_was_asked CHECK (answered_at IS NULL OR appealed_at IS NOT NULL)
);
COMMENT ON TABLE room_stops IS 'by merchant, never deleted: what the operator has stopped, why, and what became of that';
COMMENT ON COLUMN room_stops.name IS 'What it was called then';
COMMENT ON COLUMN room_stops.session_id IS 'Opaque: a session of the live module';
CREATE UNIQUE INDEX a_room_is_stopped_once ON room_stops (merchant_id, room_id) WHERE subject = 'room' AND lifted_at IS NULL;
CREATE UNIQUE INDEX a_host_is_stopped_once ON room_stops (merchant_id, host_id) WHERE subject = 'host' AND lifted_at IS NULL;
CREATE UNIQUE INDEX a_session_is_stopped_once ON room_stops (merchant_id, session_id) WHERE subject = 'session' AND lifted_at IS NULL;
CREATE INDEX room_stops_by_time ON room_stops (at DESC, stop_id DESC);
CREATE INDEX room_stops_of_a_shop ON room_stops (merchant_id, at DESC, stop_id DESC);
CREATE INDEX room_stops_appealed ON room_stops (appealed_at, stop_id) WHERE appealed_at IS NOT NULL AND answered_at IS NULL AND lifted_at IS NULL;

-- channels.live

-- Live sessions as they are planned: when, by whom, what is sold and said in them, and who wants to be told.

CREATE TABLE live_session_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE live_session_transitions IS 'reference: the states of a live session that follow each other';
INSERT INTO live_session_transitions (from_state, to_state) VALUES
    ('nowhere', 'planned'), ('planned', 'ready'), ('ready', 'planned'), ('ready', 'on_air'), ('on_air', 'ended')
  , ('planned', 'cancelled'), ('ready', 'cancelled')
  , ('planned', 'taken_down'), ('ready', 'taken_down'), ('on_air', 'taken_down'), ('ended', 'taken_down')
  , ('taken_down', 'planned'), ('taken_down', 'ended');

CREATE TABLE live_sessions (
    merchant_id    uuid NOT NULL
  , session_id     uuid NOT NULL
  , room_id        uuid NOT NULL
  , host_id        uuid
  , title          jsonb NOT NULL
  , cover          text
  , starts_at      timestamptz NOT NULL
  , ends_at        timestamptz NOT NULL
  , portrait       boolean NOT NULL DEFAULT true
  , trailer        jsonb NOT NULL DEFAULT '{}'
  , trailer_file   text
  , trailer_video  text
  , script         text NOT NULL DEFAULT ''
  , state          text NOT NULL
  , created_at     timestamptz NOT NULL DEFAULT now()
  , changed_at     timestamptz NOT NULL DEFAULT now()
  , started_at     timestamptz
  , ended_at       timestamptz
  , last_seq       bigint NOT NULL DEFAULT 0
  , key_digest     text
  , key_made_at    timestamptz
  , playback       jsonb NOT NULL DEFAULT '{}'
  , media          jsonb NOT NULL DEFAULT '{}'
  , published_at   timestamptz
  , unpublished_at timestamptz
  , reminded_at    timestamptz
  , begun_told_at  timestamptz
  , replay_shown   boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , CONSTRAINT a_live_session_is_in_a_state CHECK (state IN ('planned', 'ready', 'on_air', 'ended', 'cancelled', 'taken_down'))
  , CONSTRAINT a_live_session_begins_before_it_ends CHECK (starts_at < ends_at)
  , CONSTRAINT on_air_means_since_when CHECK (state NOT IN ('on_air', 'ended') OR started_at IS NOT NULL)
  , CONSTRAINT ended_means_until_when CHECK (state <> 'ended' OR ended_at IS NOT NULL)
  , CONSTRAINT a_key_has_a_day CHECK ((key_digest IS NULL) = (key_made_at IS NULL))
  , CONSTRAINT beats_are_counted_from_one CHECK (last_seq >= 0)
);
COMMENT ON TABLE live_sessions IS 'by merchant: when a shop sells live in one of its rooms';
COMMENT ON COLUMN live_sessions.host_id IS 'Who speaks first; a session becomes ready with a host alone';
COMMENT ON COLUMN live_sessions.cover IS 'A picture of the file store';
COMMENT ON COLUMN live_sessions.trailer IS 'Words that tell of it before it begins';
COMMENT ON COLUMN live_sessions.trailer_file IS 'A picture of the file store that tells of it before it begins';
COMMENT ON COLUMN live_sessions.trailer_video IS 'A video of the file store that tells of it before it begins; forgotten some weeks after it was to end';
COMMENT ON COLUMN live_sessions.script IS 'What the host says, as the teleprompter shows it';
COMMENT ON COLUMN live_sessions.last_seq IS 'The number of its last beat; the row is locked while numbers are taken';
COMMENT ON COLUMN live_sessions.key_digest IS 'SHA-256 of the stream key; the key itself is shown once and not kept';
COMMENT ON COLUMN live_sessions.playback IS 'Where it is played, as the media process says: {hls, …}';
COMMENT ON COLUMN live_sessions.media IS 'What comes in, as the media process measured it last: {width, height, fps, kbps, codec, audio}';
COMMENT ON COLUMN live_sessions.published_at IS 'When a stream began to come in last';
COMMENT ON COLUMN live_sessions.unpublished_at IS 'When it broke off last; later than published_at: nothing comes in now';
COMMENT ON COLUMN live_sessions.reminded_at IS 'When those who asked for it were told that it begins soon';
COMMENT ON COLUMN live_sessions.begun_told_at IS 'When they were told that it has begun';
COMMENT ON COLUMN live_sessions.replay_shown IS 'Buyers see its recording once it has ended; the shop decides';
CREATE UNIQUE INDEX a_room_is_on_air_once ON live_sessions (merchant_id, room_id) WHERE state = 'on_air';
CREATE INDEX live_sessions_of_a_room ON live_sessions (merchant_id, room_id, starts_at DESC, session_id DESC);
CREATE INDEX live_sessions_of_a_shop ON live_sessions (merchant_id, starts_at DESC, session_id DESC);
CREATE INDEX live_sessions_coming ON live_sessions (starts_at, session_id) WHERE state IN ('planned', 'ready');
CREATE INDEX live_sessions_on_air ON live_sessions (started_at, session_id) WHERE state = 'on_air';
CREATE INDEX live_sessions_over ON live_sessions (ended_at DESC, session_id DESC) WHERE state = 'ended';
CREATE INDEX live_sessions_with_a_trailer ON live_sessions (ends_at) WHERE trailer_video IS NOT NULL;
CREATE INDEX live_sessions_by_key ON live_sessions (key_digest) WHERE key_digest IS NOT NULL;

CREATE TABLE live_session_history (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, session_id, step)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (from_state, to_state) REFERENCES live_session_transitions
);
COMMENT ON TABLE live_session_history IS 'by merchant, append-only: each change of a live session''s state';

CREATE TABLE live_goods (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , product_id  uuid NOT NULL
  , position    integer NOT NULL
  , shown       boolean NOT NULL DEFAULT true
  , points      text NOT NULL DEFAULT ''
  , added_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, product_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT goods_stand_in_a_place CHECK (position > 0)
);
COMMENT ON TABLE live_goods IS 'by merchant: the goods bag of a live session';
COMMENT ON COLUMN live_goods.position IS 'From 1; two that are moved at once may have the same for a moment, then the id decides';
COMMENT ON COLUMN live_goods.shown IS 'Buyers see it in the bag';
COMMENT ON COLUMN live_goods.points IS 'Its selling points, a line each, as buyers see them in the bag';
CREATE INDEX live_goods_of_a_product ON live_goods (merchant_id, product_id, session_id);

CREATE TABLE live_rundown (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , entry_id    uuid NOT NULL
  , minute      integer NOT NULL
  , minutes     integer NOT NULL
  , product_id  uuid
  , what        text NOT NULL DEFAULT ''
  , points      jsonb NOT NULL DEFAULT '[]'
  , offer       text NOT NULL DEFAULT ''
  , owner       text NOT NULL DEFAULT 'host'
  , price       bigint
  , pieces      integer
  , PRIMARY KEY (merchant_id, session_id, entry_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT an_entry_is_within_a_day CHECK (0 <= minute AND minute <= 1440 AND 1 <= minutes AND minutes <= 240)
  , CONSTRAINT an_entry_is_somebodys CHECK (owner IN ('host', 'co_host', 'desk', 'service', 'field'))
  , CONSTRAINT what_is_planned_to_be_sold_is_something CHECK (price >= 0 AND pieces > 0)
);
COMMENT ON TABLE live_rundown IS 'by merchant: what happens when in a live session: time, product, selling points, offer, owner';
COMMENT ON COLUMN live_rundown.minute IS 'Minutes from the beginning of the session';
COMMENT ON COLUMN live_rundown.minutes IS 'How long it takes';
COMMENT ON COLUMN live_rundown.what IS 'What happens, where it is not about a product';
COMMENT ON COLUMN live_rundown.points IS 'The selling points, a text each';
COMMENT ON COLUMN live_rundown.price IS 'What a piece is to cost, in minor units of the shop''s currency; none: as it costs otherwise';
COMMENT ON COLUMN live_rundown.pieces IS 'How many are to be sold; none: nobody has said';
COMMENT ON COLUMN live_rundown.owner IS 'The role in the room that sees to it';
CREATE INDEX live_rundown_by_minute ON live_rundown (merchant_id, session_id, minute, entry_id);

CREATE TABLE live_reminders (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , by_mail     boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, session_id, buyer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_reminders IS 'by merchant: buyers who want to be told when a live session begins';
COMMENT ON COLUMN live_reminders.by_mail IS 'By mail too; where they are signed in they read it anyway';
CREATE INDEX live_reminders_of_a_buyer ON live_reminders (buyer_id, session_id);

-- channels.live

-- What is looked at after a session: who did what in it, the debrief as it was made first, and what people add to it.

CREATE TABLE live_acts (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , seq         bigint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , act         text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT an_act_has_a_name CHECK (act <> '')
);
COMMENT ON TABLE live_acts IS 'by merchant, append-only: which of the shop''s people did what in a session, as far as it changed something';
COMMENT ON COLUMN live_acts.seq IS 'The number of the last beat that it brought about';
COMMENT ON COLUMN live_acts.by IS 'staff:<account_id>';

CREATE TABLE live_debriefs (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , facts       jsonb NOT NULL
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_debriefs IS 'by merchant, append-only: the written review of a session that has ended, as it stood when it was made';
COMMENT ON COLUMN live_debriefs.facts IS 'Plan and figures of that moment; what changes afterwards, such as refunds, is counted anew beside it';

CREATE TABLE live_debrief_notes (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , note_id     uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, note_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_debriefs
  , CONSTRAINT a_note_says_something CHECK (words <> '')
);
COMMENT ON TABLE live_debrief_notes IS 'by merchant, append-only: what the shop''s people add to a review, each with author and time';
CREATE INDEX live_debrief_notes_by_time ON live_debrief_notes (merchant_id, session_id, at, note_id);

CREATE TABLE live_debrief_tasks (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , task_id     uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , owner_id    uuid
  , due_on      date
  , done_at     timestamptz
  , done_by     text
  , PRIMARY KEY (merchant_id, session_id, task_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_debriefs
  , CONSTRAINT a_task_says_something CHECK (words <> '')
  , CONSTRAINT done_means_by_whom CHECK ((done_at IS NULL) = (done_by IS NULL))
);
COMMENT ON TABLE live_debrief_tasks IS 'by merchant: what is to be done next, as a review says';
COMMENT ON COLUMN live_debrief_tasks.owner_id IS 'Who sees to it, an account of the shop''s staff; none: nobody yet';
COMMENT ON COLUMN live_debrief_tasks.due_on IS 'A day of the house; none: no day';
CREATE INDEX live_debrief_tasks_by_time ON live_debrief_tasks (merchant_id, session_id, at, task_id);

-- channels.live

-- What happens while a live session is on air: one log of beats, and what is kept beside it.

CREATE TABLE live_beats (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , seq         bigint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , kind        text NOT NULL
  , body        jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, session_id, seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT beats_begin_at_one CHECK (seq >= 1)
  , CONSTRAINT a_beat_is_of_a_kind CHECK (kind IN (
        'state', 'chat', 'removed', 'muted', 'note', 'pin', 'unpin', 'shelf', 'price', 'stock', 'coupon', 'draw', 'drawn'
      , 'likes', 'viewers', 'sold', 'question', 'script'))
);
COMMENT ON TABLE live_beats IS 'by merchant, append-only: all that happens in a session and is shown to somebody, numbered without gaps';
CREATE INDEX live_beats_removed ON live_beats (merchant_id, session_id, ((body ->> 'seq')::bigint)) WHERE kind = 'removed';

CREATE TABLE live_segments (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , number      integer NOT NULL
  , at          timestamptz NOT NULL
  , seconds     double precision NOT NULL
  , bytes       bigint NOT NULL
  , file        text NOT NULL
  , sha256      text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, number)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_segments IS 'by merchant, append-only: the pieces of video that were recorded, as the media process told them';

CREATE TABLE live_seals (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , number      integer NOT NULL
  , from_seq    bigint NOT NULL
  , to_seq      bigint NOT NULL
  , of          jsonb NOT NULL DEFAULT '{}'
  , previous    text NOT NULL
  , digest      text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, number)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT a_seal_goes_forward CHECK (from_seq <= to_seq + 1)
);
COMMENT ON TABLE live_seals IS 'by merchant, append-only: a chain of digests over beats, pieces of video and trades that shows if one was changed';
COMMENT ON COLUMN live_seals.of IS 'What else it is over: {segments: […], orders: […]}';
COMMENT ON COLUMN live_seals.previous IS 'The digest of the seal before; empty for the first';

CREATE TABLE live_explained (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , from_seq    bigint NOT NULL
  , product_id  uuid NOT NULL
  , from_at     timestamptz NOT NULL
  , to_at       timestamptz
  , PRIMARY KEY (merchant_id, session_id, from_seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT explained_from_to CHECK (to_at >= from_at)
);
COMMENT ON TABLE live_explained IS 'by merchant: which product was pinned when; to_at is none while it still is';
CREATE INDEX live_explained_by_product ON live_explained (merchant_id, product_id, from_at DESC);

CREATE TABLE live_mutes (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , until       timestamptz
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, buyer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
CREATE INDEX live_mutes_of_a_buyer ON live_mutes (buyer_id);
COMMENT ON TABLE live_mutes IS 'by merchant: who may not write in a session''s chat; until is none for the whole session';

CREATE TABLE live_words (
    merchant_id uuid NOT NULL
  , room_id     uuid NOT NULL
  , word        text NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, room_id, word)
  , FOREIGN KEY (merchant_id, room_id) REFERENCES rooms
);
COMMENT ON TABLE live_words IS 'by merchant: words that a room''s own people do not want in its chat, beside the dictionary';

CREATE TABLE live_minutes (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , minute      integer NOT NULL
  , viewers     integer NOT NULL DEFAULT 0
  , peak        integer NOT NULL DEFAULT 0
  , entries     jsonb NOT NULL DEFAULT '{}'
  , chats       integer NOT NULL DEFAULT 0
  , likes       bigint NOT NULL DEFAULT 0
  , goods       jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, session_id, minute)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_minutes IS 'by merchant: figures of a session by minute since it began';
COMMENT ON COLUMN live_minutes.entries IS 'How many came in from where: {source: viewers}';
COMMENT ON COLUMN live_minutes.goods IS 'By product: {product_id: {clicks, carts, orders, paid, gmv}}; gmv in minor units of the shop''s currency';

-- channels.live

-- What stands on the stage of a session beside its log of beats, who wrote in its chat, and what was handed out.

CREATE TABLE live_stages (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , slow_seconds integer NOT NULL DEFAULT 1
  , muted        boolean NOT NULL DEFAULT false
  , note         text NOT NULL DEFAULT ''
  , likes        bigint NOT NULL DEFAULT 0
  , viewers      integer NOT NULL DEFAULT 0
  , peak         integer NOT NULL DEFAULT 0
  , entered      bigint NOT NULL DEFAULT 0
  , media_client text NOT NULL DEFAULT ''
  , grace_until  timestamptz
  , cut_off      boolean NOT NULL DEFAULT false
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT slow_mode_has_its_bounds CHECK (slow_seconds BETWEEN 1 AND 300)
  , CONSTRAINT a_peak_is_the_most CHECK (0 <= viewers AND viewers <= peak AND 0 <= likes AND 0 <= entered)
);
COMMENT ON TABLE live_stages IS 'by merchant: how a session stands at this moment';
COMMENT ON COLUMN live_stages.slow_seconds IS 'So long a buyer waits between two messages';
COMMENT ON COLUMN live_stages.muted IS 'Nobody but the shop''s own people writes';
COMMENT ON COLUMN live_stages.note IS 'What is pinned over the chat; empty: nothing';
COMMENT ON COLUMN live_stages.media_client IS 'The publishing connection, as the media origin calls it; empty: none';
COMMENT ON COLUMN live_stages.grace_until IS 'Until when a stream that broke off is waited for';
COMMENT ON COLUMN live_stages.cut_off IS 'The media origin is still to be told that this is not to be streamed or played any more';
CREATE INDEX live_stages_to_cut_off ON live_stages (session_id) WHERE cut_off;
CREATE INDEX live_stages_waiting ON live_stages (grace_until) WHERE grace_until IS NOT NULL;

CREATE TABLE live_chats (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , seq         bigint NOT NULL
  , chat_id     uuid NOT NULL
  , buyer_id    uuid
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, seq)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT a_message_is_taken_once UNIQUE (merchant_id, session_id, chat_id)
);
COMMENT ON TABLE live_chats IS 'by merchant, never deleted: who wrote which message of a session''s chat; the words are its beats';
COMMENT ON COLUMN live_chats.buyer_id IS 'None: the shop''s own people, or a buyer who has been erased after the record''s time';
COMMENT ON COLUMN live_chats.by IS 'buyer, or staff:<account_id>';
CREATE INDEX live_chats_of_a_buyer ON live_chats (buyer_id, at);
CREATE INDEX live_chats_by_time ON live_chats (at) WHERE buyer_id IS NOT NULL;

CREATE TABLE live_speakers (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , last_at     timestamptz NOT NULL
  , chats       integer NOT NULL DEFAULT 1
  , PRIMARY KEY (merchant_id, session_id, buyer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_speakers IS 'by merchant: when a buyer wrote in a session''s chat last';
CREATE INDEX live_speakers_of_a_buyer ON live_speakers (buyer_id);

CREATE TABLE live_presence (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , process_id  uuid NOT NULL
  , viewers     integer NOT NULL
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, session_id, process_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_presence IS 'by merchant: how many watch a session by way of a web process, which says so again every few seconds';
CREATE INDEX live_presence_by_time ON live_presence (at);

CREATE TABLE live_drops (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , drop_id      uuid NOT NULL
  , promotion_id uuid NOT NULL
  , kind         text NOT NULL
  , from_seq     bigint NOT NULL
  , until        timestamptz NOT NULL
  , by           text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, drop_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT a_drop_is_of_a_kind CHECK (kind IN ('coupon', 'red_packet'))
);
COMMENT ON TABLE live_drops IS 'by merchant: coupons that were thrown into a session to be grabbed';
COMMENT ON COLUMN live_drops.kind IS 'red_packet: money off without a condition, of which each has one';

CREATE TABLE live_draws (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , draw_id      uuid NOT NULL
  , prize        jsonb NOT NULL
  , winners      integer NOT NULL
  , word         text NOT NULL DEFAULT ''
  , promotion_id uuid
  , secret       text NOT NULL
  , commitment   text NOT NULL
  , from_seq     bigint NOT NULL
  , closes_at    timestamptz NOT NULL
  , to_seq       bigint
  , entrants     integer
  , by           text NOT NULL
  , PRIMARY KEY (merchant_id, session_id, draw_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , CONSTRAINT a_draw_has_winners CHECK (winners BETWEEN 1 AND 100)
  , CONSTRAINT what_is_drawn_is_counted CHECK ((to_seq IS NULL) = (entrants IS NULL))
);
COMMENT ON TABLE live_draws IS 'by merchant: draws among those who write in the chat';
COMMENT ON COLUMN live_draws.word IS 'What a message has to hold to count; empty: any';
COMMENT ON COLUMN live_draws.secret IS '32 random bytes in hex: its SHA-256 is told when the draw begins, the secret when it is drawn';
COMMENT ON COLUMN live_draws.from_seq IS 'Messages after this beat count';
COMMENT ON COLUMN live_draws.to_seq IS 'Messages up to this beat counted; none: not drawn yet';
CREATE INDEX live_draws_to_close ON live_draws (closes_at) WHERE to_seq IS NULL;

CREATE TABLE live_winners (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , draw_id     uuid NOT NULL
  , place       integer NOT NULL
  , seq         bigint NOT NULL
  , buyer_id    uuid NOT NULL
  , PRIMARY KEY (merchant_id, session_id, draw_id, place)
  , FOREIGN KEY (merchant_id, session_id, draw_id) REFERENCES live_draws
);
COMMENT ON TABLE live_winners IS 'by merchant: who won in a draw, by which message';
CREATE INDEX live_winners_of_a_buyer ON live_winners (buyer_id);

CREATE TABLE live_streams (
    stream      text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
);
COMMENT ON TABLE live_streams IS 'by key: the public name of a video that was admitted, and whose session it is';

CREATE TABLE live_orders (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , order_id    uuid NOT NULL
  , second      integer NOT NULL
  , product_id  uuid
  , paid_at     timestamptz
  , seal        integer
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
);
COMMENT ON TABLE live_orders IS 'by merchant: orders that came out of a session';
COMMENT ON COLUMN live_orders.second IS 'Of the session, since it began, as the buyer''s page knew it when the checkout was opened, or the goods were put into the cart';
COMMENT ON COLUMN live_orders.product_id IS 'What was explained at that second; none: nothing was';
COMMENT ON COLUMN live_orders.seal IS 'The number of the seal that it is in; none: not sealed yet';
CREATE INDEX live_orders_of_a_session ON live_orders (merchant_id, session_id, second);

CREATE TABLE live_unsealed (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , since       timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
);
COMMENT ON TABLE live_unsealed IS 'by merchant: sessions of which something is to be sealed';
CREATE INDEX live_unsealed_by_time ON live_unsealed (since);

CREATE TABLE live_sealed_segments (
    merchant_id uuid NOT NULL
  , session_id  uuid NOT NULL
  , number      integer NOT NULL
  , seal        integer NOT NULL
  , PRIMARY KEY (merchant_id, session_id, number)
  , FOREIGN KEY (merchant_id, session_id, number) REFERENCES live_segments
);
COMMENT ON TABLE live_sealed_segments IS 'by merchant, append-only: the seal that a piece of video is in';

-- channels.host_commission

-- What shops owe the hosts of their live sessions and their agencies: agreements, what was earned by them, and what was paid.

CREATE TABLE host_payees (
    merchant_id uuid NOT NULL
  , payee_id    uuid NOT NULL
  , kind        text NOT NULL
  , host_id     uuid
  , name        text NOT NULL
  , holder      text NOT NULL DEFAULT ''
  , bank        text NOT NULL DEFAULT ''
  , account     text NOT NULL DEFAULT ''
  , made_at     timestamptz NOT NULL DEFAULT now()
  , made_by     text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , changed_by  text NOT NULL
  , PRIMARY KEY (merchant_id, payee_id)
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , CONSTRAINT a_payee_is_a_host_or_an_agency CHECK (kind IN ('host', 'agency') AND (kind = 'host') = (host_id IS NOT NULL))
  , CONSTRAINT a_payee_has_a_name CHECK (name <> '')
  , CONSTRAINT a_bank_account_is_whole CHECK ((holder = '') = (bank = '') AND (bank = '') = (account = ''))
);
COMMENT ON TABLE host_payees IS 'by merchant, never deleted: hosts who are paid themselves, and agencies that are paid for theirs';
COMMENT ON COLUMN host_payees.payee_id IS 'Also whose its account in the books is';
COMMENT ON COLUMN host_payees.holder IS 'Of the bank account that it is paid to; empty: not known yet, and it is not paid';
CREATE UNIQUE INDEX a_host_is_one_payee ON host_payees (merchant_id, host_id) WHERE host_id IS NOT NULL;
CREATE INDEX host_payees_by_time ON host_payees (merchant_id, made_at DESC, payee_id DESC);

CREATE TABLE host_agreements (
    merchant_id  uuid NOT NULL
  , agreement_id uuid NOT NULL
  , payee_id     uuid NOT NULL
  , host_id      uuid NOT NULL
  , session_id   uuid
  , product_id   uuid
  , millionths   integer
  , slot_fee     bigint
  , currency     text REFERENCES currencies
  , note         text NOT NULL DEFAULT ''
  , valid_from   timestamptz NOT NULL
  , valid_to     timestamptz
  , made_at      timestamptz NOT NULL DEFAULT now()
  , made_by      text NOT NULL
  , ended_at     timestamptz
  , ended_by     text
  , PRIMARY KEY (merchant_id, agreement_id)
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT an_agreement_says_something CHECK (millionths IS NOT NULL OR slot_fee IS NOT NULL)
  , CONSTRAINT a_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_slot_fee_is_of_a_currency CHECK (slot_fee >= 0 AND (slot_fee IS NULL) = (currency IS NULL))
  , CONSTRAINT an_agreement_ends_after_it_begins CHECK (valid_from <= valid_to)
  , CONSTRAINT an_end_was_said_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE host_agreements IS 'by merchant, never deleted: what a host gets of sales in live sessions; the most specific that counts when an order is placed';
COMMENT ON COLUMN host_agreements.payee_id IS 'Who is paid: the host, or an agency';
COMMENT ON COLUMN host_agreements.session_id IS 'Of this session alone; none: of all in which the host speaks';
COMMENT ON COLUMN host_agreements.product_id IS 'Of this product alone; none: of all';
COMMENT ON COLUMN host_agreements.millionths IS 'Of what a line of an order comes to, in parts per million; none: it says nothing of that';
COMMENT ON COLUMN host_agreements.slot_fee IS 'In minor units, for each session that was on air and ended, of a product: in which it was in the bag; none: it says nothing of that';
COMMENT ON COLUMN host_agreements.ended_at IS 'When it was said that it ends before its time';
CREATE INDEX host_agreements_of_a_host ON host_agreements (merchant_id, host_id, valid_from);

CREATE TABLE host_commissions (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , session_id  uuid NOT NULL
  , host_id     uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , placed_at   timestamptz NOT NULL
  , earned_at   timestamptz
  , PRIMARY KEY (merchant_id, order_id)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES orders
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
);
COMMENT ON TABLE host_commissions IS 'by merchant, never deleted: orders of live sessions of which a host gets something';
COMMENT ON COLUMN host_commissions.earned_at IS 'When the order''s money became the shop''s, and the commission its host''s; none: not yet';
CREATE INDEX host_commissions_of_a_session ON host_commissions (merchant_id, session_id, order_id DESC);
CREATE INDEX host_commissions_of_a_host ON host_commissions (merchant_id, host_id, order_id DESC);

CREATE TABLE host_commission_lines (
    merchant_id  uuid NOT NULL
  , order_id     uuid NOT NULL
  , line         integer NOT NULL
  , agreement_id uuid NOT NULL
  , payee_id     uuid NOT NULL
  , millionths   integer NOT NULL
  , paid         bigint NOT NULL
  , amount       bigint NOT NULL
  , refunded     bigint NOT NULL DEFAULT 0
  , dropped      bigint NOT NULL DEFAULT 0
  , earned       bigint NOT NULL DEFAULT 0
  , given_back   bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id, line)
  , FOREIGN KEY (merchant_id, order_id) REFERENCES host_commissions
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES order_lines
  , FOREIGN KEY (merchant_id, agreement_id) REFERENCES host_agreements
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , CONSTRAINT a_commission_is_a_part_of_what_was_paid CHECK (0 <= amount AND amount <= paid)
  , CONSTRAINT never_refund_more_than_was_paid CHECK (0 <= refunded AND refunded <= paid)
  , CONSTRAINT what_is_dropped_is_not_earned CHECK (0 <= dropped AND dropped <= amount AND earned IN (0, amount - dropped))
  , CONSTRAINT never_give_back_more_than_was_earned CHECK (0 <= given_back AND given_back <= earned)
);
COMMENT ON TABLE host_commission_lines IS 'by merchant, never deleted: the commission of a line of an order, frozen at sale, and what became of it';
COMMENT ON COLUMN host_commission_lines.paid IS 'What the line came to, with tax that was added';
COMMENT ON COLUMN host_commission_lines.amount IS 'Frozen at sale: the rate of the line''s amount';
COMMENT ON COLUMN host_commission_lines.refunded IS 'Of paid, what went back to the buyer';
COMMENT ON COLUMN host_commission_lines.dropped IS 'Of amount, what refunds took before it was earned';
COMMENT ON COLUMN host_commission_lines.given_back IS 'Of earned, what refunds after it gave back to the shop';
CREATE INDEX host_commission_lines_of_a_payee ON host_commission_lines (merchant_id, payee_id, order_id DESC);

CREATE TABLE host_commission_returns (
    merchant_id uuid NOT NULL
  , refund_id   uuid NOT NULL
  , order_id    uuid NOT NULL
  , line        integer NOT NULL
  , amount      bigint NOT NULL
  , earned      boolean NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, refund_id, line)
  , FOREIGN KEY (merchant_id, order_id, line) REFERENCES host_commission_lines
  , CONSTRAINT a_return_is_not_negative CHECK (amount >= 0)
);
COMMENT ON TABLE host_commission_returns IS 'by merchant, append-only: what a refund took of a line''s commission';
COMMENT ON COLUMN host_commission_returns.earned IS 'It had been earned, and was given back; else it was dropped';
CREATE INDEX host_commission_returns_of_a_line ON host_commission_returns (merchant_id, order_id, line);

CREATE TABLE host_slots (
    merchant_id  uuid NOT NULL
  , slot_id      uuid NOT NULL
  , session_id   uuid NOT NULL
  , agreement_id uuid NOT NULL
  , payee_id     uuid NOT NULL
  , product_id   uuid
  , amount       bigint NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , earned_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, slot_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, agreement_id) REFERENCES host_agreements
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , CONSTRAINT a_slot_is_paid_once UNIQUE (merchant_id, session_id, agreement_id)
  , CONSTRAINT a_slot_costs_something CHECK (amount > 0)
);
COMMENT ON TABLE host_slots IS 'by merchant, append-only: slot fees of sessions that were on air';
COMMENT ON COLUMN host_slots.slot_id IS 'The document in the books and on the statement';

CREATE TABLE host_payments (
    merchant_id uuid NOT NULL
  , payment_id  uuid NOT NULL
  , payee_id    uuid NOT NULL
  , amount      bigint NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , reference   text NOT NULL
  , paid_on     date NOT NULL
  , paid_to     jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , undone_why  text NOT NULL DEFAULT ''
  , undone_by   text
  , undone_at   timestamptz
  , PRIMARY KEY (merchant_id, payment_id)
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
  , CONSTRAINT a_payment_is_something CHECK (amount > 0)
  , CONSTRAINT a_payment_has_a_reference CHECK (reference <> '')
  , CONSTRAINT what_is_undone_says_why_and_by_whom CHECK ((undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undone_why = ''))
);
COMMENT ON TABLE host_payments IS 'by merchant, never deleted: what the marketplace has paid hosts and agencies, as its finance staff wrote down';
COMMENT ON COLUMN host_payments.reference IS 'Of the transfer, as the bank calls it';
COMMENT ON COLUMN host_payments.paid_to IS 'The account as it was then: {holder, bank, account}';
CREATE INDEX host_payments_of_a_payee ON host_payments (merchant_id, payee_id, at DESC, payment_id DESC);

CREATE TABLE host_balances (
    merchant_id uuid NOT NULL
  , payee_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , earned      bigint NOT NULL DEFAULT 0
  , slots       bigint NOT NULL DEFAULT 0
  , given_back  bigint NOT NULL DEFAULT 0
  , paid        bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, payee_id, currency)
  , FOREIGN KEY (merchant_id, payee_id) REFERENCES host_payees
);
COMMENT ON TABLE host_balances IS 'by merchant: how it stands with each host and agency; checks.sql holds it to be the sum of the rows and of the books';
COMMENT ON COLUMN host_balances.paid IS 'What was undone is taken off';
CREATE INDEX host_balances_to_pay ON host_balances (merchant_id, payee_id, currency) WHERE earned + slots - given_back > paid;

-- channels.selection

-- The pool from which hosts choose what they sell: offers of the shop with commission and terms, and the samples that hosts ask for.

CREATE TABLE pool_offer_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE pool_offer_transitions IS 'reference: the states of an offer in the selection pool that follow each other';
INSERT INTO pool_offer_transitions (from_state, to_state) VALUES ('nowhere', 'open'), ('open', 'closed');

CREATE TABLE pool_offers (
    merchant_id uuid NOT NULL
  , offer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , millionths  integer NOT NULL
  , slot_fee    bigint
  , currency    text REFERENCES currencies
  , terms       text NOT NULL DEFAULT ''
  , samples     integer NOT NULL DEFAULT 0
  , sample_back boolean NOT NULL DEFAULT false
  , state       text NOT NULL
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, offer_id)
  , FOREIGN KEY (merchant_id, product_id) REFERENCES products
  , CONSTRAINT a_pool_offer_is_in_a_state CHECK (state IN ('open', 'closed') AND (state = 'closed') = (closed_at IS NOT NULL))
  , CONSTRAINT a_pool_rate_is_a_part CHECK (millionths BETWEEN 0 AND 1000000)
  , CONSTRAINT a_pool_slot_fee_is_of_a_currency CHECK (slot_fee >= 0 AND (slot_fee IS NULL) = (currency IS NULL))
  , CONSTRAINT samples_are_counted CHECK (samples BETWEEN 0 AND 10000)
);
COMMENT ON TABLE pool_offers IS 'by merchant, never deleted: products that hosts may take into their sessions, at which commission; other terms are another offer';
COMMENT ON COLUMN pool_offers.millionths IS 'What the host gets of sales, in parts per million';
COMMENT ON COLUMN pool_offers.slot_fee IS 'What the host gets for each session with it, in minor units; none: nothing';
COMMENT ON COLUMN pool_offers.samples IS 'How many pieces the shop gives away as samples, in all';
COMMENT ON COLUMN pool_offers.sample_back IS 'Whether a sample is to come back';
CREATE UNIQUE INDEX a_product_is_offered_once ON pool_offers (merchant_id, product_id) WHERE state = 'open';
CREATE INDEX pool_offers_in_a_state ON pool_offers (merchant_id, state, offer_id DESC);

CREATE TABLE pool_offer_history (
    merchant_id uuid NOT NULL
  , offer_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, offer_id, step)
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES pool_offers
  , FOREIGN KEY (from_state, to_state) REFERENCES pool_offer_transitions
);
COMMENT ON TABLE pool_offer_history IS 'by merchant, append-only: each change of state of an offer in the pool';

CREATE TABLE pool_sample_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE pool_sample_transitions IS 'reference: the states of a sample that follow each other';
INSERT INTO pool_sample_transitions (from_state, to_state) VALUES
    ('nowhere', 'asked'), ('asked', 'approved'), ('asked', 'refused'), ('asked', 'withdrawn')
  , ('approved', 'sent'), ('approved', 'withdrawn'), ('sent', 'received'), ('sent', 'returned'), ('received', 'returned');

CREATE TABLE pool_samples (
    merchant_id uuid NOT NULL
  , sample_id   uuid NOT NULL
  , offer_id    uuid NOT NULL
  , host_id     uuid NOT NULL
  , quantity    integer NOT NULL
  , receiver    jsonb NOT NULL
  , words       text NOT NULL DEFAULT ''
  , back        boolean NOT NULL
  , state       text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , carrier     text NOT NULL DEFAULT ''
  , tracking    text NOT NULL DEFAULT ''
  , sku_id      uuid
  , warehouse_id uuid
  , asked_at    timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, sample_id)
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES pool_offers
  , FOREIGN KEY (merchant_id, host_id) REFERENCES room_hosts
  , FOREIGN KEY (merchant_id, sku_id, warehouse_id) REFERENCES stock
  , CONSTRAINT a_sample_is_of_a_shelf CHECK ((sku_id IS NULL) = (warehouse_id IS NULL))
  , CONSTRAINT a_sample_is_in_a_state CHECK (state IN ('asked', 'approved', 'refused', 'withdrawn', 'sent', 'received', 'returned'))
  , CONSTRAINT a_sample_is_some_pieces CHECK (quantity BETWEEN 1 AND 100)
  , CONSTRAINT what_was_sent_has_a_number CHECK (state NOT IN ('sent', 'received', 'returned') OR (tracking <> '' AND carrier <> ''))
  , CONSTRAINT a_refusal_says_why CHECK (state <> 'refused' OR reason <> '')
);
COMMENT ON TABLE pool_samples IS 'by merchant, never deleted: samples that hosts have asked for';
COMMENT ON COLUMN pool_samples.receiver IS 'Where it goes: {name, phone, address}; emptied when it is over and nothing is to come back';
COMMENT ON COLUMN pool_samples.words IS 'What the host said with the request';
COMMENT ON COLUMN pool_samples.sku_id IS 'What was sent of the product, out of the stock of which warehouse; none: it was not in stock, or is not sent yet';
COMMENT ON COLUMN pool_samples.back IS 'Whether it is to come back, as the offer said then';
CREATE INDEX pool_samples_of_an_offer ON pool_samples (merchant_id, offer_id, sample_id DESC);

CREATE TABLE pool_sample_history (
    merchant_id uuid NOT NULL
  , sample_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, sample_id, step)
  , FOREIGN KEY (merchant_id, sample_id) REFERENCES pool_samples
  , FOREIGN KEY (from_state, to_state) REFERENCES pool_sample_transitions
);
COMMENT ON TABLE pool_sample_history IS 'by merchant, append-only: each change of a sample''s state';

CREATE TABLE pool_picks (
    merchant_id  uuid NOT NULL
  , session_id   uuid NOT NULL
  , offer_id     uuid NOT NULL
  , agreement_id uuid NOT NULL
  , by           text NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, session_id, offer_id)
  , FOREIGN KEY (merchant_id, session_id) REFERENCES live_sessions
  , FOREIGN KEY (merchant_id, offer_id) REFERENCES pool_offers
  , FOREIGN KEY (merchant_id, agreement_id) REFERENCES host_agreements
);
COMMENT ON TABLE pool_picks IS 'by merchant, append-only: what was taken from the pool into a session, and the agreement that came of it';
CREATE INDEX pool_picks_of_an_offer ON pool_picks (merchant_id, offer_id, at DESC);

-- channels.agents

-- Shopping agents: the platforms they come from, what they said and were shown, and what is to be told to them.

CREATE TABLE agent_platforms (
    profile_url  text PRIMARY KEY
  , version      text NOT NULL
  , capabilities jsonb NOT NULL
  , keys         jsonb NOT NULL
  , webhook_url  text
  , fetched_at   timestamptz NOT NULL DEFAULT now()
  , expires_at   timestamptz NOT NULL
);
COMMENT ON TABLE agent_platforms IS 'by key: a platform that agents come from, as its profile said when it was last fetched';
COMMENT ON COLUMN agent_platforms.capabilities IS 'name → the versions it speaks';
COMMENT ON COLUMN agent_platforms.keys IS 'Its public keys, as JWKs';
COMMENT ON COLUMN agent_platforms.webhook_url IS 'Where it wants to be told of its orders';

CREATE TABLE agent_sessions (
    session_id uuid PRIMARY KEY
  , kind       text NOT NULL
  , client     text NOT NULL
  , said       jsonb NOT NULL
  , shown      jsonb NOT NULL DEFAULT '{}'
  , action_url text
  , created_at timestamptz NOT NULL DEFAULT now()
  , changed_at timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT a_session_is_a_cart_or_a_checkout CHECK (kind IN ('cart', 'checkout'))
);
COMMENT ON TABLE agent_sessions IS 'by key: what an agent said beside its checkout''s lines, and what it was shown last; it has the checkout''s id';
COMMENT ON COLUMN agent_sessions.client IS 'Who opened it, as checkouts.client says it: nobody else sees it';
COMMENT ON COLUMN agent_sessions.said IS '{buyer, destination, context} as they were sent, to be sent back';
COMMENT ON COLUMN agent_sessions.shown IS '{total, prices: {sku_id: price}}: nobody pays another sum than they were shown';
COMMENT ON COLUMN agent_sessions.action_url IS 'Where the buyer confirms a payment';
CREATE INDEX agent_sessions_by_change ON agent_sessions (changed_at);

CREATE TABLE agent_deliveries (
    delivery_id  uuid PRIMARY KEY
  , purchase_id  uuid NOT NULL
  , profile_url  text NOT NULL
  , webhook_url  text NOT NULL
  , news         text NOT NULL
  , state        text NOT NULL DEFAULT 'waiting'
  , attempts     integer NOT NULL DEFAULT 0
  , attempt_at   timestamptz DEFAULT now()
  , status       integer
  , error        text
  , created_at   timestamptz NOT NULL DEFAULT now()
  , delivered_at timestamptz
  , CONSTRAINT a_delivery_waits_or_is_over CHECK (state IN ('waiting', 'delivered', 'failed'))
  , CONSTRAINT only_what_waits_is_tried CHECK ((state = 'waiting') = (attempt_at IS NOT NULL))
  , CONSTRAINT delivered_means_when CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
COMMENT ON TABLE agent_deliveries IS 'by key: an order as it stands is told to the platform it came from; the log of doing so';
COMMENT ON COLUMN agent_deliveries.news IS 'What happened: created, or the kind of event';
COMMENT ON COLUMN agent_deliveries.status IS 'The HTTP status of the last answer; none when nobody answered';
CREATE INDEX agent_deliveries_to_try ON agent_deliveries (attempt_at) WHERE attempt_at IS NOT NULL;
CREATE INDEX agent_deliveries_of_a_purchase ON agent_deliveries (purchase_id, created_at);

-- operations.workboard

-- The board of tasks: what people are to do next, who sees to it, what was said of it.

CREATE TABLE task_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE task_transitions IS 'reference: the states of a task that follow each other';
INSERT INTO task_transitions (from_state, to_state) VALUES
    ('nowhere', 'open'), ('open', 'doing'), ('open', 'done'), ('open', 'dropped'), ('doing', 'open'), ('doing', 'done')
  , ('doing', 'dropped'), ('done', 'open'), ('dropped', 'open');

CREATE TABLE tasks (
    merchant_id uuid NOT NULL
  , task_id     uuid NOT NULL
  , state       text NOT NULL DEFAULT 'open'
  , title       jsonb NOT NULL
  , note        jsonb NOT NULL DEFAULT '{}'
  , role        text
  , account_id  uuid
  , due_at      timestamptz
  , source      text NOT NULL DEFAULT 'hand'
  , source_id   uuid
  , link        text NOT NULL DEFAULT ''
  , opened_at   timestamptz NOT NULL DEFAULT now()
  , opened_by   text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , closed_at   timestamptz
  , reason      text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, task_id)
  , CONSTRAINT a_task_is_in_a_state CHECK (state IN ('open', 'doing', 'done', 'dropped'))
  , CONSTRAINT what_is_over_has_ended CHECK ((state IN ('done', 'dropped')) = (closed_at IS NOT NULL))
  , CONSTRAINT what_is_dropped_has_a_reason CHECK ((state = 'dropped') = (reason <> ''))
  , CONSTRAINT a_link_stays_in_the_house CHECK (link = '' OR (link LIKE '/%' AND link NOT LIKE '//%'))
);
COMMENT ON TABLE tasks IS 'by merchant, never deleted: what is to be done by people of a shop; under an id of zeros by those of the marketplace';
COMMENT ON COLUMN tasks.role IS 'In whose queue it waits; none: in nobody''s';
COMMENT ON COLUMN tasks.account_id IS 'Who sees to it; none: nobody has taken it yet';
COMMENT ON COLUMN tasks.source IS 'What opened it: hand (a person), or a module; source_id: which one of that module''s things';
COMMENT ON COLUMN tasks.link IS 'Where in the console one sees what it is about';
COMMENT ON COLUMN tasks.reason IS 'Why it was dropped';
CREATE INDEX tasks_waiting ON tasks (merchant_id, state, (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00')), task_id) WHERE closed_at IS NULL;
CREATE INDEX tasks_closed ON tasks (merchant_id, state, closed_at DESC, task_id DESC) WHERE closed_at IS NOT NULL;
CREATE INDEX tasks_of_a_person ON tasks (merchant_id, account_id, (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00'))) WHERE closed_at IS NULL;
CREATE INDEX tasks_of_a_role ON tasks (merchant_id, role, (coalesce(due_at, TIMESTAMPTZ '9999-01-01 00:00+00'))) WHERE closed_at IS NULL AND account_id IS NULL;
CREATE INDEX tasks_of_a_source ON tasks (merchant_id, source, source_id) WHERE source_id IS NOT NULL;

CREATE TABLE task_history (
    merchant_id uuid NOT NULL
  , task_id     uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, task_id, step)
  , FOREIGN KEY (merchant_id, task_id) REFERENCES tasks
  , FOREIGN KEY (from_state, to_state) REFERENCES task_transitions
);
COMMENT ON TABLE task_history IS 'by merchant, append-only: each change of state of a task';

CREATE TABLE task_comments (
    merchant_id uuid NOT NULL
  , task_id     uuid NOT NULL
  , comment_id  uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , handed      boolean NOT NULL DEFAULT false
  , account_id  uuid
  , role        text
  , PRIMARY KEY (merchant_id, task_id, comment_id)
  , FOREIGN KEY (merchant_id, task_id) REFERENCES tasks
  , CONSTRAINT a_comment_says_something CHECK (handed OR words <> '')
  , CONSTRAINT only_what_is_handed_over_has_a_taker CHECK (handed OR (account_id IS NULL AND role IS NULL))
);
COMMENT ON TABLE task_comments IS 'by merchant, append-only: what people said of a task, and to whom it was handed over';

-- operations.behaviour

-- What people do: each thing on its own row, kept as it was said.

CREATE TABLE behaviour_events (
    merchant_id uuid NOT NULL
  , event_id    uuid NOT NULL
  , xid         xid8 NOT NULL DEFAULT pg_current_xact_id()
  , position    bigint GENERATED ALWAYS AS IDENTITY (CACHE 100)
  , at          timestamptz NOT NULL
  , kind        text NOT NULL
  , visitor_id  uuid NOT NULL
  , buyer_id    uuid
  , product_id  uuid
  , order_id    uuid
  , session_id  uuid
  , surface     text NOT NULL
  , channel     text NOT NULL
  , source      text NOT NULL DEFAULT ''
  , medium      text NOT NULL DEFAULT ''
  , campaign    text NOT NULL DEFAULT ''
  , device      text NOT NULL DEFAULT ''
  , properties  jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, event_id)
  , CONSTRAINT people_do_known_things CHECK (kind IN ('arrive', 'view', 'search', 'favourite', 'cart', 'checkout', 'pay', 'refund'
      , 'live_enter', 'live_leave', 'live_click', 'share', 'invite', 'message_open', 'message_click', 'survey_answer'
      , 'exposure'))
  , CONSTRAINT it_happens_on_a_surface CHECK (surface IN ('storefront', 'live', 'api', 'ucp', 'mail', 'house'))
  , CONSTRAINT it_comes_by_a_channel CHECK (channel IN ('direct', 'search', 'social', 'link', 'mail', 'ad', 'qr', 'invite'
      , 'live'))
  , CONSTRAINT properties_are_flat CHECK (jsonb_typeof(properties) = 'object')
);
COMMENT ON TABLE behaviour_events IS 'by merchant: what people do, one row each, never rewritten; gone when a person wants it, or it is old and nobody''s';
COMMENT ON COLUMN behaviour_events.merchant_id IS 'Whose goods or rooms it is about; all zeros: the marketplace as a whole';
COMMENT ON COLUMN behaviour_events.xid IS 'The transaction that wrote it: readers never step over one that is still open';
COMMENT ON COLUMN behaviour_events.position IS 'Within its transaction only; each connection takes a hundred numbers at once';
COMMENT ON COLUMN behaviour_events.visitor_id IS 'Of the browser; where there is none (an agent''s order), the buyer';
COMMENT ON COLUMN behaviour_events.buyer_id IS 'Who was signed in, or bought. Who a visitor became later is in visitor_merges';
COMMENT ON COLUMN behaviour_events.session_id IS 'The live session';
COMMENT ON COLUMN behaviour_events.channel IS 'By which this visitor came here, or for a payment: came last';
COMMENT ON COLUMN behaviour_events.source IS 'utm_source, or the host of the page that led here; medium and campaign likewise as the link said';
COMMENT ON COLUMN behaviour_events.device IS 'phone, desk; empty where there is none';
COMMENT ON COLUMN behaviour_events.properties IS 'Small and flat; which there are is in docs/guide/behaviour.md';
CREATE INDEX behaviour_in_order ON behaviour_events (xid, position);
CREATE INDEX behaviour_of_a_visitor ON behaviour_events (visitor_id, at);
CREATE INDEX behaviour_of_a_buyer ON behaviour_events (buyer_id, at) WHERE buyer_id IS NOT NULL;
CREATE INDEX arrivals_of_a_visitor ON behaviour_events (visitor_id, at) WHERE kind = 'arrive';
CREATE INDEX behaviour_by_kind ON behaviour_events (merchant_id, kind, at);
CREATE INDEX strangers_by_time ON behaviour_events (at) WHERE buyer_id IS NULL;

CREATE TABLE behaviour_choices (
    buyer_id uuid PRIMARY KEY
  , analysed boolean NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE behaviour_choices IS 'by buyer: who has said whether what they do may be analysed; who has not, may be';

CREATE TABLE behaviour_robots (
    visitor_id uuid PRIMARY KEY
  , views      integer NOT NULL
  , minute     timestamptz NOT NULL
  , found_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE behaviour_robots IS 'by key, merchants read: visitors who looked at more pages in a minute than people do; analyses leave them out';
COMMENT ON COLUMN behaviour_robots.views IS 'In that minute, as far as they had been counted when it was found';
CREATE INDEX robots_by_time ON behaviour_robots (found_at);

CREATE TABLE behaviour_archive (
    archive  text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
  , at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE behaviour_archive IS 'local: up to which event each archive (the lake) has copied: what nobody has copied yet is kept a while longer';

-- operations.behaviour

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

-- operations.analytics

-- The figures by which people see how the marketplace does: a day's trade and traffic, rolled up.

CREATE TABLE stale_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , PRIMARY KEY (merchant_id, day)
);
COMMENT ON TABLE stale_days IS 'by merchant: days of which something has changed since they were rolled up';

CREATE TABLE counted_imports (
    fingerprint text PRIMARY KEY
);
COMMENT ON TABLE counted_imports IS 'by key: imports of orders whose days have been marked for rolling up';

CREATE TABLE sales_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , channel     text NOT NULL
  , orders      integer NOT NULL DEFAULT 0
  , gmv         bigint NOT NULL DEFAULT 0
  , paid_orders integer NOT NULL DEFAULT 0
  , paid        bigint NOT NULL DEFAULT 0
  , buyers      integer NOT NULL DEFAULT 0
  , newcomers   integer NOT NULL DEFAULT 0
  , cancelled   integer NOT NULL DEFAULT 0
  , refunded_orders integer NOT NULL DEFAULT 0
  , refunds     bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, day, currency, channel)
);
COMMENT ON TABLE sales_days IS 'by merchant: a day''s trade by currency and channel, made anew when something of it changes';
COMMENT ON COLUMN sales_days.day IS 'Of the settlement zone';
COMMENT ON COLUMN sales_days.channel IS 'Where the order came from: the first word of its source, such as shop, ucp, live';
COMMENT ON COLUMN sales_days.orders IS 'Placed that day, called off or not; gmv is what they come to';
COMMENT ON COLUMN sales_days.paid_orders IS 'Of which the money came in that day; paid is what they come to';
COMMENT ON COLUMN sales_days.buyers IS 'Different people among those who paid that day';
COMMENT ON COLUMN sales_days.newcomers IS 'Of the buyers, those who had never paid at this merchant before';
COMMENT ON COLUMN sales_days.cancelled IS 'Orders called off that day';
COMMENT ON COLUMN sales_days.refunds IS 'Decided that day to give back';
CREATE INDEX sales_days_by_day ON sales_days (day);

CREATE TABLE product_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , product_id  uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , orders      integer NOT NULL
  , pieces      integer NOT NULL
  , paid        bigint NOT NULL
  , PRIMARY KEY (merchant_id, day, product_id, currency)
);
COMMENT ON TABLE product_days IS 'by merchant: what a product sold on a day, of orders paid that day';
CREATE INDEX product_days_by_day ON product_days (day);

CREATE TABLE category_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , category_id uuid NOT NULL REFERENCES categories
  , currency    text NOT NULL REFERENCES currencies
  , orders      integer NOT NULL
  , pieces      integer NOT NULL
  , paid        bigint NOT NULL
  , PRIMARY KEY (merchant_id, day, category_id, currency)
);
COMMENT ON TABLE category_days IS 'by merchant: what the products of a category sold on a day together, made anew with product_days';
COMMENT ON COLUMN category_days.category_id IS 'In which the products stood when the day was counted';
COMMENT ON COLUMN category_days.orders IS 'Of each product; an order with two products of a category counts twice';
CREATE INDEX category_days_by_day ON category_days (day);

CREATE TABLE customer_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , newcomers   integer NOT NULL
  , PRIMARY KEY (merchant_id, day)
);
COMMENT ON TABLE customer_days IS 'by merchant: the people of a day whatever they paid in and wherever they came from, made anew with the day''s sales';
COMMENT ON COLUMN customer_days.newcomers IS 'Who paid that day and never before at this merchant; each is one of exactly one day, so days may be added up';

CREATE TABLE region_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , country     text NOT NULL
  , region      text NOT NULL
  , orders      integer NOT NULL
  , paid        bigint NOT NULL
  , PRIMARY KEY (merchant_id, day, currency, country, region)
);
COMMENT ON TABLE region_days IS 'by merchant: where the orders paid on a day go, made anew with the day''s sales';

CREATE TABLE visits (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , visitor_id  uuid NOT NULL
  , channel     text NOT NULL
  , device      text NOT NULL
  , furthest    smallint NOT NULL DEFAULT 0
  , products    uuid[] NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, day, visitor_id)
  , CONSTRAINT a_visitor_has_a_device CHECK (device IN ('phone', 'desk'))
);
COMMENT ON TABLE visits IS 'by merchant: who has looked on which day; kept for some weeks, since only the counts are wanted';
COMMENT ON COLUMN visits.merchant_id IS 'The merchant whose goods were looked at; all zeros: the marketplace as a whole';
COMMENT ON COLUMN visits.channel IS 'Where the visitor came from first that day: direct, search, social, link, mail, ad';
COMMENT ON COLUMN visits.furthest IS 'How far the visitor came: 0 looked around, 1 a product, 2 the cart, 3 the checkout';
COMMENT ON COLUMN visits.products IS 'Products looked at, so that each counts once a day and visitor';
CREATE INDEX visits_by_day ON visits (day);
CREATE INDEX visits_of_a_visitor ON visits (visitor_id);

CREATE TABLE traffic_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , channel     text NOT NULL
  , device      text NOT NULL
  , views       integer NOT NULL DEFAULT 0
  , visitors    integer NOT NULL DEFAULT 0
  , product_visitors integer NOT NULL DEFAULT 0
  , cart_visitors integer NOT NULL DEFAULT 0
  , checkout_visitors integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, day, channel, device)
  , CONSTRAINT a_device_is_a_phone_or_a_desk CHECK (device IN ('phone', 'desk'))
);
COMMENT ON TABLE traffic_days IS 'by merchant: a day''s visitors, counted as they come; all zeros: the marketplace as a whole';
COMMENT ON COLUMN traffic_days.product_visitors IS 'Of the visitors, those who came at least as far as a product';
COMMENT ON COLUMN traffic_days.cart_visitors IS 'Of the visitors, those who came at least as far as the cart';
COMMENT ON COLUMN traffic_days.checkout_visitors IS 'Of the visitors, those who came to the checkout';
CREATE INDEX traffic_days_by_day ON traffic_days (day);

CREATE TABLE product_traffic_days (
    merchant_id uuid NOT NULL
  , day         date NOT NULL
  , product_id  uuid NOT NULL
  , views       integer NOT NULL DEFAULT 0
  , visitors    integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, day, product_id)
);
COMMENT ON TABLE product_traffic_days IS 'by merchant: who looked at a product on a day';
CREATE INDEX product_traffic_days_by_day ON product_traffic_days (day);

-- operations.lake

-- The lake's manifest: which files make it up at this moment, up to where they reach, and what is still to be done to them.

CREATE TABLE lake_files (
    name       text PRIMARY KEY
  , part       text NOT NULL
  , day        date NOT NULL
  , rows       bigint NOT NULL
  , bytes      bigint NOT NULL
  , first_at   timestamptz NOT NULL
  , written_at timestamptz NOT NULL DEFAULT now()
  , gone_at    timestamptz
  , CONSTRAINT a_file_is_of_a_part CHECK (part IN ('hour', 'day', 'trade'))
);
COMMENT ON TABLE lake_files IS 'local: the Parquet files of events; those that are not gone are what readers see';
COMMENT ON COLUMN lake_files.part IS 'hour: behaviour as it came; day: several of these joined; trade: all orders and refunds of a day';
COMMENT ON COLUMN lake_files.day IS 'Of trade: the day it happened; else the day it was written';
COMMENT ON COLUMN lake_files.first_at IS 'The earliest event in it';
COMMENT ON COLUMN lake_files.gone_at IS 'Since when another file stands for it; it is deleted when nobody can be reading it any more';
CREATE INDEX lake_files_seen ON lake_files (part, day) WHERE gone_at IS NULL;
CREATE INDEX lake_files_gone ON lake_files (gone_at) WHERE gone_at IS NOT NULL;

CREATE TABLE lake_cursors (
    name     text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE lake_cursors IS 'local: up to which event of behaviour the files reach; moved in the transaction that records a file';

CREATE TABLE lake_stale_days (
    day date PRIMARY KEY
  , xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE lake_stale_days IS 'local: days whose orders or refunds have changed since their file was written';
COMMENT ON COLUMN lake_stale_days.xid IS 'The transaction that marked it last: a file written from before does not take the mark away';

CREATE TABLE lake_renamings (
    person  uuid PRIMARY KEY
  , becomes uuid
);
COMMENT ON TABLE lake_renamings IS 'local: people whose events are to be written anew: as a buyer''s whom a visitor has become, or (none) left out';

CREATE TABLE lake_forgotten (
    person uuid PRIMARY KEY
  , at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE lake_forgotten IS 'by key: whose orders stand in the lake as nobody''s, each by itself';

CREATE TABLE lake_imports (
    fingerprint text PRIMARY KEY
);
COMMENT ON TABLE lake_imports IS 'local: imports of orders whose days were marked stale; the empty one is the lake''s own beginning';

-- operations.reports

-- Questions that staff have given a name, so that everybody of the shop can ask them again.

CREATE TABLE saved_reports (
    merchant_id uuid NOT NULL
  , report_id   uuid NOT NULL
  , name        text NOT NULL
  , analysis    text NOT NULL
  , asked       text NOT NULL
  , made_by     text NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, report_id)
  , CONSTRAINT a_report_has_a_name CHECK (length(name) BETWEEN 1 AND 100)
  , CONSTRAINT a_question_is_short CHECK (length(asked) <= 2000)
);
COMMENT ON TABLE saved_reports IS 'by merchant: analyses under a name, shared by all staff of a shop; all zeros: the operator''s';
COMMENT ON COLUMN saved_reports.analysis IS 'trend, funnel, …';
COMMENT ON COLUMN saved_reports.asked IS 'The questions of the page''s address';
CREATE INDEX saved_reports_by_time ON saved_reports (merchant_id, made_at);

-- operations.lifecycle

-- What is known of each customer of a shop, and of the marketplace as a whole: what they have paid, in which stage of
-- their life as a customer they are, what they are worth. Counted anew from the orders whenever something of them changes.

CREATE TABLE customer_facts (
    merchant_id      uuid NOT NULL
  , buyer_id         uuid NOT NULL
  , first_seen_at    timestamptz NOT NULL
  , last_seen_at     timestamptz NOT NULL
  , wanted_at        timestamptz
  , first_paid_at    timestamptz
  , previous_paid_at timestamptz
  , last_paid_at     timestamptz
  , orders           integer NOT NULL DEFAULT 0
  , cancelled        integer NOT NULL DEFAULT 0
  , currency         text NOT NULL REFERENCES currencies
  , spent            bigint NOT NULL DEFAULT 0
  , refunds          integer NOT NULL DEFAULT 0
  , refunded         bigint NOT NULL DEFAULT 0
  , stage            text NOT NULL
  , stage_since      timestamptz NOT NULL
  , moves_at         timestamptz
  , PRIMARY KEY (merchant_id, buyer_id)
  , CONSTRAINT a_customer_is_in_a_stage CHECK (stage IN ('visitor', 'lead', 'new', 'active', 'loyal', 'dormant', 'lost'
                                                       , 'won_back'))
  , CONSTRAINT who_has_paid_is_a_customer CHECK ((orders > 0) = (last_paid_at IS NOT NULL)
                                             AND (orders > 0) = (first_paid_at IS NOT NULL)
                                             AND (orders > 1) = (previous_paid_at IS NOT NULL))
  , CONSTRAINT payments_follow_each_other CHECK (first_paid_at <= previous_paid_at AND previous_paid_at <= last_paid_at)
  , CONSTRAINT never_given_back_more_than_spent CHECK (0 <= refunded AND refunded <= spent AND refunds >= 0 AND cancelled >= 0)
  , CONSTRAINT seen_first_before_last CHECK (first_seen_at <= last_seen_at)
);
COMMENT ON TABLE customer_facts IS 'by merchant: what is known of each customer of a shop; merchant_id of zeros: of the marketplace as a whole';
COMMENT ON COLUMN customer_facts.buyer_id IS 'The buyer, with what they did as the visitors they were (visitor_merges)';
COMMENT ON COLUMN customer_facts.wanted_at IS 'When they first showed that they want something: kept a product or the shop in mind, put into the cart, placed an order; at the marketplace also when they signed up';
COMMENT ON COLUMN customer_facts.orders IS 'Paid and not called off since; of the marketplace: purchases, however many shops one is shared among';
COMMENT ON COLUMN customer_facts.previous_paid_at IS 'When the last but one of them was paid';
COMMENT ON COLUMN customer_facts.cancelled IS 'Paid and called off as a whole';
COMMENT ON COLUMN customer_facts.currency IS 'The shop''s own, at the marketplace the house''s; what was paid in others stands in customer_spend alone and is not converted';
COMMENT ON COLUMN customer_facts.spent IS 'What these orders came to in that currency, in minor units, tax and freight included; refunded: given back of it, by so many refunds';
COMMENT ON COLUMN customer_facts.stage_since IS 'Since when, as the facts say';
COMMENT ON COLUMN customer_facts.moves_at IS 'When time alone moves them on, to dormant or lost; none: it does not';
CREATE INDEX customers_by_stage ON customer_facts (merchant_id, stage, stage_since DESC, buyer_id DESC);
CREATE INDEX customers_time_moves ON customer_facts (moves_at) WHERE moves_at IS NOT NULL;
CREATE INDEX visitors_by_last_sight ON customer_facts (last_seen_at) WHERE stage = 'visitor';
CREATE INDEX customer_facts_of_a_buyer ON customer_facts (buyer_id);
CREATE INDEX customers_by_last_payment ON customer_facts (merchant_id, last_paid_at DESC, buyer_id DESC) WHERE orders > 0;
CREATE INDEX customers_by_spending ON customer_facts (merchant_id, spent DESC, buyer_id DESC) WHERE orders > 0;

CREATE TABLE customer_spend (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , orders      integer NOT NULL
  , spent       bigint NOT NULL
  , refunds     integer NOT NULL
  , refunded    bigint NOT NULL
  , PRIMARY KEY (merchant_id, buyer_id, currency)
  , CONSTRAINT never_given_back_more_than_spent CHECK (0 <= refunded AND refunded <= spent AND refunds >= 0 AND orders >= 0)
);
COMMENT ON TABLE customer_spend IS 'by merchant: what a customer has spent in each currency, in its minor units; merchant_id of zeros: at the marketplace as a whole';
CREATE INDEX customer_spend_of_a_buyer ON customer_spend (buyer_id);

CREATE TABLE stage_moves (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_stage  text NOT NULL
  , to_stage    text NOT NULL
  , at          timestamptz NOT NULL
  , noted_at    timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, step)
  , CONSTRAINT a_move_goes_somewhere CHECK (from_stage <> to_stage AND step > 0 AND (step = 1) = (from_stage = 'nowhere'))
);
COMMENT ON TABLE stage_moves IS 'by merchant: how customers went from stage to stage; the history before the house began to count is told by the orders';
COMMENT ON COLUMN stage_moves.at IS 'When it happened, as the facts say; noted_at: when it was seen';
CREATE INDEX stage_moves_by_time ON stage_moves (merchant_id, at);
CREATE INDEX stage_moves_of_a_buyer ON stage_moves (buyer_id);

CREATE TABLE stage_rules (
    merchant_id   uuid NOT NULL
  , from_day      date NOT NULL
  , dormant_days  integer NOT NULL
  , lost_days     integer NOT NULL
  , loyal_orders  integer NOT NULL
  , interval_days integer
  , by            text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, from_day)
  , CONSTRAINT lost_comes_after_dormant CHECK (1 <= dormant_days AND dormant_days < lost_days AND lost_days <= 3650)
  , CONSTRAINT who_is_loyal_came_back CHECK (loyal_orders BETWEEN 2 AND 1000)
);
COMMENT ON TABLE stage_rules IS 'by merchant: where the stages of customers begin, from which day on; the last day reached counts, without any the defaults of operations/lifecycle/model.py';
COMMENT ON COLUMN stage_rules.dormant_days IS 'Days without a paid order after which a customer is dormant, and after lost_days lost';
COMMENT ON COLUMN stage_rules.loyal_orders IS 'From so many paid orders on a customer is loyal';
COMMENT ON COLUMN stage_rules.interval_days IS 'The usual days between two purchases from which the house reckoned it; none: somebody decided';
COMMENT ON COLUMN stage_rules.by IS 'house, or staff:<account>';

CREATE TABLE stage_rules_applied (
    merchant_id uuid PRIMARY KEY
  , from_day    date
  , after       uuid
  , begun_at    timestamptz NOT NULL
  , finished_at timestamptz
);
COMMENT ON TABLE stage_rules_applied IS 'by merchant: which rule all its customers have been looked at by; while that goes on, up to whom';

CREATE TABLE purchase_intervals (
    category_id uuid PRIMARY KEY REFERENCES categories
  , days        integer NOT NULL
  , customers   integer NOT NULL
  , counted_at  timestamptz NOT NULL
);
COMMENT ON TABLE purchase_intervals IS 'reference: how many days customers who come back usually stay away, in shops that sell mostly of a category of the first rank: the median over so many of them';

CREATE TABLE customer_values (
    merchant_id     uuid NOT NULL
  , buyer_id        uuid NOT NULL
  , counted_at      timestamptz NOT NULL
  , recency_days    integer NOT NULL
  , frequency       integer NOT NULL
  , monetary        bigint NOT NULL
  , r               smallint NOT NULL
  , f               smallint NOT NULL
  , m               smallint NOT NULL
  , segment         text NOT NULL
  , tier            smallint NOT NULL
  , model           text NOT NULL
  , alive           double precision
  , silent          double precision
  , expected_orders double precision
  , expected_low    double precision
  , expected_high   double precision
  , expected_spent  bigint
  , worth           bigint GENERATED ALWAYS AS (coalesce(expected_spent, monetary)) STORED
  , PRIMARY KEY (merchant_id, buyer_id)
  , CONSTRAINT scores_are_quintiles CHECK (r BETWEEN 1 AND 5 AND f BETWEEN 1 AND 5 AND m BETWEEN 1 AND 5)
  , CONSTRAINT a_customer_is_in_one_of_three_tiers CHECK (tier BETWEEN 1 AND 3)
  , CONSTRAINT alive_is_a_probability CHECK (alive BETWEEN 0 AND 1 AND silent BETWEEN 0 AND 1)
  , CONSTRAINT an_interval_holds_what_is_expected CHECK (0 <= expected_low AND expected_low <= expected_orders
                                                     AND expected_orders <= expected_high)
);
COMMENT ON TABLE customer_values IS 'by merchant: RFM scores and the predicted value of everybody who has paid, counted each night and when asked; merchant_id of zeros: at the marketplace as a whole';
COMMENT ON COLUMN customer_values.recency_days IS 'Days since the last paid order, on the day of counting';
COMMENT ON COLUMN customer_values.monetary IS 'Spent less refunded, in minor units of the currency that value_runs.facts tells';
COMMENT ON COLUMN customer_values.r IS 'Quintiles, 5 is best: recency, frequency, monetary; equal figures have equal scores';
COMMENT ON COLUMN customer_values.segment IS 'The named RFM segment, see Segment in operations/lifecycle/scoring.py';
COMMENT ON COLUMN customer_values.tier IS '1: the fifth from whom the most is expected, 2: the next three tenths, 3: the others';
COMMENT ON COLUMN customer_values.model IS 'Which model the prediction is of: bg_nbd, mbg_nbd, nbd; none: too few customers for one';
COMMENT ON COLUMN customer_values.alive IS 'How probable it is that they are still a customer; churn risk is what is missing to 1; not known by the nbd, where nobody leaves';
COMMENT ON COLUMN customer_values.silent IS 'How probable it is that they buy nothing in the next value_runs.horizon_days';
COMMENT ON COLUMN customer_values.expected_orders IS 'In the next value_runs.horizon_days; between low and high in nine of ten cases of refitting the model';
COMMENT ON COLUMN customer_values.expected_spent IS 'What these orders are expected to come to, in minor units of the currency that value_runs.facts tells';
COMMENT ON COLUMN customer_values.worth IS 'By which they are put in order: what is expected of them, without a model what they have spent';
CREATE INDEX customer_values_by_segment ON customer_values (merchant_id, segment, worth DESC, buyer_id DESC);
CREATE INDEX customer_values_by_worth ON customer_values (merchant_id, worth DESC, buyer_id DESC);
CREATE INDEX customer_values_of_a_buyer ON customer_values (buyer_id);

CREATE TABLE value_runs (
    merchant_id  uuid PRIMARY KEY
  , wanted_at    timestamptz NOT NULL
  , begun_at     timestamptz
  , counted_at   timestamptz
  , customers    integer NOT NULL DEFAULT 0
  , horizon_days integer NOT NULL DEFAULT 90
  , facts        jsonb
  , CONSTRAINT what_was_counted_has_its_facts CHECK ((counted_at IS NULL) = (facts IS NULL))
);
COMMENT ON TABLE value_runs IS 'by merchant: the last time that its customers'' values were counted; merchant_id of zeros: those of the marketplace as a whole';
COMMENT ON COLUMN value_runs.wanted_at IS 'When that was last asked for; until it is counted, it is waited for';
COMMENT ON COLUMN value_runs.begun_at IS 'When a worker began to count; after some minutes another may begin anew';
COMMENT ON COLUMN value_runs.horizon_days IS 'Over how many days from then on is foretold';
COMMENT ON COLUMN value_runs.facts IS 'The models'' parameters, how well they foretold what was held out, the means: ValueFacts of operations/lifecycle/valuing.py';

CREATE TABLE recounts (
    recount_id  text PRIMARY KEY
  , after       uuid
  , buyers      bigint NOT NULL DEFAULT 0
  , changed     bigint NOT NULL DEFAULT 0
  , begun_at    timestamptz NOT NULL DEFAULT now()
  , finished_at timestamptz
);
COMMENT ON TABLE recounts IS 'local: facts of all customers counted anew from the orders: each night, after an import, when asked for; up to whom';
COMMENT ON COLUMN recounts.recount_id IS 'night:<day>, import:<fingerprint>, or command:<id>';
COMMENT ON COLUMN recounts.changed IS 'Customers of whom the count was otherwise than what was known: none, of a night, where every event has had its effect';
CREATE INDEX recounts_open ON recounts (begun_at) WHERE finished_at IS NULL;

CREATE TABLE forgotten_customers (
    buyer_id uuid PRIMARY KEY
  , at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE forgotten_customers IS 'by key: whom the house was asked to forget: their orders are not counted by person any more';

CREATE TABLE followed_behaviour (
    reader   text PRIMARY KEY
  , xid      bigint NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE followed_behaviour IS 'local: how far what people do has been read into customer_facts: transaction and position of the last event';

-- operations.segments

-- Who belongs together: what a shop says of it, who is in it at this moment, and what follows it.

CREATE TABLE segments (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , kind        text NOT NULL
  , name        jsonb NOT NULL
  , description text NOT NULL DEFAULT ''
  , owner       text NOT NULL
  , version     integer NOT NULL DEFAULT 0
  , tree        jsonb
  , depends     text[] NOT NULL DEFAULT '{}'
  , members     integer NOT NULL DEFAULT 0
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , archived_at timestamptz
  , PRIMARY KEY (merchant_id, segment_id)
  , CONSTRAINT a_segment_has_rules_or_is_a_list CHECK (kind IN ('rules', 'list') AND (kind = 'rules') = (tree IS NOT NULL)
                                                 AND (kind = 'rules') = (version > 0))
  , CONSTRAINT nobody_is_a_member_less_than_once CHECK (members >= 0)
);
COMMENT ON TABLE segments IS 'by merchant: customers of a shop, or under an id of zeros of the marketplace, who belong together';
COMMENT ON COLUMN segments.owner IS 'Who answers for it, by name';
COMMENT ON COLUMN segments.tree IS 'What it says, as operations/segments/tree.py has it; none: a list';
COMMENT ON COLUMN segments.depends IS 'What can change it: profile, facts, values, answers, time, did:<kind of event>, segment:<id>';
COMMENT ON COLUMN segments.members IS 'How many are in it now; checks hold it to the rows of segment_members';
COMMENT ON COLUMN segments.archived_at IS 'Not kept any more since then; who was in it at that moment stays written down';

CREATE TABLE segment_versions (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , version     integer NOT NULL
  , tree        jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, segment_id, version)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
);
COMMENT ON TABLE segment_versions IS 'by merchant, append-only: what a segment said, and from when on';

CREATE TABLE segment_drafts (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , name        jsonb NOT NULL
  , description text NOT NULL DEFAULT ''
  , sketch      jsonb NOT NULL
  , by          text NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, segment_id)
);
COMMENT ON TABLE segment_drafts IS 'by merchant: definitions as somebody is putting them together; gone when they are saved';
CREATE INDEX segment_drafts_by_time ON segment_drafts (merchant_id, changed_at DESC, segment_id DESC);

CREATE TABLE segment_people (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , due_at      timestamptz
  , PRIMARY KEY (merchant_id, buyer_id)
);
COMMENT ON TABLE segment_people IS 'by merchant: customers whom segments have looked at; who looks at one holds the row, so that two never write at once';
COMMENT ON COLUMN segment_people.due_at IS 'When time alone can change in which segments they are, at the earliest; none: it cannot';
CREATE INDEX segment_people_due ON segment_people (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX segment_people_of_a_buyer ON segment_people (buyer_id);

CREATE TABLE segment_members (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , since       timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, segment_id, buyer_id)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
);
COMMENT ON TABLE segment_members IS 'by merchant: who is in which segment now, and since when';
CREATE INDEX segments_of_a_buyer ON segment_members (buyer_id, merchant_id);
CREATE INDEX segment_members_by_time ON segment_members (merchant_id, segment_id, since DESC, buyer_id DESC);

CREATE TABLE segment_days (
    merchant_id uuid NOT NULL
  , segment_id  uuid NOT NULL
  , day         date NOT NULL
  , entered     integer NOT NULL
  , went        integer NOT NULL
  , PRIMARY KEY (merchant_id, segment_id, day)
);
COMMENT ON TABLE segment_days IS 'by merchant: how many came into a segment and how many went, by the house''s days';

CREATE TABLE segment_counts (
    merchant_id uuid NOT NULL
  , count_id    uuid NOT NULL
  , segment_id  uuid
  , upto        uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
  , people      integer NOT NULL DEFAULT 0
  , entered     integer NOT NULL DEFAULT 0
  , went        integer NOT NULL DEFAULT 0
  , began_at    timestamptz NOT NULL DEFAULT now()
  , ended_at    timestamptz
  , PRIMARY KEY (merchant_id, count_id)
);
COMMENT ON TABLE segment_counts IS 'by merchant: all customers looked at for one segment that was changed, or each night for all segments; then what came and went are differences that were mended';
COMMENT ON COLUMN segment_counts.segment_id IS 'None: all of them';
COMMENT ON COLUMN segment_counts.upto IS 'Up to this buyer so far';
CREATE INDEX segment_counts_to_do ON segment_counts (began_at, count_id) WHERE ended_at IS NULL;
CREATE INDEX segment_counts_by_time ON segment_counts (merchant_id, began_at DESC);

CREATE TABLE segment_groups (
    merchant_id uuid NOT NULL
  , group_id    uuid NOT NULL
  , segment_id  uuid NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, group_id)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
  , FOREIGN KEY (merchant_id, group_id) REFERENCES customer_groups
);
COMMENT ON TABLE segment_groups IS 'by merchant: customer groups that follow a segment, so that prices know it';
CREATE INDEX segment_groups_of_a_segment ON segment_groups (merchant_id, segment_id);

CREATE TABLE segment_news (
    follows  text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE segment_news IS 'local: up to where what people do has been read';

CREATE TABLE segment_answers (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , survey_id   uuid NOT NULL
  , question    text NOT NULL
  , choices     text[] NOT NULL DEFAULT '{}'
  , number      double precision
  , PRIMARY KEY (merchant_id, buyer_id, survey_id, question)
);
COMMENT ON TABLE segment_answers IS 'by merchant: what customers have answered in surveys, as the surveys tell it';
COMMENT ON COLUMN segment_answers.choices IS 'Options by their keys; number: a rating, or a number';
CREATE INDEX segment_answers_of_a_buyer ON segment_answers (buyer_id);

-- operations.recommendations

-- What goes with what: the products that people who bought one of them bought as well.

CREATE TABLE co_purchase_progress (
    only_one      boolean PRIMARY KEY DEFAULT true
  , learned_until timestamptz NOT NULL
  , buyers        integer NOT NULL DEFAULT 0
  , CONSTRAINT there_is_one_progress CHECK (only_one)
);
COMMENT ON TABLE co_purchase_progress IS 'local: up to which payment orders have been looked at, and how many buyers were seen';

CREATE TABLE baskets (
    buyer_id    uuid NOT NULL
  , product_id  uuid NOT NULL
  , merchant_id uuid NOT NULL
  , bought_at   timestamptz NOT NULL
  , PRIMARY KEY (buyer_id, product_id)
);
COMMENT ON TABLE baskets IS 'by buyer: which products somebody has ever paid for, each once';
CREATE INDEX baskets_of_a_product ON baskets (product_id, bought_at DESC);

CREATE TABLE co_purchase_products (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , buyers      integer NOT NULL DEFAULT 0
  , stale       boolean NOT NULL DEFAULT true
  , PRIMARY KEY (merchant_id, product_id)
);
COMMENT ON TABLE co_purchase_products IS 'by merchant: how many people bought a product, and whether its partners are to be found anew';
CREATE INDEX co_purchase_products_by_id ON co_purchase_products (product_id);
CREATE INDEX co_purchase_products_stale ON co_purchase_products (product_id) WHERE stale;

CREATE TABLE bought_together (
    merchant_id         uuid NOT NULL
  , product_id          uuid NOT NULL
  , partner_id          uuid NOT NULL
  , partner_merchant_id uuid NOT NULL
  , together            integer NOT NULL
  , score               integer NOT NULL
  , PRIMARY KEY (merchant_id, product_id, partner_id)
  , CONSTRAINT nothing_goes_with_itself CHECK (product_id <> partner_id)
);
COMMENT ON TABLE bought_together IS 'by merchant: the twenty best partners of a product';
COMMENT ON COLUMN bought_together.score IS 'Thousandths of the lift, shrunk where few people bought both: see docs/algorithms/bought-together.md';
CREATE INDEX bought_together_of_a_product ON bought_together (product_id, score DESC, partner_id);

-- operations.merchandising

-- What the house's and the shops' pages are put together of: blocks as data, in drafts and published versions.

CREATE TABLE page_drafts (
    owner_id   uuid NOT NULL
  , page       text NOT NULL
  , title      jsonb NOT NULL DEFAULT '{}'
  , blocks     jsonb NOT NULL DEFAULT '[]'
  , changed_at timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (owner_id, page)
);
COMMENT ON TABLE page_drafts IS 'by owner: pages as somebody is putting them together; the owner is a merchant or the house';
COMMENT ON COLUMN page_drafts.page IS 'home, shop, or topic:<address>';

CREATE TABLE page_versions (
    owner_id     uuid NOT NULL
  , page         text NOT NULL
  , version      integer NOT NULL
  , title        jsonb NOT NULL DEFAULT '{}'
  , blocks       jsonb NOT NULL
  , shown_from   timestamptz NOT NULL
  , withdrawn_at timestamptz
  , made_at      timestamptz NOT NULL DEFAULT now()
  , by           text NOT NULL
  , PRIMARY KEY (owner_id, page, version)
);
COMMENT ON TABLE page_versions IS 'by owner: pages as they were published; the one that began last is shown';
COMMENT ON COLUMN page_versions.shown_from IS 'In the future: it waits for its hour';
COMMENT ON COLUMN page_versions.withdrawn_at IS 'It is not shown, or not any more';
CREATE INDEX page_versions_shown ON page_versions (owner_id, page, shown_from DESC, version DESC) WHERE withdrawn_at IS NULL;

CREATE TABLE shop_categories (
    merchant_id      uuid NOT NULL
  , shop_category_id uuid NOT NULL
  , name             jsonb NOT NULL
  , place            integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, shop_category_id)
);
COMMENT ON TABLE shop_categories IS 'by merchant: how a shop itself sorts its goods';

CREATE TABLE shop_category_products (
    merchant_id      uuid NOT NULL
  , shop_category_id uuid NOT NULL
  , product_id       uuid NOT NULL
  , place            integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, shop_category_id, product_id)
  , FOREIGN KEY (merchant_id, shop_category_id) REFERENCES shop_categories
);
COMMENT ON TABLE shop_category_products IS 'by merchant: the goods of a shop''s own categories, in their order';

-- operations.experiments

-- Experiments: what is tried on whom, who has seen what, and what came of it.

CREATE TABLE experiment_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE experiment_transitions IS 'reference: the states of an experiment that follow each other';
INSERT INTO experiment_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('nowhere', 'stopped'), ('draft', 'running'), ('draft', 'dropped'), ('running', 'stopped')
  , ('stopped', 'archived');

CREATE TABLE experiments (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , kind          text NOT NULL
  , state         text NOT NULL
  , name          text NOT NULL
  , hypothesis    text NOT NULL
  , page          text
  , journey_id    uuid
  , box           text
  , journey_version integer
  , block_id      uuid
  , metric        text NOT NULL
  , guardrails    text[] NOT NULL DEFAULT '{}'
  , currency      text NOT NULL REFERENCES currencies
  , share         integer NOT NULL DEFAULT 1000000
  , alpha         integer NOT NULL DEFAULT 50000
  , units_planned integer NOT NULL
  , days_max      integer NOT NULL
  , salt          uuid NOT NULL
  , bought_days   integer
  , source        text NOT NULL DEFAULT ''
  , created_at    timestamptz NOT NULL DEFAULT now()
  , started_at    timestamptz
  , stopped_at    timestamptz
  , shipped       smallint
  , learning      text NOT NULL DEFAULT ''
  , measured_at   timestamptz
  , enrolled_at   timestamptz
  , mixed         integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, experiment_id)
  , CONSTRAINT an_experiment_is_of_a_kind CHECK (kind IN ('page', 'block', 'sort', 'groups', 'journey', 'coupons', 'imported'))
  , CONSTRAINT a_page_is_tried_on_a_page CHECK ((kind IN ('page', 'block', 'sort')) = (page IS NOT NULL))
  , CONSTRAINT a_block_is_tried_on_a_block CHECK ((kind = 'block') = (block_id IS NOT NULL))
  , CONSTRAINT a_split_is_tried_on_a_split CHECK ((kind = 'journey') = (journey_id IS NOT NULL) AND (kind = 'journey') = (box IS NOT NULL))
  , CONSTRAINT everybody_passes_a_split CHECK (kind <> 'journey' OR share = 1000000)
  , CONSTRAINT a_split_is_judged_from_a_version_on CHECK ((journey_version IS NOT NULL) = (kind = 'journey' AND started_at IS NOT NULL))
  , CONSTRAINT groups_are_of_who_has_bought CHECK ((kind = 'groups') = (bought_days IS NOT NULL))
  , CONSTRAINT a_share_is_a_share CHECK (0 < share AND share <= 1000000)
  , CONSTRAINT a_level_is_a_level CHECK (0 < alpha AND alpha < 500000)
  , CONSTRAINT something_is_planned CHECK (units_planned > 0 AND days_max > 0)
  , CONSTRAINT what_runs_has_begun CHECK (state IN ('draft', 'dropped') OR started_at IS NOT NULL)
  , CONSTRAINT what_is_over_has_ended CHECK ((state IN ('stopped', 'archived')) = (stopped_at IS NOT NULL))
  , CONSTRAINT what_is_archived_taught_something CHECK (state <> 'archived' OR learning <> '')
);
COMMENT ON TABLE experiments IS 'by merchant, never deleted: what a shop, or under an id of zeros the marketplace, tries on a part of its visitors or customers';
COMMENT ON COLUMN experiments.journey_id IS 'journey: whose split is judged; box: which of its splits, of whose ways each is a variant, in their order';
COMMENT ON COLUMN experiments.journey_version IS 'journey: who came in by this version or a later one counts: in these the ways of the split are the same';
COMMENT ON COLUMN experiments.page IS 'page, block: which page of merchandising; sort: list:search, list:categories or list:shop';
COMMENT ON COLUMN experiments.block_id IS 'block: the one block of the page that is tried';
COMMENT ON COLUMN experiments.metric IS 'By which it is judged';
COMMENT ON COLUMN experiments.guardrails IS 'What must not become worse meanwhile';
COMMENT ON COLUMN experiments.share IS 'How many take part, in parts per million';
COMMENT ON COLUMN experiments.alpha IS 'How often it may find something where nothing is, in parts per million';
COMMENT ON COLUMN experiments.units_planned IS 'At which number of units its intervals are narrowest';
COMMENT ON COLUMN experiments.days_max IS 'After so many days it is stopped';
COMMENT ON COLUMN experiments.salt IS 'Shuffles the units: another salt, another order';
COMMENT ON COLUMN experiments.bought_days IS 'groups: customers who have paid for something within so many days before take part';
COMMENT ON COLUMN experiments.source IS 'imported: which file, and which of its columns';
COMMENT ON COLUMN experiments.shipped IS 'The variant that everybody has had since; none: nothing was changed';
COMMENT ON COLUMN experiments.measured_at IS 'When its sums were last counted; none: now, please';
COMMENT ON COLUMN experiments.enrolled_at IS 'groups: until when who takes part has been shared out';
COMMENT ON COLUMN experiments.mixed IS 'People who saw more than one variant, on two browsers: left out';
CREATE INDEX experiments_of_a_merchant ON experiments (merchant_id, created_at DESC, experiment_id);
CREATE UNIQUE INDEX one_experiment_runs_on_a_page ON experiments (merchant_id, page) WHERE state = 'running';
CREATE UNIQUE INDEX one_experiment_runs_on_a_split ON experiments (merchant_id, journey_id, box) WHERE state = 'running';
CREATE INDEX experiments_of_a_split ON experiments (merchant_id, journey_id, box, started_at DESC) WHERE journey_id IS NOT NULL;
CREATE INDEX experiments_to_leave ON experiments (merchant_id, experiment_id) WHERE kind = 'groups' AND enrolled_at IS NOT NULL;
CREATE INDEX experiments_running ON experiments (measured_at NULLS FIRST) WHERE state = 'running';
CREATE INDEX experiments_stopped ON experiments (stopped_at) WHERE state = 'stopped' AND kind <> 'imported';
CREATE INDEX experiments_to_measure ON experiments (merchant_id, experiment_id) WHERE measured_at IS NULL AND state IN ('running', 'stopped') AND kind <> 'imported';

CREATE TABLE experiment_variants (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , variant       smallint NOT NULL
  , name          text NOT NULL
  , weight        integer NOT NULL
  , version       integer
  , group_id      uuid
  , block         jsonb
  , sort          text
  , PRIMARY KEY (merchant_id, experiment_id, variant)
  , FOREIGN KEY (merchant_id, experiment_id) REFERENCES experiments
  , CONSTRAINT a_weight_weighs CHECK (weight BETWEEN 1 AND 1000)
);
COMMENT ON TABLE experiment_variants IS 'by merchant: what is tried; variant 0 is the control';
COMMENT ON COLUMN experiment_variants.version IS 'page: which version of the page is shown';
COMMENT ON COLUMN experiment_variants.block IS 'block: what stands in its place; none: nothing does';
COMMENT ON COLUMN experiment_variants.sort IS 'sort: in which sort the list is shown to who chose none';
COMMENT ON COLUMN experiment_variants.group_id IS 'groups: into which customer group they come; none: everything stays as it is for them';

CREATE TABLE experiment_history (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , step          integer NOT NULL
  , from_state    text NOT NULL
  , to_state      text NOT NULL
  , at            timestamptz NOT NULL DEFAULT now()
  , by            text NOT NULL
  , note          text NOT NULL DEFAULT ''
  , PRIMARY KEY (merchant_id, experiment_id, step)
  , FOREIGN KEY (merchant_id, experiment_id) REFERENCES experiments
  , FOREIGN KEY (from_state, to_state) REFERENCES experiment_transitions
);
COMMENT ON TABLE experiment_history IS 'by merchant, append-only: each change of state of an experiment';

CREATE TABLE experiment_units (
    merchant_id   uuid NOT NULL
  , experiment_id uuid NOT NULL
  , unit_id       uuid NOT NULL
  , variant       smallint
  , since         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, experiment_id, unit_id)
  , FOREIGN KEY (merchant_id, experiment_id, variant) REFERENCES experiment_variants
);
COMMENT ON TABLE experiment_units IS 'by merchant: who has seen which variant, since when: a visitor or a buyer';
COMMENT ON COLUMN experiment_units.variant IS 'groups: none: a customer who takes no part';
CREATE INDEX experiment_units_of_one ON experiment_units (unit_id);

CREATE TABLE experiment_looks (
    merchant_id    uuid NOT NULL
  , experiment_id  uuid NOT NULL
  , day            date NOT NULL
  , metric         text NOT NULL
  , variant        smallint NOT NULL
  , units          integer NOT NULL
  , summed         double precision NOT NULL
  , squares        double precision NOT NULL
  , before         double precision NOT NULL DEFAULT 0
  , before_squares double precision NOT NULL DEFAULT 0
  , products       double precision NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, experiment_id, day, metric, variant)
  , FOREIGN KEY (merchant_id, experiment_id, variant) REFERENCES experiment_variants
);
COMMENT ON TABLE experiment_looks IS 'by merchant: what was known on a day of each variant and metric; the last of a day stays';
COMMENT ON COLUMN experiment_looks.summed IS 'Of the units'' values: a count, a share''s hits, or minor units of the currency';
COMMENT ON COLUMN experiment_looks.squares IS 'Of the units'' values, summed; before…: of what they paid before; products: of both';

-- operations.growth

-- Membership: what shops and the platform count as growth, the levels that it makes, and where each member stands.

CREATE TABLE growth_programmes (
    merchant_id uuid PRIMARY KEY
  , name        jsonb NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , since       date NOT NULL
  , closed_at   timestamptz
  , version     integer NOT NULL DEFAULT 1
  , changed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE growth_programmes IS 'by merchant: the membership of a shop, or under an id of zeros of the platform';
COMMENT ON COLUMN growth_programmes.since IS 'Orders received, reviews written and check-ins from this day on count';
COMMENT ON COLUMN growth_programmes.closed_at IS 'Since then it brings nothing and nobody sees it; what is earned is counted on';
COMMENT ON COLUMN growth_programmes.version IS 'Who changes it has seen this one';

CREATE TABLE growth_rules (
    merchant_id         uuid NOT NULL
  , from_day            date NOT NULL
  , per_hundred         integer NOT NULL
  , review              integer NOT NULL
  , reviews_per_month   integer NOT NULL
  , check_in            integer NOT NULL
  , check_ins_per_month integer NOT NULL
  , window_days         integer NOT NULL
  , keep_days           integer NOT NULL
  , warn_days           integer NOT NULL
  , PRIMARY KEY (merchant_id, from_day)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT growth_is_earned_not_lost CHECK (per_hundred >= 0 AND review >= 0 AND check_in >= 0)
  , CONSTRAINT growth_counts_for_some_time CHECK (window_days > 0 AND keep_days >= 0 AND warn_days >= 0)
);
COMMENT ON TABLE growth_rules IS 'by merchant: what earns how much growth, from which day on; a day has one rule';
COMMENT ON COLUMN growth_rules.per_hundred IS 'Growth for a hundred minor units of an order that were paid with money';
COMMENT ON COLUMN growth_rules.window_days IS 'So long what was earned counts';
COMMENT ON COLUMN growth_rules.keep_days IS 'So long a level is kept after growth ceased to suffice for it';

CREATE TABLE growth_levels (
    merchant_id       uuid NOT NULL
  , rank              integer NOT NULL
  , name              jsonb NOT NULL
  , threshold         integer NOT NULL
  , group_id          uuid
  , list_id           uuid
  , percent_off       integer NOT NULL DEFAULT 0
  , free_freight_over bigint
  , points_extra      integer NOT NULL DEFAULT 0
  , birthday_coupon   uuid
  , priority          boolean NOT NULL DEFAULT false
  , price_offer       uuid
  , freight_offer     uuid
  , PRIMARY KEY (merchant_id, rank)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT a_level_asks_for_something CHECK (rank > 0 AND threshold > 0)
  , CONSTRAINT a_level_takes_part_of_a_price_off CHECK (percent_off BETWEEN 0 AND 99)
  , CONSTRAINT points_are_the_platforms CHECK (points_extra >= 0
        AND (points_extra = 0 OR merchant_id = '00000000-0000-0000-0000-000000000000'))
);
COMMENT ON TABLE growth_levels IS 'by merchant: the levels of a membership, and what each brings';
COMMENT ON COLUMN growth_levels.group_id IS 'The customer group of a shop that has exactly this level''s members';
COMMENT ON COLUMN growth_levels.list_id IS 'The list among the segments that has exactly this level''s members';
COMMENT ON COLUMN growth_levels.price_offer IS 'The promotion for the group that takes percent_off off';
COMMENT ON COLUMN growth_levels.freight_offer IS 'The promotion for the group that makes freight free';
COMMENT ON COLUMN growth_levels.points_extra IS 'In percent of the points that an order earns';

CREATE TABLE growth_members (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , growth      bigint NOT NULL DEFAULT 0
  , rank        integer NOT NULL DEFAULT 0
  , since       date
  , falls_on    date
  , check_on    date
  , counted_on  date NOT NULL
  , warned_for  date
  , listed_rank integer NOT NULL DEFAULT 0
  , unlisted    boolean NOT NULL GENERATED ALWAYS AS (listed_rank <> rank) STORED
  , joined_at   timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT growth_is_never_below_nothing CHECK (growth >= 0 AND rank >= 0)
);
COMMENT ON TABLE growth_members IS 'by merchant: where a member stands; follows from growth_lines, and is what others read';
COMMENT ON COLUMN growth_members.rank IS 'The level; 0: none yet';
COMMENT ON COLUMN growth_members.falls_on IS 'From this day on the level is lower if nothing more is earned';
COMMENT ON COLUMN growth_members.check_on IS 'On this day it is looked at again though nothing happens';
COMMENT ON COLUMN growth_members.counted_on IS 'The day for which it is true';
COMMENT ON COLUMN growth_members.warned_for IS 'The falls_on that the member was told of';
COMMENT ON COLUMN growth_members.listed_rank IS 'Of which level''s list among the segments the member is';
COMMENT ON COLUMN growth_members.unlisted IS 'Is still to go on another list; a column of its own, so that PostgreSQL knows how few these are';
CREATE INDEX growth_members_to_look_at ON growth_members (check_on) WHERE check_on IS NOT NULL;
CREATE INDEX growth_members_to_list ON growth_members (merchant_id, buyer_id) WHERE unlisted;
CREATE INDEX growth_members_by_growth ON growth_members (merchant_id, rank DESC, growth DESC, buyer_id);
CREATE INDEX growth_members_of_a_buyer ON growth_members (buyer_id);

CREATE TABLE growth_lines (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , cause       text NOT NULL
  , document    uuid NOT NULL
  , about       uuid
  , amount      bigint NOT NULL
  , day         date NOT NULL
  , until       date NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, cause, document)
  , FOREIGN KEY (merchant_id, buyer_id) REFERENCES growth_members
  , CONSTRAINT growth_has_a_cause CHECK (cause IN ('order', 'refund', 'review', 'check_in', 'task'))
  , CONSTRAINT only_a_refund_takes_growth_back CHECK ((cause = 'refund') = (amount < 0) AND amount <> 0)
  , CONSTRAINT growth_counts_on_some_day CHECK (day < until)
);
COMMENT ON TABLE growth_lines IS 'by merchant: each thing that earned growth, once; a refund has the days of what it takes back';
COMMENT ON COLUMN growth_lines.about IS 'The order of a refund, or of a review';
COMMENT ON COLUMN growth_lines.until IS 'The first day on which it counts no more';
CREATE INDEX growth_lines_of_an_order ON growth_lines (merchant_id, about) WHERE about IS NOT NULL;
CREATE INDEX growth_lines_of_a_buyer ON growth_lines (buyer_id);
CREATE INDEX growth_lines_by_time ON growth_lines (merchant_id, buyer_id, at DESC, document);

CREATE TABLE level_moves (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , step        integer NOT NULL
  , from_rank   integer NOT NULL
  , to_rank     integer NOT NULL
  , growth      bigint NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, step)
  , FOREIGN KEY (merchant_id, buyer_id) REFERENCES growth_members
  , CONSTRAINT a_move_leads_elsewhere CHECK (from_rank <> to_rank)
);
COMMENT ON TABLE level_moves IS 'by merchant: each change of a member''s level, with the growth at that moment';

CREATE TABLE birthday_gifts (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , year        integer NOT NULL
  , promotion_id uuid NOT NULL
  , given       boolean NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, buyer_id, year)
);
COMMENT ON TABLE birthday_gifts IS 'by merchant: who had a birthday as a member, and whether there was a coupon left to give';
CREATE INDEX birthday_gifts_of_a_buyer ON birthday_gifts (buyer_id);

CREATE TABLE level_bonuses (
    merchant_id uuid NOT NULL
  , order_id    uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , per_hundred integer NOT NULL
  , earned      bigint NOT NULL
  , taken_back  bigint NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, order_id)
  , CONSTRAINT no_more_of_a_bonus_is_taken_back CHECK (0 <= taken_back AND taken_back <= earned AND earned > 0)
);
COMMENT ON TABLE level_bonuses IS 'by merchant: points that an order has earned beside the usual ones, for a level of the platform''s membership';
COMMENT ON COLUMN level_bonuses.merchant_id IS 'Whose order it is';
COMMENT ON COLUMN level_bonuses.per_hundred IS 'Points for ten thousand minor units, frozen when they were earned';
COMMENT ON COLUMN level_bonuses.taken_back IS 'Because of refunds, as far as the buyer still had them';
CREATE INDEX level_bonuses_of_a_buyer ON level_bonuses (buyer_id);

-- operations.growth

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

-- operations.growth

-- Targeted coupons: a coupon for the members of a segment, some of whom are held out, and what it may cost.

CREATE TABLE targeted_coupon_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE targeted_coupon_transitions IS 'reference: the states of a targeted coupon that follow each other';
INSERT INTO targeted_coupon_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'running'), ('draft', 'dropped'), ('running', 'over'), ('running', 'stopped');

CREATE TABLE targeted_coupons (
    merchant_id  uuid NOT NULL
  , targeted_id  uuid NOT NULL
  , state        text NOT NULL
  , name         text NOT NULL
  , segment_id   uuid NOT NULL
  , promotion_id uuid NOT NULL
  , currency     text NOT NULL REFERENCES currencies
  , held_out     integer NOT NULL
  , coupons      integer
  , budget       bigint
  , worth        bigint
  , joining      boolean NOT NULL
  , days         integer NOT NULL
  , given        integer NOT NULL DEFAULT 0
  , held         integer NOT NULL DEFAULT 0
  , upto         uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
  , passed       boolean NOT NULL DEFAULT false
  , looked_at    timestamptz
  , created_at   timestamptz NOT NULL DEFAULT now()
  , started_at   timestamptz
  , until        timestamptz
  , ended_at     timestamptz
  , take_back    boolean NOT NULL DEFAULT false
  , taken_back   integer NOT NULL DEFAULT 0
  , taken_at     timestamptz
  , PRIMARY KEY (merchant_id, targeted_id)
  , FOREIGN KEY (merchant_id, targeted_id) REFERENCES experiments
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
  , FOREIGN KEY (merchant_id, promotion_id) REFERENCES promotions
  , CONSTRAINT somebody_is_held_out_and_somebody_is_not CHECK (held_out BETWEEN 5 AND 50)
  , CONSTRAINT what_is_given_has_a_limit CHECK (coupons > 0 OR budget > 0)
  , CONSTRAINT never_give_more_coupons_than_were_set CHECK (given <= coupons)
  , CONSTRAINT never_set_aside_more_than_the_budget CHECK (budget IS NULL OR given = 0 OR (worth IS NOT NULL AND given * worth <= budget))
  , CONSTRAINT a_window_has_days CHECK (days BETWEEN 1 AND 90)
  , CONSTRAINT what_runs_has_begun_and_ends CHECK ((state IN ('draft', 'dropped')) = (started_at IS NULL)
                                               AND (started_at IS NULL) = (until IS NULL))
  , CONSTRAINT what_has_ended_says_when CHECK ((state IN ('over', 'stopped')) = (ended_at IS NOT NULL))
  , CONSTRAINT only_what_has_ended_is_taken_back CHECK ((NOT take_back OR ended_at IS NOT NULL)
                                                    AND (take_back OR (taken_back = 0 AND taken_at IS NULL)))
);
COMMENT ON TABLE targeted_coupons IS 'by merchant, never deleted: a coupon of a shop, or under an id of zeros of the platform, for the members of a segment; who is in which part of it stands in experiment_units under the same id';
COMMENT ON COLUMN targeted_coupons.held_out IS 'So many in a hundred get none';
COMMENT ON COLUMN targeted_coupons.coupons IS 'So many are given at most';
COMMENT ON COLUMN targeted_coupons.budget IS 'So much, in minor units, all that are given can take off at most';
COMMENT ON COLUMN targeted_coupons.worth IS 'What one of them can take off at most, as of the start; none: it has no bound';
COMMENT ON COLUMN targeted_coupons.joining IS 'Who comes into the segment while it runs gets one, too';
COMMENT ON COLUMN targeted_coupons.held IS 'So many were held out by now';
COMMENT ON COLUMN targeted_coupons.upto IS 'Of those who were in the segment, all up to this one have been looked at';
COMMENT ON COLUMN targeted_coupons.passed IS 'All of those have been looked at';
COMMENT ON COLUMN targeted_coupons.looked_at IS 'When the sweep found nobody more; none or long ago: there may be somebody';
COMMENT ON COLUMN targeted_coupons.take_back IS 'Unused ones are taken away; taken_at: that is done';
CREATE INDEX targeted_coupons_of_a_merchant ON targeted_coupons (merchant_id, created_at DESC, targeted_id);
CREATE UNIQUE INDEX a_coupon_is_targeted_once ON targeted_coupons (merchant_id, promotion_id) WHERE state <> 'dropped';
CREATE INDEX targeted_coupons_running ON targeted_coupons (looked_at NULLS FIRST, targeted_id) WHERE state = 'running';
CREATE INDEX targeted_coupons_ending ON targeted_coupons (until) WHERE state = 'running';
CREATE INDEX targeted_coupons_to_take_back ON targeted_coupons (ended_at) WHERE take_back AND taken_at IS NULL;

CREATE TABLE targeted_coupon_history (
    merchant_id uuid NOT NULL
  , targeted_id uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, targeted_id, step)
  , FOREIGN KEY (merchant_id, targeted_id) REFERENCES targeted_coupons
  , FOREIGN KEY (from_state, to_state) REFERENCES targeted_coupon_transitions
);
COMMENT ON TABLE targeted_coupon_history IS 'by merchant, append-only: each change of a targeted coupon''s state';

-- operations.growth

-- Tasks of a membership: what a buyer may do once for growth.

CREATE TABLE growth_tasks (
    merchant_id uuid NOT NULL
  , task        text NOT NULL
  , amount      integer NOT NULL
  , target      integer NOT NULL
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, task)
  , FOREIGN KEY (merchant_id) REFERENCES growth_programmes
  , CONSTRAINT a_task_is_one_of_these CHECK (task IN ('profile', 'review', 'follow', 'share', 'watch'))
  , CONSTRAINT a_task_asks_and_brings_something CHECK (amount > 0 AND target > 0)
);
COMMENT ON TABLE growth_tasks IS 'by merchant: what a membership gives growth for, once to each buyer; had is what has its line in growth_lines';
COMMENT ON COLUMN growth_tasks.target IS 'So much is to be done: of a profile its parts, of watching minutes';

-- operations.outreach

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

-- operations.research

-- Surveys: what is asked, what was answered, and whom somebody has asked already.

CREATE TABLE survey_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE survey_transitions IS 'reference: the states of a survey that follow each other';
INSERT INTO survey_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'open'), ('draft', 'dropped'), ('open', 'closed'), ('closed', 'open');

CREATE TABLE surveys (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , state       text NOT NULL
  , code        text NOT NULL
  , version     integer NOT NULL DEFAULT 0
  , draft       jsonb NOT NULL
  , trigger     text NOT NULL DEFAULT ''
  , segment_id  uuid
  , share       integer NOT NULL DEFAULT 1000000
  , after_hours integer NOT NULL DEFAULT 0
  , in_page     boolean NOT NULL DEFAULT false
  , by_mail     boolean NOT NULL DEFAULT false
  , invited_to  uuid
  , created_at  timestamptz NOT NULL DEFAULT now()
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , opened_at   timestamptz
  , closed_at   timestamptz
  , PRIMARY KEY (merchant_id, survey_id)
  , CONSTRAINT what_was_opened_has_a_version CHECK ((state IN ('open', 'closed')) = (version > 0)
                                                AND (version > 0) = (opened_at IS NOT NULL))
  , CONSTRAINT what_is_closed_says_when CHECK ((state = 'closed') = (closed_at IS NOT NULL))
  , CONSTRAINT a_share_of_people_is_a_share CHECK (0 < share AND share <= 1000000)
  , CONSTRAINT nobody_is_asked_before_it_happened CHECK (after_hours >= 0)
  , CONSTRAINT it_asks_after_something_known CHECK (trigger IN ('', 'received', 'returned', 'watched', 'entered'))
);
COMMENT ON TABLE surveys IS 'by merchant, never deleted: what a shop, or under an id of zeros the marketplace, asks people';
COMMENT ON COLUMN surveys.code IS 'Its short address: /q/<code>';
COMMENT ON COLUMN surveys.version IS 'Which of its versions is asked; 0: it was never opened';
COMMENT ON COLUMN surveys.draft IS 'As somebody is putting it together: operations/research/model.py, Definition';
COMMENT ON COLUMN surveys.trigger IS 'This and the columns below say whom the version that is asked reaches, as its definition has it: after what';
COMMENT ON COLUMN surveys.share IS 'How many of those are asked, in parts per million';
COMMENT ON COLUMN surveys.invited_to IS 'Up to which buyer of the segment invitations are written; none: nothing is to be written';
CREATE INDEX surveys_newest ON surveys (merchant_id, created_at DESC, survey_id DESC);
CREATE INDEX surveys_open ON surveys (trigger, merchant_id) WHERE state = 'open';
CREATE INDEX surveys_to_invite ON surveys (merchant_id, survey_id) WHERE state = 'open' AND invited_to IS NOT NULL;

CREATE TABLE survey_codes (
    code        text PRIMARY KEY
  , merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
);
COMMENT ON TABLE survey_codes IS 'by key, merchants insert: whose survey a short address is';

CREATE TABLE survey_versions (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , version     integer NOT NULL
  , asked       jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, survey_id, version)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
);
COMMENT ON TABLE survey_versions IS 'by merchant, append-only: what a survey asked, and from when on';

CREATE TABLE survey_history (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , version     integer NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, survey_id, step)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
  , FOREIGN KEY (from_state, to_state) REFERENCES survey_transitions
);
COMMENT ON TABLE survey_history IS 'by merchant, append-only: each change of a survey''s state';

CREATE TABLE survey_quotas (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , quota       text NOT NULL
  , most        integer NOT NULL
  , taken       integer NOT NULL DEFAULT 0
  , PRIMARY KEY (merchant_id, survey_id, quota)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
  , CONSTRAINT no_quota_is_taken_less_than_never CHECK (taken >= 0)
);
COMMENT ON TABLE survey_quotas IS 'by merchant: how many answers of a kind are wanted of a survey, and how many there are';
COMMENT ON COLUMN survey_quotas.taken IS 'May be more than is wanted where less is wanted than was: then nobody else is taken';

CREATE TABLE survey_responses (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , response_id uuid NOT NULL
  , version     integer NOT NULL
  , person      uuid NOT NULL
  , buyer_id    uuid
  , via         text NOT NULL
  , locale      text NOT NULL
  , began_at    timestamptz NOT NULL
  , ended_at    timestamptz
  , ending      text
  , stage       text
  , segments    uuid[] NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, survey_id, response_id)
  , FOREIGN KEY (merchant_id, survey_id, version) REFERENCES survey_versions
  , CONSTRAINT nobody_answers_twice UNIQUE (merchant_id, survey_id, person)
  , CONSTRAINT an_answer_comes_by_a_door CHECK (via IN ('page', 'link', 'mail'))
  , CONSTRAINT what_has_ended_says_how CHECK ((ended_at IS NULL) = (ending IS NULL) AND ending IN ('finished', 'full'))
);
COMMENT ON TABLE survey_responses IS 'by merchant: who answers a survey, and how far they are';
COMMENT ON COLUMN survey_responses.person IS 'Who in this survey: a buyer, a visitor; where nobody may be known, an id that leads to nobody';
COMMENT ON COLUMN survey_responses.buyer_id IS 'None: a visitor, an anonymous survey, or somebody who is forgotten';
COMMENT ON COLUMN survey_responses.ending IS 'full: enough had answered so, and this one counts in no result';
COMMENT ON COLUMN survey_responses.stage IS 'In which stage of the lifecycle they were when they had answered; segments: in which segments';
CREATE INDEX survey_responses_by_time ON survey_responses (merchant_id, survey_id, ended_at DESC, response_id DESC) WHERE ending = 'finished';
CREATE INDEX survey_responses_of_a_buyer ON survey_responses (buyer_id) WHERE buyer_id IS NOT NULL;
CREATE INDEX survey_responses_of_a_person ON survey_responses (person);

CREATE TABLE survey_answers (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , response_id uuid NOT NULL
  , question    text NOT NULL
  , choices     text[] NOT NULL DEFAULT '{}'
  , number      double precision
  , words       text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, survey_id, response_id, question)
  , FOREIGN KEY (merchant_id, survey_id, response_id) REFERENCES survey_responses
);
COMMENT ON TABLE survey_answers IS 'by merchant: what somebody answered to a question; all empty: they passed it over';
COMMENT ON COLUMN survey_answers.choices IS 'Options by their keys: of a ranking in its order, of a matrix as line=option';

CREATE TABLE survey_asked (
    merchant_id  uuid NOT NULL
  , survey_id    uuid NOT NULL
  , person       uuid NOT NULL
  , at           timestamptz NOT NULL DEFAULT now()
  , last_at      timestamptz NOT NULL DEFAULT now()
  , times        integer NOT NULL DEFAULT 1
  , dismissed_at timestamptz
  , PRIMARY KEY (merchant_id, survey_id, person)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
);
COMMENT ON TABLE survey_asked IS 'by merchant: whom a survey has asked on a page or by mail, so that nobody is asked too often';
COMMENT ON COLUMN survey_asked.dismissed_at IS 'They do not want to answer it';
CREATE INDEX survey_asked_lately ON survey_asked (merchant_id, person, at);
CREATE INDEX survey_asked_of_a_person ON survey_asked (person);

CREATE TABLE survey_invitations (
    merchant_id uuid NOT NULL
  , survey_id   uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , token       uuid NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , by_mail     boolean NOT NULL
  , due_at      timestamptz NOT NULL
  , sent_at     timestamptz
  , kept_back   text
  , PRIMARY KEY (merchant_id, survey_id, buyer_id)
  , FOREIGN KEY (merchant_id, survey_id) REFERENCES surveys
  , CONSTRAINT what_is_sent_is_not_kept_back CHECK (sent_at IS NULL OR kept_back IS NULL)
  , CONSTRAINT an_invitation_is_kept_back_for_a_reason CHECK (kept_back IN ('consent', 'lately', 'answered', 'closed'))
);
COMMENT ON TABLE survey_invitations IS 'by merchant: who is to be asked because of something that happened, or because they are in a segment';
COMMENT ON COLUMN survey_invitations.token IS 'Random: whoever brings it answers as this buyer';
COMMENT ON COLUMN survey_invitations.kept_back IS 'Why no mail went out: no consent, asked lately, answered already, the survey is closed';
CREATE INDEX survey_invitations_due ON survey_invitations (due_at) WHERE by_mail AND sent_at IS NULL AND kept_back IS NULL;
CREATE INDEX survey_invitations_of_a_buyer ON survey_invitations (buyer_id);

CREATE TABLE survey_rules (
    merchant_id    uuid PRIMARY KEY
  , recontact_days integer NOT NULL
  , by             text NOT NULL
  , at             timestamptz NOT NULL DEFAULT now()
  , CONSTRAINT days_between_two_surveys_are_days CHECK (recontact_days BETWEEN 0 AND 365)
);
COMMENT ON TABLE survey_rules IS 'by merchant: for how many days after one survey of a shop nobody is asked by another';

-- operations.research

-- Interviews: who was drawn to be talked to, and how far each of them is.

CREATE TABLE interview_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE interview_transitions IS 'reference: the states of an interview that follow each other';
INSERT INTO interview_transitions (from_state, to_state) VALUES
    ('nowhere', 'drawn'), ('drawn', 'asked'), ('drawn', 'declined'), ('asked', 'agreed'), ('asked', 'declined'), ('asked', 'drawn')
  , ('agreed', 'done'), ('agreed', 'declined'), ('agreed', 'asked'), ('done', 'agreed'), ('declined', 'asked');

CREATE TABLE interview_lists (
    merchant_id uuid NOT NULL
  , list_id     uuid NOT NULL
  , name        text NOT NULL
  , segment_id  uuid NOT NULL
  , wanted      integer NOT NULL
  , seed        text NOT NULL
  , could       integer NOT NULL
  , drawn_at    timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, list_id)
  , FOREIGN KEY (merchant_id, segment_id) REFERENCES segments
  , CONSTRAINT somebody_is_wanted CHECK (wanted > 0 AND could >= 0)
);
COMMENT ON TABLE interview_lists IS 'by merchant, never deleted: people of a segment drawn by chance to be interviewed';
COMMENT ON COLUMN interview_lists.seed IS 'The same seed draws the same people of the same ones';
COMMENT ON COLUMN interview_lists.could IS 'How many of the segment could be asked when they were drawn';
CREATE INDEX interview_lists_newest ON interview_lists (merchant_id, drawn_at DESC, list_id DESC);

CREATE TABLE interview_people (
    merchant_id uuid NOT NULL
  , list_id     uuid NOT NULL
  , place       integer NOT NULL
  , buyer_id    uuid
  , state       text NOT NULL
  , note        text NOT NULL DEFAULT ''
  , thanked_at  timestamptz
  , changed_at  timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, list_id, place)
  , FOREIGN KEY (merchant_id, list_id) REFERENCES interview_lists
);
COMMENT ON TABLE interview_people IS 'by merchant: who is on a list of interviews, in the order in which they were drawn';
COMMENT ON COLUMN interview_people.buyer_id IS 'None: somebody who is forgotten';
COMMENT ON COLUMN interview_people.thanked_at IS 'When they got a coupon for it';
CREATE INDEX interview_people_of_a_buyer ON interview_people (buyer_id) WHERE buyer_id IS NOT NULL;

CREATE TABLE interview_history (
    merchant_id uuid NOT NULL
  , list_id     uuid NOT NULL
  , place       integer NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, list_id, place, step)
  , FOREIGN KEY (merchant_id, list_id, place) REFERENCES interview_people
  , FOREIGN KEY (from_state, to_state) REFERENCES interview_transitions
);
COMMENT ON TABLE interview_history IS 'by merchant, append-only: each change of an interview''s state';

-- operations.journeys

-- Journeys: what a shop does with its customers by itself, who is on the way in one, and what became of them.

CREATE TABLE journey_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE journey_transitions IS 'reference: the states of a journey that follow each other';
INSERT INTO journey_transitions (from_state, to_state) VALUES
    ('nowhere', 'draft'), ('draft', 'live'), ('draft', 'ended'), ('live', 'paused'), ('live', 'ended'), ('paused', 'live')
  , ('paused', 'ended');

CREATE TABLE journeys (
    merchant_id  uuid NOT NULL
  , journey_id   uuid NOT NULL
  , name         jsonb NOT NULL
  , state        text NOT NULL
  , playbook     text NOT NULL DEFAULT ''
  , graph        jsonb NOT NULL
  , revision     integer NOT NULL DEFAULT 1
  , changed      boolean NOT NULL DEFAULT true
  , live_version integer
  , listens      text[] NOT NULL DEFAULT '{}'
  , created_at   timestamptz NOT NULL DEFAULT now()
  , changed_at   timestamptz NOT NULL DEFAULT now()
  , changed_by   text NOT NULL
  , started_at   timestamptz
  , ended_at     timestamptz
  , cleared_at   timestamptz
  , trouble      text
  , troubles     integer NOT NULL DEFAULT 0
  , retry_at     timestamptz
  , PRIMARY KEY (merchant_id, journey_id)
  , CONSTRAINT a_journey_is_in_a_state CHECK (state IN ('draft', 'live', 'paused', 'ended'))
  , CONSTRAINT what_runs_has_a_version CHECK (state NOT IN ('live', 'paused') OR (live_version IS NOT NULL AND started_at IS NOT NULL))
  , CONSTRAINT ended_means_when CHECK ((state = 'ended') = (ended_at IS NOT NULL))
  , CONSTRAINT trouble_is_tried_again CHECK ((trouble IS NULL) = (retry_at IS NULL) AND (trouble IS NULL) = (troubles = 0))
);
COMMENT ON TABLE journeys IS 'by merchant, never deleted: what a shop does with its customers by itself';
COMMENT ON COLUMN journeys.playbook IS 'From which of the ready ones it was copied';
COMMENT ON COLUMN journeys.graph IS 'As it is being edited: Graph of operations/journeys/graph.py; what is in force is in journey_versions';
COMMENT ON COLUMN journeys.revision IS 'How often it was edited, so that two windows do not overwrite each other';
COMMENT ON COLUMN journeys.changed IS 'What is edited is otherwise than what is in force';
COMMENT ON COLUMN journeys.live_version IS 'By which whoever comes in goes; who is inside stays on the version by which they came in';
COMMENT ON COLUMN journeys.listens IS 'Of which events the live version wants to hear, to let people in; empty: of none';
COMMENT ON COLUMN journeys.cleared_at IS 'When the last one who was inside when it ended had been led out';
COMMENT ON COLUMN journeys.trouble IS 'What its last step failed with, so many times in a row; it is tried again at retry_at, and others go on meanwhile';
CREATE INDEX journeys_of_a_shop ON journeys (merchant_id, changed_at DESC, journey_id DESC);
CREATE INDEX journeys_at_work ON journeys (merchant_id, journey_id) WHERE state = 'live' OR (state = 'ended' AND cleared_at IS NULL);
CREATE INDEX journeys_listening ON journeys USING gin (listens) WHERE state = 'live';

CREATE TABLE journey_history (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , step        integer NOT NULL
  , from_state  text NOT NULL
  , to_state    text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , PRIMARY KEY (merchant_id, journey_id, step)
  , FOREIGN KEY (merchant_id, journey_id) REFERENCES journeys
  , FOREIGN KEY (from_state, to_state) REFERENCES journey_transitions
);
COMMENT ON TABLE journey_history IS 'by merchant, append-only: each change of state of a journey';

CREATE TABLE journey_versions (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , version     integer NOT NULL
  , graph       jsonb NOT NULL
  , by          text NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (merchant_id, journey_id, version)
  , FOREIGN KEY (merchant_id, journey_id) REFERENCES journeys
);
COMMENT ON TABLE journey_versions IS 'by merchant, append-only: what a journey says for those who came in while it was in force';

CREATE TABLE journey_enrolments (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , entry       integer NOT NULL
  , version     integer NOT NULL
  , stand       text NOT NULL
  , node        text NOT NULL
  , steps       integer NOT NULL DEFAULT 0
  , entered_at  timestamptz NOT NULL
  , since       timestamptz NOT NULL
  , due_at      timestamptz
  , signal      text
  , goal_until  timestamptz
  , ended_at    timestamptz
  , about       jsonb NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, journey_id, buyer_id, entry)
  , FOREIGN KEY (merchant_id, journey_id, version) REFERENCES journey_versions
  , CONSTRAINT one_stands_somehow CHECK (stand IN ('inside', 'finished', 'reached', 'exited', 'failed'))
  , CONSTRAINT who_is_inside_goes_on CHECK ((stand = 'inside') = (due_at IS NOT NULL))
  , CONSTRAINT who_is_out_has_ended CHECK ((stand = 'inside') = (ended_at IS NULL))
  , CONSTRAINT entries_are_counted CHECK (entry > 0 AND steps >= 0)
);
COMMENT ON TABLE journey_enrolments IS 'by merchant: each time that a customer came into a journey, and at which box they are, or were last';
COMMENT ON COLUMN journey_enrolments.entry IS 'The how-manieth time: two who let somebody in at once count the same, and one of them does it';
COMMENT ON COLUMN journey_enrolments.steps IS 'How many rows journey_steps has of it';
COMMENT ON COLUMN journey_enrolments.since IS 'Since when at this box';
COMMENT ON COLUMN journey_enrolments.due_at IS 'When they go on, at the latest';
COMMENT ON COLUMN journey_enrolments.signal IS 'By which out, where what was waited for has happened';
COMMENT ON COLUMN journey_enrolments.goal_until IS 'Until when reaching the goal counts, after the end of the way, too';
COMMENT ON COLUMN journey_enrolments.about IS 'What it is about, for messages: order_id, product_id, session_id … of the event by which they came in';
CREATE INDEX journey_enrolments_due ON journey_enrolments (merchant_id, journey_id, due_at) WHERE stand = 'inside';
CREATE INDEX journey_enrolments_at ON journey_enrolments (merchant_id, journey_id, node, due_at, buyer_id) WHERE stand = 'inside';
CREATE INDEX journey_enrolments_of_a_buyer ON journey_enrolments (buyer_id, merchant_id);
CREATE UNIQUE INDEX nobody_is_inside_twice ON journey_enrolments (merchant_id, journey_id, buyer_id) WHERE stand = 'inside';

CREATE TABLE journey_steps (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , entry       integer NOT NULL
  , step        integer NOT NULL
  , node        text NOT NULL
  , out         text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , at          timestamptz NOT NULL
  , PRIMARY KEY (merchant_id, journey_id, buyer_id, entry, step)
);
COMMENT ON TABLE journey_steps IS 'by merchant: by which out a customer left which box, and when; gone with them when they leave the house';
COMMENT ON COLUMN journey_steps.out IS 'An out of the box, or how the way ended there: reached, exited, failed';
COMMENT ON COLUMN journey_steps.reason IS 'Why a message was not sent (capped, no_consent, no_template), something was not given (no_coupon, no_account, no_group, no_points), or the way ended';

CREATE TABLE journey_days (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , version     integer NOT NULL
  , node        text NOT NULL
  , out         text NOT NULL
  , reason      text NOT NULL DEFAULT ''
  , day         date NOT NULL
  , counter     integer NOT NULL
  , people      integer NOT NULL
  , PRIMARY KEY (merchant_id, journey_id, version, node, out, reason, day, counter)
);
COMMENT ON TABLE journey_days IS 'by merchant: how many left a box by which out, by the house''s days; names nobody';
COMMENT ON COLUMN journey_days.node IS 'Empty: the journey as a whole; then out is entered, finished, reached, exited or failed';
COMMENT ON COLUMN journey_days.counter IS 'Which connection counted: each has a row of its own, so that two that move people at once do not wait for each other';
COMMENT ON COLUMN journey_days.people IS 'Below zero where more who had finished reached the goal than finished that day';

CREATE TABLE journey_sends (
    merchant_id uuid NOT NULL
  , buyer_id    uuid NOT NULL
  , sent        timestamptz[] NOT NULL DEFAULT '{}'
  , PRIMARY KEY (merchant_id, buyer_id)
);
COMMENT ON TABLE journey_sends IS 'by merchant: when a customer was sent advertising by journeys of the shop, within the last days that caps look at; who sends holds the row';
CREATE INDEX journey_sends_of_a_buyer ON journey_sends (buyer_id);

CREATE TABLE journey_calls (
    merchant_id uuid NOT NULL
  , journey_id  uuid NOT NULL
  , call_id     uuid NOT NULL
  , whom        text NOT NULL
  , thing_id    uuid
  , about       jsonb NOT NULL DEFAULT '{}'
  , begins_at   timestamptz NOT NULL
  , upto        uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
  , people      integer NOT NULL DEFAULT 0
  , ended_at    timestamptz
  , PRIMARY KEY (merchant_id, journey_id, call_id)
  , FOREIGN KEY (merchant_id, journey_id) REFERENCES journeys
  , CONSTRAINT a_call_says_whom CHECK (whom IN ('segment', 'cheaper', 'back', 'followers', 'birthday'))
);
COMMENT ON TABLE journey_calls IS 'by merchant: many who come into a journey at once, some at a time: whoever is in a segment, keeps a product in mind, follows the shop, has a birthday';
COMMENT ON COLUMN journey_calls.thing_id IS 'The segment, the product, the live session; none for a day';
COMMENT ON COLUMN journey_calls.upto IS 'Up to this buyer so far';
CREATE INDEX journey_calls_to_do ON journey_calls (begins_at) WHERE ended_at IS NULL;

CREATE TABLE journey_intervals (
    merchant_id uuid NOT NULL
  , product_id  uuid NOT NULL
  , days        integer NOT NULL
  , customers   integer NOT NULL
  , PRIMARY KEY (merchant_id, product_id)
  , CONSTRAINT an_interval_has_days CHECK (days > 0 AND customers > 0)
);
COMMENT ON TABLE journey_intervals IS 'by merchant: how many days customers who buy a product again usually wait: the median, counted once a day';

CREATE TABLE journey_interval_counts (
    merchant_id uuid PRIMARY KEY
  , counted_at  timestamptz NOT NULL
);
COMMENT ON TABLE journey_interval_counts IS 'by merchant: when its intervals were counted last, also where nothing is bought twice';

CREATE TABLE journey_news (
    follows  text PRIMARY KEY
  , xid      xid8 NOT NULL
  , position bigint NOT NULL
);
COMMENT ON TABLE journey_news IS 'local: up to where what people do has been read';

-- operations.business_reviews

-- Periodic reviews: how a day, a week or a month went, as it was known when the review was written.

CREATE TABLE business_reviews (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , span        text NOT NULL
  , first       date NOT NULL
  , made_at     timestamptz NOT NULL DEFAULT now()
  , made_by     text NOT NULL
  , currency    text NOT NULL REFERENCES currencies
  , paid        bigint NOT NULL
  , paid_before bigint NOT NULL
  , orders      integer NOT NULL
  , expected    bigint
  , low         bigint
  , high        bigint
  , facts       jsonb NOT NULL
  , PRIMARY KEY (merchant_id, review_id)
  , CONSTRAINT a_period_is_reviewed_once UNIQUE (merchant_id, span, first)
  , CONSTRAINT a_review_is_of_a_day_a_week_or_a_month CHECK (span IN ('day', 'week', 'month'))
  , CONSTRAINT a_week_begins_on_monday CHECK (span <> 'week' OR extract(isodow FROM first) = 1)
  , CONSTRAINT a_month_begins_on_its_first CHECK (span <> 'month' OR extract(day FROM first) = 1)
);
COMMENT ON TABLE business_reviews IS 'by merchant, append-only: reviews of periods, as their figures stood when they were written; under an id of zeros those of the marketplace';
COMMENT ON COLUMN business_reviews.first IS 'The first day of the period, in the house''s zone';
COMMENT ON COLUMN business_reviews.paid IS 'In minor units of the currency, like all amounts in it; expected, between low and high: what was foretold of it';
COMMENT ON COLUMN business_reviews.facts IS 'All that it says: Facts of operations/business_reviews/model.py';
CREATE INDEX business_reviews_by_time ON business_reviews (merchant_id, first DESC, review_id DESC);

CREATE TABLE business_review_notes (
    merchant_id uuid NOT NULL
  , review_id   uuid NOT NULL
  , note_id     uuid NOT NULL
  , at          timestamptz NOT NULL DEFAULT now()
  , by          text NOT NULL
  , words       text NOT NULL
  , PRIMARY KEY (merchant_id, review_id, note_id)
  , FOREIGN KEY (merchant_id, review_id) REFERENCES business_reviews
  , CONSTRAINT a_note_says_something CHECK (words <> '')
);
COMMENT ON TABLE business_review_notes IS 'by merchant, append-only: what people add to a review';

CREATE TABLE business_review_wishes (
    merchant_id uuid NOT NULL
  , span        text NOT NULL
  , first       date NOT NULL
  , wanted_at   timestamptz NOT NULL DEFAULT now()
  , wanted_by   text NOT NULL
  , PRIMARY KEY (merchant_id, span, first)
);
COMMENT ON TABLE business_review_wishes IS 'by merchant: reviews that somebody has asked for and that are not written yet';
CREATE INDEX business_review_wishes_by_time ON business_review_wishes (wanted_at);

CREATE TABLE business_review_turns (
    span     text NOT NULL
  , first    date NOT NULL
  , after    uuid
  , finished_at timestamptz
  , PRIMARY KEY (span, first)
);
COMMENT ON TABLE business_review_turns IS 'local: how far all shops'' reviews of a period have been written: up to which shop';

-- operations.privacy

-- What people agreed to, what they take along, and who wants to be forgotten.

CREATE TABLE consents (
    buyer_id   uuid NOT NULL
  , consent_id uuid NOT NULL
  , subject    text NOT NULL
  , version    text NOT NULL
  , agreed     boolean NOT NULL
  , how        text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , PRIMARY KEY (buyer_id, consent_id)
);
COMMENT ON TABLE consents IS 'by buyer, append-only: what somebody agreed to, which version of it, when and how';
COMMENT ON COLUMN consents.how IS 'registering, ordering, renewing';

CREATE TABLE data_exports (
    buyer_id   uuid NOT NULL
  , export_id  uuid NOT NULL
  , asked_at   timestamptz NOT NULL DEFAULT now()
  , ready_at   timestamptz
  , expires_at timestamptz
  , content    bytea
  , PRIMARY KEY (buyer_id, export_id)
  , CONSTRAINT ready_means_until_when CHECK ((ready_at IS NULL) = (expires_at IS NULL))
);
COMMENT ON TABLE data_exports IS 'by buyer: a ZIP of all that is kept of a buyer, for that buyer alone and for some days';
COMMENT ON COLUMN data_exports.content IS 'None before it is ready and after it has expired';
CREATE INDEX data_exports_to_expire ON data_exports (expires_at) WHERE content IS NOT NULL;

CREATE TABLE erasure_transitions (from_state text NOT NULL, to_state text NOT NULL, PRIMARY KEY (from_state, to_state));
COMMENT ON TABLE erasure_transitions IS 'reference: the states of an erasure that follow each other';
INSERT INTO erasure_transitions (from_state, to_state) VALUES
    ('nowhere', 'planned'), ('planned', 'withdrawn'), ('planned', 'done');

CREATE TABLE erasures (
    buyer_id   uuid NOT NULL
  , erasure_id uuid NOT NULL
  , account_id uuid NOT NULL
  , state      text NOT NULL
  , asked_at   timestamptz NOT NULL DEFAULT now()
  , due_at     timestamptz NOT NULL
  , ended_at   timestamptz
  , faded_at   timestamptz
  , PRIMARY KEY (buyer_id, erasure_id)
  , CONSTRAINT planned_means_not_ended CHECK ((state = 'planned') = (ended_at IS NULL))
);
COMMENT ON TABLE erasures IS 'by buyer: an account that is to be erased, or was';
COMMENT ON COLUMN erasures.due_at IS 'Until then it can be withdrawn';
COMMENT ON COLUMN erasures.faded_at IS 'When the records that had to be kept longer were last looked through';
CREATE UNIQUE INDEX one_planned_erasure ON erasures (buyer_id) WHERE state = 'planned';
CREATE INDEX erasures_due ON erasures (due_at) WHERE state = 'planned';
CREATE INDEX erasures_to_fade ON erasures (faded_at NULLS FIRST) WHERE state = 'done';

CREATE TABLE erasure_history (
    buyer_id   uuid NOT NULL
  , erasure_id uuid NOT NULL
  , step       integer NOT NULL
  , from_state text NOT NULL
  , to_state   text NOT NULL
  , at         timestamptz NOT NULL DEFAULT now()
  , by         text NOT NULL
  , PRIMARY KEY (buyer_id, erasure_id, step)
  , FOREIGN KEY (buyer_id, erasure_id) REFERENCES erasures
  , FOREIGN KEY (from_state, to_state) REFERENCES erasure_transitions
);
COMMENT ON TABLE erasure_history IS 'by buyer, append-only: each change of an erasure''s state';
