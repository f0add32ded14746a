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
