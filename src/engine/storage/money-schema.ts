/** What a router was shown of payments (spending/proofs.ts). */
export const PROOFS_MIGRATION = `
  CREATE TABLE proofs (
    hash TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    node TEXT NOT NULL,
    client TEXT NOT NULL,
    msat INTEGER NOT NULL CHECK (msat > 0),
    used INTEGER NOT NULL CHECK (used IN (0, 1)),
    until INTEGER NOT NULL
  ) STRICT;
`

/** The tables of money in ledger.db, as a migration: never changed once it was released. Amounts are msat. */
export const MONEY_MIGRATION = `
  CREATE TABLE tabs (
    node TEXT NOT NULL,
    key TEXT NOT NULL,
    paid INTEGER NOT NULL CHECK (paid >= 0),
    used INTEGER NOT NULL CHECK (used >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    credit INTEGER NOT NULL CHECK (credit >= 0),
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    due INTEGER,
    defaulted INTEGER NOT NULL CHECK (defaulted IN (0, 1)),
    at INTEGER NOT NULL,
    PRIMARY KEY (node, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE draws (
    id TEXT PRIMARY KEY,
    node TEXT NOT NULL,
    key TEXT NOT NULL,
    job TEXT NOT NULL,
    ticket TEXT NOT NULL,
    ceiling INTEGER NOT NULL CHECK (ceiling >= 0),
    timing TEXT NOT NULL,
    reserved INTEGER NOT NULL CHECK (reserved BETWEEN 0 AND ceiling),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'released')),
    cost INTEGER NOT NULL CHECK (cost BETWEEN 0 AND reserved),
    receipt TEXT,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX draw_once ON draws (node, job, ticket);
  CREATE INDEX draws_open ON draws (node) WHERE state = 'reserved';
  CREATE TABLE statements (
    id TEXT PRIMARY KEY,
    node TEXT NOT NULL,
    key TEXT NOT NULL,
    n INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    used INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    receipt TEXT NOT NULL,
    cost INTEGER NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX statements_of_tab ON statements (node, key, n);
  CREATE TABLE invoices (
    hash TEXT PRIMARY KEY,
    payee TEXT NOT NULL,
    payer TEXT NOT NULL,
    ref TEXT NOT NULL,
    seq INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    msat INTEGER NOT NULL CHECK (msat > 0),
    terms TEXT NOT NULL,
    bolt11 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('issued', 'accepted', 'settled', 'canceled')),
    received INTEGER,
    preimage TEXT,
    closing TEXT CHECK (closing IN ('settle', 'cancel')),
    expires_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    CHECK ((state = 'settled') = (received IS NOT NULL))
  ) STRICT;
  CREATE INDEX invoices_open ON invoices (payee, at) WHERE state <> 'settled';
  CREATE TABLE payments (
    hash TEXT PRIMARY KEY,
    bolt11 TEXT NOT NULL,
    terms TEXT NOT NULL,
    payee TEXT,
    ref TEXT NOT NULL,
    seq INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    msat INTEGER NOT NULL CHECK (msat > 0),
    max_fee INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intent', 'inflight', 'unknown', 'settled', 'failed')),
    fee INTEGER,
    preimage TEXT,
    reason TEXT,
    late INTEGER NOT NULL CHECK (late IN (0, 1)),
    final INTEGER NOT NULL CHECK (final IN (0, 1)),
    at INTEGER NOT NULL,
    done_at INTEGER
  ) STRICT;
  CREATE INDEX payments_open ON payments (at) WHERE final = 0;
  CREATE INDEX payments_by_time ON payments (at);
  CREATE TABLE views (
    payee TEXT NOT NULL,
    ref TEXT NOT NULL,
    paid INTEGER NOT NULL CHECK (paid >= 0),
    used INTEGER NOT NULL CHECK (used >= 0),
    disputed INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    paid_at INTEGER,
    n INTEGER NOT NULL,
    broken INTEGER NOT NULL CHECK (broken IN (0, 1)),
    at INTEGER NOT NULL,
    PRIMARY KEY (payee, ref)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE charges (
    receipt TEXT PRIMARY KEY,
    payee TEXT NOT NULL,
    ref TEXT NOT NULL,
    job TEXT NOT NULL,
    cost INTEGER NOT NULL CHECK (cost >= 0),
    disputed INTEGER NOT NULL CHECK (disputed IN (0, 1)),
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX charges_of_tab ON charges (payee, ref, at);
  CREATE TABLE spending (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL
  ) STRICT;
  INSERT INTO spending VALUES (1, 0);
`
