/** Tables of the host's database. A change of schema is a new version and a migration, never an edit. */

/** PRAGMA user_version. */
export const SCHEMA_VERSION = 8;

/** Version 1. Times are seconds since 1970. No column holds a secret. */
const VERSION_1 = `
CREATE TABLE seed (
  seed_id BLOB PRIMARY KEY CHECK (length(seed_id) = 16),
  stack TEXT NOT NULL,
  urn TEXT NOT NULL,
  name TEXT NOT NULL,
  bind TEXT NOT NULL CHECK (bind IN ('instance', 'first-claim')),
  source_class TEXT NOT NULL,
  committed_at INTEGER NOT NULL,
  instance_id TEXT,
  addresses TEXT NOT NULL DEFAULT '[]',
  provisional_at INTEGER,
  answer_day INTEGER NOT NULL DEFAULT 0,
  answers INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX seed_by_urn ON seed (stack, urn, committed_at);
CREATE TABLE enrolment (
  seed_id BLOB PRIMARY KEY REFERENCES seed (seed_id),
  identity_pk BLOB NOT NULL CHECK (length(identity_pk) = 32),
  instance_hash BLOB NOT NULL CHECK (length(instance_hash) = 32),
  certificate BLOB NOT NULL,
  claimed_at INTEGER NOT NULL,
  imported INTEGER NOT NULL DEFAULT 0,
  counter INTEGER NOT NULL DEFAULT 0,
  pke_hash BLOB,
  sent_at INTEGER,
  top_ups INTEGER NOT NULL DEFAULT 0,
  tokens REAL NOT NULL,
  tokens_at INTEGER NOT NULL,
  receipted INTEGER NOT NULL DEFAULT 0,
  receipt_at INTEGER,
  rc_mix INTEGER,
  rc_reseed INTEGER,
  rolled_back_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE report (
  seed_id BLOB PRIMARY KEY REFERENCES seed (seed_id),
  json TEXT NOT NULL,
  host_keys TEXT NOT NULL,
  reported_at INTEGER NOT NULL,
  changed_json TEXT,
  changed_at INTEGER
) STRICT, WITHOUT ROWID`;

/** Version 2: machines that joined by a token, VMs that were revoked, addresses that the host dials. */
const VERSION_2 = `
CREATE TABLE join_token (
  token_id BLOB PRIMARY KEY CHECK (length(token_id) = 16),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  used INTEGER NOT NULL DEFAULT 0,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE push (
  seed_id BLOB PRIMARY KEY REFERENCES seed (seed_id),
  address TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  stale_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX push_due ON push (next_at) WHERE stale_at IS NULL;
ALTER TABLE seed ADD COLUMN joined INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrolment ADD COLUMN revoked_at INTEGER`;

/** Version 3: who may mint from elsewhere, and whose seed is whose. Only hashes of tokens. */
const VERSION_3 = `
CREATE TABLE mint_client (
  client_id BLOB PRIMARY KEY CHECK (length(client_id) = 8),
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('mint', 'read', 'admin')),
  stacks TEXT NOT NULL,
  quota_per_hour INTEGER,
  token_hash BLOB UNIQUE CHECK (length(token_hash) = 32),
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX mint_client_by_name ON mint_client (name) WHERE revoked_at IS NULL;
ALTER TABLE seed ADD COLUMN client TEXT NOT NULL DEFAULT 'local';
CREATE INDEX seed_by_client ON seed (client, committed_at) WHERE client <> 'local'`;

/**
 * Version 4: what tells a copy of a VM from the VM, which other machines asked with its seed, which names machines may
 * give that join with a token, and which VMs are no more.
 */
const VERSION_4 = `
ALTER TABLE enrolment ADD COLUMN line_counter INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrolment ADD COLUMN side_counters TEXT NOT NULL DEFAULT '[]';
ALTER TABLE enrolment ADD COLUMN side_tokens REAL NOT NULL DEFAULT 8;
ALTER TABLE enrolment ADD COLUMN side_tokens_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE enrolment ADD COLUMN answered BLOB NOT NULL DEFAULT x'';
UPDATE enrolment SET line_counter = receipted, answered = COALESCE(substr(pke_hash, 1, 8), x'');
CREATE TABLE asker (
  seed_id BLOB NOT NULL REFERENCES seed (seed_id),
  instance_id TEXT NOT NULL,
  same_instance INTEGER NOT NULL,
  after_report INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  count INTEGER NOT NULL DEFAULT 1,
  cleared_at INTEGER,
  PRIMARY KEY (seed_id, instance_id)
) STRICT, WITHOUT ROWID;
/* A first report without a host key is none: the changed one is the first, or the next to come. */
UPDATE report SET changed_json = NULL, changed_at = NULL WHERE json_array_length(changed_json, '$.hostKeys') = 0;
UPDATE report SET json = changed_json, reported_at = changed_at, changed_json = NULL, changed_at = NULL,
  host_keys = (SELECT json_group_array(value) FROM (SELECT value FROM json_each(changed_json, '$.hostKeys') ORDER BY value))
  WHERE host_keys = '[]' AND changed_json IS NOT NULL;
DELETE FROM report WHERE host_keys = '[]';
ALTER TABLE join_token ADD COLUMN names TEXT;
ALTER TABLE seed ADD COLUMN gone_at INTEGER;
ALTER TABLE seed ADD COLUMN forgotten_at INTEGER;
UPDATE seed SET addresses = canonical_addresses(addresses) WHERE addresses <> '[]';
CREATE INDEX seed_by_instance ON seed (instance_id) WHERE instance_id IS NOT NULL`;

/** Version 5: which account told a droplet's instance id and addresses; null: told before, by the account that committed the seed. */
const VERSION_5 = "ALTER TABLE seed ADD COLUMN told_by TEXT";

/** Version 6: machines that joined are of a stack, too, the one of their token. */
const VERSION_6 = `
ALTER TABLE join_token ADD COLUMN stack TEXT NOT NULL DEFAULT 'local/join/default';
UPDATE seed SET stack = 'local/join/default' WHERE joined = 1 AND stack = ''`;

/** Version 7: which statement a VM held at its last packet, and so which addresses of the host it knows. */
const VERSION_7 = "ALTER TABLE enrolment ADD COLUMN statement_serial INTEGER";

/** Version 8: hashes of a client's earlier tokens, and how long each still opens. */
const VERSION_8 = `
CREATE TABLE earlier_token (
  token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
  client_id BLOB NOT NULL REFERENCES mint_client (client_id),
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

/** What brings a database from each version to the next; the first makes a new one. */
export const MIGRATIONS: readonly string[] = [
  VERSION_1,
  VERSION_2,
  VERSION_3,
  VERSION_4,
  VERSION_5,
  VERSION_6,
  VERSION_7,
  VERSION_8,
];
