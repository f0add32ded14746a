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
