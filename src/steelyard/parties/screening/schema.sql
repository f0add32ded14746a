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
